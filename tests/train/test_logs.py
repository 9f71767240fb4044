"""Where the numbers of a run go."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from datasets import tiny_dataset, tiny_preset
from processes import VICTIM, losses, run
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from codewm_model.errors import DependencyError
from codewm_train.logs import Logs, wants_wandb


def test_a_run_that_goes_on_takes_back_what_was_logged_of_later_steps(tmp_path: Path) -> None:
    for start, steps in ((0, range(1, 8)), (4, range(5, 10))):
        logs = Logs()
        logs.tensorboard(tmp_path, start)
        for step in steps:
            logs.write(step, {"loss": 100 * start + step})
        logs.close()
    log = EventAccumulator(str(tmp_path / "tensorboard"))
    log.Reload()
    assert [(event.step, event.value) for event in log.Scalars("loss")] == [
        *((step, step) for step in range(1, 5)),
        *((step, 400 + step) for step in range(5, 10)),
    ]


def test_logs_that_go_nowhere_take_everything(tmp_path: Path) -> None:
    logs = Logs()
    logs.write(1, {"loss": 1.0})
    logs.close()
    assert list(tmp_path.iterdir()) == []


def test_without_wandb_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(DependencyError, match=r"pip install 'codewm-lsp\[wandb\]'"):
        Logs().wandb(tmp_path, tiny_preset())


@pytest.mark.parametrize(
    ("mode", "wanted"), [(None, False), ("", False), ("disabled", False), ("offline", True), ("online", True)]
)
def test_the_environment_can_ask_for_wandb(mode: str | None, wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    if mode is not None:
        monkeypatch.setenv("WANDB_MODE", mode)
    assert wants_wandb() is wanted


def test_wandb_is_not_imported_unless_it_is_asked_for(tmp_path: Path) -> None:
    program = "import sys, codewm_train.fit, codewm_train.cli; sys.exit('wandb' in sys.modules)"
    assert run("-c", program) == ""


def log_records(content: bytes) -> Iterator[bytes]:
    """The records of a LevelDB log, which wandb writes after a header of seven bytes."""
    block, at, parts = 32768, 7, b""
    while at + 7 <= len(content):
        if (left := block - at % block) < 7:
            at += left  # no room for a header: zeros
            continue
        _, length, kind = struct.unpack_from("<IHB", content, at)
        parts += content[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or the last part
            yield parts
            parts = b""


@pytest.mark.timeout(900)
def test_offline_wandb_keeps_every_scalar_in_the_folder_of_the_run(tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="the extra `wandb` is not installed")
    from wandb.proto.wandb_internal_pb2 import Record

    tiny_dataset(tmp_path / "data")
    options = json.dumps({"wandb": True, "validate_every": 2})
    told = losses(
        run(VICTIM, tmp_path / "data", tmp_path / "run", json.dumps(tiny_preset().to_dict()), options,
            WANDB_MODE="offline", WANDB_ERROR_REPORTING="false", WANDB_SILENT="true", HOME=str(tmp_path))
    )  # fmt: skip
    (stored,) = (tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb")
    kept = {}
    for payload in log_records(stored.read_bytes()):
        record = Record.FromString(payload)
        if record.WhichOneof("record_type") == "history":
            values = {one.key or one.nested_key[0]: json.loads(one.value_json) for one in record.history.item}
            kept[values["_step"]] = values
    assert {step: repr(values["loss"]) for step, values in kept.items()} == told
    assert "validation/copy_proof_knn1" in kept[2] and "validation/copy_proof_knn1" not in kept[3]
