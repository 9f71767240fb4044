"""The sizes of the network, in one place; they travel in every checkpoint and bundle."""

from __future__ import annotations

from dataclasses import dataclass

from codewm_model.actions import ACTION_SIZE


@dataclass(frozen=True)
class ModelConfig:
    """Widths and depths. The encoder is shown `positions` tokens of a region; it can read `max_positions`."""

    d_model: int = 128
    n_heads: int = 4
    n_loops: int = 3
    d_text: int = 64
    d_hidden: int = 512  # of the block's MLP
    d_predictor: int = 384  # of the predictor's MLPs
    n_predictor_blocks: int = 2
    d_head: int = 96  # of the edit heads' MLPs
    d_edit: int = 64  # of each of the two edit embeddings
    action_size: int = ACTION_SIZE
    positions: int = 64
    max_positions: int = 256
