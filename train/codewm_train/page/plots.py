"""Plots as inline SVG that takes its colours from the page, so that one drawing serves light and dark alike."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from codewm_model.errors import DependencyError
from codewm_train.page.markup import Html, tag

COLOURS = 8  # of series, which the page's style names
_STYLES = ("-", "--", ":", "-.")
_INK, _GRID = "#000a01", "#000a02"  # stand for the page's colours until the drawing is done
_POINTS = 150  # a curve is drawn through at most so many, each the mean of its neighbours
_LETTERS = 24  # of a name beside a bar
_SIZE = (3.7, 2.5)  # inches: two beside each other on a desk, one on a phone, with letters that can be read


@dataclass(frozen=True)
class Line:
    """A series: its name, its points, which colour it has, and which of several of that colour it is."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: int
    style: int = 0
    marked: bool = False


@dataclass(frozen=True)
class Bar:
    """A mean with the values it is of, and what is written beside it."""

    name: str
    values: Sequence[float]
    colour: int
    note: str


def line_plot(title: str, lines: Sequence[Line], x: str, floor: float | None = None) -> Html:
    """Lines over `x`; `floor` draws a thin level line, such as chance."""
    with _figure(title) as (axes, drawn):
        for line in lines:
            xs, ys = _thinned(np.asarray(line.x, float), np.asarray(line.y, float))
            marker = "o" if line.marked or len(xs) == 1 else None
            style = _STYLES[line.style % len(_STYLES)]
            axes.plot(xs, ys, style, color=_series(line.colour), marker=marker, markersize=2.5, linewidth=1.2)
        if floor is not None:
            axes.axhline(floor, color=_INK, linewidth=0.6, linestyle=(0, (2, 3)))
        axes.set_xlabel(x)
        axes.xaxis.get_major_locator().set_params(integer=True)
    return drawn[0]


def bar_plot(title: str, bars: Sequence[Bar], percent: bool = False) -> Html:
    """Horizontal bars of means, a thin line from the least to the largest value, and a dot for each."""
    height = 0.55 + 0.3 * len(bars)
    with _figure(title, height) as (axes, drawn):
        factor = 100 if percent else 1
        numbers = [0.0, *(factor * value for bar in bars for value in bar.values)]
        least, most = min(numbers), max(numbers)
        length = max(most - least, 1e-9)
        for i, bar in enumerate(bars):
            values = [factor * value for value in bar.values]
            axes.barh(i, float(np.mean(values)), height=0.62, color=_series(bar.colour), alpha=0.45, linewidth=0)
            axes.plot([min(values), max(values)], [i, i], color=_series(bar.colour), linewidth=1)
            axes.plot(values, [i] * len(values), "o", color=_series(bar.colour), markersize=3)
            axes.text(max(0.0, *values) + 0.03 * length, i, bar.note, va="center", fontsize=7, color=_INK)
        axes.set_yticks(range(len(bars)), [_short(bar.name) for bar in bars])
        axes.invert_yaxis()
        axes.set_xlim(least - (0.05 * length if least < 0 else 0), most + 0.4 * length)
        axes.grid(axis="y", visible=False)
        if percent:
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    return drawn[0]


@contextmanager
def _figure(title: str, height: float = _SIZE[1]) -> Iterator[tuple[Any, list[Html]]]:
    """Axes to draw on, and a list that holds the drawing afterwards."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise DependencyError("the report's plots need matplotlib: pip install 'codewm-lsp[train]'") from error
    drawn: list[Html] = []
    settings: dict[Any, Any] = {
        "svg.fonttype": "none", "svg.hashsalt": title, "text.parse_math": False, "font.size": 8,
        "axes.edgecolor": _INK, "axes.labelcolor": _INK,
        "xtick.color": _INK, "ytick.color": _INK, "grid.color": _GRID, "axes.grid": True, "grid.linewidth": 0.5,
        "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6, "axes.axisbelow": True,
    }  # fmt: skip
    with matplotlib.rc_context(settings):
        figure = Figure((_SIZE[0], height), layout="constrained")
        yield figure.subplots(), drawn
        stream = io.StringIO()
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    drawn.append(tag("figure", tag("figcaption", title), _of_the_page(stream.getvalue(), title)))


def _of_the_page(svg: str, title: str) -> Html:
    """The drawing alone, as wide as its place, in the page's colours and letters."""
    size = re.search(r'viewBox="([^"]*)"', svg)
    inside = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    inside = re.sub(r"<metadata>.*?</metadata>", "", inside, flags=re.DOTALL).replace("xlink:href", "href")
    inside = inside.replace(_INK, "var(--ink)").replace(_GRID, "var(--grid)")
    inside = re.sub(r"#00b0(\d\d)", lambda found: f"var(--s{int(found[1])})", inside)
    # Names of parts that others refer to must be the drawing's own in the whole page; nobody needs the rest.
    own = sha256(inside.encode()).hexdigest()[:8]
    used = set(re.findall(r'(?:url\(#|href="#)([^")]+)', inside))
    inside = re.sub(r' id="([^"]*)"', lambda found: f' id="{own}-{found[1]}"' if found[1] in used else "", inside)
    inside = re.sub(r'(url\(#|href="#)', rf"\g<1>{own}-", inside)
    return tag("svg", Html(inside), role="img", aria_label=title, viewBox=size[1] if size else None)


def _short(name: str) -> str:
    """A name that leaves room for its bar."""
    return name if len(name) <= _LETTERS else f"{name[: _LETTERS - 1]}…"


def _series(colour: int) -> str:
    return f"#00b0{colour % COLOURS:02d}"


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if len(x) <= _POINTS:
        return x, y
    parts = [np.array_split(values, _POINTS) for values in (x, y)]
    means = [np.array([part.mean() for part in one]) for one in parts]
    return means[0], means[1]
