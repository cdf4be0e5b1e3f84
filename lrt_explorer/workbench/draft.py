"""A contrast set as it is typed into fields, on its way to a set; pure, so that it is tested without a screen."""

from dataclasses import dataclass, replace

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt
from lrt_explorer.concepts.formats.columns import paste_contrast
from lrt_explorer.errors import ContrastError


@dataclass(frozen=True)
class Draft:
    """What stands in the fields.

    Attributes:
        name: of the concept.
        high, low: what its two ends are called, with and without the behaviour; "" for just that.
        pairs: one pair a line, with a tab or " | " between the two texts.
        prompts: readout prompts, one per line.
        high_answers, low_answers: words that follow a prompt at each end, separated by commas.
    """

    name: str
    high: str
    low: str
    pairs: str
    prompts: str
    high_answers: str
    low_answers: str


def drafted(draft: Draft) -> ContrastSet:
    """The set that a draft makes.

    Raises:
        ContrastError: in one sentence, naming the field or the line at fault.
    """
    if not draft.name.strip():
        raise ContrastError("the contrast set has no name; give it one")
    if not draft.pairs.strip():
        raise ContrastError("there are no pairs yet; write one per line, with ' | ' or a tab between the two texts")
    contrast = paste_contrast(draft.pairs, draft.name.strip())
    high, low = draft.high.strip() or "with", draft.low.strip() or "without"
    if high == low:
        raise ContrastError(f"both ends are called {high!r}; give them different names")
    return replace(
        contrast,
        description=f"{low} or {high}",
        positive_label=high,
        negative_label=low,
        prompts=_prompts(draft),
    )


def _prompts(draft: Draft) -> tuple[ReadoutPrompt, ...]:
    texts = tuple(dict.fromkeys(line.strip() for line in draft.prompts.splitlines() if line.strip()))
    high, low = _answers(draft.high_answers), _answers(draft.low_answers)
    if not texts:
        if high or low:
            raise ContrastError("answers need a prompt before them; write at least one, or leave the answers out")
        return ()
    if not high:
        raise ContrastError(
            "the prompts have no answers with the behaviour; write some words, or leave the prompts out"
        )
    if both := set(high) & set(low):
        raise ContrastError(f"the answer {min(both).strip()!r} is on both sides; keep it on one")
    return tuple(ReadoutPrompt(text, high, low) for text in texts)


def _answers(words: str) -> tuple[str, ...]:
    """Words as they follow a prompt: after a space."""
    return tuple(dict.fromkeys(f" {word.strip()}" for word in words.split(",") if word.strip()))
