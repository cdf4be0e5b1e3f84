"""How much faster the evaluation is than the plain loop, and whether its readouts are the same.

    python -m benchmarks.evaluate [tinyworld-s tinyworld-l] [--concepts register,mood] [--prompts 60] [--threads 1]

The suite is `evaluate` as the app runs it, with coherence cost, prompt baseline, intervals and verdicts. The plain loop
runs the whole model once for each prompt, arm and strength, and computes the readouts alone; what all arms share at
strength 0 it runs once. Prints one JSON object: seconds of both by the clock and by the processor (which other
programs disturb less), their ratios, the largest difference of a readout in nats, and what the suite's own estimate of
its time was over what it took, once that much of the work was done. The project holds the ratio at 3 or above, the
difference at 1e-4 or below, and the estimate within 30 % from a tenth of the work on.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from benchmarks.grid import STRENGTHS
from lrt_explorer.cli.common import named_concepts
from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.readout import answer_difference, answer_tokens, settle
from lrt_explorer.concepts.vectors import addition
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo, PairMap, load_artifact, load_map
from lrt_explorer.study.evaluation.arms import concept_arms, others_of
from lrt_explorer.study.evaluation.case import Case, Controls
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings, evaluate
from lrt_explorer.study.evaluation.kept import KIND
from lrt_explorer.study.ground.progress import Progress, finish, timed
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.workbench.maps import map_for
from lrt_explorer.workbench.pair import Pair

BAR, TOLERANCE = 3.0, 1e-4
CONTROL_MAPS = 3
TOLD_AT = (0.05, 0.1, 0.25, 0.5)
"""Shares of the work at which the estimate of the time is looked at."""


def stand_ins(map: AffineMap) -> Controls:
    """Maps with the rows of the true one in another order: the cost does not depend on what a control map says."""
    generator = torch.Generator().manual_seed(0)
    return Controls(
        [
            AffineMap(map.weight[torch.randperm(len(map.weight), generator=generator)], map.bias)
            for _ in range(CONTROL_MAPS)
        ]
    )


def plain_loop(
    small: LanguageModel,
    large: LanguageModel,
    map: AffineMap,
    info: MapInfo,
    controls: Controls,
    concepts: Sequence[ContrastSet],
    settings: EvaluationSettings,
) -> tuple[list[torch.Tensor], int]:
    """The readouts `[directions, strengths, prompts]` of each concept, one pass of the whole model for each."""
    found, passes = [], 0
    for number, concept in enumerate(concepts):
        others = others_of(concepts, number, settings.other_concepts)
        arms = finish(concept_arms(Case(small, large, map, info, controls, concept, others, settings)))
        prompts = settle(large, concept.prompts[: settings.prompts])
        readouts = torch.empty(len(arms.directions), len(arms.strengths), len(prompts), dtype=torch.float64)
        for column, (prompt, answer) in enumerate(zip(prompts, answer_tokens(large, prompts), strict=True)):
            unsteered = answer_difference(next_token_logprobs(large, [prompt.text])[0], answer)
            passes += 1
            for row, direction in enumerate(arms.directions):
                layer = large.layers - 1 if direction.direct else info.large_layer
                for place, strength in enumerate(arms.strengths):
                    readouts[row, place, column] = unsteered
                    if strength != 0:
                        added = addition(direction.values, strength, arms.typical_deviation)[None]
                        logprobs = next_token_logprobs(large, [prompt.text], layer, added)[0]
                        readouts[row, place, column] = answer_difference(logprobs, answer)
                        passes += 1
        found.append(readouts)
        print(f"plain loop: {concept.name}", file=sys.stderr, flush=True)
    return found, passes


def measure(
    small: LanguageModel,
    large: LanguageModel,
    map: AffineMap,
    info: MapInfo,
    concepts: Sequence[ContrastSet],
    settings: EvaluationSettings,
) -> dict[str, Any]:
    """Both ways in one run, and how far they differ."""
    controls = stand_ins(map)
    # Reading the vectors is the same work for both, and done before either.
    for number, concept in enumerate(concepts):
        others = others_of(concepts, number, settings.other_concepts)
        finish(concept_arms(Case(small, large, map, info, controls, concept, others, settings)))
    with tempfile.TemporaryDirectory() as home:
        told: list[tuple[float, float]] = []
        clock, processor = time.perf_counter(), time.process_time()

        def note(step: Progress) -> None:
            if step.left is not None:
                told.append((step.share, time.perf_counter() - clock + step.left))

        study = evaluate(
            Pair(small=small, large=large),
            PairMap(map=map, info=info),
            concepts,
            controls=controls,
            settings=settings,
            keep=Path(home),
        )
        evaluation = finish(timed(study), note)
        suite = (time.perf_counter() - clock, time.process_time() - processor)
        kept = {folder.name.rpartition("-")[0]: load_artifact(folder, KIND) for folder in Path(home).iterdir()}
    print("suite: done", file=sys.stderr, flush=True)
    clock, processor = time.perf_counter(), time.process_time()
    plain, passes = plain_loop(small, large, map, info, controls, concepts, settings)
    loop = (time.perf_counter() - clock, time.process_time() - processor)
    differences = [
        float((kept[concept.name].tensors["readouts"] - readouts).abs().max())
        for concept, readouts in zip(concepts, plain, strict=True)
    ]
    return {
        "concepts": [concept.name for concept in concepts],
        "prompts": [len(result.evidence.prompts) for result in evaluation.concepts],
        "directions": [len(readouts) for readouts in plain],
        "strengths": list(STRENGTHS),
        "plain_passes": passes,
        "suite_seconds": suite[0],
        "plain_seconds": loop[0],
        "ratio": loop[0] / suite[0],
        "suite_processor_seconds": suite[1],
        "plain_processor_seconds": loop[1],
        "processor_ratio": loop[1] / suite[1],
        "estimated_over_taken": {
            f"{at:.0%}": next(round(whole / suite[0], 3) for share, whole in told if share >= at)
            for at in TOLD_AT
            if told and told[-1][0] >= at
        },
        "bar": BAR,
        "largest_difference": max(differences),
        "tolerance": TOLERANCE,
    }


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("small", nargs="?", default="tinyworld-s")
    parser.add_argument("large", nargs="?", default="tinyworld-l")
    parser.add_argument(
        "--map", type=Path, help="folder of a fitted map (default: an existing one, or else what opening fits)"
    )
    parser.add_argument("--concepts", default="all", help="names or files with commas between (default: all)")
    parser.add_argument("--prompts", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1, help="one, so that processor seconds mean something")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    concepts = named_concepts(options.concepts, world_of(options.small, options.large))
    small, large = models().get(options.small), models().get(options.large)
    if options.map:
        map, info = load_map(options.map)
    else:
        pair = Pair(small=small, large=large)
        saved = finish(map_for(pair, pair.layers()))
        map, info = saved.map, saved.info
    report = measure(
        small, large, map, info, concepts, EvaluationSettings(strengths=STRENGTHS, prompts=options.prompts)
    )
    layers = {"small_layer": info.small_layer, "large_layer": info.large_layer, "large_layers": large.layers}
    print(json.dumps({"small": small.name, "large": large.name, **layers, **report}, indent=1))


if __name__ == "__main__":
    main()
