import threading
import time
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import LRTError, PromptError, SettingsError, VectorError
from lrt_explorer.lm.decoding import Sampler
from lrt_explorer.lm.generate import ArmsStep, generate_arms, generate_batch, next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from tests.lm.conftest import own_hooks
from tests.lm.families import TEXTS, WIDTH, tiny_lm

PROMPT = "The old sailor"
NEW_TOKENS = 12


@pytest.fixture
def additions() -> Tensor:
    vectors = 2 * torch.randn(4, WIDTH, generator=torch.Generator().manual_seed(1))
    vectors[0] = 0
    return vectors


def arms(lm: LanguageModel, additions: Tensor, temperature: float = 0.0, seed: int = 0) -> list[ArmsStep]:
    return list(generate_arms(lm, PROMPT, 1, additions, max_new_tokens=NEW_TOKENS, temperature=temperature, seed=seed))


def written(steps: list[ArmsStep], arm: int) -> list[int]:
    return [token for step in steps if (token := step.token_ids[arm]) is not None]


def ending_with(lm: LanguageModel, token: int) -> LanguageModel:
    """The same model, which takes a token of our choice for the end of a text."""
    lm.model.generation_config.eos_token_id = [2, token]
    return lm


def test_steps_count_up_texts_only_grow_and_the_last_one_says_so(llama: LanguageModel, additions: Tensor) -> None:
    steps = arms(llama, additions)
    assert [step.step for step in steps] == list(range(NEW_TOKENS))
    assert [step.done for step in steps] == [False] * (NEW_TOKENS - 1) + [True]
    for before, after in pairwise(steps):
        for old, new in zip(before.texts, after.texts, strict=True):
            assert new.startswith(old)
    assert len(set(steps[-1].texts)) == 4


def test_texts_are_what_the_tokens_spell(llama: LanguageModel, additions: Tensor) -> None:
    steps = arms(llama, additions)
    prompt = llama.tokenizer(PROMPT)["input_ids"]
    for arm, text in enumerate(steps[-1].texts):
        whole = str(llama.tokenizer.decode(prompt + written(steps, arm), skip_special_tokens=True))
        assert whole.removeprefix(PROMPT).rstrip("\N{REPLACEMENT CHARACTER}") == text.rstrip(
            "\N{REPLACEMENT CHARACTER}"
        )


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.5])
def test_equal_arms_write_equal_tokens_at_any_temperature(llama: LanguageModel, temperature: float) -> None:
    vector = torch.randn(1, WIDTH, generator=torch.Generator().manual_seed(5))
    for addition in (vector, torch.zeros(1, WIDTH)):
        steps = arms(llama, addition.expand(3, -1), temperature, seed=4)
        assert written(steps, 0) == written(steps, 1) == written(steps, 2)


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_the_unsteered_arm_does_not_see_the_others(llama: LanguageModel, additions: Tensor, temperature: float) -> None:
    steered = arms(llama, additions, temperature, seed=1)
    unsteered = arms(llama, torch.zeros_like(additions), temperature, seed=1)
    assert written(steered, 0) == written(unsteered, 0)
    assert written(steered, 1) != written(unsteered, 1)


def test_the_seed_decides_the_sample(llama: LanguageModel, additions: Tensor) -> None:
    def texts(seed: int) -> tuple[str, ...]:
        return arms(llama, additions, temperature=1.0, seed=seed)[-1].texts

    assert texts(7) == texts(7)
    assert texts(7) != texts(8)
    assert texts(-1) != texts(2**80), "any integer is a seed"


def test_sampling_neither_reads_nor_changes_the_random_state_of_the_process(
    llama: LanguageModel, additions: Tensor
) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    arms(llama, additions, temperature=1.0)
    assert torch.equal(torch.rand(3), expected)


def test_a_sample_at_a_small_temperature_is_the_greedy_text(llama: LanguageModel, additions: Tensor) -> None:
    assert arms(llama, additions, temperature=1e-6)[-1].texts == arms(llama, additions)[-1].texts


def test_sampled_tokens_have_the_probabilities_of_the_softmax() -> None:
    logits = torch.tensor([[0.0, 1.0, 2.0, -1.0]])
    for temperature in (0.5, 1.0, 2.0):
        sampler = Sampler([PROMPT], temperature, seed=0)
        draws = 4000
        counts = torch.zeros(4)
        for _ in range(draws):
            counts[sampler.choose(logits)[0]] += 1
        expected = torch.softmax(logits[0] / temperature, dim=0)
        spread = (expected * (1 - expected) / draws).sqrt()
        assert ((counts / draws - expected).abs() < 4 * spread).all()


def test_prompts_do_not_share_their_noise() -> None:
    """Else two prompts after which all is equally likely would be continued alike, and err alike."""
    lm = tiny_lm("llama")
    with torch.no_grad():
        lm.model.get_output_embeddings().weight.zero_()
    same = generate_batch(lm, [PROMPT, PROMPT], max_new_tokens=NEW_TOKENS, temperature=1.0)
    other = generate_batch(lm, [PROMPT, PROMPT + "s"], max_new_tokens=NEW_TOKENS, temperature=1.0)
    assert same[0] == same[1]
    assert other[0] == same[0]
    assert other[0] != other[1]


def test_a_batch_of_one_prompt_writes_what_the_arms_write(llama: LanguageModel, additions: Tensor) -> None:
    for temperature in (0.0, 1.0):
        expected = arms(llama, additions, temperature, seed=3)[-1].texts
        texts = generate_batch(
            llama, [PROMPT] * 4, 1, additions, max_new_tokens=NEW_TOKENS, temperature=temperature, seed=3
        )
        assert tuple(texts) == expected


def test_large_batches_are_split_without_a_trace(llama: LanguageModel, additions: Tensor) -> None:
    prompts = [*TEXTS, PROMPT]
    many = torch.cat([additions, additions])[:6]
    whole = generate_batch(llama, prompts, 1, many, max_new_tokens=NEW_TOKENS, temperature=0.8)
    assert generate_batch(llama, prompts, 1, many, max_new_tokens=NEW_TOKENS, temperature=0.8, batch_rows=2) == whole
    together = next_token_logprobs(llama, prompts, 1, many)
    torch.testing.assert_close(next_token_logprobs(llama, prompts, 1, many, batch_rows=2), together)


def test_an_arm_that_ends_keeps_its_text_while_the_others_go_on(additions: Tensor) -> None:
    lm = tiny_lm("llama")
    before = arms(lm, additions)
    last = written(before, 1)[2]
    assert last not in written(before, 0), "the arm to go on would end as well"
    steps = arms(ending_with(lm, last), additions)
    assert written(steps, 1) == written(before, 1)[:2]
    assert [step.token_ids[1] for step in steps[2:]] == [None] * (len(steps) - 2)
    assert written(steps, 0) == written(before, 0)
    assert steps[-1].texts[0] == before[-1].texts[0]
    assert before[-1].texts[1].startswith(steps[-1].texts[1])


def test_all_arms_ended_end_the_generation(additions: Tensor) -> None:
    lm = tiny_lm("llama")
    first = written(arms(lm, additions[:1]), 0)[0]
    steps = arms(ending_with(lm, first), additions[:1])
    assert steps == [ArmsStep(0, (None,), ("",), True)]
    assert generate_batch(lm, [PROMPT], max_new_tokens=5) == [""]


def test_writing_ends_where_the_context_is_full(llama: LanguageModel) -> None:
    steps = list(generate_arms(llama, PROMPT * 8, 1, torch.zeros(1, WIDTH), max_new_tokens=1000))
    prompt = len(llama.tokenizer(PROMPT * 8)["input_ids"])
    assert len(steps) == llama.context - prompt
    assert steps[-1].done


def test_closing_midway_leaves_nothing_behind(llama: LanguageModel, additions: Tensor) -> None:
    expected = arms(llama, additions)[-1].texts
    steps = generate_arms(llama, PROMPT, 1, additions, max_new_tokens=NEW_TOKENS)
    for _ in range(3):
        next(steps)
    assert not own_hooks(llama.blocks[1]), "a hook is set between two steps"
    steps.close()
    assert not own_hooks(llama.blocks[1])
    assert arms(llama, additions)[-1].texts == expected


def test_an_error_in_the_model_leaves_nothing_behind(additions: Tensor) -> None:
    lm = tiny_lm("llama")
    steps = generate_arms(lm, PROMPT, 1, additions, max_new_tokens=NEW_TOKENS)
    next(steps)

    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    handle = lm.blocks[2].register_forward_hook(fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        next(steps)
    handle.remove()
    assert not own_hooks(lm.blocks[1])
    assert len(arms(lm, additions)) == NEW_TOKENS


def test_visitors_take_turns_and_none_changes_another_s_text(llama: LanguageModel, additions: Tensor) -> None:
    """Two generations advance in turn, one of them from changing threads, as a web server would drive it."""
    expected = [arms(llama, additions)[-1].texts, arms(llama, -additions)[-1].texts]
    first = generate_arms(llama, PROMPT, 1, additions, max_new_tokens=NEW_TOKENS)
    second = generate_arms(llama, PROMPT, 1, -additions, max_new_tokens=NEW_TOKENS)
    seen: list[tuple[str, ...]] = [(), ()]

    def advance() -> None:
        seen[0] = next(first).texts

    for _ in range(NEW_TOKENS):
        thread = threading.Thread(target=advance)
        thread.start()
        seen[1] = next(second).texts
        thread.join()
    assert seen == expected


def test_a_generation_that_nobody_advances_keeps_nobody_waiting(llama: LanguageModel, additions: Tensor) -> None:
    expected = next_token_logprobs(llama, [PROMPT])
    steps = generate_arms(llama, PROMPT, 1, additions, max_new_tokens=NEW_TOKENS)
    next(steps)
    results: list[Tensor] = []
    thread = threading.Thread(target=lambda: results.append(next_token_logprobs(llama, [PROMPT])))
    started = time.monotonic()
    thread.start()
    thread.join(timeout=30)
    assert not thread.is_alive()
    assert time.monotonic() - started < 30
    assert torch.equal(results[0], expected)
    steps.close()


def test_log_probabilities_sum_to_one_and_can_be_changed(llama: LanguageModel) -> None:
    logprobs = next_token_logprobs(llama, TEXTS)
    assert logprobs.dtype == torch.float32
    torch.testing.assert_close(logprobs.exp().sum(1), torch.ones(len(TEXTS)))
    logprobs += 1


def test_no_prompts_give_nothing(llama: LanguageModel) -> None:
    assert generate_batch(llama, [], max_new_tokens=3) == []
    assert len(next_token_logprobs(llama, [])) == 0


ZEROS = torch.zeros(1, WIDTH)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda lm: generate_arms(lm, "", 1, ZEROS, max_new_tokens=3), PromptError, "the prompt is empty"),
        (lambda lm: generate_arms(lm, " \n", 1, ZEROS, max_new_tokens=3), PromptError, "the prompt is empty"),
        (lambda lm: generate_arms(lm, "sea " * 12500, 1, ZEROS, max_new_tokens=3), PromptError, "reads at most 95"),
        (lambda lm: generate_arms(lm, "a", 9, ZEROS, max_new_tokens=3), SettingsError, "blocks 0 to 2"),
        (lambda lm: generate_arms(lm, "a", 1, ZEROS[:0], max_new_tokens=3), SettingsError, "no arm"),
        (lambda lm: generate_arms(lm, "a", 1, ZEROS, max_new_tokens=0), SettingsError, "at least 1"),
        (lambda lm: generate_arms(lm, "a", 1, ZEROS, max_new_tokens=3, temperature=-1), SettingsError, "temperature"),
        (
            lambda lm: generate_arms(lm, "a", 1, ZEROS, max_new_tokens=3, temperature=float("nan")),
            SettingsError,
            "temperature",
        ),
        (lambda lm: generate_arms(lm, "a", 1, ZEROS / 0, max_new_tokens=3), VectorError, "not finite"),
        (lambda lm: generate_batch(lm, ["a", "b"], 1, ZEROS, max_new_tokens=3), SettingsError, "1 additions for 2"),
        (lambda lm: generate_batch(lm, ["a", ""], max_new_tokens=3), PromptError, "the prompt is empty"),
        (lambda lm: generate_batch(lm, ["a"], 1, None, max_new_tokens=3), SettingsError, "both"),
        (lambda lm: next_token_logprobs(lm, ["a"], None, ZEROS), SettingsError, "both"),
        (lambda lm: next_token_logprobs(lm, ["a", "b", "c"], 1, ZEROS), SettingsError, "1 additions for 3"),
        (lambda lm: next_token_logprobs(lm, ["sea " * 12500]), PromptError, "shorten it"),
    ],
)
def test_wrong_input_is_refused_at_the_call_with_one_sentence(
    llama: LanguageModel, call: object, kind: type[LRTError], said: str
) -> None:
    assert callable(call)
    with pytest.raises(kind, match=said) as caught:
        call(llama)
    assert "\n" not in str(caught.value)


def test_the_laws_hold_for_a_real_checkpoint(stories: LanguageModel) -> None:
    vectors = torch.randn(4, stories.width, generator=torch.Generator().manual_seed(0))
    vectors[0] = 0

    def texts(rows: Tensor, use_cache: bool = True) -> tuple[str, ...]:
        steps = generate_arms(stories, "Once upon a time", 2, rows, max_new_tokens=40, use_cache=use_cache)
        return list(steps)[-1].texts

    together = texts(vectors)
    assert together == texts(vectors, use_cache=False)
    assert together == tuple(texts(vectors[arm : arm + 1])[0] for arm in range(4))
    assert len(set(together)) > 1
    assert all(text.startswith((" ", ",")) for text in together), "the space before the first new word is lost"
