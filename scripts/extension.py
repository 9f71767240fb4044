"""`make extension-check`: the types, the style and the tests of vscode-client/ that need no editor.

    python scripts/extension.py

It needs Node 22 or newer with npm: the one on PATH, or the one that `python scripts/editors_setup.py node` brings.
`make package` builds the .vsix with what is here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import wheel_check

ROOT = Path(__file__).resolve().parent.parent
EXTENSION = ROOT / "vscode-client"
EDITORS = Path(os.environ.get("CODEWM_EDITORS") or ROOT / ".editors").resolve()
NODE = 22  # what vsce wants
CHECKS = ("check", "lint", "test")  # scripts of vscode-client/package.json


def main() -> int:
    """Run all checks; the exit code. The output of one that fails is shown."""
    if (problem := what_is_missing()) is not None:
        print(f"make extension-check: {problem}", file=sys.stderr)
        return 1
    install_packages()
    for check in CHECKS:
        npm("run", "--silent", check)
    print(f"vscode-client: {', '.join(CHECKS)} passed")
    return 0


def what_is_missing() -> str | None:
    """Why nothing can be done with the extension, and what mends that; None if all is there."""
    if not (EXTENSION / "package.json").is_file():
        return "there is no vscode-client/ here; this needs a clone of the repository"
    if node_folder() is None:
        return (
            f"the extension needs Node {NODE} or newer with npm, and neither PATH nor {EDITORS / 'bin'} has it:"
            " install it, or run `python scripts/editors_setup.py node`"
        )
    return None


def install_packages() -> None:
    """Exactly the packages of the lock file; none of them runs a script of its own."""
    npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")


def build(folder: Path) -> Path:
    """The .vsix, made in `folder`."""
    install_packages()
    version = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))["version"]
    made = folder / f"codewm-lsp-{version}.vsix"
    npm("run", "package", "--", "--out", str(made))
    return made


def npm(*arguments: str, folder: Path = EXTENSION, environment: Mapping[str, str] = os.environ) -> None:
    """Run npm in a folder, the extension's for one, with a Node that is new enough."""
    node = node_folder()
    program = shutil.which("npm", path=node)
    assert node is not None and program is not None
    path = f"{node}{os.pathsep}{environment['PATH']}"
    wheel_check.run([program, *arguments], folder, {**environment, "PATH": path})


def node_folder() -> Path | None:
    """Where a Node lies that is new enough, with npm beside it."""
    for found in (shutil.which("node"), shutil.which("node", path=EDITORS / "bin")):
        if found is None or shutil.which("npm", path=Path(found).parent) is None:
            continue
        done = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
        version = re.match(r"v(\d+)\.", done.stdout)
        if version is not None and int(version[1]) >= NODE:
            return Path(found).parent
    return None


if __name__ == "__main__":
    sys.exit(main())
