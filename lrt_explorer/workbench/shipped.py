"""Evidence and layer scores that ship with a pair, so that both are there at first sight: written, read, and checked.

`assets/evidence/SMALL--LARGE.json` is the document of an evaluation with a description of the map it was made with, and
`assets/layers/SMALL--LARGE.json` holds the scores of every layer pair. Both say when they were made, and count only for
the very weights, and the very map, that they were made with.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from lrt_explorer.errors import LRTError
from lrt_explorer.store import MapInfo, assets_home
from lrt_explorer.store.swap import write_text
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.document_reading import read_evaluation
from lrt_explorer.study.evaluation.evaluate import Evaluation
from lrt_explorer.study.fitting.layers import LayerCell, LayerGrid
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.steering.arms import NATIVE, TRANSFERRED
from lrt_explorer.workbench.cards import LayerScores, Suggestion
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.pair import Pair

EVIDENCE, LAYERS = "evidence", "layers"
LAYERS_KIND, LAYERS_VERSION = "lrt-layer-scores", 1
DIGITS = 4
"""Significant digits of every number that ships: more than any screen shows."""
DRAWN = (NATIVE, TRANSFERRED)
"""The arms whose slopes of single prompts are shown; those of the others stay out of the file."""

Json = dict[str, Any]


@dataclass(frozen=True, eq=False)
class ShippedEvidence:
    """An evaluation that ships.

    Attributes:
        evaluation: of every concept that ships for the pair.
        made: when, as an ISO 8601 date.
    """

    evaluation: Evaluation
    made: str

    @property
    def verdicts(self) -> Mapping[str, str]:
        """The verdict on each concept, one of `VERDICTS`."""
        return {one.evidence.name: one.verdict.word for one in self.evaluation.concepts}


def shipped_file(kind: str, small: str, large: str) -> Path:
    """Where evidence or layer scores of a pair ship."""
    return assets_home() / kind / f"{folder_name(small)}--{folder_name(large)}.json"


def ship_evidence(evaluation: Evaluation) -> Path:
    """Write an evaluation where it ships.

    Raises:
        ArtifactError: if it cannot be written.
    """
    document = evaluation_document(evaluation)
    for concept in document["concepts"]:
        for arm in concept["arms"]:
            if arm["name"] not in DRAWN:
                arm["prompt_slopes"] = []
    content = _rounded(document) | {"map_info": asdict(evaluation.map), "made": today()}
    return _write(shipped_file(EVIDENCE, evaluation.small, evaluation.large), content)


def ship_layers(pair: Pair, corpus: str, scores: LayerScores) -> Path:
    """Write the scores of all layer pairs where they ship.

    Args:
        pair: the models.
        corpus: the name of the text, as `corpus_name` gives it.
        scores: of that text.

    Raises:
        ArtifactError: if they cannot be written.
    """
    content = {
        "kind": LAYERS_KIND,
        "version": LAYERS_VERSION,
        "small": scores.grid.small,
        "large": scores.grid.large,
        "small_fingerprint": pair.small.fingerprint,
        "large_fingerprint": pair.large.fingerprint,
        "corpus": corpus,
        "made": today(),
        "tokens": scores.tokens,
        "concepts": scores.concepts,
        "suggestion": None if scores.suggestion is None else asdict(scores.suggestion),
        "left_out": dict(scores.grid.left_out),
        "cells": _rounded([asdict(cell) for cell in scores.grid.cells]),
    }
    return _write(shipped_file(LAYERS, scores.grid.small, scores.grid.large), content)


def shipped_evidence(pair: Pair, saved: SavedMap) -> ShippedEvidence | None:
    """The evidence that ships for these weights and this map; None if there is none, or a damaged one."""
    known = evidence_of(pair.small.name, pair.large.name)
    return None if known is None or known.evaluation.map != saved.info else known


def evidence_of(small: str, large: str) -> ShippedEvidence | None:
    """The evidence that ships for models of these names, whichever map is in use; None likewise."""
    file = shipped_file(EVIDENCE, small, large)
    return _known_evidence(file, _mark(file))


def shipped_layers(pair: Pair, corpus: str) -> LayerScores | None:
    """The layer scores that ship for these weights and this text; None if there are none, or damaged ones."""
    file = shipped_file(LAYERS, pair.small.name, pair.large.name)
    known = _known_layers(file, _mark(file))
    if known is None:
        return None
    made_with, scores = known
    return scores if made_with == (pair.small.fingerprint, pair.large.fingerprint, corpus) else None


@lru_cache(16)
def _known_evidence(file: Path, mark: int) -> ShippedEvidence | None:
    """What a file holds, read once for as long as its mark stays the same."""
    content = _content(file, mark)
    try:
        info = MapInfo(**content["map_info"])
        return ShippedEvidence(read_evaluation(content, info), str(content["made"]))
    except (LRTError, KeyError, TypeError):
        return None


@lru_cache(16)
def _known_layers(file: Path, mark: int) -> tuple[tuple[str, str, str], LayerScores] | None:
    """Weights and text that the scores of a file were made with, and the scores."""
    content = _content(file, mark)
    try:
        if (content["kind"], content["version"]) != (LAYERS_KIND, LAYERS_VERSION):
            return None
        suggestion, tokens = content["suggestion"], int(content["tokens"])
        cells = tuple(LayerCell(**cell | {"left_out": tuple(cell["left_out"])}) for cell in content["cells"])
        grid = LayerGrid(content["small"], content["large"], cells, dict(content["left_out"]), tokens)
        found = None if suggestion is None else Suggestion(**suggestion)
        scores = LayerScores(grid, tokens, int(content["concepts"]), found, made=str(content["made"]))
        return (content["small_fingerprint"], content["large_fingerprint"], content["corpus"]), scores
    except (KeyError, TypeError, ValueError):
        return None


def _mark(file: Path) -> int:
    """What changes when a file does; 0 where there is none."""
    return file.stat().st_mtime_ns if file.is_file() else 0


def _content(file: Path, mark: int) -> Json:
    """The JSON object of a file; an empty one if there is none, or no valid one."""
    if not mark:
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(file: Path, content: Json) -> Path:
    """One line for each concept or layer pair would be no easier to read; so the file is as small as it can be."""
    return write_text(file, json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n")


def _rounded(value: Any) -> Any:
    """JSON values with every number in as many digits as count."""
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_rounded(one) for one in value]
    return value


def today() -> str:
    """The date, as what ships says when it was made."""
    return datetime.now(UTC).date().isoformat()
