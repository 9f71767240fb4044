"""The command line: thin, and the only room that prints.

stdout carries results, stderr progress and messages. Commands import the engine when they run, so that `serve`
answers its editor early.
"""

from __future__ import annotations

import sys

import click

from codewm_lsp import __version__
from codewm_lsp.cli.doctor import doctor
from codewm_lsp.cli.evaluate import evaluate
from codewm_lsp.cli.gc import gc
from codewm_lsp.cli.index import index
from codewm_lsp.cli.predict import predict
from codewm_lsp.cli.serve import serve
from codewm_lsp.cli.similar import similar
from codewm_lsp.cli.status import status
from codewm_lsp.cli.transfer import export_, import_
from codewm_model.errors import CodewmError


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="codewm-lsp")
def commands() -> None:
    """Similar past edits from your repository's own history: local, offline, CPU only."""


for command in (index, similar, predict, evaluate, status, doctor, serve, gc, export_, import_):
    commands.add_command(command)


def main() -> None:
    """Run one command and exit with its code (docs/cli.md lists them)."""
    sys.exit(_run())


def _run() -> int:
    try:
        code = commands.main(prog_name="codewm-lsp", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("codewm-lsp: interrupted", err=True)
        return 130
    except CodewmError as error:
        click.echo(f"codewm-lsp: {error}", err=True)
        return error.exit_code
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output went away; nobody is left to tell
        return 1
    return code if isinstance(code, int) else 0
