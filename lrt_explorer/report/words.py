"""What an evaluation found, in sentences; pure functions."""

from collections import Counter

from markupsafe import Markup

from lrt_explorer.numerals import plain, signed
from lrt_explorer.plots import between, cost, unit
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.study.evaluation.evaluate import ConceptResult, Evaluation
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.evaluation.verdict import NOT_MEASURABLE, NOT_SHOWN, PARTLY, TRANSFERS, VERDICTS
from lrt_explorer.study.ground.known import model_label

SHORT = {TRANSFERS: "transfers", PARTLY: "partly", NOT_SHOWN: "not shown", NOT_MEASURABLE: "not measurable"}
_BEYOND = "more than with shuffled maps or relabelled pairs"
_MEANING = {
    TRANSFERS: f"more than three quarters of the native effect came across, and {_BEYOND}",
    PARTLY: f"some of the native effect came across, and {_BEYOND}",
    NOT_SHOWN: "the controls might explain what came across; this does not prove that nothing transfers",
    NOT_MEASURABLE: "the large model’s own vector has no effect here that could come across",
}
_VERDICT = HtmlTemplate('<span class="verdict v{{ kind }}" title="{{ verdict }}">{{ word }}</span>')
_SUITE = HtmlTemplate("""
    <p class="added">{{ concepts }}:
    {% for count, word in found %} <b>{{ count }}</b> {{ word }}{% if not loop.last %},{% endif %}{% endfor %}.
    {{- " " }}{{ small }} layer {{ at.small_layer }} → {{ large }} layer {{ at.large_layer }},
    {{- " " }}{{ grid }} strengths, up to {{ at.settings.prompts }} held-out prompts for each concept.
    {% if corrected %} The verdicts are corrected for {{ corrected }} concepts judged together (Holm).{% endif %}</p>
""")
_CONCEPT = HtmlTemplate("""
    <p class="concept-verdict">{{ word }}: {{ meaning }}. <small>Corrected p values: {{ claims }}.</small></p>
    {% if remarks %}<ul class="remarks">{% for remark in remarks %}<li>{{ remark }}</li>{% endfor %}</ul>{% endif %}
    <dl class="badges across">
    {% for name, value, aside, hint in rows %}
    <div><dt>{{ name }}</dt><dd>{{ value }}{% if aside %} <small>({{ aside }})</small>{% endif %}</dd>
    <dd class="hint">{{ hint }}</dd></div>
    {% endfor %}
    </dl>
""")


def verdict_word(verdict: str) -> Markup:
    """A verdict as a short word that the style sheet can tell from the others."""
    kind = VERDICTS.index(verdict) if verdict in VERDICTS else len(VERDICTS)
    return _VERDICT(kind=kind, verdict=verdict, word=SHORT.get(verdict, verdict))


def suite_summary(evaluation: Evaluation) -> Markup:
    """How many concepts got which verdict, and what was measured."""
    counts = Counter(result.verdict.word for result in evaluation.concepts)
    number = len(evaluation.concepts)
    return _SUITE(
        concepts="1 concept" if number == 1 else f"{number} concepts",
        found=[(counts[word], SHORT[word]) for word in VERDICTS if counts[word]],
        small=model_label(evaluation.small),
        large=model_label(evaluation.large),
        at=evaluation,
        grid=_grid(evaluation),
        corrected=0 if number == 1 else number,
    )


def concept_summary(result: ConceptResult) -> Markup:
    """The verdict on one concept, what a reader must know beside it, and the numbers that belong to no arm."""
    evidence, verdict = result.evidence, result.verdict
    rows = [
        ("retention", *_with(evidence.retention), "slope of the transferred over that of the native vector"),
        ("sample-wise r", plain(evidence.pearson_r), "", f"with random directions {plain(evidence.pearson_r_random)}"),
        ("r of the changes", plain(evidence.pearson_r_effect), "", "the same against unsteered"),
        ("direction cosine", plain(evidence.direction_cosine), "", _cosine_hint(evidence.direction_cosine_relabelled)),
        (
            "reachable share",
            f"{evidence.reachable_share * 100:.0f} %",
            "",
            "of the native vector lies where the map can reach",
        ),
        (
            "prompt baseline",
            f"{signed(evidence.prompt_effect.value)} {unit(evidence)}",
            "",
            f"({between(evidence.prompt_effect)})",
        ),
    ]
    if evidence.equal_cost is not None:
        equal = evidence.equal_cost
        effects = f"{signed(equal.transferred)} / {signed(equal.native)} {unit(evidence)}"
        rows.append(("at equal cost", effects, "", f"transferred / native, both at a KL of {cost(equal.kl)} nats"))
        retained = _with(evidence.retention_at_equal_cost)
        rows.append(("retention at equal cost", *retained, "transferred over native effect at this KL"))
    return _CONCEPT(
        word=verdict_word(verdict.word),
        meaning=_MEANING.get(verdict.word, ""),
        claims=f"native {_p(verdict.native)}, partly {_p(verdict.partly)}, transfers {_p(verdict.transfers)}",
        remarks=result.remarks,
        rows=rows,
    )


def _cosine_hint(relabelled: Interval | None) -> str:
    beside = "" if relabelled is None else f"; of relabelled pairs {plain(relabelled.value)} ({between(relabelled)})"
    return f"mapped against native vector{beside}"


def _grid(evaluation: Evaluation) -> str:
    given = evaluation.settings.strengths
    return "calibrated" if given is None else str(len(given))


def _with(interval: Interval | None) -> tuple[str, str]:
    """A value, and its interval as an aside."""
    return ("–", "") if interval is None else (plain(interval.value), between(interval))


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
