"""A small evaluation on tiny random models, for tests of the study."""

from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.store import MapInfo, PairMap, load_map, save_map
from lrt_explorer.study.evaluation.case import Controls
from lrt_explorer.study.evaluation.evaluate import Evaluation, EvaluationSettings, evaluate
from lrt_explorer.study.fitting.collect import Route
from lrt_explorer.study.fitting.fit import fit_maps
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from tests.study.tiny import CONCEPT, large, small, texts

ANIMALS = ContrastSet(
    name="animals",
    pairs=tuple(
        (f"A cow and a pig ran to the {where} {when}.", f"A ship and a sail lay on the {where} {when}.")
        for where in ("beach", "island", "meadow")
        for when in ("then", "again")
    ),
    positive_label="farm",
    negative_label="sea",
    prompts=tuple(
        ReadoutPrompt(f"{who} {saw} the", (" cow", " pig", " hen"), (" ship", " sail", " net"))
        for who in ("Tom", "Anna", "She")
        for saw in ("saw", "bought", "lost")
    ),
)
CONCEPTS = (CONCEPT, ANIMALS)
NEUTRAL = ("The old", "In the morning the")
SETTINGS = EvaluationSettings(
    strengths=(-0.5, 0.0, 0.5), prompts=8, random_seeds=2, other_concepts=1, neutral_prompts=2, examples=1
)


@cache
def maps() -> tuple[tuple[AffineMap, MapInfo], tuple[AffineMap, ...]]:
    """The true map between two layers, and two control maps."""
    routes = [Route(1, 2), Route(1, 2, 1), Route(1, 2, 2)]
    true, *shuffled = finish(fit_maps(Pair(small=small(), large=large()), texts(150), routes, FitSettings(8000)))
    return (true.map, true.info), tuple(one.map for one in shuffled)


def save_maps(folder: Path) -> None:
    (true, info), shuffled = maps()
    for name, map in (("true", true), *((str(number), map) for number, map in enumerate(shuffled))):
        save_map(folder / name, map, info)


def saved_maps(folder: Path) -> tuple[tuple[AffineMap, MapInfo], tuple[AffineMap, ...]]:
    return load_map(folder / "true"), tuple(load_map(folder / str(number))[0] for number in range(2))


def study(keep: Path | None = None, folder: Path | None = None, **more: Any) -> Generator[Progress, None, Evaluation]:
    (map, info), controls = maps() if folder is None else saved_maps(folder)
    arguments: dict[str, Any] = {"controls": Controls(controls), "neutral": NEUTRAL, "settings": SETTINGS} | more
    concepts = arguments.pop("concepts", CONCEPTS)
    return evaluate(Pair(small=small(), large=large()), PairMap(map=map, info=info), concepts, keep=keep, **arguments)


@cache
def evaluation() -> Evaluation:
    return finish(study())
