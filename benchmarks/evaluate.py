"""How much faster the evaluation is than the plain loop, and whether its readouts are the same.

    python -m benchmarks.evaluate [tinyworld-s tinyworld-l] [--concepts register,mood] [--prompts 60] [--threads 1]
    python -m benchmarks.evaluate SMALL.gguf LARGE.gguf --sample 100   # two real models: the loop would take hours

The suite is `evaluate` as the app runs it, with its control maps and rivals (fitted before), its calibrated strengths,
coherence cost, prompt baseline, intervals and verdicts. The plain loop runs the whole model once for each prompt, arm
and strength, and computes the readouts alone; what all arms share at strength 0 it runs once. With `--sample` it runs
so many passes of each concept, drawn at random, and its time is their mean for all of its passes. The loop of a concept
runs as soon as the suite has finished that concept, so that both meet the same machine, and with `--resume` a run that
was broken off goes on. Prints one JSON object: seconds of both by the clock and by the processor (which other programs
disturb less), their ratios, the largest difference of a readout in nats, and what the suite's own estimate of its time
was over what it took, once that much of the work was done. The project holds the ratio at 3 or above, the difference at
1e-4 or below, and the estimate within 30 % from a tenth of the work on.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from lrt_explorer.cli.common import named_concepts
from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt
from lrt_explorer.concepts.readout import answer_difference, answer_tokens, settle
from lrt_explorer.concepts.vectors import addition
from lrt_explorer.lm.cache import models
from lrt_explorer.lm.generate import next_token_logprobs
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import load_artifact
from lrt_explorer.study.evaluation.arms import ConceptArms, concept_arms, others_among
from lrt_explorer.study.evaluation.case import Case, Controls
from lrt_explorer.study.evaluation.chosen_prompts import evaluated_prompts
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings, EvaluationStep
from lrt_explorer.study.evaluation.kept import KIND
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.ground.progress import finish, timed
from lrt_explorer.workbench.concepts import shipped_sets
from lrt_explorer.workbench.evidence import EvidenceSpec, all_controls, evaluate, evidence_folder
from lrt_explorer.workbench.map_store import SavedMap, load_saved
from lrt_explorer.workbench.maps import map_for
from lrt_explorer.workbench.pair import Pair

BAR, TOLERANCE = 3.0, 1e-4
TOLD_AT = (0.05, 0.1, 0.25, 0.5)
"""Shares of the work at which the estimate of the time is looked at."""


@dataclass(frozen=True)
class Both:
    """One concept both ways.

    Attributes:
        concept: its name.
        prompts, directions, strengths: how many of each.
        suite_seconds, suite_processor_seconds: of its whole evaluation.
        passes, ran: all passes of the plain loop, and those that ran.
        plain_seconds, plain_processor_seconds: of all passes; for a sample its mean, times the number of all.
        spread: the standard error of `plain_seconds` over the passes that ran.
        difference: the largest between two readouts, in nats.
    """

    concept: str
    prompts: int
    directions: int
    strengths: int
    suite_seconds: float
    suite_processor_seconds: float
    passes: int
    ran: int
    plain_seconds: float
    plain_processor_seconds: float
    spread: float
    difference: float


def plain_loop(
    large: LanguageModel,
    layer: int,
    concept: ContrastSet,
    arms: ConceptArms,
    prompts: Sequence[ReadoutPrompt],
    sample: int,
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """One pass of the whole model for each direction, strength and prompt.

    Args:
        large: the model that is steered.
        layer: at which.
        concept: what is measured.
        arms: its directions.
        prompts: of the concept.
        sample: passes that run, drawn at random; 0 for all.

    Returns:
        The readouts `[directions, strengths, prompts]`, NaN where a pass was not drawn; seconds `[2, passes that ran]`
        by the clock and by the processor; how many passes there are.
    """
    answers = answer_tokens(large, prompts)
    readouts = torch.full((len(arms.directions), len(arms.strengths), len(prompts)), torch.nan, dtype=torch.float64)
    # What no direction changes runs once for each prompt.
    middle = arms.strengths.index(0.0)
    places = [
        (row, place, column)
        for row in range(len(arms.directions))
        for place in range(len(arms.strengths))
        for column in range(len(prompts))
        if place != middle or row == 0
    ]
    times: list[tuple[float, float]] = []
    for row, place, column in random.Random(concept.name).sample(places, sample) if sample else places:
        direction = arms.directions[row]
        at = large.layers - 1 if direction.direct else layer
        clock, processor = time.perf_counter(), time.process_time()
        added = addition(direction.values, arms.strengths[place], arms.typical_deviation)[None]
        logprobs = next_token_logprobs(large, [prompts[column].text], at, added)[0]
        times.append((time.perf_counter() - clock, time.process_time() - processor))
        rows = slice(None) if place == middle else slice(row, row + 1)
        readouts[rows, place, column] = answer_difference(logprobs, answers[column])
    return readouts, torch.tensor(times, dtype=torch.float64).T, len(places)


class Race:
    """Both ways over the concepts of a pair, one concept after the other."""

    def __init__(
        self, pair: Pair, saved: SavedMap, concepts: Sequence[ContrastSet], spec: EvidenceSpec, sample: int
    ) -> None:
        """Fit what stands beside the map.

        Args:
            pair: the models.
            saved: the map.
            concepts: those that are left.
            spec: how they are evaluated, and where their evidence is kept.
            sample: as for `plain_loop`.
        """
        self.pair, self.saved, self.sample = pair, saved, sample
        self.spec = replace(spec, concepts=tuple(concepts))
        self.kept_in = evidence_folder(pair, saved.layers, spec) / "concepts"
        self.told: list[tuple[float, float]] = []
        self.taken = 0.0
        self.left = list(concepts)
        for concept in concepts:
            if any(self.kept_in.glob(f"{folder_name(concept.name)}-*")):
                sys.exit(f"{self.kept_in} has {concept.name} finished, which would take no time; remove its folder")
        self.controls = finish(all_controls(pair, saved, spec)) if concepts else Controls()

    def _arms(self) -> ConceptArms:
        """The directions of the next concept: to read its vectors is the same work for both, and done before either."""
        others = others_among(shipped_sets(self.pair.world), self.left[0], self.spec.settings.other_concepts)
        of_pair = (*self.pair.both, self.saved.map, self.saved.info, self.controls)
        return finish(concept_arms(Case(*of_pair, self.left[0], others, self.spec.settings)))

    def run(self) -> Iterator[Both]:
        """Each concept as soon as it is finished."""
        if not self.left:
            return
        arms = self._arms()
        clock, processor = time.perf_counter(), time.process_time()
        for step in timed(evaluate(self.pair, self.saved, self.spec)):
            if step.left is not None:
                self.told.append((step.share, time.perf_counter() - clock + self.taken + step.left))
            if isinstance(step, EvaluationStep):
                spent, worked = time.perf_counter() - clock, time.process_time() - processor
                self.taken += spent
                yield self._beside(self.left.pop(0), arms, spent, worked)
                if self.left:
                    arms = self._arms()
                clock, processor = time.perf_counter(), time.process_time()

    def _beside(self, concept: ContrastSet, arms: ConceptArms, spent: float, worked: float) -> Both:
        """A concept that the suite has finished, with the plain loop beside it."""
        settled = settle(self.pair.large, evaluated_prompts(concept, self.spec.settings.prompts))
        layer = self.saved.info.large_layer
        readouts, times, passes = plain_loop(self.pair.large, layer, concept, arms, settled, self.sample)
        kept = next(self.kept_in.glob(f"{folder_name(concept.name)}-*"))
        apart = (load_artifact(kept, KIND).tensors["readouts"] - readouts).abs().nan_to_num(0.0)
        ran = times.shape[1]
        return Both(
            concept=concept.name,
            prompts=len(settled),
            directions=len(arms.directions),
            strengths=len(arms.strengths),
            suite_seconds=spent,
            suite_processor_seconds=worked,
            passes=passes,
            ran=ran,
            plain_seconds=passes * float(times[0].mean()),
            plain_processor_seconds=passes * float(times[1].mean()),
            spread=passes * float(times[0].std()) / ran**0.5 if ran < passes else 0.0,
            difference=float(apart.max()),
        )

    def estimates(self) -> dict[str, float]:
        """What the suite said its time would be, over what it took."""
        return {
            f"{at:.0%}": next(round(whole / self.taken, 3) for share, whole in self.told if share >= at)
            for at in TOLD_AT
            if self.told and self.told[-1][0] >= at
        }


def report(finished: Sequence[Both]) -> dict[str, Any]:
    """All concepts together."""

    def total(name: str) -> float:
        return float(sum(getattr(both, name) for both in finished))

    return {
        "concepts": [both.concept for both in finished],
        "ratios": [round(both.plain_seconds / both.suite_seconds, 2) for both in finished],
        "prompts": [both.prompts for both in finished],
        "directions": [both.directions for both in finished],
        "strengths": [both.strengths for both in finished],
        "plain_passes": total("passes"),
        "plain_passes_ran": total("ran"),
        "suite_seconds": total("suite_seconds"),
        "plain_seconds": total("plain_seconds"),
        "plain_seconds_standard_error": sum(both.spread**2 for both in finished) ** 0.5,
        "ratio": total("plain_seconds") / total("suite_seconds"),
        "suite_processor_seconds": total("suite_processor_seconds"),
        "plain_processor_seconds": total("plain_processor_seconds"),
        "processor_ratio": total("plain_processor_seconds") / total("suite_processor_seconds"),
        "bar": BAR,
        "largest_difference": max(both.difference for both in finished),
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
    parser.add_argument(
        "--resume", type=Path, help="file of what is finished, so that a run goes on; the app keeps the evidence too"
    )
    parser.add_argument("--threads", type=int, default=1, help="one, so that processor seconds mean something")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    pair = Pair(small=models().get(options.small), large=models().get(options.large))
    saved = load_saved(options.map) if options.map else finish(map_for(pair, pair.layers()))
    finished: list[Both] = []
    if options.resume is not None and options.resume.exists():
        finished = [Both(**json.loads(line)) for line in options.resume.read_text("utf-8").splitlines()]
    done = {both.concept for both in finished}
    left = tuple(one for one in named_concepts(options.concepts, pair.world) if one.name not in done)
    settings = EvaluationSettings(prompts=options.prompts)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) if options.resume is None else None
        race = Race(pair, saved, left, EvidenceSpec(settings=settings, folder=folder), options.sample)
        for both in race.run():
            finished.append(both)
            print(f"{both.concept}: {both.plain_seconds / both.suite_seconds:.2f}", file=sys.stderr, flush=True)
            if options.resume is not None:
                with options.resume.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(asdict(both)) + "\n")
    layers = {
        "small_layer": saved.info.small_layer,
        "large_layer": saved.info.large_layer,
        "large_layers": pair.large.layers,
    }
    found = {**layers, **report(finished), "estimated_over_taken": race.estimates()}
    print(json.dumps({"small": pair.small.name, "large": pair.large.name, **found}, indent=1))


if __name__ == "__main__":
    main()
