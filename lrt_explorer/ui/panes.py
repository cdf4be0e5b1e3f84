"""The four panes of the Steer tab as one string of HTML: pure functions from a comparison to what is shown."""

from collections.abc import Sequence
from html import escape

from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.plots import ARM_STYLES, ArmStyle, glyph, marker
from lrt_explorer.study.compare import Arm, Comparison, ComparisonStep
from lrt_explorer.study.steering.arms import ARMS, UNSTEERED
from lrt_explorer.ui.cards import notice
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.session import Session

PROMPT_SHOWN = 240
"""How many characters of a long prompt are repeated at the head of each pane."""


def panes(
    arms: Sequence[Arm], prompt: str, card: ConceptCard, *, busy: bool = False, settled: Arm | None = None
) -> str:
    """All arms side by side.

    Args:
        arms: what each arm has written so far, in the order of display.
        prompt: the shared start, repeated in grey at the head of each pane.
        card: the concept; its ends are what scores of 0 and 1 mean.
        busy: whether the arms are still being written.
        settled: an unsteered arm already known for this prompt and seed; it is shown in place of the
            unsteered arm that is being written, so that this pane stands still while the slider moves.
    """
    shown = [settled if settled is not None and arm.name == UNSTEERED else arm for arm in arms]
    reference = next((arm for arm in shown if arm.name == UNSTEERED), None)
    inner = "".join(_pane(arm, prompt, reference, card) for arm in shown)
    return f'<section class="panes" aria-busy="{str(busy).lower()}">{inner}</section>'


def waiting_panes(sentence: str, kind: str = "hint") -> str:
    """The frame of the panes with nothing written, and one sentence that says why."""
    inner = "".join(
        f'<article class="pane pane-{name}" data-arm="{name}">{_head(style)}<p class="pane-text"></p></article>'
        for name, style in ARM_STYLES.items()
    )
    busy = "true" if kind == "hint" else "false"
    return f'{notice(sentence, kind)}<section class="panes waiting" aria-busy="{busy}">{inner}</section>'


def added_line(comparison: Comparison, session: Session, card: ConceptCard) -> str:
    """What was added, as a number in the model's own units, and how much of the concept's set it comes from."""
    read = comparison.settings.get("pairs", card.pairs)
    part = f" Vectors from {read} of {card.pairs} pairs." if read != card.pairs else ""
    where = (
        f"at every position, after layer {session.large_layer}. Marked words differ from the unsteered text.{part}</p>"
    )
    pushed = [arm for arm in comparison.arms if arm.coefficient]
    if len({abs(arm.coefficient) for arm in pushed}) > 1:
        each = ", ".join(f"{ARM_STYLES[arm.name].label} <b>{abs(arm.coefficient):.3g}</b>" for arm in pushed)
        return (
            f'<p class="added">s = {_strength(comparison.strength)} for the native vector, and the others at equal '
            f"cost: vectors of length {each} are added {where}"
        )
    length = f"a vector of length <b>{abs(comparison.coefficient):.3g}</b> (s times the typical deviation)"
    return f'<p class="added">s = {_strength(comparison.strength)}: {length} is added {where}'


def writing_line(step: ComparisonStep | None) -> str:
    """What is going on while the arms are being written."""
    how_far = "Reading the vectors" if step is None else f"Writing token {step.done} of at most {step.total}"
    return f'<p class="added">{how_far} …</p>'


def marked_text(arm: Arm) -> str:
    """The arm's text with every run of tokens that differs from the unsteered text inside <mark>."""
    if arm.name == UNSTEERED or "".join(arm.tokens) != arm.text:
        return escape(arm.text)
    parts: list[str] = []
    run: list[str] = []
    run_changed = False
    for token, changed in zip(arm.tokens, arm.changed, strict=True):
        if changed != run_changed and run:
            parts.append(_run("".join(run), run_changed))
            run = []
        run_changed = changed
        run.append(token)
    parts.append(_run("".join(run), run_changed))
    return "".join(parts)


def meter(arm: Arm, reference: Arm | None, card: ConceptCard) -> str:
    """The judge's score on a scale from 0 to 1, drawn as the way it went from the unsteered score.

    The readout stands below, in the unit of its kind, with its change against unsteered.
    """
    style = ARM_STYLES[arm.name]
    start = reference.score if reference is not None else None
    if arm.score is None:
        value, track = "–", '<div class="track"></div>'
        spoken = "the judge found nothing to score"
    else:
        value = f"{arm.score:.2f}"
        left, right = sorted((arm.score, arm.score if start is None else start))
        origin = "" if start is None else f'<i class="origin" style="left:{start:.2%}"></i>'
        track = (
            f'<div class="track">{origin}<i class="way" style="left:{left:.2%};width:{right - left:.2%};'
            f'background:{style.colour}"></i>{_marker(style, arm.score)}</div>'
        )
        spoken = f"score {value} on a scale from {card.low_label} to {card.high_label}"
    ends = f'<div class="ends"><span>{escape(card.low_label)}</span><span>{escape(card.high_label)}</span></div>'
    score = f'<div class="score"><span>judge’s score</span><b>{value}</b></div>'
    readout = _readout(arm, reference, card.readout)
    return f'<div class="meter" role="img" aria-label="{escape(spoken)}">{score}{track}{ends}{readout}</div>'


def _pane(arm: Arm, prompt: str, reference: Arm | None, card: ConceptCard) -> str:
    start = prompt if len(prompt) <= PROMPT_SHOWN else "… " + prompt[-PROMPT_SHOWN:]
    tone = ARMS[arm.name].tone
    return (
        f'<article class="pane pane-{arm.name}" data-arm="{arm.name}" data-tone="{tone}">{_head(ARM_STYLES[arm.name])}'
        f'<p class="pane-text"><span class="prompt">{escape(start)}</span>{marked_text(arm)}</p>'
        f"{meter(arm, reference, card)}</article>"
    )


def _head(style: ArmStyle) -> str:
    return f"<header>{glyph(style)}<h3>{escape(style.label)}</h3><p>{escape(style.explains)}</p></header>"


def _run(text: str, changed: bool) -> str:
    if not changed or not text.strip():
        return escape(text)
    word = text.lstrip()
    return f"{escape(text[: len(text) - len(word)])}<mark>{escape(word)}</mark>"


def _marker(style: ArmStyle, score: float) -> str:
    inner = marker(style)
    return f'<svg style="left:{score:.2%}" viewBox="11 0 14 14" width="14" height="14" aria-hidden="true">{inner}</svg>'


def _readout(arm: Arm, reference: Arm | None, kind: str) -> str:
    if arm.readout is None:
        return ""
    change = ""
    if reference is not None and reference.readout is not None and arm.name != UNSTEERED:
        change = f" <small>{signed(arm.readout - reference.readout)}</small>"
    entry = READOUTS[kind]
    title = escape(f"{entry.help}, right after the prompt, in {entry.unit}")
    return f'<div class="readout" title="{title}"><span>readout</span><b>{signed(arm.readout)}</b>{change}</div>'


def _strength(strength: float) -> str:
    """With two decimals, or three where the first would be 0."""
    return signed(strength, 3 if 0 < abs(strength) < 0.1 else 2)


def signed(number: float, decimals: int = 1) -> str:
    """A number with its sign, with a true minus: +3.2, −0.4."""
    return f"{number:+.{decimals}f}".replace("-", "−")
