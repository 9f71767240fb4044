"""Writes the version into every file that names it: `python scripts/set_version.py 1.2.3`; without one, prints it.

`codewm_lsp/__init__.py` is where it is read from, also by pyproject.toml; `tests/test_version.py` sees to it that the
other places agree. The heading in CHANGELOG.md is left to people: it tells what a version is.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NUMBER = r"\d+\.\d+\.\d+"

# What stands before the version in each file, as a pattern; the first place alone counts.
PLACES = (
    ("codewm_lsp/__init__.py", r'^__version__ = "'),
    ("README.md", r"^\*\*What stands today\*\* \("),
    ("docs/architecture.md", r"^Last updated: [\d-]+, version "),
    ("vscode-client/package.json", r'^  "version": "'),
    ("vscode-client/package-lock.json", r'^  "version": "'),
    ("vscode-client/package-lock.json", r'^    "": \{\n      "name": "[^"]*",\n      "version": "'),
)


def main() -> int:
    """Write or print; the exit code."""
    if len(sys.argv) == 1:
        print(versions()[0][1])
        return 0
    if len(sys.argv) != 2 or not re.fullmatch(NUMBER, sys.argv[1]):
        print("usage: set_version.py [MAJOR.MINOR.PATCH]", file=sys.stderr)
        return 2
    for path, pattern in places():
        changed = pattern.sub(lambda found: found[1] + sys.argv[1], path.read_text(encoding="utf-8"), count=1)
        path.write_text(changed, encoding="utf-8")
    return 0


def versions() -> list[tuple[str, str]]:
    """Each file that names the version, with the one that it names; empty where it names none."""
    found = [(path, pattern.search(path.read_text(encoding="utf-8"))) for path, pattern in places()]
    return [(path.relative_to(ROOT).as_posix(), match[2] if match else "") for path, match in found]


def places() -> list[tuple[Path, re.Pattern[str]]]:
    """The files that are there; two groups of the pattern: what stands before the version, and the version."""
    patterns = [(ROOT / name, re.compile(f"({before})({NUMBER})", re.MULTILINE)) for name, before in PLACES]
    return [(path, pattern) for path, pattern in patterns if path.is_file()]


if __name__ == "__main__":
    sys.exit(main())
