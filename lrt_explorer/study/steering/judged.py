"""What scores a generated text, and the score."""

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.scorers import make_scorer
from lrt_explorer.concepts.sets.scorer_kinds import Scorer
from lrt_explorer.concepts.sets.scoring import ScorerChoice


def text_scorer(choice: ScorerChoice | None) -> Scorer | None:
    """What scores texts; None where nothing was chosen.

    A judge of the small world sees the continuation with the sentence that the prompt leaves unfinished, every other
    scorer the continuation alone.

    Raises:
        SettingsError: if there is no such judge, or its classifier has no such label.
        ModelError: if its classifier cannot be loaded.
    """
    return None if choice is None else make_scorer(choice)


def judged_score(contrast: ContrastSet, prompt: str, continuation: str) -> float | None:
    """The score of the concept's own scorer in [0, 1]; None without one, or where the text holds no evidence.

    Raises what `text_scorer` raises.
    """
    scorer = text_scorer(contrast.scorer)
    return None if scorer is None else scorer(prompt, continuation)
