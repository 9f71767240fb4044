"""The page, opened: what the tests here share."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "build" / "docs"


@dataclass
class Opened:
    """A page, what it asked for, and what went wrong in it."""

    page: Page
    requests: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def door(self, expression: str) -> Any:
        """The value of a JavaScript expression in which `codewm` is the page's door for tests."""
        return self.page.evaluate(f"(async () => {{ const codewm = window.codewm; return {expression}; }})()")

    def settled(self) -> None:
        """Wait until what is on the screen is of the texts that are on the screen."""
        self.page.locator("#status", has_text="ms").wait_for()
        self.page.wait_for_timeout(50)
        self.page.locator("#status", has_text="ms").wait_for()


def pictures_folder() -> Path:
    """Where the screenshots go: CODEWM_PICTURES, or `build/pictures`."""
    folder = Path(os.environ.get("CODEWM_PICTURES") or ROOT / "build" / "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
