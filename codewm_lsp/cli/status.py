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

    repository = existing_repository(path)
    folder = index_folder(repository)
    store = Store(folder)
    commits, edits, skipped = store.counts()
    only = indexed_paths(store)
    size = store.size()
    bundle = store.bundle
    model = bundle.config
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
        "representation": model.representation,
        "model": {
            "name": model.name,
            "id": bundle.id,
            "parameters": model.parameters,
            "learned_weight": {"key": model.learned_weight.key, "score": model.learned_weight.score},
            "folder": str(bundle.folder),
        },
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
    click.echo(f"model      {model.name} {bundle.id}, {model.parameters / 1e6:.2f} M parameters, in {bundle.folder}")
    weight = model.learned_weight
    click.echo(f"weight     {weight.key:g} of the key and {weight.score:g} of the score are the model's")
    click.echo(f"version    representation {model.representation}")
