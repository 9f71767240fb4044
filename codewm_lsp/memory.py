"""Memory that is not in use goes back to the system, where the system's allocator would keep it.

Trees and texts come and go in pieces of every size, and what lives longer lies between them. glibc gives back what is
free at the end of its heaps only; over a day of typing that is tens of megabytes which nobody uses.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from time import monotonic

SECONDS_BETWEEN = 10.0


class Tidying:
    """Gives unused memory back now and then, for as long as somebody calls `now_and_then`. One thread at a time."""

    def __init__(self) -> None:
        self._last = monotonic()

    def now_and_then(self) -> None:
        """Do it if it has not been done lately: a few milliseconds, in which other threads go on."""
        if monotonic() - self._last >= SECONDS_BETWEEN:
            give_back()
            self._last = monotonic()


def give_back() -> None:
    """Do it now."""
    _trim()(0)


@functools.cache
def _trim() -> Callable[[int], object]:
    """glibc's `malloc_trim`; nothing where there is another allocator."""
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError, TypeError):  # TypeError: Windows has no library without a name
        return lambda kept: None
    return trim
