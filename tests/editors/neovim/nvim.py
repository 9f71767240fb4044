"""A real Neovim without a window: started with a configuration, told what to do, asked what it shows.

It runs as people run it, with its own event loop; each order is a message from outside.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from histories import AFTER, BEFORE, LINE

ROOT = Path(__file__).resolve().parents[3]
PLUGIN = ROOT / "nvim-client"
TOOLS = Path(os.environ.get("CODEWM_EDITORS") or ROOT / ".editors")
PROGRAMS = Path(sys.executable).parent  # where `codewm-lsp` is
PATIENCE = 60.0  # seconds; a busy machine is no failure

# What the user guide says: the plugin, and one line that enables its server.
INIT = f"""
vim.opt.runtimepath:append({json.dumps(str(PLUGIN))})
vim.lsp.enable('codewm')
"""


def program() -> Path:
    """Neovim: of the folder for tests, or else the one on PATH."""
    ours = TOOLS / "bin" / "nvim"
    found = str(ours) if ours.exists() else shutil.which("nvim")
    assert found, "there is no Neovim: python scripts/editors_setup.py neovim"
    return Path(found)


class Neovim:
    """A running Neovim. `folder` is where it keeps its own files."""

    def __init__(
        self,
        folder: Path,
        *files: Path,
        cwd: Path,
        init: str = INIT,
        env: Mapping[str, str] | None = None,
        path: Sequence[Path] = (PROGRAMS,),
    ) -> None:
        folder.mkdir(parents=True)
        self.socket = folder / "socket"
        (folder / "init.lua").write_text(init)
        homes = {f"XDG_{name}_HOME": str(folder / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
        places = os.pathsep.join([*map(str, path), os.environ["PATH"]])
        self.env = {**os.environ, **homes, "PATH": places, **(env or {})}
        self.log = Path(homes["XDG_STATE_HOME"]) / "nvim" / "lsp.log"
        command = [
            str(program()),
            "--clean",
            "--headless",
            "-u",
            str(folder / "init.lua"),
            "--listen",
            str(self.socket),
        ]
        self.stderr = (folder / "stderr").open("wb")
        self.process = subprocess.Popen(
            [*command, *map(str, files)], cwd=cwd, env=self.env, stdin=subprocess.DEVNULL, stderr=self.stderr
        )
        self._until(self.socket.exists, "Neovim does not start")

    def lua(self, body: str) -> Any:
        """Run Lua, and give what it returns, which JSON must be able to say."""
        encoded = "(function(value) return vim.json.encode(value == nil and vim.NIL or value) end)"
        code = f"{encoded}((function() {body}\nend)())".replace("'", "''")
        return json.loads(self.expression(f"luaeval('{code}')"))

    def expression(self, text: str) -> str:
        """The value of a Vim expression."""
        done = subprocess.run(
            [str(program()), "--server", str(self.socket), "--remote-expr", text],
            env=self.env, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == 0 and not done.stderr.startswith("E"), f"{text}: {done.stderr}"
        return done.stdout

    def command(self, text: str) -> None:
        """Run an Ex command. Its failure fails the test."""
        self.lua(f"vim.cmd({json.dumps(text)})")

    def keys(self, text: str) -> None:
        """Type."""
        done = subprocess.run([str(program()), "--server", str(self.socket), "--remote-send", text], env=self.env)
        assert done.returncode == 0

    def wait(self, body: str, seconds: float = PATIENCE) -> Any:
        """What Lua returns as soon as that is neither nil nor false nor an empty string."""
        found: list[Any] = []

        def ask() -> bool:
            found.append(self.lua(body))
            return bool(found[-1])

        self._until(ask, f"in vain: {body}", seconds)
        return found[-1]

    def lines(self) -> list[str]:
        """The text of the current buffer."""
        lines: list[str] = self.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)")
        return lines

    def close_preview(self) -> None:
        """Close the preview by its key, once it is there."""
        self.wait("return vim.api.nvim_win_get_config(0).relative == 'editor'")
        self.keys("q")
        self.wait("return vim.api.nvim_win_get_config(0).relative == ''")

    def messages(self) -> str:
        """All that was said so far."""
        return str(self.lua("return vim.fn.execute('messages')"))

    def wait_for_message(self, words: str, seconds: float = PATIENCE) -> str:
        """The messages, as soon as they have these words."""
        self._until(lambda: words in self.messages(), lambda: f"not said: {words!r}, but {self.messages()!r}", seconds)
        return self.messages()

    def wait_for_server(self) -> None:
        """Until the current buffer has its server."""
        self.wait("return #require('codewm.server').clients(vim.api.nvim_get_current_buf()) > 0")

    def stop(self) -> None:
        """End it, whatever it is doing."""
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.stderr.close()

    def _until(self, is_true: Any, problem: Any, seconds: float = PATIENCE) -> None:
        end = time.monotonic() + seconds
        while not is_true():
            assert self.process.poll() is None, "Neovim has ended"
            assert time.monotonic() < end, problem() if callable(problem) else problem
            time.sleep(0.2)


OpenNeovim = Callable[..., Neovim]


def give_it_a_timeout(neovim: Neovim) -> None:
    """Make the change that the shop's past has made elsewhere, and leave the cursor on it."""
    neovim.command(f"{LINE}s/{BEFORE}/{AFTER}/")
