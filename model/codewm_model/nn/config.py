"""The sizes of the network, in one place; they travel in every checkpoint and bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from codewm_model.actions import ACTION_SIZE


@dataclass(frozen=True)
class ModelConfig:
    """Widths, depths and variants. The encoder is shown `positions` tokens of a region; it can read `max_positions`."""

    d_model: int = 128  # of states
    n_heads: int = 4  # of the block's attention
    n_loops: int = 3  # how often the encoder applies its block
    readout_loops: tuple[int, ...] = ()  # the state is a learned mix of these loops' readouts; empty: the last one's
    dense_skip: bool = False  # the embedded input is added after every loop
    pool: Literal["heads", "single"] = "heads"  # one learned query a head, or one in all
    d_text: int = 64  # of the table of text buckets
    d_hidden: int = 512  # of the block's MLP
    predictor: Literal["mlp", "looped"] = "mlp"  # blocks of an MLP, or of a transformer over state and action
    d_predictor: int = 384  # of the MLP predictor's blocks
    n_predictor_blocks: int = 2  # of either predictor
    predictor_loops: int = 6  # how often the looped predictor applies each block
    residual: bool = True  # the predictor adds to the state; without, it says the next one from nothing
    d_head: int = 96  # of the edit heads' MLPs
    d_edit: int = 64  # of each of the two edit embeddings
    d_prior: int = 96  # of the action prior's MLP
    n_classes: int = 64  # of actions, that the prior tells apart
    action_size: int = ACTION_SIZE  # how many numbers an action has
    action_fields: tuple[str, ...] = ()  # which of `ACTION_FIELDS` the action encoder reads; empty: all
    positions: int = 64  # shown
    max_positions: int = 256  # that can be read
