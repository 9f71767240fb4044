"""A moving average of the weights: smoother than the last step's, it is what is validated and exported.

Source: Polyak and Juditsky, 1992, in the exponential form; the warm-up of the decay is TensorFlow's, and keeps the
random weights of the beginning from staying in it for 1 / (1 - decay) steps.
"""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import nn

M = TypeVar("M", bound=nn.Module)


class WeightAverage(Generic[M]):
    """Follows the weights of a module: `average = d * average + (1 - d) * weights`, d = min(decay, (1 + t) / (10 + t)).

    `module` is a copy of the followed one with the averaged weights; buffers are taken over as they are.
    """

    def __init__(self, followed: M, decay: float) -> None:
        self._followed, self._decay = followed, decay
        self.module: M = copy.deepcopy(followed).requires_grad_(False)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after `step` (from 0 on)."""
        decay = min(self._decay, (1 + step) / (10 + step))
        for own, weights in zip(self.module.parameters(), self._followed.parameters(), strict=True):
            own.lerp_(weights, 1 - decay)
        for kept, state in zip(self.module.buffers(), self._followed.buffers(), strict=True):
            kept.copy_(state)
