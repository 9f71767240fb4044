"""The learning rate of each step."""

from __future__ import annotations

import math

from codewm_train.presets import TrainingConfig


def learning_rate(step: int, training: TrainingConfig) -> float:
    """A linear warm-up, and then one of two ways down to zero at the last step.

    `linear`: a plateau, and a linear fall over the last `decay` of the steps. `cosine`: half a cosine over all of the
    steps after the warm-up (Loshchilov and Hutter, 2017, without restarts).
    """
    rising = (step + 1) / training.warmup if step < training.warmup else 1.0
    falling = {"linear": _linear, "cosine": _cosine}[training.schedule](step, training)
    return training.learning_rate * min(1.0, rising, falling)


def _linear(step: int, training: TrainingConfig) -> float:
    return (training.steps - step) / max(1.0, training.decay * training.steps)


def _cosine(step: int, training: TrainingConfig) -> float:
    done = max(0, step - training.warmup) / max(1, training.steps - training.warmup)
    return 0.5 * (1 + math.cos(math.pi * done))
