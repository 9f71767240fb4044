"""A process of many that saves the gradient of one step: `joined_gradients.py DATA OUT PRESET...`, presets in JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from torch.nn.parallel import DistributedDataParallel

from codewm_train import distributed
from codewm_train.batches import Sampler
from codewm_train.data import Dataset
from codewm_train.presets import Preset
from codewm_train.step import TrainingStep

if __name__ == "__main__":
    folder, out, *presets = sys.argv[1:]
    data, place, found = Dataset.open(Path(folder)), distributed.start(), []
    for text in presets:
        preset = Preset.from_dict(json.loads(text))
        torch.manual_seed(0)
        step = TrainingStep(preset)
        wrapped = DistributedDataParallel(step)  # it averages the gradients, so it must outlive them
        total, _ = wrapped(Sampler(data, preset.training, preset.model, place.rank).batch(0))
        total.backward()
        gradients = {name: weight.grad for name, weight in step.named_parameters() if weight.grad is not None}
        found.append({"loss": total.detach(), "gradients": gradients})
    if place.rank == 0:
        torch.save(found, out)
    distributed.stop()
