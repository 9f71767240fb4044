"""`codewm-train`: from commit histories to a bundle that the product can load."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from codewm_train.cli_diagnostics import probe, report
from codewm_train.cli_experiments import reproduce, sweep
from codewm_train.reported import reported

_PATH = click.Path(path_type=Path)
REPOSITORIES = Path(__file__).parent / "repositories.tsv"


@click.group()
@click.version_option(package_name="codewm-lsp")
def main() -> None:
    """Train, judge and export the code world model."""


@main.command()
@click.option(
    "--repos",
    type=_PATH,
    default=REPOSITORIES,
    show_default="the list that ships",
    help="A list: owner/name, licence and commit a line, separated by tabs.",
)
@click.option("--clones", type=_PATH, help="The folder that holds the clones of the list.")
@click.option("--jsonl", type=_PATH, multiple=True, help="A file of commits as JSON lines, or a .gz of one.")
@click.option("--hub", multiple=True, help="A dataset of such lines on the hub: OWNER/NAME, or OWNER/NAME:FILE.")
@click.option("--out", type=_PATH, required=True, help="Where the edits and the dataset go.")
@click.option("--limit", type=click.IntRange(1), default=8000, show_default=True, help="Edits of each repository.")
@click.option("--jobs", type=click.IntRange(0), default=0, help="Workers; 0: one a core.")
@click.option("--ray", help="Work on a Ray cluster: its address, or `local` for one that is made for the run.")
@reported
def mine(
    repos: Path, clones: Path | None, jsonl: tuple[Path, ...], hub: tuple[str, ...], out: Path, limit: int, jobs: int,
    ray: str | None,
) -> None:  # fmt: skip
    """Read commits into Parquet files of edits, and those into a memory-mapped dataset.

    Commits are the histories of clones (--clones), lines of files (--jsonl), or both. What is done is not done again:
    run it once more to go on after an interruption.
    """
    from codewm_train.data import pack
    from codewm_train.executors import LocalPool, RayCluster
    from codewm_train.hub import hub_lines
    from codewm_train.jsonl import mine_lines, read_lines
    from codewm_train.mine import mine as mine_clones
    from codewm_train.repository_list import read_list
    from codewm_train.shards import ShardInfo

    if clones is None and not jsonl and not hub:
        raise click.UsageError("give --clones, --jsonl or --hub: there is nothing to read")
    listed = read_list(repos) if clones else []
    executor = RayCluster(ray, jobs) if ray else LocalPool(jobs)
    shards = []
    with _progress() as progress:
        task = progress.add_task("mined", total=len(listed) if clones and not jsonl and not hub else None)

        def report(info: ShardInfo) -> None:
            skipped = ", ".join(f"{count} {reason}" for reason, count in info.skipped.most_common())
            told = f"{info.source.name}: {info.edits} edits" + (f"; passed over: {skipped}" if skipped else "")
            progress.console.print(told, highlight=False, soft_wrap=True)
            progress.advance(task)

        if clones:
            shards += mine_clones(listed, clones, out, limit=limit, executor=executor, report=report)
        lines = [(path.name, read_lines(path)) for path in jsonl] + [(name, hub_lines(name)) for name in hub]
        for name, source in lines:
            shards += mine_lines(name, source, out, executor=executor, report=report)
    packed = pack(shards, out / "dataset", limit)
    click.echo(f"{packed.edits} edits in {out / 'dataset'}")
    left_out = f"left out: {packed.repeated} that repeat another, {packed.invisible} that show no difference"
    click.echo(left_out, err=True)


@main.command()
@click.option("--preset", default="default", show_default=True, help="A preset that ships, or a TOML file.")
@click.option("--data", type=_PATH, required=True, help="A dataset that `mine` wrote.")
@click.option("--validation", type=_PATH, help="A dataset to look at while training, never learned from.")
@click.option("--out", type=_PATH, required=True, help="Where the checkpoint and the logs go; a run there goes on.")
@click.option("--seed", type=int, help="Instead of the preset's.")
@click.option("--steps", type=click.IntRange(1), help="Instead of the preset's.")
@click.option("--no-action", is_flag=True, help="Zero the action: the baseline that must not know it.")
@click.option("--wandb", is_flag=True, help="Log to Weights & Biases too; setting WANDB_MODE does the same.")
@reported
def fit(preset: str, data: Path, validation: Path | None, out: Path, seed: int | None, steps: int | None,
        no_action: bool, wandb: bool) -> None:  # fmt: skip
    """Train a model; run it again to go on where it stopped. Under torchrun it uses every process.

    Prints the checkpoint to export: the best by validation where the preset has a patience, else the last.

    Variables WM_<SETTING> go before the preset, options before both; docs/training.md lists them.
    """
    import os

    from codewm_train.data import Dataset
    from codewm_train.environment import override
    from codewm_train.fit import fit as train
    from codewm_train.fit import with_settings
    from codewm_train.logs import wants_wandb
    from codewm_train.presets import load_preset

    said = override(load_preset(preset), os.environ)
    chosen = with_settings(said, seed=seed, steps=steps, use_action=False if no_action else None)
    looked_at = Dataset.open(validation) if validation else None
    with _progress() as progress:
        task = progress.add_task("steps", total=chosen.training.steps)

        def report(step: int, values: dict[str, float]) -> None:
            progress.update(task, completed=step, description=f"loss {values['loss']:.3f}")
            if step % 25 == 0 or any(name.startswith("validation") for name in values):
                shown = "  ".join(f"{name} {value:.3f}" for name, value in values.items())
                progress.console.print(f"{step}: {shown}", highlight=False, soft_wrap=True)

        def say(words: str) -> None:
            progress.console.print(words, highlight=False, soft_wrap=True, markup=False)

        wandb = wandb or wants_wandb()
        path = train(Dataset.open(data), out, chosen, validation=looked_at, wandb=wandb, report=report, say=say)
    click.echo(str(path))


def _share(name: str, what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option that says what a part of the learned embedding counts for."""
    return click.option(name, type=click.FloatRange(0, 1, max_open=True), default=0.0, show_default=True, help=what)


@main.command()
@click.option("--checkpoint", type=_PATH, required=True, help="What `fit` wrote.")
@click.option("--data", type=_PATH, required=True, help="The dataset: regions for the check.")
@click.option("--out", type=_PATH, required=True, help="The bundle's folder.")
@click.option("--name", default="default", show_default=True, help="What people will call the model.")
@_share("--key-weight", "The learned embedding's share of the index key.")
@_share("--kind-weight", "The kind embedding's share of the score.")
@_share("--topic-weight", "The topic embedding's share of the score.")
@reported
def export(
    checkpoint: Path, data: Path, out: Path, name: str, key_weight: float, kind_weight: float, topic_weight: float
) -> None:
    """Write a checkpoint as a bundle that the product loads; fails if it does not compute the same."""
    from codewm_model.action_classes import ActionClasses
    from codewm_model.bundle import LearnedWeight
    from codewm_train.checkpoint import load_checkpoint
    from codewm_train.data import Dataset
    from codewm_train.export import AGREE_ON
    from codewm_train.export import export as write_bundle
    from codewm_train.ids import CLASSES_FILE
    from codewm_train.views import views_of_dataset

    dataset, loaded = Dataset.open(data), load_checkpoint(checkpoint)
    rows = range(0, len(dataset), max(1, len(dataset) // (AGREE_ON // 2)))[: AGREE_ON // 2]
    views = views_of_dataset(dataset, rows, loaded.preset.model.positions)
    regions = [side for pair in zip(views.before, views.after, strict=True) for side in pair]
    weight = LearnedWeight(key_weight, kind_weight, topic_weight)
    classes = ActionClasses.load(CLASSES_FILE)
    agreement = write_bundle(loaded, out, regions, classes, name=name, learned_weight=weight)
    click.echo(f"{out}: differs from the checkpoint by {agreement.worst:.1e} at most, on {agreement.regions} regions")


@main.command(name="eval")
@click.option(
    "--split",
    type=click.Choice(["held-out", "validation"]),
    default="held-out",
    show_default=True,
    help="Whose frozen edits: the final judgement's, or those for tuning.",
)
@click.option("--clones", type=_PATH, required=True, help="The folder that holds the split's clones.")
@click.option("--cache", type=_PATH, default=Path("build/eval"), show_default=True, help="Where slow parts are kept.")
@click.option("--bundle", type=_PATH, help="The model; without one the baselines alone are judged.")
@click.option("--data", type=_PATH, help="The training dataset, for the ridge regression; needed with --bundle.")
@click.option("--checkpoint", type=_PATH, help="The bundle's checkpoint, to time torch beside the export.")
@click.option("--seed-checkpoint", type=_PATH, multiple=True, help="Every seed's checkpoint, for the spread.")
@click.option("--no-action", type=_PATH, help="The checkpoint that was trained without the action.")
@click.option(
    "--baseline-model",
    multiple=True,
    metavar="NAME",
    help="A text encoder as one more baseline: a folder, or a name on the Hugging Face hub, NAME@REVISION if need be.",
)
@click.option("--json", "json_file", type=_PATH, help="Write everything that was found to this file.")
@click.option("--record", is_flag=True, help="Put the figures beside the bundle: metrics.json and the model card.")
@reported
def evaluate(
    split: str, clones: Path, cache: Path, bundle: Path | None, data: Path | None, checkpoint: Path | None,
    seed_checkpoint: tuple[Path, ...], no_action: Path | None, baseline_model: tuple[str, ...],
    json_file: Path | None, record: bool,
) -> None:  # fmt: skip
    """Judge a model, or the baselines alone, by the frozen protocol."""
    import json

    from codewm_model.bundle import Bundle
    from codewm_train.clones import folders_of
    from codewm_train.data import Dataset
    from codewm_train.evaluate import Subject
    from codewm_train.evaluate import evaluate as judge
    from codewm_train.export import record as put_beside
    from codewm_train.hub_model import open_models
    from codewm_train.protocol import load_protocol
    from codewm_train.tables import show

    if bundle is not None and data is None:
        raise click.UsageError("--bundle needs --data: the ridge regression is fitted on the training edits")
    subject = Subject(Bundle.open(bundle), checkpoint, seed_checkpoint, no_action) if bundle else None
    hub_models = open_models(baseline_model)
    err = Console(stderr=True)
    protocol = load_protocol(split, folders_of(clones), cache / split)
    training = Dataset.open(data) if data else None
    found = judge(protocol, cache / split, subject, training, hub_models=hub_models, say=err.print)
    if json_file is not None:
        json_file.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if record and bundle is not None:
        put_beside(bundle, found)
    show(found, Console())


def _progress() -> Progress:
    """A progress bar on stderr; results go to stdout."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


for elsewhere in (probe, report, reproduce, sweep):
    main.add_command(elsewhere)
