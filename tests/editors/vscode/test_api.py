"""What codewm is to VS Code's own API: the tests of `extension_host/`, run where extensions run."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import code_server
import pytest
from command import run
from histories import build_shop
from playwright.sync_api import Browser

TESTS = Path(__file__).parent / "extension_host"
NAMES = [
    name
    for file in sorted(TESTS.glob("*.test.js"))
    for name in re.findall(r"^exports\['(.+)'\]", file.read_text(), re.M)
]
RESULT = "codewm-test "
SECONDS = 180


@pytest.fixture(scope="module")
def results(browser: Browser, extensions: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What went wrong in each test that was run; empty where nothing did."""
    folder = tmp_path_factory.mktemp("api")
    shop = build_shop(folder / "shop")
    assert run("index", shop.root).code == 0
    code = code_server.start(folder / "profile", shop.root, extensions, smoke_test=True)
    context = browser.new_context()
    page = context.new_page()
    printed: list[str] = []
    ended: list[int] = []
    page.expose_function("codeAutomationLog", lambda kind, words: printed.extend(map(str, words)))
    page.expose_function("codeAutomationExit", lambda status, logs: ended.append(status))
    here = f"vscode-remote://127.0.0.1:{code.port}{TESTS}"
    payload = [["extensionDevelopmentPath", here], ["extensionTestsPath", f"{here}/run.js"]]
    try:
        page.goto(f"{code.url}&payload={quote(json.dumps(payload))}")
        for _ in range(SECONDS * 10):
            if ended:
                break
            page.wait_for_timeout(100)
        assert ended == [0], "\n".join(printed)
        told = (json.loads(text.removeprefix(RESULT)) for text in printed if text.startswith(RESULT))
        yield {one["name"]: one["problem"] or "" for one in told}
    finally:
        context.close()
        code.stop()


@pytest.mark.parametrize("name", NAMES)
def test_in_the_extension_host(results: dict[str, str], name: str) -> None:
    assert results[name] == ""
