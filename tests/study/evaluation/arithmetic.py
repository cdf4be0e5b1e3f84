"""The statistics of four prompts by other ways than the package's: enumeration, bisection and closed forms."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import atan, cos, pi, sin, sqrt

from lrt_explorer.study.evaluation.statistics import Interval

T_ONE, T_THREE = 12.706204736432095, 3.182446305284263
"""What Student's t exceeds in 2.5 % of cases with one degree of freedom, and with three; from a table."""

Numbers = Sequence[float]


def mean(values: Numbers) -> float:
    return float(sum(map(Fraction, values)) / len(values))


def bootstrapped(values: Numbers) -> Interval:
    """Mean of four numbers, with the 7th lowest and 7th highest mean of their 4⁴ = 256 resamples.

    2.5 % of 256 is 6.4. The lowest five are aaaa and the four orders of aaab; the next mean has at least four more, so
    a bootstrap of 2,000 draws finds the same end.
    """
    means = sorted(sum(chosen) / 4 for chosen in product(values, repeat=4))
    return Interval(mean(values), means[6], means[-7])


def of_two(values: Numbers) -> Interval:
    """Mean of two numbers with Student's interval: their deviation is |a − b|/√2, and that of the mean |a − b|/2."""
    first, second = values
    reach = T_ONE * abs(first - second) / 2
    return Interval((first + second) / 2, (first + second) / 2 - reach, (first + second) / 2 + reach)


def ratio(top: Numbers, bottom: Numbers) -> Interval:
    """Ratio of two means over four prompts; at each end a paired t test of top − r · bottom is at its border."""
    value = mean(top) / mean(bottom)

    def held(guess: float) -> bool:
        rest = [above - guess * below for above, below in zip(top, bottom, strict=True)]
        error = sqrt(sum((one - mean(rest)) ** 2 for one in rest) / 3 / 4)
        return abs(mean(rest)) <= T_THREE * error

    def end(outside: float) -> float:
        inside = value
        for _ in range(100):
            middle = (inside + outside) / 2
            inside, outside = (middle, outside) if held(middle) else (inside, middle)
        return inside

    return Interval(value, end(value - 3), end(value + 3))


def correlation(first: Numbers, second: Numbers) -> float:
    """Σxy over √(Σx² Σy²), of exact deviations from the mean."""
    x, y = ([Fraction(one) - sum(map(Fraction, side)) / len(side) for one in side] for side in (first, second))
    products, squares = sum(a * b for a, b in zip(x, y, strict=True)), sum(a * a for a in x) * sum(b * b for b in y)
    return float(products) / sqrt(squares)


def above_three(t: float) -> float:
    """P(T > t) of Student's t with three degrees of freedom."""
    x = t / sqrt(3)
    return 0.5 - (x / (1 + x * x) + atan(x)) / pi


def beyond_four(t: float) -> float:
    """P(|T| > t) of Student's t with four degrees of freedom."""
    angle = atan(t / 2)
    return 1 - sin(angle) * (1 + cos(angle) ** 2 / 2)


def t_of(values: Numbers) -> float:
    """Mean of four numbers over its standard error."""
    return mean(values) / sqrt(sum((one - mean(values)) ** 2 for one in values) / 3 / 4)
