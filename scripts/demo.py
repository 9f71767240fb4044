"""`make demo`: index a repository, change a scratch copy of it, and show similar edits from its own past.

    python scripts/demo.py [REPO]

REPO (a work tree, a bare repository or a git directory) gets an index in its git directory and is otherwise left alone:
the change is made in a clone in a temporary folder, which gets a copy of the index and is removed in the end.
The change is the most precedented of a few plain ones: a parameter more, or a type for a parameter, on a function of
the files that changed last.
"""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from codewm_lsp.cli.hits import printable
from codewm_lsp.engine.similar import SimilarEdits
from codewm_lsp.engine.store import index_folder
from codewm_model.edit import edit_between, split_lines
from codewm_model.errors import CodewmError
from codewm_model.git import Repository
from codewm_model.history import list_commits, local_revisions

FILES, FUNCTIONS = 6, 8  # how far the search for a change goes
SIGNATURE = re.compile(r"^\s*(async )?def (?P<name>\w+)\((?P<parameters>[^()]*)\)(?P<returns> -> [^:]+)?:\s*$")
BARE = re.compile(r"(?!self$|cls$)[a-z]\w*")  # a parameter with neither type nor default
PROGRAM = [sys.executable, "-m", "codewm_lsp"]


@dataclass(frozen=True)
class Change:
    """A line of a file and what it becomes."""

    path: str
    number: int  # 0-based
    line: str
    what: str


def main() -> int:
    """The whole demo; the exit code."""
    given = Path(sys.argv[1] if len(sys.argv) > 1 else ".").expanduser()
    try:
        repository = Repository.open(given)
    except CodewmError as error:
        print(f"demo: {error}", file=sys.stderr)
        return error.exit_code
    code = run(*PROGRAM, "index", str(given))
    if code != 0:
        return code
    newest = list_commits(repository, local_revisions(repository), "--max-count=1")
    if not newest:
        print("Without history there are no past edits to show.")
        return 0
    print(f"The index lies in {index_folder(repository)}; remove that folder to be rid of it.")
    with tempfile.TemporaryDirectory(prefix="codewm-demo-") as folder:
        scratch = Path(folder) / "scratch"
        cloned = clone(repository, scratch)
        change = best_change(repository, scratch) if cloned else None
        if change is None:
            print(
                "\nNo plain change to a Python function here has a precedent; the newest commit serves instead.",
                flush=True,
            )
            return search(*PROGRAM, "similar", str(given), "--commit", newest[0], "-k", "3")
        print(f"\nIn a scratch copy, {printable(change.path)} line {change.number + 1} gets {change.what}:", flush=True)
        apply(change, scratch)
        run("git", "-C", str(scratch), "--no-pager", "diff", "--no-ext-diff", "--unified=1", shown="git diff")
        print()
        return search(*PROGRAM, "similar", str(scratch), "-k", "3", shown="codewm-lsp similar -k 3")


def run(*command: str, shown: str = "") -> int:
    """Show a command, run it, and give its exit code."""
    print("$ " + (shown or shlex.join(["codewm-lsp", *command[len(PROGRAM) :]])), flush=True)
    return subprocess.run(command, check=False).returncode


def search(*command: str, shown: str = "") -> int:
    """The same for a search, where finding nothing is a result and no failure."""
    code = run(*command, shown=shown)
    if code == 1:
        print("This history has nothing like it; a longer one will.")
    return 0 if code == 1 else code


def clone(repository: Repository, scratch: Path) -> bool:
    """Make the scratch copy, index included, without writing to the original; whether that worked."""
    command = ["git", "clone", "--quiet", "--shared", "--no-tags", str(repository.git_dir), str(scratch)]
    environment = os.environ | {"GIT_LFS_SKIP_SMUDGE": "1", "GIT_TERMINAL_PROMPT": "0"}
    if subprocess.run(command, check=False, env=environment).returncode != 0:
        return False
    shutil.copytree(index_folder(repository), index_folder(Repository.open(scratch)))
    return True


def best_change(repository: Repository, scratch: Path) -> Change | None:
    """The possible change that the repository's past has the best precedent for, None if it has none."""
    index = SimilarEdits.open(repository)
    best: tuple[float, Change] | None = None
    for change in possible_changes(scratch):
        before = (scratch / change.path).read_text(encoding="utf-8")
        lines = list(split_lines(before))
        lines[change.number] = change.line
        (hits,) = index.query([edit_between(before, "\n".join(lines) + "\n", change.path)], 3)
        score = sum(hit.score + 0.2 * ("same shape" in hit.reasons) for hit in hits)
        if score > (best[0] if best else 0):
            best = score, change
    index.close()
    return best[1] if best else None


def possible_changes(scratch: Path) -> Iterator[Change]:
    """Small changes to functions of the Python files that changed last."""
    for path in recent_python_files(scratch)[:FILES]:
        try:
            text = (scratch / path).read_text(encoding="utf-8")
            nodes = list(ast.walk(ast.parse(text)))
        except (OSError, SyntaxError, ValueError):
            continue
        lines = split_lines(text)
        starts = sorted(node.lineno - 1 for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
        functions = [(i, lines[i], found) for i in starts if (found := SIGNATURE.match(lines[i]))]
        for number, line, found in functions[:FUNCTIONS]:
            if "**" not in found["parameters"]:
                parameter = "timeout: float | None = None" if found["returns"] else "timeout=None"
                more = ", ".join(filter(None, (found["parameters"].rstrip(", "), parameter)))
                yield Change(path, number, with_parameters(line, found, more), "a parameter more")
            if bare := next(filter(None, map(BARE.fullmatch, found["parameters"].split(", "))), None):
                typed = found["parameters"].replace(bare[0], bare[0] + ": str", 1)
                yield Change(path, number, with_parameters(line, found, typed), "a type for a parameter")


def with_parameters(line: str, found: re.Match[str], parameters: str) -> str:
    """The signature with other parameters."""
    return line[: found.start("parameters")] + parameters + line[found.end("parameters") :]


def recent_python_files(scratch: Path) -> list[str]:
    """Python files of the last 200 commits that are still there, the last changed first, tests after the rest."""
    git = ["git", "-C", str(scratch), "-c", "core.quotePath=false"]
    command = [*git, "log", "-n200", "--format=", "--name-only", "--", "*.py"]
    names = subprocess.run(command, check=False, capture_output=True).stdout.decode(errors="replace").splitlines()
    there = [name for name in dict.fromkeys(names) if (scratch / name).is_file() and not (scratch / name).is_symlink()]
    return sorted(there, key=lambda name: "test" in name)


def apply(change: Change, scratch: Path) -> None:
    """Write the change, all other bytes as they were."""
    file = scratch / change.path
    lines = file.read_bytes().splitlines(keepends=True)
    ending = b"\r\n" if lines[change.number].endswith(b"\r\n") else b"\n"
    lines[change.number] = change.line.rstrip("\r\n").encode() + ending
    file.write_bytes(b"".join(lines))


if __name__ == "__main__":
    sys.exit(main())
