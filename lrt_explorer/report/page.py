"""An evaluation as one page of HTML that opens anywhere, without a network: every figure, table and setting."""

import json
from html import escape
from typing import Any

from lrt_explorer.errors import ArtifactError
from lrt_explorer.plots import cost_figure, dose_figure, forest_figure, plotly_script, prompts_figure
from lrt_explorer.report import captions
from lrt_explorer.report.prompts import prompt_cards
from lrt_explorer.report.tables import arms_table, suite_table
from lrt_explorer.report.words import concept_summary, suite_summary
from lrt_explorer.store import assets_home
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.evaluate import ConceptResult, Evaluation
from lrt_explorer.study.ground.known import model_label

POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
"""What a browser may load for the page: nothing that is not in it."""
NOT_SETTINGS = ("concepts", "kind")


def report_page(evaluation: Evaluation) -> str:
    """The whole page, drawn by the same scripts and styles as the app; the JSON document is in it too.

    Args:
        evaluation: at least one concept.

    Raises:
        ArtifactError: if what it is drawn by is not among the assets.
    """
    document = evaluation_document(evaluation)
    title = escape(f"Evidence: {model_label(evaluation.small)} → {model_label(evaluation.large)}")
    concepts = "".join(_concept(number, result) for number, result in enumerate(evaluation.concepts))
    body = (
        f"<header><h1>{title}</h1>{suite_summary(evaluation)}</header>"
        f'<section id="suite">{suite_table(evaluation)}{_caption(captions.TABLE)}'
        f"{_figure(forest_figure(evaluation), captions.FOREST)}</section>"
        f'{concepts}<section><h2>How it was made</h2><dl class="settings">{_settings(document)}</dl>'
        '<p><a id="save" href="#" download="evaluation.json">Save the JSON document</a> that holds every number of '
        "this page.</p></section>"
    )
    drawing = (
        f"function drawFigure(element, props, trigger, watch) {{\n{_asset('plot.js')}\n}}\n"
        f"function sortTable(element, props, trigger, watch) {{\n{_asset('table.js')}\n}}\n{_asset('report.js')}"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{_asset('style.css')}\n{_asset('report.css')}</style></head>"
        f'<body class="report"><main>{body}</main>'
        f'<script type="application/json" id="evaluation">{_data(json.dumps(document, ensure_ascii=False))}</script>'
        f"<script>{plotly_script().read_text(encoding='utf-8')}</script><script>{drawing}</script></body></html>\n"
    )


def _concept(number: int, result: ConceptResult) -> str:
    evidence = result.evidence
    ends = f"<small>{escape(evidence.negative_label)} → {escape(evidence.positive_label)}</small>"
    about = _caption(escape(evidence.description)) if evidence.description else ""
    return (
        f'<section id="concept-{number}" data-concept="{escape(evidence.name)}">'
        f"<h2>{escape(evidence.name)} {ends}</h2>{about}{concept_summary(result)}"
        f'<div class="pair">{_figure(dose_figure(evidence), captions.DOSE)}'
        f"{_figure(cost_figure(evidence), captions.COST)}</div>{arms_table(evidence)}"
        f"{_figure(prompts_figure(evidence), captions.PROMPTS)}{prompt_cards(evidence)}</section>"
    )


def _figure(figure: Any, caption: str) -> str:
    """A place of the figure's height, with the figure as data in it."""
    data = _data(figure.to_json())
    return (
        f'<div><div class="figure"><div class="plot" style="height:{figure.layout.height}px"></div>'
        f'<script type="application/json">{data}</script></div>{_caption(caption)}</div>'
    )


def _settings(document: dict[str, Any]) -> str:
    """Everything but the results, under the names of the JSON document."""
    rows: list[tuple[str, Any]] = []
    for name, value in document.items():
        if name in NOT_SETTINGS:
            continue
        rows += (
            [(f"{name}: {part}", own) for part, own in value.items()] if isinstance(value, dict) else [(name, value)]
        )
    return "".join(f"<dt>{escape(name)}</dt><dd>{_value(value)}</dd>" for name, value in rows)


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "<br>".join(escape(str(one)) for one in value)
    return "–" if value is None else escape(str(value))


def _caption(text: str) -> str:
    return f'<p class="added">{text}</p>'


def _data(text: str) -> str:
    """JSON that may stand in a script: no "<" of it can end the script or open a comment."""
    return text.replace("<", "\\u003c")


def _asset(name: str) -> str:
    try:
        return (assets_home() / name).read_text(encoding="utf-8")
    except OSError as error:
        raise ArtifactError(
            f"a report is drawn by {name}, which is not in {assets_home()}; let LRT_EXPLORER_ASSETS name all that ships"
        ) from error
