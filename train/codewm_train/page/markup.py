"""HTML that is escaped by construction: a plain string is text, and only what `tag` made is markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Html(str):
    """Markup. Everything else that is put into a page is escaped on the way."""

    __slots__ = ()


def tag(name: str, *children: object, **attributes: object) -> Html:
    """`<name attributes>children</name>`; `class_` is the attribute class, None and False leave an attribute out."""
    values = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    told = "".join(
        f' {key}="{escape(str(value), quote=True)}"'
        for key, value in values.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{told}>{joined(children)}</{name}>")


def joined(children: Iterable[object]) -> Html:
    """Children one after the other, what is no markup escaped."""
    return Html("".join(child if isinstance(child, Html) else escape(str(child), quote=True) for child in children))


def table(columns: Sequence[object], rows: Iterable[Sequence[object]], caption: object = "") -> Html:
    """A table whose first column names its rows, under its caption; it scrolls by itself where the screen is narrow."""
    head = tag("tr", *(tag("th", column, scope="col") for column in columns))
    body = [tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows]
    told = [tag("p", caption, class_="caption")] if caption else []
    grid = tag("table", tag("thead", head), tag("tbody", *body), aria_label=caption or None)
    return tag("div", *told, tag("div", grid, class_="wide", tabindex="0"), class_="table")


def share(value: float, most: float, text: str) -> Html:
    """A number with a bar under it, as long as its share of `most`."""
    width = 0 if most <= 0 else max(0.0, min(1.0, value / most))
    return tag("span", text, class_="share", style=f"--share:{width:.3f}")
