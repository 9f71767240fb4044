"""The commands of `codewm-train` that train more than one model: `sweep` and `reproduce`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from codewm_train.reported import reported

_PATH = click.Path(path_type=Path)


@click.command()
@click.option(
    "--preset", default="default", show_default=True, help="What all runs have in common: a preset or a file."
)
@click.option("--data", type=_PATH, required=True, help="A dataset that `mine` wrote.")
@click.option("--validation", type=_PATH, required=True, help="The dataset that runs are ranked on.")
@click.option("--out", type=_PATH, required=True, help="A folder of runs; what is in it already goes on.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE,...", help="A preset field and its values; or LOW..HIGH."
)
@click.option("--space", type=_PATH, help="A TOML file of such fields and values.")
@click.option("--steps", type=click.IntRange(1), help="Of every run, instead of the preset's.")
@click.option("--random", "count", type=click.IntRange(1), help="So many combinations at random, instead of all.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of that draw.")
@reported
def sweep(
    preset: str, data: Path, validation: Path, out: Path, settings: tuple[str, ...], space: Path | None,
    steps: int | None, count: int | None, seed: int,
) -> None:  # fmt: skip
    """Train a preset with every combination of some fields' values, and rank the runs by copy-proof KNN@1.

    Variables WM_<SETTING> go before the preset, what is searched before both.
    """
    import os

    from codewm_train.data import Dataset
    from codewm_train.environment import override
    from codewm_train.fit import with_settings
    from codewm_train.presets import load_preset
    from codewm_train.search_space import choice_of, choices_of_file, draw, grid
    from codewm_train.sweep import sweep as search
    from codewm_train.sweep import table_of

    choices = [*(choices_of_file(space) if space else []), *map(choice_of, settings)]
    if not choices:
        raise click.UsageError("nothing to search: give --set or --space")
    points = grid(choices) if count is None else draw(choices, count, seed)
    base = with_settings(override(load_preset(preset), os.environ), steps=steps)
    say = _plain(stderr=True).print
    found = search(base, points, Dataset.open(data), Dataset.open(validation), out, say=say)
    _plain().print(table_of(found))


@click.command()
@click.option(
    "--budget", type=click.Choice(["small", "full"]), default="small", show_default=True, help="An hour, or a GPU."
)
@click.option("--data", type=_PATH, required=True, help="A dataset that `mine` wrote.")
@click.option("--validation", type=_PATH, required=True, help="The dataset that everything is judged on.")
@click.option("--out", type=_PATH, required=True, help="A folder for runs and tables; what is in it already goes on.")
@reported
def reproduce(budget: str, data: Path, validation: Path, out: Path) -> None:
    """Train what the papers' claims need, and say of each: the paper's figure, ours, whether it holds."""
    from codewm_train.data import Dataset
    from codewm_train.suite.plan import BUDGETS
    from codewm_train.suite.reproduce import reproduce as run_suite
    from codewm_train.suite.tables import table_of

    say = _plain(stderr=True).print
    found = run_suite(BUDGETS[budget], Dataset.open(data), Dataset.open(validation), out, say=say)
    _plain().print(table_of(found))


def _plain(*, stderr: bool = False) -> Console:
    """A console that takes [brackets] for what they are."""
    return Console(stderr=stderr, highlight=False, markup=False, soft_wrap=stderr)
