"""Fitting: its laws, each with a control, and what it refuses."""

import itertools
import weakref
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
import torch

from lrt_explorer.concepts.vectors import mean_difference
from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.tokens import encode
from lrt_explorer.study.check import check_concept
from lrt_explorer.study.fitting import collect as collect_module
from lrt_explorer.study.fitting import fit as fit_module
from lrt_explorer.study.fitting.collect import PARTS, Collected, Part, Route, collect, part_of
from lrt_explorer.study.fitting.fit import fit_map, fit_maps
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.layers import grid_of_one
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from tests.study.tiny import CONCEPT, large, other, short_texts, small, texts

TOKENS = 4000


def test_a_model_mapped_to_itself_gives_the_identity() -> None:
    fitted = finish(
        fit_map(Pair(small=small(), large=small()), texts(), (1, 1), FitSettings(tokens=TOKENS, concepts=[CONCEPT]))
    )
    identity = torch.eye(small().width, dtype=torch.float64)
    assert float((fitted.map.weight - identity).norm() / identity.norm()) < 1e-6
    assert fitted.info.r2 > 1 - 1e-9
    assert fitted.info.coverage == 1.0
    assert fitted.agreement.direction_cosine == pytest.approx(1.0)
    assert fitted.agreement.reachable_share == pytest.approx(1.0)


def test_shuffled_pairs_explain_nothing_where_true_pairs_explain_all() -> None:
    routes = [Route(1, 1), Route(1, 1, shuffle=0), Route(1, 1, shuffle=1)]
    true, first, second = finish(fit_maps(Pair(small=small(), large=small()), texts(), routes, FitSettings(TOKENS)))
    assert true.info.r2 > 0.99
    assert max(first.info.r2, second.info.r2) < 0.02
    assert not torch.allclose(first.map.weight, second.map.weight)
    assert first.info.settings["shuffle"] == 0 and true.info.settings["shuffle"] is None


def test_one_pass_for_many_routes_gives_what_each_gives_alone() -> None:
    routes = [Route(i, j) for i in (0, 2) for j in (1, 3)]
    for fit in finish(fit_maps(Pair(small=small(), large=large()), texts(), routes, FitSettings(TOKENS))):
        layers = (fit.info.small_layer, fit.info.large_layer)
        alone = finish(fit_map(Pair(small=small(), large=large()), texts(), layers, FitSettings(tokens=TOKENS)))
        assert torch.allclose(fit.map.weight, alone.map.weight, atol=1e-9)
        assert fit.info.r2 == pytest.approx(alone.info.r2)


def test_the_moments_are_those_of_the_whole_data() -> None:
    collected = finish(collect(Pair(small=small(), large=large()), short_texts(20), [Route(0, 2)], 10**6))
    rows: dict[Part, list[tuple[torch.Tensor, torch.Tensor]]] = {part: [] for part in PARTS}
    for index, text in enumerate(short_texts(20)):
        x = capture(small(), encode(small(), [text]), [0])[0][0].double()
        y = capture(large(), encode(large(), [text]), [2])[2][0].double()
        rows[part_of(index)].append((x, y))
    for part, pairs in rows.items():
        x, y = (torch.cat(side) for side in zip(*pairs, strict=True))
        moments = collected.of(Route(0, 2))[part]
        assert moments.count == len(x)
        assert torch.allclose(moments.mean_x, x.mean(0), atol=1e-6)
        cxy = (x - x.mean(0)).T @ (y - y.mean(0))
        assert float((moments.cxy - cxy).norm() / cxy.norm()) < 1e-5


def test_the_split_is_by_document_stable_and_of_the_promised_shares() -> None:
    parts = [part_of(index) for index in range(20_000)]
    assert parts[:6] == [part_of(index) for index in range(6)]
    assert parts.count("fit") / len(parts) == pytest.approx(0.70, abs=0.01)
    assert parts.count("select") / len(parts) == pytest.approx(0.15, abs=0.01)


def test_special_tokens_and_the_budget_are_counted() -> None:
    fitted = finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=3000)))
    settings = fitted.info.settings
    assert fitted.info.tokens_used == 3000 == sum(settings[f"tokens_{part}"] for part in PARTS)
    assert fitted.info.tokens_left_out == settings["special_tokens"] + settings["outliers"]
    assert settings["special_tokens"] == 0  # the tiny tokenizer adds none


def test_different_tokenizers_are_paired_with_their_coverage() -> None:
    fitted = finish(fit_map(Pair(small=other(), large=large()), short_texts(20), (1, 2), FitSettings(tokens=10**6)))
    met = total = 0
    for text in short_texts(20):
        encoded = [encode(lm, [text]).ends[0] for lm in (other(), large())]
        read_by_both = min(ends[-1] for ends in encoded)
        first, second = ([end for end in ends if end <= read_by_both] for ends in encoded)
        met += 2 * len(set(first) & set(second))
        total += len(first) + len(second)
    assert fitted.info.coverage == pytest.approx(met / total, abs=0.01)
    assert 0.3 < fitted.info.coverage < 0.95
    assert fitted.info.tokens_used == pytest.approx(met / 2, rel=0.01)


def test_tokenizers_that_hardly_meet_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_module, "MINIMUM_COVERAGE", 0.99)
    with pytest.raises(MapError, match="of the tokens of tiny-other and tiny-large-one end at the same places"):
        finish(fit_map(Pair(small=other(), large=large()), texts(), (1, 2), FitSettings(tokens=TOKENS)))


@pytest.mark.parametrize(
    ("documents", "said"),
    [([], "the corpus holds no text"), (["", "  "], "the corpus holds no text"), (["A cow."] * 3, "too few pairs")],
)
def test_too_little_text_is_refused(documents: list[str], said: str) -> None:
    with pytest.raises(MapError, match=said):
        finish(fit_map(Pair(small=small(), large=large()), documents, (1, 2)))


def test_settings_are_checked_before_any_text_is_read() -> None:
    endless = itertools.repeat("never read")
    with pytest.raises(SettingsError, match="layer 3 is not in tiny-small, which has blocks 0 to 2"):
        finish(fit_map(Pair(small=small(), large=large()), endless, (3, 2)))
    with pytest.raises(SettingsError, match="layer -1 is not in tiny-large-one"):
        finish(fit_map(Pair(small=small(), large=large()), endless, (0, -1)))
    with pytest.raises(SettingsError, match="cannot be fitted on 0 tokens"):
        finish(fit_map(Pair(small=small(), large=large()), endless, (0, 1), FitSettings(tokens=0)))


def test_a_cancelled_fit_leaves_nothing_and_the_next_one_is_as_if_it_had_not_been() -> None:
    cancelled = fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=TOKENS))
    step = next(cancelled)
    assert isinstance(step, Progress) and 0 < step.done < step.total
    cancelled.close()
    assert not any(block._forward_hooks for lm in (small(), large()) for block in lm.blocks)
    again, fresh = (
        finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=TOKENS)))
        for _ in range(2)
    )
    assert torch.equal(again.map.weight, fresh.map.weight)
    assert again.info.corpus_fingerprint == fresh.info.corpus_fingerprint


def test_the_direction_cosine_is_that_of_the_vectors_at_the_layers() -> None:
    fitted = finish(
        fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=TOKENS, concepts=[CONCEPT]))
    )
    native = mean_difference(large(), CONCEPT, [2])[2].values
    source = mean_difference(small(), CONCEPT, [1])[1].values
    assert fitted.agreement.direction_cosines == {"mood": pytest.approx(cosine(fitted.map.direction(source), native))}
    assert (
        finish(
            fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=TOKENS))
        ).agreement.direction_cosine
        is None
    )


def test_the_cosine_of_relabelled_pairs_is_that_of_a_check_and_is_read_only_on_demand() -> None:
    pair, settings = Pair(small=small(), large=large()), FitSettings(tokens=TOKENS, concepts=[CONCEPT])
    plain = finish(fit_map(pair, texts(), (1, 2), settings))
    assert plain.agreement.relabelled_cosine is None and not plain.agreement.relabelled
    fitted = finish(fit_map(pair, texts(), (1, 2), replace(settings, relabelled=True)))
    checked = finish(check_concept(pair, CONCEPT, (1, 2), map=fitted)).mapped
    assert checked is not None
    assert fitted.agreement.relabelled == {"mood": pytest.approx(checked.relabelled)}
    assert fitted.agreement.direction_cosines == plain.agreement.direction_cosines
    standardised = fitted.agreement.relabelled_standardised_cosine
    assert standardised is not None and 0 < standardised < 1 and standardised != pytest.approx(checked.relabelled)
    cell = grid_of_one(fitted).cells[0]
    assert (cell.direction_cosine_relabelled, cell.direction_cosine_standardised_relabelled) == (
        fitted.agreement.relabelled_cosine,
        standardised,
    )


def test_lambda_was_chosen_on_the_select_part() -> None:
    fitted = finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=TOKENS)))
    best = max(score for _, score in fitted.lambda_path)
    assert fitted.info.lam is not None
    assert dict(fitted.lambda_path)[fitted.info.lam] == pytest.approx(best, abs=1e-9)


@pytest.mark.parametrize("chosen_by", ["passes", "passes_of_one_reading"])
def test_the_sums_of_one_pass_are_gone_before_the_next_begins(monkeypatch: pytest.MonkeyPatch, chosen_by: str) -> None:
    made: list[weakref.ref[Collected]] = []
    real = vars(fit_module)["moments_of"]

    def watched(*arguments: Any, **named: Any) -> Generator[Progress, None, Collected]:
        assert all(collected() is None for collected in made)
        collected: Collected = yield from real(*arguments, **named)
        made.append(weakref.ref(collected))
        return collected

    monkeypatch.setattr(fit_module, "moments_of", watched)
    groups = [[(0, 1)], [(1, 2)], [(2, 2)]]
    monkeypatch.setattr(fit_module, "passes", lambda *_, **__: groups)
    monkeypatch.setattr(fit_module, "passes_of_one_reading", lambda *_: groups if chosen_by != "passes" else None)
    routes = [Route(0, 1), Route(1, 2), Route(2, 2)]
    assert (
        len(finish(fit_maps(Pair(small=small(), large=large()), texts(), routes, FitSettings(TOKENS))))
        == len(made)
        == 3
    )
