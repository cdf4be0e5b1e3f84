"""Distillation: mapped directions come to do what native ones do, and nothing of the models is changed."""

from functools import cache

import pytest
import torch

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.suffix import differentiable_logits, read_starts, suffix_logits
from lrt_explorer.study.distill import distilled_map
from lrt_explorer.study.fit import FittedMap, fit_map
from lrt_explorer.study.progress import finish
from tests.study.tiny import CONCEPT, large, other, small, texts

TOKENS = 3000
PROMPT = "The cook ran to the beach and"


@cache
def ridge() -> FittedMap:
    return finish(fit_map(small(), large(), texts(), 1, 2, tokens=TOKENS))


def distilled(steps: int = 20, anchor: float = 0.1, learning_rate: float = 0.05, seed: int = 0) -> FittedMap:
    study = distilled_map(
        small(),
        large(),
        texts(),
        1,
        2,
        tokens=TOKENS,
        steps=steps,
        anchor=anchor,
        learning_rate=learning_rate,
        seed=seed,
    )
    return finish(study)


def test_it_lowers_the_divergence_on_held_out_directions_and_prompts() -> None:
    found = distilled()
    settings = found.info.settings
    assert settings["divergence"] < 0.98 * settings["divergence_ridge"]
    assert settings["steps_kept"] > 0 and not torch.equal(found.map.weight, ridge().map.weight)
    assert (found.info.method, found.info.lam) == ("distilled", ridge().info.lam)
    step, begun = found.lambda_path[0]
    assert step == 0 and begun == pytest.approx(max(score for _, score in ridge().lambda_path))


def test_a_heavy_anchor_holds_it_to_the_fit_that_a_light_one_leaves() -> None:
    heavy, light = distilled(anchor=1e4, learning_rate=0.2), distilled(anchor=0.0, learning_rate=0.2)
    assert abs(heavy.lambda_path[-1][1] - heavy.lambda_path[0][1]) < 0.05
    assert light.lambda_path[-1][1] < heavy.lambda_path[-1][1]


def test_a_model_mapped_to_itself_has_nothing_to_learn() -> None:
    found = finish(distilled_map(small(), small(), texts(), 1, 1, tokens=TOKENS, steps=5))
    assert found.info.settings["divergence_ridge"] < 1e-6 and found.info.r2 > 0.999


def test_it_is_seeded_and_never_learns_from_a_concept() -> None:
    one = distilled(steps=5)
    judged = finish(
        distilled_map(
            small(), large(), texts(), 1, 2, tokens=TOKENS, steps=5, anchor=0.1, learning_rate=0.05, concepts=[CONCEPT]
        )
    )
    assert torch.equal(one.map.weight, judged.map.weight) and set(judged.direction_cosines) == {CONCEPT.name}
    moved = distilled(steps=5, seed=1).map.weight
    assert not torch.equal(one.map.weight, moved)


def test_the_models_keep_no_gradient_and_no_hook_even_when_it_is_cancelled() -> None:
    study = distilled_map(small(), large(), texts(), 1, 2, tokens=TOKENS)
    assert any(step.message.startswith("distilling, step 2") for step in study)
    study.close()
    for lm in (small(), large()):
        assert all(parameter.grad is None for parameter in lm.model.parameters())
        assert not any(block._forward_hooks or "forward" in vars(block) for block in lm.blocks)


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
        distilled(steps, anchor, learning_rate)


def test_texts_that_can_be_read_once_are_refused() -> None:
    with pytest.raises(SettingsError, match="only once"):
        finish(distilled_map(small(), large(), iter(texts()), 1, 2))
