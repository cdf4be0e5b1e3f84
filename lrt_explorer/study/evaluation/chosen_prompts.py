"""Which prompts of a concept are evaluated, each of them once, and which are kept back."""

from collections.abc import Sequence

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt

HELD_BACK = 8
"""Prompts that no evaluation reads out, where there are three times as many: rivals are made of their answers."""


def evaluated_prompts(concept: ContrastSet, most: int) -> tuple[ReadoutPrompt, ...]:
    """The first prompts of a concept, each once: a prompt that is told twice knows nothing that it did not know once.

    Args:
        concept: the concept.
        most: how many, at most; those that `held_back_prompts` gives stay out in any case.
    """
    prompts = _distinct(concept)
    return prompts[: min(most, len(prompts) - _kept_back(prompts))]


def held_back_prompts(concept: ContrastSet, most: int) -> tuple[ReadoutPrompt, ...]:
    """The prompts that `evaluated_prompts` leaves."""
    return _distinct(concept)[len(evaluated_prompts(concept, most)) :]


def prompts_in_pairs(concept: ContrastSet, prompts: Sequence[ReadoutPrompt]) -> tuple[str, ...]:
    """Those that stand in a text of the pairs, so that the vector has seen them."""
    texts = [text for pair in concept.pairs for text in pair]
    return tuple(prompt.text for prompt in prompts if any(prompt.text in text for text in texts))


def forms(prompts: Sequence[ReadoutPrompt]) -> tuple[str, ...]:
    """The form of each prompt: what its set says, else the first prompt that it differs from by single words.

    So all prompts that fill one gap in one sentence are of one form. The message that a prompt answers is a part of it:
    answers that begin alike to thirty questions are of thirty forms. One word alone is no sentence with a gap.
    """
    first: dict[tuple[str, ...], int] = {}
    group = list(range(len(prompts)))

    def root(number: int) -> int:
        while group[number] != number:
            number = group[number]
        return number

    for number, prompt in enumerate(prompts):
        words = _whole(prompt).split()
        for gap in range(len(words) if len(words) > 1 else 0):
            other = root(first.setdefault((*words[:gap], "", *words[gap + 1 :]), number))
            own = root(number)
            group[max(own, other)] = min(own, other)
    return tuple(prompt.form or _whole(prompts[root(number)]) for number, prompt in enumerate(prompts))


def _whole(prompt: ReadoutPrompt) -> str:
    return prompt.text if prompt.ask is None else f"{prompt.ask} {prompt.text}"


def _distinct(concept: ContrastSet) -> tuple[ReadoutPrompt, ...]:
    distinct: dict[tuple[str | None, str], ReadoutPrompt] = {}
    for prompt in concept.prompts:
        distinct.setdefault((prompt.ask, prompt.text), prompt)
    return tuple(distinct.values())


def _kept_back(prompts: Sequence[ReadoutPrompt]) -> int:
    return HELD_BACK if len(prompts) >= 3 * HELD_BACK else 0
