"""The statistics of four prompts by other ways than the package's: enumeration, bisection and closed forms."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from math import atan, pi, sqrt

from lrt_explorer.study.evaluation.statistics import Interval

T = {1: 12.706204736432095, 2: 4.302652729749464, 3: 3.182446305284263}
"""What Student's t exceeds in 2.5 % of cases, by its degrees of freedom; from a table."""

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


def of_directions(values: Numbers) -> Interval:
    """Mean of two or three numbers with Student's interval."""
    free, centre = len(values) - 1, mean(values)
    reach = T[free] * sqrt(sum((one - centre) ** 2 for one in values) / free / len(values))
    return Interval(centre, centre - reach, centre + reach)


def ratio(top: Numbers, bottom: Numbers) -> Interval:
    """Ratio of two means over four prompts; at each end a paired t test of top − r · bottom is at its border."""
    value = mean(top) / mean(bottom)

    def held(guess: float) -> bool:
        rest = [above - guess * below for above, below in zip(top, bottom, strict=True)]
        error = sqrt(sum((one - mean(rest)) ** 2 for one in rest) / 3 / 4)
        return abs(mean(rest)) <= T[3] * error

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


def above_one(t: float) -> float:
    """P(T > t) of Student's t with one degree of freedom, which is Cauchy's distribution."""
    return 0.5 - atan(t) / pi


def t_of(values: Numbers) -> float:
    """Mean of some numbers over its standard error."""
    count = len(values)
    return mean(values) / sqrt(sum((one - mean(values)) ** 2 for one in values) / (count - 1) / count)
