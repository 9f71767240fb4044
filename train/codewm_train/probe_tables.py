"""What `probe` found, as tables for a terminal: every figure with its N, and beside it what needs no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

SPECTRUM = {"rank": "rank", "rank_of_variance": "of variance", "rank_uncentred": "uncentred", "top_share": "top share"}
COSINES = {
    "prediction_after": "prediction, its own after (diagonal)",
    "prediction_other_after": "prediction, other afters (off the diagonal)",
    "prediction_before": "prediction, its before (copying: 1)",
    "change": "predicted change, true change",
    "before_after": "before, after: the copy",
    "before_after_online": "before, after, by the online encoder",
    "lift": "lift over the copy, one space",
    "lift_of_two_spaces": "lift as the papers count it, two spaces: misleading",
}
_Row = Sequence[object]


def show_probe(found: Mapping[str, Any], console: Console) -> None:
    """Print all of it."""
    made, data = found["checkpoint"], found["data"]
    console.print(
        f"step {made['step']}, seed {made['seed']}, target {made['target']['kind']}; "
        f"N={data['n']} edits of {data['commits']} commits of "
        f"{', '.join(data['repositories'])}",
        highlight=False,
        markup=False,
    )
    n, size = data["n"], made["d_model"]
    title = f"by loop, N={n}: |edit| / |state|, cos(before, after); |step| / |state| of readout and tokens; of {size}"
    _table(console, title, LOOP_COLUMNS, loop_rows(found))
    columns = ["", *(f"{name}, of {size}" if key == "rank" else name for key, name in SPECTRUM.items())]
    rows = [[name, *spectrum_cells(values)] for name, values in found["spaces"].items()]
    _table(console, f"directions that are used, N={n}", columns, rows)
    _table(console, f"paths, N={n}", ["", "turn", "straightness"], path_rows(found))
    rows = [[name, f"{found['cosines'][key]:+.4f}"] for key, name in COSINES.items()]
    _table(console, f"mean cosines, N={n}", ["", ""], rows)
    knn = found["knn"]
    for key, title, gallery in (("copy_proof", "copy-proof KNN@k", 2 * n), ("plain", "plain KNN@k", n)):
        rows = [[name, *(f"{share:.1%}" for share in shares)] for name, shares in knn[key].items()]
        heading = f"{title}, N={n}, gallery {gallery}, {knn['invisible']:.1%} of the edits show no change"
        _table(console, heading, ["", *(f"@{k}" for k in knn["k"])], rows)
    for name, about in found["probes"].items():
        title = f"{name} by a linear probe, fitted on {about['fitted']}, judged on {about['judged']}"
        _table(console, title, ["loop", "from the change", "from before", "majority", "chance"], probe_rows(about))
    change = found["change"]
    heading = f"the change by a linear probe, fitted on {change['fitted']}, judged on {change['judged']}"
    columns = ["copy-proof KNN@k", "explained", "cosine", *(f"@{k}" for k in change["k"])]
    _table(console, heading, columns, change_rows(change))


LOOP_COLUMNS = ["loop", "edit", "copy", "step", "tokens", "rank", "top", "change rank", "top"]


def loop_rows(found: Mapping[str, Any]) -> list[_Row]:
    """One row a loop; the readout takes no step before the second."""
    loops = found["loops"]
    steps = [None, *loops["readout"]["update"]]
    rows: list[_Row] = []
    for i, ratio in enumerate(loops["edit_ratio"]):
        state, change = loops["state"][i], loops["change"][i]
        rows.append(
            [
                i + 1,
                f"{ratio:.3f}",
                f"{loops['copy_cosine'][i]:.4f}",
                _number(steps[i]),
                f"{loops['tokens']['update'][i]:.3f}",
                f"{state['rank']:.1f}",
                f"{state['top_share']:.1%}",
                f"{change['rank']:.1f}",
                f"{change['top_share']:.1%}",
            ]
        )
    return rows


def spectrum_cells(values: Mapping[str, float]) -> list[str]:
    """The cells under `SPECTRUM`."""
    return [f"{values[key]:.1%}" if key == "top_share" else f"{values[key]:.1f}" for key in SPECTRUM]


def path_rows(found: Mapping[str, Any]) -> list[_Row]:
    """Turn and straightness of the three paths, and what each is."""
    readout, tokens, edits = found["loops"]["readout"], found["loops"]["tokens"], found["over_edits"]
    return [
        ["readouts over loops: net way / way gone", _mean(readout["turn"]), _number(readout["straightness"])],
        ["tokens over loops: net way / way gone", _mean(tokens["turn"]), _number(tokens["straightness"])],
        [
            f"{edits['chains']} histories of definitions, {edits['steps']} steps: share of curvature < 1",
            _number(edits["turn"]),
            _number(edits["straightness"]),
        ],
        ["the same steps shuffled", *(_number(edits["shuffled"][key]) for key in ("turn", "straightness"))],
    ]


def probe_rows(about: Mapping[str, Any]) -> list[_Row]:
    """Accuracy by loop, in brackets the mean over the classes."""
    return [
        [
            i + 1,
            *(f"{loop[key]['accuracy']:.1%} ({loop[key]['balanced']:.1%})" for key in ("change", "before")),
            f"{about['majority']:.1%}",
            f"{about['chance']:.1%}",
        ]
        for i, loop in enumerate(about["by_loop"])
    ]


def change_rows(change: Mapping[str, Any]) -> list[_Row]:
    """Each way to tell the change, and chance."""
    rows: list[_Row] = [
        [name, f"{way['explained']:.1%}", f"{way['cosine']:.3f}", *(f"{share:.1%}" for share in way["knn"])]
        for name, way in change["ways"].items()
    ]
    return [*rows, ["chance", "0.0%", "0.000", *(f"{share:.2%}" for share in change["chance"])]]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.3f}" if values else ""


def _table(console: Console, title: str, columns: Sequence[str], rows: Sequence[_Row]) -> None:
    table = Table(title=title)
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left")
    for row in rows:
        table.add_row(*map(str, row))
    console.print(table)
