"""Files that are neither indexed nor asked about: those that hold secrets by their name.

The list is part of the interface (docs/protocol.md) and matched against the file's name, without case.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePath

SECRET_GLOBS = (
    ".env", ".env.*", ".envrc", "*.env",
    "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx", "*.asc", "*.gpg",
    "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "*.ppk",
    ".netrc", "_netrc", ".pgpass", ".htpasswd", ".npmrc", ".pypirc", ".git-credentials",
    "credentials", "credentials.json", "secrets.*", "*.tfvars", "*.tfstate",
)  # fmt: skip


def holds_secrets(path: PurePath) -> bool:
    """Whether a file's name says that its text must not be read, searched with or shown."""
    name = path.name.lower()
    return any(fnmatchcase(name, glob) for glob in SECRET_GLOBS)
