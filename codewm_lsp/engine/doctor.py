"""What a bug report needs to know of an installation and of one index, and what is wrong with them.

Nothing of a repository's code, of its people or of the environment is in an examination; the user's home reads `~`.
"""

from __future__ import annotations

import json
import platform
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codewm_lsp import __version__
from codewm_lsp.engine.default_bundle import SHIPPED, default_bundle
from codewm_lsp.engine.doctor_index import examine_index
from codewm_lsp.engine.examination import UNEXPECTED, Examination, at_home
from codewm_lsp.engine.store import index_folder
from codewm_lsp.engine.watch import watched
from codewm_model.errors import DependencyError, GitMissingError
from codewm_model.git import Repository, git_program

if TYPE_CHECKING:
    from codewm_model.bundle import Bundle

PACKAGES = (
    "click", "hnswlib", "lsprotocol", "numpy", "onnxruntime", "platformdirs", "pygls", "rich", "tree-sitter",
    "tree-sitter-python",
)  # fmt: skip


def examine(path: Path) -> Examination:
    """Look at everything; what is wrong is noted and not raised, and what depends on it is left out."""
    found = Examination(path.parent if path.is_file() else path)
    found.facts["versions"] = _versions(found)
    found.facts["program"] = _program()
    bundle, repository = None, None
    with found.noting():
        repository = Repository.open(path)
        found.facts["repository"] = _repository(repository)
    with found.noting():
        bundle = default_bundle()
        found.facts["model"] = _model(bundle)
    with found.noting():
        import codewm_lsp.engine.vectors  # noqa: F401  # says so if hnswlib is missing

        if repository is not None and bundle is not None:
            found.facts["index"] = examine_index(repository, found)
        if bundle is not None:
            _self_test(found, bundle, repository)
    return found


def _versions(found: Examination) -> dict[str, Any]:
    git = None
    try:
        git = subprocess.run([git_program(), "version"], capture_output=True, text=True, check=False).stdout.split()[-1]
    except GitMissingError:
        pass  # it is noted when the repository is to be opened
    packages = {}
    for name in PACKAGES:
        try:
            packages[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            cause = f"the package {name} is not installed"
            found.add("something will fail", cause, f"pip install {name}", DependencyError.exit_code)
    return {
        "codewm-lsp": __version__,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(),
        "git": git,
        "sqlite": sqlite3.sqlite_version,
    } | packages


def _program() -> dict[str, Any]:
    """Where an editor finds the server: by its name, if that is on PATH, or by the path of this one."""
    named, own = shutil.which("codewm-lsp"), shutil.which("codewm-lsp", path=Path(sys.executable).parent)
    return {
        "on_path": None if named is None else at_home(named),
        "this_one": at_home(own or f"{sys.executable} -m codewm_lsp"),
    }


def _model(bundle: Bundle) -> dict[str, Any]:
    config = bundle.config
    return {
        "name": config.name,
        "id": bundle.id,
        "parameters": config.parameters,
        "representation": config.representation,
        "key_weight": config.learned_weight.key,
        "score_weight": config.learned_weight.score,
        "folder": "shipped" if bundle.folder == SHIPPED else at_home(str(bundle.folder)),
    }


def _repository(repository: Repository) -> dict[str, Any]:
    git_dir, common = repository.git_dir, repository.common_dir
    return {
        "bare": repository.work_tree is None,
        "worktree": git_dir.resolve() != common.resolve(),
        "shallow": (common / "shallow").is_file(),
        "partial": repository.succeeds("config", "--get-regexp", r"^remote\..*\.promisor$") is not None,
        "empty": repository.head() is None,
    }


def _self_test(found: Examination, bundle: Bundle, repository: Repository | None) -> None:
    """A process of its own: a crash of a compiled library is a finding, too."""
    started = time.monotonic()
    with watched("codewm_lsp.engine.selftest", str(found.path)) as run:
        assert run.process.stdout is not None
        output = run.process.stdout.read()
    code = run.process.returncode
    if code == 0:
        result = json.loads(output.splitlines()[-1])  # a library may have said something before
        found.facts["self_test"] = {"cold_start_ms": round((result.pop("ready") - started) * 1000)} | result
        if not result["sound"]:
            cause = "the model's numbers are not what they should be"
            found.add("predictions are nonsense", cause, "pip install --force-reinstall codewm-lsp", UNEXPECTED)
    else:
        cause = at_home(run.errors.rpartition("\n")[2]) or f"the self-test ended with code {code}"
        remedy = "pip install --force-reinstall onnxruntime numpy"
        is_missing = DependencyError.__name__ in cause
        found.add("the model cannot be run", cause, remedy, DependencyError.exit_code if is_missing else UNEXPECTED)
    found.facts["touched_by_self_test"] = _touched(run.touched, bundle, repository)
    found.check_network(run.touched)


def _touched(seen: dict[str, list[str]], bundle: Bundle, repository: Repository | None) -> dict[str, Any]:
    """Files by place: those of Python and of the repository counted, all others named."""
    places: dict[str, list[Path | str]] = {"model": [bundle.folder]}
    if repository is not None:
        places |= {"index": [index_folder(repository)], "git": [repository.git_dir, repository.common_dir]}
    places["python"] = [sys.prefix, sys.base_prefix, *filter(None, sys.path)]
    if repository is not None and repository.work_tree is not None:
        places["repository"] = [repository.work_tree]
    read: dict[str, list[str]] = {name: [] for name in (*places, "elsewhere")}
    for path in seen.get("read", ()):
        read[_place(Path(path).resolve(), places)].append(at_home(path))
    counted = {name: len(read.pop(name, ())) for name in ("python", "repository")}
    written = [at_home(path) for path in seen.get("written", ())]
    return {
        "read": counted | read,
        "written": written,
        "programs": seen.get("programs", []),
        "network": seen.get("network", []),
    }


def _place(path: Path, places: Mapping[str, Sequence[Path | str]]) -> str:
    for name, folders in places.items():
        if any(path.is_relative_to(Path(folder).resolve()) for folder in folders):
            return name
    return "elsewhere"
