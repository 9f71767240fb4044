"""What a run minimises: a weighted sum of the terms that its preset asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from codewm_model.nn.world_model import Transition
from codewm_train.losses.change import DirectDelta, Direction, LogMagnitude
from codewm_train.losses.contrastive import ActionContrast, SupervisedContrastive
from codewm_train.losses.covariance import Covariance
from codewm_train.losses.info_nce import NextStateInfoNCE
from codewm_train.losses.prediction import Prediction, ProjectedPrediction
from codewm_train.losses.sigreg import SketchedGaussian
from codewm_train.losses.vicreg import VarianceCovariance


@dataclass(frozen=True)
class LossWeights:
    """What each term counts for (0: it is not computed), and its variant."""

    next_state: float = 1.0  # InfoNCE against the batch's afters, befores and rivals
    prediction: float = 0.0  # distance to the own after alone
    prediction_type: Literal["cosine", "mse"] = "cosine"  # mse: of unit vectors, behind projectors
    direction: float = 0.0  # of the predicted change of state against the true one's
    magnitude: float = 0.0  # the same of their log lengths
    delta: float = 0.0  # the change of state as what is predicted
    delta_type: Literal["logcosh", "normalised"] = "logcosh"  # of the raw difference, or of unit vectors
    detach_state: bool = False  # the prediction from the last state does not train the encoder
    auxiliary: float = 0.3  # of the same losses at loops before the last
    aux_loops: tuple[int, ...] = ()  # these, counted from 1; empty: all before the last
    aux_type: Literal["pred", "contrast"] = "pred"  # or changes under like actions drawn together
    reg_mode: Literal["none", "vicreg", "sigreg"] = "vicreg"  # what keeps the states from collapsing
    vicreg: float = 0.1  # weight of the regulariser, whichever it is
    reg_after: bool = False  # regularise the online states of the afters beside those of the befores
    predictor_reg: bool = True  # and the predictions
    covariance: float = 0.0  # of the regularised states, in addition
    kind: float = 0.5  # edits of one shape drawn together
    topic: float = 0.5  # edits of one commit drawn together
    prior: float = 0.0  # the action's class told from the code before it


class Targets(NamedTuple):
    """States `[B, D]` after each loop that predictions are compared with; `before` may be empty where nobody asks.

    `rival` `[R, D]` are of afters that never were.
    """

    before: list[Tensor]
    after: list[Tensor]
    rival: list[Tensor]


class Objective(nn.Module):
    """A transition and its labels -> the total to minimise, and each term by name for the logs."""

    def __init__(self, weights: LossWeights, d_model: int) -> None:
        super().__init__()
        self.weights = weights
        self.next_state = NextStateInfoNCE().requires_grad_(weights.next_state > 0)
        self.closeness = Prediction(weights.prediction_type)
        projected = weights.prediction and weights.prediction_type == "mse"
        self.prediction = ProjectedPrediction("mse", d_model) if projected else self.closeness
        self.direction, self.magnitude, self.delta = Direction(), LogMagnitude(), DirectDelta(weights.delta_type)
        self.action_contrast = ActionContrast()
        self.regulariser = SketchedGaussian() if weights.reg_mode == "sigreg" else VarianceCovariance()
        self.covariance = Covariance()
        self.contrastive = SupervisedContrastive()

    @property
    def compares_befores(self) -> bool:
        """Whether some term needs the befores in the targets' space."""
        return self.weights.next_state > 0 or self.weights.delta > 0

    def forward(
        self,
        seen: Transition,
        targets: Targets,
        *,
        action: Tensor,
        action_class: Tensor,
        commit: Tensor,
        signature: Tensor,
        same: Tensor,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """`commit` and `signature` `[B]` say which edits belong together by topic and by kind; `same`: see InfoNCE."""
        weights = self.weights
        state, prediction, target = seen.before.states[-1], seen.predictions[-1], targets.after[-1]
        sides = [state, seen.after.states[-1]] if weights.reg_after else [state]
        regularised = torch.cat(sides) if weights.reg_after else state
        # What is to be done to a state is the predictor's affair: no state is moved to make it look done.
        origin = state.detach()
        predicted = prediction - origin
        true = target - (targets.before[-1] if weights.delta else origin)
        # Edits of one commit often have one shape as well: they say nothing about kind beyond their topic.
        same_commit = commit[:, None] == commit[None, :]
        rows: list[tuple[str, float, Callable[[], Tensor]]] = [
            ("auxiliary", weights.auxiliary, lambda: self._auxiliary(seen, targets, action, same)),
            ("next_state", weights.next_state, lambda: self._next_state(seen, targets, -1, same)),
            ("prediction", weights.prediction, lambda: self.prediction(prediction, target)),
            ("direction", weights.direction, lambda: self.direction(predicted, true)),
            ("magnitude", weights.magnitude, lambda: self.magnitude(predicted, true)),
            ("delta", weights.delta, lambda: self.delta(predicted, true)),
            (weights.reg_mode, self._regularises, lambda: self._regularise(regularised, prediction)),
            ("covariance", weights.covariance, lambda: self.covariance(regularised)),
            ("kind", weights.kind, lambda: self.contrastive(seen.kind, signature, ignore=same_commit)),
            ("topic", weights.topic, lambda: self.contrastive(seen.topic, commit)),
            ("prior", weights.prior, lambda: F.cross_entropy(seen.prior, action_class)),
        ]
        terms = {name: term() for name, weight, term in rows if weight}
        total = sum((weight * terms[name] for name, weight, _ in rows if weight), state.new_zeros(()))
        return total, terms

    @property
    def _regularises(self) -> float:
        return 0.0 if self.weights.reg_mode == "none" else self.weights.vicreg

    def _regularise(self, states: Tensor, prediction: Tensor) -> Tensor:
        loss: Tensor = self.regulariser(states)
        return loss + self.regulariser(prediction) if self.weights.predictor_reg else loss

    def _next_state(self, seen: Transition, targets: Targets, i: int, same: Tensor) -> Tensor:
        others = torch.cat([targets.before[i], targets.rival[i]])
        loss: Tensor = self.next_state(seen.predictions[i], targets.after[i], others, same)
        return loss

    def _auxiliary(self, seen: Transition, targets: Targets, action: Tensor, same: Tensor) -> Tensor:
        """Deep supervision: each loop's InfoNCE within that loop, the papers' losses against the last target."""
        total = seen.predictions[-1].new_zeros(())
        for loop in self.weights.aux_loops or range(1, len(seen.predictions)):
            i = loop - 1
            if self.weights.aux_type == "contrast":
                total = total + self.action_contrast(targets.after[-1] - seen.before.states[i], action)
                continue
            if self.weights.next_state:
                total = total + self.weights.next_state * self._next_state(seen, targets, i, same)
            if self.weights.prediction:
                closeness = self.closeness(seen.predictions[i], targets.after[-1])
                total = total + self.weights.prediction * closeness
        return total
