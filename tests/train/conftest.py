"""What the trainer's tests share."""

from __future__ import annotations

import pytest
import torch
from datasets import tiny_dataset

from codewm_train.data import Dataset


@pytest.fixture(autouse=True)
def _on_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere the last bits depend on the order of additions."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Shared: tests read it only."""
    return tiny_dataset(tmp_path_factory.mktemp("data"))
