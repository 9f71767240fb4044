"""How a command of the trainer ends when something is wrong: one line for people, and an exit code."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from codewm_model.errors import CodewmError


def reported(command: Callable[..., None]) -> Callable[..., None]:
    """Errors that are meant for people end the command with their message and exit code."""

    @functools.wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except CodewmError as error:
            click.echo(f"codewm-train: {error}", err=True)
            sys.exit(error.exit_code)

    return wrapped
