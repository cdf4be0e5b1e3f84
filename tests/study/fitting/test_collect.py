"""Batches of a corpus, and passes that fit into a stated memory."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
import torch

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.lm.chat import Conversation, Document
from lrt_explorer.lm.load import wrap_model
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode, token_ends
from lrt_explorer.study.corpora import windows as windows_module
from lrt_explorer.study.corpora.batches import BATCH_TOKENS, DocumentStream, Position
from lrt_explorer.study.corpora.paired import PairedStates, place, read_paired
from lrt_explorer.study.corpora.texts import Corpus
from lrt_explorer.study.corpora.windows import Windows
from lrt_explorer.study.fitting import collect as collect_module
from lrt_explorer.study.fitting import fit as fit_module
from lrt_explorer.study.fitting.collect import PARTS, Collected, Route, TokenCounts, collect, part_of
from lrt_explorer.study.fitting.fit import FittedMap, fit_map, fit_maps
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.memory import bytes_for, passes, passes_of_one_reading
from lrt_explorer.study.fitting.moments import known_moments
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from tests.lm.families import tiny_model, tiny_tokenizer
from tests.study.tiny import large, other, short_texts, small, texts

CONTEXT = 96
FITTING = short_texts()
CHAT = Conversation((("user", "Where is the cow?"), ("assistant", "On the beach.")))
REST: list[Document] = ["", " \n", CHAT, *("Short one." for _ in range(200)), CHAT]
MIXED: list[Document] = [*(text[:80] for text in texts(40)), *REST, *texts(20)]


def windows() -> Windows:
    return Windows(small(), large())


def test_every_document_that_says_anything_is_read_once_and_texts_and_conversations_apart() -> None:
    documents = MIXED[:-20]
    batches = list(DocumentStream(documents).batches(windows()))
    numbers = [number for batch in batches for number in batch.numbers]
    said = {index for index, text in enumerate(documents) if not isinstance(text, str) or text.strip()}
    assert sorted(numbers) == sorted(said)
    assert sum(batch.left_out.empty for batch in batches) == 2
    for batch in batches:
        assert all(batch.ends) and [documents[number] for number in batch.numbers] == list(batch.texts)
        assert len({isinstance(text, str) for text in batch.texts}) == 1


def test_a_batch_holds_texts_of_like_length_within_its_bound() -> None:
    padded = read = 0
    for batch in DocumentStream([text[: 40 + 50 * (i % 11)] for i, text in enumerate(texts())]).batches(windows()):
        ids = place(small(), large(), batch.texts).small.ids
        assert ids.numel() <= BATCH_TOKENS
        padded += ids.numel()
        read += int(place(small(), large(), batch.texts).small.mask.sum())
    assert read / padded > 0.6


def test_models_that_share_a_tokenizer_ask_it_once_and_cut_where_two_would(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def counted(lm: LanguageModel, text: str) -> list[int]:
        asked.append(lm.name)
        return token_ends(lm, text)

    monkeypatch.setattr(windows_module, "token_ends", counted)
    document = " ".join(texts(60))
    shared = windows().of(document)
    assert len(shared) > 3 and set(asked) == {small().name}
    monkeypatch.setitem(vars(large()), "tokenizer_digest", "of another one")
    assert windows().of(document) == shared
    assert set(asked) == {small().name, large().name}


def test_a_long_document_is_read_in_windows_that_stay_in_its_part() -> None:
    read: dict[int, list[tuple[str, bool]]] = {}
    for batch in DocumentStream(texts(20)).batches(windows()):
        for number, text, end in zip(batch.numbers, batch.texts, batch.ends, strict=True):
            assert isinstance(text, str) and len(encode(small(), [text]).ends[0]) <= CONTEXT
            read.setdefault(number, []).append((text, end))
    assert min(map(len, read.values())) > 2
    for number, document in enumerate(texts(20)):
        assert [end for _, end in read[number]].count(True) == 1
        assert {word for text, _ in read[number] for word in text.split()} == set(document.split())
    first = [number for batch in DocumentStream(texts(20)).batches(windows()) for number in batch.numbers][:20]
    assert sorted(first) == list(range(20))  # the first windows of all come before the second of any
    counts = finish(collect(Pair(small=small(), large=large()), texts(20), [Route(0, 0)], 10**6)).counts
    assert counts.documents == 20 and counts.ordinary == 2 * sum(len(encode_whole(text)) for text in texts(20))
    fit = finish(collect(Pair(small=small(), large=large()), texts(20), [Route(0, 0)], 10**6)).grids["fit"].count
    expected = sum(len(encode_whole(text)) for number, text in enumerate(texts(20)) if part_of(number) == "fit")
    assert fit == pytest.approx(expected, rel=0.01)  # but for outliers


def encode_whole(text: str) -> list[int]:
    ids: list[int] = small().tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


ASKING = "{% if messages[0].role != 'system' %}{{ raise_exception('a system message is needed') }}{% endif %}"


def test_refused_conversations_and_empty_documents_are_counted_and_the_rest_is_read() -> None:
    lm = wrap_model("picky", tiny_model("llama"), deepcopy(tiny_tokenizer()))
    lm.tokenizer.chat_template = ASKING + "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    heard = Conversation((("system", "Be kind."), *CHAT.messages))
    corpus: list[Document] = [*[heard] * 90, CHAT, "", *[heard] * 60, CHAT]
    counts = finish(collect(Pair(small=lm, large=small()), corpus, [Route(0, 0)], 10**6)).counts
    assert (counts.documents, counts.empty, counts.refused) == (150, 1, 2)
    assert counts.refusal == "the chat template of picky refuses it: a system message is needed"
    fitted = finish(fit_map(Pair(small=lm, large=small()), corpus, (0, 0), FitSettings(tokens=10**6)))
    assert fitted.info.settings["refused_conversations"] == 2 and fitted.info.settings["empty_documents"] == 1
    with pytest.raises(MapError, match=r"none of the 200 conversations can be read, because .* a system message is"):
        finish(fit_map(Pair(small=lm, large=small()), [CHAT] * 200, (0, 0), FitSettings(tokens=100)))


def test_a_stream_goes_on_after_any_batch_and_knows_when_the_texts_are_others() -> None:
    whole = list(DocumentStream(MIXED).batches(windows()))
    assert len(whole) > 4
    for done, batch in enumerate(whole, 1):
        stream = DocumentStream(MIXED)
        assert stream.skip_to(batch.position, batch.fingerprint)
        rest = list(stream.batches(windows(), batch.position.batches))
        assert [(b.numbers, b.position, b.fingerprint) for b in rest] == [
            (b.numbers, b.position, b.fingerprint) for b in whole[done:]
        ]
    late = next((batch.position, batch.fingerprint) for batch in whole if batch.position.documents)
    assert not DocumentStream(["other", *MIXED[1:]]).skip_to(*late)
    assert not DocumentStream(MIXED[:50]).skip_to(*late)
    within = whole[0].position, whole[0].fingerprint
    assert within[0].batches == 1 and not DocumentStream([*MIXED[:9], "other", *MIXED[10:]]).skip_to(*within)
    assert DocumentStream([]).skip_to(Position(), "")


def test_what_fits_into_memory_is_one_pass_and_what_does_not_is_cut_into_groups_that_do() -> None:
    pairs = [*product(range(3), range(5))]
    enough = bytes_for(small(), large(), pairs)
    assert passes(small(), large(), pairs, enough / 1e9) == (tuple(pairs),)
    least = bytes_for(small(), large(), pairs[:1])
    for budget in (enough - 1, (enough + least) / 2, least):
        groups = passes(small(), large(), pairs, budget / 1e9)
        assert len(groups) > 1
        assert sorted(pair for group in groups for pair in group) == pairs
        assert all(bytes_for(small(), large(), group) <= budget for group in groups)
    with pytest.raises(SettingsError, match="allow more memory"):
        passes(small(), large(), pairs, (least - 1) / 1e9)


def test_chosen_pairs_alone_are_counted_and_cut() -> None:
    diagonal = [(0, 0), (1, 1), (2, 2)]
    assert bytes_for(small(), large(), diagonal) < bytes_for(small(), large(), [*product(range(3), range(3))])
    groups = passes(small(), large(), diagonal, bytes_for(small(), large(), [(0, 0)]) / 1e9)
    assert sorted(pair for group in groups for pair in group) == diagonal


ALL = [(i, j) for i in range(2) for j in range(3)]
ROUTES = [Route(i, j) for i in range(2) for j in range(3)]


def fitted_within(budget: float, settings: FitSettings, given: Iterable[str], said: list[Progress]) -> list[FittedMap]:
    study = fit_maps(
        Pair(small=small(), large=large()), given, ROUTES, replace(settings, corpus="c", memory_gb=budget / 1e9)
    )
    return list(finish(study, said.append))


def test_several_passes_give_the_maps_of_one_and_say_so() -> None:
    whole = finish(fit_maps(Pair(small=small(), large=large()), texts(), ROUTES, FitSettings(3000)))
    budget = bytes_for(small(), large(), [(0, 0), (0, 1), (1, 0), (1, 1)])
    assert passes_of_one_reading(small(), large(), ALL, budget / 1e9, 3000) is None
    said: list[Progress] = []
    parted = fitted_within(budget, FitSettings(3000, keep_moments=True), texts(), said)
    assert known_moments(Pair(small=small(), large=large()), (0, 0)) is None  # copies for saving would not have fitted
    assert any("2 passes" in step.message for step in said)
    assert {step.message[:11] for step in said if "tokens" in step.message} == {"pass 1 of 2", "pass 2 of 2"}
    for one, other_ in zip(whole, parted, strict=True):
        assert float((one.map.weight - other_.map.weight).norm() / one.map.weight.norm()) < 1e-10
        assert one.info.settings["outliers"] == other_.info.settings["outliers"]
    with pytest.raises(SettingsError, match="read only once"):
        fitted_within(budget, FitSettings(3000), iter(texts()), [])


@pytest.mark.parametrize("end_weight", [1, 5])
def test_where_rows_fit_beside_the_sums_the_models_read_the_texts_once_for_all_passes(
    monkeypatch: pytest.MonkeyPatch, end_weight: int
) -> None:
    calls = []
    real = vars(collect_module)["read_paired"]

    def counted(*arguments: Any, **named: Any) -> PairedStates:
        calls.append(len(arguments[2]))
        states: PairedStates = real(*arguments, **named)
        return states

    monkeypatch.setattr(collect_module, "read_paired", counted)
    settings = FitSettings(3000, end_weight=end_weight)
    whole = finish(fit_maps(Pair(small=small(), large=large()), texts(), ROUTES, settings))
    once, calls[:] = list(calls), []
    monkeypatch.setattr(fit_module, "passes", lambda *_, **__: [ALL[:4], ALL[4:]])
    monkeypatch.setattr(fit_module, "passes_of_one_reading", lambda *_: [ALL[:2], ALL[2:5], ALL[5:]])
    said: list[Progress] = []
    # Texts that can be read only once are enough.
    parted = fitted_within(4e9, settings, iter(texts()), said)
    assert calls == once and len(once) > 1
    assert any("3 passes" in step.message and "read the texts once" in step.message for step in said)
    for one, other_ in zip(whole, parted, strict=True):
        torch.testing.assert_close(other_.map.weight, one.map.weight, rtol=1e-9, atol=1e-12)
        assert (one.info.tokens_used, one.info.corpus_fingerprint) == (
            other_.info.tokens_used,
            other_.info.corpus_fingerprint,
        )
        assert one.info.settings["outliers"] == other_.info.settings["outliers"]


def test_rows_that_are_kept_count_as_memory_and_take_no_more_than_their_share() -> None:
    def rows(tokens: int) -> int:
        return 4 * (2 * small().width + 3 * large().width) * (tokens + BATCH_TOKENS)

    sums, one = bytes_for(small(), large(), ALL), bytes_for(small(), large(), ALL[:1])
    least = rows(10_000) + sums - 1
    groups = passes_of_one_reading(small(), large(), ALL, least / 1e9, 10_000)
    assert groups is not None and len(groups) > 1 and sorted(pair for group in groups for pair in group) == ALL
    assert all(bytes_for(small(), large(), group) + rows(10_000) <= least for group in groups)
    assert passes_of_one_reading(small(), large(), ALL, (rows(10_000) + one - 1) / 1e9, 10_000) is None
    share = 1.5 * rows(10**6)
    assert passes_of_one_reading(small(), large(), ALL, (share + 1) / 1e9, 10**6) == (tuple(ALL),)
    assert passes_of_one_reading(small(), large(), ALL, (share - 1) / 1e9, 10**6) is None


def test_tokenizers_that_hardly_meet_are_refused_before_the_corpus_is_read_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(collect_module, "MINIMUM_COVERAGE", 0.99)
    monkeypatch.setattr(collect_module, "TOKENS_THAT_TELL", 1000)
    given = iter(texts() * 20)
    with pytest.raises(MapError, match="end at the same places"):
        finish(collect(Pair(small=other(), large=large()), given, [Route(0, 0)], 10**6))
    assert sum(1 for _ in given) > 10 * len(texts())


def test_coverage_is_known_for_every_document() -> None:
    collected = finish(
        collect(Pair(small=other(), large=large()), [*FITTING[:30], "12 12 12 12"], [Route(0, 0)], 10**6)
    )
    counts = collected.counts
    assert sum(counts.by_coverage) == counts.documents == 31
    assert counts.coverage_quantile(0.0) <= counts.coverage_quantile(0.5) <= counts.coverage_quantile(1.0)
    assert counts.coverage_quantile(0.5) == pytest.approx(counts.coverage, abs=0.1)
    same = finish(collect(Pair(small=small(), large=large()), texts(30), [Route(0, 0)], 10**6)).counts
    assert same.coverage_quantile(0.0) == same.coverage_quantile(1.0) == 1.0
    assert TokenCounts().coverage_quantile(0.5) == 0.0


def test_a_budget_that_ends_within_a_batch_keeps_its_first_documents() -> None:
    whole = finish(collect(Pair(small=small(), large=large()), FITTING, [Route(0, 1)], 10**6))
    cut = finish(collect(Pair(small=small(), large=large()), FITTING, [Route(0, 1)], 500))
    rows = [cut.of(Route(0, 1))[part].count for part in PARTS]
    assert sum(rows) == 500 == cut.counts.used < whole.counts.used
    first = next(DocumentStream(FITTING).batches(windows())).numbers[:6]
    used = {collect_module.part_of(number) for number in first}
    assert {part for part, count in zip(PARTS, rows, strict=True) if count} == used


def test_other_tokens_are_strangers_to_no_one_in_the_true_pairing_though_controls_run_beside_it() -> None:
    alone = finish(collect(Pair(small=small(), large=large()), texts(), [Route(1, 2)], 4000))
    beside = finish(collect(Pair(small=small(), large=large()), texts(), [Route(1, 2), Route(1, 2, shuffle=0)], 4000))
    for part in PARTS:
        assert torch.equal(alone.of(Route(1, 2))[part].cxy, beside.of(Route(1, 2))[part].cxy)
    shuffled = beside.of(Route(1, 2, shuffle=0))["fit"]
    assert 0 < shuffled.count < beside.of(Route(1, 2))["fit"].count
    with pytest.raises(MapError, match="no moments were collected"):
        beside.of(Route(0, 0))


def test_ends_that_count_more_draw_the_moments_to_the_last_pairs_and_leave_the_counts() -> None:
    def moments(end_weight: int) -> Collected:
        return finish(
            collect(Pair(small=small(), large=large()), texts(12), [Route(1, 2)], 10_000, end_weight=end_weight)
        )

    plain, weighted = moments(1), moments(500)
    assert weighted.counts == plain.counts
    documents = {part: sum(part_of(number) == part for number in range(12)) for part in PARTS}
    for part in PARTS:
        assert weighted.grids[part].count == plain.grids[part].count + 499 * documents[part]
    ends = []
    for number, text in enumerate(texts(12)):
        if part_of(number) == "fit":
            states = read_paired(small(), large(), windows().of(text)[-1:], [1], [2])
            ends.append(states.small[1][-1].double())
    mean = torch.stack(ends).mean(0)
    far, near = ((grids.grids["fit"].pair(1, 2).mean_x - mean).norm() for grids in (plain, weighted))
    assert near < 0.7 * far


def test_the_end_of_a_text_counts_as_often_as_its_corpus_asks() -> None:
    def fitted(corpus: Corpus, end_weight: int | None = None) -> FittedMap:
        return finish(
            fit_map(
                Pair(small=small(), large=large()), corpus, (1, 2), FitSettings(tokens=3_000, end_weight=end_weight)
            )
        )

    asking = Corpus("asking", lambda: iter(FITTING), end_weight=20)
    plain = Corpus("plain", lambda: iter(FITTING))
    assert torch.equal(fitted(asking).map.weight, fitted(plain, 20).map.weight)
    assert not torch.allclose(fitted(asking).map.weight, fitted(plain).map.weight)
    with pytest.raises(SettingsError, match="at least 1"):
        fitted(plain, 0)
