"""A small repository with a habit: its history gives one request after the other a timeout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from repositories import Repo

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
CALL = 7  # the line of `session.get(url)` in a module, counted from 0
FIXED = ("users", "invoices", "carts")


@dataclass(frozen=True)
class Shop:
    """The repository, and the buffer that the tests edit in it: the one module that has no timeout yet."""

    repo: Repo

    @property
    def root(self) -> Path:
        return self.repo.root

    @property
    def file(self) -> Path:
        return self.root / "services" / "orders.py"

    @property
    def uri(self) -> str:
        return self.file.as_uri()

    @property
    def text(self) -> str:
        return self.file.read_text()

    @property
    def with_timeout(self) -> str:
        """The text after the edit that the history has made elsewhere."""
        return self.text.replace("session.get(url)", "session.get(url, timeout=60)")

    def clone(self, root: Path) -> Shop:
        """A copy with a work tree of its own, without the index."""
        root.parent.mkdir(parents=True, exist_ok=True)
        self.repo.git("clone", "--quiet", ".", str(root))
        return Shop(Repo(root, self.repo.clock))


def module(name: str, extra: str = "") -> str:
    """One service, with `extra` arguments to its request."""
    return MODULE.format(name=name, title=name.title(), extra=extra)


def build_shop(root: Path) -> Shop:
    """The repository with its history."""
    repo = Repo.init(root)
    repo.commit("Add the services", {f"services/{name}.py": module(name) for name in (*FIXED, "orders")})
    for number, name in enumerate(FIXED):
        repo.commit(f"Give the {name} request a timeout", {f"services/{name}.py": module(name, ", timeout=30")})
        repo.commit(f"Add matrix {number}", {f"lib/matrix{number}.py": UNRELATED.format(number=number)})
    return Shop(repo)
