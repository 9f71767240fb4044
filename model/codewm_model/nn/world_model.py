"""The world model: encoder, action encoder, predictor and edit head, composed and nothing more."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor, nn

from codewm_model.nn.action_encoder import ActionEncoder
from codewm_model.nn.action_prior import ActionPrior
from codewm_model.nn.config import ModelConfig
from codewm_model.nn.edit_head import EditHead
from codewm_model.nn.encoder import Encoded, Encoder
from codewm_model.nn.predictor import predictor_of


class Tokens(NamedTuple):
    """Integer inputs `[B, T]` of one side."""

    text: Tensor
    parent: Tensor
    depth: Tensor
    mark: Tensor


class Transition(NamedTuple):
    """What the losses read: both sides, the predicted next states `[B, D]` per loop, kind and topic `[B, d_edit]`.

    `prior` `[B, n_classes]` are logits of the action's class, told from the before alone.
    """

    before: Encoded
    after: Encoded
    predictions: list[Tensor]
    kind: Tensor
    topic: Tensor
    prior: Tensor

    def float(self) -> Transition:
        """The same in single precision, whatever the networks computed in."""
        predictions = [prediction.float() for prediction in self.predictions]
        heads = (head.float() for head in (self.kind, self.topic, self.prior))
        return Transition(self.before.float(), self.after.float(), predictions, *heads)


class WorldModel(nn.Module):
    """`z = f(before)`, `z_hat = g(z, h(action))`, to be compared with `f(after)`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.action_encoder = ActionEncoder(config)
        self.predictor = predictor_of(config)
        self.edit_head = EditHead(config)
        self.action_prior = ActionPrior(config)

    def forward(self, before: Tokens, after: Tokens, action: Tensor) -> Transition:
        """One pass over a batch of edits; `action` is `[B, action_size]`."""
        return self.transition(self.encoder(*before), self.encoder(*after), action)

    def transition(self, before: Encoded, after: Encoded, action: Tensor, *, detach_state: bool = False) -> Transition:
        """The same for sides that were encoded elsewhere.

        With `detach_state` the prediction from the last state sends no gradient into the encoder.
        """
        act_emb = self.action_encoder(action)
        *states, last = before.states
        origins = (*states, last.detach() if detach_state else last)
        predictions = [self.predictor(state, act_emb) for state in origins]
        kind, topic = self.edit_head(before.focus, after.focus)
        return Transition(before, after, predictions, kind, topic, self.action_prior(before))

    def parameter_count(self) -> int:
        """How many numbers training sets."""
        return sum(parameter.numel() for parameter in self.parameters())
