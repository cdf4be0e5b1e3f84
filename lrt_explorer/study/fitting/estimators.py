"""The table of estimators: every way to fit a map, in closed form or by descent."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from lrt_explorer.errors import SettingsError
from lrt_explorer.registry import Entry, Table

if TYPE_CHECKING:
    from lrt_explorer.concepts.contrast import ContrastSet
    from lrt_explorer.linear.estimators import ClosedForm
    from lrt_explorer.store import MapInfo

LAMBDA = "λ"
"""The setting that a map keeps as its `lam`; every other one is kept in its settings under its own name."""


@dataclass(frozen=True, kw_only=True)
class Estimator(Entry["ClosedForm"]):
    """A way to fit a map from moments alone. Its unit is that of its setting.

    Attributes:
        setting: the number that it chooses on held-out documents, "" if there is none. `Estimate.settings` holds the
            choice under this name, `Estimate.path` the R² of every value tried.
    """

    KIND: ClassVar[str] = "estimator"
    setting: str = ""


@dataclass(frozen=True)
class DescentOptions:
    """What an estimator by descent can be asked for.

    Attributes:
        learning_rate: None for the estimator's own.
        learn_from: concepts that it learns from.
    """

    learning_rate: float | None = None
    learn_from: "tuple[ContrastSet, ...]" = ()


# What a study gives is a FittedMap; to name it here would close a circle of imports.
FitStudy = Callable[..., Generator[Any, None, Any]]
"""Takes the `Pair`, texts, layers, `FitSettings`, and for a descent `DescentOptions`; yields Progress, gives a map."""


@dataclass(frozen=True, kw_only=True)
class RowFit(Entry[FitStudy]):
    """A way to fit a map that solves at once, but from the rows themselves: a pass over the texts for each layer pair.

    Attributes:
        setting: as for `Estimator`.
    """

    KIND: ClassVar[str] = "estimator"
    setting: str = LAMBDA


@dataclass(frozen=True, kw_only=True)
class Descent(Entry[FitStudy]):
    """A way to fit a map that reads the texts again and takes minutes for each layer pair.

    Attributes:
        rate: its learning rate unless another is asked for.
        rate_help: what that is relative to, "" if nothing.
        learns: whether it can learn from concepts.
    """

    KIND: ClassVar[str] = "estimator"
    rate: float
    rate_help: str = ""
    learns: bool = False


NEXT_TOKENS, WITHIN_CONTEXTS, SGD, DISTILLED = "next-tokens", "within-contexts", "sgd", "distilled"
SGD_RATE = 1e-3
"""The higher of the paper's two; with far fewer tokens than its ten millions the lower one stops short."""
DISTILLED_RATE = 0.01

AnyEstimator = Estimator | RowFit | Descent
ESTIMATORS: Table[AnyEstimator] = Table(
    [
        Estimator(
            name="ridge",
            label="Ridge",
            unit="× mean variance",
            help="least squares with a penalty on the size of the map",
            function="lrt_explorer.linear.estimators:ridge",
            setting=LAMBDA,
        ),
        Estimator(
            name="procrustes",
            label="Procrustes",
            unit="",
            help="only turns, scales and shifts",
            function="lrt_explorer.linear.estimators:orthogonal",
            setting="scale",
        ),
        Estimator(
            name="reduced-rank",
            label="Reduced rank",
            unit="dimensions",
            help="ridge through fewer dimensions",
            function="lrt_explorer.linear.estimators:reduced_rank",
            setting="rank",
        ),
        RowFit(
            name=NEXT_TOKENS,
            label="Next tokens",
            unit="",
            help="least squares on how states of one context differ by the token that follows",
            function="lrt_explorer.study.fitting.row_fits:fit_rows",
            setting="",
        ),
        RowFit(
            name=WITHIN_CONTEXTS,
            label="Within contexts",
            unit="× mean variance",
            help="ridge on what differs between places with the same last two tokens",
            function="lrt_explorer.study.fitting.row_fits:fit_rows",
        ),
        Descent(
            name=SGD,
            label="SGD",
            unit="epochs",
            help="gradient descent on the squared error, as arXiv 2506.00653 does it",
            function="lrt_explorer.study.fitting.sgd:descend",
            rate=SGD_RATE,
        ),
        Descent(
            name=DISTILLED,
            label="Distilled",
            unit="steps",
            help="ridge, then refined until mapped vectors act like native ones",
            function="lrt_explorer.study.fitting.distill:descend",
            rate=DISTILLED_RATE,
            rate_help="relative to the size of the ridge map's weights",
            learns=True,
        ),
    ],
    group="lrt_explorer.estimators",
)
"""Every estimator by the name that a saved map bears."""


def closed_forms() -> tuple[str, ...]:
    """Names of the estimators that need moments alone, the usual one at the head."""
    return tuple(name for name, entry in ESTIMATORS.items() if isinstance(entry, Estimator))


def without_descent() -> tuple[str, ...]:
    """Names of the estimators that solve at once, whether from moments or from rows, the usual one first."""
    return tuple(name for name, entry in ESTIMATORS.items() if not isinstance(entry, Descent))


def by_descent() -> tuple[str, ...]:
    """Names of the estimators that take minutes for each layer pair."""
    return tuple(name for name, entry in ESTIMATORS.items() if isinstance(entry, Descent))


def closed_form(name: str) -> "ClosedForm":
    """The closed-form estimator of this name.

    Raises:
        SettingsError: if there is none.
    """
    match ESTIMATORS.get(name):
        case Estimator() as entry:
            return entry.load()
        case _:
            raise SettingsError(
                f"there is no closed-form estimator {name!r}; choose one of {', '.join(closed_forms())}"
            )


class Setting(NamedTuple):
    """The number that an estimator chose: what it is called, its value as a file gives it, and its unit."""

    name: str
    value: Any
    unit: str


def chosen_setting(info: "MapInfo") -> Setting | None:
    """What the estimator of a map chose; None if it chooses nothing. One that is not in the table may have a λ."""
    match ESTIMATORS.get(info.method):
        case Estimator(setting=name, unit=unit) | RowFit(setting=name, unit=unit):
            value = info.lam if name == LAMBDA else info.settings.get(name)
            return Setting(name, value, unit) if name else None
        case Descent():
            return None
        case None:
            return None if info.lam is None else Setting(LAMBDA, info.lam, "")
