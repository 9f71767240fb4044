"""A fixer's rules run over files whose local names mean nothing: each fix, applied alone, is one labelled edit."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from codewm_model.edit import Edit, edit_between, split_lines
from codewm_model.errors import DependencyError
from codewm_model.git import BlobReader, Repository
from codewm_train.renaming import rename_locals

RUFF = "0.17.6"  # its rules are data: another version makes other edits
# Whole families of ruff's stable fixable rules. Left out: what only formats, sorts or moves imports, or touches
# comments and docstrings; and of rules that make one change in different places (RET505 to 508), all but one.
SELECT = (
    "ANN201,ASYNC,B,C4,E711,E712,E713,E714,E731,EM,F,FA,FLY,FURB,G,ISC,LOG,PERF,PIE,PLC,PLE,PLR,PLW,PT,PTH,PYI,"
    "RET,RSE,RUF,SIM,T20,TC006,TRY,UP"
)
IGNORE = "FA102,ISC002,PLR2044,RET506,RET507,RET508,RUF022,RUF023,RUF028,RUF100,RUF101,RUF102,RUF103"
TARGET = "py312"

MAX_CHARACTERS = 150_000
_IMPORT = re.compile(r"\s*(import|from)\b")


@dataclass(frozen=True)
class RuleEdit:
    """One labelled edit, made in the file `blob` of `repository` ("owner/name") once its locals were renamed."""

    rule: str
    repository: str
    blob: str
    edit: Edit

    @property
    def file(self) -> tuple[str, str]:
        """What counts as one file: the name without its folder, for files move between revisions."""
        return self.repository, PurePosixPath(self.edit.path).name


def require_ruff() -> None:
    """Raise DependencyError unless the fixer is the version whose rules the protocol was made with."""
    try:
        found = metadata.version("ruff")
    except metadata.PackageNotFoundError:
        found = "not installed"
    if found != RUFF:
        raise DependencyError(
            f"the same-rule test needs ruff {RUFF}, and it is {found}: pip install 'codewm-lsp[train]'"
        )


def fixes(
    name: str, clone: Repository, files: Iterable[tuple[str, str]], seed: int = 0
) -> Iterator[tuple[str, RuleEdit]]:
    """Every single fix of every rule in these files, (path, blob), of a repository; the file's own text beside it.

    The new names depend on the seed and the blob alone, so that one file's edits are the same whatever else is read.
    Files that are too large, not UTF-8 or not today's Python are passed over.
    """
    require_ruff()
    originals: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder, BlobReader(clone) as reader:
        for path, blob in files:
            try:
                text = "\n".join(split_lines((reader.read(blob) or b"").decode())) + "\n"
                renamed = rename_locals(text, random.Random(f"{seed} {blob}")) if len(text) <= MAX_CHARACTERS else ""
            except (UnicodeDecodeError, SyntaxError, ValueError, RecursionError):
                continue  # a file of Python 2, or not quite Python: no rule can run on it
            Path(folder, f"{len(originals)}.py").write_text(renamed, encoding="utf-8", newline="")
            originals.append((path, blob, text))
        found = _diagnose(folder)
        texts = {file: Path(file).read_text(encoding="utf-8") for file in {item["filename"] for item in found}}
    for diagnostic in found:
        path, blob, text = originals[int(Path(diagnostic["filename"]).stem)]
        edit = apply_fix(texts[diagnostic["filename"]], diagnostic, path)
        if edit is not None:
            yield text, RuleEdit(diagnostic["code"], name, blob, edit)


def apply_fix(source: str, diagnostic: dict[str, Any], path: str) -> Edit | None:
    """One diagnostic's fix, alone, as one hunk; None if it changes nothing but imports elsewhere.

    Imports that a fix adds or drops at another place are left out: they are not what the rule is about.
    """
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    after = source
    for change in sorted(diagnostic["fix"]["edits"], key=_start, reverse=True):
        (row, column), (end_row, end_column) = _start(change), _end(change)
        begin, end = starts[row - 1] + column - 1, starts[end_row - 1] + end_column - 1
        imports = _IMPORT.match(change["content"] or source[starts[row - 1] : end])
        if imports and not (row <= _end(diagnostic)[0] and end_row >= _start(diagnostic)[0]):
            continue
        after = after[:begin] + change["content"] + after[end:]
    edit = edit_between(source, after, path)
    return edit if edit.removed or edit.added else None


def _diagnose(folder: str) -> list[dict[str, Any]]:
    """What ruff finds and can mend, with the text changes of each fix."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--ignore-noqa", "--unsafe-fixes"]
    command += ["--exit-zero", "--quiet", "--target-version", TARGET, "--output-format", "json"]
    done = subprocess.run([*command, "--select", SELECT, "--ignore", IGNORE, folder], capture_output=True, check=True)
    found = [item for item in json.loads(done.stdout) if item["fix"] and item["fix"]["applicability"] != "display"]
    return sorted(found, key=lambda item: (int(Path(item["filename"]).stem), item["code"], _start(item), _end(item)))


def _start(item: dict[str, Any]) -> tuple[int, int]:
    return item["location"]["row"], item["location"]["column"]


def _end(item: dict[str, Any]) -> tuple[int, int]:
    return item["end_location"]["row"], item["end_location"]["column"]
