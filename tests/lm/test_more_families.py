"""More families than have tests of their own: built tiny from their configurations, loaded, steered, written with.

`python -m benchmarks.families` tries every family that the installed library knows.
"""

import pytest
import torch

from benchmarks.families import BLOCKS, WIDTH, tiny_model, tokenizer
from lrt_explorer.errors import ModelError
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.generate import generate_arms, generate_batch
from lrt_explorer.lm.load import wrap_model
from lrt_explorer.lm.model import LanguageModel, Traits
from lrt_explorer.lm.steer import steering
from lrt_explorer.lm.tokens import encode
from tests.lm.families import FAMILIES

LAYER, NEW_TOKENS = 1, 6
PROMPTS = ("The sea", "A bird saw the old sailor")

EVERYTHING = Traits()
ALONE = Traits(pads_left=False)
AGAIN = Traits(caches=False)
FOUND: dict[str, Traits] = {
    # Most are read and continued in padded batches, from what they have cached.
    **dict.fromkeys(
        (
            "apertus", "arcee", "bamba", "biogpt", "bitnet", "codegen", "cohere2", "ctrl", "ernie4_5", "exaone4",
            "falcon_h1", "flex_olmo", "glm", "glm4", "glm4_moe", "gpt_bigcode", "gpt_oss", "granitemoe", "helium",
            "hunyuan_v1_dense", "lfm2", "llama4_text", "mamba2", "ministral3", "nanochat", "nemotron",
            "nemotron_h", "olmo", "olmo3", "olmoe", "persimmon", "phimoe", "qwen3_5_text", "qwen3_moe",
            "qwen3_next", "seed_oss", "smollm3", "vaultgemma", "xglm", "zamba", "zamba2",
        ),
        EVERYTHING,
    ),
    # Padding on the left reaches the states of these: prompts of different lengths are continued one by one.
    **dict.fromkeys(("deepseek_v2", "falcon_mamba", "deepseek_v3", "minicpm3"), ALONE),
    # These go on otherwise than they read, or hand back nothing: they read all of it again at every step.
    **dict.fromkeys(("granitemoehybrid", "jamba", "minimax", "openai-gpt"), AGAIN),
    # The library mixes up the rows of a batch of rwkv that it continues.
    **dict.fromkeys(("recurrent_gemma", "rwkv", "xlstm"), Traits(pads_left=False, caches=False)),
    "gemma3n_text": Traits(stream=0),
}  # fmt: skip

REFUSED = {
    "roberta": "is not a causal language model: .* choose a decoder",
    "xlnet": r"block 0 of xlnet outputs states of shape \[4, 1, 32\] where \[1, 4, 32\] \(batch, tokens, width\) is",
    "mllama": "does not run its 4 blocks once each and in order, .* choose another model",
    "deepseek_v4": r"outputs states of shape \[1, 4, 4, 32\] .* choose another model",
    "longcat_flash": "the 8 decoder blocks cannot be found among the module lists .* choose a decoder-only model",
    "xlm": "several module lists could be the decoder blocks .* choose a model with one stack of blocks",
}
"""Families that cannot be steered, and the reason that is given: one for each kind of reason."""


@pytest.fixture(scope="module", params=FOUND)
def lm(request: pytest.FixtureRequest) -> LanguageModel:
    return wrap_model(request.param, tiny_model(request.param), tokenizer())


def additions(rows: int) -> torch.Tensor:
    """The first is nothing, the others push hard and differently."""
    vectors = 8 * torch.randn(rows, WIDTH, generator=torch.Generator().manual_seed(1))
    vectors[0] = 0
    return vectors


def test_these_are_twenty_families_that_have_no_other_tests() -> None:
    assert len(set(FOUND) - set(FAMILIES)) >= 20


def test_the_self_check_finds_how_the_family_has_to_be_run(lm: LanguageModel) -> None:
    assert (lm.width, lm.layers, lm.traits) == (WIDTH, BLOCKS, FOUND[lm.name])


def test_it_is_steered_where_and_as_far_as_asked(lm: LanguageModel) -> None:
    encoded = encode(lm, PROMPTS[:1])
    before = capture(lm, encoded, range(lm.layers))
    with steering(lm, LAYER, additions(2)[1:]):
        after = capture(lm, encoded, range(lm.layers))
    assert torch.equal(after[0], before[0])
    assert torch.equal(after[LAYER], before[LAYER] + additions(2)[1])
    assert not torch.allclose(after[LAYER + 1], before[LAYER + 1], atol=1e-3)


def test_arms_and_prompts_are_written_in_a_batch_as_they_are_alone(lm: LanguageModel) -> None:
    def arms(vectors: torch.Tensor, use_cache: bool = True) -> list[list[int]]:
        steps = generate_arms(lm, PROMPTS[0], LAYER, vectors, max_new_tokens=NEW_TOKENS, use_cache=use_cache)
        rows = zip(*(step.token_ids for step in steps), strict=True)
        return [[token for token in row if token is not None] for row in rows]

    written = arms(additions(3))
    assert written == arms(additions(3), use_cache=False)
    assert written[2:] == arms(additions(3)[2:])
    assert written[1:] != written[:1] * 2, "the vectors changed nothing"
    together = generate_batch(lm, PROMPTS, max_new_tokens=NEW_TOKENS)
    assert together == [generate_batch(lm, [prompt], max_new_tokens=NEW_TOKENS)[0] for prompt in PROMPTS]


@pytest.mark.parametrize("family", REFUSED)
def test_a_family_that_cannot_be_steered_is_refused_with_the_reason(family: str) -> None:
    with pytest.raises(ModelError, match=REFUSED[family]) as caught:
        wrap_model(family, tiny_model(family), tokenizer())
    assert "\n" not in str(caught.value) and family in str(caught.value)
