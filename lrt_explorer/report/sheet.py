"""An evaluation as one sheet of comma-separated values, for other programs."""

import csv
from io import StringIO
from typing import Any

from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.evaluate import Evaluation

_EVALUATION = ("small", "large", "small_layer", "large_layer", "small_fingerprint", "large_fingerprint")
_CONCEPT = (
    "verdict", "p_native", "p_partly", "p_transfers", "pearson_r", "pearson_r_random", "pearson_r_effect",
    "retention_at_equal_cost", "retention_at_equal_cost_low", "retention_at_equal_cost_high",
)  # fmt: skip
_STRENGTH = ("readout", "readout_low", "readout_high", "kl", "score", "perplexity", "repetition")
_ARM = (
    "slope", "slope_low", "slope_high", "retention", "retention_low", "retention_high",
    "off_answers", "off_answers_low", "off_answers_high", "spearman", "anti_steerable",
)  # fmt: skip
COLUMNS = (
    "concept", "arm", "strength", *_STRENGTH, *_ARM, "directions", "prompts", "readout_kind", *_CONCEPT, *_EVALUATION,
)  # fmt: skip
"""In their order."""


def evaluation_sheet(evaluation: Evaluation) -> str:
    """One row for each concept, arm and strength; what belongs to an arm, a concept or the whole is repeated.

    Columns bear the names of the keys of the JSON document (docs/evidence.md), of which they are the values; "prompts"
    and "directions" are counts, and "readout_kind" is the concept's "readout". What is null there is empty here. Lines
    end as RFC 4180 asks.
    """
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    writer.writerows(evaluation_rows(evaluation))
    return text.getvalue()


def evaluation_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The rows of `evaluation_sheet`, with None where something does not exist."""
    document = evaluation_document(evaluation)
    return [
        _row(document, concept, arm, at, strength)
        for concept in document["concepts"]
        for arm in concept["arms"]
        for at, strength in enumerate(concept["strengths"])
    ]


def _row(
    document: dict[str, Any], concept: dict[str, Any], arm: dict[str, Any], at: int, strength: float
) -> dict[str, Any]:
    return {
        "concept": concept["name"],
        "arm": arm["name"],
        "strength": strength,
        **{name: arm[name][at] for name in _STRENGTH},
        **{name: arm[name] for name in _ARM},
        "directions": len(arm["directions"]),
        "prompts": len(concept["prompts"]),
        "readout_kind": concept["readout"],
        **{name: concept[name] for name in _CONCEPT},
        **{name: document[name] for name in _EVALUATION},
    }
