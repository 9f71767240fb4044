"""`codewm-lsp similar`: past edits like the ones at hand."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from codewm_lsp.cli.options import epoch, json_option, note, verbosity

if TYPE_CHECKING:
    from codewm_lsp.engine.index import Hit
    from codewm_lsp.engine.similar import SimilarEdits
    from codewm_model.edit import Edit
    from codewm_model.git import Repository


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option("--staged", is_flag=True, help="The changes in the git index instead of the working tree.")
@click.option("--commit", "revision", metavar="REV", help="The changes of a commit; its own edits are never hits.")
@click.option(
    "--diff",
    "diff_file",
    type=click.File("rb"),
    metavar="FILE",
    help="The changes in a unified diff; - reads standard input.",
)
@click.option("-k", "count", type=click.IntRange(1, 100), default=5, show_default=True, help="Hits for each change.")
@click.option("--author", default="", metavar="TEXT", help="Only hits whose author's name or address contains this.")
@click.option("--since", default="", metavar="DATE", help="Only hits after this date, as git reads dates.")
@click.option(
    "--path", "path_filter", default="", metavar="GLOB", help="Only hits in this folder or matching this glob."
)
@click.option("--with-dismissed", is_flag=True, help="Also hits that were dismissed in an editor (codewm/dismiss).")
@json_option
@verbosity
def similar(
    paths: tuple[Path, ...], staged: bool, revision: str | None, diff_file: IO[bytes] | None, count: int,
    author: str, since: str, path_filter: str, with_dismissed: bool, as_json: bool,
) -> int:  # fmt: skip
    """Show past edits similar to the changes in the working tree (against HEAD), at PATH or anywhere.

    Each hit comes with who, when, why, where, and its diff. The exit code is 1 if nothing was found.
    """
    if sum((staged, revision is not None, diff_file is not None)) > 1:
        raise click.UsageError("--staged, --commit and --diff exclude each other")
    from codewm_lsp.engine.dismissed import Dismissals
    from codewm_lsp.engine.index import Filters
    from codewm_lsp.engine.similar import SimilarEdits
    from codewm_model.git import Repository

    repository = Repository.open(paths[0] if paths else ".")
    index = SimilarEdits.open(repository)
    commit = _resolve(repository, revision) if revision is not None else None
    edits, skipped = _edits_at_hand(repository, staged, commit, diff_file)
    edits = _within(edits, repository, paths)
    without = frozenset((commit,)) if commit else frozenset()
    filters = Filters(author, epoch(repository, since), path_filter, without)
    dismissed = None if with_dismissed else Dismissals(repository).load()
    found = index.query(edits, count, filters, dismissed)
    if as_json:
        answer = [
            {"path": edit.path, "lines": list(edit.lines), "hits": [hit.to_json() for hit in hits]}
            for edit, hits in zip(edits, found, strict=True)
        ]
        click.echo(json.dumps({"schema": "codewm.similar/1", "edits": answer}, ensure_ascii=True))
    else:
        _print(index, edits, found)
    if skipped:
        note("passed over: " + ", ".join(f"{reason} {n}" for reason, n in skipped.items()))
    if not edits:
        note("no changes to look for")
    index.close()
    return 0 if any(found) else 1


def _resolve(repository: Repository, revision: str) -> str:
    commit = repository.succeeds("rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}")
    if not commit:
        raise click.BadParameter(f"git knows no commit {revision!r}", param_hint="--commit")
    return commit


def _edits_at_hand(
    repository: Repository, staged: bool, commit: str | None, diff_file: IO[bytes] | None
) -> tuple[list[Edit], Counter[str]]:
    from codewm_model.history import fragment_edits, read_history, working_edits
    from codewm_model.patch import read_diff

    if commit is not None:
        parts = list(read_history(repository, [commit]))
        return [edit for part in parts for edit in part.edits], sum((part.skipped for part in parts), Counter())
    if diff_file is not None:
        return [edit for file in read_diff(iter(diff_file)) for edit in fragment_edits(file)], Counter()
    if repository.work_tree is None:
        raise click.UsageError("a bare repository has no working tree: use --commit or --diff")
    return working_edits(repository, staged=staged)


def _within(edits: list[Edit], repository: Repository, paths: tuple[Path, ...]) -> list[Edit]:
    from codewm_lsp.engine.indexing import path_filter
    from codewm_lsp.engine.similar import relative_path

    if repository.work_tree is None:
        return edits
    wanted = [relative_path(repository, path) for path in paths]
    matches = path_filter([] if "." in wanted else wanted)
    return [edit for edit in edits if matches(edit.path)]


def _print(index: SimilarEdits, edits: list[Edit], found: list[list[Hit]]) -> None:
    from rich.console import Console

    from codewm_lsp.cli.hits import render

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    texts = iter(index.texts_of([hit for hits in found for hit in hits]))
    for edit, hits in zip(edits, found, strict=True):
        render(console, edit, [(hit, next(texts)) for hit in hits])
