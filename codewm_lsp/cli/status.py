"""`codewm-lsp status`: what is indexed, and whether it is fresh."""

from __future__ import annotations

import json
from pathlib import Path

import click

from codewm_lsp.cli.options import existing_repository, json_option, verbosity


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=".")
@json_option
@verbosity
def status(path: Path, as_json: bool) -> None:
    """Say what the index of the repository at PATH holds and whether it is up to date."""
    from codewm_lsp.engine.indexing import indexed_paths, pending_commits, reachable_commits
    from codewm_lsp.engine.store import Store, index_folder
    from codewm_model.version import representation_version

    repository = existing_repository(path)
    folder = index_folder(repository)
    store = Store(folder)
    commits, edits, skipped = store.counts()
    only = indexed_paths(store)
    size = store.size()
    pending = len(pending_commits(store, reachable_commits(repository)))
    answer = {
        "schema": "codewm.status/1",
        "edits": edits,
        "commits": commits,
        "head": repository.head(),
        "fresh": pending == 0,
        "pending_commits": pending,
        "skipped": skipped,
        "paths": list(only),
        "representation": representation_version(),
        "index": str(folder),
        "index_bytes": size,
    }
    store.close()
    if as_json:
        click.echo(json.dumps(answer))
        return
    state = "up to date" if answer["fresh"] else f"{pending} commits behind: run `codewm-lsp index`"
    click.echo(f"index      {folder} ({size / 1e6:.1f} MB)")
    click.echo(f"holds      {edits} edits of {commits} commits")
    click.echo(f"state      {state}")
    click.echo(f"HEAD       {answer['head'] or 'none yet'}")
    if only:
        click.echo(f"only       {', '.join(only)}")
    if skipped:
        click.echo("skipped    " + ", ".join(f"{reason} {count}" for reason, count in skipped.items()))
    click.echo(
        f"version    representation {answer['representation']} (lexical and structural sketches, no trained model)"
    )
