"""One training step as one module: the network, what it is compared with, and what is minimised."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from codewm_model.nn.encoder import Encoder
from codewm_model.nn.target_encoder import TargetEncoder
from codewm_model.nn.world_model import WorldModel
from codewm_train.batches import Batch, same_reading
from codewm_train.buckets import encode_in_buckets
from codewm_train.distributed import joined
from codewm_train.losses.objective import Objective, Targets
from codewm_train.presets import Preset


class TrainingStep(nn.Module):
    """The model, its target encoder if it has one, and its objective, so that all are saved and distributed together.

    With `[target] kind = "online"` afters are encoded by the model's own encoder, with gradient; with "ema" by a
    moving average of it, without, and predictions are trained to lie in that encoder's space.
    """

    def __init__(self, preset: Preset) -> None:
        super().__init__()
        self.model = WorldModel(preset.model)
        self.objective = Objective(preset.losses, preset.model.d_model)
        ema = preset.target.kind == "ema"
        self.target = TargetEncoder(self.model.encoder, preset.target.ema_decay) if ema else None
        self._bf16, self._buckets = preset.training.bf16, preset.training.buckets
        self._detach_state = preset.losses.detach_state
        # What no loss trains must not wait for a gradient, or a distributed run would.
        edits = bool(preset.losses.kind or preset.losses.topic)
        self.model.edit_head.requires_grad_(edits)
        self.model.encoder.nothing_changed.requires_grad_(edits)
        self.model.action_prior.requires_grad_(preset.losses.prior > 0)
        self.model.encoder.nothing_there.requires_grad_(preset.losses.prior > 0)

    def forward(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """The total loss of a batch, and its terms."""
        with torch.autocast(batch.action.device.type, torch.bfloat16, enabled=self._bf16):
            sides = [batch.before, batch.after, batch.rival]
            before, after, rival = encode_in_buckets(self.model.encoder, sides, self._buckets)
            seen = self.model.transition(before, after, batch.action, detach_state=self._detach_state).float()
            target = None if self.target is None else self._target_states(self.target, batch)
        # Edits are compared with all others of the step, those of other processes too.
        seen, rivals = joined(seen), joined(rival.float().states)
        labels = joined(
            [batch.action, batch.action_class, batch.commit, batch.signature, batch.reads, batch.rival_reads]
        )
        targets = Targets(seen.before.states, seen.after.states, rivals) if target is None else joined(target)
        action, action_class, commit, signature, reads, rival_reads = labels
        total, terms = self.objective(
            seen,
            targets,
            action=action,
            action_class=action_class,
            commit=commit,
            signature=signature,
            same=same_reading(reads, rival_reads),
        )
        return total, terms

    def after_step(self) -> None:
        """To be called after each step of the optimiser: the target encoder follows the model's."""
        if self.target is not None:
            self.target.update(self.model.encoder)

    def gallery(self, model: WorldModel) -> Encoder:
        """The encoder among whose states a model's predictions are to be found: the target's, or the model's own."""
        return model.encoder if self.target is None else self.target.encoder

    def _target_states(self, encoder: TargetEncoder, batch: Batch) -> Targets:
        """What the target encoder says of the afters, and of the befores and rivals if some loss asks."""
        sides = [batch.after, batch.before, batch.rival] if self.objective.compares_befores else [batch.after]
        after, *others = ([state.float() for state in encoder(*side)] for side in sides)
        before, rivals = others or ([], [])
        return Targets(before, after, rivals)
