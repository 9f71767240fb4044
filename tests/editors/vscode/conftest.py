"""VS Code for the tests of this folder: the packaged extension, installed, and Chromium to look at it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

# Importlib mode does not find helper modules beside the tests by itself. Last, so that it shadows nothing.
sys.path.append(str(Path(__file__).parent))

import code_server
from client import Client, OpenVSCode, command_titles, window
from workbench import launch, pictures_folder

failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Leave a note for the fixtures: whether the test failed, or what it needs."""
    report = yield
    item.stash[failed] = item.stash.get(failed, False) or report.failed
    return report


@pytest.fixture(scope="session")
def vsix() -> Path:
    """The packaged extension: CODEWM_VSIX, or the one in `dist`."""
    if named := os.environ.get("CODEWM_VSIX"):
        return Path(named).resolve()
    (built,) = (code_server.ROOT / "dist").glob("*.vsix")
    return built


@pytest.fixture(scope="session")
def extensions(vsix: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the installed extension."""
    folder = tmp_path_factory.mktemp("installed") / "extensions"
    code_server.install(vsix, folder)
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium, the system's."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture
def open_vscode(
    browser: Browser, extensions: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[OpenVSCode]:
    """A function that opens a workspace in a new VS Code; its options are those of `code_server.start`."""
    opened: list[Client] = []
    with ExitStack() as stack:

        def open_vscode(workspace: Path, *, extensions: Path = extensions, **options: Any) -> Client:
            code = code_server.start(tmp_path / f"profile-{len(opened)}", workspace, extensions, **options)
            stack.callback(code.stop)
            bench = stack.enter_context(window(browser, code, command_titles(extensions)))
            opened.append(bench)
            bench.open()
            return bench

        yield open_vscode
        if request.node.stash.get(failed, False):
            for bench in opened:
                bench.picture(f"failed-{request.node.name}")
                keep_logs(bench.code, pictures_folder() / f"failed-{request.node.name}")


def keep_logs(code: code_server.CodeServer, folder: Path) -> None:
    """Copy what the extension and its host logged."""
    for log in (code.folder / "data" / "logs").rglob("*.log"):
        if log.stat().st_size and ("exthost" in log.parts[-2] or "codewm" in str(log.relative_to(code.folder))):
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(log, folder / log.name)
