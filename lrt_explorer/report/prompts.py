"""The prompts where transfer falls furthest short and where it holds best, side by side, with what was written."""

from collections.abc import Sequence
from html import escape

from lrt_explorer.plots import arm_style, glyph, signed, unit
from lrt_explorer.study.evaluation.evidence import ConceptEvidence
from lrt_explorer.study.evaluation.prompts import PromptEvidence, prompts_by_gap, worst_and_best
from lrt_explorer.study.evaluation.written import Passage
from lrt_explorer.study.steering.arms import NATIVE, PROMPT, TRANSFERRED, UNSTEERED

SHOWN = 3
"""Prompts in each column."""
_ORDER = (NATIVE, TRANSFERRED)


def prompt_cards(evidence: ConceptEvidence) -> str:
    """Two columns of prompts, the worst to the left."""
    worst, best = worst_and_best(prompts_by_gap(evidence), SHOWN)
    columns = (("Where transfer falls furthest short", worst), ("Where it holds best", best))
    inner = "".join(
        f"<div><h3>{title}</h3>{''.join(_card(prompt, evidence) for prompt in prompts)}</div>"
        for title, prompts in columns
    )
    return f'<section class="extremes">{inner}</section>'


def _card(prompt: PromptEvidence, evidence: ConceptEvidence) -> str:
    slopes = "".join(
        f"<div><dt>{glyph(arm_style(name))} {arm_style(name).label}</dt><dd>{signed(slope)}</dd></div>"
        for name, slope in ((NATIVE, prompt.native), (TRANSFERRED, prompt.transferred))
    )
    wrong = '<p class="wrong">moves the wrong way</p>' if prompt.wrong_way else ""
    return (
        f'<article class="extreme"><p class="prompt-text">{escape(prompt.text)}</p>'
        f'<dl title="slope of this prompt’s readout, in {unit(evidence)} per typical deviation">{slopes}</dl>{wrong}'
        f"{_texts(prompt.passages, evidence)}</article>"
    )


def _texts(passages: Sequence[Passage], evidence: ConceptEvidence) -> str:
    """What the arms wrote behind a prompt: native beside transferred at each end of the grid, then without vector."""
    if not passages:
        return ""
    rows = []
    for strength in (max(evidence.strengths), min(evidence.strengths)):
        label = evidence.positive_label if strength > 0 else evidence.negative_label
        said = f"s = {signed(strength)}, towards {label}" if label else f"s = {signed(strength)}"
        rows.append((said, [_of(passages, name, strength) for name in _ORDER]))
    rows.append(("no vector", [_of(passages, name, 0.0) for name in (UNSTEERED, PROMPT)]))
    inner = "".join(
        f'<p class="at">{escape(said)}</p><div class="beside">{"".join(filter(None, shown))}</div>'
        for said, shown in rows
        if any(shown)
    )
    return f"<details><summary>Texts</summary>{inner}</details>"


def _of(passages: Sequence[Passage], direction: str, strength: float) -> str:
    for passage in passages:
        if passage.direction == direction and passage.strength == strength:
            style = arm_style(direction)
            score = "" if passage.score is None else f"<small>score {passage.score:.2f}</small>"
            return (
                f'<div class="passage"><p class="by">{glyph(style)} {escape(style.label)}{score}</p>'
                f"<p>{escape(passage.text)}</p></div>"
            )
    return ""
