"""`codewm-lsp export` and `codewm-lsp import`: the index as one file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from codewm_lsp.cli.options import existing_repository, json_option, note, verbosity

_repository = click.option(
    "-C",
    "repository",
    type=click.Path(path_type=Path),
    default=".",
    metavar="PATH",
    help="The repository (default: .).",
)


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path))
@_repository
@json_option
@verbosity
def export_(file: Path, repository: Path, as_json: bool) -> None:
    """Write the index to FILE, to be imported into another clone.

    Like the index it holds no code, but hashes of words, paths, and who made which commit, when and why.
    """
    from codewm_lsp.engine.transfer import export_index

    size = export_index(existing_repository(repository), file)
    if as_json:
        click.echo(json.dumps({"schema": "codewm.export/1", "file": str(file), "bytes": size}))
    else:
        click.echo(f"{file}: {size / 1e6:.1f} MB; `codewm-lsp import` reads it")


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_repository
@json_option
@verbosity
def import_(file: Path, repository: Path, as_json: bool) -> None:
    """Add the index in FILE, written by `export` in another clone, to this repository's index.

    Only commits that this repository has are taken. The file is checked in every part, and one that is refused changes
    nothing. `codewm-lsp index` then reads what is still missing.
    """
    from codewm_lsp.engine.transfer import import_index

    done = import_index(existing_repository(repository), file)
    if as_json:
        click.echo(json.dumps({"schema": "codewm.import/1", **asdict(done)}))
        return
    click.echo(f"{done.edits} edits of {done.commits} commits; {done.known} commits were known")
    if done.dropped:
        note(f"{done.dropped} commits were left: this repository does not reach them, or indexes other files of them")
