"""Text that a model writes itself: kept, taken up again, diverse, and read like any other corpus."""

from copy import deepcopy
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NoReturn

import pytest
import torch

from lrt_explorer.errors import ArtifactError
from lrt_explorer.lm import writing
from lrt_explorer.lm.chat import Conversation
from lrt_explorer.lm.load import wrap_model
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.writing import Draft, Written, sample, write
from lrt_explorer.study.corpora import self_written as module
from lrt_explorer.study.corpora.openers import BEGINNINGS, REQUESTS, TOPICS, beginning, request
from lrt_explorer.study.corpora.self_written import SelfWritten, WritingSettings
from lrt_explorer.study.corpora.texts import read_texts
from lrt_explorer.study.fitting.collect import Route, collect
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from tests.lm.families import tiny_model, tiny_tokenizer
from tests.study.tiny import large, small

SHORT = WritingSettings(max_new_tokens=12)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TEXTS_A_FILE", 6)


def chatting() -> LanguageModel:
    tokenizer = deepcopy(tiny_tokenizer())
    tokenizer.chat_template = (
        "{% for m in messages %}<{{ m.role }}>{{ m.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}<assistant>{% endif %}"
    )
    return wrap_model("chatting", tiny_model("llama"), tokenizer)


def test_texts_are_written_once_and_a_later_reading_begins_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[Progress] = []
    finish(SelfWritten(large(), SHORT).ahead(60), steps.append)
    assert [step.done for step in steps] == list(range(6, 6 * 12 + 1, 6)) and {step.total for step in steps} == {72}
    assert steps[-1].message.endswith("72 of 72 tokens, about 0 s left")
    first = list(islice(SelfWritten(large(), SHORT), 6))
    assert len(set(map(str, first))) == 6
    monkeypatch.setattr(module, "write", lambda *_, **__: pytest.fail("it was written already"))
    assert list(islice(SelfWritten(large(), SHORT), 6)) == first
    assert list(SelfWritten(large(), SHORT).ahead(60)) == []


def test_another_seed_another_length_and_other_weights_give_other_texts() -> None:
    first = list(islice(SelfWritten(large(), SHORT), 6))
    folders = {SelfWritten(large(), SHORT).folder}
    for lm, settings in (
        (large(), replace(SHORT, seed=1)),
        (large(), replace(SHORT, max_new_tokens=13)),
        (replace(large(), fingerprint="of newer weights"), SHORT),
    ):
        folders.add(SelfWritten(lm, settings).folder)
        assert lm is not large() or list(islice(SelfWritten(lm, settings), 6)) != first
    assert len(folders) == 4


def test_a_writing_that_was_stopped_goes_on_and_a_damaged_file_is_written_again() -> None:
    whole = list(islice(SelfWritten(large(), SHORT), 12))
    folder = SelfWritten(large(), SHORT).folder
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["000000.jsonl", "000001.jsonl"]
    files[1].write_text(files[1].read_text()[:40])
    assert list(islice(SelfWritten(large(), SHORT), 12)) == whole
    files[1].unlink()
    stopped = SelfWritten(large(), SHORT).ahead(10**6)
    next(stopped)
    stopped.close()
    assert len(list(folder.iterdir())) == 1  # whole files only
    assert list(islice(SelfWritten(large(), SHORT), 12)) == whole


def test_texts_do_not_depend_on_what_is_written_beside_them() -> None:
    drafts = [Draft("", 0), Draft("The", 1), Draft("In the morning", 2), Draft("", 3)]
    together = finish(write(large(), drafts, seed=0, max_new_tokens=10))
    alone = [finish(write(large(), [draft], seed=0, max_new_tokens=10))[0] for draft in drafts]
    assert together == alone
    assert together[0] != together[3]  # the same opener, but noise of their own
    assert [one.document[:3] for one in together[1:3] if isinstance(one.document, str)] == ["The", "In "]


def test_the_end_of_a_text_ends_its_document(monkeypatch: pytest.MonkeyPatch) -> None:
    (free,) = finish(write(large(), [Draft("The", 1)], seed=0, max_new_tokens=10))
    assert isinstance(free.document, str)
    ids = large().tokenizer(free.document, add_special_tokens=False)["input_ids"]
    monkeypatch.setattr(writing, "end_tokens", lambda lm: frozenset(ids[4:5]))
    (ended,) = finish(write(large(), [Draft("The", 1)], seed=0, max_new_tokens=10))
    assert ended.tokens < free.tokens and isinstance(ended.document, str) and free.document.startswith(ended.document)
    monkeypatch.setattr(writing, "end_tokens", lambda lm: frozenset(range(500)))
    assert finish(write(large(), [Draft("", 1)], seed=0, max_new_tokens=10)) == [Written("", 0)]


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    logits = torch.tensor([0.5, 0.2, 0.3]).log().repeat(10_000, 1)
    drawn = torch.tensor(sample(logits, torch.linspace(0, 1, 10_001)[:-1], 1.0)).bincount() / 10_000
    assert drawn.tolist() == pytest.approx([0.5, 0.2, 0.3], abs=0.001)
    assert sample(logits[:1], torch.tensor([1.0]), 1.0) == [2]  # rounding never leaves the vocabulary
    sharp = torch.tensor(sample(logits, torch.rand(10_000), 0.01)).bincount(minlength=3)
    assert int(sharp[0]) == 10_000


def test_chat_models_answer_requests_in_their_template() -> None:
    lm = chatting()
    documents = list(islice(SelfWritten(lm, SHORT), 6))
    said = [document for document in documents if isinstance(document, Conversation)]
    assert len(said) >= 5
    for number, document in enumerate(documents):
        if isinstance(document, Conversation):
            (role, asked), (answering, answer) = document.messages
            assert (role, asked, answering) == ("user", request(number), "assistant") and answer.strip()
    assert list(islice(SelfWritten(lm, SHORT), 6)) == documents  # read from the file


def test_openers_are_many_and_in_turn() -> None:
    count = len(REQUESTS) * len(TOPICS)
    assert len({request(number) for number in range(count)}) == count
    assert {beginning(number) for number in range(len(BEGINNINGS))} == set(BEGINNINGS)
    assert all("{topic}" in text for text in REQUESTS) and len(set(TOPICS)) == len(TOPICS)


def test_a_model_without_a_token_that_begins_texts_is_given_first_words() -> None:
    lm = wrap_model("bare", tiny_model("llama"), deepcopy(tiny_tokenizer()))
    lm.tokenizer.bos_token = None
    documents = list(islice(SelfWritten(lm, SHORT), 6))
    assert all(str(text).lstrip().startswith(beginning(n)) for n, text in enumerate(documents) if text)


def test_a_fit_writes_what_it_needs_and_says_how_far_it_is() -> None:
    steps: list[Progress] = []
    corpus = read_texts("self")
    found = finish(collect(Pair(small=small(), large=large()), corpus, [Route(0, 0)], 300), steps.append)
    assert found.counts.used == 300
    assert any("tiny-large-one writes text to fit on" in step.message for step in steps)
    again: list[Progress] = []
    repeated = finish(collect(Pair(small=small(), large=large()), corpus, [Route(0, 0)], 300), again.append)
    assert repeated.corpus_fingerprint == found.corpus_fingerprint
    assert not any("writes" in step.message for step in again)


def test_old_texts_make_room_and_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch, data_folder: Path) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    for seed in range(4):
        next(iter(SelfWritten(large(), replace(SHORT, seed=seed))))
    kept = list((data_folder / "written").iterdir())
    assert len(kept) == 2 and SelfWritten(large(), replace(SHORT, seed=3)).folder in kept

    def full(place: Path) -> NoReturn:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "new_file", full)
    with pytest.raises(ArtifactError, match=r"cannot be saved in .*No space left on device"):
        next(iter(SelfWritten(large(), replace(SHORT, seed=9))))
