"""What a model does on edits that it does not learn from, looked at while it trains."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from codewm_model.nn.encoder import Encoder
from codewm_model.nn.world_model import Tokens, WorldModel
from codewm_train.alarms import Seen, States, signs
from codewm_train.batches import Batch, collate, cropped, same_as_after
from codewm_train.data import Dataset
from codewm_train.next_state import knn

VALIDATION_EDITS = 2000  # the first of the validation data
_SIDES = 250  # encoded at once


def validate(
    model: WorldModel, gallery: Encoder, data: Dataset, use_action: bool, device: torch.device
) -> dict[str, float]:
    """Copy-proof and plain KNN@1 and the signs of a collapse on the first edits of a validation dataset.

    Neighbours are looked for among befores and afters as `gallery` encodes them: the target encoder, if there is one.
    """
    count = min(len(data), VALIDATION_EDITS)
    before, after = (
        [cropped(np.array(data.side(name, i)), model.config.positions) for i in range(count)]
        for name in ("before", "after")
    )
    actions = torch.from_numpy(np.array(data.actions[:count], np.float32) * use_action).to(device)
    seen = look(model, gallery, _batches(before, device), _batches(after, device), actions)
    found = knn(seen.prediction, seen.before, seen.after, same_as_after(before, after))
    return {
        "copy_proof_knn1": float(found.copy_proof.mean()),
        "knn1": float(found.plain.mean()),
        **signs(seen),
    }


def look_at_batch(model: WorldModel, gallery: Encoder, batch: Batch) -> dict[str, float]:
    """The signs of a collapse on a batch that is learned from, where there is nothing else."""
    return signs(look(model, gallery, [batch.before], [batch.after], batch.action))


@torch.no_grad()
def look(
    model: WorldModel, gallery: Encoder, before: Sequence[Tokens], after: Sequence[Tokens], action: Tensor
) -> Seen:
    """Encode both sides, in batches, and predict the after from the before and `action` `[N, A]`."""
    trains = model.training
    model.eval()
    befores, afters = _states(gallery, before), _states(gallery, after)
    states = befores if gallery is model.encoder else _states(model.encoder, before)
    predicted = model.predictor(states, model.action_encoder(action))
    model.train(trains)
    arrays: list[States] = [rows.cpu().numpy() for rows in (states, predicted, befores, afters)]
    return Seen(*arrays)


def _batches(sides: list[np.ndarray], device: torch.device) -> list[Tokens]:
    parts = (collate(sides[start : start + _SIDES]) for start in range(0, len(sides), _SIDES))
    return [Tokens(*(ids.to(device) for ids in part)) for part in parts]


def _states(encoder: Encoder, batches: Sequence[Tokens]) -> Tensor:
    """The last states `[N, D]`."""
    return torch.cat([encoder(*tokens).states[-1] for tokens in batches])
