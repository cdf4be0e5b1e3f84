import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, trainers
from tokenizers.models import BPE
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast, PythonBackend
from transformers.convert_slow_tokenizer import bytes_to_unicode

from lrt_explorer.errors import ModelError, PromptError
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import Encoded, encode, pair_batches, pair_tokens, prompt_tokens
from tests.lm.families import TEXTS, tiny_tokenizer
from tests.lm.test_stream import WRITING, sentencepiece_like

BYTE_OF = {character: byte for byte, character in bytes_to_unicode().items()}


@cache
def merging_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE without a pattern for words: tokens hold spaces at their end, and parts of two characters."""
    tokenizer = Tokenizer(BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=420, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(["the €€ sea  é€ 🐄🐄 the  \n  é é"] * 9, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer)


def lm_with(tokenizer: Any, context: int = 512, embeddings: int = 10_000) -> LanguageModel:
    """Only what tokenizing needs of a model."""
    weight = SimpleNamespace(weight=torch.empty(embeddings, 1))
    model = SimpleNamespace(get_input_embeddings=lambda: weight)
    return cast(LanguageModel, SimpleNamespace(name="tiny", tokenizer=tokenizer, model=model, context=context))


def byte_level_bytes(pieces: Sequence[str]) -> bytes:
    return bytes(BYTE_OF[character] for piece in pieces for character in piece)


def sentencepiece_bytes(pieces: Sequence[str]) -> bytes:
    spelled = (bytes([int(p[3:5], 16)]) if p.startswith("<0x") else p.replace("▁", " ").encode() for p in pieces)
    return b"".join(spelled)[1:]


@dataclass(frozen=True)
class Kind:
    """A tokenizer, what its tokens spell by their names alone, and how a text looks to it."""

    build: Callable[[], PreTrainedTokenizerFast]
    spell: Callable[[Sequence[str]], bytes] = byte_level_bytes
    see: Callable[[str], str] = str


KINDS = {
    "byte-level": Kind(tiny_tokenizer),
    "trimmed": Kind(lambda: tiny_tokenizer(trim_offsets=True)),
    "merging": Kind(merging_tokenizer, see=lambda text: unicodedata.normalize("NFC", text)),
    "sentencepiece-like": Kind(sentencepiece_like, sentencepiece_bytes, lambda text: text.replace("▁", " ")),
}
# Accents that merge with the letter before them, characters of two to four bytes, and spaces in all places.
TRICKY = st.text(st.sampled_from("abthe é€🐄\n\u0301ü"), min_size=1, max_size=20)


def read_alone(kind: Kind, text: str) -> tuple[Encoded, list[str]]:
    tokenizer = kind.build()
    encoded = encode(lm_with(tokenizer), [text])
    return encoded, list(tokenizer.convert_ids_to_tokens(encoded.ids[0].tolist()))


def check_ends(name: str, text: str) -> None:
    kind = KINDS[name]
    encoded, pieces = read_alone(kind, text)
    ends, special = encoded.ends[0], encoded.special[0].tolist()
    assert ends == sorted(ends)
    reached = 0
    for position, end in enumerate(ends):
        if special[position] or end == reached:
            continue
        seen = kind.spell([piece for piece, hidden in zip(pieces[: position + 1], special, strict=False) if not hidden])
        assert seen.decode() == kind.see(text[:end])
        reached = end
    assert reached == len(text)


@settings(deadline=None)
@given(name=st.sampled_from(sorted(KINDS)), text=TRICKY)
@example("merging", "the €€ sea  é€ 🐄🐄 the  \n  é é")
@example("merging", "e\u0301 é\u0301  ")
@example("trimmed", "  the   sea  ")
def test_a_token_that_reaches_an_end_has_read_exactly_the_text_up_to_it(name: str, text: str) -> None:
    check_ends(name, text)


@settings(deadline=None)
@given(name=st.sampled_from(sorted(set(KINDS) - {"merging"})), text=WRITING.filter(bool))
def test_so_it_is_for_any_text(name: str, text: str) -> None:
    check_ends(name, text)


@settings(deadline=None)
@given(text=WRITING.filter(bool))
def test_no_token_that_completes_a_character_is_passed_over(text: str) -> None:
    for name in ("byte-level", "trimmed"):
        encoded, pieces = read_alone(KINDS[name], text)
        whole = set()
        for length in range(2, len(pieces) + 1):
            try:
                whole.add(len(byte_level_bytes(pieces[1:length]).decode()))
            except UnicodeDecodeError:
                continue
        assert set(encoded.ends[0]) - {0} == whole


@settings(deadline=None)
@given(small=st.sampled_from(sorted(KINDS)), large=st.sampled_from(sorted(KINDS)), text=TRICKY)
def test_paired_tokens_have_read_the_same_text(small: str, large: str, text: str) -> None:
    read = [read_alone(KINDS[name], text) for name in (small, large)]
    pairing = pair_batches(read[0][0], read[1][0])
    assert pairing.rows.tolist() == [0] * len(pairing.small)
    for (encoded, _), positions in zip(read, (pairing.small.tolist(), pairing.large.tolist()), strict=True):
        assert positions == sorted(set(positions)), "a token has two partners, or the order is lost"
        assert not any(encoded.special[0, position] for position in positions)
    for at_small, at_large in zip(pairing.small.tolist(), pairing.large.tolist(), strict=True):
        end = read[0][0].ends[0][at_small]
        assert read[1][0].ends[0][at_large] == end
        if not torch.equal(read[0][0].ids, read[1][0].ids):
            for name, (encoded, pieces), at in zip((small, large), read, (at_small, at_large), strict=True):
                text_pieces = [p for p, hidden in zip(pieces[: at + 1], encoded.special[0], strict=False) if not hidden]
                assert KINDS[name].spell(text_pieces).decode() == KINDS[name].see(text[:end])
    fewer = min(pairing.tokens_small, pairing.tokens_large)
    assert len(pairing.rows) <= fewer
    if small == large:
        assert len(pairing.rows) == pairing.tokens_small == pairing.tokens_large


def test_a_character_of_three_tokens_is_paired_at_its_last_one() -> None:
    encoded, pieces = read_alone(KINDS["byte-level"], "a€b")
    assert len(pieces) == 6
    assert encoded.ends[0] == [0, 1, 1, 1, 2, 3]
    assert pair_tokens(encoded.ends[0], [1, 2, 3], encoded.special[0].tolist(), [False] * 3) == [(1, 0), (4, 1), (5, 2)]


@pytest.mark.parametrize(
    ("small", "large", "pairs"),
    [
        ([1, 2, 3], [1, 2, 3], [(0, 0), (1, 1), (2, 2)]),
        ([3, 6], [1, 3, 4, 6], [(0, 1), (1, 3)]),
        ([2, 4], [1, 3, 5], []),
        ([0, 3], [0, 0, 3], [(1, 2)]),
        ([1, 1, 2], [1, 2, 2], [(0, 0), (2, 1)]),
        ([], [], []),
    ],
)
def test_pairs_by_hand(small: list[int], large: list[int], pairs: list[tuple[int, int]]) -> None:
    assert pair_tokens(small, large, [False] * len(small), [False] * len(large)) == pairs


def test_special_tokens_are_never_paired() -> None:
    assert pair_tokens([3, 3, 6], [3, 6, 6], [True, False, False], [False, True, False]) == [(1, 0), (2, 2)]


def test_coverage_counts_each_side_and_only_what_both_have_read() -> None:
    words = Encoded(torch.arange(3)[None], torch.ones(1, 3), [[4, 8, 12]], torch.zeros(1, 3, dtype=torch.bool))
    letters = Encoded(torch.arange(8)[None], torch.ones(1, 8), [list(range(1, 9))], torch.zeros(1, 8, dtype=torch.bool))
    pairing = pair_batches(words, letters)
    assert (pairing.small.tolist(), pairing.large.tolist()) == ([0, 1], [3, 7])
    assert (pairing.tokens_small, pairing.tokens_large) == (2, 8)
    assert pairing.coverage_by_text.tolist() == [pytest.approx(0.4)]


def test_pairs_of_a_batch_name_their_texts() -> None:
    small, large = (encode(lm_with(KINDS[name].build()), TEXTS) for name in ("byte-level", "sentencepiece-like"))
    pairing = pair_batches(small, large)
    assert set(pairing.rows.tolist()) == set(range(len(TEXTS)))
    for row, at_small, at_large in zip(pairing.rows, pairing.small, pairing.large, strict=True):
        assert small.ends[int(row)][int(at_small)] == large.ends[int(row)][int(at_large)]


def test_encoding_pads_on_the_right_and_marks_what_is_no_text() -> None:
    tokenizer = tiny_tokenizer()
    encoded = encode(lm_with(tokenizer), ["The sea", "A"])
    lengths = [len(tokenizer("The sea")["input_ids"]), 2]
    assert encoded.mask.sum(1).tolist() == lengths
    assert encoded.mask[1].tolist() == [1, 1] + [0] * (lengths[0] - 2)
    assert encoded.ids[0].tolist() == tokenizer("The sea")["input_ids"]
    assert [len(ends) for ends in encoded.ends] == lengths
    assert encoded.special[:, 0].tolist() == [True, True], "the token put before every text"
    assert encoded.special[1, 2:].all(), "padding"
    assert not encoded.special[0, 1:].any()


def test_texts_are_cut_to_the_length_asked_for_and_to_the_context() -> None:
    lm = lm_with(tiny_tokenizer(), context=6)
    whole = encode(lm_with(tiny_tokenizer()), TEXTS)
    for limit, expected in ((None, 6), (4, 4), (100, 6)):
        cut = encode(lm, TEXTS, max_length=limit)
        assert cut.ids.shape == (len(TEXTS), expected)
        assert torch.equal(cut.ids, whole.ids[:, :expected])
        assert cut.ends == [ends[:expected] for ends in whole.ends]


def test_special_tokens_written_in_a_text_are_special() -> None:
    encoded = encode(lm_with(tiny_tokenizer()), ["sea</s>sea"])
    ids = encoded.ids[0].tolist()
    assert encoded.special[0].tolist() == [token in (1, 2) for token in ids]
    assert ids.count(2) == 1
    assert encoded.ends[0][-1] == len("sea</s>sea")
    before = ids.index(2) - 1
    assert encoded.ends[0][before] == len("sea")


@pytest.mark.parametrize("texts", [[], [""], ["The sea", ""]])
def test_empty_texts_are_refused(texts: list[str]) -> None:
    with pytest.raises(PromptError, match="remove empty texts"):
        encode(lm_with(tiny_tokenizer()), texts)


def test_texts_of_which_the_model_sees_nothing_are_refused() -> None:
    tokenizer = Tokenizer.from_str(merging_tokenizer().backend_tokenizer.to_str())
    tokenizer.normalizer = normalizers.Replace("\u00ad", "")
    lm = lm_with(PreTrainedTokenizerFast(tokenizer_object=tokenizer))
    with pytest.raises(PromptError, match="no character that tiny can read"):
        encode(lm, ["sea", "\u00ad"])
    with pytest.raises(PromptError, match="no character that tiny can read"):
        prompt_tokens(lm, "\u00ad")


def test_a_tokenizer_of_another_model_is_refused() -> None:
    with pytest.raises(ModelError, match="do not belong together"):
        encode(lm_with(tiny_tokenizer(), embeddings=20), ["The sea"])


def appending_tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer.from_str(tiny_tokenizer().backend_tokenizer.to_str())
    tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>")


def test_a_prompt_to_be_continued_does_not_end_with_the_end_of_a_text() -> None:
    lm = lm_with(appending_tokenizer())
    encoded = encode(lm, ["The sea"])
    assert encoded.ids[0, -1] == 2
    assert encoded.special[0, -1]
    assert encoded.ends[0][-2] == len("The sea")
    assert prompt_tokens(lm, "The sea") == encoded.ids[0, :-1].tolist()


def test_what_is_appended_is_known_whatever_it_is_called() -> None:
    # As BERT's tokenizer does, which Chinese GPT-2 models have: no end of text among its names, yet one is appended.
    tokenizer = Tokenizer.from_str(tiny_tokenizer().backend_tokenizer.to_str())
    ends = [("[CLS]", 1), ("[SEP]", 2)]
    tokenizer.post_processor = TemplateProcessing(single="[CLS] $A [SEP] [SEP]", special_tokens=ends)
    lm = lm_with(PreTrainedTokenizerFast(tokenizer_object=tokenizer))
    encoded = encode(lm, ["The sea"])
    assert encoded.ids[0, -2:].tolist() == [2, 2] and encoded.ids[0, 0] == 1
    assert encoded.special[0].tolist() == [True, *[False] * (encoded.ids.shape[1] - 3), True, True]
    assert prompt_tokens(lm, "The sea") == encoded.ids[0, :-2].tolist()


@pytest.mark.parametrize("text", ["<s>The sea", "The sea</s>", "<s>The sea</s>"])
def test_what_a_text_spells_out_at_its_ends_is_not_put_there_again(text: str) -> None:
    lm = lm_with(appending_tokenizer())
    expected = encode(lm, ["The sea"]).ids[0].tolist()
    assert encode(lm, [text]).ids[0].tolist() == expected
    # An end that was written is part of the prompt.
    assert prompt_tokens(lm, text) == (expected if text.endswith("</s>") else expected[:-1])


@pytest.mark.parametrize("prompt", ["", "  \n\t"])
def test_an_empty_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(PromptError, match="write a few words"):
        prompt_tokens(lm_with(tiny_tokenizer()), prompt)


def test_a_prompt_without_room_is_refused_with_the_limit() -> None:
    lm = lm_with(tiny_tokenizer(), context=20)
    words = " the" * 50
    with pytest.raises(PromptError, match="reads at most 19") as caught:
        prompt_tokens(lm, words)
    assert "\n" not in str(caught.value)
    fitting = str(tiny_tokenizer().decode(tiny_tokenizer()(words)["input_ids"][1:19]))
    assert len(prompt_tokens(lm, fitting)) == 19


class Letters(PythonBackend):
    """A tokenizer written in Python, without offsets: one token a byte, and a lossy one that writes in capitals."""

    def __init__(self, capitals: bool = False) -> None:
        self.capitals = capitals
        super().__init__(bos_token="<s>")  # type: ignore[no-untyped-call]

    @property
    def vocab_size(self) -> int:
        return 256

    def get_vocab(self) -> dict[str, int]:
        return {chr(0x100 + byte): byte for byte in range(256)} | self._added_tokens_encoder

    def _tokenize(self, text: str, **_: Any) -> list[str]:
        return [chr(0x100 + byte) for byte in (text.upper() if self.capitals else text).encode()]

    def _convert_token_to_id(self, token: str) -> int:
        return ord(token) - 0x100

    def _convert_id_to_token(self, index: int) -> str:
        return chr(0x100 + index)

    def convert_tokens_to_string(self, tokens: list[str]) -> str:
        return bytes(ord(token) - 0x100 for token in tokens).decode(errors="replace")


def test_without_offsets_ends_are_found_by_decoding() -> None:
    text = "a € sea 🐄!"
    encoded = encode(lm_with(Letters()), [text])
    count = len(text.encode())
    assert encoded.ids.shape == (1, count)
    for length, end in enumerate(encoded.ends[0], start=1):
        shown = text.encode()[:length].decode(errors="ignore")
        assert end == len(shown)


def test_a_tokenizer_without_offsets_that_does_not_spell_back_is_refused() -> None:
    with pytest.raises(ModelError, match="choose a model with a fast tokenizer"):
        encode(lm_with(Letters(capitals=True)), ["The sea"])


def test_a_real_tokenizer_pairs_with_a_byte_level_one(stories: LanguageModel) -> None:
    other = lm_with(tiny_tokenizer())
    texts = [*TEXTS, 'Once upon a time, there was a little girl named Lily. She said: "I\'m so happy!"']
    small, large = encode(stories, texts), encode(other, texts)
    pairing = pair_batches(small, large)
    for tokens in (pairing.tokens_small, pairing.tokens_large):
        assert 0.3 * tokens < len(pairing.rows) <= tokens
    names = stories.tokenizer.convert_ids_to_tokens
    for row, at_small, at_large in zip(
        pairing.rows.tolist(), pairing.small.tolist(), pairing.large.tolist(), strict=True
    ):
        end = small.ends[row][at_small]
        assert large.ends[row][at_large] == end
        pieces = names(small.ids[row, 1 : at_small + 1].tolist())
        assert sentencepiece_bytes(pieces).decode() == texts[row][:end]
        spelled = tiny_tokenizer().convert_ids_to_tokens(large.ids[row, 1 : at_large + 1].tolist())
        assert byte_level_bytes(spelled).decode() == texts[row][:end]
