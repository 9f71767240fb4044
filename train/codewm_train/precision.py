"""Whether half precision pays: only where the chip computes in it, and does not just convert."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch

from codewm_train.presets import Preset


def within_reach(preset: Preset, device: torch.device, say: Callable[[str], None]) -> Preset:
    """The preset as `device` can compute it: without bf16 where it has no such arithmetic, which is said."""
    if not preset.training.bf16 or has_bf16(device):
        return preset
    chip = "GPU" if device.type == "cuda" else "CPU"
    say(f"bf16: this {chip} has no bf16 arithmetic, so it would be slower; training in fp32")
    return dataclasses.replace(preset, training=dataclasses.replace(preset.training, bf16=False))


def has_bf16(device: torch.device) -> bool:
    """Whether matrix products in bf16 are instructions of the chip."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    has = torch.cpu.get_capabilities()  # x86: AVX-512 or AMX; ARM: NEON or SVE
    return any(has.get(name, False) for name in ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16"))
