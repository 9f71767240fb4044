"""One process or many: what torchrun and `accelerate launch` say in the environment, and what is shared at a step."""

from __future__ import annotations

import os
from typing import Any, NamedTuple, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

T = TypeVar("T")


class Place(NamedTuple):
    """Which of `world` processes this is, and on what it computes."""

    rank: int
    world: int
    device: torch.device


def start() -> Place:
    """Join the other processes, if there are any."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    cuda = torch.cuda.is_available()
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if cuda else torch.device("cpu")
    if world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    return Place(dist.get_rank() if world > 1 else 0, world, device)


def stop() -> None:
    """Leave the other processes."""
    if dist.is_initialized():
        dist.destroy_process_group()


def joined(rows: T) -> T:
    """The rows of all processes, one process after the other: of a tensor `[B, ...]`, or of all in a list or tuple.

    The losses compare the edits of a batch with each other, so each process computes them over all rows. Each then has
    the whole gradient for its own rows; it is given back times the number of processes, because the gradients of the
    weights are averaged over the processes afterwards, and what comes out is the gradient of the joined batch.
    """
    return rows if not dist.is_initialized() else _joined(rows)


def agreed(decision: bool, place: Place) -> bool:
    """What the first process decided."""
    if place.world == 1:
        return decision
    said = torch.tensor(int(decision), device=place.device)
    dist.broadcast(said, src=0)
    return bool(said)


def hardware(device: torch.device) -> str:
    """What each process of the run had, in words."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} CPU thread(s)"


def _joined(rows: Any) -> Any:
    if isinstance(rows, Tensor):
        return _Gather.apply(rows)  # type: ignore[no-untyped-call]  # torch declares no types for it
    inner = [_joined(part) for part in rows]
    return inner if isinstance(rows, list) else type(rows)(*inner)  # a named tuple


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.own = slice(dist.get_rank() * len(rows), (dist.get_rank() + 1) * len(rows))
        parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0][ctx.own] * dist.get_world_size()
