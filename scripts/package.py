"""`make package`: everything that a release consists of, into dist/: sdist, wheel, and the extension for VS Code.

    python scripts/package.py

The wheel is built from the sdist, so each of them is known to be whole. One commit gives the same bytes every time: the
files' times are that commit's. What the extension needs is said in `scripts/extension.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import extension
import wheel_check

DIST = extension.ROOT / "dist"
LARGEST_EXTENSION = 1_000_000  # bytes


def main() -> int:
    """Build all three; the exit code."""
    if (problem := extension.what_is_missing()) is not None:
        print(f"make package: {problem}", file=sys.stderr)
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    use_the_time_of_the_commit()
    wheel_check.check_contents(wheel_check.build(DIST))
    size = extension.build(DIST).stat().st_size
    for file in sorted(DIST.iterdir()):
        print(f"{file.stat().st_size:>12,} bytes  {file.relative_to(extension.ROOT)}")
    if size > LARGEST_EXTENSION:
        print(f"make package: the extension has {size:,} bytes, more than {LARGEST_EXTENSION:,}", file=sys.stderr)
        return 1
    return 0


def use_the_time_of_the_commit() -> None:
    """For whoever packs files; outside of a clone each tool has a fixed time of its own or takes the files'."""
    command = ["git", "-C", str(extension.ROOT), "log", "-1", "--format=%ct"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout.strip():
        os.environ.setdefault("SOURCE_DATE_EPOCH", done.stdout.strip())


if __name__ == "__main__":
    sys.exit(main())
