"""Whether a text reads as broken: by what it repeats, and by how much it surprises the unsteered model."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.lm.likelihood import continuation_nats
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.evaluation.written import repeated_share

REPETITION = 0.2
"""The largest share of three words in a row that have come before in a text that reads well."""
PERPLEXITY_RATIO = 2.0
"""The most that such a text has of the unsteered text's perplexity."""
REPEATS, HARD = "repeats itself", "hard to read"


@dataclass(frozen=True)
class Coherence:
    """How well a text reads.

    Attributes:
        repetition: share of three words in a row that have come before, see `repeated_share`.
        perplexity: of the text under the unsteered model, after the plain prompt; None where no token can be judged.
        remark: how it is broken, "repeats itself" or "hard to read"; "" if it is not.
    """

    repetition: float
    perplexity: float | None
    remark: str


Figures = tuple[float, float | None]
"""Repetition and perplexity of a text, as in `Coherence`."""
_LATELY: BoundedCache[tuple[str, ...], Figures] = BoundedCache(64)


def remark(text: Figures, unsteered: Figures) -> str:
    """What to say of a text: "" unless steering broke it.

    A small model repeats itself without a vector too, and no vector is to blame for that.

    Args:
        text: its figures.
        unsteered: those of the text that the unsteered model wrote after the same prompt.
    """
    (repetition, perplexity), (own_repetition, own_perplexity) = text, unsteered
    if repetition > max(REPETITION, own_repetition):
        return REPEATS
    if perplexity is None or own_perplexity is None:
        return ""
    return HARD if perplexity > PERPLEXITY_RATIO * own_perplexity else ""


def coherence(lm: LanguageModel, prompt: str, texts: Mapping[str, str], unsteered: str) -> dict[str, Coherence]:
    """How well each text reads. Each is judged alone, so that its numbers do not depend on the others.

    What was judged lately is not judged again: the unsteered text stays the same while a slider moves.

    Args:
        lm: the model that judges, unsteered.
        prompt: what every text continues.
        texts: by name.
        unsteered: the name of the text that the others are compared with.
    """
    found: dict[str, Figures] = {}
    for name, text in texts.items():
        key = (lm.reading_mark, str(lm.device), prompt, text)
        if (known := _LATELY.get(key)) is None:
            (nats,) = continuation_nats(lm, [prompt], [text])
            known = repeated_share(text), None if nats is None else math.exp(min(nats, 700.0))
            _LATELY.keep(key, known)
        found[name] = known
    return {name: Coherence(*figures, remark(figures, found[unsteered])) for name, figures in found.items()}
