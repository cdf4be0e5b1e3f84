"""Vectors by your own recipe: found by another method, or made of two concepts, in the same way in both models."""

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from lrt_explorer.concepts.arithmetic import orthogonalise
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.methods import METHODS, Method
from lrt_explorer.concepts.reading import reader, reading_pairs
from lrt_explorer.concepts.vectors import SteeringVector, found_in
from lrt_explorer.errors import SettingsError
from lrt_explorer.linear.steering import combine
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress, retold

Together = Literal["remove", "add"]


@dataclass(frozen=True)
class Recipe:
    """How vectors are made.

    Attributes:
        method: how they are found.
        reading: which tokens are read; "" for what each concept prefers.
        whiten: whether to whiten by the covariance of the concept's tokens.
        together: what is done with another concept's vector, where there is one: its part is removed, or it is added.
        factor: how many times it is added.
        times: by what the result is multiplied.
    """

    method: Method = METHODS.default
    reading: str = ""
    whiten: bool = False
    together: Together = "remove"
    factor: float = 1.0
    times: float = 1.0


@dataclass(frozen=True)
class MadeVectors:
    """What a recipe gave.

    Attributes:
        small: the small model's vector.
        large: the large model's own.
    """

    small: SteeringVector
    large: SteeringVector


def make_vectors(
    pair: Pair,
    contrast: ContrastSet,
    other: ContrastSet | None,
    recipe: Recipe,
    layers: Layers,
) -> Generator[Progress, None, MadeVectors]:
    """Follow a recipe in both models, each with the vectors that it finds itself.

    Raises:
        SettingsError: if there is no such layer or reading, or a number is not finite.
        ContrastError, VectorError: if a set gives no vector, or nothing is left of it.
    """
    if not math.isfinite(recipe.factor) or not math.isfinite(recipe.times) or recipe.times == 0:
        raise SettingsError(
            "a vector can only be multiplied by a finite number other than 0; give one, such as 1 or −0.5"
        )
    if other is not None and other.fingerprint() == contrast.fingerprint():
        raise SettingsError(f"the other concept is {contrast.name} itself; choose a different one, or none")
    sets = [contrast] if other is None else [contrast, other]
    for each in sets:
        reader(recipe.reading or each.reading)
    pair.check_layers(layers)
    total = 4 * sum(len(each.pairs) for each in sets)
    made = []
    for done, (lm, layer) in enumerate(zip(pair.both, layers, strict=True)):
        made.append((yield from _made(lm, layer, sets, recipe, done * total // 2, total)))
    return MadeVectors(*made)


def _made(
    lm: LanguageModel, layer: int, sets: list[ContrastSet], recipe: Recipe, before: int, total: int
) -> Generator[Progress, None, SteeringVector]:
    """The recipe's vector in one model; `before` of `total` texts were read before."""
    found = []
    for contrast in sets:
        found.append((yield from _found(lm, layer, contrast, recipe, before, total)))
        before += 2 * len(contrast.pairs)
    vector, *others = found
    if others and recipe.together == "remove":
        vector = orthogonalise(vector, others)
    elif others:
        return combine([(recipe.times, vector), *((recipe.times * recipe.factor, other) for other in others)])
    return vector if recipe.times == 1 else recipe.times * vector


def _found(
    lm: LanguageModel, layer: int, contrast: ContrastSet, recipe: Recipe, before: int, total: int
) -> Generator[Progress, None, SteeringVector]:
    """The vector of one concept, found as the recipe says; `before` of `total` texts were read before."""
    reading = recipe.reading or contrast.reading
    yield Progress(before, total, f"reading {contrast.name} with {lm.name}")
    states = yield from retold(
        reading_pairs(lm, contrast, [layer], reading, covariance=recipe.whiten),
        lambda done: Progress(before + done, total, f"read {done} texts of {contrast.name} with {lm.name}"),
    )
    return found_in(lm, contrast, layer, states[layer], recipe.method, reading).vector
