"""Dose-responses: planted truths come back, arms equal what each gives alone, and what cannot be measured is not."""

import numpy as np
import pytest
import torch

from lrt_explorer.concepts.readout import answer_readout
from lrt_explorer.concepts.vectors import addition, mean_difference, random_vector
from lrt_explorer.errors import ContrastError, SettingsError
from lrt_explorer.lm.generate import generate_batch
from lrt_explorer.study.evaluation.dose import DoseResponse, Sampling, dose_response, score_response, summarise
from lrt_explorer.study.ground.progress import finish
from tests.study.tiny import CONCEPT, PROMPTS, small

STRENGTHS = (-0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6)
ARMS = ("native", "transferred", "random 0", "random 1")


def planted(retention: float, noise: float = 0.1, native: float = 4.0, prompts: int = 60) -> DoseResponse:
    """Lines through the prompts' own levels, with slopes that vary from prompt to prompt alike in both arms."""
    rng = np.random.default_rng(0)
    own = rng.normal(native, 1.0, prompts)
    levels = rng.normal(0.0, 2.0, prompts)
    slopes = np.stack([own, retention * own, rng.normal(0, 0.3, prompts), rng.normal(0, 0.3, prompts)])
    lines = levels + np.asarray(STRENGTHS)[None, :, None] * slopes[:, None, :]
    return summarise(ARMS, STRENGTHS, lines + rng.normal(0, noise, lines.shape), seed=1)


@pytest.mark.parametrize("truth", [0.0, 0.5, 1.0, 1.3])
def test_planted_retention_comes_back_unclipped(truth: float) -> None:
    retention = planted(truth).retention(["transferred"])
    assert retention is not None
    assert retention.value == pytest.approx(truth, abs=0.03)
    assert retention.low <= retention.value <= retention.high
    assert retention.high - retention.low < 0.1


def test_controls_average_over_their_seeds() -> None:
    response = planted(1.0)
    both = response.retention(["random 0", "random 1"])
    each = [response.retention([arm]) for arm in ("random 0", "random 1")]
    assert both is not None and all(one is not None for one in each)
    assert both.value == pytest.approx(np.mean([one.value for one in each if one]))
    assert abs(both.value) < 0.05


def test_without_a_native_effect_retention_is_not_measurable() -> None:
    assert planted(1.0, native=0.0).retention(["transferred"]) is None


def test_means_slopes_and_ranks_of_a_planted_line() -> None:
    response = planted(1.0, noise=0.0)
    assert response.spearman[0] == pytest.approx(1.0)
    rise = response.mean("native")[-1] - response.mean("native")[0]
    assert response.slope("native").value == pytest.approx(rise / 1.2)
    assert not response.slope("native").holds(0.0)


def test_each_arm_and_strength_equals_a_pass_of_its_own() -> None:
    vectors = {"native": mean_difference(small(), CONCEPT, [1])[1].values, "random": random_vector(16, 0)}
    strengths = (-0.4, 0.0, 0.4)
    response = finish(dose_response(small(), 1, vectors, PROMPTS, 3.0, strengths=strengths))
    assert response.readouts.shape == (2, 3, len(PROMPTS))
    for row, values in enumerate(vectors.values()):
        for column, strength in enumerate(strengths):
            added = addition(values, strength, 3.0).expand(len(PROMPTS), -1)
            alone = answer_readout(small(), PROMPTS, 1, added).numpy()
            assert np.allclose(response.readouts[row, column], alone, atol=1e-4)


def test_a_turned_vector_mirrors_the_response() -> None:
    values = mean_difference(small(), CONCEPT, [1])[1].values
    response = finish(dose_response(small(), 1, {"native": values, "turned": -values}, PROMPTS, 3.0))
    assert np.allclose(response.readouts[0], response.readouts[1][::-1], atol=1e-4)
    assert response.slope("native").value == pytest.approx(-response.slope("turned").value, abs=1e-4)


def test_scores_of_generated_text_leave_out_what_cannot_be_scored() -> None:
    vectors = {"native": mean_difference(small(), CONCEPT, [1])[1].values}
    prompts = [prompt.text for prompt in PROMPTS]

    def score(prompt: str, text: str) -> float | None:
        return None if prompt.startswith("Tom") else len(text) / 100

    study = score_response(
        small(), 1, vectors, prompts, score, 3.0, strengths=(-0.4, 0.0, 0.4), sampling=Sampling(max_new_tokens=6)
    )
    response = finish(study)
    without = [prompt.startswith("Tom") for prompt in prompts]
    assert np.isnan(response.readouts[:, :, without]).all()
    assert response.prompt_slopes.shape == (1, len(prompts) - sum(without))
    unsteered = generate_batch(small(), prompts, max_new_tokens=6)
    expected = np.mean([len(text) / 100 for text, out in zip(unsteered, without, strict=True) if not out])
    assert response.mean("native")[1] == pytest.approx(expected)


def test_what_cannot_be_studied_is_refused() -> None:
    vectors = {"native": torch.ones(16)}
    with pytest.raises(ContrastError, match="no readout prompts"):
        finish(dose_response(small(), 1, vectors, [], 3.0))
    with pytest.raises(SettingsError, match="two different strengths"):
        finish(dose_response(small(), 1, vectors, PROMPTS, 3.0, strengths=(0.2,)))
    with pytest.raises(ContrastError, match="no prompt gave evidence"):
        summarise(("native",), STRENGTHS, np.full((1, 7, 3), np.nan), seed=0)
