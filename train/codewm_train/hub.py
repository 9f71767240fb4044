"""Datasets of commits on the hub, by name; streamed, so that no dataset has to fit on the disk."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator

from codewm_model.errors import CodewmError, DependencyError


def hub_lines(name: str) -> Iterator[bytes]:
    """The records of `OWNER/NAME`, its split "train", or of its one file `OWNER/NAME:FILE`, as JSON lines.

    Raises:
        DependencyError: the package `datasets` is not installed.
        CodewmError: there is no network, or no such dataset there.
    """
    try:
        load_dataset = importlib.import_module("datasets").load_dataset
    except ImportError as error:
        raise DependencyError("the hub's package is not installed: pip install 'codewm-lsp[hub]'") from error
    owner, _, file = name.partition(":")
    try:
        if file:
            records = load_dataset("json", data_files=f"hf://datasets/{owner}/{file}", split="train", streaming=True)
        else:
            records = load_dataset(owner, split="train", streaming=True)
        for record in records:
            yield json.dumps(record, default=str).encode()
    except Exception as error:  # the package passes on those of its dozen dependencies
        raise CodewmError(f"{name} cannot be read from the hub: {error}") from error
