"""The tables of an evaluation as HTML: all concepts, and all arms of one; pure functions."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from lrt_explorer.concepts.sets.contrast_set import spoken_ends
from lrt_explorer.numerals import brief, plain
from lrt_explorer.plots import arm_style, between, cost, glyph, unit
from lrt_explorer.report import captions
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.report.words import verdict_word
from lrt_explorer.study.evaluation.evaluate import ConceptResult, Evaluation
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.evaluation.verdict import VERDICTS
from lrt_explorer.study.steering.arms import NATIVE, TRANSFERRED

_SUITE = HtmlTemplate("""
    <div class="scroll whole"><table class="suite">
    <caption class="visually-hidden">All concepts; click a header to sort</caption><thead><tr>
    {% for name, hint in columns %}
    <th scope="col" aria-sort="{{ "descending" if loop.index0 == 2 else "none" }}">
    <button type="button" title="{{ hint }}">{{ name }}</button></th>
    {% endfor %}
    </tr></thead><tbody>
    {% for row in rows %}
    <tr data-name="{{ row.name }}" aria-selected="{{ row.marked }}">
    <th scope="row" data-value="{{ row.name }}"><button type="button">{{ row.name }}</button>
    {% if row.spoken %}<small>{{ row.spoken }}</small>{% endif %}</th>
    {% for cell in row.cells %}
    <td data-value="{{ cell.value }}">{{ cell.shown }}{% if cell.below %}<small>{{ cell.below }}</small>{% endif %}</td>
    {% endfor %}
    </tr>
    {% endfor %}
    </tbody></table></div>
""")
_ARMS = HtmlTemplate("""
    <div class="scroll whole" tabindex="0"><table class="suite arms"><thead><tr>
    {% for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}
    </tr></thead><tbody>
    {% for style, glyph, directions, cells in rows %}
    <tr><th scope="row" title="{{ style.explains }}">{{ glyph }} {{ style.label }}
    {% if directions > 1 %} <small>{{ directions }} directions</small>{% endif %}</th>
    {% for shown, below in cells %}
    <td>{{ shown }}{% if below %}<small>{{ below }}</small>{% endif %}</td>
    {% endfor %}
    </tr>
    {% endfor %}
    </tbody></table></div>
    <p class="added">{{ caption }} Pairs of numbers are those {{ ends }}.</p>
""")


def suite_table(evaluation: Evaluation, chosen: str = "") -> Markup:
    """One row per concept, from the highest retention down.

    Every cell carries its number as `data-value`, by which `assets/table.js` sorts; a row carries its concept's name,
    and its first cell a button that picks it.

    Args:
        evaluation: at least one concept.
        chosen: the concept whose row is marked.
    """
    beside = evaluation.beside()
    columns = [
        ("concept", "click a name to see its figures"),
        ("verdict", "by a rule fixed in advance, corrected for the number of concepts"),
        ("retention", "transferred slope over native slope, with its 95 % interval"),
        ("at equal cost", "transferred effect over native effect where both cost the same, with its 95 % interval"),
        *((name, f"retention of the control: {arm_style(name).explains}") for name in beside),
        ("Spearman", "rank correlation of the readout under the transferred vector with the strength"),
        ("anti-steerable", "share of prompts that the transferred vector moves the wrong way"),
        (
            "Pearson r",
            "over prompts, of the readouts under both vectors, the paper’s measure; below, random directions",
        ),
        (
            "cost, nats",
            "KL of the transferred vector on neutral prompts at the highest s, in nats; below, the native one",
        ),
    ]
    return _SUITE(columns=columns, rows=[_row(result, chosen, beside) for result in evaluation.ranked()])


def arms_table(evidence: ConceptEvidence) -> Markup:
    """One row per arm, and how the table is read; pairs of numbers are those at both ends of the grid."""
    low, high = (evidence.strengths.index(end) for end in (min(evidence.strengths), max(evidence.strengths)))
    ends = f"at s = {brief(min(evidence.strengths))} / {brief(max(evidence.strengths))}"
    columns = ["arm", f"slope, {unit(evidence)} per deviation", "retention", "off the answers"]
    columns += ["Spearman", "anti-steerable", "KL, nats"]
    if evidence.passages:
        columns += ["score", "perplexity", "repetition"]
    rows = []
    for arm in evidence.arms:
        still = arm.slope is None
        cells = [
            _interval(arm.slope),
            _interval(arm.retention),
            _interval(arm.off_answers),
            (plain(arm.spearman), ""),
            (_share(arm.anti_steerable), ""),
            ("–" if still else f"{cost(arm.kl[low])} / {cost(arm.kl[high])}", ""),
        ]
        if evidence.passages:
            cells += [(_pair(values, low, high), "") for values in (arm.score, arm.perplexity, arm.repetition)]
        style = arm_style(arm.name)
        rows.append((style, Markup(glyph(style)), len(arm.directions), cells))
    return _ARMS(columns=columns, rows=rows, caption=captions.ARMS, ends=ends)


def _row(result: ConceptResult, chosen: str, beside: Sequence[str]) -> dict[str, Any]:
    evidence = result.evidence
    arms = {arm.name: arm for arm in evidence.arms}
    native, transferred = arms[NATIVE], arms[TRANSFERRED]
    at = evidence.strengths.index(max(evidence.strengths))
    word = result.verdict.word
    rank = len(VERDICTS) - VERDICTS.index(word) if word in VERDICTS else 0
    cells = [
        _cell(verdict_word(word), rank),
        _retention(evidence.retention),
        _retention(evidence.retention_at_equal_cost),
        *(_retention(None if (arm := arms.get(name)) is None else arm.retention) for name in beside),
        _cell(plain(transferred.spearman), transferred.spearman),
        _cell(_share(transferred.anti_steerable), transferred.anti_steerable),
        _cell(plain(evidence.pearson_r), evidence.pearson_r, plain(evidence.pearson_r_random)),
        _cell(cost(transferred.kl[at]), transferred.kl[at], cost(native.kl[at])),
    ]
    spoken = spoken_ends(evidence.positive_label, evidence.negative_label)
    return {"name": evidence.name, "spoken": spoken, "marked": str(evidence.name == chosen).lower(), "cells": cells}


def _retention(interval: Interval | None) -> dict[str, str]:
    shown, below = _interval(interval)
    return _cell(shown, None if interval is None else interval.value, below)


def _cell(shown: str, value: float | None, below: str = "") -> dict[str, str]:
    return {"shown": shown, "value": "" if value is None else f"{value:.6g}", "below": below}


def _interval(interval: Interval | None) -> tuple[str, str]:
    """A value, and what stands below it."""
    return ("–", "") if interval is None else (plain(interval.value), between(interval))


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"


def _pair(values: Sequence[float | None], low: int, high: int) -> str:
    ends = (values[low], values[high])
    return "–" if ends == (None, None) else " / ".join(plain(value) for value in ends)
