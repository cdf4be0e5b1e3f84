"""How much faster the evaluation is than the plain loop, and whether its readouts are the same.

    python -m benchmarks.evaluate [tinyworld-s tinyworld-l] [--concepts register,mood] [--prompts 60] [--threads 1]
    python -m benchmarks.evaluate SMALL.gguf LARGE.gguf --sample 100   # two real models: the loop would take hours

The suite is `evaluate` as the app runs it, with its control maps and rivals (fitted before), its calibrated strengths,
coherence cost, prompt baseline, intervals and verdicts. The plain loop runs the whole model once for each prompt, arm
and strength, and computes the readouts alone; what all arms share at strength 0 it runs once. With `--sample` it runs
so many passes of each concept, drawn at random, and its time is their mean for all of its passes. Prints one JSON
object: seconds of both by the clock and by the processor (which other programs disturb less), their ratios, the largest
difference of a readout in nats, and what the suite's own estimate of its time was over what it took, once that much of
the work was done. The project holds the ratio at 3 or above, the difference at 1e-4 or below, and the estimate within
30 % from a tenth of the work on.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.readout import answer_difference, answer_tokens, settle
from lrt_explorer.concepts.vectors import addition
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo, load_artifact
from lrt_explorer.study.evaluation.arms import ConceptArms, concept_arms, others_among
from lrt_explorer.study.evaluation.case import Case
from lrt_explorer.study.evaluation.chosen_prompts import evaluated_prompts
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings, EvaluationStep
from lrt_explorer.study.evaluation.kept import KIND
from lrt_explorer.study.ground.progress import Progress, finish, timed
from lrt_explorer.workbench.concepts import named_concept, shipped_sets
from lrt_explorer.workbench.evidence import EvidenceSpec, all_controls, evaluate, evidence_folder
from lrt_explorer.workbench.map_store import SavedMap, load_saved
from lrt_explorer.workbench.maps import map_for
from lrt_explorer.workbench.pair import Pair

BAR, TOLERANCE = 3.0, 1e-4
TOLD_AT = (0.05, 0.1, 0.25, 0.5)
"""Shares of the work at which the estimate of the time is looked at."""


@dataclass(frozen=True)
class Loop:
    """What the plain loop found, and what it takes.

    Attributes:
        readouts: of each concept, `[directions, strengths, prompts]`; NaN where a pass was not drawn.
        passes, ran: all passes of the loop, and those that ran.
        seconds, processor_seconds: of all passes; for a sample its mean, times the number of all.
        spread: the standard error of `seconds` over the passes that ran.
    """

    readouts: list[torch.Tensor]
    passes: int
    ran: int
    seconds: float
    processor_seconds: float
    spread: float


def plain_loop(
    large: LanguageModel, info: MapInfo, cases: Sequence[tuple[ContrastSet, ConceptArms]], prompts: int, sample: int
) -> Loop:
    """One pass of the whole model for each direction, strength and prompt.

    Args:
        large: the model that is steered.
        info: of the map, which says where.
        cases: each concept with its directions.
        prompts: how many of a concept's, at most.
        sample: passes of each concept that run, drawn at random; 0 for all.
    """
    found: list[torch.Tensor] = []
    times: list[tuple[float, float]] = []
    passes = 0
    for concept, arms in cases:
        settled = settle(large, evaluated_prompts(concept, prompts))
        answers = answer_tokens(large, settled)
        readouts = torch.full((len(arms.directions), len(arms.strengths), len(settled)), torch.nan, dtype=torch.float64)
        # What no direction changes runs once for each prompt.
        middle = arms.strengths.index(0.0)
        places = [
            (row, place, column)
            for row in range(len(arms.directions))
            for place in range(len(arms.strengths))
            for column in range(len(settled))
            if place != middle or row == 0
        ]
        passes += len(places)
        for row, place, column in random.Random(concept.name).sample(places, sample) if sample else places:
            direction = arms.directions[row]
            layer = large.layers - 1 if direction.direct else info.large_layer
            clock, processor = time.perf_counter(), time.process_time()
            added = addition(direction.values, arms.strengths[place], arms.typical_deviation)[None]
            prompt = settled[column]
            logprobs = next_token_logprobs(large, [prompt.text], layer, added)[0]
            times.append((time.perf_counter() - clock, time.process_time() - processor))
            rows = slice(None) if place == middle else slice(row, row + 1)
            readouts[rows, place, column] = answer_difference(logprobs, answers[column])
        found.append(readouts)
        print(f"plain loop: {concept.name}", file=sys.stderr, flush=True)
    by_clock, by_processor = torch.tensor(times, dtype=torch.float64).T
    return Loop(
        found,
        passes,
        len(times),
        passes * float(by_clock.mean()),
        passes * float(by_processor.mean()),
        passes * float(by_clock.std()) / len(times) ** 0.5 if len(times) < passes else 0.0,
    )


def measure(pair: Pair, saved: SavedMap, spec: EvidenceSpec, sample: int) -> dict[str, Any]:
    """Both ways in one run, and how far they differ."""
    (small, large), map, info, settings = pair.both, saved.map, saved.info, spec.settings
    kept_in = evidence_folder(pair, saved.layers, spec) / "concepts"
    if kept_in.is_dir():
        sys.exit(f"{kept_in} has finished concepts, which would take no time; remove it, or leave --keep out")
    controls = finish(all_controls(pair, saved, spec))
    # Reading the vectors is the same work for both, and done before either.
    among, cases = shipped_sets(pair.world), []
    concepts = among if spec.concepts is None else [named_concept(pair.world, one) for one in spec.concepts]
    for concept in concepts:
        others = others_among(among, concept, settings.other_concepts)
        cases.append(
            (concept, finish(concept_arms(Case(small, large, map, info, controls, concept, others, settings))))
        )
        print(f"vectors: {concept.name}", file=sys.stderr, flush=True)
    told: list[tuple[float, float]] = []
    clock, processor = time.perf_counter(), time.process_time()

    def note(step: Progress) -> None:
        if step.left is not None:
            told.append((step.share, time.perf_counter() - clock + step.left))
        if isinstance(step, EvaluationStep):
            print(f"suite: {step.message}", file=sys.stderr, flush=True)

    evaluation = finish(timed(evaluate(pair, saved, spec)), note)
    suite = (time.perf_counter() - clock, time.process_time() - processor)
    kept = {folder.name.rpartition("-")[0]: load_artifact(folder, KIND) for folder in kept_in.iterdir()}
    loop = plain_loop(large, info, cases, settings.prompts, sample)
    differences = [
        float((kept[concept.name].tensors["readouts"] - readouts).abs().nan_to_num(0.0).max())
        for concept, readouts in zip(concepts, loop.readouts, strict=True)
    ]
    return {
        "concepts": [concept.name for concept in concepts],
        "prompts": [len(result.evidence.prompts) for result in evaluation.concepts],
        "directions": [len(readouts) for readouts in loop.readouts],
        "strengths": [len(arms.strengths) for _, arms in cases],
        "plain_passes": loop.passes,
        "plain_passes_ran": loop.ran,
        "suite_seconds": suite[0],
        "plain_seconds": loop.seconds,
        "plain_seconds_standard_error": loop.spread,
        "ratio": loop.seconds / suite[0],
        "suite_processor_seconds": suite[1],
        "plain_processor_seconds": loop.processor_seconds,
        "processor_ratio": loop.processor_seconds / suite[1],
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
    parser.add_argument("--sample", type=int, default=0, help="passes of the loop for each concept (default: 0, all)")
    parser.add_argument("--keep", action="store_true", help="keep the evidence where the app finds it")
    parser.add_argument("--threads", type=int, default=1, help="one, so that processor seconds mean something")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    concepts = None if options.concepts == "all" else tuple(options.concepts.split(","))
    settings = EvaluationSettings(prompts=options.prompts)
    pair = Pair(small=models().get(options.small), large=models().get(options.large))
    saved = load_saved(options.map) if options.map else finish(map_for(pair, pair.layers()))
    with tempfile.TemporaryDirectory() as home:
        folder = None if options.keep else Path(home)
        report = measure(pair, saved, EvidenceSpec(concepts=concepts, settings=settings, folder=folder), options.sample)
    layers = {
        "small_layer": saved.info.small_layer,
        "large_layer": saved.info.large_layer,
        "large_layers": pair.large.layers,
    }
    print(json.dumps({"small": pair.small.name, "large": pair.large.name, **layers, **report}, indent=1))


if __name__ == "__main__":
    main()
