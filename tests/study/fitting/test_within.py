"""A map fitted within contexts: its laws on two small models, its controls, and what it refuses."""

from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.study.fitting.collect import Collected, Route, TakeRows, collect
from lrt_explorer.study.fitting.controls import control_maps
from lrt_explorer.study.fitting.estimators import WITHIN_CONTEXTS, chosen_setting, closed_forms, without_descent
from lrt_explorer.study.fitting.fit_one import fit_one
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.solve import FittedMap
from lrt_explorer.study.fitting.within import within_maps
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.workbench.fitting import FitSpec
from tests.study.tiny import CONCEPT, large, small, texts

TOKENS = 6000
SETTINGS = FitSettings(tokens=TOKENS, method=WITHIN_CONTEXTS)


def fitted(pair: Pair, settings: FitSettings = SETTINGS) -> FittedMap:
    return finish(fit_one(pair, texts(150), (1, 2), settings))


def test_a_model_mapped_to_itself_gives_the_identity() -> None:
    settings = FitSettings(tokens=TOKENS, method=WITHIN_CONTEXTS, concepts=[CONCEPT])
    found = finish(fit_one(Pair(small=small(), large=small()), texts(150), (1, 1), settings))
    identity = torch.eye(small().width, dtype=torch.float64)
    assert float((found.map.weight - identity).norm() / identity.norm()) < 1e-4
    assert found.info.r2 > 0.9999 and found.agreement.direction_cosine == pytest.approx(1.0, abs=1e-4)
    assert float(found.map.bias.norm()) < 1e-3


def test_it_says_how_it_was_fitted_and_is_scored_on_all_tokens() -> None:
    pair = Pair(small=small(), large=large())
    found, plain = fitted(pair), finish(fit_one(pair, texts(150), (1, 2), FitSettings(tokens=TOKENS)))
    assert found.info.method == WITHIN_CONTEXTS and found.info.lam is not None
    assert chosen_setting(found.info) is not None
    assert 0 < int(str(found.info.settings["rows_in_contexts"])) < found.info.settings["tokens_fit"]
    # Least squares on all tokens is the best that any map can do on tokens like those it saw.
    assert found.info.r2 < plain.info.r2 and found.info.tokens_used == plain.info.tokens_used
    assert torch.equal(found.map.weight, fitted(pair).map.weight)


def test_its_rows_are_those_that_the_moments_are_made_of() -> None:
    seen: dict[str, int] = {}

    def take(part: str, of_small: object, of_large: object, contexts: torch.Tensor) -> None:
        seen[part] = seen.get(part, 0) + len(contexts)

    taker: TakeRows = take
    pair = Pair(small=small(), large=large())
    begun = Collected.empty(*pair.both, [Route(1, 2)])
    begun.take = taker
    collected = finish(collect(pair, texts(150), [Route(1, 2)], TOKENS, begun=begun))
    assert seen == dict(collected.rows(Route(1, 2))) and sum(seen.values()) == TOKENS


def test_control_maps_are_fitted_as_the_map_is_and_kept_apart(tmp_path: Path) -> None:
    pair = Pair(small=small(), large=large())
    true = fitted(pair).map
    controls = finish(
        control_maps(pair, texts(150), (1, 2), tokens=TOKENS, seeds=(1, 2), keep=tmp_path, method=WITHIN_CONTEXTS)
    )
    assert max(float(one.weight.norm() / true.weight.norm()) for one in controls) < 0.5
    assert float((controls[0].weight - controls[1].weight).norm()) > 0
    again = finish(
        control_maps(pair, iter(()), (1, 2), tokens=TOKENS, seeds=(1, 2), keep=tmp_path, method=WITHIN_CONTEXTS)
    )
    assert all(torch.equal(one.weight, other.weight) for one, other in zip(controls, again, strict=True))
    ridge = finish(control_maps(pair, texts(150), (1, 2), tokens=TOKENS, seeds=(1,), keep=tmp_path))
    assert not torch.equal(ridge[0].weight, controls[0].weight)


@pytest.mark.parametrize(
    ("settings", "error", "sentence"),
    [
        (FitSettings(tokens=0), SettingsError, "cannot be fitted on 0 tokens"),
        (FitSettings(tokens=10**9), SettingsError, r"take .* GB to fit within contexts, but 4 GB are allowed; ask for"),
        (FitSettings(tokens=40), MapError, "too few pairs of tokens"),
    ],
)
def test_what_cannot_be_fitted_is_refused(settings: FitSettings, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        finish(within_maps(Pair(small=small(), large=large()), texts(150), (1, 2), settings, [None]))
    with pytest.raises(SettingsError, match="layer"):
        finish(within_maps(Pair(small=small(), large=large()), texts(150), (1, 99), SETTINGS, [None]))


def test_the_world_of_a_pair_says_how_its_maps_are_fitted() -> None:
    demo, everyday = (world_of(pair.small, pair.large) for pair in (PAIRS[0], PAIRS[-1]))
    assert FitSpec().estimator(demo) == WITHIN_CONTEXTS and FitSpec().estimator(everyday) == "ridge"
    assert FitSpec(all_layers=True).estimator(demo) == "ridge"
    assert FitSpec(method="procrustes").estimator(demo) == "procrustes"
    with pytest.raises(SettingsError, match=r"reads the texts for each layer pair; fit one layer pair at a time"):
        FitSpec(method=WITHIN_CONTEXTS, all_layers=True)
    assert WITHIN_CONTEXTS in without_descent() and WITHIN_CONTEXTS not in closed_forms()
