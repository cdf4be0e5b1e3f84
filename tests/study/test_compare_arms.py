"""Arms that are switched on and off: each adds what it says, and none depends on which others are written."""

from dataclasses import replace
from itertools import combinations

import pytest
import torch

from lrt_explorer.concepts.readout import answer_readout
from lrt_explorer.concepts.vectors import addition, transfer
from lrt_explorer.errors import ArtifactError, SettingsError
from lrt_explorer.linear.steering import SteeringVector
from lrt_explorer.lm.generate import generate_batch
from lrt_explorer.lm.token_odds import token_odds
from lrt_explorer.study.compare import Arm, Comparison, compare
from lrt_explorer.study.evaluation.baseline import baseline_prompt
from lrt_explorer.study.fitting.collect import Route
from lrt_explorer.study.fitting.fit import FittedMap, fit_map, fit_maps
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.sentence import sentence
from lrt_explorer.study.steering.arms import NO_MAP, OFFERED, PANES
from lrt_explorer.study.steering.brought import Side
from lrt_explorer.study.steering.calibrate import what_it_costs
from lrt_explorer.study.steering.compared import ArmSources
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.steer_spec import SteerSpec
from tests.study.evaluation.suite import ANIMALS
from tests.study.tiny import CONCEPT, PROMPTS, large, small, texts

PROMPT = PROMPTS[0].text
LAYERS, ELSEWHERE = (1, 2), (0, 1)
ALL = tuple(name for name in OFFERED if name != NO_MAP)
SPEC = SteerSpec(concept=CONCEPT, prompt=PROMPT, strength=0.6, max_new_tokens=10, temperature=0.0, arms=ALL)
Made = tuple[FittedMap, ArmSources]


@pytest.fixture(scope="module")
def made() -> Made:
    pair = Pair(small=small(), large=large())
    fitted = finish(fit_map(pair, texts(), LAYERS, FitSettings(tokens=4000)))
    (control,) = finish(fit_maps(pair, texts(), [Route(*LAYERS, 1)], FitSettings(4000, "")))
    elsewhere = finish(fit_map(pair, texts(), ELSEWHERE, FitSettings(tokens=4000)))
    return fitted, ArmSources(control_maps=(control.map,), other=ANIMALS, other_map=elsewhere)


def written(made: Made, spec: SteerSpec) -> Comparison:
    fitted, sources = made
    return finish(compare(Pair(small=small(), large=large()), fitted, spec, sources=sources))


def arms_of(comparison: Comparison) -> dict[str, Arm]:
    return {arm.name: arm for arm in comparison.arms}


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_an_arm_is_the_same_whichever_others_are_written(made: Made, temperature: float) -> None:
    spec = replace(SPEC, temperature=temperature)
    whole = arms_of(written(made, spec))
    assert tuple(whole) == ALL
    subsets = [(), *((name,) for name in ALL[1:]), *list(combinations(ALL[1:], 2))[::5], PANES]
    for arms in subsets:
        found = arms_of(written(made, replace(spec, arms=arms)))
        assert found == {name: whole[name] for name in ("unsteered", *ALL[1:]) if name in found}
        assert set(found) == {"unsteered", *arms}


def test_at_equal_cost_an_arm_is_the_same_whichever_others_are_written(made: Made) -> None:
    spec = replace(SPEC, equal_cost=True, max_new_tokens=4)
    whole, alone = (arms_of(written(made, replace(spec, arms=arms))) for arms in (ALL, ("random", "prompt")))
    assert alone == {name: whole[name] for name in ("unsteered", "random", "prompt")}
    assert whole["native"].strength == 0.6 != whole["random"].strength and whole["prompt"].strength == 0.0


def test_every_arm_adds_what_it_says(made: Made) -> None:
    fitted, sources = made
    found, known, unit = arms_of(written(made, SPEC)), known_vectors(), unit_of(large(), 2, "everyday")
    ours, theirs = (known.get(small(), concept, 1).vector for concept in (CONCEPT, ANIMALS))
    vectors = {
        "shuffled map": sources.control_maps[0].direction(ours.values),
        "other concept": transfer(theirs, fitted.map, fitted.info).values,
        "as in the paper": transfer(ours, fitted.map, fitted.info, as_in_paper=True).values,
    }
    for name, vector in vectors.items():
        added = addition(vector, 0.6, unit)[None]
        assert generate_batch(large(), [PROMPT], 2, added, max_new_tokens=10) == [found[name].text], name
        readout = answer_readout(large(), [PROMPTS[0]], 2, added, CONCEPT.readout)
        assert found[name].readout == pytest.approx(float(readout), abs=1e-4), name
        assert found[name].coefficient == pytest.approx(0.6 * unit.value)


def test_the_arm_at_other_layers_is_found_mapped_and_added_there(made: Made) -> None:
    _, sources = made
    assert sources.other_map is not None
    comparison = written(made, SPEC)
    found, unit = arms_of(comparison)["other layers"], unit_of(large(), ELSEWHERE[1], "everyday")
    ours = known_vectors().get(small(), CONCEPT, ELSEWHERE[0]).vector
    vector = transfer(ours, sources.other_map.map, sources.other_map.info).values
    added = addition(vector, 0.6, unit)[None]
    assert generate_batch(large(), [PROMPT], ELSEWHERE[1], added, max_new_tokens=10) == [found.text]
    readout = answer_readout(large(), [PROMPTS[0]], ELSEWHERE[1], added, CONCEPT.readout)
    assert found.readout == pytest.approx(float(readout), abs=1e-4)
    assert found.strength == 0.6 and found.coefficient == pytest.approx(0.6 * unit.value)
    assert unit.value != unit_of(large(), LAYERS[1], "everyday").value, "strength is counted where it is added"
    assert (comparison.settings["other_small_layer"], comparison.settings["other_large_layer"]) == ELSEWHERE
    assert "other_small_layer" not in written(made, replace(SPEC, arms=PANES)).settings
    (told,) = arms_of(written(made, replace(SPEC, arms=("other layers",), per_token=True)))["other layers"].odds[:1]
    (there,) = token_odds(large(), ELSEWHERE[1], PROMPT, PROMPT, found.text, added[0])[:1]
    assert told == there


def test_at_equal_cost_the_arm_at_other_layers_costs_what_the_native_vector_costs(made: Made) -> None:
    _, sources = made
    assert sources.other_map is not None
    found = arms_of(written(made, replace(SPEC, equal_cost=True, max_new_tokens=4)))
    native = known_vectors().get(large(), CONCEPT, LAYERS[1]).vector.values
    ours = known_vectors().get(small(), CONCEPT, ELSEWHERE[0]).vector
    vector = transfer(ours, sources.other_map.map, sources.other_map.info).values
    costs = [
        what_it_costs(large(), layer, values, strength, unit_of(large(), layer, "everyday"), "everyday")
        for layer, values, strength in (
            (LAYERS[1], native, 0.6),
            (ELSEWHERE[1], vector, found["other layers"].strength),
        )
    ]
    assert costs[1] == pytest.approx(costs[0], rel=1e-6)
    back = arms_of(written(made, replace(SPEC, equal_cost=True, strength=-0.6, max_new_tokens=2)))["other layers"]
    assert back.strength < 0 < found["other layers"].strength


def test_concepts_beside_the_first_are_added_at_other_layers_too(made: Made) -> None:
    _, sources = made
    assert sources.other_map is not None
    both = replace(SPEC, arms=("other layers",), also=((ANIMALS, -0.3),))
    found, unit = arms_of(written(made, both))["other layers"], unit_of(large(), ELSEWHERE[1], "everyday")
    parts = [
        addition(transfer(vector, sources.other_map.map, sources.other_map.info).values, strength, unit)
        for vector, strength in (
            (known_vectors().get(small(), CONCEPT, ELSEWHERE[0]).vector, 0.6),
            (known_vectors().get(small(), ANIMALS, ELSEWHERE[0]).vector, -0.3),
        )
    ]
    added = (parts[0] + parts[1])[None]
    assert generate_batch(large(), [PROMPT], ELSEWHERE[1], added, max_new_tokens=10) == [found.text]
    assert found.coefficient == pytest.approx(float(added.norm()), rel=1e-4)


def test_the_arm_at_other_layers_takes_no_vector_that_was_brought(made: Made) -> None:
    brought: dict[Side, SteeringVector] = {"small": known_vectors().get(small(), CONCEPT, LAYERS[0]).vector}
    with pytest.raises(SettingsError, match="finds its vector at other layers, where a vector of your own"):
        written(made, replace(SPEC, arms=("other layers",), vectors=brought))
    without_map = (made[0], replace(made[1], other_map=None))
    with pytest.raises(SettingsError, match="the arm 'other layers' has nothing to add here; leave it out"):
        written(without_map, replace(SPEC, arms=("other layers",)))


def test_the_prompt_baseline_is_that_of_an_evaluation(made: Made) -> None:
    found = arms_of(written(made, SPEC))["prompt"]
    asked = baseline_prompt(large(), CONCEPT, PROMPT, 3, room=10)
    assert asked.endswith(PROMPT) and len(asked) > len(PROMPT)
    assert generate_batch(large(), [asked], max_new_tokens=10) == [found.text]
    assert (found.strength, found.coefficient) == (0.0, 0.0)


def test_without_a_map_the_arms_that_need_none_are_written(made: Made) -> None:
    pair, arms = Pair(small=small(), large=large()), ("native", "random", "prompt")
    bare = finish(compare(pair, LAYERS, replace(SPEC, arms=arms)))
    assert bare.arms == written(made, replace(SPEC, arms=arms)).arms
    assert bare.settings["small_layer"] == 1
    with pytest.raises(ArtifactError, match="there is no map for 'transferred'; fit one, or leave out what needs it"):
        finish(compare(pair, LAYERS, replace(SPEC, arms=("native", "transferred"))))


def test_a_vector_as_it_is_needs_models_of_one_width(made: Made) -> None:
    with pytest.raises(SettingsError, match=r"'no map' needs models of one width, but tiny-small has 16 .* leave it"):
        written(made, replace(SPEC, arms=(NO_MAP,)))
    same = Pair(small=large(), large=large())
    native, no_map = finish(compare(same, (2, 2), replace(SPEC, arms=("native", NO_MAP)))).arms[1:]
    assert native.text == no_map.text and torch.isclose(torch.tensor(native.readout), torch.tensor(no_map.readout))


def test_an_arm_with_nothing_to_add_is_refused(made: Made) -> None:
    fitted, _ = made
    with pytest.raises(SettingsError, match="the arm 'shuffled map' has nothing to add here; leave it out"):
        finish(compare(Pair(small=small(), large=large()), fitted, SPEC))


def test_every_finished_text_says_how_it_reads(made: Made) -> None:
    for arm in written(made, SPEC).arms:
        assert arm.repetition is not None and (arm.perplexity is None) == (not arm.text)


def test_the_sentence_says_what_each_arm_did(made: Made) -> None:
    said = sentence(written(made, SPEC))
    assert "; shuffled map " in said and "; asking in words " in said and "; a random one " in said
    alone = sentence(written(made, replace(SPEC, arms=("native",))))
    assert alone.startswith("How far tiny-large-one moved towards “happy”, in nats: the large model’s own vector ")
    assert sentence(written(made, replace(SPEC, arms=()))).startswith("Only the unsteered text is written")
    still = sentence(written(made, replace(SPEC, strength=0.0, arms=("prompt", "native"))))
    assert still == "At strength 0 nothing is added, so every text but the prompted one is the same."
