"""Gradient descent: it comes up to the closed form from below, and the same seed gives the same map."""

import pytest
import torch

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.study.fitting.fit import FittedMap, fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.sgd import fit_rows, sgd_map
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from tests.study.tiny import CONCEPT, small, texts

TOKENS = 3000


def descended(epochs: int, learning_rate: float = 0.01, seed: int = 0) -> FittedMap:
    how = {"epochs": epochs, "learning_rate": learning_rate, "seed": seed}
    return finish(sgd_map(Pair(small=small(), large=small()), texts(), (0, 2), FitSettings(TOKENS), **how))  # type: ignore[arg-type]


def test_it_approaches_ridge_from_below() -> None:
    ridge = finish(fit_map(Pair(small=small(), large=small()), texts(), (0, 2), FitSettings(tokens=TOKENS)))
    short, long = descended(1), descended(16)
    assert short.info.r2 < long.info.r2 < ridge.info.r2 + 0.005
    assert long.info.r2 > ridge.info.r2 - 0.05
    # Scored on the same rows, so that figures can be compared.
    assert long.info.cka == pytest.approx(ridge.info.cka) and long.info.tokens_used == ridge.info.tokens_used
    assert (long.info.method, long.info.lam, len(long.lambda_path)) == ("sgd", None, 16)


def test_the_same_seed_gives_the_same_map_and_another_seed_another() -> None:
    one, again, other = descended(1), descended(1), descended(1, seed=1)
    assert torch.equal(one.map.weight, again.map.weight) and torch.equal(one.map.bias, again.map.bias)
    assert not torch.equal(one.map.weight, other.map.weight)


def test_it_reads_the_rows_that_the_moments_of_the_fit_part_hold() -> None:
    short = [text[:90] for text in texts(120)]
    ridge = finish(fit_map(Pair(small=small(), large=small()), short, (0, 2), FitSettings(tokens=TOKENS, end_weight=3)))
    parts = list(fit_rows(Pair(small=small(), large=small()), short, (0, 2), tokens=TOKENS, end_weight=3))
    assert sum(seen for *_, seen in parts) == TOKENS
    assert sum(float(w.sum()) for _, _, w, _ in parts) == pytest.approx(ridge.info.settings["tokens_fit"], rel=0.1)
    assert {float(w) for _, _, weights, _ in parts for w in weights} == {1.0, 3.0}


def test_it_says_how_far_it_is_and_compares_directions() -> None:
    steps: list[Progress] = []
    study = sgd_map(
        Pair(small=small(), large=small()), texts(), (0, 2), FitSettings(TOKENS, concepts=[CONCEPT]), epochs=1
    )
    fitted = finish(study, steps.append)
    assert set(fitted.agreement.direction_cosines) == {CONCEPT.name}
    assert any(step.message.startswith("epoch 1 of 1") for step in steps)


def test_closing_it_ends_it() -> None:
    study = sgd_map(Pair(small=small(), large=small()), texts(), (0, 2), FitSettings(TOKENS))
    assert any(step.message.startswith("epoch") for step in study)
    study.close()
    assert next(study, None) is None


@pytest.mark.parametrize(("rate", "epochs"), [(0.0, 1), (float("nan"), 1), (0.01, 0)])
def test_settings_that_make_no_sense_are_refused(rate: float, epochs: int) -> None:
    with pytest.raises(SettingsError, match="learning rate"):
        descended(epochs, rate)


def test_a_descent_that_runs_away_says_what_to_do() -> None:
    with pytest.raises(MapError, match="lower learning rate"):
        descended(4, 1e30)


def test_texts_that_can_be_read_once_are_refused() -> None:
    with pytest.raises(SettingsError, match="only once"):
        finish(sgd_map(Pair(small=small(), large=small()), iter(texts()), (0, 2)))
