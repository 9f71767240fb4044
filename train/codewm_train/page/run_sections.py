"""The part of the page that is about runs: how they compare, their seeds, and their curves over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from codewm_train.metrics import spread
from codewm_train.page.markup import Html, share, table, tag
from codewm_train.page.plots import Bar, Line, bar_plot, line_plot
from codewm_train.page.runs import HEADLINE, VALIDATION, Run, groups_of

# Validation figures by what they are called; shares are told in percent.
NAMES = {
    HEADLINE: "copy-proof KNN@1",
    "validation/knn1": "plain KNN@1",
    "validation/rank_state": "effective rank of states",
    "validation/rank_prediction": "effective rank of predictions",
}
NO_LOSS = ("gradient", "learning_rate", "lr")


def run_sections(runs: Sequence[Run]) -> list[Html]:
    """Ranking, seeds and curves of the runs; nothing where there are none."""
    if not runs:
        return []
    validated = any(name.startswith(VALIDATION) for run in runs for name in run.curves)
    return [_ranking(runs), *([_seeds(runs)] if validated else []), _curves(runs)]


def is_share(name: str) -> bool:
    """Whether a logged number is a share of something, to be told in percent."""
    return "knn" in name


def _ranking(runs: Sequence[Run]) -> Html:
    judged = [_Judged(name, members) for name, members in groups_of(runs).items()]
    judged.sort(key=lambda one: -one.mean)
    best = max(one.mean for one in judged)
    rows = [
        [
            one.name,
            len(one.values),
            share(one.mean, best, f"{one.mean:.1%}"),
            f"{min(one.values):.1%} to {max(one.values):.1%}" if len(one.values) > 1 else "one seed",
            f"{spread(one.values):.1%}" if len(one.values) > 1 else "",
            one.best_step,
            *(f"{value:.1f}" if value is not None else "" for value in one.ranks),
        ]
        for one in judged
        if one.values
    ]
    columns = [
        "preset", "seeds", "copy-proof KNN@1, mean", "range", "spread", "best at step",
        "rank of states", "of predictions",
    ]  # fmt: skip
    if not rows:
        return _section("Presets", tag("p", "No run was looked at on validation data while it was trained."))
    told = "By copy-proof KNN@1 on validation at the end of training. A preset's seeds are one row."
    return _section(
        "Presets",
        tag("p", told),
        table(columns, rows),
    )


@dataclass
class _Judged:
    name: str
    members: Sequence[Run]

    @property
    def values(self) -> list[float]:
        return _finals(self.members, HEADLINE)

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values) if self.values else 0.0

    @property
    def best_step(self) -> str:
        curves = [run.curves[HEADLINE] for run in self.members if HEADLINE in run.curves]
        return ", ".join(f"{curve.steps[curve.values.argmax()]} of {curve.steps[-1]}" for curve in curves)

    @property
    def ranks(self) -> list[float | None]:
        found = [_finals(self.members, f"validation/rank_{name}") for name in ("state", "prediction")]
        return [sum(values) / len(values) if values else None for values in found]


def _seeds(runs: Sequence[Run]) -> Html:
    colours = _colours(runs)
    names = sorted({name for run in runs for name in run.curves if name.startswith(VALIDATION)}, key=_order)
    plots = []
    for name in names:
        by_group = {group: _finals(members, name) for group, members in groups_of(runs).items()}
        bars = [Bar(group, values, colours[group], _note(values, name)) for group, values in by_group.items() if values]
        plots.append(bar_plot(NAMES.get(name, name.removeprefix(VALIDATION)), bars, percent=is_share(name)))
    told = "Each dot is a run at its last step, each bar the mean of a preset's seeds, in brackets (max - min) / mean."
    return _section("Seeds", tag("p", told), _grid(plots))


def _curves(runs: Sequence[Run]) -> Html:
    names = sorted({name for run in runs for name in run.curves}, key=_order)
    colours, legend = _colours(runs), []
    style_of: dict[str, int] = {}
    for members in groups_of(runs).values():
        for i, run in enumerate(members):
            style_of[run.name] = i
            swatch = tag("span", class_=f"swatch style{i % 4}", style=f"--c:var(--s{colours[run.group] % 8})")
            seed = [] if run.checkpoint is None else [f"seed {run.checkpoint.preset.training.seed}"]
            told = ", ".join([*([run.group] if run.group != run.name else []), *seed])
            legend.append(tag("li", swatch, run.name, tag("small", f" {told}")))
    plots = []
    for name in names:
        factor = 100 if is_share(name) else 1
        lines = [
            Line(
                run.name,
                run.curves[name].steps.tolist(),
                (factor * run.curves[name].values).tolist(),
                colours[run.group],
                style_of[run.name],
                marked=name.startswith(VALIDATION),
            )
            for run in runs
            if name in run.curves
        ]
        title = NAMES.get(name, name) + (", %" if is_share(name) else "")
        plots.append(line_plot(title, lines, "step"))
    return _section("Curves", tag("ul", *legend, class_="legend"), _grid(plots))


def _finals(members: Sequence[Run], name: str) -> list[float]:
    return [run.curves[name].last for run in members if name in run.curves]


def _note(values: Sequence[float], name: str = HEADLINE) -> str:
    mean = sum(values) / len(values)
    told = f"{mean:.1%}" if is_share(name) else f"{mean:.1f}"
    return f"{told} ({spread(values):.1%})" if len(values) > 1 else told


def _colours(runs: Sequence[Run]) -> Mapping[str, int]:
    return {group: i for i, group in enumerate(groups_of(runs))}


def _order(name: str) -> tuple[int, str]:
    """Validation first, in the order of `NAMES`, then the loss and its terms, then what is no loss."""
    known = [*NAMES, "loss", "next_state"]
    if name in known:
        return known.index(name), name
    return len(known) + (2 if name in NO_LOSS else not name.startswith(VALIDATION)), name


def _grid(plots: Sequence[Html]) -> Html:
    return tag("div", *plots, class_="plots")


def _section(title: str, *children: object) -> Html:
    return tag("section", tag("h2", title), *children)
