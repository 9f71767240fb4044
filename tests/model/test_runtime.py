"""The exported networks give one answer for one input, whatever else is asked beside it."""

from __future__ import annotations

import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codewm_model.actions import ACTION_SIZE
from codewm_model.bundle import EDIT_HEAD, ENCODER, PREDICTOR, Bundle, write_config
from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.errors import BundleError
from codewm_model.regions import CHANGED, UNCHANGED, region_pair
from codewm_model.runtime import BATCH, Encoded, Model
from codewm_model.tokenizer import TEXT_BUCKETS, TokenSequence, tokenize

TOLERANCE = 1e-5


def sequence(length: int, seed: int = 0) -> TokenSequence:
    """Positions at random, some of them changed."""
    rng = np.random.default_rng([length, seed])
    columns = (rng.integers(1, top, length).astype(np.int32) for top in (TEXT_BUCKETS, 500, 31))
    marks = rng.choice([UNCHANGED, CHANGED], length).astype(np.int32)
    return TokenSequence(*columns, marks, np.zeros(length, np.int32))


@pytest.fixture(scope="module")
def model(random_bundle: Bundle) -> Model:
    return Model.open(random_bundle)


def test_shapes_and_types(model: Model, random_bundle: Bundle) -> None:
    config = random_bundle.config
    both = model.encode([sequence(5), sequence(64), sequence(0)])
    assert (both.state.shape, both.focus.shape) == ((3, config.d_state), (3, 3, config.d_state))
    assert both.prior.shape == (3, config.classes)
    assert np.exp(both.prior).sum(axis=1) == pytest.approx(1, abs=1e-5)
    edits = model.edits(both, both)
    predictions = model.predict(both.state, np.zeros((3, ACTION_SIZE), np.float32))
    assert (edits.shape, predictions.shape) == ((3, config.d_edit), (3, config.d_state))
    assert {array.dtype for array in (both.state, both.focus, both.prior, edits, predictions)} == {np.dtype(np.float32)}
    assert np.linalg.norm(edits, axis=1) == pytest.approx(1, abs=1e-5)


def test_nothing_in_is_nothing_out(model: Model, random_bundle: Bundle) -> None:
    config = random_bundle.config
    nothing = model.encode([])
    assert (nothing.state.shape, nothing.focus.shape) == ((0, config.d_state), (0, 3, config.d_state))
    assert nothing.prior.shape == (0, config.classes)
    assert model.edits(nothing, nothing).shape == (0, config.d_edit)
    assert model.predict(nothing.state, np.zeros((0, ACTION_SIZE), np.float32)).shape == (0, config.d_state)


@given(st.lists(st.integers(0, 80), min_size=1, max_size=3 * BATCH))
@settings(max_examples=25)
def test_neither_the_order_of_a_batch_nor_its_padding_matters(model: Model, lengths: list[int]) -> None:
    sequences = [sequence(length, seed) for seed, length in enumerate(lengths)]
    together = model.encode(sequences)
    order = random.Random(0).sample(range(len(lengths)), len(lengths))
    shuffled = model.encode([sequences[i] for i in order])
    assert shuffled.state == pytest.approx(together.state[order], abs=TOLERANCE)
    assert shuffled.focus == pytest.approx(together.focus[order], abs=TOLERANCE)
    assert shuffled.prior == pytest.approx(together.prior[order], abs=TOLERANCE)
    alone = model.encode(sequences[-1:])
    assert alone.state[0] == pytest.approx(together.state[-1], abs=TOLERANCE)
    assert alone.prior[0] == pytest.approx(together.prior[-1], abs=TOLERANCE)


def test_different_code_has_different_states(model: Model) -> None:
    states = model.encode([sequence(20, seed) for seed in range(5)]).state
    distances = np.linalg.norm(states[:, None] - states[None], axis=-1)
    assert distances[~np.eye(5, dtype=bool)].min() > 0.01


@pytest.mark.parametrize("center", [0, 12, 30])
def test_the_marks_of_changed_lines_enter_neither_the_state_nor_the_prior(model: Model, center: int) -> None:
    marked = replace(sequence(30), center=center)
    plain = replace(marked, mark=np.zeros_like(marked.mark))
    both = model.encode([marked, plain])
    assert both.state[0] == pytest.approx(both.state[1], abs=TOLERANCE)
    assert both.prior[0] == pytest.approx(both.prior[1], abs=TOLERANCE)
    assert np.abs(both.focus[0] - both.focus[1]).max() > 0.01


def test_where_the_change_begins_enters_the_prior_and_nothing_else(model: Model) -> None:
    places = [replace(sequence(30), center=center) for center in (0, 12, 29, 30)]
    found = model.encode(places)
    for name in ("state", "focus"):
        rows = getattr(found, name)
        assert rows[1:] == pytest.approx(np.repeat(rows[:1], 3, axis=0), abs=TOLERANCE)
    distances = np.abs(found.prior[:, None] - found.prior[None]).max(axis=-1)
    assert distances[~np.eye(4, dtype=bool)].min() > 1e-3


def test_an_edit_of_either_size_at_one_place_finds_the_same_prior(model: Model) -> None:
    """The before of an edit tells the model nothing of the edit but where it begins."""
    lines = [f"value_{i} = load({i})\n" for i in range(8)]
    short = ["value_4 = read(4)\n"]
    edits = [edit_between("".join(lines), "".join(lines[:4] + short + lines[4 + gone :])) for gone in (1, 4)]
    befores = [tokenize(region_pair(change_of(edit))[0], 64) for edit in edits]
    assert befores[0].mark.tolist() != befores[1].mark.tolist()
    priors = model.encode(befores).prior
    assert priors[0] == pytest.approx(priors[1], abs=TOLERANCE)


def test_the_exported_networks_compute_what_the_trained_ones_do(model: Model) -> None:
    import torch
    from networks import random_model

    trained = random_model()
    change = change_of(edit_between("def f(a):\n    return a\n", "def f(a, b=None):\n    return b or a\n"))
    sides = [tokenize(region, 64) for region in region_pair(change)]
    ours = model.encode(sides)
    action = np.linspace(0, 1, ACTION_SIZE, dtype=np.float32)[None]
    with torch.no_grad():
        theirs = [
            trained.encoder(*(torch.from_numpy(column[None].astype(np.int64)) for column in side.columns()))
            for side in sides
        ]  # fmt: skip
        predicted = trained.predictor(theirs[0].states[-1], trained.action_encoder(torch.from_numpy(action)))
        edit = torch.cat(trained.edit_head(theirs[0].focus, theirs[1].focus), 1) * 0.5**0.5
        priors = [trained.action_prior(encoded).log_softmax(dim=1) for encoded in theirs]
    for i, encoded in enumerate(theirs):
        assert ours.state[i] == pytest.approx(encoded.states[-1][0].numpy(), abs=TOLERANCE)
        assert ours.focus[i] == pytest.approx(encoded.focus[0].numpy(), abs=TOLERANCE)
        assert ours.prior[i] == pytest.approx(priors[i][0].numpy(), abs=TOLERANCE)
    before, after = ours[:1], ours[1:]
    assert model.edits(before, after)[0] == pytest.approx(edit[0].numpy(), abs=TOLERANCE)
    assert model.predict(before.state, action)[0] == pytest.approx(predicted[0].numpy(), abs=TOLERANCE)


@pytest.fixture
def bundle(random_bundle: Bundle, tmp_path: Path) -> Bundle:
    """A copy of one's own."""
    shutil.copytree(random_bundle.folder, tmp_path / "bundle")
    return Bundle.open(tmp_path / "bundle")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no network at all", "no network that can be run"),
        (PREDICTOR, "has inputs and outputs"),
    ],
)
def test_a_file_that_is_another_network_or_none_is_refused(
    bundle: Bundle, content: bytes | str, message: str, capfd: pytest.CaptureFixture[str]
) -> None:
    other = (bundle.folder / content).read_bytes() if isinstance(content, str) else content
    (bundle.folder / ENCODER).write_bytes(other)
    with pytest.raises(BundleError, match=message):
        Model.open(write_config(bundle.folder, bundle.config))
    assert capfd.readouterr().err == ""


def test_a_file_that_changed_since_the_bundle_was_opened_is_refused(bundle: Bundle) -> None:
    (bundle.folder / EDIT_HEAD).write_bytes((bundle.folder / PREDICTOR).read_bytes())
    with pytest.raises(BundleError, match="is damaged"):
        Model.open(bundle)


def test_what_a_network_cannot_take_is_an_error_of_ours(model: Model, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BundleError, match="cannot be run"):
        model.encode([sequence(300)])
    with pytest.raises(BundleError, match="cannot be run"):
        model.predict(np.zeros((2, 3), np.float32), np.zeros((2, ACTION_SIZE), np.float32))
    with pytest.raises(BundleError, match="cannot be run"):
        model.edits(
            Encoded(np.zeros((1, 4)), np.zeros((1, 2, 4), np.float32), np.zeros((1, 2))), model.encode([sequence(3)])
        )
    assert capfd.readouterr().err == ""
