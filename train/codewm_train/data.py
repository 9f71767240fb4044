"""Training data on disk: token arrays that are mapped into memory, one edit after the other.

A dataset is a folder of plain numpy arrays. `before` and `after` hold the positions of all edits back to back,
`[P, 4]` uint16 (text, parent, depth, flags), edit i from `before_at[i]` to `before_at[i + 1]`.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b, sha256
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from codewm_model.errors import CodewmError
from codewm_model.regions import BEGINS
from codewm_model.version import representation_version
from codewm_train.arrays import LABELS, EditWriter, mapped
from codewm_train.shards import ShardInfo, shard_arrays, shard_info

MARKS, NAME_FLAG, CENTER_FLAG = 3, 4, BEGINS  # of a position's flags: its mark, part of a name, the change begins here
_ARRAYS = ("before", "before_at", "after", "after_at", "actions", *LABELS)


@dataclass(frozen=True)
class Packed:
    """How many edits a dataset holds and how many were left out: read before, or showing no difference."""

    edits: int
    repeated: int
    invisible: int


def pack(shards: Sequence[Path], out: Path, limit: int) -> Packed:
    """Join the shards, mined with `limit`, to one dataset in `out`, in place of any there.

    An edit with the same positions on both sides as an earlier one is left out, whichever repository it is of (forks
    and vendored copies repeat whole histories), and so is one that shows no difference within its positions.
    Neighbouring shards of one source are one repository of the dataset. In memory are one edit and a hash of each kept.

    Raises:
        CodewmError: a shard is missing or damaged.
    """
    partial = out.with_name(f"{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    packing = _Packing()
    repositories: list[dict[str, Any]] = []
    with EditWriter(partial, LABELS) as edits:
        for name, group in groupby(map(_read, shards), key=lambda shard: shard[1].source.name):
            found, first = list(group), len(edits)
            for path, info in found:
                packing.add(path, info.edits, edits, len(repositories))
            sources = [info.source for _, info in found]
            licences = dict.fromkeys(one for source in sources for one in source.licence.split(", ") if one)
            repositories.append(
                {
                    "name": name,
                    "licence": ", ".join(licences),
                    "commit": _joint_revision([source.revision for source in sources]),
                    "edits": len(edits) - first,
                }
            )
        packed = Packed(len(edits), packing.repeated, packing.invisible)
    about = {
        "representation": representation_version(),
        "edits": packed.edits,
        "repeated": packed.repeated,
        "invisible": packed.invisible,
        "limit": limit,
        "repositories": repositories,
    }
    (partial / "dataset.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)  # whoever has it mapped keeps the old arrays
    partial.rename(out)
    return packed


class _Packing:
    """What has been read so far: hashes of the edits that were kept, and counts."""

    def __init__(self) -> None:
        self.repeated = self.invisible = 0
        self._seen: set[bytes] = set()
        self._first_commit = 0

    def add(self, path: Path, count: int, edits: EditWriter, repository: int) -> None:
        """Append what is new of a shard."""
        shard = shard_arrays(path)
        labels = {name: np.array(shard[name]) for name in ("commit", "signature", "path", "place")}
        for i in range(count):
            before = shard["before"][shard["before_at"][i] : shard["before_at"][i + 1]]
            after = shard["after"][shard["after_at"][i] : shard["after_at"][i + 1]]
            if np.array_equal(before[:, :3], after[:, :3]):
                self.invisible += 1
                continue
            key = blake2b(before[:, 0].tobytes() + b"|" + after[:, 0].tobytes(), digest_size=16).digest()
            if key in self._seen:
                self.repeated += 1
                continue
            self._seen.add(key)
            own = {name: int(values[i]) for name, values in labels.items()}
            own["commit"] += self._first_commit
            edits.add(before, after, shard["actions"][i], repository=repository, **own)
        self._first_commit += int(labels["commit"].max(initial=-1)) + 1


@dataclass(frozen=True)
class Dataset:
    """A mapped dataset of N edits; arrays as in the module's docstring, `actions` `[N, A]` float16."""

    about: dict[str, Any]
    before: npt.NDArray[np.uint16]
    before_at: npt.NDArray[np.int64]
    after: npt.NDArray[np.uint16]
    after_at: npt.NDArray[np.int64]
    actions: npt.NDArray[np.float16]
    repository: npt.NDArray[np.uint16]
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
            arrays = mapped(folder, _ARRAYS)
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


def _read(path: Path) -> tuple[Path, ShardInfo]:
    info = shard_info(path)
    if info is None:
        raise CodewmError(f"there is no shard {path}: run `codewm-train mine` again")
    return path, info


def _joint_revision(revisions: list[str]) -> str:
    """The revision that all share, else a digest of them all."""
    if len(set(revisions)) == 1:
        return revisions[0]
    return sha256("\n".join(revisions).encode()).hexdigest()[:12]
