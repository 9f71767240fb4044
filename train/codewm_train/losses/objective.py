"""The preset `default`: next-state InfoNCE with deep supervision, VICReg terms, and the two edit losses."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from codewm_model.nn.world_model import Transition
from codewm_train.losses.contrastive import SupervisedContrastive
from codewm_train.losses.info_nce import NextStateInfoNCE
from codewm_train.losses.vicreg import VarianceCovariance


@dataclass(frozen=True)
class LossWeights:
    """What each term counts for."""

    auxiliary: float = 0.3  # of the next-state loss at each loop before the last
    vicreg: float = 0.1  # on the states and on the predictions
    kind: float = 0.5
    topic: float = 0.5


class Objective(nn.Module):
    """A transition and its labels -> the total to minimise, and each term by name for the logs."""

    def __init__(self, weights: LossWeights) -> None:
        super().__init__()
        self.weights = weights
        self.next_state = NextStateInfoNCE()
        self.vicreg = VarianceCovariance()
        self.contrastive = SupervisedContrastive()

    def forward(
        self, seen: Transition, commit: Tensor, signature: Tensor, same: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """`commit` and `signature` `[B]` say which edits belong together by topic and by kind; `same`: see InfoNCE."""
        by_loop = [
            self.next_state(prediction, after, before, same)
            for prediction, after, before in zip(seen.predictions, seen.after.states, seen.before.states, strict=True)
        ]
        # Edits of one commit often have one shape as well: they say nothing about kind beyond their topic.
        same_commit = commit[:, None] == commit[None, :]
        terms = {
            "next_state": by_loop[-1],
            "auxiliary": sum(by_loop[:-1], by_loop[-1] * 0),
            "vicreg": self.vicreg(seen.before.states[-1]) + self.vicreg(seen.predictions[-1]),
            "kind": self.contrastive(seen.kind, signature, ignore=same_commit),
            "topic": self.contrastive(seen.topic, commit),
        }
        weights = self.weights
        total = (
            terms["next_state"]
            + weights.auxiliary * terms["auxiliary"]
            + weights.vicreg * terms["vicreg"]
            + weights.kind * terms["kind"]
            + weights.topic * terms["topic"]
        )
        return total, terms
