"""InfoNCE of predicted next states against the batch's afters, with all befores as extra negatives.

A prediction that copies its before-state is nearest to that before and not to its after, so a copy does not pay.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class NextStateInfoNCE(nn.Module):
    """Cross entropy over cosines at a learned temperature (van den Oord et al., 2018)."""

    def __init__(self, temperature: float = 0.07, min_temperature: float = 0.01) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / temperature)))
        self._max = math.log(1 / min_temperature)

    def forward(self, prediction: Tensor, after: Tensor, others: Tensor, same: Tensor) -> Tensor:
        """`[B, D]` twice and `[M, D]` -> a scalar: prediction to after among B + M, and after to prediction among B.

        `others` are the befores, and rivals if there are any: wrong answers for all. `same` `[B, B + M]` says which of
        the afters and others read exactly like an edit's own after: they are left out.
        """
        scale = self.log_scale.clamp(max=self._max).exp()
        prediction, after, others = (F.normalize(side, dim=-1) for side in (prediction, after, others))
        target = torch.arange(len(prediction), device=prediction.device)
        left_out = same.clone()
        left_out[target, target] = False
        forth = (scale * prediction @ torch.cat([after, others]).T).masked_fill(left_out, float("-inf"))  # [B, B + M]
        back = forth[:, : len(prediction)].T  # [B, B]
        return 0.75 * F.cross_entropy(forth, target) + 0.25 * F.cross_entropy(back, target)
