"""A scorer as another package brings it: everything of it in this file."""

from lrt_explorer.concepts.scorer_kinds import Scorer, ScorerKind
from lrt_explorer.errors import SettingsError


def length_scorer(words: str) -> Scorer:
    """1 for a text of at least so many words, less for a shorter one."""
    if not words.isdigit() or int(words) == 0:
        raise SettingsError(f"{words!r} is no number of words; write one, as in length:20")

    def score(prompt: str, continuation: str) -> float | None:
        return min(1.0, len(continuation.split()) / int(words)) if continuation.strip() else None

    return score


LENGTH = ScorerKind(
    name="length",
    label="Length",
    unit="share of the words asked for",
    help="whether a text is as long as so many words",
    function=length_scorer,
    form="WORDS",
)
