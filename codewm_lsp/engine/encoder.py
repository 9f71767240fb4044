"""Edits as vectors, for programs: inner product is similarity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.sketch import KEY_SIZE, project, sketch


class Encoder:
    """Encodes edits. Today's representation needs no weights; a trained bundle will add its part here."""

    size = KEY_SIZE

    @classmethod
    def default(cls) -> Encoder:
        """The encoder that this version's indexes are made with."""
        return cls()

    def encode_edits(self, edits: Sequence[tuple[str, str]]) -> npt.NDArray[np.float32]:
        """Unit rows `[N, D]` for (before, after) pairs of Python source; fragments and broken code are fine.

        A pair without any difference in words or syntax has nothing to encode: its row is zero.
        """
        return project([sketch(change_of(edit_between(before, after))) for before, after in edits])
