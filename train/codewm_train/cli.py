"""`codewm-train`: from commit histories to a bundle that the product can load."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from codewm_model.errors import CodewmError

_PATH = click.Path(path_type=Path)
REPOSITORIES = Path(__file__).parent / "repositories.tsv"


def reported(command: Callable[..., None]) -> Callable[..., None]:
    """Errors that are meant for people end the command with their message and exit code."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except CodewmError as error:
            _fail(error)

    return wrapped


@click.group()
@click.version_option(package_name="codewm-lsp")
def main() -> None:
    """Train, judge and export the code world model."""


@main.command()
@click.option("--repos", type=_PATH, default=REPOSITORIES, show_default="the list that ships",
              help="A list: owner/name, licence and commit a line, separated by tabs.")
@click.option("--clones", type=_PATH, required=True, help="The folder that holds the clones.")
@click.option("--out", type=_PATH, required=True, help="Where the edits and the dataset go.")
@click.option("--limit", type=click.IntRange(1), default=8000, show_default=True, help="Edits of each repository.")
@click.option("--jobs", type=click.IntRange(0), default=0, help="Worker processes; 0: one a core.")
@reported
def mine(repos: Path, clones: Path, out: Path, limit: int, jobs: int) -> None:
    """Read commit histories into Parquet files of edits, and those into a memory-mapped dataset.

    What is done is not done again: run it once more to go on after an interruption.
    """
    from codewm_train.data import pack
    from codewm_train.mine import mine as mine_all
    from codewm_train.mine import read_list

    listed = read_list(repos)
    with _progress() as progress:
        task = progress.add_task("repositories", total=len(listed))

        def report(name: str, edits: int) -> None:
            progress.console.print(f"{name}: {edits} edits")
            progress.advance(task)

        shards = mine_all(listed, clones, out, limit=limit, jobs=jobs, report=report)
    click.echo(f"{pack(shards, out / 'dataset')} edits in {out / 'dataset'}")


@main.command()
@click.option("--preset", default="default", show_default=True, help="A preset that ships, or a TOML file.")
@click.option("--data", type=_PATH, required=True, help="A dataset that `mine` wrote.")
@click.option("--validation", type=_PATH, help="A dataset to look at while training, never learned from.")
@click.option("--out", type=_PATH, required=True, help="Where the checkpoint and the logs go; a run there goes on.")
@click.option("--seed", type=int, help="Instead of the preset's.")
@click.option("--steps", type=click.IntRange(1), help="Instead of the preset's.")
@click.option("--no-action", is_flag=True, help="Zero the action: the baseline that must not know it.")
@reported
def fit(preset: str, data: Path, validation: Path | None, out: Path, seed: int | None, steps: int | None,
        no_action: bool) -> None:  # fmt: skip
    """Train a model; run it again to go on where it stopped. Under torchrun it uses every process."""
    from codewm_train.data import Dataset
    from codewm_train.fit import fit as train
    from codewm_train.fit import with_settings
    from codewm_train.presets import load_preset

    chosen = with_settings(load_preset(preset), seed=seed, steps=steps, use_action=False if no_action else None)
    looked_at = Dataset.open(validation) if validation else None
    with _progress() as progress:
        task = progress.add_task("steps", total=chosen.training.steps)

        def report(step: int, values: dict[str, float]) -> None:
            progress.update(task, completed=step, description=f"loss {values['loss']:.3f}")
            if step % 25 == 0 or any(name.startswith("validation") for name in values):
                shown = "  ".join(f"{name} {value:.3f}" for name, value in values.items())
                progress.console.print(f"{step}: {shown}", highlight=False, soft_wrap=True)

        path = train(Dataset.open(data), out, chosen, validation=looked_at, report=report)
    click.echo(str(path))


def _progress() -> Progress:
    """A progress bar on stderr; results go to stdout."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _fail(error: CodewmError) -> NoReturn:
    click.echo(f"codewm-train: {error}", err=True)
    sys.exit(error.exit_code)
