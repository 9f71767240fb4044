"""Edits and states as vectors: inner product is similarity.

The networks are loaded when the first of them is needed. Searching an index in whose key and score the model has no
share needs none.
"""

from __future__ import annotations

import functools
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from codewm_lsp.engine.default_bundle import default_bundle
from codewm_model.action_classes import ActionClasses
from codewm_model.actions import action_of
from codewm_model.bundle import Bundle
from codewm_model.changes import Change, change_of
from codewm_model.edit import edit_between, split_lines
from codewm_model.languages import LANGUAGES
from codewm_model.prediction import probabilities
from codewm_model.regions import Region, region_at, region_pair
from codewm_model.runtime import Model
from codewm_model.sketch import KEY_SIZE, Floats, Sketch, index_keys, sketch
from codewm_model.syntax import Source
from codewm_model.tokenizer import TokenSequence, tokenize

CACHED_PLACES = 4096


@dataclass(frozen=True, slots=True, eq=False)
class ReadEdit:
    """An edit as the encoder takes it: its sketch, both sides as the model is shown them, and its action."""

    sketch: Sketch
    before: TokenSequence
    after: TokenSequence
    action: Floats


@dataclass(frozen=True, slots=True, eq=False)
class EncodedEdit:
    """What an index keeps of an edit: its sketch, its learned embedding `[E]`, the state before it `[D]`, its class.

    The last three are None where the model sees nothing: without a grammar, or without any code on either side.
    """

    sketch: Sketch
    learned: Floats | None
    before: Floats | None
    action_class: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPlace:
    """What the model makes of a place in the code: the state around it `[D]`, how likely each kind of edit is `[K]`."""

    state: Floats
    likely: Floats


class Encoder:
    """A bundle at work. Any thread may use it."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.size = key_size(bundle)
        """Numbers in an edit's vector."""
        self._places: OrderedDict[bytes, EncodedPlace] = OrderedDict()
        self._lock = threading.Lock()  # of what is remembered, never held while the networks run

    @classmethod
    def default(cls) -> Encoder:
        """The encoder that this version's indexes are made with, one for each process.

        Raises:
            BundleError: its bundle is missing, damaged or of another version.
        """
        return _encoder_of(default_bundle())

    @functools.cached_property
    def model(self) -> Model:
        """The networks.

        Raises:
            BundleError, DependencyError: see `codewm_model.runtime.Model.open`.
        """
        return Model.open(self.bundle)

    @functools.cached_property
    def classes(self) -> ActionClasses:
        """The kinds of edits that the bundle tells apart.

        Raises:
            BundleError: it has none, or its file is not what it should be.
        """
        return self.bundle.action_classes()

    def encode_edits(self, edits: Sequence[tuple[str, str]]) -> Floats:
        """Unit rows `[N, size]` for (before, after) pairs of Python source; fragments and broken code are fine.

        A pair without any difference in words or syntax has nothing to encode: its row is zero.
        """
        changes = (change_of(edit_between(before, after)) for before, after in edits)
        if self.bundle.config.learned_weight.key:
            encoded = self.encode([self.read(change) for change in changes])
        else:
            encoded = [EncodedEdit(sketch(change), None, None) for change in changes]
        return edit_keys(self.bundle, [edit.sketch for edit in encoded], [edit.learned for edit in encoded])

    def read(self, change: Change) -> ReadEdit:
        """The change as `encode` takes it; small, while a change holds two parsed files."""
        return ReadEdit(sketch(change), *self._sides(change), action_of(change))

    def encode(self, edits: Sequence[ReadEdit]) -> list[EncodedEdit]:
        """What an index keeps of each edit."""
        seen = [i for i, edit in enumerate(edits) if len(edit.before.text) or len(edit.after.text)]
        both = self.model.encode([edits[i].before for i in seen] + [edits[i].after for i in seen])
        before, after = both[: len(seen)], both[len(seen) :]
        kinds = self.classes.assign(np.stack([edits[i].action for i in seen])).tolist() if seen else []
        found = dict(zip(seen, zip(self.model.edits(before, after), before.state, kinds, strict=True), strict=True))
        return [EncodedEdit(edit.sketch, *found.get(i, (None, None, None))) for i, edit in enumerate(edits)]

    @property
    def finds(self) -> bool:
        """Whether the model has a share in what a search finds: without one it need not run for it."""
        return bool(self.bundle.config.learned_weight.key or self.bundle.config.learned_weight.score)

    def embedding(self, change: Change) -> Floats | None:
        """The learned embedding `[E]` of an edit that is looked for, None where the model sees nothing."""
        before, after = self._sides(change)
        if not len(before.text) and not len(after.text):
            return None
        both = self.model.encode([before, after])
        return np.asarray(self.model.edits(both[:1], both[1:])[0])

    def _sides(self, change: Change) -> tuple[TokenSequence, TokenSequence]:
        """Both sides of a change as the model is shown them."""
        before, after = region_pair(change, self.bundle.config.positions)
        return self.tokens(before), self.tokens(after)

    def encode_states(self, places: Sequence[str | tuple[str, int]]) -> Floats:
        """States `[N, D]` of places in Python source: a source with a line (1-based), or its first line without one.

        The state is that of the region around the line: its definition, as far as the model sees.
        """
        return _stacked([place.state for place in self.encode_places(places)], self.bundle.config.d_state)

    def encode_places(self, places: Sequence[str | tuple[str, int]]) -> list[EncodedPlace]:
        """All that the model makes of such places, for edits that begin at the line."""
        pairs = [(place, 1) if isinstance(place, str) else place for place in places]
        budget = self.bundle.config.positions
        return self.encode_tokens([self.tokens(_region_at(source, line - 1, budget)) for source, line in pairs])

    def tokens(self, region: Region) -> TokenSequence:
        """A region as the model is shown it."""
        return tokenize(region, self.bundle.config.positions)

    def encode_tokens(self, sequences: Sequence[TokenSequence]) -> list[EncodedPlace]:
        """N places as `tokens` gives them, each at its center; those seen lately are remembered by their content."""
        names = [_content_of(sequence) for sequence in sequences]
        with self._lock:
            known = {name: self._places[name] for name in names if name in self._places}
        missing = {name: tokens for name, tokens in zip(names, sequences, strict=True) if name not in known}
        made = self.model.encode(list(missing.values()))
        rows = zip(missing, made.state, probabilities(made.prior), strict=True)
        known |= {name: EncodedPlace(state.copy(), likely.copy()) for name, state, likely in rows}
        with self._lock:
            for name in names:
                self._places[name] = known[name]
                self._places.move_to_end(name)
            while len(self._places) > CACHED_PLACES:
                self._places.popitem(last=False)
        return [known[name] for name in names]

    def remembers(self, sequence: TokenSequence) -> bool:
        """Whether `encode_tokens` would answer without running the model."""
        with self._lock:
            return _content_of(sequence) in self._places

    def predict(self, states: Floats, actions: Floats) -> Floats:
        """Next states `[N, D]` of states `[N, D]` under actions `[N, ACTION_SIZE]` (`codewm_model.actions`)."""
        return self.model.predict(states, actions)


def edit_keys(bundle: Bundle, sketches: Sequence[Sketch], learned: Sequence[Floats | None]) -> Floats:
    """What an index made with this bundle searches, `[N, key_size(bundle)]`, for N edits as `EncodedEdit` has them."""
    config = bundle.config
    return index_keys(sketches, _stacked(learned, config.d_edit), config.learned_weight.key)


def key_size(bundle: Bundle) -> int:
    """Numbers in a key; the learned part takes no room where it has no share."""
    return KEY_SIZE + (bundle.config.d_edit if bundle.config.learned_weight.key else 0)


def _stacked(rows: Sequence[Floats | None], size: int) -> Floats:
    """`[N, size]`; zero where a row is None."""
    nothing = np.zeros(size, np.float32)
    return np.array([nothing if row is None else row for row in rows], np.float32).reshape(len(rows), size)


@functools.cache
def _encoder_of(bundle: Bundle) -> Encoder:
    return Encoder(bundle)


def _region_at(source: str, line: int, budget: int) -> Region:
    """The region around a line; past the last one it is around that."""
    parsed = Source.parse(LANGUAGES[0], split_lines(source))
    return region_at(parsed, max(0, min(line, parsed.line_count - 1)), budget)


def _content_of(sequence: TokenSequence) -> bytes:
    """A hash of all that enters the state and the prior: no mark does, but the change's beginning enters the prior."""
    digest = hashlib.blake2b(str(sequence.center).encode(), digest_size=16)
    for column in (sequence.text, sequence.parent, sequence.depth):
        digest.update(column.tobytes())
    return digest.digest()
