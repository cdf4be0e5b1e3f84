"""The sets that ship for models of everyday language: large enough, varied, balanced, and without a leak of answers."""

import json
import re
from collections import Counter
from contextlib import suppress
from pathlib import Path
from statistics import median

import pytest

from lrt_explorer.concepts.contrast import ContrastSet, read_contrast, real_concepts, write_contrast
from lrt_explorer.concepts.readout import answer_tokens, settle
from lrt_explorer.concepts.scorers import make_scorer
from lrt_explorer.concepts.sets.scoring import Expression, WordList
from lrt_explorer.errors import ContrastError
from lrt_explorer.lm.model import LanguageModel

NAMES = tuple(real_concepts())
OURS = (
    "agreement", "certainty", "concision", "first-person", "formality", "past-tense", "politeness", "questions",
    "sentiment",
)  # fmt: skip
UNEVEN = {
    "concision": "length is what it is about",
    "childlike": "simple words take more of them",
    "code": "a program packs more into what counts as a word",
}
"""Sets whose sides may differ in length, and why."""
NOT_BY_WORDS = {
    "concision": "what is brief shows in where the first sentence ends",
    "questions": "what is asked shows in the question mark",
    "code": "programs show in their punctuation",
    "poetry": "verse shows in its line breaks",
}
"""Sets scored by an expression, and why."""
FUNCTION_WORDS = set(
    "a an the this that it there i you he she we they my his her our me him them us is are was were has have had do "
    "did does and but or so because which who what why how where whether as in on at of to no yes be".split()
)
"""Words that stand in any text, so a prompt that holds one gives nothing away."""
LONG = 5
"""Letters from which a word says what a text is about."""


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.casefold())


def longer_words(text: str) -> set[str]:
    return {word for word in words(text) if len(word) >= LONG}


@pytest.fixture(params=NAMES)
def contrast(request: pytest.FixtureRequest) -> ContrastSet:
    return read_contrast(real_concepts()[request.param])


def test_the_styles_people_steer_are_there() -> None:
    assert set(OURS) <= set(NAMES)


def test_it_says_what_it_is(contrast: ContrastSet) -> None:
    assert real_concepts()[contrast.name].stem == contrast.name
    assert len(re.findall(r"[.!?](?:\s|$)", contrast.description)) == 1, "one sentence"
    for label in (contrast.positive_label, contrast.negative_label):
        assert 1 <= len(label.split()) <= 2 and label == label.strip()
    assert contrast.positive_label != contrast.negative_label
    assert contrast.ask and len(set(contrast.examples)) == len(contrast.examples) >= 3


def test_pairs_are_many_and_distinct(contrast: ContrastSet) -> None:
    assert len(contrast.pairs) >= 40
    texts = [text for pair in contrast.pairs for text in pair]
    assert len(set(texts)) == len(texts)
    openings = Counter(tuple(words(positive)[:4]) for positive, _ in contrast.pairs)
    assert max(openings.values()) <= 5, "not one template with fillings"


def test_prompts_are_many_and_of_many_forms(contrast: ContrastSet) -> None:
    texts = [prompt.text for prompt in contrast.prompts]
    assert len(set(texts)) == len(texts) >= 40
    forms = Counter(prompt.form for prompt in contrast.prompts)
    assert None not in forms and len(forms) >= 8
    assert max(forms.values()) <= len(texts) / 4


def test_both_sides_are_equally_long(contrast: ContrastSet) -> None:
    if contrast.name in UNEVEN:
        return
    lengths = [(len(words(positive)), len(words(negative))) for positive, negative in contrast.pairs]
    ratios = [positive / negative for positive, negative in lengths]
    assert 1 / 1.15 <= median(ratios) <= 1.15
    for first, second in ((0, 1), (1, 0)):
        assert sum(pair[first] > pair[second] for pair in lengths) <= 0.7 * len(lengths)


def test_answers_go_on_naturally_and_are_not_given_away(contrast: ContrastSet) -> None:
    for prompt in contrast.prompts:
        assert prompt.text == prompt.text.strip()
        for side in (prompt.positive, prompt.negative):
            assert 2 <= len(side) <= 6 and len(set(side)) == len(side)
            for answer in side:
                # A word after a space, or a mark that ends or goes on with the sentence.
                assert re.fullmatch(r" \S+|[^\w\s]+|\n", answer), answer
        said = set(words(prompt.text)) - FUNCTION_WORDS
        given = {word for side in (prompt.positive, prompt.negative) for answer in side for word in words(answer)}
        assert not said & given, (prompt.text, said & given)
        firsts = [{answer.strip()[:4] for answer in side} for side in (prompt.positive, prompt.negative)]
        assert not firsts[0] & firsts[1], "the sides begin differently"


def test_prompts_ask_about_what_no_pair_is_about(contrast: ContrastSet) -> None:
    pairs = [" ".join(pair) for pair in contrast.pairs]
    told = [longer_words(pair) for pair in pairs]
    for prompt in contrast.prompts:
        assert not any(prompt.text in pair for pair in pairs)
        own = longer_words(prompt.text)
        assert max(len(own & pair) for pair in told) <= max(2, len(own) / 2), prompt.text


def test_the_scorer_tells_the_sides_apart(contrast: ContrastSet) -> None:
    assert isinstance(contrast.scorer, Expression if contrast.name in NOT_BY_WORDS else WordList)
    score = make_scorer(contrast.scorer)
    sides = [[score("", pair[side]) for pair in contrast.pairs] for side in (0, 1)]
    known = [[value for value in side if value is not None] for side in sides]
    assert min(len(side) for side in known) >= len(contrast.pairs) / 10, "the meter has something to show"
    assert sum(known[0]) / len(known[0]) >= sum(known[1]) / len(known[1]) + 0.4


def test_the_file_is_as_the_project_writes_it(contrast: ContrastSet, tmp_path: Path) -> None:
    write_contrast(tmp_path / "set.jsonl", contrast)
    shipped = real_concepts()[contrast.name]
    rows = [[json.loads(line) for line in path.read_text().splitlines()] for path in (tmp_path / "set.jsonl", shipped)]
    assert rows[0] == rows[1]


def test_even_a_tokenizer_of_512_pieces_tells_most_answers_apart(contrast: ContrastSet, stories: LanguageModel) -> None:
    told = 0
    for prompt in settle(stories, contrast.prompts):
        with suppress(ContrastError):
            told += len(answer_tokens(stories, [prompt]))
    assert told >= 0.8 * len(contrast.prompts)
