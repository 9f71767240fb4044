"""`codewm-lsp index`: build or update the index."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codewm_lsp.cli.options import existing_repository, is_quiet, json_option, note, verbosity
from codewm_lsp.cli.supervised import supervised as supervision

if TYPE_CHECKING:
    from codewm_lsp.engine.indexing import Progress


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--since", default="", metavar="DATE", help="Only commits after this date, as git reads dates.")
@click.option("--max-commits", type=click.IntRange(min=0), default=0, help="At most this many commits, newest first.")
@click.option(
    "--paths",
    multiple=True,
    metavar="GLOB",
    help="Only files in these folders or matching these globs; the index remembers them.",
)
@click.option(
    "--jobs", type=click.IntRange(min=0), default=0, help="Worker processes (default: one per core, at most 4)."
)
@click.option("--rebuild", is_flag=True, help="Forget the index and make it anew.")
@click.option("--existing", is_flag=True, help="Only update an index: neither make one nor replace another version's.")
@click.option(
    "--supervised",
    is_flag=True,
    help="For editors: JSON lines on stdout, low priority if there is much to do, and an end with standard input.",
)
@json_option
@verbosity
def index(
    path: Path,
    since: str,
    max_commits: int,
    paths: tuple[str, ...],
    jobs: int,
    rebuild: bool,
    existing: bool,
    supervised: bool,
    as_json: bool,
) -> None:
    """Build or update the index of the repository at PATH from its commit history.

    Only new commits are read, newest first; Ctrl-C leaves a valid index, and the next run goes on from there.
    Searches work while it runs. The index lies in the git directory, under codewm/, and holds no code.

    Left out are generated and vendored files, files that hold secrets by their name, commits of bots and commits of
    more than 1000 edits. [tool.codewm] in the main work tree's pyproject.toml changes that: `exclude` names further
    globs (or takes one of the list back, with a `!` before it), `authors_exclude` parts of names or addresses,
    `max_commit_edits` the limit.
    """
    from codewm_lsp.engine.indexing import Selection, update_index
    from codewm_lsp.engine.store import Store, index_folder

    if existing and (rebuild or paths):
        raise click.UsageError("--existing goes with neither --rebuild nor --paths")
    with supervision() if supervised else _progress_bar() as report:
        repository = existing_repository(path)
        run = update_index(
            repository,
            Selection(since, max_commits),
            paths=paths,
            jobs=jobs,
            rebuild=rebuild,
            existing=existing,
            report=report,
        )
    for problem in run.problems:
        note(problem)
    folder = index_folder(repository)
    store = Store(folder)
    commits, edits, skipped = store.counts()
    size = store.size()
    store.close()
    if commits == 0:
        note(
            "nothing to index: the repository has no commits"
            if repository.head() is None
            else _why_empty(repository.common_dir)
        )
    if as_json or supervised:
        result = {
            "schema": "codewm.index/1",
            "commits": commits,
            "edits": edits,
            "skipped": skipped,
            "new_commits": run.commits,
            "new_edits": run.edits,
            "seconds": round(run.seconds, 3),
            "edits_per_second": round(run.edits / max(run.seconds, 1e-9), 1),
            "index_bytes": size,
        }
        click.echo(json.dumps(result))
    else:
        rate = f", {run.edits / run.seconds:.0f} edits/s" if run.edits else ""
        click.echo(
            f"{edits} edits of {commits} commits ({run.edits} new in {run.seconds:.1f} s{rate}); {size / 1e6:.1f} MB"
        )
        if skipped:
            click.echo("skipped: " + ", ".join(f"{reason} {count}" for reason, count in skipped.items()))


def _why_empty(common_dir: Path) -> str:
    if (common_dir / "shallow").is_file():
        return "nothing to index: this is a shallow clone without history; `git fetch --unshallow` gets it"
    return "nothing to index: no commit changes a file"


@contextmanager
def _progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A bar on stderr, if somebody watches it."""
    if is_quiet():
        yield lambda progress: None
        return
    from rich import progress as bars
    from rich.console import Console

    columns = (
        bars.TextColumn("indexing"), bars.BarColumn(), bars.TextColumn("{task.completed}/{task.total} commits"),
        bars.TextColumn("{task.fields[edits]} edits"), bars.TextColumn("{task.fields[speed]:.0f} commits/s"),
        bars.TimeRemainingColumn(),
    )  # fmt: skip
    with bars.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("indexing", total=None, edits=0, speed=0.0)

        def report(run: Progress) -> None:
            speed = run.commits / max(run.seconds, 1e-9)
            bar.update(task, total=run.commits_total, completed=run.commits, edits=run.edits, speed=speed)

        yield report
