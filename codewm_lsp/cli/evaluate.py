"""`codewm-lsp eval`: is the search worth trusting on this repository?"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codewm_lsp.cli.options import existing_repository, is_quiet, json_option, note, verbosity

if TYPE_CHECKING:
    from codewm_lsp.engine.replay import Interval, Replay

ENOUGH = 50  # questions; with fewer the bounds are so wide that a person should be told


@click.command("eval")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--queries", type=click.IntRange(1, 10_000), default=300, show_default=True, help="At most this many.")
@click.option("-k", "--k", type=click.IntRange(1, 100), default=10, show_default=True, help="How long each list is.")
@click.option(
    "--split", type=click.IntRange(1, 99), default=20, show_default=True, metavar="PERCENT",
    help="The newest PERCENT of the commits ask, the others are searched.",
)  # fmt: skip
@click.option(
    "--since", default="", metavar="DATE", help="The commits after this date, as git reads dates, ask instead."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Which edits ask is drawn with it.")
@json_option
@verbosity
def evaluate(path: Path, queries: int, k: int, split: int, since: str, seed: int, as_json: bool) -> None:
    """Replay the later commits of the repository at PATH against an index of the earlier ones.

    One edit of each later commit asks the earlier commits, and nothing else, for similar edits. A hit counts if its
    commit also changed another file that the asking commit changed too: it would have said where to go next. The same
    questions go to BM25 over diffs, `git log -S`, `git log FILE` and chance. Needs an index; only reads it.
    """
    from codewm_lsp.engine.replay import Plan, replay

    repository = existing_repository(path)
    with _progress_bar() as report:
        result = replay(repository, Plan(queries, k, split / 100, since, seed), report)
    if as_json:
        click.echo(json.dumps(_as_json(result, seed)))
    elif result.questions:
        _print(result)
    if remark := _remark(result, (repository.common_dir / "shallow").is_file()):
        note(remark)


def _as_json(result: Replay, seed: int) -> dict[str, Any]:
    from codewm_lsp.engine.replay import BM25, HIT

    return {
        "schema": "codewm.eval/1",
        "hit": HIT,
        "earlier": {"commits": result.earlier_commits, "edits": result.earlier_edits},
        "later": {"commits": result.later_commits},
        "questions": result.questions,
        "k": result.k,
        "seed": seed,
        "scores": {
            name: {f"hit@{k}": round(result.hits(name, k), 4) for k in _depths(result)}
            | {"mrr": _as_list(result.mrr(name))}
            for name in result.ranks
        },
        "gain_in_mrr": {"over": BM25, "value": _as_list(result.gain(BM25))},
    }


def _as_list(interval: Interval) -> list[float]:
    """Mean, lower and upper bound."""
    return [round(value, 4) for value in (interval.mean, interval.low, interval.high)]


def _depths(result: Replay) -> list[int]:
    return sorted({k for k in (1, 5, 10) if k < result.k} | {result.k})


def _print(result: Replay) -> None:
    from rich.console import Console
    from rich.table import Table

    from codewm_lsp.engine.replay import HIT, OURS

    title = f"{result.questions} questions to {result.earlier_edits} edits of {result.earlier_commits} earlier commits"
    table = Table(title=title, title_justify="left")
    depths = _depths(result)
    for heading in ("", *(f"hit@{k}" for k in depths), f"MRR@{result.k}", "95 %"):
        table.add_column(heading, justify="right" if heading else "left")
    for name in result.ranks:
        mrr = result.mrr(name)
        hits = (f"{result.hits(name, k):.1%}" for k in depths)
        style = "bold" if name == OURS else None
        table.add_row(name, *hits, f"{mrr.mean:.3f}", f"{mrr.low:.3f} to {mrr.high:.3f}", style=style)
    console = Console(highlight=False)
    console.print(table)
    console.print(HIT)
    console.print(_verdict(result))


def _verdict(result: Replay) -> str:
    """One sentence about the difference from BM25, the strongest of the others on most histories."""
    from codewm_lsp.engine.replay import BM25, OURS

    gain = result.gain(BM25)
    numbers = f"MRR {gain.mean:+.3f} (95 % {gain.low:+.3f} to {gain.high:+.3f}, {result.questions} questions)"
    if gain.low <= 0 <= gain.high:
        return f"{OURS} less {BM25}: {numbers}: too few questions, or too little between them, to tell which is better."
    return f"{OURS} less {BM25}: {numbers}: {OURS if gain.mean > 0 else BM25} is better here."


def _remark(result: Replay, shallow: bool) -> str:
    """What a person should know before believing the figures; empty if nothing."""
    if result.questions >= ENOUGH:
        return ""
    why = "this is a shallow clone: `git fetch --unshallow` gets the rest" if shallow else "the history is short"
    if not result.questions:
        return f"nothing to ask: no later commit has an answer among the earlier ones ({why})"
    return f"only {result.questions} questions: the figures say little ({why})"


@contextmanager
def _progress_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A bar on stderr, if somebody watches it."""
    if is_quiet():
        yield lambda stage, done, total: None
        return
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("{task.description}"),
        bars.BarColumn(),
        bars.TextColumn("{task.completed}/{task.total}"),
    )
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda stage, done, total: bar.update(task, description=stage, completed=done, total=total)
