"""The small world: its splits, its voices and its contrast sets."""

import re

import pytest

from lrt_explorer.errors import SettingsError
from lrt_explorer.tinyworld.contrasts import broken_off_texts, contrast_set
from lrt_explorer.tinyworld.corpus import (
    cast_is_held_out,
    combination_is_held_out,
    document,
    documents,
)
from lrt_explorer.tinyworld.grammar import capital
from lrt_explorer.tinyworld.judge import SCORERS
from lrt_explorer.tinyworld.lexicon import CONCEPTS

NAMES = [concept.name for concept in CONCEPTS]


def test_a_document_is_the_same_every_time_and_differs_between_splits() -> None:
    assert document("train", 7) == document("train", 7)
    texts = {document(split, 7).text for split in ("train", "fit", "contrast", "evaluation")}
    assert len(texts) == 4


def test_splits_share_no_text() -> None:
    train = {d.text for d in documents("train", 400)}
    assert not train & {d.text for d in documents("evaluation", 400)}
    assert not train & {d.text for d in documents("fit", 400)}


def test_training_never_meets_the_combinations_and_casts_of_evaluation() -> None:
    for held_out, split in ((False, "train"), (False, "fit"), (True, "evaluation")):
        for drawn in documents(split, 300):  # type: ignore[arg-type]
            assert combination_is_held_out(drawn.latents) == held_out
            assert cast_is_held_out(drawn.voice.name[0], drawn.voice.role) == held_out


def test_latents_are_even_and_independent() -> None:
    drawn = [d.latents for d in documents("train", 2000)]
    for i, first in enumerate(NAMES):
        assert abs(sum(latents[first] for latents in drawn) / len(drawn) - 0.5) < 0.05
        for second in NAMES[i + 1 :]:
            agreement = sum(latents[first] == latents[second] for latents in drawn) / len(drawn)
            assert abs(agreement - 0.5) < 0.06, (first, second)


def test_no_latent_is_named_in_a_text() -> None:
    labels = {word.lower() for c in CONCEPTS for word in (c.name, c.positive, c.negative)}
    labels -= {"big", "small"}  # words of the world as much as names of sides
    text = " ".join(d.text for d in documents("train", 1000)).lower()
    assert not labels & set(re.findall(r"\w+", text))


def test_an_unknown_split_or_concept_is_refused_in_words() -> None:
    with pytest.raises(SettingsError, match="no split 'dev'"):
        document("dev", 0)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="no concept 'colour'"):
        contrast_set("colour")


@pytest.mark.parametrize("concept", NAMES)
def test_pairs_differ_in_their_latent_alone(concept: str) -> None:
    others = [name for name in NAMES if name not in (concept, "language")]
    for positive, negative in contrast_set(concept, pairs=12, prompts=2).pairs:
        assert SCORERS[concept](positive) in (None, pytest.approx(1.0, abs=0.2))
        assert SCORERS[concept](negative) in (None, pytest.approx(0.0, abs=0.2))
        assert positive != negative
        for other in others:
            before, after = SCORERS[other](positive), SCORERS[other](negative)
            assert before is None or after is None or before == pytest.approx(after, abs=0.35), other


@pytest.mark.parametrize("concept", NAMES)
def test_told_pairs_tell_the_same_stories_up_to_where_the_latent_shows(concept: str) -> None:
    broken = contrast_set(concept, pairs=12, prompts=2).pairs
    told = contrast_set(concept, pairs=12, prompts=2, told=True).pairs
    assert all(text[-1] in '.!"' for pair in told for text in pair)
    # A story that would be the same from both sides when broken off is drawn anew; most are not.
    alike = [(before, after) for before, after in zip(broken, told, strict=True) if after[0].startswith(before[0])]
    assert len(alike) >= 6
    for before, after in alike:
        ends = {whole.removeprefix(stem) for stem, whole in zip(before, after, strict=True)}
        assert len(ends) == 2 and all(0 < len(end) < 40 for end in ends)


@pytest.mark.parametrize("concept", NAMES)
def test_prompts_break_off_where_both_answers_are_possible(concept: str) -> None:
    prompts = contrast_set(concept, pairs=2, prompts=40).prompts
    assert len({prompt.text for prompt in prompts}) == 40
    for prompt in prompts:
        assert prompt.positive and prompt.negative
        assert not {a.split()[0] for a in prompt.positive} & {a.split()[0] for a in prompt.negative}
        assert prompt.text == prompt.text.strip()


def test_prompts_come_from_held_out_seeds() -> None:
    contrast = contrast_set("mood", pairs=24, prompts=24)
    told = " ".join(text for pair in contrast.pairs for text in pair)
    assert not any(prompt.text in told for prompt in contrast.prompts)


def test_capital_leaves_marks_alone() -> None:
    assert capital('"¡por favor') == '"¡Por favor'
    assert capital("...") == "..."


def test_broken_off_texts_end_as_contrast_texts_do_and_share_none_with_them() -> None:
    texts = list(broken_off_texts("fit", 200))
    assert texts == list(broken_off_texts("fit", 200))
    assert texts[50:60] == list(broken_off_texts("fit", 10, start=50))
    assert not set(texts) & set(broken_off_texts("contrast", 200))
    assert sum(text.rstrip().endswith((".", "!", "?")) for text in texts) < 60
    # Broken off for every latent: after a verb of feeling for mood, within quotation marks for politeness, …
    assert any(text.endswith((" feels", " feel", " felt")) for text in texts)
    assert any(text.endswith((': "', ': "¡')) or text.endswith(':"') for text in texts)
