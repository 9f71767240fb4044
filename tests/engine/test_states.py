"""Live states: the model runs for what is new to it, and for nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from codewm_lsp.engine.buffer import Buffer
from codewm_lsp.engine.encoder import Encoder
from codewm_lsp.engine.states import LiveStates
from codewm_model.bundle import Bundle
from codewm_model.languages import LANGUAGES
from codewm_model.regions import Region
from codewm_model.runtime import Encoded, Model
from codewm_model.tokenizer import TokenSequence

CODE = ["def first(a):", "    return a", "", "", "def second(b):", "    return b", ""]


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many regions each run of the model has been given."""
    counts: list[int] = []
    encode = Model.encode

    def counted(self: Model, sequences: list[object]) -> Encoded:
        if sequences:
            counts.append(len(sequences))
        return encode(self, sequences)  # type: ignore[arg-type]

    monkeypatch.setattr(Model, "encode", counted)
    return counts


@pytest.fixture
def live(random_bundle: Bundle) -> LiveStates:
    return LiveStates(LANGUAGES[0], CODE, Encoder(random_bundle))


def test_only_a_region_whose_tokens_changed_is_encoded(live: LiveStates, runs: list[int]) -> None:
    first, second = live.encoded_at(0), live.encoded_at(4)
    assert len(runs) == 2
    live.change([(5, 1, ["    return c"])])
    assert live.encoded_at(0) is first
    assert len(runs) == 2
    changed = live.encoded_at(4)
    assert not np.array_equal(changed.state, second.state) and not np.array_equal(changed.likely, second.likely)
    assert len(runs) == 3


def test_what_was_there_before_or_only_moved_is_not_encoded_again(live: LiveStates, runs: list[int]) -> None:
    second = live.encoded_at(4)
    live.change([(5, 1, ["    return c"])])
    live.encoded_at(4)
    live.change([(5, 1, ["    return  b"]), (0, 0, ["import os", ""])])
    assert live.encoded_at(6) is second
    assert len(runs) == 2


def test_a_state_that_is_not_known_is_not_made_by_asking_whether_it_is(live: LiveStates, runs: list[int]) -> None:
    assert live.known_at(0) is None
    assert runs == []
    made = live.encoded_at(0)
    assert live.known_at(0) is made


def test_the_cursor_comes_before_all_else_that_was_touched(live: LiveStates) -> None:
    assert list(live.touched_lines()) == []
    live.change([(1, 1, ["    return x"]), (5, 1, ["    return y"])])
    assert list(live.touched_lines()) == [5, 1]
    live.change([(6, 1, ["", "def third():", "    pass", "", "class Fourth:", "    x = 1"])])
    assert list(live.touched_lines()) == [11, 7, 10]


def test_costs_are_of_the_present_version(live: LiveStates) -> None:
    live.encoded_at(0)
    assert all(cost > 0 for cost in live.milliseconds.values())
    live.change([(1, 1, ["    return x"])])
    assert live.milliseconds["parse"] > 0
    assert live.milliseconds["tokenize"] == live.milliseconds["encode"] == 0


@pytest.mark.parametrize("positions", [64, 128, 256])
def test_the_model_is_shown_as_many_positions_as_its_bundle_says(
    random_bundle: Bundle, positions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[int] = []
    encode = Model.encode

    def seen(self: Model, sequences: list[TokenSequence]) -> Encoded:
        shown.extend(len(sequence.text) for sequence in sequences)
        return encode(self, sequences)

    monkeypatch.setattr(Model, "encode", seen)
    lines = ["def long():", *(f"    call({i})" for i in range(200)), ""]
    encoder = Encoder(Bundle(random_bundle.folder, replace(random_bundle.config, positions=positions)))
    live = LiveStates(LANGUAGES[0], lines, encoder)
    states = [live.encoded_at(line).state for line in (0, 100)]
    assert shown == [positions] * 2
    assert np.array_equal(states[1], encoder.encode_states([("\n".join(lines), 101)])[0])


def test_a_line_is_read_once_for_each_version(live: LiveStates, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    region_at = Buffer.region_at

    def counted(self: Buffer, line: int, budget: int) -> Region:
        read.append(line)
        return region_at(self, line, budget)

    monkeypatch.setattr(Buffer, "region_at", counted)
    for _ in range(2):
        live.encoded_at(5)
        assert live.known_at(5) is not None
    live.change([(5, 1, ["    return c"])])
    live.encoded_at(5)
    assert read == [5, 5]
