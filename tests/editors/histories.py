"""Repositories that the editors open: small companies with habits, so that a change has clear precedents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from repositories import ADA, GRACE, Repo, habits

KATHERINE = ("Katherine Johnson", "katherine@example.com")

SERVICE = '''"""The {name} service."""

import requests

BASE = "https://api.example.com/{name}"


def fetch_{one}(session: requests.Session, {one}_id: int) -> dict:
    url = f"{{BASE}}/{{{one}_id}}"
    response = session.get(url{extra})
    response.raise_for_status()
    return response.json()


def delete_{one}(session: requests.Session, {one}_id: int) -> None:
    url = f"{{BASE}}/{{{one}_id}}"
    session.delete(url{extra}).raise_for_status()
'''
CHECK = '''"""Checks of the {name} service."""

from services.{name} import fetch_{one}


def test_fetch_{one}(session) -> None:
    assert fetch_{one}(session, 7) == {{"id": 7}}
    assert session.timeout == {timeout}
'''
SERVICES = {"users": "user", "invoices": "invoice", "carts": "cart", "orders": "order"}
# Who gave which service a timeout, and with what words; nobody has yet thought of the orders.
TIMEOUTS = {
    "users": (ADA, "Users: give up after 30 seconds", 30),
    "invoices": (GRACE, "Invoices: slow months no longer hang the page", 45),
    "carts": (KATHERINE, "Carts: a timeout for each request", 10),
}
BEFORE, AFTER = "session.get(url)", "session.get(url, timeout=20)"
LINE = 10  # of BEFORE in services/orders.py, counted from 1
OTHERS = 12  # commits after each of them that have nothing to do with it


@dataclass(frozen=True)
class Shop:
    """A repository whose past has given one request after the other a timeout; `services/orders.py` has none yet."""

    repo: Repo

    @property
    def root(self) -> Path:
        return self.repo.root

    @property
    def file(self) -> Path:
        """Where the same change is due."""
        return self.root / "services" / "orders.py"


def build_shop(root: Path, *, older: int = 0) -> Shop:
    """The repository; `older` commits of other habits come before everything that is told here."""
    repo = Repo.init(root)
    others = habits(older + OTHERS * len(TIMEOUTS))
    if older:
        repo.history(others[:older])
    repo.commit(
        "Add the services",
        {f"services/{name}.py": _service(name) for name in SERVICES} | {"CHANGES.md": "# Changes\n"},
        author=GRACE,
    )
    changes = "# Changes\n\n"
    for number, (name, (author, subject, seconds)) in enumerate(TIMEOUTS.items()):
        changes += f"- The {name} service answers within {seconds} seconds.\n"
        files = {
            f"services/{name}.py": _service(name, seconds),
            f"tests/test_{name}.py": CHECK.format(name=name, one=SERVICES[name], timeout=seconds),
            "CHANGES.md": changes,
        }
        repo.commit(subject, files, author=author)
        repo.history(others[older + OTHERS * number :][:OTHERS])
    return Shop(repo)


def build_garden(root: Path) -> Repo:
    """Another repository with another habit: each plant's water is measured in litres, but for the fern's."""
    repo = Repo.init(root)
    repo.commit("Plant everything", {f"plants/{name}.py": _plant(name) for name in ("rose", "ivy", "moss", "fern")})
    for name in ("rose", "ivy", "moss"):
        repo.commit(f"Water the {name} in litres", {f"plants/{name}.py": _plant(name, True)}, author=KATHERINE)
    return repo


def _service(name: str, seconds: int | None = None) -> str:
    extra = "" if seconds is None else f", timeout={seconds}"
    return SERVICE.format(name=name, one=SERVICES[name], extra=extra)


def _plant(name: str, in_litres: bool = False) -> str:
    amount = "litres(can.volume)" if in_litres else "can.volume"
    return f'"""The {name}."""\n\n\ndef water_{name}(can, bed):\n    amount = {amount}\n    bed.pour(amount)\n'
