"""docs/cli.md, written from the commands themselves: `python -m codewm_lsp.cli.reference > docs/cli.md`."""

from __future__ import annotations

import inspect

import click

from codewm_lsp.cli import commands

HEAD = """\
# Command line

<!-- Written by `python -m codewm_lsp.cli.reference`; a test compares. -->

stdout carries the result, stderr carries progress and messages; the progress bar shows on a terminal only. `--json`
prints one JSON object. `NO_COLOR` in the environment turns colours off.
"""

EXIT_CODES = {
    0: "done; also for an empty or shallow repository, with a note on stderr, and for `doctor` when all is well",
    1: "`similar` found nothing",
    2: "the command line was wrong",
    3: "there is no index, it is damaged, cannot be written, or another process is writing it; or a file is no index",
    4: "not a git repository, or git cannot read it",
    5: "git is missing or older than 2.31",
    6: "another version or model wrote the index: `codewm-lsp index` makes it anew; or the model is missing or damaged",
    7: "a dependency is missing: hnswlib needs a C++ compiler to install",
    70: "something that should not happen; please report it",
    130: "interrupted",
}

COMPLETION = """\
## Shell completion

For bash (4.4 or newer), in `~/.bashrc`:

    eval "$(_CODEWM_LSP_COMPLETE=bash_source codewm-lsp)"

For zsh, in `~/.zshrc`:

    eval "$(_CODEWM_LSP_COMPLETE=zsh_source codewm-lsp)"

For fish, once:

    _CODEWM_LSP_COMPLETE=fish_source codewm-lsp > ~/.config/fish/completions/codewm-lsp.fish
"""


def reference() -> str:
    """The whole page."""
    context = click.Context(commands, info_name="codewm-lsp", **commands.context_settings)
    parts = [HEAD, _options("", commands, context)]
    for name in commands.list_commands(context):
        command = commands.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context)
        usage = " ".join(["codewm-lsp", name, *command.collect_usage_pieces(inner)])
        parts.append(f"## {name}\n\n    {usage}\n\n{inspect.cleandoc(command.help or '')}\n")
        parts.append(_options(name, command, inner))
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    parts += [f"## Exit codes\n\n| code | meaning |\n|---|---|\n{codes}", COMPLETION]
    return "\n".join(parts)


def _options(name: str, command: click.Command, context: click.Context) -> str:
    options = [parameter for parameter in command.get_params(context) if isinstance(parameter, click.Option)]
    rows = "".join(f"| `{_spelled(option)}` | {_meaning(option)} |\n" for option in options)
    return f"| option{'' if name else ' without a command'} | meaning |\n|---|---|\n{rows}"


def _spelled(option: click.Option) -> str:
    value = "" if option.is_flag else " " + (option.metavar or "N")
    return ", ".join(option.opts) + value


def _meaning(option: click.Option) -> str:
    notes = []
    if isinstance(option.type, click.IntRange) and option.type.max is not None:
        notes.append(f"{option.type.min} to {option.type.max}")
    if option.show_default:
        notes.append(f"default {option.default}")
    text = " ".join((option.help or "").split()).replace("|", "\\|")
    return text + (f" ({', '.join(notes)})" if notes else "")


if __name__ == "__main__":
    click.echo(reference(), nl=False)
