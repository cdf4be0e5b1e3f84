"""What an evaluation found, in sentences; pure functions, everything escaped."""

from collections import Counter
from html import escape

from lrt_explorer.plots import between, cost, plain, signed, unit
from lrt_explorer.study.evaluation.evaluate import ConceptResult, Evaluation
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, NOT_SHOWN, PARTLY, TRANSFERS, VERDICTS
from lrt_explorer.study.ground.known import model_label

SHORT = {TRANSFERS: "transfers", PARTLY: "partly", NOT_SHOWN: "not shown", NOT_MEASURABLE: "not measurable"}
_MEANING = {
    TRANSFERS: "more than three quarters of the native effect came over, and more than through any control",
    PARTLY: "some of the native effect came over, and more than through the controls",
    NOT_SHOWN: "nothing beyond the controls was seen to come over, which does not prove that nothing does",
    NOT_MEASURABLE: "the large model’s own vector does nothing here that could come over",
}


def verdict_word(verdict: str) -> str:
    """A verdict as a short word that the style sheet can tell from the others."""
    kind = VERDICTS.index(verdict) if verdict in VERDICTS else len(VERDICTS)
    return f'<span class="verdict v{kind}" title="{escape(verdict)}">{escape(SHORT.get(verdict, verdict))}</span>'


def suite_summary(evaluation: Evaluation) -> str:
    """How many concepts got which verdict, and what was measured."""
    counts = Counter(result.verdict.word for result in evaluation.concepts)
    found = ", ".join(f"<b>{counts[word]}</b> {SHORT[word]}" for word in VERDICTS if counts[word])
    number = len(evaluation.concepts)
    concepts = "1 concept" if number == 1 else f"{number} concepts"
    corrected = "" if number == 1 else f" The verdicts are corrected for {number} concepts judged together (Holm)."
    small, large = escape(model_label(evaluation.small)), escape(model_label(evaluation.large))
    return (
        f'<p class="added">{concepts}: {found}. {small} layer {evaluation.small_layer} → '
        f"{large} layer {evaluation.large_layer}, {_grid(evaluation)} "
        f"strengths, up to {evaluation.settings.prompts} held-out prompts for each concept.{corrected}</p>"
    )


def concept_summary(result: ConceptResult) -> str:
    """The verdict on one concept, why, and the numbers that belong to no arm."""
    evidence, verdict = result.evidence, result.verdict
    claims = f"native {_p(verdict.native)}, partly {_p(verdict.partly)}, transfers {_p(verdict.transfers)}"
    rows = [
        ("retention", _with(evidence.retention), "slope of the transferred over that of the native vector"),
        ("sample-wise r", plain(evidence.pearson_r), f"with random directions {plain(evidence.pearson_r_random)}"),
        ("r of the changes", plain(evidence.pearson_r_effect), "the same against unsteered"),
        ("direction cosine", plain(evidence.direction_cosine), "mapped against native vector"),
        (
            "reachable share",
            f"{evidence.reachable_share * 100:.0f} %",
            "of the native vector lies where the map can reach",
        ),
        (
            "prompt baseline",
            f"{signed(evidence.prompt_effect.value)} {unit(evidence)}",
            f"({between(evidence.prompt_effect)})",
        ),
    ]
    if evidence.equal_cost is not None:
        equal = evidence.equal_cost
        effects = f"{signed(equal.transferred)} / {signed(equal.native)} {unit(evidence)}"
        rows.append(("at equal cost", effects, f"transferred / native, both at a KL of {cost(equal.kl)} nats"))
        retained = _with(evidence.retention_at_equal_cost)
        rows.append(("retention at equal cost", retained, "transferred over native effect at this KL"))
    inner = "".join(
        f'<div><dt>{name}</dt><dd>{value}</dd><dd class="hint">{hint}</dd></div>' for name, value, hint in rows
    )
    return (
        f'<p class="concept-verdict">{verdict_word(verdict.word)}: {_MEANING.get(verdict.word, "")}. '
        f"<small>Corrected p values: {claims}.</small></p>"
        f'<dl class="badges across">{inner}</dl>'
    )


def _grid(evaluation: Evaluation) -> str:
    given = evaluation.settings.strengths
    return "calibrated" if given is None else str(len(given))


def _with(interval: Interval | None) -> str:
    return "–" if interval is None else f"{plain(interval.value)} <small>({between(interval)})</small>"


def _p(value: float) -> str:
    return "&lt; 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
