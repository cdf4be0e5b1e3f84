"""What the document says of the concept that is worked by hand, from arithmetic alone."""

from math import exp, sqrt
from typing import Any

from tests.study.evaluation.arithmetic import above_three, bootstrapped, correlation, mean, of_directions, ratio, t_of
from tests.study.evaluation.by_hand import (
    ARMS,
    BASELINE,
    COSTS,
    EFFECTS,
    KL,
    OFF_ANSWERS,
    PROMPTS,
    SLOPES,
    STRENGTHS,
    UNSTEERED,
    readouts,
    written,
)

NATIVE, TRANSFERRED = SLOPES["native"], SLOPES["transferred"]
BEYOND = (0.475, 1.125, 1.65, 1.825)
"""Transferred less three quarters of native: 5.5 − 5.025, 7.5 − 6.375, 10.5 − 8.85, 12.1 − 10.275."""
SPEARMAN = dict.fromkeys(ARMS, 1.0) | {
    # What the effects of all prompts add up to at each strength, then their ranks less 3; times −2 … 2 they give the
    # number before the root, which is that of 10 times their squares.
    "random": -1.0,  # 10, 6, 0, −1, −8
    "shuffled map": 7 / sqrt(10 * 10),  # 1, −1, 0, 3, 4: 0, −2, −1, 1, 2
    "permuted labels": 2 / sqrt(10 * 8),  # 1, 0, 0, 0, 2: 1, −1, −1, −1, 2
    "permuted labels, native": -8 / sqrt(10 * 8),  # 4, 0, 0, 0, −2: 2, 0, 0, 0, −2
    "drawn from the covariance": 9.5 / sqrt(10 * 9.5),  # −2, 0, 0, 1, 3: −2, −0.5, −0.5, 1, 2
    "random texts": -8.5 / sqrt(10 * 9.5),  # 2, 2, 0, 1, −1: 1.5, 1.5, −1, 0, −2
    "no map": 1.5 / sqrt(10 * 9),  # 2, −1, 0, 0, 2: 1.5, −2, −0.5, −0.5, 1.5
}
ANTI_STEERABLE = dict.fromkeys(ARMS, 0.0) | {
    "random": 0.75,  # −1.2, 1, −1.05, −0.9
    "shuffled map": 0.5,  # −0.1/3, 0.1, 1.4/3, −0.2
    "permuted labels": 0.75,  # −0.05, −0.45, −0.15, 0.75
    "permuted labels, native": 0.5,  # the last is 0
    "other concept": 0.25,
    "drawn from the covariance": 0.25,
    "random texts": 0.5,
    "no map": 0.5,
}
SPREAD = sqrt((3.150625 + 3.4225 + 0.105625) / 3)
"""Of the mean slopes of the three shuffled maps: 1.775, −1.85, 0.325."""
PERPLEXITY_UNSTEERED, PERPLEXITY_PROMPT = exp(2), exp(2.25)
"""Of texts with 1 and 3 nats, and with 2 and 2.5."""
PERPLEXITY = {
    "native": (exp(3), None, exp(2), None, exp(4)),
    "transferred": (exp(2), None, exp(2), None, exp(3.5)),
    "random": (exp(4.5), None, exp(2), None, exp(1.5)),
}
"""At strength 0 every arm writes what is written unsteered; the other arms write nothing else."""
ENDS = ("", "_low", "_high")
SCORES, REPETITIONS = (0.375, None, 0.5, None, 0.625), (0.125, None, 0.25, None, 0.375)
"""At s = −2, 0 and 2: (0.75 + 0)/2, (0.75 + 0.25)/2, (0.75 + 0.5)/2, and half of 0.25, 0.5, 0.75."""


def of_arm(name: str) -> list[float]:
    """The mean slope of each prompt over the arm's directions."""
    return [mean(both) for both in zip(*(SLOPES[one] for one in ARMS[name]), strict=True)]


def expected_arm(name: str) -> dict[str, Any]:
    """What the document says of an arm that is steered."""
    directions = ARMS[name]
    each = [mean(SLOPES[one]) for one in directions]
    several = len(directions) > 1
    slope = of_directions(each) if several else bootstrapped(SLOPES[directions[0]])
    kept = of_directions([one / 10.175 for one in each]) if several else ratio(SLOPES[directions[0]], NATIVE)
    elsewhere = [OFF_ANSWERS[one] for one in directions]
    off = of_directions([mean(one) for one in elsewhere]) if several else bootstrapped(elsewhere[0])
    _, own, theirs = at_equal_cost(directions)
    cheap = ratio(theirs, own)
    bands = [
        bootstrapped([mean(both) for both in zip(*(readouts(one)[at] for one in directions), strict=True)])
        for at in range(5)
    ]
    at_zero = [(None, None, one, None, None) for one in (0.5, PERPLEXITY_UNSTEERED, 0.25)]
    score, perplexity, repetition = (SCORES, PERPLEXITY[name], REPETITIONS) if name in PERPLEXITY else at_zero
    return {
        "name": name,
        "directions": directions,
        "slope": slope.value, "slope_low": slope.low, "slope_high": slope.high,
        "retention": kept.value, "retention_low": kept.low, "retention_high": kept.high,
        "retention_at_equal_cost": cheap.value, "retention_at_equal_cost_low": cheap.low,
        "retention_at_equal_cost_high": cheap.high,
        "off_answers": off.value, "off_answers_low": off.low, "off_answers_high": off.high,
        "spearman": SPEARMAN[name],
        "anti_steerable": ANTI_STEERABLE[name],
        "readout": [band.value for band in bands],
        "readout_low": [band.low for band in bands],
        "readout_high": [band.high for band in bands],
        "score": score, "perplexity": perplexity, "repetition": repetition,
        "kl": [float(one) for one in KL[name]],
        "prompt_slopes": of_arm(name),
        "direction_slopes": each,
    }  # fmt: skip


def expected_still(name: str, values: tuple[int, ...], perplexity: float) -> dict[str, Any]:
    """Likewise of an arm to which nothing is added."""
    band = bootstrapped(values)
    intervals = [
        f"{name}{end}" for name in ("slope", "retention", "retention_at_equal_cost", "off_answers") for end in ENDS
    ]
    return {
        "name": name, "directions": [], **dict.fromkeys([*intervals, "spearman", "anti_steerable"]),
        "readout": [band.value] * 5, "readout_low": [band.low] * 5, "readout_high": [band.high] * 5,
        "score": [0.5] * 5, "perplexity": [perplexity] * 5, "repetition": [0.25] * 5, "kl": [0.0] * 5,
        "prompt_slopes": [], "direction_slopes": [],
    }  # fmt: skip


def expected_arms() -> list[dict[str, Any]]:
    return [
        expected_still("unsteered", UNSTEERED, PERPLEXITY_UNSTEERED),
        *(expected_arm(name) for name in ARMS),
        expected_still("prompt", BASELINE, PERPLEXITY_PROMPT),
    ]


def along(directions: tuple[str, ...]) -> tuple[list[float], list[list[float]]]:
    """What some directions cost on average, and what they do to each prompt in the direction of s, at |s| = 0, 1, 2."""
    costs = [mean([mean(COSTS[one][at]) for one in directions for at in ends]) for ends in ((2,), (1, 3), (0, 4))]
    effects = [
        [mean([(EFFECTS[one][p][2 + size] - EFFECTS[one][p][2 - size]) / 2 for one in directions]) for p in range(4)]
        for size in range(3)
    ]
    return costs, effects


def effects_at(cost: float, directions: tuple[str, ...]) -> list[float]:
    """The effects on each prompt where a cost is first reached along growing |s|."""
    (_, near, far), (_, nearer, farther) = along(directions)
    if cost <= near:
        return [cost / near * one for one in nearer]
    share = (cost - near) / (far - near)
    return [one + share * (other - one) for one, other in zip(nearer, farther, strict=True)]


def at_equal_cost(directions: tuple[str, ...]) -> tuple[float, list[float], list[float]]:
    """The highest cost that both reach, and the effects of the native vector and of some directions there."""
    cost = min(max(along(("native",))[0]), max(along(directions)[0]))
    return cost, effects_at(cost, ("native",)), effects_at(cost, directions)


def correlations(other: str, unsteered: bool = True) -> float:
    """Over the prompts, between the readouts under the native and another direction: the mean over s = −2, −1, 1, 2."""
    less = (0, 0, 0, 0) if unsteered else UNSTEERED
    found = [
        correlation(
            *([row - off for row, off in zip(readouts(one)[at], less, strict=True)] for one in ("native", other))
        )
        for at in (0, 1, 3, 4)
    ]
    return mean(found)


def expected_concept() -> dict[str, Any]:
    """All that the document says of the concept."""
    cost, native, transferred = at_equal_cost(("transferred",))
    kept, equal, baseline = ratio(TRANSFERRED, NATIVE), ratio(transferred, native), bootstrapped((3, 6, 2, 5))
    return {
        "name": "mood", "description": "happy or sad", "positive_label": "happy", "negative_label": "sad",
        "verdict": "transfers", "readout": "log-odds", "readout_unit": "nats", "scorer": None,
        "p_native": 4 * above_three(t_of(NATIVE)),
        "p_partly": 4 * above_three(8.9 / SPREAD),
        "p_transfers": 2 * above_three(t_of(BEYOND)),
        "retention": kept.value, "retention_low": kept.low, "retention_high": kept.high,
        "pearson_r": correlations("transferred"),
        "pearson_r_random": mean([correlations("random 1"), correlations("random 2")]),
        "pearson_r_effect": correlations("transferred", unsteered=False),
        "anti_steerable": 0.0, "control_spread": SPREAD, "direction_cosine": 0.75, "reachable_share": 0.625,
        # 2.5 % of the way from the first to the last of 41 cosines is one step from either end.
        "direction_cosine_relabelled": 0.0, "direction_cosine_relabelled_low": -0.19,
        "direction_cosine_relabelled_high": 0.19, "halves_cosine": 0.875,
        "holding": {"layer": 1, "by_layer": [0.25, 0.5, 0.75], "ordinary": 1.5},
        "forms": 4, "clusters": 4, "prompts_in_pairs": [],
        "strengths": list(STRENGTHS), "typical_deviation": 8.5, "outlier_dimensions": [3],
        "equal_cost": {"kl": cost, "native": mean(native), "transferred": mean(transferred)},
        "retention_at_equal_cost": equal.value, "retention_at_equal_cost_low": equal.low,
        "retention_at_equal_cost_high": equal.high,
        "prompt_effect": 4.0, "prompt_effect_low": baseline.low, "prompt_effect_high": baseline.high,
        "prompts": PROMPTS, "unsteered": [float(one) for one in UNSTEERED],
        "arms": expected_arms(),
        "passages": [vars(one) for one in written()],
        "whole_texts": None,
        "whole_texts_missing": None,
    }  # fmt: skip
