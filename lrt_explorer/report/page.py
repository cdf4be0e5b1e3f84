"""An evaluation as one page of HTML that opens anywhere, without a network: every figure, table and setting."""

import json
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from lrt_explorer.plots import cost_figure, dose_figure, forest_figure, prompts_figure
from lrt_explorer.report import captions
from lrt_explorer.report.prompts import prompt_cards
from lrt_explorer.report.standalone import HEAD, POLICY, asset, data, drawing_script, page_style, plotly_source, raw
from lrt_explorer.report.tables import arms_table, suite_table
from lrt_explorer.report.template import HtmlTemplate, joined
from lrt_explorer.report.words import concept_summary, suite_summary
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.evaluate import ConceptResult, Evaluation
from lrt_explorer.study.ground.known import model_label

NOT_SETTINGS = ("concepts", "kind")


_PAGE = HtmlTemplate(
    HEAD,
    """
    <!DOCTYPE html>
    <html lang="en">{{ head(policy, title, style) }}
    <body class="report"><main>
    <header><h1>{{ title }}</h1>{{ summary }}</header>
    <section id="suite">{{ table }}<p class="added">{{ captions.TABLE }}</p>{{ forest }}</section>
    {{ concepts }}
    <section><h2>How it was made</h2><dl class="settings">
    {% for name, values in settings %}
    <dt>{{ name }}</dt><dd>{% for value in values %}{{ value }}{% if not loop.last %}<br>{% endif %}{% endfor %}</dd>
    {% endfor %}
    </dl>
    <p><a id="save" href="#" download="evaluation.json">Save the JSON document</a>
    {{- " " }}with every number of this page.</p></section></main>
    <script type="application/json" id="evaluation">{{ document }}</script>
    <script>{{ plotly }}</script><script>{{ drawing }}</script></body></html>
""",
)
_CONCEPT = HtmlTemplate("""
    <section id="concept-{{ number }}" data-concept="{{ evidence.name }}">
    <h2>{{ evidence.name }} <small>{{ evidence.negative_label }} → {{ evidence.positive_label }}</small></h2>
    {% if evidence.description %}<p class="added">{{ evidence.description }}</p>{% endif %}
    {{ summary }}<div class="pair">{{ dose }}{{ cost }}</div>{{ arms }}{{ prompts }}{{ cards }}</section>
""")
_FIGURE = HtmlTemplate("""
    <div><div class="figure"><div class="plot" style="height:{{ height }}px"></div>
    <script type="application/json">{{ data }}</script></div><p class="added">{{ caption }}</p></div>
""")


def report_page(evaluation: Evaluation) -> str:
    """The whole page, drawn by the scripts and styles of the app, with the JSON document in it.

    Args:
        evaluation: at least one concept.

    Raises:
        ArtifactError: if a script or style is not among the assets.
    """
    document = evaluation_document(evaluation)
    drawing = (
        f"{drawing_script()}\n"
        f"function sortTable(element, props, trigger, watch) {{\n{asset('table.js')}\n}}\n{asset('report.js')}"
    )
    page = _PAGE(
        policy=POLICY,
        title=f"Evidence: {model_label(evaluation.small)} → {model_label(evaluation.large)}",
        style=page_style(),
        summary=suite_summary(evaluation),
        table=suite_table(evaluation),
        captions=captions,
        forest=_figure(forest_figure(evaluation), captions.FOREST),
        concepts=joined([_concept(number, result) for number, result in enumerate(evaluation.concepts)]),
        settings=[(name, _shown(value)) for name, value in _settings(document)],
        document=data(json.dumps(document, ensure_ascii=False)),
        plotly=plotly_source(),
        drawing=raw(drawing),
    )
    return f"{page}\n"


def _concept(number: int, result: ConceptResult) -> Markup:
    evidence = result.evidence
    return _CONCEPT(
        number=number,
        evidence=evidence,
        summary=concept_summary(result),
        dose=_figure(dose_figure(evidence), captions.DOSE),
        cost=_figure(cost_figure(evidence), captions.COST),
        arms=arms_table(evidence),
        prompts=_figure(prompts_figure(evidence), captions.PROMPTS),
        cards=prompt_cards(evidence),
    )


def _figure(figure: Any, caption: Markup) -> Markup:
    """A place of the figure's height, with the figure as data in it."""
    return _FIGURE(height=figure.layout.height, data=data(figure.to_json()), caption=caption)


def _settings(document: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Everything but the results, under the names of the JSON document."""
    for name, value in document.items():
        if name in NOT_SETTINGS:
            continue
        if isinstance(value, dict):
            yield from ((f"{name}: {part}", own) for part, own in value.items())
        else:
            yield name, value


def _shown(value: Any) -> list[Any]:
    """What stands in the lines of a setting."""
    if isinstance(value, list):
        return value
    return ["–" if value is None else value]
