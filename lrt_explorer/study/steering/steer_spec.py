"""What a comparison is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.concepts.methods import METHODS, Method, check_finding
from lrt_explorer.concepts.sets.scoring import ScorerChoice
from lrt_explorer.defaults import MAX_NEW_TOKENS, READING, SEED, STRENGTH, TEMPERATURE
from lrt_explorer.linear.steering import SteeringVector
from lrt_explorer.study.steering.also import Also
from lrt_explorer.study.steering.arms import OTHER_LAYERS, PANES, chosen_arms
from lrt_explorer.study.steering.brought import Side


@dataclass(frozen=True, kw_only=True)
class SteerSpec:
    """What is steered, how the vectors are found, and how the texts are written.

    Attributes:
        concept: a set, the name of one that ships for the pair, or the path of its file.
        prompt: start of all texts; None for the first that suits the concept.
        strength: in typical deviations; None for the calibrated one.
        seed: of the sampling.
        temperature: 0 is greedy; None for what suits the pair.
        max_new_tokens: length of each text.
        reading: where the vectors are read, "all-tokens", "last-token" or "token-K"; None, or "", for what the concept
            prefers.
        method: how they are found, "mean-difference" or "principal-component".
        whiten: whether they are found in whitened activations.
        as_in_paper: whether the map's bias is added to the direction too (arXiv 2506.00653).
        equal_cost: whether every other arm gets the strength that costs as much as the native vector.
        scorer: what scores the texts; None for the concept's own scorer.
        vectors: vectors that take the place of the concept's own, of the "small" or the "large" model, or the
            "transferred" one; or their folder, as `take_vectors` reads it; "" for none.
        arms: which are written, as `chosen_arms` takes them.
        also: what is steered beside the concept, (concept, strength) each; a strength of 0 leaves it out. The vectors
            are found as that of the concept is, and every arm adds them in its own way.
        ask: a user message that the texts answer, in the chat template of the large model; they then begin with the
            prompt, if there is one. None for what the concept asks, where it asks anything.
        other_layers: a small and a large one, where the arm of that name is found and added; None for one block lower.
        per_token: whether the odds of every token are told, which takes two passes more for each arm.

    Raises:
        SettingsError: if there is no such reading, method or arm.
    """

    concept: str | ContrastSet
    prompt: str | None = None
    strength: float | None = STRENGTH
    seed: int = SEED
    temperature: float | None = TEMPERATURE
    max_new_tokens: int = MAX_NEW_TOKENS
    reading: Reading | None = READING
    method: Method = METHODS.default
    whiten: bool = False
    as_in_paper: bool = False
    equal_cost: bool = False
    scorer: ScorerChoice | None = None
    vectors: str | Mapping[Side, SteeringVector] = ""
    arms: tuple[str, ...] = PANES
    also: Also = ()
    ask: str | None = None
    per_token: bool = False
    other_layers: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        """Refuse what no vector can be found by."""
        if not self.reading:
            object.__setattr__(self, "reading", None)
        object.__setattr__(self, "arms", chosen_arms(self.arms))
        object.__setattr__(self, "also", tuple(one for one in self.also if one[1] != 0))
        object.__setattr__(self, "ask", (self.ask or "").strip() or None)
        if OTHER_LAYERS not in self.arms:
            object.__setattr__(self, "other_layers", None)
        check_finding(self.reading, self.method)
