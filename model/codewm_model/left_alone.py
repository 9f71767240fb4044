"""Files that are neither indexed nor asked about, since they hold secrets by their name; and globs over paths.

The list of secrets is part of the interface (docs/protocol.md) and matched against the file's name, without case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase, translate
from pathlib import PurePath

SECRET_GLOBS = (
    ".env", ".env.*", ".envrc", "*.env",
    "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.asc", "*.gpg",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.ppk",
    ".netrc", "_netrc", ".pgpass", ".htpasswd", ".npmrc", ".pypirc", ".git-credentials",
    "credentials", "credentials.json", "secrets.*", "*.tfvars", "*.tfstate",
)  # fmt: skip

# Written by programs, or by somebody else: their edits say nothing about how this repository is edited.
GENERATED_GLOBS = (
    "node_modules/", "bower_components/", "vendor/", "vendored/", "_vendor/", "third_party/", "third-party/",
    "thirdparty/", "site-packages/", ".venv/", "__snapshots__/",
    "*.min.js", "*.min.css", "*.js.map", "*.css.map", "*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*.pb.go", "*.pb.cc",
    "*.pb.h", "*.g.dart", "*.Designer.cs", "*.snap",
    "*.lock", "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "go.sum",
)  # fmt: skip


def holds_secrets(path: PurePath) -> bool:
    """Whether a file's name says that its text must not be read, searched with or shown."""
    name = path.name.lower()
    return any(fnmatchcase(name, glob) for glob in SECRET_GLOBS)


def path_matcher(globs: Sequence[str]) -> Callable[[str], bool]:
    """Whether a path (with `/`, from the repository's root) matches one of `globs`.

    A glob is compared with the names on the path, or, if it holds a `/` before its end, with the path from its
    beginning. What matches a folder matches everything in it, and a `/` at the end matches nothing but folders.
    """
    names = _any_of([glob for glob in globs if "/" not in glob[:-1]])
    paths = _any_of([glob.removeprefix("/") for glob in globs if "/" in glob[:-1]])

    def matches(path: str) -> bool:
        parts = path.split("/")
        folders = [name + "/" for name in parts[:-1]]
        here = "".join(folders)
        ends = [i + 1 for i, letter in enumerate(here) if letter == "/"]
        return any(map(names, [*folders, parts[-1]])) or any(map(paths, [*(here[:end] for end in ends), path]))

    return matches


def _any_of(globs: Sequence[str]) -> Callable[[str], object]:
    """Whether one of `globs` matches a name; a folder's name ends with `/`, which a glob may leave out."""
    if not globs:
        return lambda name: None
    spellings = [spelling for glob in globs for spelling in {glob, glob.rstrip("/") + "[/]"}]
    return re.compile("|".join(map(translate, spellings))).match
