"""Results as small pieces of HTML for notebooks, styled within themselves because a notebook has no style sheet."""

from typing import Any

from markupsafe import Markup

from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.numerals import brief, plain, signed
from lrt_explorer.plots import arm_style, between
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.store import MapInfo
from lrt_explorer.study.compare import Comparison
from lrt_explorer.study.evaluation.evaluate import Evaluation
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.sentence import sentence

_TABLE = """
{% macro table(caption, columns, rows) %}
<table style="border-collapse: collapse; font-size: 0.95em">
<caption style="caption-side: top; text-align: left; padding: 0 0 0.5em">{{ caption }}</caption>
<thead><tr>
{% for column in columns %}<th style="text-align: left; padding: 0.3em 0.8em 0.3em 0">{{ column }}</th>{% endfor %}
</tr></thead>
<tbody>
{% for row in rows %}<tr style="vertical-align: top">{{ caller(row) }}</tr>{% endfor %}
</tbody></table>
{% endmacro %}
{% macro cell(value) %}
<td style="text-align: left; white-space: nowrap; padding: 0.3em 0.8em 0.3em 0">{{ value }}</td>
{% endmacro %}
"""
_NAME = """
{% macro name(arm) %}
<th style="text-align: left; white-space: nowrap; padding: 0.3em 0.8em 0.3em 0.5em;
 border-left: 4px solid {{ arm.colour }}" title="{{ arm.explains }}">{{ arm.label }}</th>
{% endmacro %}
"""
_COMPARISON = HtmlTemplate(
    _TABLE,
    _NAME,
    """
{% call(arm) table(caption, ["", "score", unit, "text"], arms) %}
{{ name(arm) }}{{ cell(arm.score) }}{{ cell(arm.readout) }}
<td style="text-align: left; white-space: pre-wrap; padding: 0.3em 0"><span style="opacity: 0.6">{{ prompt }}</span>
{% for text, changed in arm.pieces %}
{% if changed %}<mark style="background: rgba(240, 180, 0, 0.3); color: inherit">{{ text }}</mark>
{% else %}{{ text }}{% endif %}
{% endfor %}{% if arm.remark %} <em>({{ arm.remark }})</em>{% endif %}</td>
{% endcall %}
""",
)
_ROWS = HtmlTemplate(
    _TABLE,
    """
{% call(row) table(caption, columns, rows) %}
{% for value in row %}{{ cell(value) }}{% endfor %}
{% endcall %}
""",
)


def comparison_html(comparison: Comparison) -> Markup:
    """All arms below each other, with the tokens marked that differ from the unsteered text."""
    at = comparison.settings
    kind = str(at["readout_kind"])
    arms = []
    for arm in comparison.arms:
        style = arm_style(arm.name)
        arms.append(
            {
                "label": style.label,
                "explains": style.explains,
                "colour": style.colour,
                "score": plain(arm.score),
                "readout": "–" if arm.readout is None else signed(arm.readout),
                "pieces": list(zip(arm.tokens, arm.changed, strict=True)),
                "remark": arm.remark,
            }
        )
    caption = f"{_layers(at)}: {at['concept']} at strength {brief(comparison.strength)}. {sentence(comparison)}"
    return _COMPARISON(caption=caption, unit=f"readout ({READOUTS.unit(kind)})", arms=arms, prompt=comparison.prompt)


def evaluation_html(evaluation: Evaluation) -> Markup:
    """One row for each concept, from the highest retention down."""
    rows = [
        (
            result.evidence.name,
            result.verdict.word,
            _interval(result.evidence.retention),
            _interval(result.evidence.retention_at_equal_cost),
            plain(result.evidence.direction_cosine),
            " ".join(result.remarks),
        )
        for result in evaluation.ranked()
    ]
    columns = ("concept", "verdict", "retention", "retention at equal cost", "direction cosine", "remarks")
    return _ROWS(caption=_layers(vars(evaluation)), columns=columns, rows=rows)


def map_html(info: MapInfo) -> Markup:
    """How good a map is."""
    rows = [
        ("held-out R²", plain(info.r2)),
        ("standardised R²", plain(info.r2_standardised)),
        ("CKA", plain(info.cka)),
        ("tokens", f"{info.tokens_used:,} of {info.corpus}"),
        ("coverage", f"{info.coverage:.0%}"),
    ]
    caption = f"{_layers(vars(info))}: {info.method}"
    return _ROWS(caption=caption, columns=("", ""), rows=rows)


def _layers(at: Any) -> str:
    return f"{at['small']} layer {at['small_layer']} → {at['large']} layer {at['large_layer']}"


def _interval(interval: Interval | None) -> str:
    return "not measurable" if interval is None else f"{plain(interval.value)} ({between(interval)})"
