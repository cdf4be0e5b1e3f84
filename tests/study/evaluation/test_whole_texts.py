"""Whole texts are scored to their last token, by vectors that have not seen them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lrt_explorer.concepts.reading import read_pairs
from lrt_explorer.concepts.vectors import addition, random_vector
from lrt_explorer.errors import ArtifactError, ContrastError, SettingsError
from lrt_explorer.lm.likelihood import continuation_nats
from lrt_explorer.lm.steer import steering
from lrt_explorer.lm.tokens import encode
from lrt_explorer.store import PairMap
from lrt_explorer.study.evaluation import whole_texts as module
from lrt_explorer.study.evaluation.case import Controls, concept_seed
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.document_reading import read_evaluation
from lrt_explorer.study.evaluation.holding import halves
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.evaluation.whole_texts import (
    WholeTexts,
    read_whole_texts,
    whole_texts,
    whole_texts_document,
)
from lrt_explorer.study.fitting.fit import fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.steering.deviation import unit_of
from tests.study.evaluation.suite import ANIMALS, SETTINGS, maps, study
from tests.study.tiny import CONCEPT, large, other, small, texts

LAYERS = (1, 2)
SLOPES = ("native", "transferred", "random")
PAIR = Pair(small=small(), large=large())


@pytest.fixture(scope="module")
def saved() -> PairMap:
    return finish(fit_map(PAIR, texts(), LAYERS, FitSettings(tokens=4000)))


def mean_logprob(text: str, start: str, added: torch.Tensor) -> float:
    """Of the tokens after the start, one pass for each text, nothing batched."""
    encoded = encode(large(), [text])
    with steering(large(), LAYERS[1], added[None]), torch.inference_mode():
        logits = large().model(input_ids=encoded.ids, use_cache=False).logits[0].float().log_softmax(1)
    (ends,), ids = encoded.ends, encoded.ids[0]
    said = [at for at in range(1, len(ends)) if ends[at] > len(start) and not bool(encoded.special[0, at])]
    return float(np.mean([float(logits[at - 1, ids[at]]) for at in said]))


def test_a_slope_is_that_of_a_plain_loop_with_vectors_of_the_other_half(saved: PairMap) -> None:
    found = finish(whole_texts(PAIR, saved, CONCEPT, pairs=len(CONCEPT.pairs)))
    assert found.pairs == len(CONCEPT.pairs) and set(found.slopes) == {"native", "transferred", "random"}
    unit = unit_of(large(), LAYERS[1], PAIR.world.ordinary)
    ours = read_pairs(large(), CONCEPT, [LAYERS[1]], CONCEPT.reading)[LAYERS[1]]
    theirs = read_pairs(small(), CONCEPT, [LAYERS[0]], CONCEPT.reading)[LAYERS[0]]
    expected: dict[str, list[float]] = {"native": [], "transferred": []}
    for part in halves(len(CONCEPT.pairs), concept_seed(0, CONCEPT.name)):
        vectors = {
            "native": (ours.positive - ours.negative)[part].mean(0),
            "transferred": saved.map.direction((theirs.positive - theirs.negative)[part].mean(0)),
        }
        for name, vector in vectors.items():
            for number in np.flatnonzero(~part.numpy()):
                shared = _shared(*CONCEPT.pairs[number])
                ends = []
                for side in (1, -1):
                    added = addition(vector, side * found.strength, unit)
                    yes, no = (mean_logprob(text, shared, added) for text in CONCEPT.pairs[number])
                    ends.append(yes - no)
                expected[name].append((ends[0] - ends[1]) / (2 * found.strength))
    for name, slopes in expected.items():
        assert found.slopes[name].value == pytest.approx(np.mean(slopes), abs=1e-4), name
    ratio = np.mean(expected["transferred"]) / np.mean(expected["native"])
    assert found.retention is None or found.retention.value == pytest.approx(ratio, rel=1e-2)


def _shared(one: str, other_one: str) -> str:
    words = []
    for a, b in zip(one.split(" "), other_one.split(" "), strict=False):
        if a != b:
            break
        words.append(a)
    return " ".join(words)


def test_only_what_both_texts_do_not_begin_with_is_scored(monkeypatch: pytest.MonkeyPatch, saved: PairMap) -> None:
    seen: list[tuple[str, str]] = []

    def spy(lm, prompts, texts, *where):  # type: ignore[no-untyped-def]
        seen.extend(zip(prompts, texts, strict=True))
        return continuation_nats(lm, prompts, texts, *where)

    monkeypatch.setattr(module, "continuation_nats", spy)
    pairs = (("Tom ran home.", "Tom ran away."), ("Anna sat.", "Anna sat. Then"), *CONCEPT.pairs[:4])
    finish(whole_texts(PAIR, saved, replace(CONCEPT, pairs=pairs, pair_asks=())))
    assert ("Tom ran", " home.") in seen and ("Tom ran", " away.") in seen
    assert ("", "Anna sat.") in seen and ("", "Anna sat. Then") in seen, "all of both where one begins the other"


def test_no_random_direction_is_drawn_twice(monkeypatch: pytest.MonkeyPatch, saved: PairMap) -> None:
    drawn: list[torch.Tensor] = []

    def spy(width: int, seed: int) -> torch.Tensor:
        drawn.append(random_vector(width, seed))
        return drawn[-1]

    monkeypatch.setattr(module, "random_vector", spy)
    finish(whole_texts(PAIR, saved, CONCEPT, pairs=4, relabelled=1))
    both = torch.stack(drawn)
    assert len(both) == 2 * module.RANDOMS
    assert float((both @ both.T - torch.eye(len(both))).abs().max()) < 0.9, "each half draws its own"


def test_what_cannot_be_scored_is_refused(saved: PairMap) -> None:
    with pytest.raises(ContrastError, match=r"only 3 pairs of .* fit into both models; give at least 4"):
        finish(whole_texts(PAIR, saved, CONCEPT.some_pairs(range(3))))
    with pytest.raises(ArtifactError):
        finish(whole_texts(Pair(small=small(), large=other()), saved, CONCEPT))


def test_a_steered_continuation_is_as_likely_in_a_batch_as_alone() -> None:
    prompts, said = ["Tom", "Anna sat", "The old man"], [" ran home.", " and wept.", " felt glad today."]
    added = torch.randn(large().width, generator=torch.Generator().manual_seed(1))
    whole = continuation_nats(large(), prompts, said, 2, added)
    for prompt, text, nats in zip(prompts, said, whole, strict=True):
        assert nats == pytest.approx(-mean_logprob(prompt + text, prompt, added), abs=1e-4)
    assert continuation_nats(large(), prompts, said) != whole


def test_it_is_a_part_of_an_evaluation_that_asks_for_it(tmp_path: Path) -> None:
    asked = replace(SETTINGS, whole_texts=True, method="principal-component", reading="token-2")
    steps: list[Progress] = []
    found = finish(study(tmp_path, concepts=[ANIMALS], settings=asked), steps.append).concepts[0]
    assert [step.share for step in steps] == sorted(step.share for step in steps), "progress never goes back"
    (map, info), _ = maps()
    how = EvaluationSettings(method="principal-component", reading="token-2")
    alone = finish(whole_texts(PAIR, PairMap(map=map, info=info), ANIMALS, how=how))
    assert found.evidence.whole_texts == alone
    usual = finish(whole_texts(PAIR, PairMap(map=map, info=info), ANIMALS))
    assert usual != alone, "the settings of the evaluation count"
    another = finish(whole_texts(PAIR, PairMap(map=map, info=info), ANIMALS, how=replace(how, seed=1)))
    assert another != alone, "and so does their seed"
    # It changes nothing else, is kept, and read back from the document.
    plain = finish(study(concepts=[ANIMALS], settings=replace(asked, whole_texts=False))).concepts[0]
    assert plain.evidence == replace(found.evidence, whole_texts=None)
    steps.clear()
    again = finish(study(tmp_path, concepts=[ANIMALS], settings=asked), steps.append)
    assert again.concepts[0] == found and [step.message for step in steps] == ["animals: done"]
    document = json.loads(json.dumps(evaluation_document(again)))
    assert read_evaluation(document, info).concepts[0].evidence.whole_texts == alone


def test_asked_for_later_it_measures_nothing_else_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = finish(study(tmp_path, concepts=[ANIMALS], settings=SETTINGS)).concepts[0]
    monkeypatch.setattr("lrt_explorer.study.evaluation.evaluate.measure", None)
    found = finish(study(tmp_path, concepts=[ANIMALS], settings=replace(SETTINGS, whole_texts=True))).concepts[0]
    assert found.evidence.whole_texts is not None
    assert replace(found.evidence, whole_texts=None) == plain.evidence


def test_a_set_too_small_for_it_is_evaluated_all_the_same(tmp_path: Path) -> None:
    few = replace(CONCEPT, pairs=CONCEPT.pairs[:3])
    asked = replace(SETTINGS, whole_texts=True)
    ran = finish(study(tmp_path, concepts=[few, ANIMALS], settings=asked))
    mood, animals = ran.concepts
    assert mood.evidence.whole_texts is None and animals.evidence.whole_texts is not None
    said = "Its whole texts could not be scored: only 3 pairs of mood fit into both models; give at least 4."
    assert said in mood.remarks and not any("could not be scored" in one for one in animals.remarks)
    document = json.loads(json.dumps(evaluation_document(ran)))
    again = read_evaluation(document, maps()[0][1]).concepts[0]
    assert (again.evidence.whole_texts, again.evidence.whole_texts_missing) == (None, mood.evidence.whole_texts_missing)


def test_what_random_directions_do_is_as_sure_as_they_are_alike(saved: PairMap) -> None:
    found = finish(whole_texts(PAIR, saved, CONCEPT))
    random = found.slopes["random"]
    # Student's over four directions: wider than the two halves of any four numbers are apart.
    assert random.high - random.value == pytest.approx(random.value - random.low)
    assert random.holds(0.0), "directions that know nothing of the concept"


def test_nothing_is_retained_of_an_effect_that_may_be_none(saved: PairMap) -> None:
    halves_alike = tuple((b, a) if number % 2 else (a, b) for number, (a, b) in enumerate(CONCEPT.pairs))
    found = finish(whole_texts(PAIR, saved, replace(CONCEPT, pairs=halves_alike, pair_asks=())))
    assert found.slopes["native"].holds(0.0) == (found.retention is None) == (found.relabelled is None)


def test_brought_vectors_have_no_halves() -> None:
    (_, info), controls = maps()
    own = known_vectors().get(large(), ANIMALS, info.large_layer).vector
    asked = replace(SETTINGS, whole_texts=True)
    with pytest.raises(SettingsError, match="brought vectors have no halves; leave out one of the two"):
        finish(study(concepts=[ANIMALS], settings=asked, controls=Controls(controls, vectors={"large": own})))


def test_a_document_of_whole_texts_is_whole_or_refused() -> None:
    found = WholeTexts(
        "mood", 4, 0.5, Interval(0.1, -0.1, 0.2), {n: Interval(1.0, 0.0, 2.0) for n in SLOPES}, None, None
    )
    document = json.loads(json.dumps(whole_texts_document(found)))
    assert read_whole_texts(document) == found and read_whole_texts(whole_texts_document(None)) is None
    for name in ("native", "unsteered"):
        with pytest.raises(ValueError, match="slope is missing"):
            read_whole_texts(document | {name: None})
    with pytest.raises(KeyError):
        read_whole_texts({"pairs": 4})


def test_relabelled_pairs_that_cancel_stop_nothing(saved: PairMap) -> None:
    # Of three pairs one is left out, and what is left of two that are alike is nothing.
    alike = replace(CONCEPT, pairs=(CONCEPT.pairs[0],) * 6)
    found = finish(whole_texts(PAIR, saved, alike))
    assert found.pairs == 6 and found.relabelled is None
