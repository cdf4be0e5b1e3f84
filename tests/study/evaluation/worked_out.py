"""What the document says of the concept that is worked by hand, from arithmetic alone."""

from math import exp, sqrt
from typing import Any

from tests.study.evaluation.arithmetic import above_three, bootstrapped, correlation, mean, of_two, ratio, t_of
from tests.study.evaluation.by_hand import (
    ARMS,
    BASELINE,
    KL,
    PROMPTS,
    SLOPES,
    STRENGTHS,
    UNSTEERED,
    readouts,
    written,
)

NATIVE, TRANSFERRED = SLOPES["native"], SLOPES["transferred"]
BEYOND = (0.575, 1.125, 1.65, 1.825)
"""Transferred less three quarters of native: 5.6 − 5.025, 7.5 − 6.375, 10.5 − 8.85, 12.1 − 10.275."""
SPEARMAN = {
    "native": 1.0,
    "transferred": 1.0,
    "random": -1.0,  # means 1.75, 1.25, 0.5, 0.375, −0.5
    # Effects add up to 1, 0, 0, 1, −1: ranks 4.5, 2.5, 2.5, 4.5, 1; less 3 and times −2 … 2 that is −5.
    "shuffled map": -5 / sqrt(10 * 9),
    "other concept": 1.0,
    # 2, −1, 0, 0, 2: ranks 4.5, 1, 2.5, 2.5, 4.5, which give 1.5.
    "no map": 1.5 / sqrt(10 * 9),
    "native, direct": 1.0,
    "transferred, direct": 1.0,
}
ANTI_STEERABLE = {
    "native": 0.0,
    "transferred": 0.0,
    "random": 0.75,  # −1.2, 1, −1.05, −0.9
    "shuffled map": 0.75,  # −0.2, −0.05, 0.75, −0.65
    "other concept": 0.25,
    "no map": 0.5,
    "native, direct": 0.0,
    "transferred, direct": 0.0,
}
SPREAD = sqrt((0.030625 + 0.81 + 3.150625 + 3.4225) / 4)
"""Of the mean slopes of both random directions and both shuffled maps: −0.175, −0.9, 1.775, −1.85."""
PERPLEXITY_UNSTEERED, PERPLEXITY_PROMPT = exp(2), exp(2.25)
"""Of texts with 1 and 3 nats, and with 2 and 2.5."""
PERPLEXITY = {
    "native": (exp(3), None, exp(2), None, exp(4)),
    "transferred": (exp(2), None, exp(2), None, exp(3.5)),
    "random": (exp(4.5), None, exp(2), None, exp(1.5)),
}
"""At strength 0 every arm writes what is written unsteered; the other arms write nothing else."""
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
    slope = of_two(each) if several else bootstrapped(SLOPES[directions[0]])
    kept = of_two([one / 10.175 for one in each]) if several else ratio(SLOPES[directions[0]], NATIVE)
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
    nothing = "slope slope_low slope_high retention retention_low retention_high spearman anti_steerable"
    return {
        "name": name, "directions": [], **dict.fromkeys(nothing.split()),
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


def at_equal_cost() -> tuple[list[float], list[float]]:
    """The effects of both vectors on each prompt at a KL of 8.

    Along growing |s| the native vector costs 0, (2 + 4)/2 = 3, (9 + 11)/2 = 10, the transferred one 0, 2, 8: it never
    costs more than 8, which the native one does 5/7 of the way from |s| = 1 to 2.
    """
    native_1, native_2 = (6.5, 8.5, 12.0, 13.5), (13.5, 17.0, 23.5, 27.5)  # such as (6 + 7)/2 and (14 + 13)/2
    native = [near + 5 / 7 * (far - near) for near, far in zip(native_1, native_2, strict=True)]
    return native, [11.5, 15.0, 20.5, 24.5]  # such as (12 + 11)/2


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
    native, transferred = at_equal_cost()
    kept, equal, baseline = ratio(TRANSFERRED, NATIVE), ratio(transferred, native), bootstrapped((3, 6, 2, 5))
    return {
        "name": "mood", "description": "happy or sad", "positive_label": "happy", "negative_label": "sad",
        "verdict": "transfers", "readout": "log-odds", "readout_unit": "nats", "scorer": None,
        "p_native": 4 * above_three(t_of(NATIVE)),
        "p_partly": 2 * above_three(t_of(TRANSFERRED)),
        "p_transfers": 2 * above_three(t_of(BEYOND)),
        "retention": kept.value, "retention_low": kept.low, "retention_high": kept.high,
        "pearson_r": correlations("transferred"),
        "pearson_r_random": mean([correlations("random 1"), correlations("random 2")]),
        "pearson_r_effect": correlations("transferred", unsteered=False),
        "anti_steerable": 0.0, "control_spread": SPREAD, "direction_cosine": 0.75, "reachable_share": 0.625,
        "strengths": list(STRENGTHS), "typical_deviation": 8.5, "outlier_dimensions": [3],
        "equal_cost": {"kl": 8.0, "native": mean(native), "transferred": 17.875},
        "retention_at_equal_cost": equal.value, "retention_at_equal_cost_low": equal.low,
        "retention_at_equal_cost_high": equal.high,
        "prompt_effect": 4.0, "prompt_effect_low": baseline.low, "prompt_effect_high": baseline.high,
        "prompts": PROMPTS, "unsteered": [float(one) for one in UNSTEERED],
        "arms": expected_arms(),
        "passages": [vars(one) for one in written()],
    }  # fmt: skip
