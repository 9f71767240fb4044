"""`codewm-lsp gc`: make the index as small as what it holds."""

from __future__ import annotations

import json
from pathlib import Path

import click

from codewm_lsp.cli.options import existing_repository, json_option, verbosity


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=".")
@json_option
@verbosity
def gc(path: Path, as_json: bool) -> None:
    """Tidy up the index of the repository at PATH and say how much that freed.

    Drops the vectors of edits that are gone, and files that nothing reads, and compacts the database. Searches go on
    meanwhile.
    """
    from codewm_lsp.engine.tidy import tidy_index

    tidied = tidy_index(existing_repository(path))
    freed = tidied.before - tidied.after
    if as_json:
        click.echo(
            json.dumps(
                {
                    "schema": "codewm.gc/1",
                    "bytes_before": tidied.before,
                    "bytes_after": tidied.after,
                    "freed_bytes": freed,
                    "removed_vectors": tidied.removed,
                }
            )
        )
        return
    click.echo(
        f"freed {max(freed, 0) / 1e6:.1f} MB of {tidied.before / 1e6:.1f} MB;"
        f" {tidied.removed} vectors of edits that are gone"
    )
