"""Which clone on this disk is which repository of the protocol."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from codewm_model.errors import HistoryError
from codewm_model.git import Repository


class ProtocolError(HistoryError):
    """The clones at hand cannot give the frozen edits; the message names what is missing or differs."""


def match_clones(names: Iterable[str], clones: Sequence[Path]) -> dict[str, Repository]:
    """The clone of each repository "owner/name", told by its folder: `.../OWNER+NAME/repo`, `.../NAME`, `.../NAME.git`.

    Raises:
        ProtocolError: a repository has no clone among these, or more than one.
    """
    found: dict[str, Repository] = {}
    for name in names:
        own = [path for path in clones if clone_name(path) in (name, name.rpartition("/")[2])]
        if len(own) != 1:
            given = ", ".join(map(str, clones)) or "none"
            problem = "there is no clone" if not own else "there are several clones"
            raise ProtocolError(
                f"{problem} of {name} among those given ({given}): "
                f"name one folder {name.replace('/', '+')} or {name.rpartition('/')[2]}"
            )
        found[name] = Repository.open(own[0])
    return found


def folders_of(clones: Path) -> list[Path]:
    """The clones in a folder: its children, or a child's `repo`."""
    if not clones.is_dir():
        raise ProtocolError(f"{clones} is no folder of clones")
    return [path / "repo" if (path / "repo").is_dir() else path for path in sorted(clones.iterdir()) if path.is_dir()]


def clone_name(path: Path) -> str:
    """`pallets/flask` for `.../pallets+flask/repo`; `flask` for `.../flask`, `.../flask/.git` and `.../flask.git`."""
    folder = next(part for part in reversed(path.resolve().parts) if part not in ("repo", ".git"))
    return folder.removesuffix(".git").replace("+", "/", 1)


def require_commits(clones: Mapping[str, Repository], first_commits: Mapping[str, str]) -> None:
    """Raise ProtocolError unless each repository's clone has the commit given for it: a cheap first look."""
    for name, commit in first_commits.items():
        if clones[name].succeeds("cat-file", "-e", f"{commit}^{{commit}}") is None:
            raise ProtocolError(missing(name, "commit", [commit], clones[name]))


def missing(name: str, kind: str, objects: Sequence[str], clone: Repository) -> str:
    """What to tell a person whose clone lacks objects."""
    return (
        f"the clone of {name} in {clone.git_dir} lacks {len(objects)} {kind}(s) that the protocol names, the first "
        f"{objects[0]}: is it another repository, a shallow clone or a partial one? "
        f"`git clone https://github.com/{name}` makes a whole one"
    )
