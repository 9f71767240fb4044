"""Real editors for the tests of this folder, which `make e2e` runs and `make test` leaves out."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

# Importlib mode does not find helper modules beside the tests by itself. Last, so that it shadows nothing.
sys.path.append(str(Path(__file__).parent))

import vscode
from client import Client, OpenVSCode, command_titles
from command import run
from histories import Shop, build_shop
from workbench import WITNESS, pictures_folder

CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
WINDOW = {"width": 1200, "height": 720}

failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Leave a note for the fixtures: whether the test failed."""
    report = yield
    if report.when == "call":
        item.stash[failed] = report.failed
    return report


@pytest.fixture(scope="session")
def vsix() -> Path:
    """The packaged extension: CODEWM_VSIX, or the one in `dist`."""
    if named := os.environ.get("CODEWM_VSIX"):
        return Path(named).resolve()
    (built,) = (vscode.ROOT / "dist").glob("*.vsix")
    return built


@pytest.fixture(scope="session")
def extensions(vsix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed extension."""
    folder = tmp_path_factory.mktemp("installed") / "extensions"
    vscode.install(vsix, folder)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, the system's."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def open_vscode(
    browser: Browser, extensions: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[OpenVSCode]:
    """A function that opens a workspace in a new VS Code; its options are those of `vscode.start`."""
    opened: list[tuple[vscode.VSCode, Client]] = []

    def open_vscode(workspace: Path, *, extensions: Path = extensions, **options: Any) -> Client:
        code = vscode.start(tmp_path / f"profile-{len(opened)}", workspace, extensions, **options)
        context = browser.new_context(viewport=WINDOW, permissions=["clipboard-read", "clipboard-write"])
        context.add_init_script(WITNESS)
        bench = Client(context.new_page(), pictures_folder(), code, command_titles(extensions))
        opened.append((code, bench))
        bench.open(code.url)
        return bench

    yield open_vscode
    for code, bench in opened:
        if request.node.stash.get(failed, False):
            bench.picture(f"failed-{request.node.name}")
            keep_logs(code, pictures_folder() / f"failed-{request.node.name}")
        bench.page.context.close()
        code.stop()


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A repository without an index."""
    return build_shop(tmp_path / "shop")


@pytest.fixture
def indexed_shop(shop: Shop) -> Shop:
    """The same with one."""
    assert run("index", shop.root).code == 0
    return shop


def keep_logs(code: vscode.VSCode, folder: Path) -> None:
    """Copy what VS Code and the extension logged."""
    for log in (code.folder / "data" / "logs").rglob("*.log"):
        if log.stat().st_size and ("exthost" in log.parts[-2] or "codewm" in str(log.relative_to(code.folder))):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(log, folder / log.name)
