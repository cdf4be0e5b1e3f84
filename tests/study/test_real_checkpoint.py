"""The studies on a public checkpoint that nobody here made: stories260K, with a tokenizer of its own."""

from pathlib import Path

import numpy as np
import pytest

from lrt_explorer.concepts.contrast import ContrastSet, read_contrast
from lrt_explorer.concepts.vectors import random_vector
from lrt_explorer.lm.load import load
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.presets import MODELS, locate
from lrt_explorer.study.evaluation.dose import dose_response
from lrt_explorer.study.fitting.fit import fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.deviation import unit_of
from tests.study.tiny import large, short_texts, texts

ROOT = Path(__file__).resolve().parents[2]
LAYER = 2  # of 5: two blocks stay above


@pytest.fixture(scope="module")
def mood() -> ContrastSet:
    return read_contrast(ROOT / "tests" / "data" / "tinystories-mood.jsonl")


def test_it_steers_itself_monotonically(stories: LanguageModel, mood: ContrastSet) -> None:
    known = known_vectors().get(stories, mood, LAYER)
    vectors = {"native": known.vector.values, **{f"random {i}": random_vector(stories.width, i) for i in range(3)}}
    unit = unit_of(stories, LAYER, world_of(stories.name).ordinary)
    response = finish(dose_response(stories, LAYER, vectors, mood.prompts, unit))
    assert len(mood.prompts) >= 60
    assert response.spearman[0] == pytest.approx(1.0)
    assert np.diff(response.mean("native")).min() > 0
    assert response.slope("native").low > 3.0
    # Which way a random vector pushes is chance, so it is their mean that must stay small.
    control = response.retention([f"random {i}" for i in range(3)])
    assert control is not None and abs(control.value) < 0.2


def test_it_is_mapped_across_tokenizers_with_its_coverage(stories: LanguageModel) -> None:
    fitted = finish(fit_map(Pair(small=stories, large=large()), short_texts(), (2, 2), FitSettings(tokens=4000)))
    assert 0.3 < fitted.info.coverage < 1.0
    # Its tokenizer puts one special token before every text; it was counted and left out.
    assert fitted.info.settings["special_tokens"] == fitted.info.settings["documents"] > 0


@pytest.mark.skipif(not Path(locate("tinyworld-l")).is_dir(), reason="tinyworld-l is not trained yet")
def test_it_is_mapped_into_the_demo_family(stories: LanguageModel) -> None:
    assert MODELS["tinyworld-l"].shipped
    demo = load("tinyworld-l")
    fitted = finish(
        fit_map(Pair(small=stories, large=demo), texts(200), (2, demo.layers // 2), FitSettings(tokens=20_000))
    )
    control = finish(
        fit_map(
            Pair(small=stories, large=demo),
            texts(200),
            (2, demo.layers // 2),
            FitSettings(tokens=20_000),
            shuffle_pairs=True,
        )
    )
    assert fitted.info.coverage > 0.3
    assert fitted.info.r2 > 0.1 > control.info.r2
