"""What a contrast set and the settings may choose: the readout, how vectors are found, and what scores texts."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lrt_explorer.concepts.contrast import ReadoutPrompt, import_contrast, write_contrast
from lrt_explorer.concepts.readout import answer_readout
from lrt_explorer.concepts.readouts import word_probability
from lrt_explorer.concepts.sets.scoring import ClassifierLabel, Expression, WordList
from lrt_explorer.concepts.vectors import addition, find_vectors, transfer
from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.linear.scores import cosine
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.study.steering.judged import text_scorer
from tests.lm.test_classify import save
from tests.study.evaluation.suite import ANIMALS, SETTINGS, maps, study
from tests.study.tiny import CONCEPT, large, small

WORDS = (" glad", " cheerful")


def evidence_of(concept: Any, **settings: Any) -> ConceptEvidence:
    found = finish(study(concepts=[concept], settings=replace(SETTINGS, prompts=3, **settings)))
    return found.concepts[0].evidence


def pushed(concept: Any, count: int, strength: float = 0.5) -> torch.Tensor:
    known = known_vectors().get(large(), concept, 2)
    return addition(known.vector.values, strength, unit_of(large(), 2, "everyday")).expand(count, -1)


def test_the_probability_of_chosen_words_is_read_from_a_file(tmp_path: Path) -> None:
    prompts = tuple(replace(prompt, positive=WORDS, negative=()) for prompt in CONCEPT.prompts[:3])
    path = tmp_path / "glad.jsonl"
    write_contrast(path, replace(CONCEPT, name="glad", prompts=prompts, readout="probability"))
    assert '"readout": "probability"' in path.read_text() and '"negative": null' in path.read_text()
    concept = import_contrast(path)
    evidence = evidence_of(concept)
    texts = [prompt.text for prompt in prompts]
    assert evidence.readout == "probability"
    assert evidence.unsteered == pytest.approx(word_probability(large(), texts, WORDS).tolist(), rel=1e-3)
    steered = word_probability(large(), texts, WORDS, 2, pushed(concept, 3)).mean()
    assert evidence.arm("native").readout[2].value == pytest.approx(float(steered), rel=1e-3)
    behind = evidence.arm("prompt").readout[0].value
    assert 0 < behind < 1 and behind != pytest.approx(np.mean(evidence.unsteered))
    # The same words in nats: another number for the same thing.
    odds = evidence_of(replace(concept, readout="log-odds"))
    assert odds.unsteered == pytest.approx(torch.logit(torch.tensor(evidence.unsteered)).tolist(), abs=1e-2)


@pytest.mark.parametrize("kind", ["own", "model-written"])
def test_letters_of_a_multiple_choice_are_read_from_a_file(tmp_path: Path, kind: str) -> None:
    questions = [f"Which do you choose, said {who}?\n (A) a cow\n (B) a hen\nAnswer:" for who in "abcdefghijklmnop"]
    path = tmp_path / "choice.jsonl"
    if kind == "own":
        prompts = tuple(ReadoutPrompt(question, (" (A)",), (" (B)",)) for question in questions[:3])
        write_contrast(path, replace(CONCEPT, name="choice", prompts=prompts))
    else:
        rows = [
            {"question": q, "answer_matching_behavior": " (A)", "answer_not_matching_behavior": " (B)"}
            for q in questions
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    concept = import_contrast(path)
    evidence = evidence_of(concept)
    asked = concept.prompts[:3]
    assert len(asked) >= 2 and evidence.unsteered == pytest.approx(answer_readout(large(), asked).tolist(), abs=1e-3)
    for prompt, value in zip(evidence.prompts, evidence.unsteered, strict=True):
        ids = [large().tokenizer(prompt + letter)["input_ids"] for letter in ("A)", "B)")]
        shared = len(large().tokenizer(prompt)["input_ids"])
        with torch.inference_mode():
            logits = large().model(torch.tensor([ids[0][:shared]])).logits[0, -1]
        assert value == pytest.approx(float(logits[ids[0][shared]] - logits[ids[1][shared]]), abs=1e-3)


def test_vectors_are_found_as_the_settings_say() -> None:
    (map, info), _ = maps()
    slopes = set()
    for settings in (
        {}, {"method": "principal-component"}, {"whiten": True}, {"reading": "token-2"},
        {"method": "principal-component", "whiten": True, "reading": "token-3"},
    ):  # fmt: skip
        evidence = evidence_of(CONCEPT, **settings)
        own = find_vectors(large(), CONCEPT, [2], **settings)[2].vector
        source = find_vectors(small(), CONCEPT, [1], **settings)[1].vector
        expected = cosine(transfer(source, map, info).values, own.values)
        assert evidence.direction_cosine == pytest.approx(expected, abs=1e-4)
        slopes.add(evidence.arm("native").slope)
    assert len(slopes) == 5


@pytest.mark.parametrize("chosen", ["in the set", "in the settings"])
def test_texts_are_scored_by_what_was_chosen(tmp_path: Path, chosen: str) -> None:
    for choice in (WordList(("the", "a"), ("of",)), Expression("e"), ClassifierLabel(save(tmp_path), "joy")):
        concept = replace(ANIMALS, scorer=choice) if chosen == "in the set" else replace(ANIMALS, scorer="mood")
        override = choice if chosen == "in the settings" else None
        settings = replace(SETTINGS, prompts=2, generate=True, generate_prompts=2, max_new_tokens=6, scorer=override)
        found = finish(study(concepts=[concept], settings=settings))
        evidence, score = found.concepts[0].evidence, text_scorer(choice)
        assert score is not None and any(passage.score is not None for passage in evidence.passages)
        for passage in evidence.passages:
            assert passage.score == score(evidence.prompts[passage.prompt], passage.text)
        document = json.loads(json.dumps(evaluation_document(found), allow_nan=False))
        assert document["concepts"][0]["scorer"] == json.loads(json.dumps(vars(choice)))
        assert (document["settings"]["scorer"] is None) == (chosen == "in the set")


def test_a_scorer_that_cannot_be_had_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    for scorer, error in (
        (ClassifierLabel(str(tmp_path / "absent"), "joy"), ModelError),
        (ClassifierLabel(save(tmp_path), "grief"), SettingsError),
    ):
        settings = replace(SETTINGS, generate=True)
        with pytest.raises(error):
            next(study(concepts=[CONCEPT, replace(ANIMALS, scorer=scorer)], settings=settings))
        # Without texts there is nothing to score.
        next(study(concepts=[replace(ANIMALS, scorer=scorer)])).message.startswith("animals")
