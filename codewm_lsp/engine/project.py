"""The table `[tool.codewm]` of a repository's pyproject.toml: settings that travel with the code."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from codewm_model.errors import ProjectFileError

NAME = "pyproject.toml"
_LARGEST = 1 << 20  # bytes


def project_table(folder: Path) -> dict[str, Any]:
    """The table in `folder`'s file; empty where there is none.

    Raises:
        ProjectFileError: the file cannot be read, is no TOML, or the table is something else.
    """
    path = folder / NAME
    try:
        if not path.is_file():  # nor a pipe or a device, which a hostile repository may link to
            return {}
        if path.stat().st_size > _LARGEST:
            raise ProjectFileError(f"{path} is too large to be read")
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("codewm", {})
    except (OSError, ValueError, RecursionError, AttributeError) as error:
        raise ProjectFileError(f"{path} cannot be read: {error}") from error
    if not isinstance(table, dict):
        raise ProjectFileError(f"{path}: tool.codewm must be a table")
    return table
