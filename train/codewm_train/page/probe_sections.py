"""The part of the page that is about probes: what each loop holds, beside each other, and every table of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codewm_train.page.markup import Html, table, tag
from codewm_train.page.plots import Bar, Line, bar_plot, line_plot
from codewm_train.probe_tables import (
    COSINES,
    LOOP_COLUMNS,
    SPECTRUM,
    change_rows,
    loop_rows,
    path_rows,
    probe_rows,
    spectrum_cells,
)

Found = Mapping[str, Any]


def probe_sections(probes: Mapping[str, Found]) -> list[Html]:
    """Plots of all probes, by name, and under them the tables of each; nothing where there are none."""
    if not probes:
        return []
    numbered = list(enumerate(probes.items()))
    legend = [
        tag("li", tag("span", class_="swatch style0", style=f"--c:var(--s{i % 8})"), name, tag("small", _about(found)))
        for i, (name, found) in numbered
    ]
    loops = [
        line_plot(title, [_over_loops(name, read(found), i) for i, (name, found) in numbered], "loop", floor)
        for title, read, floor in BY_LOOP
    ]
    bars = [
        bar_plot(title, [Bar(name, [read(found)], i, told(read(found))) for i, (name, found) in numbered], percent)
        for title, read, told, percent in AT_THE_END
    ]
    return [
        tag(
            "section",
            tag("h2", "What each loop holds"),
            tag("ul", *legend, class_="legend"),
            tag("div", *loops, class_="plots"),
            tag("div", *bars, class_="plots"),
            *(
                tag("details", tag("summary", f"All figures of {name}"), tag("div", *_tables(found), class_="tables"))
                for name, found in probes.items()
            ),
        )
    ]


# What is drawn over the loops: a title, how it is read, and a level line for comparison, if there is one.
BY_LOOP: tuple[tuple[str, Callable[[Found], Sequence[float]], float | None], ...] = (
    ("size of an edit, |after - before| / |before|", lambda found: found["loops"]["edit_ratio"], None),
    ("copy cosine, cos(before, after)", lambda found: found["loops"]["copy_cosine"], None),
    ("step of a token, |x_l - x_(l-1)| / |x_l|", lambda found: found["loops"]["tokens"]["update"], None),
    ("effective rank of states", lambda found: [one["rank"] for one in found["loops"]["state"]], None),
    ("effective rank of changes", lambda found: [one["rank"] for one in found["loops"]["change"]], None),
    ("edit type read from the change, balanced %", lambda found: _balanced(found, "edit type", "change"), 100 / 3),
    ("edit type read from before, balanced %", lambda found: _balanced(found, "edit type", "before"), 100 / 3),
    ("scope read from before, balanced %", lambda found: _balanced(found, "scope", "before"), 100 / 3),
)
# What is compared at the end: a title, how it is read, how it is told, and whether it is a share.
AT_THE_END: tuple[tuple[str, Callable[[Found], float], Callable[[float], str], bool], ...] = (
    ("copy-proof KNN@1", lambda found: found["knn"]["copy_proof"]["predicted"][0], "{:.1%}".format, True),
    ("effective rank of predictions", lambda found: found["spaces"]["prediction"]["rank"], "{:.1f}".format, False),
    ("of predicted changes", lambda found: found["spaces"]["predicted change"]["rank"], "{:.1f}".format, False),
    ("lift in one space", lambda found: found["cosines"]["lift"], "{:+.3f}".format, False),
)


def _over_loops(name: str, values: Sequence[float], colour: int) -> Line:
    return Line(name, range(1, len(values) + 1), values, colour, marked=True)


def _balanced(found: Found, label: str, features: str) -> list[float]:
    return [100 * loop[features]["balanced"] for loop in found["probes"][label]["by_loop"]]


def _about(found: Found) -> str:
    made, data = found["checkpoint"], found["data"]
    return f" step {made['step']}, seed {made['seed']}, target {made['target']['kind']}, N={data['n']} edits"


def _tables(found: Found) -> list[Html]:
    knn, change, n = found["knn"], found["change"], found["data"]["n"]
    spaces = [[name, *spectrum_cells(values)] for name, values in found["spaces"].items()]
    tables = [
        table(LOOP_COLUMNS, loop_rows(found), f"by loop, N={n}"),
        table(["", *SPECTRUM.values()], spaces, f"directions that are used, of {found['checkpoint']['d_model']}"),
        table(["", "turn", "straightness"], path_rows(found), "paths"),
        table(["", ""], [[told, f"{found['cosines'][key]:+.4f}"] for key, told in COSINES.items()], "mean cosines"),
    ]
    for key, title, size in (("copy_proof", "copy-proof KNN@k", 2 * n), ("plain", "plain KNN@k", n)):
        rows = [[name, *(f"{value:.2%}" for value in values)] for name, values in knn[key].items()]
        tables.append(table(["", *(f"@{k}" for k in knn["k"])], rows, f"{title}, N={n}, gallery {size}"))
    for name, about in found["probes"].items():
        title = f"{name} by a linear probe, fitted on {about['fitted']}, judged on {about['judged']}"
        columns = ["loop", "from the change", "from before", "majority", "chance"]
        tables.append(table(columns, probe_rows(about), title))
    columns = ["copy-proof KNN@k", "explained", "cosine", *(f"@{k}" for k in change["k"])]
    title = f"the change by a linear probe, fitted on {change['fitted']}, judged on {change['judged']}"
    return [*tables, table(columns, change_rows(change), title)]
