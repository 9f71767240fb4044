"""All that changes while a run goes on, and so all that a checkpoint must hold for it to go on exactly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from codewm_model.nn.world_model import WorldModel
from codewm_train.alarms import Alarms
from codewm_train.averaging import WeightAverage
from codewm_train.batches import Batch
from codewm_train.data import Dataset
from codewm_train.distributed import Place
from codewm_train.precision import within_reach
from codewm_train.presets import Preset, TrainingConfig
from codewm_train.step import TrainingStep
from codewm_train.stopping import EarlyStop
from codewm_train.validation import look_at_batch, validate


@dataclass(frozen=True)
class Run:
    """The modules, their optimiser, the weights' average, and what was seen of the validations."""

    preset: Preset
    step: TrainingStep
    optimizer: torch.optim.Optimizer
    average: WeightAverage[WorldModel] | None
    stopping: EarlyStop
    alarms: Alarms

    @classmethod
    def begin(cls, preset: Preset, place: Place, say: Callable[[str], None]) -> Run:
        """A run before its first step; of many processes the first one says what is to be said."""
        training, say = preset.training, say if place.rank == 0 else _to_nobody
        torch.manual_seed(training.seed)
        step = TrainingStep(within_reach(preset, place.device, say)).to(place.device)
        average = WeightAverage(step.model, training.average) if training.average else None
        return cls(preset, step, optimizer_of(step, training), average, EarlyStop(training.patience), Alarms(say))

    def judged(self) -> WorldModel:
        """The network that is validated and exported: with the averaged weights, if there are any."""
        return self.average.module if self.average else self.step.model

    def look(self, done: int, batch: Batch, validation: Dataset | None, device: torch.device) -> dict[str, float]:
        """Judge the network on validation data, or on a batch where there are none, and say what collapses."""
        model = self.judged()
        gallery = self.step.gallery(model)
        if validation is None:
            of, found = "batch", look_at_batch(model, gallery, batch)
        else:
            use_action = self.preset.training.use_action
            of, found = "validation", validate(model, gallery, validation, use_action, device)
        self.alarms.check(done, found, model.config.d_model)
        return {f"{of}/{name}": value for name, value in found.items()}

    def state(self) -> dict[str, Any]:
        """For a checkpoint; a step's draws follow from its number, so there is no random state to keep."""
        averaged = {"average": self.average.module.state_dict()} if self.average else {}
        return {
            "step": self.step.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            **averaged,
            "stopping": self.stopping.state(),
            "alarms": self.alarms.state(),
        }

    def load(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint's state."""
        self.step.load_state_dict(state["step"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.average:
            self.average.module.load_state_dict(state["average"])
        self.stopping.load(state.get("stopping", {}))
        self.alarms.load(state.get("alarms", {}))


def optimizer_of(module: nn.Module, training: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW; only matrices of linear layers decay."""
    matrices = {id(layer.weight) for layer in module.modules() if isinstance(layer, nn.Linear)}
    decayed = [p for p in module.parameters() if id(p) in matrices]
    others = [p for p in module.parameters() if id(p) not in matrices]
    groups = [{"params": decayed, "weight_decay": training.weight_decay}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=training.learning_rate, betas=(0.9, 0.98))


def _to_nobody(words: str) -> None:
    pass
