"""An evaluation of made-up measurements: what follows from them is computed by the study."""

from collections.abc import Sequence

import numpy as np

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.store import MapInfo
from lrt_explorer.study.evaluation.evaluate import ConceptResult, Evaluation
from lrt_explorer.study.evaluation.evidence import ConceptEvidence, concept_evidence
from lrt_explorer.study.evaluation.measure import Measured
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.verdict import verdicts
from lrt_explorer.study.evaluation.written import Passage

STRENGTHS = (-0.6, -0.3, 0.0, 0.3, 0.6)
DIRECTIONS = {
    "native": "native", "transferred": "transferred", "random 1": "random", "random 2": "random",
    "random 3": "random", "shuffled map 1": "shuffled map", "shuffled map 2": "shuffled map",
    "other concept: <tone>": "other concept", "native, direct": "native, direct",
    "transferred, direct": "transferred, direct",
}  # fmt: skip
RETENTIONS = {"mood": 0.9, "register": 0.4, "<b>size</b>": 0.0, "weather": None}
"""What is planted for each concept; None where the native vector does nothing."""


def fake_evaluation(names: Sequence[str] = tuple(RETENTIONS), *, texts: bool = False, prompts: int = 10) -> Evaluation:
    found = [_evidence(name, RETENTIONS.get(name, 0.9), texts, prompts) for name in names]
    judged = verdicts([evidence.doubts for evidence in found])
    return Evaluation(
        "models/tinyworld-s", "tinyworld-l", "a" * 64, "b" * 64, 2, 3, _info(), 2, ("The old", "In the"),
        EvaluationSettings(strengths=STRENGTHS, prompts=prompts, generate=texts),
        tuple(ConceptResult(evidence, verdict) for evidence, verdict in zip(found, judged, strict=True)),
    )  # fmt: skip


def _evidence(name: str, retention: float | None, texts: bool, prompts: int) -> ConceptEvidence:
    dice = np.random.default_rng(len(name))
    grid = np.asarray(STRENGTHS)
    native = 0.0 if retention is None else 6.0
    slopes = {"native": native, "transferred": native * (retention or 0), "native, direct": 0.2 * native}
    unsteered = dice.normal(0, 1, prompts)
    readouts, kl = [], []
    for direction in DIRECTIONS:
        own = slopes.get(direction, dice.normal(0, 0.15)) + dice.normal(0, 0.3 if native else 3, prompts)
        readouts.append(unsteered + grid[:, None] * own + dice.normal(0, 0.05, (len(grid), prompts)))
        kl.append(np.abs(grid)[:, None] * dice.uniform(0.4, 0.6, (len(grid), 2)))
    readouts_array = np.stack(readouts)
    readouts_array[:, 2] = unsteered
    written = [("unsteered", 0.0), ("prompt", 0.0), *((d, s) for d in ("native", "transferred") for s in (-0.6, 0.6))]
    passages = tuple(
        Passage(direction, strength, number, f" wrote <{direction}> {number}", 0.5, 2.0, 0.1)
        for direction, strength in (written if texts else ())
        for number in range(prompts)
    )
    concept = ContrastSet(name, (("a", "b"), ("c", "d")), f"about {name}", "happy", "sad")
    measured = Measured(
        directions=tuple(DIRECTIONS),
        arms=tuple(DIRECTIONS.values()),
        strengths=STRENGTHS,
        prompts=tuple(f"Prompt {number} of <i>{name}" for number in range(prompts)),
        readouts=readouts_array,
        unsteered=unsteered,
        baseline=unsteered + 1,
        kl=np.stack(kl),
        passages=passages,
        typical_deviation=8.3,
        direction_cosine=0.8,
        reachable_share=0.7,
    )
    return concept_evidence(concept, measured, 0)


def _info() -> MapInfo:
    return MapInfo(
        small="models/tinyworld-s", large="tinyworld-l", small_layer=2, large_layer=3, small_fingerprint="a" * 64,
        large_fingerprint="b" * 64, method="ridge", lam=1e-4, tokens_used=20_000, tokens_left_out=10, coverage=1.0,
        r2=0.84, cka=0.9, corpus="made up", corpus_fingerprint="c" * 8, created="2025-01-01", settings={},
    )  # fmt: skip
