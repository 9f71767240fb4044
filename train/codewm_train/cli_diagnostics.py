"""The commands of `codewm-train` that look at what was trained: `probe` and `report`."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from codewm_train.reported import reported

_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--checkpoint", type=_PATH, required=True, help="What `fit` wrote, with any preset.")
@click.option(
    "--data", type=_PATH, required=True, help="A dataset that `mine` wrote, of repositories not learned from."
)
@click.option("--n", type=click.IntRange(10), default=5000, show_default=True, help="Edits of it, drawn at random.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Of the draw and of the halves that are fitted on."
)
@click.option("--json", "json_file", type=_PATH, help="Write everything that was found to this file, for `report`.")
@reported
def probe(checkpoint: Path, data: Path, n: int, seed: int, json_file: Path | None) -> None:
    """Look into a checkpoint: what each loop holds, ranks, paths, KNN@k, and what linear probes can read."""
    import json

    from codewm_train.data import Dataset
    from codewm_train.probe import probe as look
    from codewm_train.probe_tables import show_probe

    found = look(checkpoint, Dataset.open(data), n, seed, say=Console(stderr=True).print)
    if json_file is not None:
        json_file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    show_probe(found, Console())


@click.command()
@click.option(
    "--run", "runs", type=_PATH, multiple=True, help="A folder that `fit` wrote; several of one preset are seeds."
)
@click.option("--metrics", type=_PATH, multiple=True, help="What `eval --json` wrote, or a bundle's metrics.json.")
@click.option("--probe", "probes", type=_PATH, multiple=True, help="What `probe --json` wrote.")
@click.option("--clones", type=_PATH, help="Clones of the validation repositories: show examples of retrieved edits.")
@click.option("--out", type=_PATH, default=Path("report.html"), show_default=True, help="The page.")
@reported
def report(runs: tuple[Path, ...], metrics: tuple[Path, ...], probes: tuple[Path, ...], clones: Path | None,
           out: Path) -> None:  # fmt: skip
    """One HTML page of runs, probes and judgements, which needs nothing but itself.

    Curves, seeds and a ranking of presets from the runs' logs; loop by loop from the probes; every score among its
    baselines from the judgements; with --clones also past edits that the ranking and the first run's model find.
    """
    from codewm_train.page.build import page, read_figures
    from codewm_train.page.examples import retrieved
    from codewm_train.page.runs import read_runs

    if not (runs or metrics or probes or clones):
        raise click.UsageError("nothing to report on: give --run, --metrics, --probe or --clones")
    err = Console(stderr=True)
    read = read_runs(runs)
    examples = []
    if clones is not None:
        err.print("looking for examples")
        examples = retrieved(clones, next((run.checkpoint for run in read if run.checkpoint), None))
    out.write_text(page(read, read_figures(metrics), read_figures(probes), examples), encoding="utf-8")
    click.echo(str(out))
