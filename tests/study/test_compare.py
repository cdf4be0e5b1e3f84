"""Comparisons: the arms are what they are called, and what a strength of nothing does."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest
import torch

from lrt_explorer.concepts.readout import answer_readout
from lrt_explorer.concepts.vectors import SteeringVector, addition, mean_difference, random_vector, transfer
from lrt_explorer.errors import ArtifactError, PromptError, SettingsError, VectorError
from lrt_explorer.lm.chat import framed
from lrt_explorer.lm.generate import generate_arms
from lrt_explorer.lm.suffix import read_starts
from lrt_explorer.store import save_vector
from lrt_explorer.study.compare import Comparison, ComparisonStep, changed_tokens, compare
from lrt_explorer.study.fitting.fit import FittedMap, fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.brought import Side, bring_vector
from lrt_explorer.study.steering.calibrate import calibrate_concept
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.neutral import costs, neutral_prompts
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.tinyworld import judge
from tests.study.tiny import CONCEPT, PROMPTS, large, small, texts

PROMPT = PROMPTS[0].text


@pytest.fixture(scope="module")
def fitted() -> FittedMap:
    return finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=4000)))


def run(
    fitted: FittedMap,
    prompt: str = PROMPT,
    strength: float | None = None,
    temperature: float = 0.0,
    equal_cost: bool = False,
) -> Comparison:
    return finish(
        compare(
            Pair(small=small(), large=large()),
            fitted,
            SteerSpec(
                concept=CONCEPT,
                prompt=prompt,
                strength=strength,
                max_new_tokens=12,
                temperature=temperature,
                equal_cost=equal_cost,
            ),
        )
    )


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_at_strength_0_all_arms_are_the_unsteered_one(fitted: FittedMap, temperature: float) -> None:
    comparison = run(fitted, strength=0.0, temperature=temperature)
    assert len({arm.text for arm in comparison.arms}) == 1
    assert len({arm.readout for arm in comparison.arms}) == 1
    assert not any(changed for arm in comparison.arms for changed in arm.changed)
    assert comparison.coefficient == 0.0


def test_steered_arms_differ_and_are_marked(fitted: FittedMap) -> None:
    comparison = run(fitted, strength=1.0)
    assert [arm.name for arm in comparison.arms] == ["unsteered", "native", "transferred", "random"]
    assert not any(comparison.arms[0].changed)
    assert len({arm.readout for arm in comparison.arms}) == 4
    assert any(any(arm.changed) for arm in comparison.arms[1:])
    for arm in comparison.arms:
        assert "".join(arm.tokens) == arm.text and len(arm.tokens) == len(arm.changed)


def test_the_unsteered_arm_is_what_the_model_writes_by_itself(fitted: FittedMap) -> None:
    alone = list(generate_arms(large(), PROMPT, 2, torch.zeros(1, large().width), max_new_tokens=12))[-1].texts[0]
    assert run(fitted).arms[0].text == alone


def test_the_coefficient_is_strength_times_typical_deviation(fitted: FittedMap) -> None:
    unit = unit_of(large(), 2, "everyday")
    comparison = run(fitted, strength=0.5)
    assert comparison.coefficient == pytest.approx(0.5 * unit.value)
    assert [arm.strength for arm in comparison.arms] == [0.0, 0.5, 0.5, 0.5]
    assert [arm.coefficient for arm in comparison.arms] == pytest.approx([0.0, *[0.5 * unit.value] * 3])


def test_without_a_strength_the_calibrated_one_is_taken(fitted: FittedMap) -> None:
    calibration = finish(calibrate_concept(Pair(small=small(), large=large()), 2, CONCEPT))
    assert run(fitted).strength == calibration.first > 0


def test_at_equal_cost_every_arm_costs_what_the_native_one_does(fitted: FittedMap) -> None:
    native, *others = run(fitted, strength=-0.4, equal_cost=True).arms[1:]
    assert native.strength == -0.4 and all(arm.strength < 0 for arm in others)
    assert len({arm.strength for arm in (native, *others)}) == 3
    unit, prompts = unit_of(large(), 2, "everyday"), neutral_prompts(16, "everyday")
    starts = read_starts(large(), 2, prompts)
    mapped = transfer(mean_difference(small(), CONCEPT, [1])[1], fitted.map, fitted.info).values
    vectors = (mean_difference(large(), CONCEPT, [2])[2].values, mapped, random_vector(large().width, 0))
    added = torch.stack([addition(v, arm.strength, unit) for v, arm in zip(vectors, (native, *others), strict=True)])
    spent = costs(large(), starts, added).mean(1)
    assert spent.tolist() == pytest.approx([float(spent[0])] * 3, rel=0.1)
    assert run(fitted, strength=0.0, equal_cost=True).arms[3].strength == 0.0


def test_a_model_mapped_to_itself_transfers_what_it_has() -> None:
    own = finish(fit_map(Pair(small=small(), large=small()), texts(), (1, 1), FitSettings(tokens=4000)))
    comparison = finish(
        compare(
            Pair(small=small(), large=small()),
            own,
            SteerSpec(concept=CONCEPT, prompt=PROMPT, strength=0.5, max_new_tokens=12),
        )
    )
    _, native, transferred, random = comparison.arms
    assert native.text == transferred.text
    assert native.readout == pytest.approx(transferred.readout, abs=1e-3)
    assert random.readout != pytest.approx(native.readout, abs=1e-3)


def test_the_last_step_is_the_result_and_texts_only_grow(fitted: FittedMap) -> None:
    steps: list[ComparisonStep] = []
    study = compare(
        Pair(small=small(), large=large()),
        fitted,
        SteerSpec(concept=CONCEPT, prompt=PROMPT, strength=0.5, max_new_tokens=12),
    )
    while True:
        try:
            steps.append(next(study))
        except StopIteration as stop:
            comparison = stop.value
            break
    assert steps[-1].arms == comparison.arms
    for before, after in pairwise(steps):
        assert all(b.text.startswith(a.text) for a, b in zip(before.arms, after.arms, strict=True))
    assert [step.done for step in steps] == list(range(1, len(steps) + 1))


def test_a_free_prompt_is_read_out_with_the_pooled_answers(fitted: FittedMap) -> None:
    # All prompts of this concept share their answers, so pooling gives what the prompt itself gives.
    assert run(fitted).arms[0].readout == pytest.approx(float(answer_readout(large(), PROMPTS[:1])), abs=1e-4)
    study = compare(
        Pair(small=small(), large=large()),
        fitted,
        SteerSpec(concept=replace(CONCEPT, prompts=()), prompt=PROMPT, max_new_tokens=2),
    )
    assert {arm.readout for arm in finish(study).arms} == {None}


def test_the_judge_scores_each_arm(fitted: FittedMap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(judge.SCORERS, "mood", lambda text: float(len(text)))
    for arm in run(fitted).arms:
        assert arm.score == len((PROMPT + arm.text).strip())
    assert "score" not in fitted.info.settings


@pytest.mark.parametrize(
    ("prompt", "said"), [("", "the prompt is empty"), ("   ", "the prompt is empty"), ("cow " * 50_000, "shorten it")]
)
def test_prompts_that_cannot_be_continued_are_refused(fitted: FittedMap, prompt: str, said: str) -> None:
    with pytest.raises(PromptError, match=said):
        run(fitted, prompt)
    assert run(fitted).arms[0].text  # and the next one works


def test_a_map_of_other_models_is_refused(fitted: FittedMap) -> None:
    with pytest.raises(ArtifactError, match="tiny"):
        finish(compare(Pair(small=large(), large=small()), fitted, SteerSpec(concept=CONCEPT, prompt=PROMPT)))


def test_a_closed_comparison_leaves_no_hook(fitted: FittedMap) -> None:
    study = compare(Pair(small=small(), large=large()), fitted, SteerSpec(concept=CONCEPT, prompt=PROMPT, strength=0.5))
    next(study)
    study.close()
    assert not any(block._forward_hooks for block in large().blocks)


def test_changed_tokens_are_found_by_alignment() -> None:
    reference = (" the", " cow", " saw", " a", " boat")
    assert changed_tokens(reference, reference) == (False,) * 5
    assert changed_tokens((" the", " big", " cow", " saw", " a", " net"), reference) == (
        False, True, False, False, False, True,
    )  # fmt: skip
    assert changed_tokens((), reference) == ()


def test_a_vector_that_is_given_takes_the_place_of_the_one_found(fitted: FittedMap) -> None:
    def with_vectors(**vectors: SteeringVector) -> Comparison:
        given = cast(Mapping[Side, SteeringVector], vectors)
        spec = SteerSpec(concept=CONCEPT, prompt=PROMPT, strength=0.5, max_new_tokens=4, vectors=given)
        return finish(compare(Pair(small=small(), large=large()), fitted, spec))

    known = known_vectors()
    ours, native = known.get(small(), CONCEPT, 1).vector, known.get(large(), CONCEPT, 2).vector
    plain = with_vectors()
    given = with_vectors(small=ours, large=native)
    assert given.arms == plain.arms
    assert given.settings["small_vector"] == "mood (mean-difference)" and "small_vector" not in plain.settings
    turned = with_vectors(small=-ours)
    changed = [a.readout != b.readout for a, b in zip(turned.arms, plain.arms, strict=True)]
    assert changed == [False, False, True, False] and turned.coefficient == plain.coefficient
    changed = [a.readout != b.readout for a, b in zip(with_vectors(large=-native).arms, plain.arms, strict=True)]
    assert changed == [False, True, False, False]
    with pytest.raises(VectorError, match="belongs to layer 0 of tiny-small, but layer 1 is in use"):
        with_vectors(small=replace(ours, layer=0))
    with pytest.raises(VectorError, match="has 16 numbers where tiny-large-one has 32"):
        with_vectors(large=replace(ours, fingerprint=""))


@pytest.mark.parametrize("ending", ["safetensors", "gguf"])
def test_a_transferred_vector_that_was_saved_comes_back_as_the_transferred_arm(
    fitted: FittedMap, tmp_path: Path, ending: str
) -> None:
    pair = Pair(small=small(), large=large())
    # As the comparison finds it: read in another batch, its last digit may differ.
    mapped = transfer(known_vectors().get(small(), CONCEPT, 1).vector, fitted.map, fitted.info)
    side, vector = bring_vector(save_vector(tmp_path / f"mapped.{ending}", mapped), pair, (1, 2))
    spec = SteerSpec(concept=CONCEPT, prompt=PROMPT, strength=0.7, max_new_tokens=12, temperature=0.0)
    loaded = finish(compare(pair, fitted, replace(spec, vectors={side: vector})))
    assert loaded.arms == run(fitted, strength=0.7).arms
    assert "mapped from tiny-small layer 1" in str(loaded.settings["transferred_vector"])
    assert "large_vector" not in loaded.settings


def test_a_message_is_answered_in_the_chat_template(fitted: FittedMap, monkeypatch: pytest.MonkeyPatch) -> None:
    def answered(**asked: str) -> Comparison:
        spec = SteerSpec(concept=CONCEPT, strength=0.5, max_new_tokens=6, temperature=0.0, **asked)  # type: ignore[arg-type]
        return finish(compare(Pair(small=small(), large=large()), fitted, spec))

    with pytest.raises(SettingsError, match="tiny-large-one has no chat template to answer a message in"):
        answered(ask="Tell me of the sea.")
    template = "{% for m in messages %}<{{ m.role }}> {{ m.content }} {% endfor %}<reply> "
    monkeypatch.setattr(large().tokenizer, "chat_template", template)
    found = answered(ask="  Tell me of the sea.  ")
    assert found.prompt == "" and found.settings["ask"] == "Tell me of the sea."
    begun = answered(ask="Tell me of the sea.", prompt="Well")
    for comparison, start in ((found, ""), (begun, "Well")):
        read = framed(large(), "Tell me of the sea.", start)
        assert read == f"<user> Tell me of the sea. <reply> {start}"
        *_, last = generate_arms(large(), read, 2, torch.zeros(4, large().width), max_new_tokens=6)
        assert comparison.arms[0].text == last.texts[0]
    assert "ask" not in answered(ask=" ").settings
