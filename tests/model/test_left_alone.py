"""Which names are never looked into."""

from __future__ import annotations

from pathlib import Path

import pytest

from codewm_model.left_alone import holds_secrets


@pytest.mark.parametrize(
    "name",
    [
        ".env",
        ".env.local",
        ".ENV",
        "prod.env",
        "server.pem",
        "id_rsa",
        "id_ed25519.pub",
        "key.P12",
        ".netrc",
        "secrets.yaml",
    ],
)
def test_secrets_are_left_alone(name: str) -> None:
    assert holds_secrets(Path("/repo") / name)


@pytest.mark.parametrize("name", ["id_mapping.py", "environment.py", "keys.py", "secrets_test.py", "env.py", "pem.py"])
def test_code_about_them_is_not(name: str) -> None:
    assert not holds_secrets(Path("/repo/.env.d") / name)
