"""The papers' variants of the network: what each adds to ours, and what none of them breaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from networks import SMALL
from torch import Tensor

from codewm_model.actions import ACTION_FIELDS, ACTION_SIZE
from codewm_model.nn.config import ModelConfig
from codewm_model.nn.pools import LoopFusion, SingleQueryPool
from codewm_model.nn.predictor import LoopedPredictor
from codewm_model.nn.target_encoder import TargetEncoder
from codewm_model.nn.world_model import Tokens, WorldModel

LOOPED = replace(SMALL, predictor="looped", residual=False, predictor_loops=3)
VARIANTS: dict[str, dict[str, Any]] = {
    "single query": {"pool": "single"},
    "dense skip": {"dense_skip": True},
    "early readout": {"readout_loops": (1, 2)},
    "looped": {"predictor": "looped", "residual": False},
    "looped residual": {"predictor": "looped"},
    "seven numbers": {"action_fields": ACTION_FIELDS[54:60]},
}


@pytest.fixture(autouse=True)
def _without_gradients() -> object:
    torch.manual_seed(0)
    with torch.no_grad():
        yield


def sides(count: int, length: int, padding: int = 0) -> Tokens:
    """Random sides, with as many positions of padding behind them."""
    generator = torch.Generator().manual_seed(length)
    tops = (8192, 512, 31, 3)
    tokens = [torch.randint(1, top, (count, length), generator=generator) for top in tops]
    return Tokens(*(F.pad(ids, (0, padding)) for ids in tokens))


def built(**variant: Any) -> WorldModel:
    return WorldModel(replace(SMALL, **variant)).eval()


def near(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, atol=1e-5, rtol=0)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS.keys())
def test_no_variant_sees_padding_or_gives_what_is_no_number(variant: dict[str, Any]) -> None:
    model = built(**variant)
    action = torch.rand(3, ACTION_SIZE)
    one = model(sides(3, 9), sides(3, 7), action)
    other = model(sides(3, 9, padding=4), sides(3, 7, padding=2), action)
    assert len(one.predictions) == len(one.before.states) == SMALL.n_loops
    for a, b in zip((*one.before.states, *one.predictions), (*other.before.states, *other.predictions), strict=True):
        assert near(a, b) and torch.isfinite(a).all()
    empty = model.encoder(*(torch.zeros(1, 4, dtype=torch.int64) for _ in range(4)))
    assert torch.isfinite(empty.states[-1]).all()


def test_a_single_query_gives_the_mean_of_values_that_it_cannot_tell_apart() -> None:
    pool, x = SingleQueryPool(8), torch.randn(2, 5, 8)
    visible = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    pool.query.zero_()
    expected = torch.stack([x[0].mean(dim=0), x[1, :3].mean(dim=0)])
    assert near(pool(x, visible), pool.out(pool.value(expected)))


def test_a_single_query_looks_where_its_key_is() -> None:
    pool, x = SingleQueryPool(8), torch.randn(1, 5, 8)
    pool.key.weight.copy_(torch.eye(8))
    pool.key.bias.zero_()
    pool.query.copy_(1e4 * (x[0, 3] - x[0].mean(dim=0)))
    best = int((x[0] @ pool.query).argmax())
    assert near(pool(x, torch.ones(1, 5, dtype=torch.bool)), pool.out(pool.value(x[:, best])))


def test_dense_skip_adds_the_embedded_input_after_every_loop() -> None:
    model = built(dense_skip=True, n_loops=2)
    tokens = sides(2, 6)
    embedded = model.encoder.embedding(*tokens[:3])
    visible = torch.ones(2, 6, dtype=torch.bool)
    x = embedded
    for state in model.encoder(*tokens).states:
        x = model.encoder.block(x, visible) + embedded
        assert near(state, model.encoder.readout_norm(model.encoder.pool(x, visible)))


def test_the_early_readout_mixes_the_chosen_loops_evenly_before_it_has_learned() -> None:
    plain, early = built(n_loops=3), built(n_loops=3, readout_loops=(1, 2))
    early.load_state_dict(plain.state_dict(), strict=False)
    tokens = sides(2, 6)
    first, second, _ = plain.encoder(*tokens).states
    *kept, mixed = early.encoder(*tokens).states
    assert torch.equal(kept[0], first) and torch.equal(kept[1], second)
    assert near(mixed, F.layer_norm((first + second) / 2, (SMALL.d_model,)))


def test_the_early_readout_can_learn_to_be_one_loop() -> None:
    fusion, states = LoopFusion((1, 3), 8), list(torch.randn(3, 2, 8))
    fusion.logits.copy_(torch.tensor([0.0, 50.0]))
    assert near(fusion(states), F.layer_norm(states[2], (8,)))


def test_the_looped_predictor_applies_each_block_as_often_as_it_is_told() -> None:
    model = WorldModel(LOOPED)
    assert isinstance(model.predictor, LoopedPredictor) and len(model.predictor.blocks) == LOOPED.n_predictor_blocks
    state, act_emb = torch.randn(2, 4, SMALL.d_model)
    x, visible = torch.stack([state, act_emb], dim=1), torch.ones(4, 2, dtype=torch.bool)
    for block in model.predictor.blocks:
        for _ in range(3):
            x = block(x, visible)
    assert near(model.predictor(state, act_emb), model.predictor.norm(x[:, 0]))


def test_more_loops_of_the_predictor_cost_no_parameters_and_change_what_it_says() -> None:
    once, often = (WorldModel(replace(LOOPED, predictor_loops=loops)) for loops in (1, 6))
    assert once.parameter_count() == often.parameter_count()
    often.load_state_dict(once.state_dict())
    state, act_emb = torch.randn(2, 4, SMALL.d_model)
    assert not near(once.predictor(state, act_emb), often.predictor(state, act_emb))


def test_a_residual_looped_predictor_adds_what_the_plain_one_says() -> None:
    plain, residual = WorldModel(LOOPED), WorldModel(replace(LOOPED, residual=True))
    residual.load_state_dict(plain.state_dict())
    state, act_emb = torch.randn(2, 4, SMALL.d_model)
    assert near(residual.predictor(state, act_emb), state + plain.predictor(state, act_emb))


def test_the_papers_predictor_has_their_size() -> None:
    predictor = LoopedPredictor(ModelConfig(predictor="looped", residual=False))
    block = 4 * 128 * 128 + 4 * 128 + 2 * 4 * 128 * 128 + 5 * 128 + 4 * 128
    assert sum(weight.numel() for weight in predictor.parameters()) == 2 * block + 2 * 128


def test_the_action_encoder_reads_the_named_numbers_and_no_other() -> None:
    fields = ("add", "function", "position")
    encoder = WorldModel(replace(SMALL, action_fields=fields)).action_encoder
    action = torch.rand(1, ACTION_SIZE)
    said = encoder(action)
    for i, name in enumerate(ACTION_FIELDS):
        other = action.clone()
        other[0, i] += 1
        assert torch.equal(encoder(other), said) == (name not in fields)


@pytest.mark.parametrize("decay", [0.99999, 0.996, 1.0, 0.0], ids=["near-static", "fast", "frozen", "copy"])
def test_the_target_moves_by_its_share_of_the_difference(decay: float) -> None:
    online = built().encoder
    target = TargetEncoder(online, decay)
    before = [weight.clone() for weight in target.encoder.parameters()]
    for weight in online.parameters():
        weight.add_(torch.randn_like(weight))
    target.update(online)
    for old, new, weight in zip(before, target.encoder.parameters(), online.parameters(), strict=True):
        exact = old.double() + (1 - decay) * (weight.double() - old.double())
        assert torch.allclose(new.double(), exact, rtol=2**-23, atol=1e-8)
        if decay in (0, 1):
            assert torch.equal(new, weight if decay == 0 else old)
        else:
            assert (new != old).float().mean() > 0.9


def test_a_thousand_near_static_steps_arrive_where_arithmetic_says() -> None:
    online = built().encoder
    target = TargetEncoder(online, 0.99999)
    start = [weight.clone() for weight in target.encoder.parameters()]
    for weight in online.parameters():
        weight.add_(0.1)
    for _ in range(1000):
        target.update(online)
    moved = torch.cat([(b - a).flatten() for a, b in zip(start, target.encoder.parameters(), strict=True)])
    assert moved.mean().item() == pytest.approx(0.1 * (1 - 0.99999**1000), rel=0.01)


def test_the_target_begins_as_a_copy_and_takes_no_gradient() -> None:
    online = built().encoder
    target = TargetEncoder(online, 0.5)
    tokens = sides(2, 6)
    assert all(torch.equal(a, b) for a, b in zip(target(*tokens), online(*tokens).states, strict=True))
    assert not any(weight.requires_grad for weight in target.parameters())
    assert all(weight.requires_grad for weight in online.parameters())
    with torch.enable_grad():
        assert not any(state.requires_grad for state in target(*tokens))
