"""What the network must not depend on, what it must, and how its parts are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from networks import INPUTS, SMALL, random_model
from torch import Tensor

from codewm_model.changes import change_of
from codewm_model.edit import edit_between
from codewm_model.nn.config import ModelConfig
from codewm_model.nn.encoder import N_FOCUS
from codewm_model.nn.world_model import Tokens, WorldModel
from codewm_model.regions import BEGINS, CHANGED, region_pair
from codewm_model.tokenizer import MAX_DEPTH, PARENT_BUCKETS, TEXT_BUCKETS, TokenSequence, tokenize

TOLERANCE = 1e-5
TOPS = (TEXT_BUCKETS, PARENT_BUCKETS, MAX_DEPTH, 3)
LENGTHS = (5, 17, 1, 0, 40)
BEFORE = "def load(path):\n    return open(path)\n"
AFTER = "def load(path, mode='r'):\n    return open(path, mode)\n"


@pytest.fixture(autouse=True)
def _without_gradients() -> object:
    with torch.no_grad():
        yield


@pytest.fixture(scope="module")
def model() -> WorldModel:
    return random_model()


def side(length: int, seed: int = 0) -> Tensor:
    """Random positions `[4, P]`, marks among them."""
    rng = np.random.default_rng([length, seed])
    rows = [rng.integers(least, top, length) for least, top in zip((1, 1, 0, 0), TOPS, strict=True)]
    return torch.from_numpy(np.stack(rows).astype(np.int64))


def batch(sides: Sequence[Tensor], length: int = 0) -> Tokens:
    """Sides padded to one length; what stands beside a padding position is anything, for nobody may look at it."""
    width = max(length, 1, *(one.shape[1] for one in sides))
    rng = np.random.default_rng(0)
    table = torch.from_numpy(np.stack([rng.integers(0, top, (len(sides), width)) for top in TOPS]).astype(np.int64))
    table[0] = 0
    for row, one in enumerate(sides):
        table[:, row, : one.shape[1]] = one
    return Tokens(*table)


def as_side(tokens: TokenSequence) -> Tensor:
    return torch.from_numpy(np.stack([getattr(tokens, name) for name in INPUTS]).astype(np.int64))


def near(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, atol=TOLERANCE, rtol=0)


def test_padding_does_not_matter(model: WorldModel) -> None:
    sides = [side(length) for length in LENGTHS]
    together = model.encoder(*batch(sides, 60))
    for row, one in enumerate(sides):
        alone = model.encoder(*batch([one]))
        for padded, own in zip(together.states, alone.states, strict=True):
            assert near(padded[row], own[0])
        assert near(together.focus[row], alone.focus[0])


def test_the_order_of_a_batch_does_not_matter(model: WorldModel) -> None:
    sides = [side(length) for length in LENGTHS]
    order = [3, 0, 4, 2, 1]
    one, other = model.encoder(*batch(sides)), model.encoder(*batch([sides[i] for i in order]))
    assert near(one.states[-1][order], other.states[-1])
    assert near(one.focus[order], other.focus)


def test_renaming_the_file_does_not_matter(model: WorldModel) -> None:
    encoded = [
        model.encoder(*batch([as_side(tokenize(region)) for region in region_pair(change)]))
        for change in (change_of(edit_between(BEFORE, AFTER, path)) for path in ("a.py", "some/where/else.pyi"))
    ]
    assert torch.equal(encoded[0].states[-1], encoded[1].states[-1])
    assert torch.equal(encoded[0].focus, encoded[1].focus)
    assert not near(encoded[0].states[-1][0], encoded[0].states[-1][1])


def test_the_marks_enter_the_focus_and_not_the_state(model: WorldModel) -> None:
    marked, plain = side(20), side(20)
    plain[3] = 0
    seen = model.encoder(*batch([marked, plain]))
    assert all(near(state[0], state[1]) for state in seen.states)
    assert all(not near(seen.focus[0, i], seen.focus[1, i]) for i in range(N_FOCUS))


def test_everything_but_the_marks_enters_the_state(model: WorldModel) -> None:
    state = model.encoder(*batch([side(20)])).states[-1]
    for column in range(3):
        other = side(20)
        other[column, 7] = other[column, 7] % 20 + 1
        assert not near(model.encoder(*batch([other])).states[-1], state), INPUTS[column]
    assert not near(model.encoder(*batch([side(20).flip(1)])).states[-1], state), "order"


def test_the_third_focus_does_not_see_the_context(model: WorldModel) -> None:
    one, other = side(20), side(20)
    one[3, 5], other[3, 5] = 2, 2
    kept = one[3] == 2
    other[:3, ~kept] = side(20, seed=1)[:3, ~kept]
    seen = model.encoder(*batch([one, other]))
    assert near(seen.focus[0, 2], seen.focus[1, 2])
    assert not near(seen.focus[0, 0], seen.focus[1, 0])


def test_where_nothing_changed_the_focus_is_learned() -> None:
    model = random_model()
    model.encoder.nothing_changed.copy_(torch.randn(N_FOCUS, SMALL.d_model))
    unmarked = [side(length) for length in LENGTHS]
    for one in unmarked:
        one[3] = 0
    for focus in model.encoder(*batch(unmarked)).focus:
        assert near(focus, model.encoder.nothing_changed)


def test_loops_share_their_weights_and_each_goes_on_from_the_one_before() -> None:
    once, thrice = WorldModel(replace(SMALL, n_loops=1)), WorldModel(replace(SMALL, n_loops=3))
    assert once.parameter_count() == thrice.parameter_count()
    once.load_state_dict(thrice.state_dict())
    tokens = batch([side(length) for length in LENGTHS])
    states = thrice.encoder(*tokens).states
    assert len(states) == 3
    assert near(once.encoder(*tokens).states[0], states[0])
    assert not near(states[0], states[1]) and not near(states[1], states[2])


def test_an_empty_region_has_a_finite_state(model: WorldModel) -> None:
    empty = tokenize(region_pair(change_of(edit_between("", "x = 1\n", "notes.txt")))[0])
    for length in (1, 9):
        seen = model.encoder(*batch([as_side(empty)], length))
        assert all(torch.isfinite(values).all() for values in (*seen.states, seen.focus))


def test_the_default_network_has_about_1_4_million_parameters() -> None:
    assert 1_200_000 < WorldModel(ModelConfig()).parameter_count() < 1_450_000


def test_the_predictor_adds_to_the_state_what_the_action_does() -> None:
    model = random_model()
    state, actions = torch.randn(4, SMALL.d_model), torch.randn(2, 4, SMALL.action_size)
    one, other = (model.predictor(state, model.action_encoder(action)) for action in actions)
    assert not near(one, other) and not near(one, state)
    for block in model.predictor.blocks:
        block.down.weight.zero_()
        block.down.bias.zero_()
    assert torch.equal(model.predictor(state, model.action_encoder(actions[0])), state)


def test_edit_embeddings_are_unit_rows_and_tell_before_from_after(model: WorldModel) -> None:
    before, after = torch.randn(2, 6, N_FOCUS, SMALL.d_model)
    for there, back in zip(model.edit_head(before, after), model.edit_head(after, before), strict=True):
        assert there.shape == (6, SMALL.d_edit)
        assert near(there.norm(dim=1), torch.ones(6))
        assert not near(there, back)


def test_a_transition_predicts_from_every_loop_of_the_before_alone(model: WorldModel) -> None:
    before, after, other = batch([side(9)]), batch([side(12)]), batch([side(12, seed=1)])
    action = torch.randn(1, SMALL.action_size)
    seen, again = model(before, after, action), model(before, other, action)
    assert len(seen.predictions) == SMALL.n_loops
    for i, state in enumerate(seen.before.states):
        assert near(seen.predictions[i], model.predictor(state, model.action_encoder(action)))
        assert torch.equal(seen.predictions[i], again.predictions[i])
    assert not near(seen.topic, again.topic)


def beginning_at(place: int, length: int = 30) -> Tokens:
    """A side whose change begins at `place`, or behind its last position."""
    one = side(length).clone()
    one[3] = 0
    if place < length:
        one[3, place] = BEGINS
    return batch([one])


def test_the_place_readouts_are_of_the_positions_around_it(model: WorldModel) -> None:
    x = model.encoder(*beginning_at(9))
    others = [model.encoder(*beginning_at(place)) for place in (10, 0, 30)]
    assert all(torch.equal(x.states[-1], other.states[-1]) for other in others)
    assert not any(torch.allclose(x.place, other.place, atol=TOLERANCE) for other in others)
    assert torch.allclose(x.place[:, 0], others[0].place[:, 1], atol=TOLERANCE)  # at 9 and just before 10
    first, behind = others[1].place, others[2].place
    nothing = model.encoder.nothing_there
    assert torch.equal(first[0, 1], nothing[1]) and torch.equal(first[0, 3], nothing[3])
    assert torch.equal(behind[0, 0], nothing[0]) and torch.equal(behind[0, 2], nothing[2])


def test_the_prior_is_told_the_place_and_nothing_of_the_edit(model: WorldModel) -> None:
    plain, marked = beginning_at(9), beginning_at(9)
    marked.mark[0, 9:14] += CHANGED
    logits = [model.action_prior(model.encoder(*tokens)) for tokens in (plain, marked, beginning_at(12))]
    assert logits[0].shape == (1, model.config.n_classes)
    assert torch.equal(logits[0], logits[1])
    assert not torch.allclose(logits[0], logits[2], atol=TOLERANCE)
