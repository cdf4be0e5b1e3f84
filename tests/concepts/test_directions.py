"""Directions, whitening and diagnostics on data whose answer is known."""

import pytest
import torch
from torch import Tensor

from lrt_explorer.concepts.diagnostics import agreement, diagnose, separation
from lrt_explorer.concepts.directions import METHODS, direction, principal_component
from lrt_explorer.concepts.whitening import whitening
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.moments import CrossMoments


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def planted(pairs: int, width: int, effect: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    """States of pairs that share their subject and differ by `effect` along the first axis, and by noise."""
    subject = normal(pairs, width, seed=seed)
    positive, negative = (subject + 0.5 * normal(pairs, width, seed=seed + n) for n in (1, 2))
    positive[:, 0] += effect
    return positive, negative


def cosine(a: Tensor, b: Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a, b, dim=0))


@pytest.mark.parametrize("method", METHODS)
def test_a_planted_direction_is_found_with_its_sign_and_length(method: str) -> None:
    found = direction(*planted(400, 24, 3.0), method)
    assert float(found[0]) == pytest.approx(3.0, abs=0.15)
    assert cosine(found, torch.eye(24, dtype=torch.float64)[0]) > 0.98


def test_the_principal_component_follows_the_axis_of_most_differences() -> None:
    differences = normal(200, 12)
    axis = principal_component(differences)
    _, vectors = torch.linalg.eigh(differences.T @ differences)
    assert abs(cosine(axis, vectors[:, -1])) == pytest.approx(1.0)
    assert float(axis @ differences.mean(0)) > 0
    assert torch.allclose(principal_component(-differences), -axis)
    assert abs(cosine(axis, differences.mean(0))) < 0.99, "it is not the mean difference under another name"


def test_whitening_gives_unit_spread() -> None:
    rows = normal(4000, 8) @ torch.diag(torch.logspace(-0.5, 0.5, 8, dtype=torch.float64))
    covariance = torch.cov(rows.T)
    whitener = whitening(covariance, 1e-9)
    assert torch.allclose(whitener @ covariance @ whitener, torch.eye(8, dtype=torch.float64), atol=1e-6)
    assert torch.equal(whitener, whitener.T) or torch.allclose(whitener, whitener.T, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_whitening_isotropic_data_changes_nothing_beyond_sampling_error(method: str) -> None:
    width, rows = 16, 40_000
    positive, negative = planted(300, width, 3.0)
    plain = direction(positive, negative, method)
    moments = CrossMoments(width, 1)
    isotropic = 7.0 * normal(rows, width, seed=9)
    moments.update(isotropic, isotropic[:, :1])
    whitened = direction(positive, negative, method, whitening(moments.cxx / (rows - 1)))
    # Entries of a sample covariance are off by about 1/√rows of its scale.
    assert float((whitened - plain).norm() / plain.norm()) < 4 * (width / rows) ** 0.5
    stretched = isotropic * torch.linspace(0.2, 2, width, dtype=torch.float64)
    turned = direction(positive + 0.4, negative, method, whitening(torch.cov(stretched.T)))
    assert cosine(turned, direction(positive + 0.4, negative, method)) < 0.95
    assert float(turned.norm()) == pytest.approx(float(direction(positive + 0.4, negative, method).norm()))


def test_whitening_the_mean_difference_is_fishers_discriminant() -> None:
    positive, negative = planted(100, 6, 1.0)
    covariance = torch.cov((normal(500, 6) * torch.arange(1.0, 7.0)).T)
    found = direction(positive, negative, "mean-difference", whitening(covariance, 1e-9))
    fisher = torch.linalg.solve(covariance, (positive - negative).mean(0))
    assert cosine(found, fisher) == pytest.approx(1.0, abs=1e-6)


def test_a_covariance_without_spread_or_a_senseless_ridge_is_refused() -> None:
    for ridge in (0.0, -1.0, float("inf"), float("nan")):
        with pytest.raises(SettingsError, match="whitening must be above 0"):
            whitening(torch.eye(3), ridge)
    with pytest.raises(SettingsError, match="all equal"):
        whitening(torch.zeros(3, 3))


def test_agreement_is_the_mean_cosine_of_different_pairs() -> None:
    differences = normal(9, 5)
    by_hand = [cosine(differences[i], differences[j]) for i in range(9) for j in range(9) if i != j]
    assert agreement(differences) == pytest.approx(sum(by_hand) / len(by_hand))
    assert agreement(torch.ones(4, 3)) == pytest.approx(1.0)
    assert agreement(torch.zeros(4, 3)) == 0.0


def test_separation_is_honest_about_noise() -> None:
    noise = [separation(normal(12, 300, seed=s), normal(12, 300, seed=100 + s), "mean-difference") for s in range(20)]
    assert abs(sum(noise) / 20 - 0.5) < 0.1
    positive, negative = normal(12, 300), normal(12, 300, seed=1)
    along = direction(positive, negative, "mean-difference")
    assert float((positive @ along).min()) > float((negative @ along).max()), "its own vector tells any noise apart"


def test_the_verdict_says_what_the_numbers_say() -> None:
    clear = diagnose(*planted(40, 24, 6.0))
    assert clear.verdict.startswith("Likely to steer") and clear.separation > 0.95 and clear.agreement > 0.5
    nothing = diagnose(*planted(40, 24, 0.0))
    assert nothing.verdict.startswith("Unlikely to steer") and abs(nothing.agreement) < 0.1
    positive, negative = planted(40, 24, 6.0)
    swap = torch.arange(40)[:, None] % 4 < 2
    mixed = diagnose(torch.where(swap, positive, negative), torch.where(swap, negative, positive))
    assert mixed.verdict.startswith("Unlikely to steer")
    assert diagnose(*planted(5, 24, 6.0)).verdict.startswith("Too few pairs")
    between = diagnose(*planted(60, 24, 1.7))
    assert between.verdict.startswith("May steer")
    assert all("\n" not in d.verdict for d in (clear, nothing, mixed, between))
