"""A hit as a screenful of markdown, in which nothing a repository says can be anything but text.

Commit messages, author names, paths and code come from strangers: markup in them must not become a link,
an image or HTML in somebody's editor.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codewm_lsp.engine.index import Hit

_MOST_DIFF_LINES = 20
_LONGEST_LINE = 120
_LONGEST_TEXT = 200

# Control characters, and the ones that reorder or hide the text around them.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~!&$@^]|(?<=\bwww)\.|:(?=//)")


def inline(text: str) -> str:
    """Text as markdown that shows exactly it, on one line."""
    return _MARKUP.sub(lambda found: "\\" + found[0], plain(text))


def plain(text: str) -> str:
    """Text on one line, of bounded length, without characters that cannot be seen."""
    text = _UNPRINTABLE.sub(" ", text).strip()
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "…"


def code_span(text: str) -> str:
    """Text as a code span whose quotes are longer than any run of backticks in it."""
    text = plain(text)
    quotes = "`" * (_longest_run(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") or not text else ""
    return f"{quotes}{pad}{text}{pad}{quotes}"


def diff_block(diff: str) -> str:
    """The hunks of a diff as a fenced block, cut to what fits on a screen."""
    lines = [_cut(line) for line in _hunks(diff)]
    if len(lines) > _MOST_DIFF_LINES:
        lines = [*lines[:_MOST_DIFF_LINES], f"… {len(lines) - _MOST_DIFF_LINES} more lines"]
    fence = "`" * max(3, max(map(_longest_run, lines), default=0) + 1)
    return "\n".join([f"{fence}diff", *lines, fence])


def hover_markdown(hit: Hit, diff: str) -> str:
    """Who made the most similar edit, when, why and how."""
    first, last = hit.lines
    where = f"{hit.path}:{first}" + (f"-{last}" if last != first else "")
    parts = [
        f"**{inline(hit.subject) or 'Similar past edit'}**",
        f"{code_span(hit.commit[:10])} {inline(hit.author)}, {_day(hit.time)}, {code_span(where)}",
        " · ".join([f"similarity {hit.similarity:.2f}", *map(inline, (hit.action, *hit.reasons))]),
    ]
    if diff:
        parts.append(diff_block(diff))
    return "\n\n".join(parts)


def hover_plain(hit: Hit, diff: str) -> str:
    """The same for clients that show no markdown."""
    first, _ = hit.lines
    head = [
        plain(hit.subject),
        f"{hit.commit[:10]} {plain(hit.author)}, {_day(hit.time)}, {plain(hit.path)}:{first}",
        " · ".join([f"similarity {hit.similarity:.2f}", *map(plain, (hit.action, *hit.reasons))]),
    ]
    return "\n".join([*head, *map(_cut, _hunks(diff)[:_MOST_DIFF_LINES])])


def _hunks(diff: str) -> list[str]:
    """The diff's lines from its first hunk on; the header only repeats the path."""
    lines = re.split("\r\n|\n|\r", diff.rstrip("\r\n"))
    start = next((i for i, line in enumerate(lines) if line.startswith("@@")), 0)
    return lines[start:] if diff else []


def _cut(line: str) -> str:
    line = _UNPRINTABLE.sub(lambda found: "\t" if found[0] == "\t" else "�", line)
    return line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _day(time: int) -> str:
    try:
        return datetime.fromtimestamp(time, UTC).date().isoformat()
    except (OverflowError, OSError, ValueError):
        return "unknown date"
