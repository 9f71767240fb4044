"""Shards: the edits of one source, in a folder that is there whole or not at all.

Edits reach the disk as they come, so a shard of any size takes the memory of one edit. A shard that is there is
never read or written again, which is why a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from types import TracebackType
from typing import Any, Self
from zlib import crc32

import numpy as np
import numpy.typing as npt

from codewm_model.errors import CodewmError
from codewm_train.arrays import EditWriter, mapped

PARTIAL = ".partial"  # how the names of folders end that are not whole yet
_ABOUT = "shard.json"
_LABELS = ("commit", "signature", "path", "place")
_ARRAYS = ("before", "before_at", "after", "after_at", "actions", *_LABELS)


@dataclass(frozen=True)
class Source:
    """Where edits come from: a repository's name, licence and commit; or a file's name, licences and digest."""

    name: str
    licence: str
    revision: str


@dataclass(frozen=True)
class ShardInfo:
    """What a shard says of itself; `skipped` counts what was passed over while it was made, by reason."""

    source: Source
    edits: int
    skipped: Counter[str] = field(default_factory=Counter)


class ShardWriter:
    """Writes a shard to `path`; inside the block `folder` is where it is made, under a name of its own.

    Left by an error it leaves nothing; killed it leaves a folder that `remove_partial` knows. If somebody else has
    finished the same shard meanwhile, theirs stays.
    """

    def __init__(self, path: Path, source: Source) -> None:
        self._path, self._source = path, source
        self.skipped: Counter[str] = Counter()
        self.folder = Path(mkdtemp(PARTIAL, f"{path.name}.", path.parent))
        self.folder.chmod(0o755)  # as any other folder: mkdtemp's are its owner's alone
        self._edits = EditWriter(self.folder, _LABELS)
        self._commit, self._commits = "", 0

    def __len__(self) -> int:
        return len(self._edits)

    def add(
        self,
        repository: str,
        commit: str,
        place: tuple[str, str],
        before: npt.NDArray[np.uint16],
        after: npt.NDArray[np.uint16],
        action: npt.NDArray[Any],
        signature: int,
    ) -> None:
        """One edit: whence, its path and symbol, its sides `[P, 4]`, its action `[A]` and the hash of its shape.

        A commit's edits come together.
        """
        self._commits += commit != self._commit
        self._commit = commit
        path, symbol = place
        self._edits.add(
            before,
            after,
            action,
            commit=self._commits - 1,
            signature=signature,
            path=_hash(repository, path),
            place=_hash(repository, f"{path}\n{symbol}"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._edits.__exit__(kind, error, trace)
        if kind is None:
            about = {**asdict(self._source), "edits": len(self), "skipped": self.skipped}
            (self.folder / _ABOUT).write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
            try:
                self.folder.rename(self._path)
                return
            except OSError:
                if not self._path.is_dir():
                    raise
        shutil.rmtree(self.folder, ignore_errors=True)


def shard_info(path: Path) -> ShardInfo | None:
    """What the shard says of itself; None if there is none.

    Raises:
        CodewmError: it is damaged.
    """
    if not path.is_dir():
        return None
    try:
        about = json.loads((path / _ABOUT).read_text(encoding="utf-8"))
        source = Source(about["name"], about["licence"], about["revision"])
        return ShardInfo(source, int(about["edits"]), Counter(about["skipped"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, error) from error


def shard_arrays(path: Path) -> Mapping[str, npt.NDArray[Any]]:
    """The arrays of a shard, mapped into memory, named as a dataset's. Raises CodewmError if it is damaged."""
    try:
        return mapped(path, _ARRAYS)
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error


def remove_partial(folder: Path) -> None:
    """Remove what runs that were killed left in a folder of shards; no other run may be writing there."""
    for path in folder.glob(f"*{PARTIAL}"):
        shutil.rmtree(path, ignore_errors=True)


def _damaged(path: Path, error: Exception) -> CodewmError:
    return CodewmError(f"the shard {path} is damaged ({error}): remove it and run `codewm-train mine` again")


def _hash(repository: str, text: str) -> int:
    return crc32(f"{repository}\n{text}".encode(errors="replace"))
