"""What holds for every closed-form estimator; what each computes is tested in its own file."""

import json
import math
from typing import Any

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.estimators import Estimate
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.outliers import ordinary_rows
from lrt_explorer.linear.scores import r2
from lrt_explorer.study.fitting.estimators import closed_form, closed_forms
from tests.linear.rows import collected, noise, planted, shuffled, turned

Rows = tuple[Tensor, Tensor]
NAMES = list(closed_forms())


def estimated(name: str, fit: Rows, select: Rows) -> Estimate:
    return closed_form(name)(collected(*fit), collected(*select))


def honest(estimate: Estimate, x: Tensor, y: Tensor) -> float:
    """R² from the rows themselves."""
    errors = float((estimate.map(x) - y).square().sum())
    return 1.0 - errors / float((y - y.mean(0)).square().sum())


def assert_sound(estimate: Estimate, held_out: Rows) -> float:
    """The map is finite and moments score it as its rows do; gives that score."""
    score = r2(estimate.map, collected(*held_out))
    assert math.isfinite(score)
    assert score == pytest.approx(honest(estimate, *held_out), abs=1e-9)
    assert all(math.isfinite(value) for setting in estimate.path for value in setting)
    return score


def test_the_estimators_are_known_by_name() -> None:
    assert NAMES == ["ridge", "procrustes", "reduced-rank"]
    with pytest.raises(
        SettingsError, match="no closed-form estimator 'magic'; choose one of ridge, procrustes, reduced"
    ):
        closed_form("magic")


@pytest.mark.parametrize("name", NAMES)
def test_an_estimate_says_how_it_was_chosen(name: str) -> None:
    fit, select = planted(400, 12, 20, seed=0, level=0.5), planted(200, 12, 20, seed=1, level=0.5)
    estimate = estimated(name, fit, select)
    chosen: Any = {"ridge": estimate.lam, "procrustes": estimate.settings.get("scale")}.get(
        name, estimate.settings.get("rank")
    )
    assert dict(estimate.path)[chosen] == pytest.approx(honest(estimate, *select), abs=1e-9)
    assert dict(estimate.path)[chosen] == pytest.approx(max(score for _, score in estimate.path), abs=1e-12)
    assert (estimate.lam is None) == (name == "procrustes")
    assert json.loads(json.dumps(estimate.settings)) == estimate.settings


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("d_x", "d_y"), [(24, 40), (24, 24)])
def test_a_planted_pair_is_found(name: str, d_x: int, d_y: int) -> None:
    make = turned if name == "procrustes" else planted
    parts = [make(n, d_x, d_y, seed=seed, level=0.0) for seed, n in enumerate((3000, 800, 800))]
    estimate = estimated(name, parts[0], parts[1])
    assert assert_sound(estimate, parts[2]) >= 1 - 1e-9


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("select_too", [False, True])
def test_a_shuffled_pairing_predicts_nothing(name: str, select_too: bool) -> None:
    fit, select, report = (turned(n, 24, 40, seed=seed, level=0.0) for seed, n in enumerate((3000, 800, 800)))
    fit = fit[0], shuffled(fit[1])
    if select_too:
        select = select[0], shuffled(select[1])
        report = report[0], shuffled(report[1])
    assert assert_sound(estimated(name, fit, select), report) <= 0.02


@pytest.mark.parametrize("name", NAMES)
def test_sinks_left_out_by_their_norm_do_no_harm(name: str) -> None:
    """One row in 128 at 1000 times the norm, in both models and at random there."""
    parts = [turned(n, 24, 40, seed=seed, level=0.3) for seed, n in enumerate((6400, 1280, 1280))]
    with_sinks = []
    for x, y in parts:
        x, y = x.clone(), y.clone()
        x[::128] *= 1000
        y[::128] = 1000 * y.norm(dim=1).mean() * noise(len(y[::128]), 40, seed=7) / 40**0.5
        with_sinks.append((x, y))
    masks = [ordinary_rows(x) & ordinary_rows(y) for x, y in with_sinks]
    assert [int((~mask).sum()) for mask in masks] == [50, 10, 10]
    masked = [(x[mask], y[mask]) for (x, y), mask in zip(with_sinks, masks, strict=True)]
    plain = [(x[mask], y[mask]) for (x, y), mask in zip(parts, masks, strict=True)]
    clean = estimated(name, plain[0], plain[1])
    score = assert_sound(estimated(name, masked[0], masked[1]), masked[2])
    assert score == pytest.approx(honest(clean, *plain[2]), abs=1e-9)
    assert score > 0.8
    # Control: with them, the fit is lost.
    assert honest(estimated(name, with_sinks[0], with_sinks[1]), *masked[2]) < score - 0.3


@pytest.mark.parametrize("name", NAMES)
def test_near_collinear_dimensions_do_no_harm(name: str) -> None:
    parts = [turned(2000, 12, 20, seed=seed, level=0.1) for seed in range(3)]
    doubled = [
        (torch.cat([x, x + 1e-9 * noise(2000, 12, seed=7 + seed), torch.ones(2000, 1)], dim=1), y)
        for seed, (x, y) in enumerate(parts)
    ]
    plain, ours = (estimated(name, *rows[:2]) for rows in (parts, doubled))
    # λ is relative to the mean eigenvalue, so its grid falls on other values where dimensions are added.
    assert assert_sound(ours, doubled[2]) == pytest.approx(honest(plain, *parts[2]), abs=1e-5)
    assert float(ours.map.weight.norm()) < 2 * float(plain.map.weight.norm())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [10, 40])
def test_fewer_tokens_than_dimensions_give_an_honest_score(name: str, n: int) -> None:
    fit, select, report = (turned(rows, 64, 96, seed=seed, level=0.2) for seed, rows in enumerate((n, n, 2000)))
    estimate = estimated(name, fit, select)
    score = assert_sound(estimate, report)
    # Better than the mean by what so few tokens can show, far from what they show of themselves.
    assert honest(estimate, *fit) > score
    assert -0.5 < score < 0.95


@pytest.mark.parametrize("name", NAMES)
def test_from_wide_to_narrow_with_few_tokens(name: str) -> None:
    (x, y), later = turned(30, 40, 64, seed=0, level=0.2), turned(500, 40, 64, seed=1, level=0.2)
    estimate = estimated(name, (y, x), (later[1], later[0]))
    assert estimate.map.weight.shape == (64, 40)
    assert 0 < assert_sound(estimate, (later[1], later[0])) < 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("count", [0, 1])
def test_too_few_rows_are_refused_in_one_sentence(name: str, count: int) -> None:
    x, y = planted(100, 4, 5, seed=0, level=0.1)
    with pytest.raises(MapError, match=r"^there are too few tokens [^.]*; give more text$"):
        estimated(name, (x[:count], y[:count]), (x, y))
    with pytest.raises(MapError, match=rf"^the {count} held-out tokens are too few [^.]*; give more [^.]*text$"):
        estimated(name, (x, y), (x[:count], y[:count]))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_moments_give_the_same_map_and_are_left_as_they_are(name: str) -> None:
    fit, select = (collected(*planted(300, 12, 20, seed=seed, level=0.5)) for seed in range(2))
    before = fit.state(), select.state()
    first, second = (closed_form(name)(fit, select) for _ in range(2))
    assert torch.equal(first.map.weight, second.map.weight)
    for moments, state in zip((fit, select), before, strict=True):
        assert isinstance(moments, CrossMoments)
        assert all(torch.equal(tensor, state[key]) for key, tensor in moments.state().items())
