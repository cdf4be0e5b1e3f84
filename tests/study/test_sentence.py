"""The sentence says what the numbers say, and nothing else."""

from dataclasses import replace

import pytest

from lrt_explorer.study.compare import Arm, Comparison
from lrt_explorer.study.sentence import effects, sentence

AT = {
    "small": "tinyworld-s",
    "large": "models/tinyworld-l",
    "concept": "register",
    "positive_label": "pirate",
    "negative_label": "plain",
    "readout_unit": "nats",
}
Numbers = tuple[float | None, float | None, float | None, float | None]


def compared(
    readouts: Numbers, scores: Numbers = (None, None, None, None), strength: float = 0.3, **more: object
) -> Comparison:
    names = ("unsteered", "native", "transferred", "random")
    arms = tuple(Arm(*(name, "", (), (), s, r)) for name, r, s in zip(names, readouts, scores, strict=True))
    return Comparison("The", strength, strength, arms, AT | more)  # type: ignore[arg-type]


def test_a_transfer_is_told_with_its_unit_and_its_controls() -> None:
    assert sentence(compared((-4.0, -1.9, -1.7, -4.06))) == (
        "The small model’s vector moved tinyworld-l by +2.3 nats towards “pirate”; the large model’s own vector +2.1; "
        "a random one −0.06."
    )


def test_a_negative_strength_is_told_towards_the_other_end() -> None:
    said = sentence(compared((0.0, -2.1, -2.3, 0.1), strength=-0.3))
    assert "by +2.3 nats towards “plain”" in said and "’s own vector +2.1; a random one −0.10." in said


@pytest.mark.parametrize(
    ("readouts", "outcome", "words"),
    [
        ((0.0, 2.0, 1.0, 0.0), "transfers", "moved tinyworld-l by +1.0 nats"),
        ((0.0, 2.0, 0.9, 0.0), "partly", "moved tinyworld-l by only +0.90 nats towards “pirate”; the large model’s "),
        ((0.0, 2.0, 0.05, 0.0), "not transferred", "It does not transfer here: the small model’s vector did next to n"),
        ((0.0, 2.0, 0.4, -0.5), "not transferred", "did no more than a random one, +0.40 nats"),
        ((0.0, 2.0, -0.9, 0.1), "backwards", "the wrong way, −0.90 nats towards “pirate”"),
        ((0.0, 0.05, 1.0, 0.0), "no native effect", "Nothing can transfer here: tinyworld-l’s own vector did next to"),
        ((0.0, -2.0, -1.8, 0.0), "backwards", "the wrong way"),
    ],
)
def test_what_does_not_transfer_is_said_as_plainly(readouts: Numbers, outcome: str, words: str) -> None:
    comparison = compared(readouts)
    assert effects(comparison).outcome == outcome
    assert words in sentence(comparison)


def test_without_a_readout_the_score_is_told() -> None:
    said = sentence(compared((None, None, None, None), (0.1, 0.6, 0.5, 0.11)))
    assert "by +0.40 points of score towards “pirate”; the large model’s own vector +0.50; a random one" in said


def test_without_any_number_the_sentence_says_so() -> None:
    comparison = compared((None, None, None, None))
    assert effects(comparison).outcome == "silent" and "judge them by reading" in sentence(comparison)
    assert "−0.0" not in sentence(compared((0.0, -1e-9, -1e-9, -1e-9)))


def test_at_strength_0_nothing_is_claimed() -> None:
    assert sentence(compared((0.0, 0.0, 0.0, 0.0), strength=0)).startswith("At strength 0 nothing is added")


def test_vectors_of_ones_own_are_named_as_such() -> None:
    said = sentence(compared((0.0, 2.0, 1.9, 0.0), small_vector="mood (by hand)", large_vector="mood (by hand)"))
    assert said.startswith("Your vector, mapped, moved") and "your vector for it +2.0" in said
    said = sentence(compared((0.0, 0.05, 1.0, 0.0), large_vector="mood (by hand)"))
    assert said.startswith("Nothing can transfer here: your vector for tinyworld-l did next to nothing")


def test_arms_that_are_missing_are_left_out_of_the_sentence() -> None:
    whole = compared((0.0, 2.0, 1.9, 0.0))
    some = replace(whole, arms=tuple(arm for arm in whole.arms if arm.name in ("unsteered", "transferred")))
    assert sentence(some) == "The small model’s vector moved tinyworld-l by +1.9 nats towards “pirate”."
