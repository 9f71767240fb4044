"""`codewm-lsp predict`: what is usually done to code like this."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codewm_lsp.cli.options import existing_repository, json_option, note, verbosity

if TYPE_CHECKING:
    from codewm_lsp.engine.predict import Prediction


class _Place(click.ParamType[tuple[Path, int]]):
    """FILE:LINE, the line 1-based; a file's name may hold colons itself."""

    name = "FILE:LINE"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Path, int]:
        file, _, line = str(value).rpartition(":")
        if not file or not line.isascii() or not line.isdigit() or not int(line):
            self.fail(f"{value!r} is no FILE:LINE, as in src/app.py:12", param, ctx)
        return Path(file), int(line)


@click.command()
@click.argument("place", type=_Place())
@click.option("-k", "count", type=click.IntRange(1, 20), default=5, show_default=True, help="Kinds of edits.")
@json_option
@verbosity
def predict(place: tuple[Path, int], count: int, as_json: bool) -> int:
    """Show the likeliest edits of the code at FILE:LINE, by the model and by this repository's past.

    Each kind comes with how likely it is and past edits that show it, where there are any. The exit code is 1 if no
    past edit was found.
    """
    from codewm_lsp.engine.dismissed import Dismissals
    from codewm_lsp.engine.encoder import Encoder
    from codewm_lsp.engine.predict import Predictor
    from codewm_lsp.engine.store import Store, index_folder
    from codewm_model.languages import language_of

    path, line = place
    repository = existing_repository(path)
    if not path.is_file():
        raise click.BadParameter(f"{path} is no file", param_hint="FILE:LINE")
    store = Store(index_folder(repository))
    try:
        if language_of(path.name) is None:
            note(f"{path.name}: there is no grammar for it, so nothing can be told")
            found: list[Prediction] = []
        else:
            source = path.read_text(encoding="utf-8", errors="replace")
            dismissed = Dismissals(repository).load()
            found = Predictor(Encoder.default(), store).predict_at(source, line, count, dismissed)
    finally:
        store.close()
    if as_json:
        answer = {"schema": "codewm.predict/1", "line": line, "predictions": [one.to_json() for one in found]}
        click.echo(json.dumps(answer, ensure_ascii=True))
    else:
        _print(found)
    return 0 if any(one.edits for one in found) else 1


def _print(found: list[Prediction]) -> None:
    from rich.console import Console
    from rich.text import Text

    from codewm_lsp.cli.hits import heading, place

    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for rank, prediction in enumerate(found, 1):
        console.print(Text.assemble((f"{rank:3}. {prediction.label}", "bold"), (f"   {prediction.score:.0%}", "dim")))
        if not prediction.edits:
            console.print(Text("     no past edit of code like this shows it", style="dim"))
        for hit in prediction.edits:
            console.print(Text.assemble("     ", heading(hit)))
            console.print(Text(f"       {place(hit)}   {hit.action}   similarity {hit.similarity:.2f}", style="dim"))
