"""The list of repositories to learn from, and the names that are never on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from codewm_model.errors import CodewmError
from codewm_train.ids import SPLITS


@dataclass(frozen=True)
class MinedRepository:
    """One line of the list: `owner/name`, its licence and the commit whose history is read."""

    name: str
    licence: str
    revision: str

    @property
    def file_stem(self) -> str:
        """`owner+name`: how its files' names begin."""
        return self.name.replace("/", "+")


def read_list(path: Path) -> list[MinedRepository]:
    """The repositories of a list: a line each, owner/name, licence and commit, separated by tabs.

    Raises:
        CodewmError: it cannot be read or names nothing, a line is malformed, or names a held-out repository.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CodewmError(f"{path} cannot be read ({error})") from error
    listed = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 3 or "/" not in fields[0]:
            raise CodewmError(f"{path}, line {number}: expected owner/name, licence and commit, separated by tabs")
        if fields[0].lower() in SPLITS["held-out"]:  # to GitHub case is no difference
            raise CodewmError(f"{path}, line {number}: {fields[0]} is held out for judging and is never mined")
        listed.append(MinedRepository(*fields))
    if not listed:
        raise CodewmError(f"{path} names no repository")
    return listed
