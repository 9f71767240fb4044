"""A small repository with a habit: its history gives one request after the other a timeout."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

# Importlib mode does not find the raw client, a module beside the tests, by itself.
sys.path.insert(0, str(Path(__file__).parent))

from wire import Wire

AUTHOR = "Ada Lovelace"
OPEN_FILE = "services/orders.py"
MODULE = '''"""{title} service."""

import requests


def fetch_{name}(session, {name}_id):
    url = f"https://api.example.com/{name}/{{{name}_id}}"
    response = session.get(url{extra})
    response.raise_for_status()
    return response.json()


def describe_{name}(record):
    label = record["label"]
    count = len(record["items"])
    return f"{{label}}: {{count}}"
'''
UNRELATED = """class Matrix{number}:
    def __init__(self, rows):
        self.rows = rows

    def transpose(self):
        return Matrix{number}([list(column) for column in zip(*self.rows)])
"""


@dataclass(frozen=True)
class Place:
    """A work tree, and the buffer that the tests edit in it."""

    root: Path

    @property
    def file(self) -> Path:
        return self.root / OPEN_FILE

    @property
    def uri(self) -> str:
        return self.file.as_uri()

    @property
    def text(self) -> str:
        return self.file.read_text()


def module(name: str, extra: str = "") -> str:
    return MODULE.format(name=name, title=name.title(), extra=extra)


def git(root: Path, *arguments: str, author: str = AUTHOR, day: int = 1) -> None:
    date = f"2024-03-{day:02d}T12:00:00+0000"
    identity = {"NAME": author, "EMAIL": "ada@example.com", "DATE": date}
    environment = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in identity.items()}
    subprocess.run(
        ["git", "-c", "init.defaultBranch=main", *arguments],
        cwd=root, check=True, capture_output=True, env={**os.environ, **environment},
    )  # fmt: skip


def commit(root: Path, subject: str, day: int, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    git(root, "add", "--all")
    git(root, "commit", "--message", subject, day=day)


@pytest.fixture(scope="session")
def unindexed(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The repository without an index."""
    root = tmp_path_factory.mktemp("shop")
    git(root, "init")
    names = ["users", "invoices", "carts", "orders"]
    commit(root, "Add the services", 1, {f"services/{name}.py": module(name) for name in names})
    for day, name in enumerate(names[:3], start=2):
        fixed = {f"services/{name}.py": module(name, ", timeout=30")}
        commit(root, f"Give the {name} request a timeout", day, fixed)
        commit(root, f"Add matrix {day}", day + 10, {f"lib/matrix{day}.py": UNRELATED.format(number=day)})
    return Place(root)


@pytest.fixture(scope="session")
def indexed(unindexed: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A clone of the repository with its index, as `codewm-lsp index` builds it."""
    root = tmp_path_factory.mktemp("indexed") / "shop"
    git(unindexed.root, "clone", "--quiet", ".", str(root))
    subprocess.run([sys.executable, "-m", "codewm_lsp", "index", "-q", str(root)], check=True)
    return Place(root)


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A server process on a raw connection."""
    with Wire() as client:
        yield client
