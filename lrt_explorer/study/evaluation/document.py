"""An evaluation as one JSON document, whose every key docs/evidence.md explains."""

from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.store import MapInfo
from lrt_explorer.study.evaluation.evaluate import ConceptResult, Evaluation
from lrt_explorer.study.evaluation.evidence import ArmEvidence
from lrt_explorer.study.evaluation.holding import holding_document
from lrt_explorer.study.evaluation.interval_json import finite, interval_document
from lrt_explorer.study.evaluation.whole_texts import whole_texts_document
from lrt_explorer.study.fitting.estimators import chosen_setting
from lrt_explorer.study.steering.arms import TRANSFERRED
from lrt_explorer.version import __version__

KIND = "lrt-evaluation"
VERSION = 2
_LIBRARIES = ("torch", "transformers", "numpy")


def evaluation_document(evaluation: Evaluation) -> dict[str, Any]:
    """Plain JSON values, with null where something does not exist or cannot be measured."""
    return {
        "kind": KIND,
        "version": VERSION,
        "small": evaluation.small,
        "large": evaluation.large,
        "small_layer": evaluation.small_layer,
        "large_layer": evaluation.large_layer,
        "small_fingerprint": evaluation.small_fingerprint,
        "large_fingerprint": evaluation.large_fingerprint,
        "map": {
            "method": evaluation.map.method,
            "lambda": evaluation.map.lam,
            **_setting(evaluation.map),
            "r2": evaluation.map.r2,
            "r2_standardised": evaluation.map.r2_standardised,
            "cka": evaluation.map.cka,
            "cka_standardised": evaluation.map.cka_standardised,
            "largest_dimension_small": evaluation.map.largest_dimension_small,
            "largest_dimension_large": evaluation.map.largest_dimension_large,
            "coverage": evaluation.map.coverage,
            "tokens_used": evaluation.map.tokens_used,
            "corpus": evaluation.map.corpus,
            "corpus_fingerprint": evaluation.map.corpus_fingerprint,
        },
        "control_maps": evaluation.control_maps,
        "strengths": _listed(evaluation.settings.strengths),
        "settings": asdict(evaluation.settings)
        | {"strengths": _listed(evaluation.settings.strengths), "brought": list(evaluation.settings.brought)},
        "neutral": list(evaluation.neutral),
        "versions": {"lrt-explorer": __version__, **{name: version(name) for name in _LIBRARIES}},
        "concepts": [_concept(result) for result in evaluation.concepts],
    }


def _setting(info: MapInfo) -> dict[str, Any]:
    found = chosen_setting(info)
    name, value, unit = (None, None, None) if found is None else found
    return {"setting": name, "setting_value": value, "setting_unit": unit}


def _concept(result: ConceptResult) -> dict[str, Any]:
    evidence, verdict = result.evidence, result.verdict
    return {
        "name": evidence.name,
        "description": evidence.description,
        "positive_label": evidence.positive_label,
        "negative_label": evidence.negative_label,
        "verdict": verdict.word,
        "remarks": list(result.remarks),
        "p_native": verdict.native,
        "p_partly": verdict.partly,
        "p_transfers": verdict.transfers,
        "readout": evidence.readout,
        "readout_unit": READOUTS.unit(evidence.readout),
        "scorer": evidence.scorer
        if evidence.scorer is None or isinstance(evidence.scorer, str)
        else asdict(evidence.scorer),
        **interval_document("retention", evidence.retention),
        "pearson_r": evidence.pearson_r,
        "pearson_r_random": evidence.pearson_r_random,
        "pearson_r_effect": evidence.pearson_r_effect,
        "anti_steerable": evidence.arm(TRANSFERRED).anti_steerable,
        "control_spread": evidence.control_spread,
        "forms": evidence.forms,
        "clusters": evidence.clusters,
        "prompts_in_pairs": list(evidence.prompts_in_pairs),
        "direction_cosine": evidence.direction_cosine,
        **interval_document("direction_cosine_relabelled", evidence.direction_cosine_relabelled),
        "halves_cosine": evidence.halves_cosine,
        "reachable_share": evidence.reachable_share,
        "holding": holding_document(evidence.holding),
        "strengths": list(evidence.strengths),
        "typical_deviation": evidence.typical_deviation,
        "outlier_dimensions": list(evidence.outlier_dimensions),
        "equal_cost": None if evidence.equal_cost is None else asdict(evidence.equal_cost),
        **interval_document("retention_at_equal_cost", evidence.retention_at_equal_cost),
        **interval_document("prompt_effect", evidence.prompt_effect),
        "prompts": list(evidence.prompts),
        "unsteered": list(evidence.unsteered),
        "arms": [_arm(arm) for arm in evidence.arms],
        "passages": [asdict(passage) for passage in evidence.passages],
        "whole_texts": whole_texts_document(evidence.whole_texts),
        "whole_texts_missing": evidence.whole_texts_missing or None,
    }


def _listed(strengths: Sequence[float] | None) -> list[float] | None:
    return None if strengths is None else list(strengths)


def _arm(arm: ArmEvidence) -> dict[str, Any]:
    return {
        "name": arm.name,
        "directions": list(arm.directions),
        **interval_document("slope", arm.slope),
        **interval_document("retention", arm.retention),
        **interval_document("retention_at_equal_cost", arm.retention_at_equal_cost),
        **interval_document("off_answers", arm.off_answers),
        "spearman": arm.spearman,
        "anti_steerable": arm.anti_steerable,
        "readout": [finite(band.value) for band in arm.readout],
        "readout_low": [finite(band.low) for band in arm.readout],
        "readout_high": [finite(band.high) for band in arm.readout],
        "score": _finite_all(arm.score),
        "perplexity": _finite_all(arm.perplexity),
        "repetition": _finite_all(arm.repetition),
        "kl": _finite_all(arm.kl),
        "prompt_slopes": list(arm.prompt_slopes),
        "direction_slopes": list(arm.direction_slopes),
    }


def _finite_all(values: Sequence[float | None]) -> list[float | None]:
    return [finite(value) for value in values]
