"""Distillation: mapped directions come to do what native ones do, and nothing of the models is changed."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import mean_difference
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.lm.suffix import differentiable_logits, read_starts, suffix_logits
from lrt_explorer.study.fitting import distill
from lrt_explorer.study.fitting.collect import Route
from lrt_explorer.study.fitting.distill import Distillation, distilled_folds, distilled_map
from lrt_explorer.study.fitting.fit import FittedMap, fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.material import PairDifferences, pair_differences
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from tests.study.evaluation.suite import ANIMALS
from tests.study.tiny import CONCEPT, large, other, small, texts

TOKENS = 3000
MOODS = tuple(
    replace(CONCEPT, name=f"mood {number}", pairs=CONCEPT.pairs[number:] + CONCEPT.pairs[:number:2])
    for number in range(1, 7)
)
PROMPT = "The cook ran to the beach and"


@cache
def ridge() -> FittedMap:
    return finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=TOKENS)))


def settings(**more: Any) -> FitSettings:
    return FitSettings(tokens=TOKENS, **more)


def distilled(concepts: Sequence[ContrastSet] = (), **how: Any) -> FittedMap:
    descent = Distillation(**{"steps": 20, "anchor": 0.1, "learning_rate": 0.05, **how})
    return finish(
        distilled_map(Pair(small=small(), large=large()), texts(), (1, 2), settings(concepts=concepts), descent)
    )


def test_it_lowers_the_divergence_on_held_out_directions_and_prompts() -> None:
    found = distilled()
    said = found.info.settings
    assert said["divergence"] < 0.98 * said["divergence_ridge"] and said["learned_from"] == []
    assert said["steps_kept"] > 0 and not torch.equal(found.map.weight, ridge().map.weight)
    assert (found.info.method, found.info.lam) == ("distilled", ridge().info.lam)
    step, begun = found.lambda_path[0]
    assert step == 0 and begun == pytest.approx(max(score for _, score in ridge().lambda_path))


def test_a_heavy_anchor_holds_it_to_the_fit_that_a_light_one_leaves() -> None:
    heavy, light = distilled(anchor=1e4, learning_rate=0.2), distilled(anchor=0.0, learning_rate=0.2)
    assert abs(heavy.lambda_path[-1][1] - heavy.lambda_path[0][1]) < 0.05
    assert light.lambda_path[-1][1] < heavy.lambda_path[-1][1]


def test_a_model_mapped_to_itself_has_nothing_to_learn() -> None:
    found = finish(
        distilled_map(Pair(small=small(), large=small()), texts(), (1, 1), settings(), Distillation(steps=5))
    )
    assert found.info.settings["divergence_ridge"] < 1e-6 and found.info.r2 > 0.999


def test_it_is_seeded_and_never_learns_from_a_concept() -> None:
    one = distilled(steps=5)
    judged = distilled(concepts=[CONCEPT], steps=5)
    assert torch.equal(one.map.weight, judged.map.weight) and set(judged.agreement.direction_cosines) == {CONCEPT.name}
    moved = distilled(steps=5, seed=1).map.weight
    assert not torch.equal(one.map.weight, moved)


def test_it_learns_from_concepts_what_helps_concepts_it_never_saw() -> None:
    learned = (ANIMALS, *MOODS[:3])  # the last of four chooses
    found = distilled(concepts=[MOODS[3]], learn_from=learned, steps=40)
    said = found.info.settings
    assert said["learned_from"] == [one.name for one in learned] and said["steps_kept"] > 0
    assert said["divergence"] < 0.98 * said["divergence_ridge"]
    assert set(found.agreement.direction_cosines) == {MOODS[3].name}
    # Other directions than those of random tokens, and other concepts give another map.
    other = distilled(learn_from=learned[1:], steps=40).map.weight
    assert not torch.equal(found.map.weight, distilled(steps=40).map.weight)
    assert not torch.equal(found.map.weight, other)
    # Who judges changes nothing.
    assert torch.equal(found.map.weight, distilled(learn_from=learned, steps=40).map.weight)


def test_what_chooses_among_the_maps_on_the_way_is_never_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[list[str]] = []
    real = vars(distill)["pair_differences"]

    def spy(*arguments: Any) -> Any:
        read.append([concept.name for concept in arguments[2]])
        return real(*arguments)

    monkeypatch.setattr(distill, "pair_differences", spy)
    for count, chosen in ((2, [1]), (3, [2]), (4, [3]), (6, [3])):
        read.clear()
        distilled(learn_from=MOODS[:count], steps=1)
        names = [one.name for one in MOODS[:count]]
        assert read == [[n for at, n in enumerate(names) if at not in chosen], [names[at] for at in chosen]]


def test_directions_of_concepts_are_means_over_their_pairs_in_both_models() -> None:
    study = pair_differences(Pair(small=small(), large=large()), Route(1, 2), [CONCEPT, ANIMALS], None, 3.0)
    pool = finish(study)
    for lm, layer, rows in ((small(), 1, pool.small), (large(), 2, pool.large)):
        for concept, differences in zip((CONCEPT, ANIMALS), rows, strict=True):
            vector = mean_difference(lm, concept, [layer])[layer].values
            torch.testing.assert_close(differences.mean(0), vector, rtol=1e-4, atol=1e-5)
    source, native, norms = pool.draw(torch.Generator().manual_seed(0))
    assert (source.shape, native.shape, norms.shape) == ((16, 16), (16, 32), (16, 1))
    assert float(norms.min()) >= 0.3 and float(norms.max()) <= 1.8
    again = pool.draw(torch.Generator().manual_seed(0))
    assert torch.equal(again[0], source) and torch.equal(again[1], native)
    # Towards the behaviour or away from it, the same way in both models.
    one = PairDifferences(pool.small[:1], pool.large[:1], 3.0).draw(torch.Generator().manual_seed(0))
    signs = [(rows @ side[0].mean(0)).sign() for rows, side in zip(one[:2], (pool.small, pool.large), strict=True)]
    assert torch.equal(*signs) and set(signs[0].tolist()) == {-1.0, 1.0}


def test_every_concept_is_judged_by_a_map_that_never_saw_it() -> None:
    how = Distillation(learn_from=MOODS, steps=2)
    maps = finish(
        distilled_folds(Pair(small=small(), large=large()), texts(), (1, 2), settings(concepts=MOODS), how, folds=3)
    )
    assert len(maps) == 3
    judged = [name for found in maps for name in found.agreement.direction_cosines]
    assert sorted(judged) == sorted(one.name for one in MOODS)
    for found in maps:
        learned = set(found.info.settings["learned_from"])
        assert not learned & set(found.agreement.direction_cosines)
        assert learned | set(found.agreement.direction_cosines) == {one.name for one in MOODS}
    # Folds in which nobody is judged are not fitted, and the others come out the same.
    (alone,) = finish(
        distilled_folds(
            Pair(small=small(), large=large()), texts(), (1, 2), settings(concepts=MOODS[1:2]), how, folds=3
        )
    )
    assert set(alone.agreement.direction_cosines) == {MOODS[1].name} and torch.equal(
        alone.map.weight, maps[1].map.weight
    )


def test_folds_and_judges_that_make_no_sense_are_refused() -> None:
    with pytest.raises(SettingsError, match="judged on mood 1, which it learns from"):
        distilled(concepts=MOODS[:1], learn_from=MOODS[:2])
    for concepts, learn_from, folds, said in (
        ((ANIMALS,), MOODS, 3, "animals is in no fold"),
        ((), MOODS, 1, "6 concepts cannot be split into 1 folds"),
        ((), MOODS[:2], 3, "choose 2 to 2"),
    ):
        how = Distillation(learn_from=learn_from)
        with pytest.raises(SettingsError, match=said):
            next(
                distilled_folds(
                    Pair(small=small(), large=large()), texts(), (1, 2), settings(concepts=concepts), how, folds=folds
                )
            )


def test_the_models_keep_no_gradient_and_no_hook_even_when_it_is_cancelled() -> None:
    study = distilled_map(Pair(small=small(), large=large()), texts(), (1, 2), settings())
    assert any(step.message.startswith("distilling, step 2") for step in study)
    study.close()
    for lm in (small(), large()):
        assert all(parameter.grad is None for parameter in lm.model.parameters())
        assert not any(block._forward_hooks or "forward" in vars(block) for block in lm.blocks)


def test_what_is_lowered_is_the_divergence_of_native_steering_from_mapped_and_not_the_other_way_round() -> None:
    unit, (start,) = TypicalDeviation(2.0), read_starts(large(), 2, [PROMPT])
    dice = torch.Generator().manual_seed(0)
    source, native = torch.randn(3, 16, generator=dice), torch.randn(3, 32, generator=dice)
    weight, norms = torch.randn(16, 32, generator=dice), torch.tensor([[2.0], [3.0], [4.0]])
    found = vars(distill)["_divergence"](large(), weight, start, source, native, norms, unit)
    steered, mapped = (
        differentiable_logits(large(), start, rows / rows.norm(dim=1, keepdim=True) * norms, distill.POSITIONS)
        .double()
        .log_softmax(-1)
        for rows in (native, source @ weight)
    )
    kl, reverse = (
        float((one.exp() * (one - other)).sum(-1).mean()) for one, other in ((steered, mapped), (mapped, steered))
    )
    assert float(found) == pytest.approx(kl, rel=1e-4) and kl != pytest.approx(reverse, rel=0.01)


def test_logits_with_a_gradient_are_those_without() -> None:
    for lm, layer in ((large(), 2), (other(), 1)):
        (start,) = read_starts(lm, layer, [PROMPT])
        additions = torch.randn(3, lm.width, generator=torch.Generator().manual_seed(0), requires_grad=True)
        found = differentiable_logits(lm, start, additions, 4)
        assert found.shape[:2] == (3, 4)
        torch.testing.assert_close(found[:, -1].detach(), suffix_logits(lm, start, additions), rtol=1e-4, atol=1e-4)
        (slope,) = torch.autograd.grad(found[:, -1, 7].sum(), additions)
        with torch.no_grad():
            step = 1e-2 * slope / slope.norm()
            ahead, back = (differentiable_logits(lm, start, additions + s * step, 1)[:, -1, 7].sum() for s in (1, -1))
        assert float(ahead - back) == pytest.approx(2e-2 * float(slope.norm()), rel=0.05)


@pytest.mark.parametrize(
    ("steps", "learning_rate", "anchor"), [(0, 0.01, 1.0), (1, 0.0, 1.0), (1, 0.01, -1.0), (1, 0.01, float("inf"))]
)
def test_settings_that_make_no_sense_are_refused(steps: int, learning_rate: float, anchor: float) -> None:
    with pytest.raises(SettingsError, match="distillation"):
        distilled(steps=steps, anchor=anchor, learning_rate=learning_rate)


def test_texts_that_can_be_read_once_are_refused() -> None:
    with pytest.raises(SettingsError, match="only once"):
        finish(distilled_map(Pair(small=small(), large=large()), iter(texts()), (1, 2)))
