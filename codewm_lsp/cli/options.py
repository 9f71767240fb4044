"""Options that several commands share."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from codewm_model.errors import NotARepositoryError
from codewm_model.git import Repository

Command = Callable[..., Any]


def verbosity(command: Command) -> Command:
    """Add -q and -v; what is logged goes to stderr."""
    quiet = click.option(
        "-q", "--quiet", is_flag=True, expose_value=False, callback=_quiet, help="Only errors on stderr."
    )
    verbose = click.option(
        "-v", "--verbose", is_flag=True, expose_value=False, callback=_verbose, help="Log what is done to stderr."
    )
    return quiet(verbose(command))


json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object with a stable schema.")


def existing_repository(path: Path) -> Repository:
    """The repository that `path` lies in; a mistyped path is not taken for its folder."""
    if not path.exists():
        raise NotARepositoryError(f"{path}: no such file or folder")
    return Repository.open(path)


def note(message: str) -> None:
    """Tell a person something on stderr, unless --quiet."""
    if not click.get_current_context().meta.get("quiet"):
        click.echo(message, err=True)


def is_quiet() -> bool:
    """Whether --quiet was given, or nobody watches stderr."""
    return bool(click.get_current_context().meta.get("quiet")) or not sys.stderr.isatty()


def epoch(repository: Repository, date: str) -> int:
    """A date as git understands it ("2 weeks ago", 2024-05-01) in seconds since the epoch; 0 for none."""
    if not date:
        return 0
    answer = repository.run("rev-parse", f"--since={date}").decode().strip()
    return int(answer.rpartition("=")[2] or 0)


def _quiet(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.meta["quiet"] = True


def _verbose(_: click.Context, __: click.Parameter, value: bool) -> None:
    if value:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
