"""Checkpoints as `fit` writes them, of networks that learned nothing."""

from __future__ import annotations

from pathlib import Path

import torch
from datasets import tiny_preset

from codewm_model.nn.encoder import Encoder
from codewm_model.nn.world_model import WorldModel
from codewm_train.checkpoint import Checkpoint, save_checkpoint
from codewm_train.data import Dataset
from codewm_train.presets import Preset


def random_checkpoint(path: Path, data: Dataset, preset: Preset | None = None) -> Path:
    """Random weights at step 3; a target encoder is another random one."""
    preset = preset or tiny_preset()
    torch.manual_seed(0)
    weights = {f"model.{name}": value for name, value in WorldModel(preset.model).state_dict().items()}
    weights |= {f"target.encoder.{name}": value for name, value in Encoder(preset.model).state_dict().items()}
    save_checkpoint(path, Checkpoint(preset, 3, data.about, {"step": weights}, 1.0, 1, "nothing"))
    return path
