"""What a text encoder is shown of an edit, and its vectors, made once and kept in a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codewm_model.edit import Edit
from codewm_train.kept import kept

Encode = Callable[[Sequence[str]], NDArray[np.float32]]


def text_of(edit: Edit) -> str:
    """The edit's removed and added lines as a diff shows them."""
    return "\n".join([f"-{line}" for line in edit.removed] + [f"+{line}" for line in edit.added])


def kept_vectors(edits: Sequence[Edit], cache: Path, name: str, key: str, encode: Encode) -> NDArray[np.float32]:
    """Vectors `[N, D]` of the edits, kept in `cache` under `name` for these edits in any order.

    `key` says what else the vectors depend on: with another one they are made again.
    """
    texts = [text_of(edit) for edit in edits]
    distinct = sorted(set(texts))
    digest = sha256("\0".join([key, *distinct]).encode(errors="replace")).hexdigest()[:16]
    rows = kept(cache / f"{name}-{digest}.npy", lambda: encode(distinct))
    place = {text: i for i, text in enumerate(distinct)}
    return rows[[place[text] for text in texts]]
