"""A check says what the parts say, reports how far it is, and has its control."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lrt_explorer.concepts.diagnostics import diagnose
from lrt_explorer.concepts.reading import fitting_pairs, read_pairs
from lrt_explorer.concepts.stability import SETTLED, stability
from lrt_explorer.concepts.vectors import mean_difference, transfer
from lrt_explorer.errors import ArtifactError, SettingsError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.scores import cosine
from lrt_explorer.store import MapInfo, PairMap
from lrt_explorer.study import check as check_module
from lrt_explorer.study.check import check_concept, spread_layers
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from tests.concepts.test_vectors import INFO
from tests.study.tiny import CONCEPT, large, small


def between() -> tuple[AffineMap, MapInfo]:
    dice = torch.Generator().manual_seed(0)
    info = replace(
        INFO,
        small=small().name,
        large=large().name,
        small_fingerprint=small().fingerprint,
        large_fingerprint=large().fingerprint,
        small_layer=1,
        large_layer=2,
    )
    return AffineMap(torch.randn(16, 32, generator=dice, dtype=torch.float64), torch.zeros(32)), info


def test_a_check_says_of_every_layer_what_diagnose_says() -> None:
    done = finish(check_concept(Pair(small=small(), large=large()), CONCEPT, (1, 2)))
    assert [seen.layer for seen in done.small.layers] == [0, 1, 2] and len(done.large.layers) == 5
    for layer, pairs in read_pairs(large(), CONCEPT, range(5), CONCEPT.reading).items():
        seen = diagnose(pairs.positive, pairs.negative)
        assert (done.large.layers[layer].agreement, done.large.layers[layer].separation) == (
            seen.agreement,
            seen.separation,
        )
        if layer == 2:
            assert done.large.diagnosis == seen
            assert done.large.stability == stability(pairs.positive, pairs.negative, "mean-difference")
    assert (done.pairs, done.pairs_read, done.mapped) == (12, 12, None)


def test_progress_goes_up_and_names_the_models() -> None:
    steps: list[Progress] = []
    finish(check_concept(Pair(small=small(), large=large()), CONCEPT, (1, 2)), steps.append)
    shares = [step.share for step in steps]
    assert shares == sorted(shares) and 0.9 < shares[-1] <= 1
    assert {name for name in ("tiny-small", "tiny-large-one") if any(name in s.message for s in steps)} == {
        "tiny-small",
        "tiny-large-one",
    }


def test_what_the_map_makes_of_the_vector_stands_beside_chance() -> None:
    map, info = between()
    seen = finish(
        check_concept(Pair(small=small(), large=large()), CONCEPT, (1, 2), map=PairMap(map=map, info=info))
    ).mapped
    assert seen is not None
    native = mean_difference(large(), CONCEPT, [2])[2].values
    mapped = transfer(mean_difference(small(), CONCEPT, [1])[1], map, info).values
    assert seen.cosine == pytest.approx(cosine(mapped, native))
    assert seen.reachable_share == pytest.approx(map.reachable_share(native))
    assert abs(seen.cosine) < seen.chance < 1, "a random map carries a vector no better than chance"
    itself = replace(info, large=small().name, large_fingerprint=small().fingerprint, large_layer=1)
    same = finish(
        check_concept(
            Pair(small=small(), large=small()), CONCEPT, (1, 1), map=PairMap(map=AffineMap.identity(16), info=itself)
        )
    ).mapped
    assert same is not None and same.cosine == pytest.approx(1) and same.chance < 0.8
    assert same.relabelled == pytest.approx(1), "the identity carries every vector, whatever its labels"


@pytest.mark.parametrize("pairs", [12, 11])
def test_relabelled_pairs_have_the_same_labels_in_both_models(pairs: int) -> None:
    map, info = between()
    concept = replace(CONCEPT, pairs=CONCEPT.pairs[:pairs])
    seen = finish(
        check_concept(Pair(small=small(), large=large()), concept, (1, 2), map=PairMap(map=map, info=info))
    ).mapped
    assert seen is not None
    ours, theirs = (read_pairs(lm, concept, [at], concept.reading)[at] for lm, at in ((large(), 2), (small(), 1)))
    rank = np.random.default_rng(0).random((200, pairs)).argsort(axis=1)
    # One of eleven pairs is left out each time.
    signs = torch.from_numpy(np.where(rank < pairs // 2, -1.0, np.where(rank < 2 * (pairs // 2), 1.0, 0.0)))
    native = signs @ (ours.positive - ours.negative)
    mapped = map.direction(signs @ (theirs.positive - theirs.negative))
    cosines = torch.cosine_similarity(mapped, native, dim=1).abs().sort().values
    assert seen.relabelled == pytest.approx(float(cosines[190]), abs=1e-6)


def test_pairs_that_only_one_model_reads_whole_are_not_relabelled() -> None:
    map, info = between()
    long = " ".join(["The cow laughed on the beach."] * 5)
    pairs = (*CONCEPT.pairs[:5], (f"{long} Happy.", f"{long} Sad."), *CONCEPT.pairs[5:])
    short = replace(small(), context=30)
    assert len(fitting_pairs(short, replace(CONCEPT, pairs=pairs), CONCEPT.reading)) == 12
    assert len(fitting_pairs(large(), replace(CONCEPT, pairs=pairs), CONCEPT.reading)) == 13
    saved = PairMap(map=map, info=info)
    pair = Pair(small=short, large=large())
    with_it = finish(check_concept(pair, replace(CONCEPT, pairs=pairs), (1, 2), map=saved))
    without = finish(check_concept(pair, CONCEPT, (1, 2), map=saved))
    assert with_it.mapped is not None and without.mapped is not None
    assert with_it.mapped.relabelled == pytest.approx(without.mapped.relabelled, abs=1e-6)


def test_only_so_many_pairs_are_read_spread_over_the_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_module, "PAIRS_READ", 5)
    done = finish(check_concept(Pair(small=small(), large=large()), CONCEPT, (1, 2), whiten=True))
    spread = replace(CONCEPT, pairs=tuple(CONCEPT.pairs[i] for i in (0, 2, 4, 7, 9)))
    assert (done.pairs, done.pairs_read, done.whitened) == (12, 5, True)
    assert done.small == finish(check_concept(Pair(small=small(), large=large()), spread, (1, 2), whiten=True)).small


@pytest.mark.parametrize(
    ("layers", "at_most", "keep", "expected"),
    [(4, 6, 1, [0, 1, 2, 3]), (42, 6, 20, [0, 10, 20, 31, 41]), (42, 6, 7, [0, 7, 10, 20, 31, 41])],
)
def test_of_many_layers_some_are_looked_at(layers: int, at_most: int, keep: int, expected: list[int]) -> None:
    assert spread_layers(layers, at_most, keep) == expected


def test_what_cannot_be_checked_is_said() -> None:
    with pytest.raises(SettingsError, match="layer 9"):
        finish(check_concept(Pair(small=small(), large=large()), CONCEPT, (1, 9)))
    with pytest.raises(SettingsError, match="not a way to read"):
        finish(check_concept(Pair(small=small(), large=large()), CONCEPT, (1, 2), reading="upside-down"))
    map, info = between()
    with pytest.raises(ArtifactError, match="other weights"):
        finish(
            check_concept(
                Pair(small=small(), large=large()),
                CONCEPT,
                (1, 2),
                map=PairMap(map=map, info=replace(info, large_fingerprint="x")),
            )
        )
    same = replace(CONCEPT, pairs=(("a cow", "a hen"), ("a hen", "a cow")))
    with pytest.raises(VectorError, match="read the same to tiny-small at layer 1"):
        finish(check_concept(Pair(small=small(), large=large()), same, (1, 2)))


# How many pairs it takes


def drawn(noise: float, pairs: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    dice = torch.Generator().manual_seed(1)
    with_it = torch.randn(pairs, 32, generator=dice, dtype=torch.float64) * noise
    with_it[:, 0] += 1
    return with_it, torch.zeros_like(with_it)


def test_pairs_that_differ_in_one_thing_alone_settle_at_once_and_noise_never() -> None:
    clear, mixed, noise = (stability(*drawn(amount), "mean-difference") for amount in (0.01, 0.35, 1e6))
    assert clear.enough == 1 and "A single pair is enough" in clear.verdict
    assert mixed.enough in (16, 32) and mixed.curve[0][1] < 0.5
    assert noise.enough is None and "More pairs would change the vector: that of 32 pairs" in noise.verdict
    assert all(abs(mean) < 0.3 for _, mean in noise.curve)
    assert [size for size, _ in mixed.curve] == [1, 2, 4, 8, 16, 32]


def test_the_cosine_is_that_of_the_spearman_brown_formula() -> None:
    with_it, without = drawn(0.35)
    one = 1 / (1 + 31 * 0.35**2)  # of the squared length of a difference, the part that is shared
    expected = 8 * one / (1 + 7 * one)
    mean = dict(stability(with_it, without, "mean-difference").curve)[8]
    assert mean == pytest.approx(expected, abs=0.1)


def test_pairs_that_read_the_same_agree_with_nothing() -> None:
    same = torch.ones(4, 3, dtype=torch.float64)
    assert stability(same, same, "mean-difference").curve == ((1, 0.0), (2, 0.0))
    assert SETTLED > 0.5
