"""The tokenizer of a GGUF file is the one that the model was trained with, or it is refused."""

from pathlib import Path
from typing import Any

import pytest
import transformers
from tokenizers import Tokenizer, decoders, pre_tokenizers, processors, trainers
from tokenizers.models import BPE
from transformers import PreTrainedTokenizerFast

from lrt_explorer.errors import ModelError
from lrt_explorer.lm.gguf_tokenizer import tokens_per_word
from lrt_explorer.lm.load import load
from tests.lm.families import TEXTS, tiny_tokenizer
from tests.lm.gguf_files import write_tiny_llama

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORDS = [f"word{first}{second}word" for first in LETTERS for second in "aeiou"]


def with_words(merges: bool = True) -> PreTrainedTokenizerFast:
    """A tokenizer whose vocabulary holds many words, with or without what puts them together."""
    trained = Tokenizer(BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=2000, special_tokens=["<s>"], show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    trained.train_from_iterator([f" {word}" for word in WORDS for _ in range(3)], trainer)
    if not merges:
        trained.model = BPE(trained.get_vocab(), [])
    trained.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=trained, bos_token="<s>")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_tiny_llama(tmp_path / "tiny.gguf")


def as_rebuilt(monkeypatch: pytest.MonkeyPatch, tokenizer: Any) -> None:
    """Let the library rebuild the tokenizer of a GGUF file like this; a folder is read as ever."""
    read = transformers.AutoTokenizer.from_pretrained

    def from_pretrained(*where: Any, **options: Any) -> Any:
        return tokenizer if "gguf_file" in options else read(*where, **options)

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", from_pretrained)


def test_whole_words_take_few_tokens_and_lost_merges_show() -> None:
    assert tokens_per_word(with_words()) == 1
    assert tokens_per_word(with_words(merges=False)) == 1 + len(WORDS[0])
    assert tokens_per_word(tiny_tokenizer()) == 0, "too few whole words to tell"


def test_a_tokenizer_without_its_merges_is_refused_with_what_to_do(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    as_rebuilt(monkeypatch, with_words(merges=False))
    with pytest.raises(ModelError, match=r"splits words that its vocabulary holds whole.*install a newer transformers"):
        load(str(file), device="cpu")


@pytest.mark.parametrize("before", [None, processors.ByteLevel(trim_offsets=False)])
def test_a_text_begins_as_the_file_says(file: Path, monkeypatch: pytest.MonkeyPatch, before: Any) -> None:
    rebuilt = tiny_tokenizer()
    rebuilt.backend_tokenizer.post_processor = before
    assert rebuilt(TEXTS[0])["input_ids"][0] != 1
    as_rebuilt(monkeypatch, rebuilt)
    lm = load(str(file), device="cpu")
    for text in TEXTS:
        assert lm.tokenizer(text)["input_ids"] == tiny_tokenizer()(text)["input_ids"]
    assert lm.tokenizer("a", add_special_tokens=False)["input_ids"] == tiny_tokenizer().encode("a")[1:]
