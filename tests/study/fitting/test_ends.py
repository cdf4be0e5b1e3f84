"""R² at the ends of prompts: against the plain way, kept under what it depends on, and shown beside the other."""

from copy import deepcopy
from dataclasses import replace

import pytest
import torch

from lrt_explorer.concepts.contrast import ReadoutPrompt
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import PairMap
from lrt_explorer.study.fitting import ends as module
from lrt_explorer.study.fitting.ends import end_prompts, keep_ends, known_ends, measure_ends
from lrt_explorer.study.fitting.fit import FittedMap, fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.workbench.bundle import demo_pairs
from lrt_explorer.workbench.concepts import shipped_sets
from lrt_explorer.workbench.map_store import load_saved
from lrt_explorer.workbench.maps import shipped_map_folder
from tests.study.tiny import CONCEPT, large, small, texts

PROMPTS = tuple(f"{who} {did} the {what}" for who in ("Tom", "Anna", "She") for did in ("saw", "lost") for what in
                ("cow", "ship", "big sail", "old barn", "pig"))  # fmt: skip
PAIR = Pair(small=small(), large=large())


@pytest.fixture(scope="module")
def fitted() -> FittedMap:
    return finish(fit_map(PAIR, texts(), (1, 2), FitSettings(tokens=4000)))


def plain(lm: LanguageModel, layer: int) -> torch.Tensor:
    # On a copy: being asked for hidden states leaves hooks of transformers on a model.
    rows, model = [], deepcopy(lm.model)
    for prompt in PROMPTS:
        ids = torch.tensor([lm.tokenizer(prompt)["input_ids"]])
        with torch.inference_mode():
            rows.append(model(ids, output_hidden_states=True).hidden_states[layer + 1][0, -1].double())
    return torch.stack(rows)


def test_it_is_that_of_the_last_tokens_read_one_prompt_at_a_time(
    fitted: FittedMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH_PROMPTS", 7)
    x, y = plain(small(), 1), plain(large(), 2)
    left = (y - fitted.map(x)).square().sum() / (y - y.mean(0)).square().sum()
    assert measure_ends(PAIR, fitted, PROMPTS) == pytest.approx(float(1 - left), abs=1e-4)
    assert measure_ends(PAIR, fitted, PROMPTS) != pytest.approx(fitted.info.r2, abs=1e-3)


def test_it_is_measured_once_for_a_map_and_its_prompts(fitted: FittedMap, monkeypatch: pytest.MonkeyPatch) -> None:
    assert known_ends(PAIR, fitted, PROMPTS) is None
    found = keep_ends(PAIR, fitted, PROMPTS)
    module.ends_records.cache_clear()
    assert known_ends(PAIR, fitted, PROMPTS) == found, "it is in the data folder"
    monkeypatch.setattr(module, "measure_ends", lambda *_: pytest.fail("measured again"))
    assert keep_ends(PAIR, fitted, PROMPTS) == found
    other = PairMap(map=AffineMap(fitted.map.weight * 2, fitted.map.bias), info=fitted.info)
    moved = PairMap(map=fitted.map, info=replace(fitted.info, small_layer=0))
    for saved, prompts in ((other, PROMPTS), (moved, PROMPTS), (fitted, PROMPTS[1:])):
        assert known_ends(PAIR, saved, prompts) is None
    assert keep_ends(PAIR, fitted, ()) is None


def test_prompts_are_some_of_every_concept_each_once_and_too_few_are_none() -> None:
    assert end_prompts([CONCEPT]) == ()
    one = replace(CONCEPT, prompts=tuple(ReadoutPrompt(f"{i} cows and a", (" cow",), (" ship",)) for i in range(40)))
    two = replace(CONCEPT, prompts=tuple(ReadoutPrompt(f"{i} pigs and a", (" cow",), (" ship",)) for i in range(40)))
    found = end_prompts([one, two, one])
    assert len(found) == 24 and found[0] == "0 cows and a" and found[12] == "0 pigs and a"


def test_what_ships_for_every_demo_map_is_what_is_measured() -> None:
    """Made anew by `lrt-explorer bundle --only ends` when weights, maps or prompts change."""
    for preset in demo_pairs():
        pair = Pair(small=models().get(preset.small), large=models().get(preset.large))
        saved, prompts = (
            load_saved(shipped_map_folder(preset.small, preset.large)),
            end_prompts(shipped_sets(pair.world)),
        )
        assert len(prompts) > 100
        found = known_ends(pair, saved, prompts)
        assert found is not None and found == pytest.approx(measure_ends(pair, saved, prompts), abs=1e-3), preset.name
