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
