"""Which names are never looked into."""

from __future__ import annotations

from pathlib import Path

import pytest

from codewm_model.left_alone import GENERATED_GLOBS, holds_secrets, path_matcher


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


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("docs", "docs/a.txt"),
        ("docs", "src/docs/a.txt"),
        ("docs/", "src/docs/a.txt"),
        ("*.min.js", "static/site.min.js"),
        ("src/docs", "src/docs/a.txt"),
        ("src/docs/", "src/docs/a.txt"),
        ("/docs", "docs/a.txt"),
        ("src/*.txt", "src/docs/a.txt"),
    ],
)
def test_a_glob_matches_names_on_the_path_or_the_path_from_its_beginning(glob: str, path: str) -> None:
    assert path_matcher(["other", glob])(path)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("docs", "docs2/a.txt"),
        ("docs/", "src/docs"),
        ("src/docs", "lib/src/docs/a.txt"),
        ("a", "ab/ba"),
        ("*.py", "a.pyi"),
        ("/docs", "src/docs/a.txt"),
    ],
)
def test_a_glob_does_not_match_its_like(glob: str, path: str) -> None:
    assert not path_matcher(["other", glob])(path)


@pytest.mark.parametrize("path", ["web/node_modules/x/index.js", "api_pb2.py", "poetry.lock", "a/third_party/b.c"])
def test_generated_and_vendored_files_are_known(path: str) -> None:
    assert path_matcher(GENERATED_GLOBS)(path)


def test_a_hostile_glob_takes_no_time() -> None:
    assert not path_matcher(["*a" * 100 + "b"])("a" * 1000)
