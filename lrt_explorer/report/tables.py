"""The tables of an evaluation as HTML: all concepts, and all arms of one; pure functions, everything escaped."""

from collections.abc import Sequence
from html import escape

from lrt_explorer.plots import arm_style, between, cost, glyph, plain, unit
from lrt_explorer.report import captions
from lrt_explorer.report.words import verdict_word
from lrt_explorer.study.evaluation.evaluate import ConceptResult, Evaluation
from lrt_explorer.study.evaluation.evidence import ArmEvidence, ConceptEvidence
from lrt_explorer.study.evaluation.statistics import Interval
from lrt_explorer.study.evaluation.verdict import VERDICTS
from lrt_explorer.study.steering.arms import BESIDE, NATIVE, TRANSFERRED


def suite_table(evaluation: Evaluation, chosen: str = "") -> str:
    """One row a concept, from the highest retention down.

    Every cell carries its number as `data-value`, by which `assets/table.js` sorts; a row carries its concept's name,
    and its first cell a button that picks it.

    Args:
        evaluation: at least one concept.
        chosen: the concept whose row is marked.
    """
    columns = [
        ("concept", "press a name to see its figures"),
        ("verdict", "by a rule fixed beforehand, corrected for the number of concepts"),
        ("retention", "transferred slope over native slope, with its 95 % interval"),
        ("at equal cost", "transferred effect over native effect where both cost the same, with its 95 % interval"),
        *((name, f"retention of the control: {arm_style(name).explains}") for name in BESIDE),
        ("Spearman", "rank correlation of the readout under the transferred vector with the strength"),
        ("anti-steerable", "share of the prompts that the transferred vector moves the wrong way"),
        (
            "Pearson r",
            "over prompts, of the readouts under both vectors, the paper’s measure; below, random directions",
        ),
        (
            "cost",
            "KL of the transferred vector on neutral prompts at the highest s, in nats; below, the native one",
        ),
    ]
    head = "".join(
        f'<th scope="col" aria-sort="{"descending" if at == 2 else "none"}">'
        f'<button type="button" title="{escape(hint)}">{escape(name)}</button></th>'
        for at, (name, hint) in enumerate(columns)
    )
    rows = "".join(_row(result, chosen) for result in evaluation.ranked())
    return (
        '<div class="scroll whole"><table class="suite"><caption class="visually-hidden">All concepts; press a header '
        f"to sort</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def arms_table(evidence: ConceptEvidence) -> str:
    """One row an arm, and how the table is read; pairs of numbers are those at both ends of the grid."""
    low, high = (evidence.strengths.index(end) for end in (min(evidence.strengths), max(evidence.strengths)))
    ends = f"at s = {min(evidence.strengths):g} / {max(evidence.strengths):g}".replace("-", "−")
    columns = ["arm", f"slope, {unit(evidence)} per deviation", "retention", "Spearman", "anti-steerable", "KL"]
    if evidence.passages:
        columns += ["score", "perplexity", "repetition"]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    rows = []
    for arm in evidence.arms:
        still = arm.slope is None
        cells = [
            _interval(arm.slope),
            _interval(arm.retention),
            plain(arm.spearman),
            _share(arm.anti_steerable),
            "–" if still else f"{cost(arm.kl[low])} / {cost(arm.kl[high])}",
        ]
        if evidence.passages:
            cells += [_pair(values, low, high) for values in (arm.score, arm.perplexity, arm.repetition)]
        rows.append(f"<tr>{_arm_head(arm)}{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return (
        f'<div class="scroll whole"><table class="suite arms"><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="added">{captions.ARMS} Pairs of numbers are those {ends}.</p>'
    )


def _row(result: ConceptResult, chosen: str) -> str:
    evidence = result.evidence
    arms = {arm.name: arm for arm in evidence.arms}
    native, transferred = arms[NATIVE], arms[TRANSFERRED]
    at = evidence.strengths.index(max(evidence.strengths))
    title = escape(evidence.name)
    word = result.verdict.word
    rank = len(VERDICTS) - VERDICTS.index(word) if word in VERDICTS else 0
    cells = [
        _cell(verdict_word(word), rank),
        _retention(evidence.retention),
        _retention(evidence.retention_at_equal_cost),
        *(_retention(None if (arm := arms.get(name)) is None else arm.retention) for name in BESIDE),
        _cell(plain(transferred.spearman), transferred.spearman),
        _cell(_share(transferred.anti_steerable), transferred.anti_steerable),
        _cell(f"{plain(evidence.pearson_r)}<small>{plain(evidence.pearson_r_random)}</small>", evidence.pearson_r),
        _cell(f"{cost(transferred.kl[at])}<small>{cost(native.kl[at])}</small>", transferred.kl[at]),
    ]
    marked = evidence.name == chosen
    return (
        f'<tr data-name="{title}" aria-selected="{str(marked).lower()}"><th scope="row" data-value="{title}">'
        f'<button type="button">{title}</button></th>{"".join(cells)}</tr>'
    )


def _retention(interval: Interval | None) -> str:
    return _cell(_interval(interval), None if interval is None else interval.value)


def _cell(shown: str, value: float | None) -> str:
    return f'<td data-value="{"" if value is None else f"{value:.6g}"}">{shown}</td>'


def _interval(interval: Interval | None) -> str:
    return "–" if interval is None else f"{plain(interval.value)}<small>{between(interval)}</small>"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.0f} %"


def _pair(values: Sequence[float | None], low: int, high: int) -> str:
    ends = (values[low], values[high])
    return "–" if ends == (None, None) else " / ".join(plain(value) for value in ends)


def _arm_head(arm: ArmEvidence) -> str:
    style = arm_style(arm.name)
    several = f" <small>{len(arm.directions)} directions</small>" if len(arm.directions) > 1 else ""
    return f'<th scope="row" title="{escape(style.explains)}">{glyph(style)} {escape(style.label)}{several}</th>'
