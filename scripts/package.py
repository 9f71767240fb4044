"""`make package`: everything that a release consists of, into dist/: sdist, wheel, and the extension for VS Code.

    python scripts/package.py

The wheel is built from the sdist, so each of them is known to be whole. One commit gives the same bytes every time: the
files' times are that commit's. The extension needs Node 22 or newer: the one on PATH, or the one that
`python scripts/editors_setup.py node` brings.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import wheel_check

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
EXTENSION = ROOT / "vscode-client"
EDITORS = Path(os.environ.get("CODEWM_EDITORS") or ROOT / ".editors").resolve()
NODE = 22  # what vsce wants
LARGEST_EXTENSION = 1_000_000  # bytes


def main() -> int:
    """Build all three; the exit code."""
    if (problem := what_is_missing()) is not None:
        print(f"make package: {problem}", file=sys.stderr)
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    use_the_time_of_the_commit()
    wheel_check.check_contents(wheel_check.build(DIST))
    extension = build_extension()
    for file in sorted(DIST.iterdir()):
        print(f"{file.stat().st_size:>12,} bytes  {file.relative_to(ROOT)}")
    if (size := extension.stat().st_size) > LARGEST_EXTENSION:
        print(f"make package: the extension has {size:,} bytes, more than {LARGEST_EXTENSION:,}", file=sys.stderr)
        return 1
    return 0


def what_is_missing() -> str | None:
    """Why the extension cannot be built, and what mends that; None if it can."""
    if not (EXTENSION / "package.json").is_file():
        return "there is no vscode-client/ here; this needs a clone of the repository"
    if node_folder() is None:
        return (
            f"the extension needs Node {NODE} or newer with npm, and neither PATH nor {EDITORS / 'bin'} has it:"
            " install it, or run `python scripts/editors_setup.py node`"
        )
    return None


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


def use_the_time_of_the_commit() -> None:
    """For whoever packs files; outside of a clone each tool has a fixed time of its own or takes the files'."""
    command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout.strip():
        os.environ.setdefault("SOURCE_DATE_EPOCH", done.stdout.strip())


def build_extension() -> Path:
    """The .vsix in dist/, built with exactly the packages of the lock file."""
    node = node_folder()
    npm = shutil.which("npm", path=node)
    assert node is not None and npm is not None
    os.environ["PATH"] = f"{node}{os.pathsep}{os.environ['PATH']}"
    version = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))["version"]
    made = DIST / f"codewm-lsp-{version}.vsix"
    wheel_check.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], EXTENSION)
    wheel_check.run([npm, "run", "package", "--", "--out", str(made)], EXTENSION)
    return made


if __name__ == "__main__":
    sys.exit(main())
