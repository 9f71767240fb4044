"""`codewm-lsp serve`: the language server."""

from __future__ import annotations

import click

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@click.command()
@click.option("--stdio", is_flag=True, help="Speak over standard input and output (the default; editors pass it).")
@click.option("--tcp", metavar="HOST:PORT", help="Listen for one client on a loopback address instead, for debugging.")
def serve(stdio: bool, tcp: str | None) -> int:
    """Run the language server."""
    from codewm_lsp.server.app import run

    if tcp is None:
        return run()
    if stdio:
        raise click.UsageError("--stdio and --tcp exclude each other")
    host, _, port = tcp.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if host not in _LOOPBACK:
        raise click.BadParameter(f"{host} is no loopback address ({', '.join(_LOOPBACK)})", param_hint="--tcp")
    if not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{port!r} is no port", param_hint="--tcp")
    return run((host, int(port)))
