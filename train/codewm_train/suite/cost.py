"""How long a suite will take on this machine, told before it begins."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from codewm_train.batches import Sampler
from codewm_train.data import Dataset
from codewm_train.precision import within_reach
from codewm_train.presets import Preset
from codewm_train.step import TrainingStep
from codewm_train.suite.plan import Job

_WARM_UP, _TIMED = 1, 2  # steps


def seconds_left(jobs: Sequence[tuple[Job, int]], data: Dataset) -> float:
    """What training will take from here: jobs with the steps that each has left; looking comes to a tenth of it more.

    One preset of each depth and kind of target is timed, forward and backward.
    """
    timed: dict[tuple[int, str], float] = {}
    total = 0.0
    for job, steps in jobs:
        kind = (job.preset.model.n_loops, job.preset.target.kind)
        if steps and kind not in timed:
            timed[kind] = seconds_of_a_step(job.preset, data)
        total += steps * timed.get(kind, 0.0)
    return total


def seconds_of_a_step(preset: Preset, data: Dataset) -> float:
    """The mean of some steps of a fresh model."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    module = TrainingStep(within_reach(preset, device, lambda words: None)).to(device)
    sampler = Sampler(data, preset.training, preset.model)
    began = 0.0
    for step in range(_WARM_UP + _TIMED):
        if step == _WARM_UP:
            began = time.monotonic()
        total, _ = module(sampler.batch(step).to(device))
        total.backward()
    total.item()  # a GPU has only then done it
    return (time.monotonic() - began) / _TIMED
