"""A real VS Code: code-server on a loopback port, with a profile of its own and the packaged extension.

Its workbench and its extension host are those of the desktop; Electron is not there.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
TOOLS = Path(os.environ.get("CODEWM_EDITORS") or ROOT / ".editors")
PROGRAMS = Path(sys.executable).parent  # where `codewm-lsp` is
NOWHERE = "http://127.0.0.1:9/"  # no test asks a gallery for anything

# Nothing here is about codewm: what would ask, advertise, look things up elsewhere or move on the screen is off.
QUIET = {
    "chat.disableAIFeatures": True,
    "editor.minimap.enabled": False,
    "extensions.autoCheckUpdates": False,
    "extensions.autoUpdate": False,
    "extensions.ignoreRecommendations": True,
    "files.autoSave": "off",  # in a browser it is on, and no buffer would stay unsaved
    "git.enabled": False,
    "security.workspace.trust.enabled": False,
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "window.autoDetectColorScheme": False,
    "window.title": "${activeEditorShort}${separator}${rootName}",
    "workbench.colorTheme": "Default Dark Modern",
    "workbench.reduceMotion": "on",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": False,
}


@dataclass
class CodeServer:
    """A running server. `folder` holds its profile, `url` opens the workspace."""

    folder: Path
    workspace: Path
    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        """The page with the workspace in it."""
        kind = "workspace" if self.workspace.suffix == ".code-workspace" else "folder"
        return f"http://127.0.0.1:{self.port}/?{kind}={self.workspace}"

    def stop(self) -> None:
        """End the server and all that it started."""
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(timeout=10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def descendants(self) -> list[int]:
        """The ids of the processes that it started, and of those that they did."""
        children: dict[int, list[int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
        found = [self.process.pid]
        for pid in found:
            found += children.get(pid, [])
        return found[1:]

    def language_servers(self) -> list[int]:
        """The ids of the running `codewm-lsp serve` processes."""
        return [pid for pid in self.descendants() if is_language_server(pid)]


def is_language_server(pid: int) -> bool:
    """Whether a process is `codewm-lsp serve`, however it was started."""
    try:
        words = (Path("/proc") / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return False
    return "serve" in words and any("codewm" in word for word in words[: words.index("serve")])


def install(vsix: Path, extensions: Path) -> str:
    """Install a packaged extension as a person would; what VS Code says to it."""
    folder = extensions.parent / "installer"
    command = [*_code_server(folder, extensions), "--install-extension", str(vsix)]
    environment = _environment(folder, os.environ["PATH"])
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def start(
    folder: Path,
    workspace: Path,
    extensions: Path,
    *,
    settings: Mapping[str, Any] | None = None,
    path: str = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
    smoke_test: bool = False,
) -> CodeServer:
    """Start VS Code on a workspace, with a new profile in `folder` and the installed `extensions`.

    `settings` and `path`, which is PATH, are the user's; without one `codewm-lsp` is found. With `smoke_test`
    the page takes a `payload` query, and shows no notifications.
    """
    user = folder / "data" / "User"
    user.mkdir(parents=True)
    (user / "settings.json").write_text(json.dumps({**QUIET, **(settings or {})}))
    own = folder / "extensions"
    shutil.copytree(extensions, own)
    port = _free_port()
    command = [
        *_code_server(folder, own),
        "--auth=none", f"--bind-addr=127.0.0.1:{port}", "--ignore-last-opened", "--reconnection-grace-time=2",
        "--disable-telemetry", "--disable-update-check", "--disable-getting-started-override",
    ]  # fmt: skip
    if smoke_test:
        command += ["--vscode-option", "enable-smoke-test-driver"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=_environment(folder, path),
        )
    server = CodeServer(folder, workspace, port, process)
    deadline = time.monotonic() + 60
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            server.stop()
            raise AssertionError((folder / "server.log").read_text(errors="replace"))
        time.sleep(0.05)
    return server


def _code_server(folder: Path, extensions: Path) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    config.write_text("auth: none\n")
    return [
        str(TOOLS / "bin" / "code-server"), f"--config={config}", f"--user-data-dir={folder / 'data'}",
        f"--extensions-dir={extensions}",
    ]  # fmt: skip


def _environment(folder: Path, path: str) -> dict[str, str]:
    """What a person's session would be like: VS Code asks the login shell for PATH."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    (home / ".profile").write_text(f"export PATH={shlex.quote(path)}\n")
    gallery = {
        "serviceUrl": NOWHERE,
        "itemUrl": NOWHERE,
        "resourceUrlTemplate": NOWHERE + "{publisher}/{name}/{version}/{path}",
        "controlUrl": "",
        "recommendationsUrl": "",
    }
    own = {"HOME": str(home), "SHELL": "/bin/bash", "PATH": path, "EXTENSIONS_GALLERY": json.dumps(gallery)}
    return {**os.environ, **own}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
            return True
    except OSError:
        return False
