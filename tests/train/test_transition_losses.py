"""The papers' terms: what each rewards, what it leaves alone, and how the objective puts them together."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from codewm_model.nn.encoder import Encoded
from codewm_model.nn.world_model import Transition
from codewm_train.losses.change import DirectDelta, Direction, LogMagnitude
from codewm_train.losses.contrastive import ActionContrast
from codewm_train.losses.covariance import Covariance
from codewm_train.losses.objective import LossWeights, Objective, Targets
from codewm_train.losses.prediction import Prediction, ProjectedPrediction
from codewm_train.losses.sigreg import SketchedGaussian

NOTHING = LossWeights(next_state=0, auxiliary=0, reg_mode="none", kind=0, topic=0)
ROWS, SIZE, LOOPS = 6, 8, 3


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("kind", ["cosine", "mse"])
def test_prediction_is_zero_where_it_points_to_the_after_whatever_its_length(kind: Any) -> None:
    loss, after = Prediction(kind), torch.randn(5, 8)
    assert loss(3 * after, after).item() == pytest.approx(0, abs=1e-6)
    assert loss(-after, after) > loss(torch.randn(5, 8), after) > 0


def test_the_squared_error_of_unit_vectors_is_two_over_d_of_the_cosine_loss() -> None:
    prediction, after = torch.randn(2, 5, 8)
    cosine, squared = Prediction("cosine")(prediction, after), Prediction("mse")(prediction, after)
    assert squared.item() == pytest.approx(2 / 8 * cosine.item(), rel=1e-5)


def test_projectors_compare_what_they_make_of_both_sides_and_learn_from_it() -> None:
    loss = ProjectedPrediction("mse", 8)
    prediction, after = torch.randn(2, 16, 8)
    expected = Prediction("mse")(loss.prediction(prediction), loss.target(after))
    got = loss(prediction, after)
    assert got.item() == pytest.approx(expected.item(), rel=1e-5)
    got.backward()
    assert all(weight.grad is not None for weight in loss.parameters())
    assert [type(layer).__name__ for layer in loss.target] == ["Linear", "BatchNorm1d", "GELU", "Linear"]


def test_direction_looks_at_the_way_and_not_at_the_length() -> None:
    true = torch.randn(4, 8)
    loss = Direction()
    assert loss(0.01 * true, true).item() == pytest.approx(0, abs=1e-6)
    assert loss(-5 * true, true).item() == pytest.approx(2)
    assert loss(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]])).item() == pytest.approx(1)


def test_magnitude_looks_at_the_length_and_not_at_the_way() -> None:
    true = torch.randn(4, 8)
    loss = LogMagnitude()
    assert loss(-true, true).item() == pytest.approx(0, abs=1e-9)
    twice, half = (loss(factor * true, true).item() for factor in (2.0, 0.5))
    assert twice == pytest.approx(math.log(2) ** 2, rel=1e-4) == pytest.approx(half, rel=1e-4)


def test_a_change_of_nothing_leaves_every_gradient_a_number() -> None:
    for loss in (Direction(), LogMagnitude(), DirectDelta("logcosh"), DirectDelta("normalised")):
        predicted = torch.zeros(3, 8, requires_grad=True)
        loss(predicted, torch.zeros(3, 8)).backward()
        assert torch.isfinite(predicted.grad).all()


def test_log_cosh_is_quadratic_near_and_linear_far() -> None:
    loss, zero = DirectDelta("logcosh"), torch.zeros(1, 4)
    assert loss(zero, zero).item() == pytest.approx(0, abs=1e-7)
    assert loss(zero + 0.01, zero).item() == pytest.approx(0.01**2 / 2, rel=1e-2)
    assert loss(zero - 1000, zero).item() == pytest.approx(1000 - math.log(2), rel=1e-5)


def test_a_normalised_delta_leaves_the_length_alone_and_a_raw_one_does_not() -> None:
    true = torch.randn(4, 8)
    assert DirectDelta("normalised")(3 * true, true).item() == pytest.approx(0, abs=1e-9)
    assert DirectDelta("logcosh")(3 * true, true).item() > 0.1


def test_covariance_is_zero_for_dimensions_that_do_not_go_together_and_ignores_how_wide_they_are() -> None:
    independent = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    assert Covariance()(5 * independent + 3).item() == pytest.approx(0, abs=1e-9)
    assert Covariance()(independent[:, [0, 0]]).item() == pytest.approx(2 * (4 / 3) ** 2 / 2)


def test_sigreg_is_least_for_a_standard_normal() -> None:
    normal = torch.randn(2000, 16)
    flat = (torch.rand(2000, 16) - 0.5) * math.sqrt(12)  # of the same mean and deviation
    two_lumps = torch.sign(torch.randn(2000, 1)) + 0.05 * torch.randn(2000, 16)
    others = [2 * normal, 0.5 * normal, normal + 1, torch.zeros(2000, 16), two_lumps]
    least = SketchedGaussian()(normal).item()
    assert 0.1 < least < 1.5
    assert all(SketchedGaussian()(rows).item() > 10 * least for rows in others)
    assert SketchedGaussian()(flat[:, :1]).item() > 5 * least, "beyond mean and deviation"


def test_sigreg_is_the_integral_that_its_source_says() -> None:
    """Along one dimension there is one direction up to its sign: a dense sum by hand."""
    rows = torch.randn(50, 1) * 1.5
    t = torch.linspace(-3, 3, 6001, dtype=torch.float64)
    empirical = torch.exp(1j * rows.double() * t).mean(dim=0)
    normal = torch.exp(-t.square() / 2)
    integral = torch.trapezoid((empirical - normal).abs().square() * normal, t)
    assert SketchedGaussian()(rows).item() == pytest.approx(50 * integral.item(), rel=1e-3)


def test_sigreg_moves_embeddings_towards_a_standard_normal() -> None:
    rows = (0.1 * torch.randn(128, 3)).requires_grad_()
    loss = SketchedGaussian(directions=16)
    optimizer = torch.optim.Adam([rows], lr=0.1)
    for _ in range(80):
        optimizer.zero_grad()
        loss(rows).backward()
        optimizer.step()
    assert torch.allclose(rows.std(dim=0), torch.ones(3), atol=0.2)
    assert rows.mean(dim=0).abs().max() < 0.1


def test_sigreg_draws_other_directions_each_time_and_the_same_after_the_same_seed() -> None:
    rows, loss = torch.randn(20, 16), SketchedGaussian(directions=2)
    found = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        found.append(loss(rows).item())
    assert found[0] == found[1] != found[2]
    assert not loss.state_dict()


def test_like_actions_draw_changes_together_and_unlike_ones_apart() -> None:
    actions = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
    pole, other = torch.eye(8)[:2]
    loss = ActionContrast()
    together = loss(torch.stack([pole, 2 * pole, other, 3 * other]), actions).item()
    assert together == pytest.approx(0, abs=1e-4)
    assert loss(torch.stack([pole, other, pole, other]), actions).item() > 5
    assert loss(torch.randn(4, 8), torch.eye(4)).item() == 0, "no two actions are alike"


def test_a_change_of_nothing_neither_draws_nor_is_drawn() -> None:
    actions, changes = torch.ones(3, 2), torch.randn(3, 8)
    changes[2] = 0
    changes.requires_grad_()
    loss = ActionContrast()(changes, actions)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(changes.grad).all() and not changes.grad[2].any()


def seen_and_targets() -> tuple[Transition, Targets]:
    """A transition whose every state wants a gradient, and the targets' space, which does not."""

    def states() -> list[Tensor]:
        return [torch.randn(ROWS, SIZE, requires_grad=True) for _ in range(LOOPS)]

    before, after = (Encoded(states(), torch.zeros(ROWS, 3, SIZE), torch.zeros(ROWS, 4, SIZE)) for _ in range(2))
    unit = F.normalize(torch.randn(2, ROWS, 4), dim=-1)
    seen = Transition(before, after, states(), unit[0], unit[1], torch.randn(ROWS, 7))
    targets = ([torch.randn(ROWS, SIZE) for _ in range(LOOPS)] for _ in range(2))
    return seen, Targets(*targets, [torch.empty(0, SIZE)] * LOOPS)


def terms_of(weights: LossWeights, seen: Transition, targets: Targets) -> tuple[Tensor, dict[str, Tensor]]:
    torch.manual_seed(1)
    same = torch.cat([torch.eye(ROWS, dtype=torch.bool), torch.zeros(ROWS, ROWS, dtype=torch.bool)], dim=1)
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    total, terms = Objective(weights, SIZE)(
        seen, targets, action=torch.rand(ROWS, 5), action_class=labels % 7, commit=labels, signature=labels, same=same
    )
    return total, terms


def test_only_what_has_a_weight_is_computed_and_the_total_is_the_weighted_sum() -> None:
    seen, targets = seen_and_targets()
    weights = replace(
        NOTHING, prediction=1.0, direction=0.5, magnitude=0.1, covariance=0.01, auxiliary=0.3, aux_loops=(1, 2),
        reg_mode="vicreg", vicreg=0.2,
    )  # fmt: skip
    total, terms = terms_of(weights, seen, targets)
    counted = {"prediction": 1, "direction": 0.5, "magnitude": 0.1, "covariance": 0.01, "auxiliary": 0.3, "vicreg": 0.2}
    assert set(terms) == set(counted)
    assert total.item() == pytest.approx(sum(counted[name] * term.item() for name, term in terms.items()), rel=1e-5)
    assert terms_of(NOTHING, seen, targets)[0].item() == 0


def test_changes_are_from_the_state_to_the_target_and_move_no_state() -> None:
    seen, targets = seen_and_targets()
    total, terms = terms_of(replace(NOTHING, direction=1.0, magnitude=1.0), seen, targets)
    state, predicted, target = seen.before.states[-1], seen.predictions[-1], targets.after[-1]
    assert terms["direction"].item() == pytest.approx(Direction()(predicted - state, target - state).item())
    assert terms["magnitude"].item() == pytest.approx(LogMagnitude()(predicted - state, target - state).item())
    total.backward()
    assert state.grad is None and predicted.grad is not None


def test_a_delta_is_the_change_within_the_targets_space() -> None:
    seen, targets = seen_and_targets()
    _, terms = terms_of(replace(NOTHING, delta=1.0, direction=1.0), seen, targets)
    predicted = seen.predictions[-1] - seen.before.states[-1]
    true = targets.after[-1] - targets.before[-1]
    assert terms["delta"].item() == pytest.approx(DirectDelta("logcosh")(predicted, true).item())
    assert terms["direction"].item() == pytest.approx(Direction()(predicted, true).item())


def test_the_papers_auxiliary_losses_predict_the_last_target_from_the_chosen_loops() -> None:
    seen, targets = seen_and_targets()
    weights = replace(NOTHING, prediction=1.0, prediction_type="mse", auxiliary=0.3, aux_loops=(2,))
    _, terms = terms_of(weights, seen, targets)
    expected = Prediction("mse")(seen.predictions[1], targets.after[-1])
    assert terms["auxiliary"].item() == pytest.approx(expected.item())
    _, contrast = terms_of(replace(weights, aux_type="contrast"), seen, targets)
    torch.manual_seed(1)
    assert contrast["auxiliary"].item() != terms["auxiliary"].item() and contrast["auxiliary"] > 0


def test_no_chosen_loop_means_all_before_the_last() -> None:
    seen, targets = seen_and_targets()
    weights = replace(NOTHING, prediction=1.0, auxiliary=0.3)
    every = terms_of(weights, seen, targets)[1]["auxiliary"].item()
    named = [terms_of(replace(weights, aux_loops=loops), seen, targets)[1]["auxiliary"].item()
             for loops in ((1, 2), (1,), (2,))]  # fmt: skip
    assert every == named[0] == pytest.approx(named[1] + named[2])


@pytest.mark.parametrize(("after", "predictor"), [(False, False), (True, False), (False, True)])
def test_what_is_regularised_is_what_the_weights_say(after: bool, predictor: bool) -> None:
    seen, targets = seen_and_targets()
    weights = replace(NOTHING, reg_mode="vicreg", vicreg=1.0, reg_after=after, predictor_reg=predictor)
    total, terms = terms_of(weights, seen, targets)
    assert set(terms) == {"vicreg"}
    total.backward()
    moved = [side.grad is not None for side in (seen.before.states[-1], seen.after.states[-1], seen.predictions[-1])]
    assert moved == [True, after, predictor]


def test_the_regulariser_is_the_one_that_is_named() -> None:
    seen, targets = seen_and_targets()
    found = {
        mode: set(terms_of(replace(NOTHING, prediction=1.0, reg_mode=mode), seen, targets)[1])
        for mode in ("none", "vicreg", "sigreg")
    }
    assert found == {"none": {"prediction"}, "vicreg": {"prediction", "vicreg"}, "sigreg": {"prediction", "sigreg"}}
