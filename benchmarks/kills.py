"""What is left of an index whose making was killed, at moments spread evenly over the time that it takes.

    python benchmarks/kills.py REPO [--kills N] [--commits N] [--json]

The newest commits of a bare clone of REPO are indexed without an interruption, and that time is divided. Then, for
each moment, an index is begun anew and its process killed with SIGKILL, and nobody tells its workers. (The time is
taken again from every run that happens to go from nothing to the end, for the machine may have other work.) What
is stored must be whole commits, the newest first. One run to the end follows at once, past whatever the killed one
has left: every row must equal the uninterrupted run's in all columns, the graph must hold every edit and find it, no
process may be left over, and nothing may hold the lock. The unit is kills; the exit code is 1 if one broke something,
or if fewer than nine in ten hit a live process. Linux only, for processes are found by their environment.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from codewm_lsp.engine.indexing import discard
from codewm_lsp.engine.store import DATABASE, Store
from codewm_lsp.engine.vectors import VectorIndex
from codewm_model.errors import CodewmError
from codewm_model.git import git_program

MARK = "CODEWM_KILLS"  # in the environment of an indexer and of all that it starts
SECONDS_TO_END = 20.0  # that workers of a killed indexer may take
LIVE_SHARE = 0.9
MISSED = "ended before"
ASKED = 200  # edits that the graph must find, of all
NEAREST = 10  # edits with one key are equally near: a copy of a commit has the same

Row = tuple[object, ...]
Commits = dict[str, list[Row]]
"""The rows of each commit, in all columns but the numbers that are given anew; oldest number first."""


@dataclass(frozen=True)
class Kill:
    """What one kill met, and what it broke: [] if nothing.

    `whole` is how many seconds a run from nothing to the end took meanwhile, 0 if there was none; `seconds_to_end` how
    long after the kill the workers lived.
    """

    phase: str
    whole: float
    seconds_to_end: float
    broken: list[str]


def main() -> int:
    """Read the options, kill, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--kills", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("--commits", type=int, default=400, help="how many are indexed, 0 for all (default: 400)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone.git"
        done = subprocess.run([git_program(), "clone", "--quiet", "--bare", str(options.repo), str(clone)])
        if done.returncode != 0:
            return 2
        try:
            result = measure(clone, options.kills, options.commits)
        except CodewmError as error:
            print(f"kills: {error}", file=sys.stderr)
            return error.exit_code
    print(json.dumps(result)) if options.json else show(result)
    return 0 if result["broken"] == {} and result["live"] >= LIVE_SHARE * result["n"] else 1


def measure(clone: Path, count: int, commits: int) -> dict[str, Any]:
    """Index once, and twice for each kill, and compare."""
    folder = clone / "codewm"
    seconds = uninterrupted(clone, commits)
    wanted = stored(folder)
    kills: list[Kill] = []
    divided = seconds
    for i in range(count):
        kills.append(kill(clone, commits, (i + 0.5) / count * divided, wanted))
        divided = kills[-1].whole or divided
    broken = Counter(what for each in kills for what in each.broken)
    live = [each for each in kills if each.phase != MISSED]
    return {
        "name": "kills that lost nothing",
        "n": count,
        "ours": sum(not each.broken for each in kills),
        "peers": {},
        "ratio": None,
        "live": len(live),
        "phases": dict(Counter(each.phase for each in kills)),
        "broken": dict(broken),
        "seconds": round(seconds, 2),
        "commits": len(wanted),
        "rows": sum(map(len, wanted.values())),
        "longest_until_workers_ended": round(max((each.seconds_to_end for each in live), default=0.0), 2),
    }


def start(clone: Path, commits: int, mark: str) -> subprocess.Popen[bytes]:
    """An indexer."""
    command = [sys.executable, "-m", "codewm_lsp", "index", "--quiet", "--jobs", "2", str(clone)]
    if commits:
        command += ["--max-commits", str(commits)]
    return subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, MARK: mark}
    )


def uninterrupted(clone: Path, commits: int) -> float:
    """Index from nothing; the seconds that it took."""
    discard(clone / "codewm")
    began = time.perf_counter()
    if start(clone, commits, "").wait() != 0:
        raise CodewmError("an indexer failed that nobody had interrupted")
    return time.perf_counter() - began


def kill(clone: Path, commits: int, moment: float, wanted: Commits) -> Kill:
    """Begin from nothing, kill after so many seconds, look, run to the end, and look again."""
    folder, mark = clone / "codewm", uuid.uuid4().hex
    discard(folder)
    process, began, phase = start(clone, commits, mark), time.perf_counter(), ""
    try:
        process.wait(moment)
        phase = MISSED
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    killed = time.perf_counter()
    found = stored(folder)
    broken = ["what was stored is no part of the whole"] if not is_beginning(found, wanted) else []
    phase = phase or ("nothing stored" if not found else "while storing" if len(found) < len(wanted) else "all stored")
    finisher = start(clone, commits, mark + "-second")
    while is_any_left(mark) and time.perf_counter() - killed < SECONDS_TO_END:
        time.sleep(0.02)
    took = time.perf_counter() - killed
    if is_any_left(mark):
        broken.append("a process is left over")
    code = finisher.wait()
    whole = killed - began if phase == MISSED else time.perf_counter() - killed if not found else 0.0
    if code != 0:
        broken.append(f"the next run ended with {code}")
    if stored(folder) != wanted:
        broken.append("rows differ")
    if (folder / "writer.pid").exists():
        broken.append("the lock's note is left over")
    if not broken and not is_graph_whole(folder):
        broken.append("the graph lacks edits")
    return Kill(phase, whole, took, broken)


def stored(folder: Path) -> Commits:
    """What an index holds, commits in the order in which they were stored; {} while there is none."""
    path = folder / DATABASE
    if not path.exists():
        return {}
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=30)) as db:
        try:
            columns = [row[1] for row in db.execute("PRAGMA table_info(edits)")]
            kept = ", ".join(f"edits.{name}" for name in columns if name not in ("id", "commit_id", "path_id"))
            found: Commits = {
                row[0]: [row]
                for row in db.execute("SELECT hash, author, email, time, subject FROM commits ORDER BY id")
            }
            for ident, *rest in db.execute(
                f"SELECT hash, path, {kept} FROM edits JOIN commits ON commits.id = commit_id"
                " JOIN paths ON paths.id = path_id ORDER BY edits.id"
            ):
                found[ident].append(tuple(rest))
            for ident, *rest in db.execute(
                "SELECT hash, reason, count FROM skipped JOIN commits ON commits.id = commit_id ORDER BY 1, 2"
            ):
                found[ident].append(tuple(rest))
        except sqlite3.OperationalError:  # killed before it had made its tables
            return {}
    return found


def is_beginning(found: Commits, wanted: Commits) -> bool:
    """Whether whole commits are stored, and those that are stored first."""
    return list(found.items()) == list(wanted.items())[: len(found)]


def is_graph_whole(folder: Path) -> bool:
    """Whether the graph's file is sound, and with the rows behind it knows every edit and finds it."""
    with closing(Store(folder)) as store:
        ids = store.edit_ids()
        vectors = VectorIndex.load(store)
        loaded = len(vectors)
        vectors.catch_up(store)
        if not loaded or len(vectors) != len(ids):
            return False
        return all(
            max(vectors.nearest(key, NEAREST).values(), default=0.0) > 0.999
            for key in keys(store)
            if np.linalg.norm(key) > 0.5
        )


def keys(store: Store) -> Iterator[Any]:
    """Keys of edits from all over the index."""
    from codewm_lsp.engine.encoder import edit_keys

    rows = list(store.sketches_after(0))
    for _, sketch, learned in rows[:: max(1, len(rows) // ASKED)]:
        yield edit_keys(store.bundle, [sketch], [learned])[0]


def is_any_left(mark: str) -> bool:
    """Whether a process with the mark runs; one that has ended and is not buried yet has no environment."""
    wanted = f"{MARK}={mark}\0".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if wanted in path.read_bytes():
                return True
        except OSError:
            pass  # somebody else's, or gone
    return False


def show(result: Mapping[str, Any]) -> None:
    """The figures as a table."""
    title = f"{result['commits']} commits, {result['rows']} rows, {result['seconds']} s without interruption"
    table = Table("", "kills", title=title)
    table.add_row("made", str(result["n"]))
    table.add_row("hit a live process", str(result["live"]))
    for phase, number in result["phases"].items():
        table.add_row(f"  {phase}", str(number))
    table.add_row("lost nothing", str(result["ours"]))
    for what, number in result["broken"].items():
        table.add_row(f"  {what}", str(number))
    table.add_row("longest until all workers had ended, s", str(result["longest_until_workers_ended"]))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
