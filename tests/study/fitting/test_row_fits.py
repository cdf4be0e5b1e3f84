"""Maps fitted on rows, within contexts and between next tokens: their laws, their controls, and what they refuse."""

from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.study.fitting.collect import Collected, Route, TakeRows, collect
from lrt_explorer.study.fitting.controls import control_maps
from lrt_explorer.study.fitting.estimators import (
    NEXT_TOKENS,
    WITHIN_CONTEXTS,
    chosen_setting,
    closed_forms,
    without_descent,
)
from lrt_explorer.study.fitting.fit_one import fit_one
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.row_fits import ROW_FITS, row_maps
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.workbench.fitting import FitSpec
from tests.study.tiny import CONCEPT, large, small, texts

TOKENS = 6000
SETTINGS = FitSettings(tokens=TOKENS, method=WITHIN_CONTEXTS)
both = pytest.mark.parametrize("method", ROW_FITS)


def fitted(pair: Pair, settings: FitSettings = SETTINGS) -> FittedMap:
    return finish(fit_one(pair, texts(150), (1, 2), settings))


@both
def test_a_model_mapped_to_itself_gives_the_identity(method: str) -> None:
    settings = FitSettings(tokens=TOKENS, method=method, concepts=[CONCEPT])
    found = finish(fit_one(Pair(small=small(), large=small()), texts(150), (1, 1), settings))
    identity = torch.eye(small().width, dtype=torch.float64)
    assert float((found.map.weight - identity).norm() / identity.norm()) < 1e-4
    assert found.info.r2 > 0.9999 and found.agreement.direction_cosine == pytest.approx(1.0, abs=1e-4)
    assert float(found.map.bias.norm()) < 1e-3


@both
def test_it_says_how_it_was_fitted_and_is_scored_on_all_tokens(method: str) -> None:
    pair, settings = Pair(small=small(), large=large()), FitSettings(tokens=TOKENS, method=method)
    found, plain = fitted(pair, settings), finish(fit_one(pair, texts(150), (1, 2), FitSettings(tokens=TOKENS)))
    assert found.info.method == method
    # Least squares on all tokens is the best that any map can do on tokens like those it saw.
    assert found.info.r2 < plain.info.r2 and found.info.tokens_used == plain.info.tokens_used
    assert torch.equal(found.map.weight, fitted(pair, settings).map.weight)


def test_lambda_is_chosen_within_contexts_and_nothing_between_next_tokens() -> None:
    pair = Pair(small=small(), large=large())
    within, between = (
        fitted(pair, FitSettings(tokens=TOKENS, method=method)).info for method in (WITHIN_CONTEXTS, NEXT_TOKENS)
    )
    assert chosen_setting(within) is not None and chosen_setting(between) is None and between.lam is None
    assert 0 < int(str(within.settings["rows_in_contexts"])) < within.settings["tokens_fit"]
    assert 0 < int(str(between.settings["rows_between_next_tokens"])) < between.settings["tokens_fit"]
    # What chooses nothing needs no documents to choose on.
    assert between.settings["tokens_fit"] == within.settings["tokens_fit"] + within.settings["tokens_select"]
    assert between.settings["tokens_select"] == 0


def test_its_rows_are_those_that_the_moments_are_made_of() -> None:
    seen: dict[str, int] = {}

    def take(part: str, of_small: object, of_large: object, tokens: torch.Tensor) -> None:
        seen[part] = seen.get(part, 0) + len(tokens)

    taker: TakeRows = take
    pair = Pair(small=small(), large=large())
    begun = Collected.empty(*pair.both, [Route(1, 2)])
    begun.take = taker
    collected = finish(collect(pair, texts(150), [Route(1, 2)], TOKENS, begun=begun))
    assert seen == dict(collected.rows(Route(1, 2))) and sum(seen.values()) == TOKENS


@both
def test_control_maps_are_fitted_as_the_map_is_and_kept_apart(tmp_path: Path, method: str) -> None:
    pair = Pair(small=small(), large=large())
    true = fitted(pair, FitSettings(tokens=TOKENS, method=method)).map
    controls = finish(control_maps(pair, texts(150), (1, 2), tokens=TOKENS, seeds=(1, 2), keep=tmp_path, method=method))
    assert max(float(one.weight.norm() / true.weight.norm()) for one in controls) < 0.6
    assert float((controls[0].weight - controls[1].weight).norm()) > 0
    again = finish(control_maps(pair, iter(()), (1, 2), tokens=TOKENS, seeds=(1, 2), keep=tmp_path, method=method))
    assert all(torch.equal(one.weight, other.weight) for one, other in zip(controls, again, strict=True))
    ridge = finish(control_maps(pair, texts(150), (1, 2), tokens=TOKENS, seeds=(1,), keep=tmp_path))
    assert not torch.equal(ridge[0].weight, controls[0].weight)


@pytest.mark.parametrize(
    ("settings", "error", "sentence"),
    [
        (FitSettings(tokens=0, method=WITHIN_CONTEXTS), SettingsError, "cannot be fitted on 0 tokens"),
        (
            FitSettings(tokens=10**9, method=NEXT_TOKENS),
            SettingsError,
            r"at once, take .* GB, but 4 GB are allowed; ask for",
        ),
        (FitSettings(tokens=40, method=NEXT_TOKENS), MapError, "too few pairs of tokens"),
        (FitSettings(tokens=TOKENS), SettingsError, "is not fitted on rows; choose one of next-tokens"),
    ],
)
def test_what_cannot_be_fitted_is_refused(settings: FitSettings, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        finish(row_maps(Pair(small=small(), large=large()), texts(150), (1, 2), settings, [None]))
    with pytest.raises(SettingsError, match="layer"):
        finish(row_maps(Pair(small=small(), large=large()), texts(150), (1, 99), SETTINGS, [None]))


def test_the_world_of_a_pair_says_how_its_maps_are_fitted() -> None:
    demo, everyday = (world_of(pair.small, pair.large) for pair in (PAIRS[0], PAIRS[-1]))
    assert FitSpec().estimator(demo) == NEXT_TOKENS and FitSpec().estimator(everyday) == "ridge"
    assert FitSpec(all_layers=True).estimator(demo) == "ridge"
    assert FitSpec(method="procrustes").estimator(demo) == "procrustes"
    with pytest.raises(SettingsError, match=r"reads the texts for each layer pair; fit one layer pair at a time"):
        FitSpec(method=NEXT_TOKENS, all_layers=True)
    assert set(ROW_FITS) < set(without_descent()) and not set(ROW_FITS) & set(closed_forms())
