"""`make docs` and `make docs-check`: the page of docs/demo, and what must hold of it.

    python scripts/docs.py [--bundle FOLDER] [--check]

Builds it into build/docs, with the model of the bundle (default: the one that ships). With `--check` its types, style
and unit tests come first; those hold its TypeScript against our Python on some hundred edits. It needs Node 22 or newer
with npm, as `make extension-check` does, and the extra `docs`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import time
from pathlib import Path

import docs_data
import docs_vectors
import extension

from codewm_lsp.engine.default_bundle import SHIPPED
from codewm_model.errors import CodewmError

PAGE = docs_data.PAGE
BUILD = extension.ROOT / "build"
OUT, DATA, VECTORS = BUILD / "docs", BUILD / "docs-data", BUILD / "docs-vectors.json"
CHECKS = ("check", "lint", "test")  # scripts of docs/demo/package.json
LARGEST = 15_000_000  # bytes of the page with the model


def main() -> int:
    """Build, and check if that was asked for; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, default=SHIPPED, metavar="FOLDER", help="default: the one that ships")
    parser.add_argument("--check", action="store_true", help="types, style and unit tests first")
    options = parser.parse_args()
    if (problem := extension.what_is_missing()) is not None:
        print(f"make docs: {problem}", file=sys.stderr)
        return 1
    install_packages()
    try:
        docs_data.write(DATA / "data", options.bundle.absolute())
        if options.check:
            check(options.bundle.absolute())
    except CodewmError as error:
        print(f"make docs: {error}", file=sys.stderr)
        return error.exit_code
    return build()


def check(bundle: Path) -> None:
    """Types, style, unit tests; the output of one that fails is shown."""
    start = time.monotonic()
    count = docs_vectors.write(VECTORS, bundle)
    print(f"{count} edits described by Python in {time.monotonic() - start:.0f} s")
    for script in CHECKS:
        npm("run", "--silent", script)
    print(f"docs/demo: {', '.join(CHECKS)} passed")


def build() -> int:
    """The page into build/docs; the exit code."""
    npm("run", "--silent", "build", "--", "--outDir", str(OUT), "--emptyOutDir")
    size = sum(file.stat().st_size for file in OUT.rglob("*") if file.is_file())
    print(f"{size:>12,} bytes  {OUT.relative_to(extension.ROOT)}")
    if size > LARGEST:
        print(f"make docs: the page has more than {LARGEST:,} bytes", file=sys.stderr)
        return 1
    return 0


def install_packages() -> None:
    """Exactly the packages of the lock file, unless they are there already; none of them runs a script of its own."""
    stamp, lock = PAGE / "node_modules" / ".installed", (PAGE / "package-lock.json").read_bytes()
    wanted = hashlib.sha256(lock).hexdigest()
    if not stamp.is_file() or stamp.read_text() != wanted:
        npm("ci", "--ignore-scripts", "--no-audit", "--no-fund")
        stamp.write_text(wanted)


def npm(*arguments: str) -> None:
    """Run npm in the page's folder, which learns from variables where the build's files are."""
    places = {"CODEWM_DOCS_DATA": str(DATA), "CODEWM_DOCS_VECTORS": str(VECTORS)}
    extension.npm(*arguments, folder=PAGE, environment=os.environ | places)


if __name__ == "__main__":
    sys.exit(main())
