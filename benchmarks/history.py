"""Reading and splitting history: ours beside one `git show` for each side of each changed file.

    python benchmarks/history.py REPO [--commits N] [--json]

Both ways turn the same commits into hunks, in this run, one after the other, with nothing encoded. The other way
starts git twice for each changed file and compares the two texts with difflib; it is told the changed files by one
`git log` that is not counted. The unit is changed files per second, `ratio` ours by the other's; what its two parts
take is in `seconds`.
"""

from __future__ import annotations

import argparse
import difflib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from codewm_model.git import Repository
from codewm_model.history import list_commits, local_revisions, read_history
from codewm_model.patch import JOIN_BELOW

PEER = "git show for each side, difflib"
ChangedFile = tuple[str, str]  # commit, path


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--commits", type=int, default=500, help="how many, newest first (default: 500)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    repository = Repository.open(options.repo)
    commits = list_commits(repository, local_revisions(repository), f"--max-count={options.commits}")
    files = changed_files(repository, commits)
    if not files:
        parser.error(f"{options.repo} has no commits that change a file")
    result = measure(repository, commits, files)
    print(json.dumps(result)) if options.json else show(result)


def measure(repository: Repository, commits: list[str], files: list[ChangedFile]) -> dict[str, Any]:
    """Both ways over the same commits."""
    start = time.perf_counter()
    edits = sum(len(commit.edits) for commit in read_history(repository, commits))
    our_seconds = time.perf_counter() - start
    start = time.perf_counter()
    sides = [
        (show_side(repository, f"{commit}^:{path}"), show_side(repository, f"{commit}:{path}"))
        for commit, path in files
    ]
    show_seconds = time.perf_counter() - start
    start = time.perf_counter()
    hunks = sum(count_hunks(*side) for side in sides)
    hunk_seconds = time.perf_counter() - start
    ours, peer = len(files) / our_seconds, len(files) / (show_seconds + hunk_seconds)
    return {
        "name": "history",
        "n": len(files),
        "unit": "changed files per second",
        "ours": round(ours, 1),
        "peers": {PEER: round(peer, 1)},
        "ratio": round(ours / peer, 1),
        "commits": len(commits),
        "edits": {"ours": edits, PEER: hunks},
        "seconds": {
            "ours": round(our_seconds, 2),
            "git show": round(show_seconds, 2),
            "difflib": round(hunk_seconds, 2),
        },
    }


def changed_files(repository: Repository, commits: list[str]) -> list[ChangedFile]:
    """Every file that each commit changes."""
    arguments = ("log", "--no-walk=unsorted", "--stdin", "--name-only", "-z", "--no-renames", "--format=%x01%H")
    output = repository.run(*arguments, stdin="\n".join(commits).encode() + b"\n").decode(errors="surrogateescape")
    files: list[ChangedFile] = []
    for record in output.split("\x01")[1:]:
        commit, _, names = record.partition("\0")
        files += ((commit, name) for name in names.strip("\0\n").split("\0") if name)
    return files


def show_side(repository: Repository, name: str) -> bytes:
    """One side of a change through a process of its own; nothing for a side that is not there."""
    command = ["git", f"--git-dir={repository.git_dir}", "show", name]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


def count_hunks(before: bytes, after: bytes) -> int:
    """Hunks between two texts, near ones joined as in an edit; none in a binary file."""
    if b"\0" in before or b"\0" in after:
        return 0
    matcher = difflib.SequenceMatcher(None, before.split(b"\n"), after.split(b"\n"))
    count, last = 0, -JOIN_BELOW
    for tag, first, end, _, _ in matcher.get_opcodes():
        if tag != "equal":
            count += first - last >= JOIN_BELOW or count == 0
            last = end
    return count


def show(result: dict[str, Any]) -> None:
    """One table."""
    seconds = result["seconds"]
    table = Table(title=f"Reading and splitting history: {result['commits']} commits, {result['n']} changed files")
    for heading in ("", "changed files/s", "seconds"):
        table.add_column(heading, justify="right" if heading else "left")
    table.add_row("codewm_model.history", f"{result['ours']}", f"{seconds['ours']}", style="bold")
    for name, value in result["peers"].items():
        table.add_row(name, f"{value}", f"{seconds['git show']} + {seconds['difflib']}")
    console = Console()
    console.print(table)
    console.print(f"{result['ratio']} times as fast")


if __name__ == "__main__":
    main()
