"""A common offset and a loud dimension change nothing: not the unit, the strengths, the texts or the scores."""

from dataclasses import dataclass, replace
from functools import cache

import pytest
import torch

from lrt_explorer.concepts.contrast import load_concept
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.load import load
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode
from lrt_explorer.store import PairMap
from lrt_explorer.study.compare import Comparison, compare
from lrt_explorer.study.corpora.texts import sample_texts
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings, evaluate
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.calibrate import calibrate_concept
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.maps import find_map
from tests.study.simulated import dressed

SMALL_LAYER, LAYER = 4, 5
DEVIATION = 116.8
CONCEPT = "register"
PROMPT = "One day in the village"


@dataclass(frozen=True, kw_only=True, eq=False)
class Mapped(PairMap):
    large: LanguageModel


@cache
def demo(name: str) -> LanguageModel:
    """A demo model, outside the cache that the program shares."""
    return load(name)


@cache
def pair(simulated: bool) -> Mapped:
    """The plain pair, or that with an offset of ten deviations and a dimension with half of the variance."""
    small, original = demo("tinyworld-s"), demo("tinyworld-l")
    name = "simulated" if simulated else "plain"
    offset, loudness = (10.0, 2.0 * original.width**0.5) if simulated else (0.0, 0.0)
    large = dressed(original, name, DEVIATION, offset, loudness)
    saved = find_map(Pair(small=small, large=original), (SMALL_LAYER, LAYER))
    assert saved is not None
    map, info = saved.map, saved.info
    weight = map.weight.clone()
    # What a map makes of the loud dimension is anything; what it makes of the others does not change with it.
    weight[:, -1] = (loudness or 0.0) * weight[:, 0]
    moved = replace(info, large=name, large_fingerprint=large.fingerprint)
    return Mapped(large=large, map=AffineMap(weight, map.bias), info=moved)


def compared(simulated: bool) -> Comparison:
    one, small, concept = pair(simulated), demo("tinyworld-s"), load_concept(CONCEPT)
    # Where the native vector costs more than at first, so that the texts surely differ.
    strength = finish(calibrate_concept(Pair(small=small, large=one.large), LAYER, concept)).breaks
    study = compare(
        Pair(small=small, large=one.large),
        one,
        SteerSpec(concept=concept, prompt=PROMPT, strength=strength, max_new_tokens=24),
    )
    return finish(study)


@cache
def evidence(simulated: bool) -> ConceptEvidence:
    one = pair(simulated)
    settings = EvaluationSettings(prompts=6, random_seeds=1, other_concepts=0, neutral_prompts=4)
    concept = load_concept(CONCEPT)
    study = evaluate(Pair(small=demo("tinyworld-s"), large=one.large), one, [concept], settings=settings)
    return finish(study).concepts[0].evidence


def test_the_simulated_model_computes_what_the_plain_one_does() -> None:
    prompts = [text[:200] for text in sample_texts(4, "demo")]
    plain, simulated = (next_token_logprobs(pair(which).large, prompts) for which in (False, True))
    assert torch.allclose(plain, simulated, atol=1e-2)
    encoded = encode(pair(True).large, prompts)
    ordinary = encoded.mask.bool() & ~encoded.special
    rows = capture(pair(True).large, encoded, [LAYER])[LAYER][ordinary]
    variance = rows.var(0)
    assert float(variance[-1] / variance.sum()) > 0.5
    unit = unit_of(pair(False).large, LAYER, "demo").value
    assert float(rows.mean(0)[:-1].norm()) > 9 * unit, "the norm of a state says nothing here"
    assert float((rows - rows.mean(0)).norm(dim=1).median()) > 1.2 * unit, "nor does its distance from the mean"


def test_the_unit_is_the_same() -> None:
    plain, simulated = (unit_of(pair(which).large, LAYER, "everyday") for which in (False, True))
    assert simulated.value == pytest.approx(plain.value, rel=1e-4)
    assert (plain.outliers, simulated.outliers) == ((), (pair(True).large.width - 1,))


def test_the_calibration_is_the_same() -> None:
    small, concept = demo("tinyworld-s"), load_concept(CONCEPT)
    plain, simulated = (
        finish(calibrate_concept(Pair(small=small, large=pair(w).large), LAYER, concept)) for w in (False, True)
    )
    assert (simulated.strengths, simulated.first, simulated.limit, simulated.grid) == (
        plain.strengths, plain.first, plain.limit, plain.grid,
    )  # fmt: skip
    for one, other in zip(plain.curve.positive, simulated.curve.positive, strict=True):
        assert other == pytest.approx(one, rel=0.02, abs=1e-4)


def test_texts_and_readouts_are_the_same() -> None:
    plain, simulated = compared(False), compared(True)
    assert simulated.strength == plain.strength
    assert simulated.coefficient == pytest.approx(plain.coefficient, rel=1e-4)
    for name, one, other in zip(("unsteered", "native", "transferred"), plain.arms, simulated.arms, strict=False):
        assert one.name == other.name == name
        assert other.text == one.text
        assert other.readout == pytest.approx(one.readout, abs=0.02)
    assert plain.arms[1].text != plain.arms[0].text, "the vector does something"


def test_scores_are_the_same() -> None:
    plain, simulated = evidence(False), evidence(True)
    assert simulated.strengths == plain.strengths
    for name in ("native", "transferred", "native, direct"):
        one, other = plain.arm(name), simulated.arm(name)
        assert one.slope is not None and other.slope is not None
        assert other.slope.value == pytest.approx(one.slope.value, rel=0.01)
        assert other.kl == pytest.approx(one.kl, rel=0.02, abs=1e-4)
    assert plain.retention is not None and simulated.retention is not None
    assert simulated.retention.value == pytest.approx(plain.retention.value, rel=0.01)
    equal = (plain.retention_at_equal_cost, simulated.retention_at_equal_cost)
    assert equal[0] is not None and equal[1] is not None
    assert equal[1].value == pytest.approx(equal[0].value, rel=0.02)
