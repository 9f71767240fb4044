"""What codewm's extension shows in VS Code's window: its item in the status bar, and its view."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from code_server import CodeServer
from playwright.sync_api import Browser, Locator
from workbench import PATIENCE, WITNESS, Workbench, pictures_folder, plain, spaced

WINDOW = {"width": 1200, "height": 720}

# For each text of the view's rows, the contrast with what is behind it: WCAG 2.2, relative luminance.
CONTRASTS = """
rows => {
  const parts = color => color.match(/[\\d.]+/g).map(Number);
  const over = (top, below) => top.slice(0, 3).map((c, i) => c * (top[3] ?? 1) + below[i] * (1 - (top[3] ?? 1)));
  const backgrounds = element => {
    let color = [255, 255, 255];
    const chain = [];
    for (let e = element; e; e = e.parentElement) chain.unshift(e);
    for (const e of chain) color = over(parts(getComputedStyle(e).backgroundColor), color);
    return color;
  };
  const luminance = color => {
    const [r, g, b] = color.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  return rows.flatMap(row => [...row.querySelectorAll('.label-name, .label-description')].map(text => {
    const below = backgrounds(text);
    let opacity = 1;
    for (let e = text; e !== row.parentElement; e = e.parentElement) opacity *= Number(getComputedStyle(e).opacity);
    const color = parts(getComputedStyle(text).color);
    const above = over([...color.slice(0, 3), (color[3] ?? 1) * opacity], below);
    const [dark, light] = [luminance(above), luminance(below)].sort((a, b) => a - b);
    return [text.textContent, (light + 0.05) / (dark + 0.05)];
  }));
}
"""


@dataclass(frozen=True)
class Client(Workbench):
    """A window with the extension in it."""

    titles: Mapping[str, str]
    """The extension's commands by their ids, each as the palette shows it."""

    def run(self, command: str) -> None:
        """Run a command of the extension from the palette."""
        self.command(self.titles[command])

    # The status bar

    @property
    def status_item(self) -> Locator:
        """Our item."""
        return self.page.locator('[id$="codewm.status"]')

    def status(self) -> str:
        """Its text, and what a screen reader says of it."""
        return plain(f"{self.status_item.inner_text()} {self.status_item.get_attribute('aria-label')}")

    def wait_for_status(self, pattern: str, seconds: float = PATIENCE) -> str:
        """Wait until it says something that the pattern finds; all that it says then."""
        return self.until(lambda: (text := self.status()) and re.search(pattern, text, re.IGNORECASE) and text, seconds)

    def statuses(self) -> list[str]:
        """Every text that it has had."""
        return [
            plain(text) for name, text in self.page.evaluate("window.seen.status") if name.endswith("codewm.status")
        ]

    def status_messages(self) -> list[str]:
        """Every passing message that an extension has put into the status bar."""
        seen = self.page.evaluate("window.seen.status")
        return [plain(text) for name, text in seen if name == "status.extensionMessage"]

    # The view

    @property
    def view(self) -> Locator:
        """The tree of "Similar edits"."""
        return self.page.locator('[role="tree"][aria-label*="imilar edits" i]')

    def show_view(self) -> None:
        """Bring it to the front, from the palette, and wide enough."""
        self.run("codewm.showSimilarEdits")
        self.widen_side_bar()

    def offer(self, text: str) -> Locator:
        """A button of the empty view."""
        return self.page.locator(".pane .welcome-view .monaco-button", has_text=spaced(text)).first

    def welcome(self) -> str:
        """What the empty view says."""
        return self.read(self.page.locator(".pane .welcome-view-content"))

    def rows(self) -> list[str]:
        """The rows, as they are seen."""
        return [plain(text) for text in self.view.locator('[role="treeitem"]').all_inner_texts()]

    def levels(self) -> list[tuple[int, str]]:
        """The rows, each with how deep it is, from 1."""
        rows = self.view.locator('[role="treeitem"]').evaluate_all(
            "rows => rows.map(row => [row.getAttribute('aria-level'), row.innerText])"
        )
        return [(int(level), plain(text)) for level, text in rows]

    def labels(self) -> list[str]:
        """The rows, as a screen reader reads them."""
        rows = self.view.locator('[role="treeitem"]').evaluate_all("rows => rows.map(row => row.ariaLabel)")
        return [plain(label or "") for label in rows]

    def row(self, text: str) -> Locator:
        """The first row with a text in it."""
        return self.view.locator('[role="treeitem"]').filter(has_text=spaced(text)).first

    def wait_for_row(self, text: str, seconds: float = PATIENCE) -> Locator:
        """Wait until there is such a row."""
        row = self.row(text)
        self.until(row.is_visible, seconds)
        return row

    def focused_row(self) -> str:
        """The row that the keyboard is at."""
        return self.read(self.view.locator('[role="treeitem"].focused'))

    def go_to_row(self, text: str) -> None:
        """Go there by keyboard."""
        self.command("codewm: Focus on Similar Edits View")
        self.press("Home")
        for _ in range(len(self.rows())):
            if text in self.focused_row():
                return
            self.press("ArrowDown")
            self.page.wait_for_timeout(50)
        raise AssertionError(f"no row {text!r} in {self.rows()}")

    def contrasts(self) -> dict[str, float]:
        """How much each text of the view stands out from what is behind it: 1 not at all, 21 black on white."""
        return dict(self.view.locator('[role="treeitem"]').evaluate_all(CONTRASTS))


OpenVSCode = Callable[..., Client]
"""Opens a workspace in a VS Code of its own; what else it takes is in `conftest.py`."""


@contextmanager
def window(browser: Browser, code: CodeServer, titles: Mapping[str, str]) -> Iterator[Client]:
    """A window on a server, with a witness in it; `open` goes to the workspace."""
    context = browser.new_context(viewport=WINDOW, permissions=["clipboard-read", "clipboard-write"])
    context.add_init_script(WITNESS)
    context.set_default_timeout(PATIENCE * 1000)
    try:
        yield Client(context.new_page(), pictures_folder(), code, titles)
    finally:
        context.close()


def command_titles(extensions: Path) -> dict[str, str]:
    """The commands that the installed extension contributes, each as the palette shows it."""
    (manifest,) = extensions.glob("codewm.codewm-lsp-*/package.json")
    commands = json.loads(manifest.read_text(encoding="utf-8"))["contributes"]["commands"]
    return {one["command"]: f"{one['category']}: {one['title']}" for one in commands}
