"""VS Code's window as a person uses it: keys, the palette, the editor, the view, the status bar, notifications."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from code_server import CodeServer
from playwright.sync_api import Browser, Error, Locator, Page, Playwright

PATIENCE = 60.0  # seconds; two cores, and other tests beside this one
SECONDS_FOR_AN_ACTION = 10.0
QUICK_ROWS = ".quick-input-list .monaco-list-row"
FOCUSED = f"{QUICK_ROWS}.focused"
# Notes every notification that was ever shown, and every text that an item of the status bar ever had, in the page
# itself: what comes and goes between two looks counts too.
WITNESS = """
window.seen = {notifications: [], status: []};
const shown = new Map();
new MutationObserver(changes => {
  for (const change of changes)
    for (const node of change.addedNodes)
      if (node.nodeType === 1)
        for (const part of [node, ...node.querySelectorAll('.notification-list-item-message')])
          if (part.matches('.notification-list-item-message')) window.seen.notifications.push(part.textContent);
  const items = [...document.querySelectorAll('.statusbar-item[id]')];
  for (const id of shown.keys()) if (!items.some(item => item.id === id)) shown.delete(id);
  for (const {id, textContent: text} of items)
    if (text && shown.get(id) !== text) {
      shown.set(id, text);
      window.seen.status.push([id, text]);
    }
}).observe(document, {subtree: true, childList: true, characterData: true});
"""

Found = TypeVar("Found")


@dataclass(frozen=True)
class Workbench:
    """One window. What it reads has ordinary spaces: the page's are not."""

    page: Page
    pictures: Path
    code: CodeServer

    def open(self) -> None:
        """Go to the workspace and wait until it is there."""
        self.page.goto(self.code.url)
        self.page.wait_for_selector(".monaco-workbench .part.statusbar", timeout=PATIENCE * 1000)
        self.page.wait_for_selector(".monaco-workbench .explorer-folders-view", timeout=PATIENCE * 1000)

    # Keys

    def press(self, *keys: str) -> None:
        """Press keys, one after the other: `Control+p`."""
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        """Type as a person does, into whatever has the focus."""
        self.page.keyboard.type(text, delay=5)

    def command(self, title: str) -> None:
        """Run a command by its title in the palette."""
        self.press("F1")
        self.choose(title)

    def choose(self, text: str, *, typed: str = "") -> None:
        """Type into the quick input that is open, and take the row that says exactly `text`."""
        self.page.locator(".quick-input-widget input").first.wait_for()
        self.type(typed or text)

        def is_focused() -> bool:
            if plain(self.page.locator(f"{FOCUSED} .label-name").first.inner_text(timeout=500)) == text:
                return True
            if text in self.read(self.page.locator(f"{QUICK_ROWS} .label-name")).splitlines():
                self.press("ArrowDown")
            return False

        self.until(is_focused)
        self.press("Enter")

    def offers(self, text: str) -> list[str]:
        """What the palette has under a text, without taking any of it."""
        self.press("F1")
        self.page.locator(".quick-input-widget input").first.wait_for()
        self.type(text)
        names = self.page.locator(f"{QUICK_ROWS} .label-name")
        found = self.settled(lambda: self.read(names).splitlines())
        self.press("Escape")
        return found

    # The editor

    def open_file(self, name: str, path: str = "") -> None:
        """Open a file of the workspace by its name, or by its path where several have that name."""
        self.press("Control+p")
        self.choose(name, typed=path)
        self.page.locator(f'.editor-group-container.active .tab.active[data-resource-name="{name}"]').wait_for()
        self.page.locator(".editor-group-container.active .monaco-editor .view-line").first.wait_for()

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the cursor there, both counted from 1."""
        self.press("Control+g")
        self.choose_number(f"{line}:{column}")

    def choose_number(self, text: str) -> None:
        """Into the quick input that asks for a line."""
        self.page.locator(".quick-input-widget input").first.wait_for()
        self.type(text)
        self.press("Enter")

    def replace_line(self, number: int, text: str) -> None:
        """Go to a line and type another text in its place, indentation kept."""
        self.go_to(number)
        self.press("Home", "Shift+End")
        self.type(text)

    @property
    def editor(self) -> Locator:
        """The text of the active editor."""
        return self.page.locator(".editor-group-container.active .monaco-editor .view-lines").last

    def text(self) -> str:
        """What the active editor shows of its document, top to bottom."""
        lines = self.editor.locator(".view-line").evaluate_all(
            "lines => lines.map(line => [parseFloat(line.style.top), line.textContent])"
        )
        return "\n".join(plain(line) for _, line in sorted(lines))

    def read(self, place: Locator) -> str:
        """Everything that stands in a place, be it in several elements."""
        return "\n".join(plain(text) for text in place.all_inner_texts())

    def notifications(self) -> list[str]:
        """Every notification that was shown since the page was opened."""
        return [plain(text) for text in self.page.evaluate("window.seen.notifications")]

    def actions_here(self) -> list[str]:
        """Open the menu of code actions at the cursor; its entries."""
        menu = self.page.locator(".action-widget .monaco-list-row")
        if menu.count() == 0:
            self.press("Control+.")
            self.page.wait_for_timeout(500)
        return [plain(text) for text in menu.all_inner_texts()]

    def takes_action(self, text: str, done: Callable[[], bool]) -> bool:
        """Choose a code action at the cursor; whether it is `done` soon.

        The menu is drawn anew when its entries are resolved, and a click at that moment closes it and is lost.
        """
        if any(text in entry for entry in self.actions_here()):
            self.page.locator(".action-widget .monaco-list-row", has_text=spaced(text)).click()
        deadline = time.monotonic() + SECONDS_FOR_AN_ACTION
        while not (found := done()) and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
        return found

    def menu_entry(self, text: str) -> Locator:
        """An entry of the context menu that is open."""
        return self.page.locator(".monaco-menu .action-item", has_text=spaced(text))

    def trust(self) -> None:
        """Trust the workspace, in the editor that asks for it."""
        self.command("Workspaces: Manage Workspace Trust")
        self.page.locator(".workspace-trust-editor .monaco-button", has_text="Trust").first.click()

    def widen_side_bar(self, width: int = 520) -> None:
        """Drag its edge, so that rows can be read to their ends."""
        box = self.page.locator(".part.sidebar").bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + box["width"] + 2, box["y"] + 300)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + width, box["y"] + 300, steps=5)
        self.page.mouse.up()
        self.page.mouse.move(box["x"] + width + 300, 5)  # where nothing reacts

    # Waiting and pictures

    def until(self, ask: Callable[[], Found], seconds: float = PATIENCE) -> Found:
        """Ask until the answer is true; fail with the last one after some time."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = ask()
            except Error as error:  # what was asked about is not there, or was drawn anew
                found, problem = None, error
            else:
                problem = None
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"still {found!r} after {seconds:g} s ({problem})")
            self.page.wait_for_timeout(50)

    def settled(self, ask: Callable[[], Found], quiet: float = 0.5) -> Found:
        """Ask until the answer has been the same for a while."""
        last, since = ask(), time.monotonic()
        while time.monotonic() - since < quiet:
            self.page.wait_for_timeout(50)
            if (now := ask()) != last:
                last, since = now, time.monotonic()
        return last

    def picture(self, name: str) -> None:
        """A screenshot, for people to look at."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=self.pictures / f"{name}.png", animations="disabled", caret="initial")


def launch(playwright: Playwright) -> Browser:
    """Headless Chromium, the system's, which looks nothing up by itself."""
    flags = [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
    ]  # fmt: skip
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)


def plain(text: str) -> str:
    """With ordinary spaces."""
    return text.replace("\xa0", " ").replace("\u200b", "")


def spaced(text: str) -> re.Pattern[str]:
    """The text with whatever spaces the page has."""
    return re.compile(r"\s+".join(map(re.escape, text.split())))


def pictures_folder() -> Path:
    """Where the screenshots go: CODEWM_PICTURES, or `build/pictures`."""
    return Path(os.environ.get("CODEWM_PICTURES") or Path(__file__).resolve().parents[3] / "build" / "pictures")
