"""Ways across beside a map that is fitted on ordinary text, and what each keeps. Prints one JSON object.

    python -m benchmarks.ways SMALL LARGE [--concepts NAME,…] [--prompts 12] [--without-descent]

The small model's vector of each concept crosses by the map that opening the pair gives, by the descent of arXiv
2506.00653 on the default number of tokens, through the vocabulary of both models, through anchors (relative
representations, arXiv 2209.15430), and by an orthogonal map of the pairs of all other concepts. Every point is the mean
retention over the concepts whose native vector steers the large model, with Student's interval over concepts. What is
added is as long as the native vector. The descent takes half an hour on two real models and two cores, and
`benchmarks.needed` has it too; --without-descent leaves it out.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from benchmarks.grid import OWN_LENGTHS, some_prompts
from benchmarks.needed import add_pair, opened, point
from benchmarks.real import say
from benchmarks.results import ENOUGH
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.reading import PairStates, read_pairs
from lrt_explorer.defaults import FIT_TOKENS
from lrt_explorer.errors import LRTError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.study.corpora.texts import read_texts
from lrt_explorer.study.evaluation.arms import map_of_pairs
from lrt_explorer.study.evaluation.dose import dose_response
from lrt_explorer.study.fitting.estimators import SGD
from lrt_explorer.study.fitting.fit_one import fit_one
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.rivals import rivals
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.arms import ANCHORS, OTHER_PAIRS, VOCABULARY
from lrt_explorer.workbench.maps import map_for
from lrt_explorer.workbench.pair import Pair

NATIVE, MAP = "native", "map"
WAYS = (MAP, SGD, VOCABULARY, ANCHORS, OTHER_PAIRS)


def maps_across(pair: Pair, *, descent: bool) -> dict[str, AffineMap]:
    """The maps that serve all concepts, by way; what a pair cannot have is left out, and the descent if not wanted."""
    layers, corpus = pair.layers(), pair.world.corpus
    saved = finish(map_for(pair, layers))
    found = {MAP: saved.map}
    say(f"{MAP}: {saved.info.method}, {saved.info.tokens_used:,} tokens")
    try:
        settings = FitSettings(FIT_TOKENS, corpus, method=SGD, keep_moments=False)
        if descent:
            found[SGD] = finish(fit_one(pair, read_texts(corpus), layers, settings)).map
    except LRTError as error:
        say(f"{SGD} is left out: {error}")
    others = finish(
        rivals(pair, read_texts(corpus), layers, tokens=FIT_TOKENS, corpus=corpus, arms=(VOCABULARY, ANCHORS))
    )
    return found | {one.arm: one.map for one in others}


def states_of(pair: Pair, concept: ContrastSet) -> tuple[PairStates, PairStates]:
    """The states of a concept's texts in the small model and in the large one."""
    small, large = (
        read_pairs(lm, concept, [layer], concept.reading)[layer]
        for lm, layer in zip(pair.both, pair.layers(), strict=True)
    )
    return small, large


def others_map(states: Mapping[str, tuple[PairStates, PairStates]], name: str) -> AffineMap | None:
    """The orthogonal map of the pairs of all concepts but one."""
    return map_of_pairs(both for other, both in states.items() if other != name)


def ways(pair: Pair, concepts: Sequence[ContrastSet], prompts: int, *, descent: bool = True) -> dict[str, Any]:
    """All of it."""
    shared = maps_across(pair, descent=descent)
    states = {}
    for concept in concepts:
        try:
            states[concept.name] = states_of(pair, concept)
        except LRTError as error:
            say(f"{concept.name} is left out: {error}")
    by_concept: dict[str, dict[str, float]] = {}
    for concept in concepts:
        if concept.name not in states:
            continue
        vector, own = (one.differences.mean(0) for one in states[concept.name])
        maps = dict(shared)
        if (turned := others_map(states, concept.name)) is not None:
            maps[OTHER_PAIRS] = turned
        arms = {way: map.direction(vector) for way, map in maps.items()}
        try:
            found = retained(pair, concept, own, arms, prompts)
        except LRTError as error:
            say(f"{concept.name} is left out: {error}")
            continue
        say(f"{concept.name}: " + ", ".join(f"{way} {kept:.2f}" for way, kept in found.items()))
        if found:
            by_concept[concept.name] = found
    return {
        "ways": {way: over([found[way] for found in by_concept.values() if way in found]) for way in WAYS},
        "by_concept": by_concept,
    }


def retained(
    pair: Pair, concept: ContrastSet, own: Tensor, arms: Mapping[str, Tensor], prompts: int
) -> dict[str, float]:
    """Slope over the native slope by way; nothing where the native vector does not steer."""
    whole = {NATIVE: own} | {way: values for way, values in arms.items() if bool(values.any())}
    chosen = some_prompts(concept, prompts)
    study = dose_response(pair.large, pair.layers()[1], whole, chosen, float(own.norm()), strengths=OWN_LENGTHS)
    response = finish(study)
    native = response.slope(NATIVE)
    # What crosses as nothing moves nothing.
    return {way: response.slope(way).value / native.value if way in whole else 0.0 for way in arms if native.low > 0}


def over(values: Sequence[float]) -> dict[str, Any]:
    """A mean over concepts, and for how many of them the way keeps enough."""
    return {**point(values), "enough": sum(value >= ENOUGH for value in values)}


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_pair(parser)
    parser.add_argument("--without-descent", action="store_true", help="leave out the descent of the paper")
    options = parser.parse_args(arguments)
    pair, concepts = opened(options)
    result = ways(pair, concepts, options.prompts, descent=not options.without_descent)
    head = {"small": options.small, "large": options.large, "layers": pair.layers(), "prompts": options.prompts}
    print(json.dumps(head | result))


if __name__ == "__main__":
    main()
