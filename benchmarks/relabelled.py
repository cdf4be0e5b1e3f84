"""Does the interval over vectors of relabelled pairs miss 0 as rarely as it says? Many draws from one reading.

    python -m benchmarks.relabelled SMALL LARGE [--concepts NAME,…] [--draws 200]

An evaluation steers with eight vectors of relabelled pairs (half of the labels swapped), and gives the mean of their
effects in shares of the native one, with Student's interval. Here the same is done for many seeds, with slopes at
strength 0, which one backward pass for each prompt gives for any number of directions. For each concept, of native
vectors and of mapped ones: mean and spread over all draws, what the evaluation's own seed gives, and the share of seeds
whose interval holds 0, with eight vectors; the same of half and of a quarter as many groups, of 16 and of 32. It says
95 %. Where the draws have a mean of their own, more vectors hold it less often. Prints one JSON object, progress on
stderr.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lrt_explorer.cli.common import named_concepts
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.reading import PairStates
from lrt_explorer.concepts.readout import answer_tokens, settle
from lrt_explorer.concepts.relabelled import half_swapped_labels
from lrt_explorer.defaults import PERMUTED_VECTORS
from lrt_explorer.linear.deviation import TypicalDeviation
from lrt_explorer.lm.suffix import read_starts
from lrt_explorer.study.evaluation.case import concept_seed
from lrt_explorer.study.evaluation.chosen_prompts import evaluated_prompts
from lrt_explorer.study.evaluation.first_order import first_order_slopes, readout_gradients
from lrt_explorer.study.evaluation.pair_states import pair_states
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.statistics import Array, sample_interval
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.deviation import unit_of
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.requests import Models, open_with_map

MORE = (16, 32)


def shares(
    states: Sequence[PairStates], saved: SavedMap, unit: TypicalDeviation, gradients: Tensor, count: int, seed: int
) -> dict[str, Array]:
    """Effects of `count` vectors of relabelled pairs in shares of the native one's at the same strength, `[count]`."""
    labels = half_swapped_labels(len(states[0].positive), count, seed).double()
    as_given = torch.ones(1, labels.shape[1], dtype=torch.float64)
    # A difference of means points where the sum of the differences with these signs does.
    native, small = (torch.cat([as_given, labels]) @ one.differences for one in states)
    both = {"native": native, "mapped": saved.map.carry(small, as_in_paper=False)}
    slopes = {name: first_order_slopes(gradients, unit.normalized(rows)) for name, rows in both.items()}
    own = float(slopes["native"][0])
    return {name: (found[1:] / own).numpy() for name, found in slopes.items()}


def held(effects: Array, vectors: int) -> float:
    """Share of groups of so many draws whose interval holds 0."""
    groups = effects[: len(effects) // vectors * vectors].reshape(-1, vectors)
    return float(np.mean([sample_interval(group).holds(0.0) for group in groups]))


def of_concept(pair: Pair, saved: SavedMap, concept: ContrastSet, draws: int) -> dict[str, Any]:
    """What the draws of one concept give."""
    how = EvaluationSettings()
    ours, theirs = (
        pair_states(lm, concept, layer, how.reading, whiten=how.whiten)
        for lm, layer in ((pair.large, saved.layers[1]), (pair.small, saved.layers[0]))
    )
    shared = set(ours.read) & set(theirs.read)
    states = (ours.of(shared), theirs.of(shared))
    unit = unit_of(pair.large, saved.layers[1], pair.world.ordinary)
    prompts = settle(pair.large, evaluated_prompts(concept, how.prompts))
    starts = read_starts(pair.large, saved.layers[1], [prompt.text for prompt in prompts])
    gradients = readout_gradients(pair.large, starts, answer_tokens(pair.large, prompts), concept.readout)
    effects = partial(shares, states, saved, unit, gradients)
    seed = concept_seed(how.seed, concept.name)
    first = effects(PERMUTED_VECTORS, seed)
    many = effects(draws * PERMUTED_VECTORS, seed + 1)
    found: dict[str, Any] = {}
    for name in many:
        mine = sample_interval(first[name])
        found[name] = {
            "mean": round(float(many[name].mean()), 3),
            "spread": round(float(many[name].std()), 3),
            "own_seed": [round(value, 3) for value in (mine.value, mine.low, mine.high)],
            "held": {str(count): round(held(many[name], count), 3) for count in (PERMUTED_VECTORS, *MORE)},
        }
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs=2, metavar="MODEL", help="the small one, then the large one")
    parser.add_argument("--concepts", default="all", help="names with commas between (default: all)")
    parser.add_argument("--draws", type=int, default=200, help="seeds (default: %(default)s)")
    options = parser.parse_args(arguments)
    if options.draws * PERMUTED_VECTORS < max(MORE):
        parser.error(f"{options.draws} seeds give too few vectors; ask for at least {max(MORE) // PERMUTED_VECTORS}")
    small, large = options.models
    pair, saved = finish(open_with_map(Models(small=small, large=large)))
    found = {}
    for concept in named_concepts(options.concepts, pair.world):
        found[concept.name] = of_concept(pair, saved, concept, options.draws)
        print(concept.name, found[concept.name], file=sys.stderr, flush=True)
    print(json.dumps(found, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
