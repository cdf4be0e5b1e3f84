"""The prompts where transfer falls furthest short and where it holds best, side by side, with what was written."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from lrt_explorer.numerals import signed
from lrt_explorer.plots import arm_style, glyph, unit
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.prompts import PromptEvidence, prompts_by_gap, worst_and_best
from lrt_explorer.study.evaluation.written import Passage
from lrt_explorer.study.steering.arms import NATIVE, PROMPT, TRANSFERRED, UNSTEERED

SHOWN = 3
"""Prompts in each column."""
_ORDER = (NATIVE, TRANSFERRED)
_CARDS = HtmlTemplate("""
    {% macro passage(one) %}
    <div class="passage"><p class="by">{{ one.glyph }} {{ one.label }}
    {% if one.score %}<small>score {{ one.score }}</small>{% endif %}</p><p>{{ one.text }}</p></div>
    {% endmacro %}
    {% macro card(prompt) %}
    <article class="extreme"><p class="prompt-text">{{ prompt.text }}</p>
    <dl title="slope of this prompt’s readout, in {{ unit }} per typical deviation">
    {% for glyph, label, slope in prompt.slopes %}<div><dt>{{ glyph }} {{ label }}</dt><dd>{{ slope }}</dd></div>
    {% endfor %}
    </dl>
    {% if prompt.wrong_way %}<p class="wrong">moves the wrong way</p>{% endif %}
    {% if prompt.texts %}
    <details><summary>Texts</summary>
    {% for said, passages in prompt.texts if passages %}
    <p class="at">{{ said }}</p><div class="beside">{% for one in passages %}{{ passage(one) }}{% endfor %}</div>
    {% endfor %}
    </details>
    {% endif %}
    </article>
    {% endmacro %}
    <section class="extremes">
    {% for title, prompts in columns %}
    <div><h3>{{ title }}</h3>{% for prompt in prompts %}{{ card(prompt) }}{% endfor %}</div>
    {% endfor %}
    </section>
""")


def prompt_cards(evidence: ConceptEvidence) -> Markup:
    """Two columns of prompts, the worst to the left."""
    worst, best = worst_and_best(prompts_by_gap(evidence), SHOWN)
    return _CARDS(
        unit=unit(evidence),
        columns=[
            ("Where transfer falls furthest short", [_card(prompt, evidence) for prompt in worst]),
            ("Where it holds best", [_card(prompt, evidence) for prompt in best]),
        ],
    )


def _card(prompt: PromptEvidence, evidence: ConceptEvidence) -> dict[str, Any]:
    slopes = ((NATIVE, prompt.native), (TRANSFERRED, prompt.transferred))
    return {
        "text": prompt.text,
        "slopes": [(Markup(glyph(arm_style(name))), arm_style(name).label, signed(slope)) for name, slope in slopes],
        "wrong_way": prompt.wrong_way,
        "texts": _texts(prompt.passages, evidence),
    }


def _texts(passages: Sequence[Passage], evidence: ConceptEvidence) -> list[tuple[str, list[dict[str, Any]]]]:
    """What the arms wrote after a prompt: native beside transferred at each end of the grid, then without vector."""
    if not passages:
        return []
    rows = []
    for strength in (max(evidence.strengths), min(evidence.strengths)):
        label = evidence.positive_label if strength > 0 else evidence.negative_label
        said = f"s = {signed(strength)}, towards {label}" if label else f"s = {signed(strength)}"
        rows.append((said, [one for name in _ORDER for one in _of(passages, name, strength)]))
    rows.append(("no vector", [one for name in (UNSTEERED, PROMPT) for one in _of(passages, name, 0.0)]))
    return rows


def _of(passages: Sequence[Passage], direction: str, strength: float) -> list[dict[str, Any]]:
    """What one arm wrote at a strength; empty if it wrote nothing."""
    style = arm_style(direction)
    return [
        {
            "glyph": Markup(glyph(style)),
            "label": style.label,
            "score": "" if passage.score is None else f"{passage.score:.2f}",
            "text": passage.text,
        }
        for passage in passages
        if passage.direction == direction and passage.strength == strength
    ][:1]
