"""Pairing: both models have read the same up to each pair, in texts of any script and in conversations."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from transformers import PreTrainedTokenizerFast

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.chat import Conversation, conversation
from lrt_explorer.lm.load import wrap_model
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode
from lrt_explorer.study.corpora.paired import place, read_paired
from tests.lm.families import tiny_model, tiny_tokenizer
from tests.lm.test_stream import WRITING, sentencepiece_like
from tests.lm.test_tokens import merging_tokenizer

TOKENIZERS: dict[str, Callable[[], PreTrainedTokenizerFast]] = {
    "bytes": tiny_tokenizer,
    "fallback": sentencepiece_like,
    "merging": merging_tokenizer,
}


@cache
def model(name: str) -> LanguageModel:
    return wrap_model(name, tiny_model("llama", seed=len(name)), TOKENIZERS[name]())


@cache
def chatting(name: str, template: str) -> LanguageModel:
    tokenizer = deepcopy(TOKENIZERS[name]())
    tokenizer.chat_template = template
    return wrap_model(f"{name} chat", tiny_model("llama"), tokenizer)


def read(lm: LanguageModel, ids: list[int]) -> str:
    return str(lm.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))


def check_prefixes(small: LanguageModel, large: LanguageModel, texts: list[str]) -> float:
    """Every pair has read the same part of its text, by what its tokens spell; gives the coverage of the first text."""
    placed = place(small, large, texts)
    pairing = placed.pairing
    for row, at_small, at_large in zip(pairing.rows, pairing.small, pairing.large, strict=True):
        end = placed.small.ends[row][at_small]
        assert end == placed.large.ends[row][at_large] > 0
        for lm, encoded, at in ((small, placed.small, at_small), (large, placed.large, at_large)):
            assert not encoded.special[row, at]
            assert read(lm, encoded.ids[row, : at + 1].tolist()) == texts[row][:end]
    return float(pairing.coverage_by_text[0])


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(WRITING.filter(lambda text: text.strip() and "▁" not in text), min_size=1, max_size=3))
@example(["  two spaces", "tab\tand\nline", "é", "🐄"])
def test_whatever_is_written_both_have_read_the_same(texts: list[str]) -> None:
    check_prefixes(model("bytes"), model("fallback"), texts)


@pytest.mark.parametrize(
    ("text", "coverage"),
    [
        ("¿Dónde está el niño? Está en la montaña.", 1.0),
        ("🐄", 2 / 8),  # four bytes in each, of which the last completes it
        ("a 🐄 b", 1.0),
        ("naïve café €", 1.0),
    ],
)
def test_accents_emoji_and_bytes_are_paired_where_a_character_is_complete(text: str, coverage: float) -> None:
    small, large = model("bytes"), model("fallback")
    assert check_prefixes(small, large, [text]) <= coverage
    ends = {int(end) for end in read_paired(small, large, [text], [0], [0]).end}
    placed = place(small, large, [text])
    assert ends == set(placed.small.ends[0]) & set(placed.large.ends[0]) - {0}
    assert len(text) in ends


def test_every_spanish_word_end_is_a_pair() -> None:
    text = "El niño soñó que la montaña tenía corazón"
    ends = {int(end) for end in read_paired(model("bytes"), model("merging"), [text], [0], [0]).end}
    assert {index for index in range(len(text) + 1) if text[index : index + 1] in ("", " ") and index} <= ends


def test_coverage_is_that_of_each_text() -> None:
    texts = ["the old sailor", "🐄🐄🐄", "the sea"]
    together = place(model("bytes"), model("fallback"), texts).pairing.coverage_by_text
    alone = [float(place(model("bytes"), model("fallback"), [text]).pairing.coverage_by_text[0]) for text in texts]
    assert together.tolist() == pytest.approx(alone)
    # Twelve bytes in one, and in the other a mark for the start of the text besides.
    assert alone[1] == pytest.approx(2 * 3 / (12 + 13)) != pytest.approx(alone[0])


def test_rows_are_those_of_the_pairs_and_outliers_are_looked_for_in_layers_that_are_not_kept() -> None:
    small, large = model("bytes"), model("fallback")
    texts = ["the old sailor looked at the sea", "in the morning a cow"]
    states = read_paired(small, large, texts, [0, 1, 2], [0, 2], kept_small=[1], kept_large=[2])
    assert list(states.small) == [1] and list(states.large) == [2]
    assert states.outliers == read_paired(small, large, texts, [0, 1, 2], [0, 2]).outliers
    pairing = place(small, large, texts).pairing
    if not states.outliers:
        whole = capture(small, encode(small, texts), [1])[1]
        assert torch.equal(states.small[1], whole[pairing.rows, pairing.small])


# Conversations

MARKS = "{{ bos_token }}{% for m in messages %}<{{ m.role }}>\n{{ m.content }}\n{% endfor %}"
OTHER = "{% for m in messages %}[{{ m.role | upper }}] {{ m.content }} [end]{% endfor %}"
NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system here') }}{% endif %}" + OTHER
SAID = Conversation((("user", "Where is the cow?"), ("assistant", "On the café's beach."), ("user", "And the sea?")))


def test_one_template_for_both_is_read_whole_with_its_marks() -> None:
    small, large = chatting("bytes", MARKS), chatting("fallback", MARKS)
    text = "<s>" + "".join(f"<{role}>\n{content}\n" for role, content in SAID.messages)
    placed = place(small, large, [SAID])
    ends = [placed.small.ends[0][at] for at in placed.pairing.small]
    assert max(ends) == len(text)
    assert any(text[:end].endswith("<user>") for end in ends)
    assert bool(placed.small.special[0, 0]) and int(placed.small.special.sum()) == 1
    same = place(small, small, [SAID]).pairing
    assert float(same.coverage_by_text[0]) == 1.0


def test_templates_that_differ_meet_within_the_messages_alone() -> None:
    small, large = chatting("bytes", MARKS), chatting("bytes", OTHER)
    placed = place(small, large, [SAID, conversation([{"role": "user", "content": " The sea. "}]) or SAID])
    pairing = placed.pairing
    # Of the tokens within messages all but the first half of é.
    assert pairing.coverage_by_text.tolist() == pytest.approx([34 / 35, 1.0])
    said = "".join(content for _, content in SAID.messages)
    pieces: dict[str, list[str]] = {lm: [] for lm in ("small", "large")}
    for row, at_small, at_large in zip(pairing.rows, pairing.small, pairing.large, strict=True):
        if row == 0:
            pieces["small"].append(read(small, [int(placed.small.ids[row, at_small])]))
            pieces["large"].append(read(large, [int(placed.large.ids[row, at_large])]))
    for spelled in pieces.values():
        assert "".join(spelled).replace(" ", "") in said.replace(" ", "").replace("é", "\ufffd")
    # The marks around the messages are special, and so counted as left out.
    states = read_paired(small, large, [SAID], [0], [0])
    assert states.special > 2 * 10
    assert len(states.text) + states.outliers == int((pairing.rows == 0).sum())


def test_a_model_without_template_reads_what_was_said() -> None:
    placed = place(chatting("bytes", MARKS), model("bytes"), [SAID])
    assert read(model("bytes"), placed.large.ids[0].tolist()) == SAID.text
    assert len(placed.pairing.rows) > 20
    plain = place(model("bytes"), model("fallback"), [SAID])
    assert float(plain.pairing.coverage_by_text[0]) == float(
        place(model("bytes"), model("fallback"), [SAID.text]).pairing.coverage_by_text[0]
    )


def test_a_system_message_goes_before_the_next_one_where_there_is_no_place_for_it() -> None:
    told = Conversation((("system", "Be short."), *SAID.messages))
    lm = chatting("bytes", NO_SYSTEM)
    text = read(lm, place(lm, lm, [told]).small.ids[0].tolist())
    assert text.startswith("[USER] Be short.\n\nWhere is the cow?")
    refusing = chatting("bytes", "{{ raise_exception('never') }}")
    with pytest.raises(ModelError, match=r"refuses a conversation .never.; give conversations in the form it asks"):
        place(refusing, refusing, [told])


@pytest.mark.parametrize("messages", [None, "text", [], [{"role": "user"}], ["a"], [{"role": "user", "content": " "}]])
def test_what_is_no_conversation_is_none(messages: object) -> None:
    assert conversation(messages) is None


def test_one_tokenizer_is_known_by_its_rules_and_not_by_its_object() -> None:
    first = wrap_model("a", tiny_model("llama"), tiny_tokenizer())
    second = wrap_model("b", tiny_model("llama"), tiny_tokenizer())
    assert first.tokenizer_digest == second.tokenizer_digest is not None
    assert first.tokenizer_digest not in (model("fallback").tokenizer_digest, chatting("bytes", MARKS).tokenizer_digest)
    assert replace(first, name="c").tokenizer_digest == first.tokenizer_digest


def test_every_state_stands_with_its_last_three_tokens_and_the_one_that_follows() -> None:
    small, large = model("bytes"), model("fallback")
    texts = ["a short text", "A longer text, which goes on."]
    states = read_paired(small, large, texts, [0], [0])
    ids = encode(large, texts).ids
    lengths = encode(large, texts).mask.sum(dim=1).tolist()
    for row, at, tokens in zip(states.text.tolist(), states.position.tolist(), states.tokens.tolist(), strict=True):
        around = [ids[row, place].item() if 0 <= place < lengths[row] else -1 for place in range(at - 2, at + 2)]
        assert tokens == around
    ends = [states.tokens[states.text == row][-1, -1].item() for row in range(len(texts))]
    assert ends == [-1, -1] and (states.tokens[:, -2] >= 0).all()
