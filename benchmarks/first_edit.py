"""How long it takes from the packaged extension to the first similar edit on the screen, in a real VS Code.

    python benchmarks/first_edit.py REPO [--vsix FILE] [--json]

REPO, a work tree or a bare repository with Python files, is cloned, and the clone has no index. The clock starts before
the extension is installed. Then VS Code starts, the clone is opened, a function's signature is changed, the view
"Similar edits" is shown and its button that makes an index is pressed; it stops when the view has a row, while the rest
is being indexed. No path is typed and no setting made: the server is found on PATH. `make e2e`, once, sets up what this
needs. The unit is seconds; there is no peer, for nothing else answers this question.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.table import Table

# The window is driven by what drives it in the tests, and changed as the demo changes files.
sys.path.append(str(Path(__file__).parents[1] / "tests" / "editors" / "vscode"))
sys.path.append(str(Path(__file__).parents[1] / "scripts"))

import code_server
from client import Client, command_titles, window
from demo import Change, possible_changes
from workbench import launch


def main() -> int:
    """Read the options, measure, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repo", type=Path, metavar="REPO")
    parser.add_argument("--vsix", type=Path, help="the packaged extension (default: the one in dist/)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    vsix = options.vsix or next(iter((code_server.ROOT / "dist").glob("*.vsix")), None)
    if vsix is None:
        print("first_edit: there is no extension in dist/; run `make package`", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="codewm-first-edit-") as folder:
        clone = Path(folder) / "clone"
        if subprocess.run(["git", "clone", "--quiet", str(options.repo), str(clone)], check=False).returncode != 0:
            return 4
        change = next(possible_changes(clone), None)
        if change is None:
            print("first_edit: REPO has no Python function to change", file=sys.stderr)
            return 2
        result = measure(vsix.resolve(), clone, change, Path(folder))
    print(json.dumps(result)) if options.json else show(result)
    return 0


def measure(vsix: Path, clone: Path, change: Change, folder: Path) -> dict[str, Any]:
    """The whole way once, with the time at which each step was done."""
    steps: dict[str, float] = {}
    with sync_playwright() as playwright:
        browser = launch(playwright)
        begun = time.monotonic()

        def done(step: str) -> None:
            steps[step] = round(time.monotonic() - begun, 1)

        code_server.install(vsix, folder / "extensions")
        done("extension installed")
        code = code_server.start(folder / "profile", clone, folder / "extensions")
        try:
            with window(browser, code, command_titles(folder / "extensions")) as client:
                progress = walk(client, change, done)
        finally:
            code.stop()
            browser.close()
    return {
        "name": "first_edit",
        "n": 1,
        "unit": "seconds from before the extension is installed to a similar edit on the screen",
        "ours": steps["similar edit on the screen"],
        "peers": {},
        "ratio": None,
        "steps": steps,
        "indexed_by_then": progress,
        "changed": f"{change.path}:{change.number + 1}",
    }


def walk(client: Client, change: Change, done: Any) -> str:
    """Open, change, index, see; how far the index was when the first row was seen, as the status bar has it."""
    client.open()
    done("repository opened")
    client.open_file(Path(change.path).name, change.path)
    client.replace_line(change.number + 1, change.line.strip())
    done("line changed")
    client.show_view()
    client.offer("Index").click()
    client.until(lambda: len(client.rows()) > 0, seconds=600)
    done("similar edit on the screen")
    found = re.search(r"indexing (\d+/\d+)", client.status())
    client.picture("first-edit")
    return found[1] if found else "all"


def show(result: dict[str, Any]) -> None:
    """The steps as a table."""
    table = Table(
        title=f"VS Code, {result['changed']} changed", caption=f"commits indexed: {result['indexed_by_then']}"
    )
    table.add_column("step")
    table.add_column("after s", justify="right")
    for step, seconds in result["steps"].items():
        table.add_row(step, f"{seconds:.1f}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
