"""The reverse of `document.py`: an evaluation from its JSON document, to be shown like one that was run here."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lrt_explorer.concepts.sets.scoring import ScorerChoice, scorer_from_json
from lrt_explorer.errors import ArtifactError, LRTError
from lrt_explorer.store import MapInfo
from lrt_explorer.study.evaluation.cost import EqualCost
from lrt_explorer.study.evaluation.document import KIND, VERSION
from lrt_explorer.study.evaluation.evaluate import ConceptResult, Evaluation
from lrt_explorer.study.evaluation.evidence import ArmEvidence, ConceptEvidence
from lrt_explorer.study.evaluation.holding import read_holding
from lrt_explorer.study.evaluation.interval_json import read_interval
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.evaluation.verdict import Doubts, Verdict
from lrt_explorer.study.evaluation.whole_texts import read_whole_texts
from lrt_explorer.study.evaluation.written import Passage

Json = Mapping[str, Any]
_PLAIN = (
    "name", "description", "positive_label", "negative_label", "readout", "pearson_r", "pearson_r_random",
    "pearson_r_effect", "halves_cosine", "control_spread", "typical_deviation", "direction_cosine", "reachable_share",
)  # fmt: skip
_LISTS = ("strengths", "prompts", "unsteered", "outlier_dimensions")
_ARM_PLAIN = ("name", "spearman", "anti_steerable")
_ARM_LISTS = ("directions", "prompt_slopes", "direction_slopes", "kl", "score", "perplexity", "repetition")
_UNKNOWN = Doubts(*(math.nan,) * 4)
"""The p values of single tests are not in the document; the verdict that follows from them is."""


def read_evaluation(document: Json, info: MapInfo) -> Evaluation:
    """An evaluation as it was, but for the p values of its single tests.

    Args:
        document: of `evaluation_document`, with any further keys.
        info: description of the map under test, of which the document holds only a part.

    Raises:
        ArtifactError: if it is not such a document.
    """
    if (document.get("kind"), document.get("version")) != (KIND, VERSION):
        raise ArtifactError(f"this is not an evaluation of version {VERSION}; evaluate again")
    try:
        return Evaluation(
            **{key: document[key] for key in ("small", "large", "small_fingerprint", "large_fingerprint")},
            small_layer=int(document["small_layer"]),
            large_layer=int(document["large_layer"]),
            map=info,
            control_maps=int(document["control_maps"]),
            neutral=tuple(document["neutral"]),
            settings=_settings(document["settings"]),
            concepts=tuple(_concept(one) for one in document["concepts"]),
        )
    except (KeyError, TypeError, ValueError, LRTError) as error:
        raise ArtifactError("this evaluation is incomplete; evaluate again") from error


def _settings(asked: Json) -> EvaluationSettings:
    grid = asked["strengths"]
    more = {"strengths": None if grid is None else tuple(grid), "scorer": _scorer(asked["scorer"])}
    more["brought"] = tuple(asked.get("brought", ()))
    return EvaluationSettings(**{**asked, **more})


def _concept(one: Json) -> ConceptResult:
    equal = one["equal_cost"]
    prompt_effect = read_interval(one, "prompt_effect")
    if prompt_effect is None:
        raise ValueError("no effect of the prompt")
    evidence = ConceptEvidence(
        **_taken(one, _PLAIN),
        **_taken(one, _LISTS, tuple),
        arms=tuple(_arm(arm) for arm in one["arms"]),
        prompt_effect=prompt_effect,
        equal_cost=None if equal is None else EqualCost(**equal),
        retention_at_equal_cost=read_interval(one, "retention_at_equal_cost"),
        doubts=_UNKNOWN,
        passages=tuple(Passage(**passage) for passage in one["passages"]),
        scorer=_scorer(one["scorer"]),
        prompts_in_pairs=tuple(one["prompts_in_pairs"]),
        forms=int(one["forms"]),
        clusters=int(one["clusters"]),
        direction_cosine_relabelled=read_interval(one, "direction_cosine_relabelled"),
        holding=read_holding(one.get("holding")),
        whole_texts=read_whole_texts(one.get("whole_texts")),
        whole_texts_missing=one.get("whole_texts_missing") or "",
    )
    verdict = Verdict(one["verdict"], *(float(one[key]) for key in ("p_native", "p_partly", "p_transfers")))
    return ConceptResult(evidence, verdict, tuple(one["remarks"]))


def _arm(arm: Json) -> ArmEvidence:
    bands = zip(arm["readout"], arm["readout_low"], arm["readout_high"], strict=True)
    return ArmEvidence(
        readout=tuple(Interval(*(math.nan if end is None else float(end) for end in band)) for band in bands),
        slope=read_interval(arm, "slope"),
        retention=read_interval(arm, "retention"),
        retention_at_equal_cost=read_interval(arm, "retention_at_equal_cost"),
        off_answers=read_interval(arm, "off_answers") if "off_answers" in arm else None,
        **_taken(arm, _ARM_PLAIN),
        **_taken(arm, _ARM_LISTS, tuple),
    )


def _taken(holder: Json, names: Sequence[str], kind: Callable[[Any], Any] = lambda value: value) -> dict[str, Any]:
    return {name: kind(holder[name]) for name in names}


def _scorer(value: object) -> ScorerChoice | None:
    return None if value is None else scorer_from_json(value)
