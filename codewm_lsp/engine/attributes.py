"""Which files a repository calls generated: `linguist-generated` in the .gitattributes of its root, as GitHub reads it.

The file is read here and not by git, which has no question for paths of the past; and it is untrusted. A pattern is
compared with the file's name, or, if it holds a `/`, with its path from the root, where `**` stands for any folders.
The last line that matches decides. Macros, and files of this name in folders, are not read.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from codewm_model.errors import ProjectFileError

NAME = ".gitattributes"
_LARGEST = 1 << 20  # bytes
_MOST, _LONGEST = 500, 500  # lines, characters of a pattern
_LINE = re.compile(r'[ \t]*("(?:[^"\\]|\\.)*"|[^ \t\r]+)[ \t\r]+(.*)')
_SAID = {"linguist-generated": True, "linguist-generated=true": True, "-linguist-generated": False,
         "!linguist-generated": False, "linguist-generated=false": False}  # fmt: skip

Rule = tuple[str, bool]
"""A pattern, and whether the files that it matches are generated."""


def generated_rules(folder: Path) -> tuple[Rule, ...]:
    """What the file in a work tree says, in its order; () where there is none.

    Raises:
        ProjectFileError: it cannot be read, or is beyond all measure.
    """
    path = folder / NAME
    try:
        if not path.is_file():
            return ()
        if path.stat().st_size > _LARGEST:
            raise ProjectFileError(f"{path} is too large to be read")
        rules = read_rules(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, ValueError) as error:
        raise ProjectFileError(f"{path} cannot be read: {error}") from error
    if len(rules) > _MOST:
        raise ProjectFileError(f"{path} names generated files with more than {_MOST} patterns")
    return rules


def read_rules(text: str) -> tuple[Rule, ...]:
    """The rules of such a file; lines about other things, and what git would not understand, are passed over."""
    rules: list[Rule] = []
    for line in text.removeprefix("\ufeff").split("\n"):
        found = _LINE.match(line)
        if found is None or found[1].startswith(("#", "!", "[attr]")):
            continue
        said = [_SAID[word] for word in found[2].split() if word in _SAID]
        pattern = _unquoted(found[1])
        if said and 0 < len(pattern) <= _LONGEST and not pattern.endswith("/"):
            rules.append((pattern, said[-1]))
    return tuple(rules)


def generated_matcher(rules: Sequence[Rule]) -> Callable[[str], bool]:
    """Whether a path, with `/` and from the repository's root, is a generated file's."""
    made = [(_matcher(pattern), is_generated) for pattern, is_generated in reversed(rules)]
    return lambda path: next((is_generated for matches, is_generated in made if matches(path.split("/"))), False)


def _matcher(pattern: str) -> Callable[[Sequence[str]], bool]:
    """Whether a path's names match a pattern. Each of them is compared with each part once: no pattern takes long."""
    parts: list[str | None] = [None, pattern]  # None is `**`
    if "/" in pattern:
        parts = [None if re.fullmatch(r"\*\*+", part) else part for part in pattern.removeprefix("/").split("/")]
        if parts[-1] is None:
            parts.append("*")  # what ends so matches what is in a folder, and not the folder
    wanted = [None if part is None else re.compile(fnmatch.translate(_plain(part))) for part in parts]

    def matches(names: Sequence[str]) -> bool:
        reached = {0}  # parts that may come next
        for name in names:
            after = set()
            for place in _past_stars(reached, wanted):
                if place < len(wanted) and ((part := wanted[place]) is None or part.match(name)):
                    after.add(place if part is None else place + 1)
            reached = after
        return len(wanted) in reached

    return matches


def _past_stars(reached: set[int], wanted: Sequence[re.Pattern[str] | None]) -> set[int]:
    """With what comes after `**`, which may stand for no folder at all."""
    found = set(reached)
    for place in sorted(reached):
        while place < len(wanted) and wanted[place] is None:
            place += 1
            found.add(place)
    return found


def _plain(part: str) -> str:
    """A pattern for one name in fnmatch's spelling, which knows no backslash."""
    return re.sub(r"\\(.)", lambda found: f"[{found[1]}]" if found[1] in "*?[" else found[1], part)


def _unquoted(pattern: str) -> str:
    if not pattern.startswith('"') or len(pattern) < 2:
        return pattern
    return re.sub(r'\\(["\\])', r"\1", pattern[1:-1])
