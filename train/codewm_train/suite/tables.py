"""The claims' rows, for a terminal and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

_COLUMNS = ("", "claim", "paper", "ours", "holds?", "N", "seeds", "steps")


def table_of(found: Mapping[str, Any]) -> Table:
    """For a terminal."""
    table = Table(title="The papers' claims", caption=_about(found), show_lines=True)
    for column in _COLUMNS:
        table.add_column(column, justify="right" if column in ("", "N", "seeds", "steps") else "left", overflow="fold")
    for row in found["rows"]:
        table.add_row(*_cells(row))
    return table


def markdown(found: Mapping[str, Any]) -> str:
    """The same as a page."""
    lines = ["# The papers' claims", "", _about(found), ""]
    lines += [_line(_COLUMNS), _line(["---"] * len(_COLUMNS))]
    lines += [_line(_cells(row)) for row in found["rows"]]
    return "\n".join(lines)


def _about(found: Mapping[str, Any]) -> str:
    budget, data = found["budget"], found["data"]
    return (
        f"Budget {budget['name']}: {budget['about']}. {budget['done']} of {budget['trainings']} trainings done, "
        f"{budget['minutes']:.0f} minutes of training on {budget['device']}, {budget['threads']} thread(s); "
        f"{budget['positions']} positions, {data['edits']} edits to learn from, "
        f"judged on {', '.join(data['validation'])}."
    )


def _cells(row: Mapping[str, Any]) -> list[str]:
    verdict = f"{row['verdict']}: {row['why']}" if row["why"] else row["verdict"]
    return [str(row[name]) for name in ("number", "claim", "paper")] + [
        row["ours"] or "-", verdict, str(row["n"]), row["seeds"], row["steps"]
    ]  # fmt: skip


def _line(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"
