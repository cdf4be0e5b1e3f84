"""One concept in small integers, with the sums that can be done in the head.

A slope over the strengths −2 … 2 is (2·(r₅ − r₁) + (r₄ − r₂)) / 10, because their squares sum to 10.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.store import MapInfo, PairMap
from lrt_explorer.study.evaluation.case import Case, Controls
from lrt_explorer.study.evaluation.evaluate import Evaluation, EvaluationSettings, evaluate
from lrt_explorer.study.evaluation.holding import Holding
from lrt_explorer.study.evaluation.kept import evaluation_key, keep_measured, kept_folder
from lrt_explorer.study.evaluation.measure import Measured
from lrt_explorer.study.evaluation.written import Passage
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from tests.study.tiny import large, small

STRENGTHS = (-2.0, -1.0, 0.0, 1.0, 2.0)
PROMPTS = ("It rained", "Tom ran", "We saw", "At noon")
NEUTRAL = ("The old", "In the morning the")
UNSTEERED = (-6, -2, 3, 7)
BASELINE = (-3, 4, 5, 12)

EFFECTS = {
    "native": ((-13, -7, 0, 6, 14), (-16, -8, 0, 9, 18), (-24, -13, 0, 11, 23), (-27, -14, 0, 13, 28)),
    "transferred": ((-11, -5, 0, 4, 12), (-15, -8, 0, 7, 15), (-20, -11, 0, 12, 21), (-25, -12, 0, 11, 24)),
    "random 1": ((1, 0, 0, -1, -2), (-2, -1, 0, 1, 3), (2, 2, 0, -1, -1), (0, 1, 0, 0, -1)),
    "random 2": ((3, 1, 0, -2, -4), (-1, 0, 0, 2, 2), (4, 1, 0, 1, -2), (3, 2, 0, -1, -3)),
    "shuffled map 1": ((-4, -2, 0, 1, 4), (-3, -2, 0, 2, 3), (-5, -3, 0, 2, 4), (-2, -1, 0, 2, 3)),
    "shuffled map 2": ((5, 3, 0, -2, -4), (3, 2, 0, -1, -4), (1, 1, 0, -1, -2), (6, 2, 0, -2, -5)),
    "shuffled map 3": ((0, 0, 0, 1, 1), (-1, 0, 0, 0, 1), (1, -1, 0, 0, 0), (0, 0, 0, 1, 3)),
    "permuted labels 1": ((-2, -1, 0, 1, 1), (1, 0, 0, -1, -1), (-1, -1, 0, 0, 2), (-3, -1, 0, 1, 2)),
    "permuted labels 2": ((2, 1, 0, 0, -2), (1, 1, 0, -1, 0), (3, 1, 0, -1, -1), (0, 0, 0, 1, 1)),
    "permuted labels, native 1": ((1, 1, 0, -1, -1), (2, 0, 0, 0, -2), (0, -1, 0, 1, 0), (1, 0, 0, 0, 1)),
    "other concept: tone": ((-3, -2, 0, 1, 1), (2, 1, 0, -1, -2), (-1, 0, 0, 1, 2), (-4, -1, 0, 2, 3)),
    "drawn from the covariance 1": ((-1, 0, 0, 0, 1), (-2, -1, 0, 0, 1), (1, 1, 0, 0, -1), (0, 0, 0, 1, 2)),
    "random texts 1": ((2, 1, 0, -1, -2), (0, 0, 0, 1, 1), (-1, 0, 0, 1, 1), (1, 1, 0, 0, -1)),
    "no map": ((1, 1, 0, -1, 1), (-2, -1, 0, 0, 1), (3, 0, 0, -1, -2), (0, -1, 0, 2, 2)),
    "answer embeddings": ((-9, -4, 0, 4, 8), (-12, -6, 0, 5, 13), (-15, -8, 0, 8, 17), (-20, -9, 0, 10, 19)),
    "native, half 1": ((-12, -6, 0, 6, 13), (-15, -8, 0, 9, 17), (-23, -12, 0, 10, 22), (-26, -13, 0, 13, 26)),
    "native, half 2": ((-13, -6, 0, 5, 12), (-14, -7, 0, 8, 17), (-22, -12, 0, 11, 21), (-25, -13, 0, 12, 27)),
    "native, 2 pairs": ((-6, -3, 0, 2, 7), (-8, -4, 0, 5, 9), (-13, -6, 0, 6, 12), (-14, -7, 0, 6, 15)),
    "native, 8 pairs": ((-10, -5, 0, 5, 11), (-13, -7, 0, 7, 14), (-19, -10, 0, 9, 18), (-22, -11, 0, 11, 23)),
    "native, 32 pairs": ((-12, -6, 0, 6, 12), (-15, -8, 0, 8, 17), (-22, -11, 0, 11, 21), (-25, -13, 0, 12, 26)),
    "native, direct": ((-5, -3, 0, 2, 4), (-4, -1, 0, 2, 4), (-6, -3, 0, 3, 7), (-7, -4, 0, 4, 6)),
    "transferred, direct": ((-4, -3, 0, 2, 3), (-3, -2, 0, 1, 4), (-5, -2, 0, 3, 6), (-6, -3, 0, 2, 5)),
}
"""For each direction and prompt what the strengths add to the unsteered readout."""
OFF_ANSWERS = {
    name: (number % 5 / 8, (number + 1) % 5 / 8, (number + 2) % 5 / 8, number % 3 / 4)
    for number, name in enumerate(EFFECTS)
} | {"native": (1.0, 1.0, 1.0, 1.0)}
"""For each direction and prompt the correlation off the answers."""
SLOPES = {
    # (2·27 + 13)/10, (2·34 + 17)/10, (2·47 + 24)/10, (2·55 + 27)/10
    "native": (6.7, 8.5, 11.8, 13.7),
    # (2·23 + 9)/10, (2·30 + 15)/10, (2·41 + 23)/10, (2·49 + 23)/10
    "transferred": (5.5, 7.5, 10.5, 12.1),
    # (2·−3 − 1)/10, (2·5 + 2)/10, (2·−3 − 3)/10, (2·−1 − 1)/10
    "random 1": (-0.7, 1.2, -0.9, -0.3),
    # (2·−7 − 3)/10, (2·3 + 2)/10, (2·−6 + 0)/10, (2·−6 − 3)/10
    "random 2": (-1.7, 0.8, -1.2, -1.5),
    # (2·8 + 3)/10, (2·6 + 4)/10, (2·9 + 5)/10, (2·5 + 3)/10
    "shuffled map 1": (1.9, 1.6, 2.3, 1.3),
    # (2·−9 − 5)/10, (2·−7 − 3)/10, (2·−3 − 2)/10, (2·−11 − 4)/10
    "shuffled map 2": (-2.3, -1.7, -0.8, -2.6),
    # (2·1 + 1)/10, (2·2 + 0)/10, (2·−1 + 1)/10, (2·3 + 1)/10
    "shuffled map 3": (0.3, 0.4, -0.1, 0.7),
    # (2·3 + 2)/10, (2·−2 − 1)/10, (2·3 + 1)/10, (2·5 + 2)/10
    "permuted labels 1": (0.8, -0.5, 0.7, 1.2),
    # (2·−4 − 1)/10, (2·−1 − 2)/10, (2·−4 − 2)/10, (2·1 + 1)/10
    "permuted labels 2": (-0.9, -0.4, -1.0, 0.3),
    # (2·−2 − 2)/10, (2·−4 + 0)/10, (2·0 + 2)/10, (2·0 + 0)/10
    "permuted labels, native 1": (-0.6, -0.8, 0.2, 0.0),
    # (2·4 + 3)/10, (2·−4 − 2)/10, (2·3 + 1)/10, (2·7 + 3)/10
    "other concept: tone": (1.1, -1.0, 0.7, 1.7),
    # (2·2 + 0)/10, (2·3 + 1)/10, (2·−2 − 1)/10, (2·2 + 1)/10
    "drawn from the covariance 1": (0.4, 0.7, -0.5, 0.5),
    # (2·−4 − 2)/10, (2·1 + 1)/10, (2·2 + 1)/10, (2·−2 − 1)/10
    "random texts 1": (-1.0, 0.3, 0.5, -0.5),
    # (2·0 − 2)/10, (2·3 + 1)/10, (2·−5 − 1)/10, (2·2 + 3)/10
    "no map": (-0.2, 0.7, -1.1, 0.7),
    # (2·17 + 8)/10, (2·25 + 11)/10, (2·32 + 16)/10, (2·39 + 19)/10
    "answer embeddings": (4.2, 6.1, 8.0, 9.7),
    # (2·25 + 12)/10, (2·32 + 17)/10, (2·45 + 22)/10, (2·52 + 26)/10
    "native, half 1": (6.2, 8.1, 11.2, 13.0),
    # (2·25 + 11)/10, (2·31 + 15)/10, (2·43 + 23)/10, (2·52 + 25)/10
    "native, half 2": (6.1, 7.7, 10.9, 12.9),
    # (2·13 + 5)/10, (2·17 + 9)/10, (2·25 + 12)/10, (2·29 + 13)/10
    "native, 2 pairs": (3.1, 4.3, 6.2, 7.1),
    # (2·21 + 10)/10, (2·27 + 14)/10, (2·37 + 19)/10, (2·45 + 22)/10
    "native, 8 pairs": (5.2, 6.8, 9.3, 11.2),
    # (2·24 + 12)/10, (2·32 + 16)/10, (2·43 + 22)/10, (2·51 + 25)/10
    "native, 32 pairs": (6.0, 8.0, 10.8, 12.7),
    # (2·9 + 5)/10, (2·8 + 3)/10, (2·13 + 6)/10, (2·13 + 8)/10
    "native, direct": (2.3, 1.9, 3.2, 3.4),
    # (2·7 + 5)/10, (2·7 + 3)/10, (2·11 + 5)/10, (2·11 + 5)/10
    "transferred, direct": (1.9, 1.7, 2.7, 2.7),
}
ARMS = {
    "native": ("native",),
    "transferred": ("transferred",),
    "random": (
        "random 1",
        "random 2",
    ),
    "shuffled map": (
        "shuffled map 1",
        "shuffled map 2",
        "shuffled map 3",
    ),
    "permuted labels": (
        "permuted labels 1",
        "permuted labels 2",
    ),
    "permuted labels, native": ("permuted labels, native 1",),
    "other concept": ("other concept: tone",),
    "drawn from the covariance": ("drawn from the covariance 1",),
    "random texts": ("random texts 1",),
    "no map": ("no map",),
    "answer embeddings": ("answer embeddings",),
    "native, half": (
        "native, half 1",
        "native, half 2",
    ),
    "native, 2 pairs": ("native, 2 pairs",),
    "native, 8 pairs": ("native, 8 pairs",),
    "native, 32 pairs": ("native, 32 pairs",),
    "native, direct": ("native, direct",),
    "transferred, direct": ("transferred, direct",),
}
COSTS = {
    "native": ((8, 10), (1, 3), (0, 0), (3, 5), (10, 12)),
    "transferred": ((5, 7), (0, 2), (0, 0), (2, 4), (9, 11)),
    "random 1": ((2, 4), (1, 1), (0, 0), (1, 2), (3, 6)),
    "random 2": ((4, 4), (2, 1), (0, 0), (0, 2), (5, 4)),
    "shuffled map 1": ((3, 3), (1, 0), (0, 0), (1, 1), (2, 5)),
    "shuffled map 2": ((1, 3), (1, 2), (0, 0), (2, 1), (4, 2)),
    "shuffled map 3": ((2, 1), (1, 1), (0, 0), (0, 1), (3, 1)),
    "permuted labels 1": ((2, 3), (1, 0), (0, 0), (1, 2), (4, 2)),
    "permuted labels 2": ((3, 1), (0, 1), (0, 0), (1, 1), (2, 3)),
    "permuted labels, native 1": ((3, 4), (1, 2), (0, 0), (2, 0), (4, 4)),
    "other concept: tone": ((4, 2), (2, 0), (0, 0), (1, 0), (3, 5)),
    "drawn from the covariance 1": ((5, 3), (2, 1), (0, 0), (1, 2), (4, 6)),
    "random texts 1": ((2, 2), (1, 0), (0, 0), (1, 1), (3, 1)),
    "no map": ((1, 2), (1, 0), (0, 0), (0, 1), (2, 2)),
    "answer embeddings": ((6, 8), (1, 2), (0, 0), (2, 3), (7, 9)),
    "native, half 1": ((7, 10), (2, 2), (0, 0), (3, 4), (9, 12)),
    "native, half 2": ((8, 9), (1, 3), (0, 0), (2, 5), (10, 11)),
    "native, 2 pairs": ((6, 9), (1, 2), (0, 0), (2, 4), (8, 10)),
    "native, 8 pairs": ((7, 9), (1, 3), (0, 0), (3, 4), (9, 11)),
    "native, 32 pairs": ((8, 8), (2, 2), (0, 0), (4, 4), (11, 11)),
    "native, direct": ((6, 2), (3, 1), (0, 0), (2, 1), (5, 6)),
    "transferred, direct": ((5, 1), (2, 1), (0, 0), (1, 1), (6, 3)),
}
"""For each direction and strength the divergence on both neutral prompts."""
KL = {
    "unsteered": (0, 0, 0, 0, 0),
    "native": (9, 2, 0, 4, 11),
    "transferred": (6, 1, 0, 3, 10),
    "random": (3.5, 1.25, 0, 1.25, 4.5),  # of two directions: 14/4, 5/4, 0/4, 5/4, 18/4
    "shuffled map": (13 / 6, 6 / 6, 0, 6 / 6, 17 / 6),  # of three directions
    "permuted labels": (2.25, 0.5, 0, 1.25, 2.75),  # of two directions: 9/4, 2/4, 0/4, 5/4, 11/4
    "permuted labels, native": (3.5, 1.5, 0, 1, 4),
    "other concept": (3, 1, 0, 0.5, 4),
    "drawn from the covariance": (4, 1.5, 0, 1.5, 5),
    "random texts": (2, 0.5, 0, 1, 2),
    "no map": (1.5, 0.5, 0, 0.5, 2),
    "answer embeddings": (7, 1.5, 0, 2.5, 8),
    "native, half": (8.5, 2, 0, 3.5, 10.5),  # of two directions: 34/4, 8/4, 0/4, 14/4, 42/4
    "native, 2 pairs": (7.5, 1.5, 0, 3, 9),
    "native, 8 pairs": (8, 2, 0, 3.5, 10),
    "native, 32 pairs": (8, 2, 0, 4, 11),
    "native, direct": (4, 2, 0, 1.5, 5.5),
    "transferred, direct": (3, 1.5, 0, 1, 4.5),
    "prompt": (0, 0, 0, 0, 0),
}
"""The mean over directions and neutral prompts."""
NATS = {
    ("unsteered", 0.0): (1.0, 3.0),
    ("prompt", 0.0): (2.0, 2.5),
    ("native", -2.0): (4.0, 2.0),
    ("native", 2.0): (5.0, 3.0),
    ("transferred", -2.0): (1.5, 2.5),
    ("transferred", 2.0): (2.5, 4.5),
    ("random 1", -2.0): (6.0, 3.0),
    ("random 1", 2.0): (1.0, 2.0),
}
"""Of the two texts that a direction wrote at a strength; their scores and repetition follow in `written`."""
SETTINGS = EvaluationSettings(
    strengths=STRENGTHS, prompts=4, random_seeds=2, other_concepts=1, neutral_prompts=2, generate=True,
    generate_prompts=2, seed=2,
)  # fmt: skip
MOOD = ContrastSet(
    "mood", (("a", "b"), ("c", "d")), "happy or sad", "happy", "sad",
    prompts=tuple(ReadoutPrompt(text, (" glad",), (" sad",)) for text in PROMPTS),
)  # fmt: skip
FORMS = ("weather", "weather", "person", "person")
FAINT = ContrastSet(
    "faint", (("a", "b"), ("c", "d")), "next to nothing", "more", "less",
    prompts=tuple(replace(prompt, form=form) for prompt, form in zip(MOOD.prompts, FORMS, strict=True)),
)  # fmt: skip
"""A concept whose native vector does what "random 1" does to mood, and whose prompts are of two forms."""
SWAPPED = {"native": "random 1", "random 1": "native"}


def readouts(direction: str) -> list[list[int]]:
    """`[strengths][prompts]`."""
    rows = EFFECTS[direction]
    return [[UNSTEERED[p] + rows[p][s] for p in range(4)] for s in range(5)]


def relabelled(first: int, more: tuple[int, ...] = ()) -> list[float]:
    """A first-order slope, and those of 499 relabelled vectors: −3, −2 … 3 over and over, the first few replaced."""
    return [float(first), *map(float, more), *(float(number % 7 - 3) for number in range(len(more), 499))]


def measured(faint: bool = False) -> Measured:
    """What would be measured."""
    names = [SWAPPED.get(name, name) if faint else name for name in EFFECTS]
    # Of mood nothing is beyond 8, and −7 and 9 are as far as 7; of faint 143 are as far as 3.
    first_order = [relabelled(1), relabelled(3)] if faint else [relabelled(8), relabelled(7, (-7, 9))]
    return Measured(
        directions=tuple(EFFECTS),
        arms=tuple(arm for arm, directions in ARMS.items() for _ in directions),
        strengths=STRENGTHS,
        prompts=PROMPTS,
        readouts=np.array([readouts(name) for name in names], dtype=np.float64),
        unsteered=np.array(UNSTEERED, dtype=np.float64),
        baseline=np.array(BASELINE, dtype=np.float64),
        kl=np.array([COSTS[name] for name in names], dtype=np.float64),
        passages=written(),
        typical_deviation=8.5,
        direction_cosine=0.75,
        reachable_share=0.625,
        outlier_dimensions=(3,),
        forms=FORMS if faint else PROMPTS,
        first_order=np.array(first_order),
        relabelled_cosines=np.arange(-20, 21) / 100,
        halves_cosine=0.875,
        off_answers=np.array([OFF_ANSWERS[name] for name in EFFECTS], dtype=np.float64),
        holding=Holding(1, (0.25, 0.5, 0.75), 1.5),
    )


def written() -> tuple[Passage, ...]:
    """Two texts of each direction at each end; the first scores more and repeats less."""
    return tuple(
        Passage(direction, strength, number, f" {direction} {number}", score, nats, repetition)
        for (direction, strength), both in NATS.items()
        for number, (nats, score, repetition) in enumerate(
            zip(both, (0.75, 0.25 + strength / 8), (0.0, 0.5 + strength / 8), strict=True)
        )
    )


def map_info() -> MapInfo:
    """The description of a map between the tiny models, of which no two figures are the same."""
    return MapInfo(
        small=small().name, large=large().name, small_layer=1, large_layer=2, small_fingerprint=small().fingerprint,
        large_fingerprint=large().fingerprint, method="ridge", lam=1e-4, tokens_used=20_000, tokens_left_out=10,
        coverage=0.875, r2=0.84, cka=0.9, corpus="made up", corpus_fingerprint="c" * 8, created="2025-01-01",
        settings={}, r2_standardised=0.42, cka_standardised=0.7, largest_dimension_small=0.125,
        largest_dimension_large=0.25, outlier_dimensions_small=1, outlier_dimensions_large=2,
        outlier_share_small=0.0625, outlier_share_large=0.03125,
    )  # fmt: skip


@cache
def evaluation() -> Evaluation:
    """Both concepts, as `evaluate` makes them of what is kept."""
    pair = Pair(small=small(), large=large())
    nothing = AffineMap(torch.zeros(small().width, large().width), torch.zeros(large().width))
    info = map_info()
    with TemporaryDirectory() as folder:
        for concept, other in ((FAINT, MOOD), (MOOD, FAINT)):
            case = Case(*pair.both, nothing, info, Controls((nothing,) * 3), concept, (other,), SETTINGS)
            key = evaluation_key(case, NEUTRAL)
            keep_measured(kept_folder(Path(folder), concept, key), key, measured(concept is FAINT))
        return finish(
            evaluate(
                pair, PairMap(map=nothing, info=info), (FAINT, MOOD), controls=Controls((nothing,) * 3),
                neutral=NEUTRAL, settings=SETTINGS, keep=Path(folder),
            )
        )  # fmt: skip
