"""How long a visitor of the page in build/docs waits: for the first prediction, and after each change.

    python benchmarks/page.py [--runs N] [--letters N] [--json]

Needs `make docs`, the extra `editors`, and Chromium. The page lies on a file server of this machine. A run opens it
in a browser without a cache and takes the time from the start of the navigation to the first prediction on the
screen; peer is an empty page on the same server, to its load event. Then letters are typed into both texts of one
example: the time goes from a letter's arrival to all that is shown of it. The unit is milliseconds, `ours` and
`peers` are medians of the load, `next` has the median and the 95th percentile of the letters, `bytes` what the page
and the model weigh.
"""

from __future__ import annotations

import argparse
import functools
import json
import shutil
import statistics
import sys
import tempfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.table import Table

BUILT = Path(__file__).resolve().parent.parent / "build" / "docs"
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def main() -> int:
    """Read the options, measure, print; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10, help="loads that count (default: 10)")
    parser.add_argument("--letters", type=int, default=100, help="letters that are typed in all (default: 100)")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    options = parser.parse_args()
    if not (BUILT / "index.html").is_file():
        print("page: there is no build/docs: run `make docs`", file=sys.stderr)
        return 2
    result = measure(options.runs, options.letters)
    print(json.dumps(result)) if options.json else show(result)
    return 0


def measure(runs: int, letters: int) -> dict[str, Any]:
    """All figures; the first run, which starts the browser's processes, is not counted."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(BUILT, Path(folder, "page"))
        Path(folder, "empty.html").write_text("<!doctype html><title>empty</title>\n")
        with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                loads, floor, typed = visits(f"http://127.0.0.1:{server.server_port}", runs, letters)
            finally:
                server.shutdown()
                thread.join()
    ours, peers = statistics.median(loads), statistics.median(floor)
    return {
        "name": "page", "n": len(loads), "ours": ours, "peers": {"empty page": peers}, "ratio": ours / peers,
        "slowest": max(loads),
        "next": {"n": len(typed), "p50": statistics.median(typed), "p95": statistics.quantiles(typed, n=20)[-1]},
        "bytes": sum(file.stat().st_size for file in BUILT.rglob("*") if file.is_file()),
    }  # fmt: skip


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


def visits(site: str, runs: int, letters: int) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of the loads, of those of the empty page, and of the letters."""
    loads, floor, typed = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for run in range(runs + 1):
            empty, (first, following) = (
                load_empty(browser, f"{site}/empty.html"),
                visit(browser, f"{site}/page/", -(-letters // runs)),
            )
            if run:
                loads.append(first)
                floor.append(empty)
                typed += following
        browser.close()
    return loads, floor, typed


def load_empty(browser: Browser, address: str) -> float:
    """Until an empty page has loaded."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.wait_for_timeout(100)
    loaded = float(page.evaluate(LOADED))
    context.close()
    return loaded


def visit(browser: Browser, address: str, letters: int) -> tuple[float, list[float]]:
    """Until the first prediction; and for each letter, typed into both texts in turn."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(address)
    page.locator("#status", has_text="ready").wait_for()
    page.wait_for_timeout(500)
    for number in range(letters):
        page.locator(("#before", "#after")[number % 2] + " .cm-content").focus()
        page.wait_for_timeout(150)
        before = page.evaluate("window.codewm.times.next.length")
        page.keyboard.type("x")
        while page.evaluate("window.codewm.times.next.length") == before:
            page.wait_for_timeout(20)
    times = page.evaluate("window.codewm.times")
    context.close()
    return float(times["first"]), [float(time) for time in times["next"][1:]]


def show(result: dict[str, Any]) -> None:
    """As a table."""
    table = Table(
        title=f"docs/demo, {result['bytes'] / 1e6:.1f} MB, {result['n']} loads, {result['next']['n']} changes"
    )
    for column in ("", "ms"):
        table.add_column(column, justify="right" if column else "left")
    table.add_row("first prediction (median)", f"{result['ours']:.0f}")
    table.add_row("first prediction (slowest)", f"{result['slowest']:.0f}")
    table.add_row("an empty page (median)", f"{result['peers']['empty page']:.0f}")
    table.add_row("next prediction (median)", f"{result['next']['p50']:.0f}")
    table.add_row("next prediction (95th percentile)", f"{result['next']['p95']:.0f}")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
