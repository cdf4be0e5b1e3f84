"""Who scores a generated text, what of it a judge is shown, and the score."""

import re

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.scorers import Scorer, classifier_identity, make_scorer
from lrt_explorer.concepts.scoring import ClassifierLabel, ScorerChoice, known_judge
from lrt_explorer.tinyworld.judge import SCORERS

_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)]*\s+")


def judged_text(prompt: str, continuation: str) -> str:
    """The continuation together with the sentence that the prompt leaves unfinished.

    A fact needs its question ("the capital of France is" + " Paris"), but the whole sentences of the prompt are not the
    model's own words and would pull every arm's score towards each other.
    """
    ends = [match.end() for match in _SENTENCE_END.finditer(prompt)]
    tail = prompt[ends[-1] if ends else 0 :]
    if re.search(r"[.!?…][\"'”’)]*$", tail.rstrip()):
        tail = ""
    return (tail + continuation).strip()


def text_scorer(choice: ScorerChoice | None) -> Scorer | None:
    """What scores texts; None where nothing was chosen.

    A judge of the small world sees the continuation with the sentence that the prompt leaves unfinished, every other
    scorer the continuation alone.

    Raises:
        SettingsError: if there is no such judge, or its classifier has no such label.
        ModelError: if its classifier cannot be loaded.
    """
    if choice is None:
        return None
    if not isinstance(choice, str):
        return make_scorer(choice)
    judge = SCORERS[known_judge(choice)]
    return lambda prompt, continuation: judge(judged_text(prompt, continuation))


def scorer_identity(choice: ScorerChoice | None) -> object:
    """What tells two scorers apart beyond what they are called by, as JSON; raises what `text_scorer` raises.

    A classifier is known by its weights, for a name may come to mean others.
    """
    text_scorer(choice)
    return list(classifier_identity(choice)) if isinstance(choice, ClassifierLabel) else None


def judged_score(contrast: ContrastSet, prompt: str, continuation: str) -> float | None:
    """The score of the concept's own scorer in [0, 1]; None without one, or where the text holds no evidence.

    Raises what `text_scorer` raises.
    """
    scorer = text_scorer(contrast.scorer)
    return None if scorer is None else scorer(prompt, continuation)
