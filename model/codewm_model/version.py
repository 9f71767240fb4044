"""The version of the representation: a hash of what it DOES to a fixed sample of edits.

History, regions, tokens, actions and sketches decide what a stored number means. A comment in their source
changes nothing and must not make anyone rebuild an index; a new grammar or another hash does and must. So the
version is computed from their output. It travels in every index, checkpoint and bundle. Keys have a version of
their own, since they are stored nowhere but in graphs, which are made again from the rows.
"""

from __future__ import annotations

import functools
import hashlib

from codewm_model.actions import ACTION_FIELDS, action_of, label_of
from codewm_model.changes import Change, change_of
from codewm_model.edit import edit_between
from codewm_model.regions import region_pair
from codewm_model.sketch import Floats, Sketch, project, sketch
from codewm_model.tokenizer import tokenize

FORMAT = 1  # raised by hand for changes that the sample cannot show

_BEFORE = '''\
import os
from typing import Optional, List


class Loader(Base, metaclass=Meta):
    """Reads things from disk, one at a time."""

    @property
    def size(self) -> Optional[int]:
        return len(self._items) if self._items is not None else None

    async def load(self, path: str, *names, retries=3, **options) -> List[bytes]:
        # try each name in turn
        for i, name in enumerate(names):
            full = os.path.join(path, "%s.bin" % name)
            with open(full, 'rb') as handle:
                yield handle.read()[i:-1]
        data = {key: value * 2.5 for key, value in options.items() if not value == 0x1F}
        return await self.finish(data, lambda x: x ** 2)
'''
_SWAPS = (
    ("import os\n", "import os\nfrom pathlib import Path\n"),
    ("Optional[int]", "int | None"),
    ('"%s.bin" % name', 'f"{name!r}.bin"'),
    ("        # try each name in turn\n", ""),
    ("retries=3", "retries: int = 5, timeout=None"),
    ("            with open(full, 'rb') as handle:\n                yield handle.read()[i:-1]\n",
     "            try:\n                with open(full, 'rb') as handle:\n                    yield handle.read()\n"
     "            except (OSError, ValueError) as error:\n                raise LoadError(full) from error\n"),
    ("one at a time", "many at a time"),
    ("if not value == 0x1F", "if value != 31 and value in (1, 2)"),
    ("lambda x: x ** 2", "square"),
    ("    @property\n", "    @functools.cached_property\n"),
    ("    async def load", "    def reset(self):\n        self._items = None\n\n    async def load"),
    ("(data, lambda x: x ** 2)\n", "(data, lambda x: x ** 2)\n\n    def close(self):\n        self._items = None\n"),
)  # fmt: skip


@functools.cache
def representation_version() -> str:
    """Twelve hexadecimal digits, of what is stored of an edit and what a network reads of it."""
    digest = hashlib.blake2b(repr((FORMAT, ACTION_FIELDS)).encode(), digest_size=6)
    for change, both in zip(_changes(), _sketches(), strict=True):
        digest.update(f"{change.scope} {change.symbol} {label_of(change)}".encode())
        digest.update(_rounded(action_of(change)))
        for region in region_pair(change):
            tokens = tokenize(region)
            for ids in (tokens.text, tokens.parent, tokens.depth, tokens.mark):
                digest.update(ids.astype("<i4").tobytes())
        for features in (both.lexical, both.structural):
            digest.update(features.hashes.astype("<u4").tobytes() + _rounded(features.weights))
    return digest.hexdigest()


@functools.cache
def key_version() -> str:
    """Twelve hexadecimal digits, of how sketches become keys: what a graph is made of, and nothing that is stored."""
    return hashlib.blake2b(_rounded(project(_sketches())), digest_size=6).hexdigest()


@functools.cache
def _changes() -> tuple[Change, ...]:
    code = (change_of(edit_between(_BEFORE, _BEFORE.replace(old, new))) for old, new in _SWAPS)
    return (*code, change_of(edit_between("plain old words\n", "plain new words, again\n", "notes.txt")))


def _sketches() -> tuple[Sketch, ...]:
    return tuple(map(sketch, _changes()))


def _rounded(numbers: Floats) -> bytes:
    """To 1/256: the last bits of another processor's arithmetic don't count."""
    return (numbers * 256).round().astype("<i4").tobytes()
