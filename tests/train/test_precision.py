"""bf16 where the chip computes in it, and fp32 with a word elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from datasets import tiny_preset

from codewm_train.data import Dataset
from codewm_train.fit import fit
from codewm_train.precision import has_bf16, within_reach

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def pretend(monkeypatch: pytest.MonkeyPatch, **capabilities: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False}, False),
        ({"neon": True, "bf16": False}, False),
        ({}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"neon": True, "bf16": True}, True),
    ],
)
def test_a_cpu_computes_in_bf16_if_it_has_an_instruction_for_it(
    capabilities: dict[str, bool], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, **capabilities)
    assert has_bf16(CPU) is expected


@pytest.mark.parametrize("native", [True, False])
def test_a_gpu_that_only_emulates_bf16_does_not_have_it(native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or native)
    assert has_bf16(GPU) is native


def test_this_machine_can_be_asked() -> None:
    assert has_bf16(CPU) in (True, False)


@pytest.mark.parametrize(("device", "chip"), [(CPU, "CPU"), (GPU, "GPU")])
def test_without_it_one_line_says_so_and_the_rest_of_the_preset_stays(
    device: torch.device, chip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation)
    said: list[str] = []
    assert within_reach(tiny_preset(bf16=True), device, said.append) == tiny_preset(bf16=False)
    assert len(said) == 1 and f"this {chip} has no bf16" in said[0] and "\n" not in said[0]
    assert within_reach(tiny_preset(bf16=False), device, said.append) == tiny_preset(bf16=False)
    assert len(said) == 1


def test_a_run_goes_on_with_its_own_preset_where_the_chip_has_none(
    data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses: list[float] = []
    for has, out in ((True, "coarse"), (False, "fine"), (False, "coarse")):
        pretend(monkeypatch, avx512_bf16=has)
        stop_after = 0 if (has, out) == (False, "coarse") else 3
        fit(data, tmp_path / out, tiny_preset(bf16=True), stop_after=stop_after, say=lambda words: None,
            report=lambda step, values: losses.append(values["loss"]))  # fmt: skip
    assert losses[0] != losses[3] and losses[0] == pytest.approx(losses[3], rel=0.02)
    assert len(losses) == 9
