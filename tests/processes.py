"""Training in processes of their own: one, or two that work together, ended by themselves or by SIGKILL."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
from torch import Tensor

VICTIM = Path(__file__).with_name("training_victim.py")
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")
ENVIRONMENT = {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}


def start(*command: str | Path, launcher: Sequence[str] = (), **variables: str) -> subprocess.Popen[str]:
    """A Python program with these options before it and variables in its environment."""
    return subprocess.Popen(
        [sys.executable, *launcher, *map(str, command)],
        env={**os.environ, **ENVIRONMENT, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*command: str | Path, launcher: Sequence[str] = (), **variables: str) -> str:
    """What the program printed; it must succeed."""
    process = start(*command, launcher=launcher, **variables)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return output


def kill_after(process: subprocess.Popen[str], lines: int) -> str:
    """SIGKILL the program and all that it started once it has printed so many lines; what it had printed."""
    assert process.stdout is not None
    read = [process.stdout.readline() for _ in range(lines)]
    for one in (*psutil.Process(process.pid).children(recursive=True), process):  # workers have sessions of their own
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    rest, _ = process.communicate()
    return "".join(read) + rest


def losses(printed: str) -> dict[int, str]:
    """What the victim printed, by step; the last line of a killed process may be cut off."""
    return {int(step): loss for step, loss in (line.split() for line in printed.split("\n")[:-1])}


def tensors(state: object) -> list[Tensor]:
    """Every tensor in a checkpoint's state, the optimiser's too."""
    if isinstance(state, Tensor):
        return [state]
    inner = state.values() if isinstance(state, dict) else state if isinstance(state, list) else ()
    return [tensor for item in inner for tensor in tensors(item)]
