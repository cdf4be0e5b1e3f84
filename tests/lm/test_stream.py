from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, normalizers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from lrt_explorer.lm.stream import BROKEN, TextStream
from tests.lm.families import TEXTS, tiny_tokenizer

# Any text a tokenizer can spell; lone surrogates have no bytes.
WRITING = st.text(st.characters(codec="utf-8"), max_size=30)


def sentencepiece_like() -> PreTrainedTokenizerFast:
    """Words begin with ▁, a space is put before the text, and unknown characters fall into byte tokens."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *"abcdehilnorstw▁"]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(BPE(vocabulary, [], unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


TOKENIZERS = {"byte-level": tiny_tokenizer(), "sentencepiece-like": sentencepiece_like()}


def ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return found


@pytest.fixture(params=TOKENIZERS)
def tokenizer(request: pytest.FixtureRequest) -> PreTrainedTokenizerFast:
    return TOKENIZERS[request.param]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_comes_out_whole_and_no_half_character_on_the_way(tokenizer: PreTrainedTokenizerFast, text: str) -> None:
    stream = TextStream(tokenizer, ids(tokenizer, "before"))
    pieces = [stream.push(token) for token in ids(tokenizer, "before" + text)[len(ids(tokenizer, "before")) :]]
    assert stream.text == "".join(pieces) == text
    assert BROKEN not in "".join(pieces)
    assert stream.finish() == ""


@settings(deadline=None)
@given(name=st.sampled_from(sorted(TOKENIZERS)), prompt=WRITING.filter(str.strip), text=WRITING)
def test_streamed_text_is_what_follows_the_prompt(name: str, prompt: str, text: str) -> None:
    tokenizer = TOKENIZERS[name]
    before, whole = ids(tokenizer, prompt), ids(tokenizer, prompt + text)
    # Tokens that straddle the end of the prompt belong to neither side.
    if whole[: len(before)] != before or BROKEN in prompt + text:
        return
    stream = TextStream(tokenizer, before)
    for token in whole[len(before) :]:
        stream.push(token)
        assert text.startswith(stream.text)
    stream.finish()
    assert stream.text == text


@settings(deadline=None)
@given(name=st.sampled_from(sorted(TOKENIZERS)), tokens=st.lists(st.integers(0, 400), max_size=60))
def test_whatever_the_tokens_the_text_only_grows_and_loses_nothing_whole(name: str, tokens: list[int]) -> None:
    tokenizer = TOKENIZERS[name]
    stream = TextStream(tokenizer, ids(tokenizer, "before"))
    pieces = [stream.push(token) for token in tokens]
    states = list(accumulate(pieces, initial=""))
    assert stream.text == states[-1]
    stream.finish()
    assert stream.text.startswith(states[-1])
    ordinary = [token for token in tokens if token not in tokenizer.all_special_ids]
    whole = str(tokenizer.decode(ids(tokenizer, "before") + ordinary, clean_up_tokenization_spaces=False))
    # Bytes that are no character are shown by as many marks as the tokenizer likes; the rest is the same.
    if BROKEN not in whole:
        assert "before" + stream.text == whole


def test_a_character_waits_for_its_last_token() -> None:
    tokenizer = TOKENIZERS["byte-level"]
    stream = TextStream(tokenizer, ids(tokenizer, "A"))
    euro = ids(tokenizer, "€")
    assert len(euro) == 3
    assert [stream.push(token) for token in euro] == ["", "", "€"]


def test_an_unfinished_character_is_left_out_at_the_end() -> None:
    tokenizer = TOKENIZERS["byte-level"]
    stream = TextStream(tokenizer, ids(tokenizer, "A"))
    for token in ids(tokenizer, "B") + ids(tokenizer, "🐄")[:2]:
        stream.push(token)
    assert stream.finish() == ""
    assert stream.text == "B"


def test_bytes_that_never_make_a_character_do_not_hold_the_text_for_ever() -> None:
    tokenizer = TOKENIZERS["byte-level"]
    lone = ids(tokenizer, "€")[1]
    stream = TextStream(tokenizer)
    for _ in range(40):
        stream.push(lone)
    assert len(stream.text) > 20


def test_a_space_before_the_first_new_word_is_kept() -> None:
    tokenizer = TOKENIZERS["sentencepiece-like"]
    stream = TextStream(tokenizer, ids(tokenizer, "the sea"))
    for token in ids(tokenizer, "was"):
        stream.push(token)
    assert stream.text == " was"


def test_special_and_unknown_tokens_have_no_text_and_hide_none() -> None:
    tokenizer = TOKENIZERS["sentencepiece-like"]
    stream = TextStream(tokenizer, ids(tokenizer, "the sea"))
    for token in [1, 1, 1, *ids(tokenizer, "was"), 2, 5000, *ids(tokenizer, "here")]:
        stream.push(token)
    assert stream.text == " was here"
