"""What a bug report needs to know of an installation and of one index, and what is wrong with them.

Nothing of a repository's code, of its people or of the environment is in an examination; the user's home reads `~`.
"""

from __future__ import annotations

import json
import os
import platform
import shlex
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codewm_lsp import __version__
from codewm_lsp.engine.default_bundle import SHIPPED, VARIABLE, default_bundle
from codewm_lsp.engine.store import Store, index_folder
from codewm_lsp.engine.watch import watched
from codewm_model.errors import (
    BundleError,
    CodewmError,
    DependencyError,
    GitMissingError,
    HistoryError,
    IndexMissingError,
    IndexStoreError,
    IndexVersionError,
    NotARepositoryError,
)
from codewm_model.git import Repository, git_program

if TYPE_CHECKING:
    from codewm_model.bundle import Bundle

PACKAGES = (
    "click", "hnswlib", "lsprotocol", "numpy", "onnxruntime", "platformdirs", "pygls", "rich", "tree-sitter",
    "tree-sitter-python",
)  # fmt: skip
UNEXPECTED = CodewmError.exit_code

# The first that fits; the command is one to copy, `{path}` the path that was asked about.
_FINDINGS: tuple[tuple[type[CodewmError], str, str], ...] = (
    (GitMissingError, "no command works without git", "apt install git"),
    (NotARepositoryError, "there is no history to search", "codewm-lsp doctor PATH-OF-A-REPOSITORY"),
    (HistoryError, "git cannot read this repository", "git -C {path} fsck"),
    (IndexMissingError, "no past edit is ever found", "codewm-lsp index {path}"),
    (IndexVersionError, "every search is refused", "codewm-lsp index {path}"),
    (IndexStoreError, "every search fails", "codewm-lsp index --rebuild {path}"),
    (DependencyError, "no search works", "pip install hnswlib onnxruntime"),
    (BundleError, "no command works: there is no model", "pip install --force-reinstall codewm-lsp"),
    (CodewmError, "something does not work", "codewm-lsp status -v {path}"),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a person notices, why, and the command that mends it. `code` is the exit code; 0 for a mere advice."""

    symptom: str
    cause: str
    remedy: str
    code: int


@dataclass
class Examination:
    """Facts by section, and problems, the most basic first."""

    path: Path
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The exit code: that of the first problem that is more than advice."""
        return next((problem.code for problem in self.problems if problem.code), 0)

    @contextmanager
    def noting(self) -> Iterator[None]:
        """A block in which an error is one more problem."""
        try:
            yield
        except CodewmError as error:
            self.problems.append(self._problem(error))
        except Exception as error:  # a doctor who dies of the disease tells nothing of it
            cause = at_home(f"{type(error).__name__}: {error}".partition("\n")[0])
            self.add("something fails that nobody thought of", cause, "codewm-lsp doctor --json {path}", UNEXPECTED)

    def add(self, symptom: str, cause: str, remedy: str, code: int = 0) -> None:
        """Note a problem that no error told of; `{path}` in the remedy becomes the path that was asked about."""
        self.problems.append(Problem(symptom, cause, remedy.format(path=_to_copy(self.path)), code))

    def check_network(self, seen: Mapping[str, Sequence[str]]) -> None:
        """Note it if a watched process used the network."""
        if seen.get("network"):
            cause = ", ".join(seen["network"])
            self.add(
                "something uses the network, which it must not", cause, "codewm-lsp doctor --json {path}", UNEXPECTED
            )

    def _problem(self, error: CodewmError) -> Problem:
        symptom, remedy = next((symptom, remedy) for kind, symptom, remedy in _FINDINGS if isinstance(error, kind))
        if isinstance(error, BundleError) and os.environ.get(VARIABLE):
            remedy = f"unset {VARIABLE}"
        return Problem(symptom, at_home(str(error)), remedy.format(path=_to_copy(self.path)), error.exit_code)


def examine(path: Path) -> Examination:
    """Look at everything; what is wrong is noted and not raised, and what depends on it is left out."""
    found = Examination(path)
    found.facts["versions"] = _versions(found)
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
            found.facts["index"] = _index(repository, found)
        if bundle is not None:
            _self_test(found, bundle, repository)
    return found


def at_home(text: str) -> str:
    """The text with the user's home folder as `~`."""
    try:
        home = str(Path.home())
    except RuntimeError:
        return text  # the system knows of none
    return text.replace(home, "~") if len(home) > 1 else text


def _to_copy(path: Path) -> str:
    """A path as an argument of a command line; a shell finds the home in a `~` that is not quoted."""
    text = at_home(str(path))
    return "~/" + shlex.quote(text[2:]) if text.startswith("~/") else shlex.quote(text)


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
        "empty": repository.head() is None,
    }


def _index(repository: Repository, found: Examination) -> dict[str, Any]:
    from codewm_lsp.engine.indexing import indexed_paths, pending_commits, reachable_commits

    folder = index_folder(repository)
    facts: dict[str, Any] = {"folder": at_home(str(folder))}
    with found.noting():
        store = Store(folder)
        try:
            commits, edits, skipped = store.counts()
            pending = len(pending_commits(store, reachable_commits(repository)))
            facts |= {"commits": commits, "edits": edits, "bytes": store.size(), "pending_commits": pending}
            facts |= {"skipped": skipped, "restricted_to_paths": len(indexed_paths(store))}
            facts["graph"] = _graph(store, edits, found)
        finally:
            store.close()
        if pending:
            cause = f"{pending} commits are not indexed yet"
            found.add("the newest edits are not found", cause, "codewm-lsp index {path}")
        if facts["edits"] == 0:
            found.add("no past edit is ever found", "the history holds no edit yet", "codewm-lsp index {path}")
    if (repository.common_dir / "shallow").is_file():
        found.add("older edits are not found", "this is a shallow clone", "git -C {path} fetch --unshallow")
    return facts


def _graph(store: Store, edits: int, found: Examination) -> dict[str, Any]:
    from codewm_lsp.engine.vectors import VectorIndex

    vectors = VectorIndex.load(store)
    whole = len(vectors) > 0 or edits == 0
    if not whole:
        cause = "the graph's file is missing or damaged, and is made anew at each start"
        found.add("every start takes long", cause, "codewm-lsp index {path}", IndexStoreError.exit_code)
    return {"whole": whole, "vectors": len(vectors), "behind": max(0, store.last_edit() - vectors.last)}


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
