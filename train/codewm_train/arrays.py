"""Arrays on disk that are written row by row: what has reached the disk takes no memory."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from codewm_model.actions import ACTION_SIZE

POSITION = 4  # numbers of a position: text, parent, depth, flags
LABELS = {
    "repository": np.uint16,
    "commit": np.int32,
    "signature": np.uint32,
    "path": np.uint32,
    "place": np.uint32,
}


class ArrayWriter:
    """A `.npy` file that grows: the bytes that `np.save` would have written of all its rows."""

    def __init__(self, path: Path, dtype: npt.DTypeLike, row: tuple[int, ...] = ()) -> None:
        self.rows = 0
        self._dtype, self._row = np.dtype(dtype), row
        self._file = path.open("wb")
        self._start = self._header()

    def extend(self, rows: npt.ArrayLike) -> None:
        """Append rows `[N, *row]`."""
        values = np.ascontiguousarray(rows, self._dtype).reshape(-1, *self._row)
        self._file.write(values.tobytes())
        self.rows += len(values)

    def close(self) -> None:
        """Write how many rows there are into the header, for which numpy leaves room."""
        self._file.seek(0)
        if self._header() != self._start:
            raise ValueError("numpy wrote a header of another length")
        self._file.close()

    def _header(self) -> int:
        """Where it ends."""
        about = {"descr": self._dtype.str, "fortran_order": False, "shape": (self.rows, *self._row)}
        np.lib.format.write_array_header_1_0(self._file, about)
        return self._file.tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._file.close() if kind else self.close()


class EditWriter:
    """Edits one after the other into a folder of arrays: both sides, action, and the labels that are named."""

    def __init__(self, folder: Path, labels: Iterable[str]) -> None:
        self._open = ExitStack()

        def opened(name: str, *form: Any) -> ArrayWriter:
            return self._open.enter_context(ArrayWriter(folder / f"{name}.npy", *form))

        self._sides = {
            name: (opened(name, np.uint16, (POSITION,)), opened(f"{name}_at", np.int64)) for name in ("before", "after")
        }
        for _, at in self._sides.values():
            at.extend([0])
        self._actions = opened("actions", np.float16, (ACTION_SIZE,))
        self._labels = {name: opened(name, LABELS[name]) for name in labels}

    def __len__(self) -> int:
        return self._actions.rows

    def add(self, before: npt.NDArray[Any], after: npt.NDArray[Any], action: npt.NDArray[Any], **labels: int) -> None:
        """One edit: its sides `[P, 4]` uint16, its action `[A]` and a number for each of the labels."""
        for (side, at), rows in zip(self._sides.values(), (before, after), strict=True):
            side.extend(rows)
            at.extend([side.rows])
        self._actions.extend(action)
        for name, writer in self._labels.items():
            writer.extend([labels[name]])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)


def mapped(folder: Path, names: Iterable[str]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of these names in a folder, mapped into memory. Raises OSError or ValueError."""
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in names}
