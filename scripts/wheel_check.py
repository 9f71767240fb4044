"""Builds the sdist, from it the wheel, and tries what a user gets: a clean environment, a generated repository.

    python scripts/wheel_check.py

Fails if a package or a data file is missing from the wheel, if torch came along, or if `index`, `similar` or `status`
does not work from it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {"codewm_lsp": ROOT, "codewm_model": ROOT / "model", "codewm_train": ROOT / "train"}
SUFFIXES = {".py", ".bin", ".onnx", ".npz", ".json", ".md", ".toml", ".tsv", ".gz"}
MODULE = "def fetch(session, name):\n    url = base + name\n    return session.get(url{extra})\n"
NAMES = ("users", "orders", "carts")


def main() -> None:
    """Build, install, try; an AssertionError or a failed command says what is wrong."""
    with tempfile.TemporaryDirectory(prefix="codewm-wheel-") as folder:
        work = Path(folder)
        wheel = build(work / "dist")
        check_contents(wheel)
        programs = install(wheel, work / "venv")
        check_no_torch(programs / "python")
        repository = work / "repository"
        generate(repository)
        try_commands([str(programs / "codewm-lsp")], repository)
    print(f"{wheel.name}: complete, and works without torch")


def build(dist: Path) -> Path:
    """Build the sdist from this checkout and the wheel from the sdist, so that both are known to be whole."""
    run([sys.executable, "-m", "build", "--outdir", str(dist), str(ROOT)])
    (wheel,) = dist.glob("*.whl")
    return wheel


def check_contents(wheel: Path) -> None:
    """Every source and data file of the packages is in the wheel, and nothing but the packages."""
    names = set(zipfile.ZipFile(wheel).namelist())
    expected = {
        file.relative_to(root).as_posix()
        for package, root in PACKAGES.items()
        for file in (root / package).rglob("*")
        if file.suffix in SUFFIXES
    }
    assert {"codewm_model/idf.bin", "codewm_lsp/assets/default/config.json"} <= expected
    assert not expected - names, f"missing from the wheel: {sorted(expected - names)}"
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == set(PACKAGES), f"unexpected in the wheel: {sorted(tops - set(PACKAGES))}"


def install(wheel: Path, environment: Path) -> Path:
    """Install the wheel with its base dependencies into a new environment; the folder of its programs."""
    venv.create(environment, with_pip=True)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    run([str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)])
    return programs


def check_no_torch(python: Path) -> None:
    """Neither installed nor imported: the server and the engine do without."""
    code = (
        "import importlib.util, sys; import codewm_lsp.server.app, codewm_lsp.engine; "
        "assert importlib.util.find_spec('torch') is None and 'torch' not in sys.modules"
    )
    run([str(python), "-I", "-c", code])


def generate(repository: Path) -> None:
    """A repository that gave one request after the other a timeout."""
    identity = ["-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.com"]
    run(["git", "init", "--quiet", str(repository)])
    for extra in ("", ", timeout=30"):
        for name in NAMES:
            (repository / f"{name}.py").write_text(MODULE.replace("name", name).format(extra=extra))
            run(["git", "-C", str(repository), "add", "--all"])
            run(["git", "-C", str(repository), *identity, "commit", "--quiet", "-m", f"Write {name}{extra}"])


def try_commands(program: list[str], repository: Path) -> None:
    """Index it, repeat the habit, and find the past ones."""
    indexed = json.loads(run([*program, "index", str(repository), "--json"]))
    assert indexed["schema"] == "codewm.index/1", indexed
    assert (indexed["commits"], indexed["edits"]) == (2 * len(NAMES), 2 * len(NAMES)), indexed
    (repository / "users.py").write_text(MODULE.replace("name", "users").format(extra=", timeout=60"))
    answer = json.loads(run([*program, "similar", str(repository), "-k", "2", "--json"]))
    assert answer["schema"] == "codewm.similar/1", answer
    (edit,) = answer["edits"]
    assert edit["path"] == "users.py", edit
    assert edit["hits"][0]["author"] == "Ada Lovelace" and "timeout" in edit["hits"][0]["subject"], edit
    shown = run([*program, "similar", str(repository)])
    assert "+    return session.get(url, timeout=30)" in shown, shown
    assert json.loads(run([*program, "status", str(repository), "--json"]))["fresh"] is True


def run(command: list[str], folder: Path | None = None, environment: dict[str, str] | None = None) -> str:
    """Standard output of a command, run in `folder` or in none of ours; what it said is shown if it fails."""
    where = folder or tempfile.gettempdir()
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=where, env=environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
