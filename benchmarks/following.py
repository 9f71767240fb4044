"""How soon a new commit is found through a server that runs.

    python benchmarks/following.py REPO [--commits N] [--json]

REPO must be indexed; it is only read. A clone of it with a copy of its index is opened in a server. Each of N commits
appends a function to one file, while another file, open in the editor, gets the same function typed: from the end of
`git commit` the past edits similar to it are asked for, over and over, until the new commit is the first of them. Peer:
`git log` asked for in the same way until it shows the commit, which is the floor. The unit is milliseconds, `ours` and
`peers` are the 95th percentiles.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from server import SERVERS, Client, change, wait_for_followers

from codewm_lsp.engine.store import Store, index_folder
from codewm_model.errors import CodewmError
from codewm_model.git import Repository

OURS, PEER = "ours", "git log, asked over and over"
PAUSE = 0.02  # seconds between questions
GIVE_UP = 60.0  # seconds
IDENTITY = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=false")


def main() -> int:
    """Read the options, measure, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--commits", type=int, default=20, help="how many (default: 20)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    try:
        repository = Repository.open(options.repo)
        Store(index_folder(repository)).close()
        with tempfile.TemporaryDirectory(prefix="codewm-following-") as folder:
            result = measure(repository, Path(folder).resolve() / "clone", options.commits)
    except CodewmError as error:
        print(f"following: {error}", file=sys.stderr)
        return error.exit_code
    print(json.dumps(result)) if options.json else show(result)
    return 0


def measure(repository: Repository, root: Path, count: int) -> dict[str, Any]:
    """Commit by commit."""
    subprocess.run(["git", "clone", "--quiet", "--shared", str(repository.git_dir), str(root)], check=True)
    for name in ("typed.py", "committed.py"):
        (root / name).write_text('"""One of two files."""\n')
    commit(root, "Two files")
    shutil.copytree(index_folder(repository), index_folder(Repository.open(root)))
    client = Client(SERVERS["ours"], root)
    uri = (root / "typed.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": (root / "typed.py").read_text()}
    client.tell("textDocument/didOpen", {"textDocument": item})
    client.ask("codewm/similarEdits", {"textDocument": {"uri": uri}})
    wait_for_followers(client.process.pid)
    times: dict[str, list[float]] = {OURS: [], PEER: []}
    typed = 1
    for number in range(count):
        text = f"\n\ndef followed_{number}(first_{number}):\n    return first_{number} + {number}\n"
        change(client, uri, number + 2, 1, typed, text)
        typed = 1 + text.count("\n")
        with (root / "committed.py").open("a") as file:
            file.write(text)
        made = commit(root, f"Number {number}")
        begin = time.perf_counter()
        times[PEER].append(until(lambda: newest(root), made, begin))
        times[OURS].append(until(lambda: first_hit(client, uri), made, begin))
    client.close()
    cuts = {name: statistics.quantiles(values, n=20) for name, values in times.items()}
    return {
        "name": "from a commit to its being found, p95 ms",
        "n": count,
        "ours": round(cuts[OURS][18], 1),
        "peers": {PEER: round(cuts[PEER][18], 1)},
        "ratio": round(cuts[OURS][18] / cuts[PEER][18], 2),
        "p50": {name: round(cut[9], 1) for name, cut in cuts.items()},
        "slowest": {name: round(max(values), 1) for name, values in times.items()},
    }


def until(ask: Callable[[], str | None], wanted: str, begin: float) -> float:
    """Milliseconds from `begin` to the first answer that is the wanted one."""
    while ask() != wanted:
        if time.perf_counter() - begin > GIVE_UP:
            sys.exit("following: a commit is not found")
        time.sleep(PAUSE)
    return (time.perf_counter() - begin) * 1000


def commit(root: Path, subject: str) -> str:
    """Commit everything; its id."""
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    subprocess.run(["git", *IDENTITY, "commit", "--quiet", "--no-verify", "--message", subject], cwd=root, check=True)
    return newest(root)


def newest(root: Path) -> str:
    """The commit that git says is the last."""
    return subprocess.check_output(["git", "log", "-1", "--format=%H"], cwd=root, text=True).strip()


def first_hit(client: Client, uri: str) -> str | None:
    """The commit of the first past edit that is similar to what is typed."""
    answer = client.ask("codewm/similarEdits", {"textDocument": {"uri": uri}, "k": 1})
    return next((hit["commit"] for edit in answer["edits"] for hit in edit["hits"]), None)


def show(result: dict[str, Any]) -> None:
    """One table."""
    table = Table("", "p50 ms", "p95 ms", "slowest", title=f"{result['n']} commits, each until it is found")
    for name, high in {OURS: result["ours"], **result["peers"]}.items():
        table.add_row(name, str(result["p50"][name]), str(high), str(result["slowest"][name]))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
