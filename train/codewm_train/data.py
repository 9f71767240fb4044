"""Training data on disk: token arrays that are mapped into memory, one edit after the other.

A dataset is a folder of plain numpy arrays. `before` and `after` hold the positions of all edits back to back,
`[P, 4]` uint16 (text, parent, depth, flags), edit i from `before_at[i]` to `before_at[i + 1]`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from codewm_model.errors import CodewmError
from codewm_model.regions import BEGINS
from codewm_model.version import representation_version

MARKS, NAME_FLAG, CENTER_FLAG = 3, 4, BEGINS  # of a position's flags: its mark, part of a name, the change begins here
_ARRAYS = ("before", "before_at", "after", "after_at", "actions", "repository", "commit", "signature", "path", "place")


@dataclass
class Shard:
    """The edits of one repository, while they are being read."""

    repository: str
    licence: str
    revision: str
    commits: list[str] = field(default_factory=list)
    before: list[np.ndarray] = field(default_factory=list)
    after: list[np.ndarray] = field(default_factory=list)
    actions: list[np.ndarray] = field(default_factory=list)
    signatures: list[int] = field(default_factory=list)
    places: list[tuple[str, str]] = field(default_factory=list)

    def add(
        self,
        commit: str,
        place: tuple[str, str],
        before: np.ndarray,
        after: np.ndarray,
        action: np.ndarray,
        signature: int,
    ) -> None:
        """One edit: its path and symbol, its sides `[P, 4]` uint16, its action `[A]` and the hash of its shape."""
        self.commits.append(commit)
        self.before.append(before)
        self.after.append(after)
        self.actions.append(action)
        self.signatures.append(signature)
        self.places.append(place)


def write_shard(shard: Shard, path: Path) -> None:
    """Write it whole or not at all."""
    arrays = {
        "before": _joined(shard.before),
        "before_at": _offsets(shard.before),
        "after": _joined(shard.after),
        "after_at": _offsets(shard.after),
        "actions": np.array(shard.actions, np.float16),
        "commit": np.unique(shard.commits, return_inverse=True)[1].astype(np.int32),
        "signature": np.array(shard.signatures, np.uint32),
        "path": _hashes([path for path, _ in shard.places], shard.repository),
        "place": _hashes([f"{path}\n{symbol}" for path, symbol in shard.places], shard.repository),
        "about": np.array([shard.repository, shard.licence, shard.revision]),
    }
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **arrays)  # type: ignore[arg-type]  # numpy's stub wants one type for all keywords
    partial.replace(path)


def pack(shards: Sequence[Path], out: Path, limit: int) -> int:
    """Join the shards, mined with `limit`, to one dataset in `out`, in place of any there; how many edits it holds.

    An edit with the same positions on both sides as an earlier one is dropped, and so is one that shows no
    difference within its positions.
    """
    seen: set[bytes] = set()
    kept: dict[str, list[Any]] = {
        name: [] for name in ("before", "after", "actions", "commit", "signature", "path", "place")
    }
    repositories: list[dict[str, Any]] = []
    repository_of: list[int] = []
    first_commit = 0
    for path in shards:
        with np.load(path, allow_pickle=False) as stored:
            shard = {name: stored[name] for name in stored.files}
        count = 0
        for i in range(len(shard["actions"])):
            before = shard["before"][shard["before_at"][i] : shard["before_at"][i + 1]]
            after = shard["after"][shard["after_at"][i] : shard["after_at"][i + 1]]
            key = before[:, 0].tobytes() + b"|" + after[:, 0].tobytes()
            if key in seen or np.array_equal(before[:, :3], after[:, :3]):
                continue
            seen.add(key)
            kept["before"].append(before)
            kept["after"].append(after)
            kept["actions"].append(shard["actions"][i])
            kept["commit"].append(first_commit + int(shard["commit"][i]))
            for name in ("signature", "path", "place"):
                kept[name].append(int(shard[name][i]))
            count += 1
        repository_of += [len(repositories)] * count
        first_commit += int(shard["commit"].max(initial=-1)) + 1
        name, licence, revision = shard["about"].tolist()
        repositories.append({"name": name, "licence": licence, "commit": revision, "edits": count})
    arrays = {
        "before": _joined(kept["before"]),
        "before_at": _offsets(kept["before"]),
        "after": _joined(kept["after"]),
        "after_at": _offsets(kept["after"]),
        "actions": np.array(kept["actions"], np.float16),
        "repository": np.array(repository_of, np.uint8),
        "commit": np.array(kept["commit"], np.int32),
        **{name: np.array(kept[name], np.uint32) for name in ("signature", "path", "place")},
    }
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name in _ARRAYS:
        np.save(partial / f"{name}.npy", arrays[name])
    about = {
        "representation": representation_version(),
        "edits": len(repository_of),
        "limit": limit,
        "repositories": repositories,
    }
    (partial / "dataset.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)  # whoever has it mapped keeps the old arrays
    partial.rename(out)
    return len(repository_of)


@dataclass(frozen=True)
class Dataset:
    """A mapped dataset of N edits; arrays as in the module's docstring, `actions` `[N, A]` float16."""

    about: dict[str, Any]
    before: npt.NDArray[np.uint16]
    before_at: npt.NDArray[np.int64]
    after: npt.NDArray[np.uint16]
    after_at: npt.NDArray[np.int64]
    actions: npt.NDArray[np.float16]
    repository: npt.NDArray[np.uint8]
    commit: npt.NDArray[np.int32]
    signature: npt.NDArray[np.uint32]
    path: npt.NDArray[np.uint32]
    place: npt.NDArray[np.uint32]

    @classmethod
    def open(cls, folder: Path) -> Dataset:
        """Map a dataset that `pack` wrote.

        Raises:
            CodewmError: there is none, or another version of the representation made it.
        """
        try:
            about = json.loads((folder / "dataset.json").read_text(encoding="utf-8"))
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS}
        except (OSError, ValueError) as error:
            raise CodewmError(f"no dataset in {folder} ({error}): run `codewm-train mine`") from error
        if about.get("representation") != representation_version():
            raise CodewmError(f"the dataset in {folder} is of another version: run `codewm-train mine` again")
        return cls(about, **arrays)

    def __len__(self) -> int:
        return len(self.actions)

    def side(self, name: str, i: int) -> npt.NDArray[np.uint16]:
        """Positions `[P, 4]` of edit `i` on one side, "before" or "after"."""
        values, at = (self.before, self.before_at) if name == "before" else (self.after, self.after_at)
        return values[at[i] : at[i + 1]]


def _hashes(texts: Sequence[str], salt: str) -> np.ndarray:
    return np.array([crc32(f"{salt}\n{text}".encode(errors="replace")) for text in texts], np.uint32)


def _joined(rows: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.empty((0, 4), np.uint16), *rows])


def _offsets(rows: Sequence[np.ndarray]) -> np.ndarray:
    return np.cumsum([0, *map(len, rows)], dtype=np.int64)
