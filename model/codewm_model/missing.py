"""Which commits a partial or damaged clone cannot show, found without touching the objects that it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from codewm_model.errors import HistoryError
from codewm_model.git import Repository


def commits_with_missing_objects(repository: Repository, commits: Sequence[str]) -> Iterator[str]:
    """Those of `commits` whose difference from their parent needs an object that is not here."""
    listed = "\n".join(commits).encode() + b"\n"
    try:
        objects = repository.run(
            "rev-list", "--objects", "--missing=print", "--no-object-names", "--stdin", stdin=listed
        )
    except HistoryError:
        return  # even the walk fails: the caller finds the damaged commits one by one
    missing = {line[1:] for line in objects.decode().splitlines() if line.startswith("?")}
    if not missing:
        return
    roots = _root_trees(repository, listed)
    readable = []
    for commit in commits:
        tree, *parents = roots.get(commit, ("",))
        if tree in missing or any(roots.get(parent, ("",))[0] in missing for parent in parents):
            yield commit
        else:
            readable.append(commit)
    yield from _needing(repository, readable, missing)


def _root_trees(repository: Repository, listed: bytes) -> dict[str, list[str]]:
    """Commit id -> its root tree and its parents, for everything reachable."""
    lines = repository.run("log", "--stdin", "-s", "--format=tformat:%H %T %P", stdin=listed).decode().splitlines()
    return {line[: line.index(" ")]: line.split()[1:] for line in lines}


def _needing(repository: Repository, commits: list[str], missing: set[str]) -> Iterator[str]:
    """Commits whose raw diff (trees only) names a missing object, or whose subtrees are missing themselves."""
    arguments = (
        "log",
        "--no-walk=unsorted",
        "--stdin",
        "--raw",
        "--no-abbrev",
        "--no-renames",
        "--format=%x01%H",
    )
    while commits:
        seen: list[str] = []
        needing: set[str] = set()
        with repository.stream(*arguments, stdin="\n".join(commits).encode() + b"\n") as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith(b"\x01"):
                    seen.append(line[1:].strip().decode())
                elif line.startswith(b":"):
                    _, _, old, new, _ = line.decode(errors="replace").split(" ", 4)
                    if old in missing or new in missing:
                        needing.add(seen[-1])
            clean = process.wait() == 0
        yield from (commit for commit in seen if commit in needing)
        commits = commits[len(seen) :]
        if not clean and commits:  # git reads the trees before it names the commit: the next one is the culprit
            yield commits.pop(0)
        elif clean:
            return
