"""A bundle for tests: networks of random weights, smaller than the real ones. It must never ship."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from codewm_model.actions import ACTION_SIZE
from codewm_model.bundle import EDIT_HEAD, ENCODER, PREDICTOR, PROTOTYPES, Bundle, LearnedWeight, write_config
from codewm_model.nn.config import ModelConfig
from codewm_model.nn.world_model import WorldModel
from codewm_train.export import bundle_config
from codewm_train.graphs import EditGraph, EncoderGraph, PredictorGraph

SMALL = ModelConfig(d_model=32, n_heads=2, n_loops=2, d_text=8, d_hidden=48, d_predictor=48, d_head=24, d_edit=12)
INPUTS = ("text", "parent", "depth", "mark")


def random_model(seed: int = 0) -> WorldModel:
    """Small, and its states differ."""
    torch.manual_seed(seed)
    return WorldModel(SMALL).eval()


def write_bundle(folder: Path, model: WorldModel, name: str = "random") -> Bundle:
    """Export a network as a bundle with action classes; about a second."""
    folder.mkdir(parents=True, exist_ok=True)
    ids = tuple(torch.ones(2, 5, dtype=torch.int64) for _ in INPUTS)
    d = model.config.d_model
    focus = (torch.randn(2, 3, d), torch.randn(2, 3, d))
    _export(EncoderGraph(model), ids, folder / ENCODER, list(INPUTS), ["state", "focus", "prior"])
    states = (torch.randn(2, d), torch.randn(2, ACTION_SIZE))
    _export(PredictorGraph(model), states, folder / PREDICTOR, ["state", "action"], ["prediction"])
    _export(EditGraph(model), focus, folder / EDIT_HEAD, ["before_focus", "after_focus"], ["edit"])
    rng = np.random.default_rng(0)
    centres = (model.config.n_classes, ACTION_SIZE)
    numbers = {name: rng.random(shape, np.float32) for name, shape in
               (("mean", ACTION_SIZE), ("scale", ACTION_SIZE), ("centres", centres))}  # fmt: skip
    np.savez(folder / PROTOTYPES, **numbers)  # type: ignore[arg-type]  # numpy's stub wants one type for all keywords
    return write_config(folder, bundle_config(model, name, LearnedWeight(), {"data": "none"}))


def reweighed(bundle: Bundle, folder: Path, key: float = 0.0, score: float = 0.0) -> Bundle:
    """A copy of a bundle in which the learned channel has these shares."""
    shutil.copytree(bundle.folder, folder)
    return write_config(folder, replace(bundle.config, learned_weight=LearnedWeight(key, score / 2, score / 2)))


def _export(part: nn.Module, inputs: tuple[Any, ...], path: Path, names: list[str], outputs: list[str]) -> None:
    """Through torch's older exporter, which takes a second instead of fifteen; `codewm_train.export` uses the newer."""
    axes = {0: "batch"} if len(names) == 2 else {0: "batch", 1: "positions"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            part, inputs, str(path), input_names=names, output_names=outputs, dynamo=False, opset_version=17,
            dynamic_axes={**dict.fromkeys(names, axes), **{output: {0: "batch"} for output in outputs}},
        )  # fmt: skip
