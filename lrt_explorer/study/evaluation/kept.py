"""Finished concepts of an evaluation on disk, each under a key of everything that its numbers depend on."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.scorers import scorer_identity
from lrt_explorer.concepts.sets.readout_kinds import READOUTS, Readout
from lrt_explorer.errors import ArtifactError
from lrt_explorer.store import data_home, has_artifact, load_artifact, save_artifact
from lrt_explorer.study.evaluation.case import Case
from lrt_explorer.study.evaluation.holding import holding_document, read_holding
from lrt_explorer.study.evaluation.measure import Measured
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.whole_texts import WholeTexts, read_whole_texts, whole_texts_document
from lrt_explorer.study.evaluation.written import Passage
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.calibrate import VERSION as CALIBRATION
from lrt_explorer.study.steering.deviation import VERSION as UNIT
from lrt_explorer.study.steering.deviation import ordinary_digest

KIND, WHOLE_TEXTS = "evaluation", "whole-texts"
WAY = 8
"""Counted up whenever the same inputs would be measured in another way."""
WHOLE_TEXTS_WAY = 3
"""The same for whole texts, which are measured by themselves."""
_NUMBERS = ("readouts", "unsteered", "baseline", "kl", "first_order", "relabelled_cosines", "off_answers")


def evaluation_key(case: Case, neutral: Sequence[str]) -> str:
    """A hash of all that the measurements of a concept depend on; raises what `scorer_identity` raises."""
    info, settings = case.info, case.settings
    inputs = {
        "way": WAY,
        "small": [case.small.fingerprint, str(case.small.model.dtype), info.small_layer],
        "large": [case.large.fingerprint, str(case.large.model.dtype), info.large_layer],
        "maps": [one.digest for one in (case.map, *case.controls.maps)],
        "rivals": [[one.arm, one.lm.fingerprint, one.layer, one.map.digest] for one in case.controls.rivals],
        "concept": case.concept.fingerprint(),
        "others": [other.fingerprint() for other in case.others],
        "neutral": list(neutral),
        "unit": [UNIT, CALIBRATION, ordinary_digest(world_of(case.small.name, case.large.name).ordinary)],
        "settings": _asked(settings),
        **_origins(settings.readout or case.concept.readout),
        "scorer": scorer_identity(settings.scorer or case.concept.scorer) if settings.generate else None,
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:24]


def evaluations_folder(small: str, large: str, small_layer: int, large_layer: int) -> Path:
    """Where the evidence for a layer pair is kept, unless another place is named."""
    return data_home() / "evaluations" / f"{folder_name(small)}--{folder_name(large)}" / f"{small_layer}-{large_layer}"


def kept_folder(home: Path, concept: ContrastSet, key: str) -> Path:
    """Where the measurements of a concept are kept."""
    return home / f"{folder_name(concept.name)}-{key}"


def keep_measured(folder: Path, key: str, measured: Measured) -> Path:
    """Save the measurements of a concept; a kill at any moment leaves all or nothing of them.

    Raises:
        ArtifactError: if they are not finite, or cannot be written.
    """
    meta = {
        "key": key,
        "directions": list(measured.directions),
        "arms": list(measured.arms),
        "strengths": list(measured.strengths),
        "prompts": list(measured.prompts),
        "passages": [asdict(passage) for passage in measured.passages],
        "typical_deviation": measured.typical_deviation,
        "outlier_dimensions": list(measured.outlier_dimensions),
        "halves_cosine": measured.halves_cosine,
        "holding": holding_document(measured.holding),
        "direction_cosine": measured.direction_cosine,
        "reachable_share": measured.reachable_share,
    }
    numbers = {name: torch.from_numpy(np.ascontiguousarray(getattr(measured, name))) for name in _NUMBERS}
    return save_artifact(folder, KIND, meta, numbers)


def keep_whole_texts(folder: Path, key: str, found: WholeTexts) -> Path:
    """Save how far the whole texts of a concept follow, beside its measurements; raises ArtifactError."""
    meta = {"key": key, "way": WHOLE_TEXTS_WAY, "whole_texts": whole_texts_document(found)}
    return save_artifact(_beside(folder), WHOLE_TEXTS, meta, {})


def find_whole_texts(folder: Path, key: str) -> WholeTexts | None:
    """What is kept of them; None if nothing is under this key, measured this way. Raises ArtifactError if damaged."""
    if not has_artifact(_beside(folder)):
        return None
    meta: dict[str, Any] = load_artifact(_beside(folder), WHOLE_TEXTS).meta
    try:
        known = (meta.get("key"), meta.get("way")) == (key, WHOLE_TEXTS_WAY)
        return read_whole_texts(meta["whole_texts"]) if known else None
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the whole texts in {_beside(folder)} are incomplete; remove the folder") from error


def _beside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-{WHOLE_TEXTS}")


def find_measured(folder: Path, key: str) -> Measured | None:
    """The kept measurements of a concept; None if there are none under this key.

    Raises:
        ArtifactError: if they are damaged.
    """
    if not has_artifact(folder):
        return None
    artifact = load_artifact(folder, KIND)
    meta: dict[str, Any] = artifact.meta
    if meta.get("key") != key:
        return None
    try:
        return Measured(
            directions=tuple(meta["directions"]),
            arms=tuple(meta["arms"]),
            strengths=tuple(meta["strengths"]),
            prompts=tuple(meta["prompts"]),
            passages=tuple(Passage(**passage) for passage in meta["passages"]),
            typical_deviation=float(meta["typical_deviation"]),
            outlier_dimensions=tuple(int(one) for one in meta["outlier_dimensions"]),
            forms=(),
            holding=read_holding(meta["holding"]),
            halves_cosine=None if meta["halves_cosine"] is None else float(meta["halves_cosine"]),
            direction_cosine=float(meta["direction_cosine"]),
            reachable_share=float(meta["reachable_share"]),
            **{name: artifact.tensors[name].numpy() for name in _NUMBERS},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"the evaluation in {folder} is incomplete; remove the folder") from error


def _asked(settings: EvaluationSettings) -> dict[str, Any]:
    """The settings, without one that was not asked for and is newer than what may be kept.

    Whole texts are kept apart, so that asking for them later measures nothing anew.
    """
    asked = asdict(settings)
    del asked["whole_texts"]
    for name in ("readout", "brought"):
        if not asked[name]:
            del asked[name]
    return asked


def _origins(readout: Readout) -> dict[str, str]:
    """The package of a readout that is not of this one: another version of it may count otherwise."""
    origin = READOUTS.find(readout).origin
    return {"readout_of": origin} if origin else {}
