"""Hits on a terminal. Nothing from a repository reaches the terminal with its control characters."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from codewm_model.edit import Edit

if TYPE_CHECKING:
    from codewm_lsp.engine.index import Hit

MAX_DIFF_LINES = 16
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def render(console: Console, edit: Edit, hits: Sequence[tuple[Hit, Edit | None]]) -> None:
    """One edit at hand and its hits, each with provenance and diff."""
    console.print(Text(f"{printable(edit.path)}:{edit.lines[0]}", style="bold underline"))
    for rank, (hit, text) in enumerate(hits, 1):
        console.print(Text.assemble((f"{rank:3}. ", "bold"), heading(hit)))
        why = f"{hit.action}   score {hit.score:.2f} ({', '.join(hit.reasons)})"
        console.print(Text(f"     {place(hit)}   {why}", style="dim"))
        for line in _diff(text):
            console.print(Text("     " + line, style=_COLOURS.get(line[:1], "")))
    console.print()


def heading(hit: Hit) -> Text:
    """Which commit a hit is of, who made it and when."""
    date = datetime.datetime.fromtimestamp(hit.time, datetime.UTC).date().isoformat()
    return Text.assemble(
        (f"{hit.commit[:10]} ", "yellow"), f"{printable(hit.author)}, {date}: ", (printable(hit.subject), "bold")
    )


def place(hit: Hit) -> str:
    """The file and lines of a hit."""
    return f"{printable(hit.path)}:{hit.lines[0]}-{hit.lines[1]}"


def printable(text: str) -> str:
    """The text with control characters (terminal escapes among them) and lone surrogates replaced."""
    return "".join(c if c.isprintable() or c == "\t" else "\ufffd" for c in text)


def _diff(edit: Edit | None) -> list[str]:
    if edit is None:
        return ["(git cannot show this edit any more)"]
    from codewm_lsp.engine.similar import unified_diff  # needs hnswlib; `doctor` prints without it

    lines = [printable(line) for line in unified_diff(edit, context=1).rstrip("\n").split("\n")]
    more = len(lines) - MAX_DIFF_LINES
    return lines if more <= 1 else [*lines[:MAX_DIFF_LINES], f"... {more} more lines"]
