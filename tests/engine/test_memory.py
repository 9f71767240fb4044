"""What was freed between pieces that live on is given back to the system, now and then."""

from __future__ import annotations

import ctypes
import resource
from pathlib import Path

import pytest

from codewm_lsp import memory

SIZE, COUNT = 2048, 20_000  # bytes, pieces: 40 MB


def resident() -> int:
    """Bytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def test_free_memory_between_what_lives_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    tidying = memory.Tidying()
    pieces = [libc.malloc(SIZE) for _ in range(COUNT)]
    for piece in pieces:
        ctypes.memset(piece, 1, SIZE)
    kept = pieces[::100]
    for piece in set(pieces) - set(kept):
        libc.free(piece)
    before = resident()
    tidying.now_and_then()
    assert resident() > before - SIZE * COUNT // 2, "not at every key"
    monkeypatch.setattr(memory, "SECONDS_BETWEEN", 0.0)
    tidying.now_and_then()
    assert resident() < before - SIZE * COUNT // 2
    for piece in kept:
        libc.free(piece)
