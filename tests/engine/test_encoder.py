"""The contract of `Encoder` that other programs build on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codewm_lsp.engine import Encoder, encoder
from codewm_model.actions import action_vector
from codewm_model.bundle import Bundle
from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.runtime import Encoded, Model
from codewm_model.sketch import KEY_SIZE, project, sketch
from codewm_model.tokenizer import TokenSequence

TIMEOUT = ("def f(s):\n    return s.get(url)\n", "def f(s):\n    return s.get(url, timeout=5)\n")
OTHER_TIMEOUT = ("def g(t):\n    x = t.get(link)\n", "def g(t):\n    x = t.get(link, timeout=9)\n")
IMPORT = ("import os\n", "import os\nfrom collections import deque\n")


def test_rows_are_unit_float32() -> None:
    rows = Encoder.default().encode_edits([TIMEOUT, OTHER_TIMEOUT, IMPORT])
    assert (rows.shape, rows.dtype) == ((3, Encoder.default().size), np.float32)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_no_edits_are_no_rows() -> None:
    assert Encoder.default().encode_edits([]).shape == (0, Encoder.default().size)


def test_an_edit_is_nearer_to_its_like_than_to_another() -> None:
    timeout, other, imported = Encoder.default().encode_edits([TIMEOUT, OTHER_TIMEOUT, IMPORT])
    assert timeout @ other > timeout @ imported + 0.2


def test_a_row_does_not_depend_on_its_neighbours() -> None:
    encoder = Encoder.default()
    together = encoder.encode_edits([IMPORT, TIMEOUT, OTHER_TIMEOUT])[1]
    assert np.array_equal(together, encoder.encode_edits([TIMEOUT])[0])


def test_adding_is_not_removing() -> None:
    added, removed = Encoder.default().encode_edits([TIMEOUT, TIMEOUT[::-1]])
    assert added @ removed < 0.6


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_two_texts_have_a_row_of_length_one_or_zero(before: str, after: str) -> None:
    (row,) = Encoder.default().encode_edits([(before, after)])
    assert float(np.linalg.norm(row)) == pytest.approx(1.0 if row.any() else 0.0, abs=1e-5)


def test_without_a_share_of_the_key_rows_are_those_of_the_sketches_and_the_model_is_not_run(
    random_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Model, "open", refuse)
    rows = Encoder(random_bundle).encode_edits([TIMEOUT, IMPORT])
    assert np.array_equal(rows, project([sketch(change_of(edit_between(*pair))) for pair in (TIMEOUT, IMPORT)]))


def test_with_a_share_of_the_key_inner_products_are_shared_out(weigh: Callable[[float, float], Bundle]) -> None:
    pairs = [TIMEOUT, OTHER_TIMEOUT, IMPORT]
    plain = Encoder.default().encode_edits(pairs)
    encoder = Encoder(weigh(0.25, 0.0))
    rows = encoder.encode_edits(pairs)
    learned = np.array(
        [edit.learned for edit in encoder.encode([encoder.read(change_of(edit_between(*p))) for p in pairs])]
    )
    assert encoder.size == rows.shape[1] == KEY_SIZE + encoder.bundle.config.d_edit
    assert rows @ rows.T == pytest.approx(0.75 * (plain @ plain.T) + 0.25 * (learned @ learned.T), abs=1e-5)


def test_an_edit_without_code_has_no_vectors_of_the_model() -> None:
    encoder = Encoder.default()
    words = encoder.read(change_of(edit_between("plain words\n", "other words\n", "notes.txt")))
    code = encoder.read(change_of(edit_between(*TIMEOUT)))
    found = encoder.encode([words, code])
    assert (found[0].learned, found[0].before) == (None, None)
    assert found[1].learned is not None and found[1].before is not None


CLASS = """\
class Box:
    def put(self, thing):
        self.things.append(thing)

    def take(self):
        return self.things.pop()
"""
LONG = "def long(x):\n" + "".join(f"    value_{i} = compute_{i}(x, {i})\n" for i in range(60))


def test_states_are_those_of_the_places_asked_for() -> None:
    encoder = Encoder.default()
    states = encoder.encode_states([(CLASS, 3), (CLASS, 2), (CLASS, 6), "x = 1\n", ("x = 1\n", 1), "", (CLASS, 99)])
    assert (states.shape, states.dtype) == ((7, encoder.bundle.config.d_state), np.float32)
    assert states[0] == pytest.approx(states[1], abs=1e-5), "two lines of a definition that is seen whole"
    assert np.array_equal(states[3], states[4])
    assert np.abs(states[0] - states[2]).max() > 0.01
    assert np.isfinite(states).all()


@pytest.mark.parametrize("line", [2, 15, 30, 59, 61])
def test_the_state_of_a_place_is_the_state_before_an_edit_there(line: int) -> None:
    encoder = Encoder.default()
    lines = LONG.splitlines(keepends=True)
    lines[line - 1] = lines[line - 1].replace("(x, ", "(x, y, ")
    before = encoder.encode([encoder.read(change_of(edit_between(LONG, "".join(lines))))])[0].before
    assert encoder.encode_states([(LONG, line)])[0] == pytest.approx(before, abs=1e-5)


def test_a_state_seen_before_is_remembered_by_its_content(
    random_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def counting(self: Model, sequences: list[TokenSequence]) -> Encoded:
        asked.append(len(sequences))
        return encode(self, sequences)

    encode = Model.encode
    monkeypatch.setattr(Model, "encode", counting)
    monkeypatch.setattr(encoder, "CACHED_PLACES", 2)
    mine = Encoder(random_bundle)
    first = mine.encode_states(["x = 1\n", "y = f(2)\n", "x = 1\n"])
    again = mine.encode_states(["\n\nx = 1\n", "z[3]\n"])
    mine.encode_states(["y = f(2)\n"])
    assert asked == [2, 1, 1], "each content once, until others have taken its place"
    assert np.array_equal(first[0], first[2]) and np.array_equal(first[0], again[0])


def test_equal_tokens_with_another_center_are_other_content(random_bundle: Bundle) -> None:
    mine = Encoder(random_bundle)
    first, second, again = mine.encode_places([(CLASS, 2), (CLASS, 3), (CLASS, 2)])
    assert first is again and second is not first
    assert first.state == pytest.approx(second.state, abs=1e-5)
    assert np.abs(first.likely - second.likely).max() > 1e-4
    for place in (first, second):
        assert place.likely.shape == (len(mine.classes),) and place.likely.sum() == pytest.approx(1)


def test_states_are_those_of_the_encoded_places(random_bundle: Bundle) -> None:
    mine = Encoder(random_bundle)
    places = [(CLASS, 2), "x = 1\n", (CLASS, 6)]
    assert np.array_equal(mine.encode_states(places), [place.state for place in mine.encode_places(places)])
    assert mine.encode_states([]).shape == (0, random_bundle.config.d_state) and mine.encode_places([]) == []


def test_a_prediction_depends_on_state_and_action() -> None:
    encoder = Encoder.default()
    (state,) = encoder.encode_states([TIMEOUT[0]])
    actions = np.stack([action_vector(*TIMEOUT), action_vector(*IMPORT)])
    predicted = encoder.predict(np.stack([state, state]), actions)
    assert (predicted.shape, predicted.dtype) == ((2, len(state)), np.float32)
    assert np.abs(predicted[0] - predicted[1]).max() > 1e-3


def refuse(bundle: Bundle) -> Model:
    raise AssertionError("the networks were loaded")
