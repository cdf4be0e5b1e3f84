"""A chat model reads texts and prompts as its own replies; any other model reads them as they stand."""

import copy
from dataclasses import replace
from functools import cache

import pytest
import torch

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt
from lrt_explorer.concepts.reading import read_pairs, texts_read
from lrt_explorer.concepts.readout import answer_readout, settle
from lrt_explorer.errors import ModelError
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.chat import Framed, framed, unframed
from lrt_explorer.lm.generate import generate_arms
from lrt_explorer.lm.load import wrap_model
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode, prompt_tokens
from lrt_explorer.study.compare import compare
from lrt_explorer.study.evaluation.arms import ConceptArms
from lrt_explorer.study.evaluation.baseline import baseline_prompt
from lrt_explorer.study.evaluation.dose import Sampling, score_response
from lrt_explorer.study.evaluation.measure import measure, read_both
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.fitting.fit import fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.arm_directions import Direction
from lrt_explorer.study.steering.steer_spec import SteerSpec
from tests.study.tiny import PROMPTS, small, texts

TEMPLATE = (
    "<s>{% for message in messages %}[{{ message['role'] }}]{{ message['content'] }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}"
)
BEFORE = "<s>[user]How was it?[assistant]"
SET = ContrastSet(
    "mood",
    (("The sun shone.", "The rain fell."), ("She laughed.", "She wept.")),
    prompts=PROMPTS[:2],
    ask="How was it?",
    pair_asks=(None, "And she?"),
)


@cache
def chatting(template: str = TEMPLATE) -> LanguageModel:
    """`small` with a template, and with a tokenizer that begins every other text with a special token."""
    tokenizer = copy.deepcopy(small().tokenizer)
    tokenizer.chat_template = template
    return wrap_model("tiny-chat", small().model, tokenizer)


def test_the_frame_is_the_template_up_to_the_reply_and_only_the_reply_is_text() -> None:
    text = framed(chatting(), "How was it?", "The sun shone.")
    assert isinstance(text, Framed)
    assert text == BEFORE + "The sun shone."
    assert (text.frame, text.own, text.ask) == (BEFORE, "The sun shone.", "How was it?")
    encoded = encode(chatting(), [text, "The rain fell."])
    assert chatting().tokenizer.decode(encoded.ids[0][~encoded.special[0]]) == "The sun shone."
    assert chatting().tokenizer.decode(encoded.ids[1][~encoded.special[1]]) == "The rain fell."
    ids = prompt_tokens(chatting(), text)
    assert ids.count(chatting().tokenizer.bos_token_id) == 1, "the template has spelled it; no second one is added"


def test_without_a_template_or_a_message_a_text_is_read_as_it_stands() -> None:
    assert framed(small(), "How was it?", "It rained.") == "It rained."
    assert framed(chatting(), None, "It rained.") == "It rained."
    assert not isinstance(framed(chatting(), None, "It rained."), Framed)
    assert texts_read(small(), SET, "all-tokens") == [text for pair in SET.pairs for text in pair]


def test_a_frame_survives_what_is_done_to_prompts() -> None:
    text = framed(chatting(), "How was it?", "The sun")
    longer = text + " shone."
    assert isinstance(text, Framed) and isinstance(longer, Framed)
    assert longer.own == "The sun shone." and longer.start == text.start
    assert longer.cut(text.start + 3).own == "The" and longer.cut(text.start + 3).frame == BEFORE
    copied = copy.deepcopy(longer)
    assert copied == longer and copied.own == longer.own
    assert unframed(longer) == "The sun shone." and unframed("plain") == "plain"


def test_a_template_that_refuses_gets_one_sentence() -> None:
    refusing = chatting("{{ raise_exception('no users here') }}")
    with pytest.raises(ModelError, match=r"refuses a conversation .*no users here"):
        framed(refusing, "How was it?", "It rained.")


def test_pairs_are_read_as_replies_to_their_own_message_or_that_of_the_set() -> None:
    read = texts_read(chatting(), SET, "all-tokens")
    assert read[0] == BEFORE + "The sun shone."
    assert read[3] == "<s>[user]And she?[assistant]She wept."
    states = capture(chatting(), encode(chatting(), [read[0]]), [1])[1][0]
    own = ~encode(chatting(), [read[0]]).special[0]
    expected = states[own].double()
    found = read_pairs(chatting(), SET, [1], "last-token")[1].positive[0]
    assert torch.allclose(found, expected[-1], atol=1e-5)
    plain = read_pairs(small(), SET, [1], "last-token")[1].positive[0]
    assert not torch.allclose(found, plain, atol=1e-2)


def test_readouts_follow_the_rendered_prompt() -> None:
    by_hand = [replace(p, text=BEFORE + p.text, ask=None) for p in SET.prompts]
    # The plain string is given the special token that the frame has spelled.
    stripped = [replace(p, text=p.text.removeprefix("<s>")) for p in by_hand]
    bare = wrap_model("tiny-bare", small().model, small().tokenizer)
    spelled = answer_readout(chatting(), SET.prompts)
    whole = [prompt_tokens(chatting(), p.text) for p in settle(chatting(), SET.prompts)]
    assert all(chatting().tokenizer.decode(ids) == p.text for ids, p in zip(whole, by_hand, strict=True))
    assert torch.allclose(spelled, answer_readout(bare, by_hand), atol=1e-4)
    assert not torch.allclose(spelled, answer_readout(bare, stripped), atol=1e-2)
    assert torch.equal(answer_readout(small(), SET.prompts), answer_readout(small(), PROMPTS[:2]))


def test_answers_that_begin_alike_are_parted_within_the_frame() -> None:
    question = ReadoutPrompt("It was", (" (A)",), (" (B)",), ask="How was it?")
    settled = settle(chatting(), [question])[0]
    assert isinstance(settled.text, Framed) and settled.text.frame == BEFORE
    assert settled.text.own.startswith("It was") and settled.text.own != "It was"
    assert settled.text.own + settled.positive[0] == "It was (A)"


def test_a_prompt_that_is_typed_answers_the_message_of_the_set() -> None:
    own = replace(SET, prompts=(replace(PROMPTS[0], ask="Who ran?"), PROMPTS[1]))
    assert own.ask_before(PROMPTS[0].text) == "Who ran?"
    assert own.ask_before(PROMPTS[1].text) == own.ask_before("typed") == "How was it?"
    assert replace(SET, ask=None, prompts=PROMPTS).ask_before("typed") is None


def test_a_scorer_never_sees_the_template() -> None:
    seen: list[str] = []

    def score(prompt: str, text: str) -> float:
        seen.append(prompt)
        return 0.5

    prompts = [framed(chatting(), SET.ask, prompt.text) for prompt in SET.prompts]
    vectors = {"native": torch.ones(small().width)}
    finish(
        score_response(
            chatting(), 1, vectors, prompts, score, 1.0, strengths=(-0.1, 0.1), sampling=Sampling(max_new_tokens=2)
        )
    )
    assert set(seen) == {prompt.text for prompt in SET.prompts}


def test_the_prompt_baseline_asks_in_the_user_message() -> None:
    asked = baseline_prompt(chatting(), SET, framed(chatting(), SET.ask, "Well,"), 3)
    assert asked == "<s>[user]How was it?\n\nAnswer in the manner of: with.[assistant]Well,"


def test_a_comparison_with_a_chat_model_writes_replies() -> None:
    pair = Pair(small=small(), large=chatting())
    fitted = finish(fit_map(pair, texts(), (1, 1), FitSettings(tokens=2000)))
    spec = SteerSpec(concept=SET, prompt="The cook", strength=0.5, max_new_tokens=6, temperature=0.0)
    comparison = finish(compare(pair, fitted, spec))
    read = framed(chatting(), SET.ask, "The cook")
    alone = list(generate_arms(chatting(), read, 1, torch.zeros(1, 16), max_new_tokens=6))[-1].texts[0]
    assert comparison.prompt == "The cook" and comparison.arms[0].text == alone


def test_an_evaluation_reads_replies_and_reports_what_people_wrote() -> None:
    native = Direction("native", "native", torch.ones(16))
    arms = ConceptArms((native,), TypicalDeviation(1.0), (-0.1, 0.0, 0.1), 1.0, 1.0)
    settings = EvaluationSettings(strengths=(-0.1, 0.1), prompts=2)
    neutral = read_both(chatting(), 1, ["The cook saw a cow."])
    measured = finish(measure(chatting(), 1, SET, arms, neutral, settings))
    assert measured.prompts == tuple(prompt.text for prompt in SET.prompts)
    assert not any(isinstance(prompt, Framed) for prompt in measured.prompts)
    assert measured.unsteered == pytest.approx(answer_readout(chatting(), SET.prompts).numpy(), abs=1e-3)
