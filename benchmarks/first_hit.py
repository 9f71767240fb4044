"""How long from the start of Neovim, in a fresh clone, until the first similar past edit is in the quickfix list?

    python benchmarks/first_hit.py REPO [--nvim PROGRAM] [--runs N] [--json]

REPO is cloned into a temporary folder and has no index. Neovim starts with the two lines of docs/neovim.md, on the
largest Python file that the newest commits touched; `:CodeWM index` is run at once, a function gets one parameter more,
and `:CodeWM! similar` is asked again every half second until the list has an entry. `ours` are the seconds from the
start of the process, the median of the runs; `ready` the seconds until the whole index is there. Peer:
`codewm-lsp index` alone, on another clone.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

PLUGIN = Path(__file__).resolve().parents[1] / "nvim-client"
PATIENCE = 600  # seconds for the whole index
INIT = """
vim.opt.runtimepath:append({plugin})
vim.lsp.enable('codewm')
"""
# Each file that it writes marks a moment; the clock is outside.
SCRIPT = """
vim.cmd('CodeWM index')
local line = vim.fn.search([[^ *def \\w\\+(.*):$]], 'w')
vim.fn.setline(line, (vim.fn.getline(line):gsub('%)([^)]*:)$', ', extra: int = 0)%1', 1)))
local is_first, is_ready = false, false
vim.api.nvim_create_autocmd('User', { pattern = 'CodeWMStatus', callback = function(event)
  if event.data.state == 'ready' and not is_ready then
    is_ready = true
    vim.fn.writefile({ '' }, vim.env.CODEWM_READY)
  end
end })
local function ask()
  if #vim.fn.getqflist() > 0 then
    is_first = true
    return vim.fn.writefile({ vim.fn.getqflist()[1].text }, vim.env.CODEWM_FIRST)
  end
  vim.cmd('silent CodeWM! similar')
  vim.defer_fn(ask, 500)
end
ask()
vim.defer_fn(function()
  vim.wait(600000, function() return is_first and is_ready end, 50)
  vim.cmd('qa!')
end, 100)
"""


def main() -> int:
    """Read the options, measure, print; the exit code, 1 if there was no hit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--nvim", default="nvim", metavar="PROGRAM", help="Neovim 0.11 or newer (default: nvim)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="how many (default: 3)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    firsts, readies, peers, text = [], [], [], ""
    for _ in range(options.runs):
        with tempfile.TemporaryDirectory(prefix="codewm-first-hit-") as folder:
            first, ready, text = one_run(options.repo, Path(folder), options.nvim)
            firsts.append(first)
            readies.append(ready)
            peers.append(peer(options.repo, Path(folder)))
    ours, whole, alone = (statistics.median(values) for values in (firsts, readies, peers))
    if options.json:
        result = {"name": "first hit in Neovim", "n": options.runs, "ours": ours, "worst": max(firsts)}
        print(json.dumps({**result, "ready": whole, "peers": {"codewm-lsp index": alone}, "ratio": ours / alone}))
        return 0
    table = Table("", "seconds, median", "worst", title=f"{options.repo}, {options.runs} runs")
    for name, values in (("first hit", firsts), ("whole index", readies), ("codewm-lsp index", peers)):
        table.add_row(name, f"{statistics.median(values):.1f}", f"{max(values):.1f}")
    Console().print(table, text)
    return 0


def one_run(repo: Path, folder: Path, nvim: str) -> tuple[float, float, str]:
    """Seconds until the first hit and until the index is whole, and the first hit's line."""
    clone = clone_of(repo, folder / "clone")
    init, script, first, ready = (folder / name for name in ("init.lua", "script.lua", "first", "ready"))
    init.write_text(INIT.format(plugin=json.dumps(str(PLUGIN))))
    script.write_text(SCRIPT)
    homes = {f"XDG_{name}_HOME": str(folder / name) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    marks = {"CODEWM_FIRST": str(first), "CODEWM_READY": str(ready)}
    begin = time.time()
    subprocess.run(
        [nvim, "--clean", "--headless", "-u", str(init), str(newest_file(clone)), "-S", str(script)],
        cwd=clone, env={**os.environ, **homes, **marks, "PATH": places}, check=True, timeout=PATIENCE,
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return first.stat().st_mtime - begin, ready.stat().st_mtime - begin, first.read_text().strip()


def peer(repo: Path, folder: Path) -> float:
    """Seconds of the command line for the same index."""
    clone = clone_of(repo, folder / "peer")
    begin = time.monotonic()
    subprocess.run([sys.executable, "-m", "codewm_lsp", "index", "-q", str(clone)], check=True)
    return time.monotonic() - begin


def clone_of(repo: Path, folder: Path) -> Path:
    """A fresh clone."""
    subprocess.run(["git", "clone", "--quiet", "--no-local", str(repo), str(folder)], check=True)
    return folder


def newest_file(clone: Path) -> Path:
    """The largest of the Python files that the newest 30 commits touched and that are still there."""
    log = ["git", "-C", str(clone), "log", "--max-count=30", "--name-only", "--format=", "--", "*.py"]
    names = subprocess.run(log, check=True, capture_output=True, text=True).stdout.split()
    return max((clone / name for name in names if (clone / name).exists()), key=lambda file: file.stat().st_size)


if __name__ == "__main__":
    sys.exit(main())
