"""The panes of the Steer tab as one piece of HTML: pure functions from a comparison to what is shown."""

import math
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.numerals import change as written_change
from lrt_explorer.numerals import plain, signed
from lrt_explorer.plots import ARM_STYLES, glyph, marker
from lrt_explorer.report.template import HtmlTemplate, joined
from lrt_explorer.study.compare import Arm, Comparison, ComparisonStep
from lrt_explorer.study.steering.arms import ARMS, PANES, UNSTEERED
from lrt_explorer.ui.cards import added, notice
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.session import Session

MOST_COLUMNS = 4
ENDS = (*".!?…", *(f"{mark}{quote}" for mark in ".!?…" for quote in "\"'”’»)"))
"""What a text ends with that is not broken off by its length."""
PROMPT_SHOWN = 240
"""How many characters of a long prompt are repeated at the head of each pane."""


_PANES = HtmlTemplate("""
    {{ notice }}<section class="panes{{ kind }}" style="--columns: {{ columns }}" aria-busy="{{ busy }}">
    {% for pane in panes %}
    <article class="pane pane-{{ pane.name|replace(' ', '-') }}" data-arm="{{ pane.name }}"
    {% if pane.tone %} data-tone="{{ pane.tone }}"{% endif %}>
    <header>{{ pane.glyph }}<h3>{{ pane.style.label }}</h3><p>{{ pane.style.explains }}</p></header>
    <p class="pane-text{% if pane.cut %} cut{% endif %}">{{ pane.text }}</p>{{ pane.meter }}{{ pane.reads }}</article>
    {% endfor %}
    </section>
""")
_PROMPT = HtmlTemplate('<span class="prompt">{{ prompt }}</span>{{ text }}')
_MARK = HtmlTemplate("{{ space }}<mark>{{ word }}</mark>")
_TOKEN = HtmlTemplate('<span class="token {{ way }}" style="--share:{{ share }}%" title="{{ told }}">{{ text }}</span>')
FULL_NATS = 4.0
"""The change of log-probability from which on a token is coloured in full."""
_METER = HtmlTemplate("""
    <div class="meter" role="img" aria-label="{{ spoken }}">
    <div class="score"><span>{{ label }}</span><b>{{ value }}</b>
    {% if beside %} <small>{{ beside }}</small>{% endif %}
    </div>
    <div class="track">
    {% if way %}
    {% if origin is not none %}<i class="origin" style="left:{{ origin }}"></i>{% endif %}
    <i class="way" style="left:{{ way[0] }};width:{{ way[1] }};background:{{ colour }}"></i>
    <svg style="left:{{ place }}" viewBox="11 0 14 14" width="14" height="14" aria-hidden="true">{{ marker }}</svg>
    {% endif %}
    </div>
    <div class="ends"><span>{{ low }}</span><span>{{ high }}</span></div>
    {% if readout %}
    <div class="readout" title="{{ title }}"><span>{{ counted }}</span><b>{{ readout }}</b>
    {% if change %} <small>{{ change }}</small>{% endif %}
    </div>
    {% endif %}
    </div>
""")
_READS = HtmlTemplate("""
    {% if figures %}
    <details class="reads"><summary title="{{ figures }}">
    {% if remark %}<b>{{ remark }}</b>{% else %}<i role="img" aria-label="How this text reads">i</i>{% endif %}
    </summary><p>{{ figures }}</p></details>
    {% else %}<p class="reads" aria-hidden="true">&nbsp;</p>{% endif %}
""")
_LENGTHS = HtmlTemplate("""
    s = {{ strength }} for the native vector, and the others at equal cost: vectors of length
    {% for label, length in each %} {{ label }} <b>{{ length }}</b>{% if not loop.last %},{% endif %}{% endfor %}
    {{ where }}
""")
_LENGTH = HtmlTemplate("""
    s = {{ strength }}: a vector of length <b>{{ length }}</b> (s times the typical deviation){{ where }}
""")


def panes(
    arms: Sequence[Arm], prompt: str, card: ConceptCard, *, busy: bool = False, settled: Arm | None = None
) -> Markup:
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
    start = prompt if len(prompt) <= PROMPT_SHOWN else "… " + prompt[-PROMPT_SHOWN:]
    written = [
        {
            **_frame(arm.name),
            "tone": ARMS[arm.name].tone,
            "cut": (arm is settled or not busy) and bool(arm.text.strip()) and not arm.text.rstrip().endswith(ENDS),
            "text": _PROMPT(prompt=start, text=coloured_text(arm) if arm.odds else marked_text(arm)),
            "meter": meter(arm, reference, card),
            "reads": reads(arm, reference),
        }
        for arm in shown
    ]
    return _PANES(notice="", kind="", busy=str(busy).lower(), panes=written, columns=columns(len(shown)))


def waiting_panes(sentence: str, kind: str = "hint", *, idle: bool = False, arms: Sequence[str] = PANES) -> Markup:
    """Empty panes, and one sentence that says why.

    Args:
        sentence: why.
        kind: as for a notice.
        idle: whether they stay empty until something is done about it, as after an error they always do.
        arms: which are awaited.
    """
    busy = str(kind == "hint" and not idle).lower()
    empty = [{**_frame(name), "tone": "", "cut": False, "text": "", "meter": "", "reads": ""} for name in arms]
    return _PANES(notice=notice(sentence, kind), kind=" waiting", busy=busy, panes=empty, columns=columns(len(empty)))


def columns(panes: int) -> int:
    """How many panes stand beside each other where there is room: up to four, and rows of about the same length."""
    return max(1, math.ceil(panes / math.ceil(panes / MOST_COLUMNS)))


def reads(arm: Arm, reference: Arm | None) -> Markup:
    """How a finished text reads: a word where it is broken, and its figures, by mouse, keyboard and touch."""
    before = None if reference is None or arm.name == UNSTEERED else reference.perplexity
    figures = []
    if arm.repetition is not None:
        figures.append(f"{arm.repetition:.0%} of it repeats what came before")
    if arm.perplexity is not None:
        beside = "" if before is None else f", unsteered {plain(before)}"
        figures.append(f"perplexity {plain(arm.perplexity)}{beside}")
    return _READS(remark=arm.remark, figures="; ".join(figures))


def added_line(comparison: Comparison, session: Session, card: ConceptCard, *, shipped: str = "") -> Markup:
    """What was added, as a number in the model's own units, and how much of the concept's set it comes from.

    Args:
        comparison: finished.
        session: the pair.
        card: the concept.
        shipped: when texts that come with the pair were written; "" for those written just now.
    """
    read = comparison.settings.get("pairs", card.pairs)
    part = f" Vectors from {read} of {card.pairs} pairs." if read != card.pairs else ""
    marks = (
        f"The darker a token, the more its log-probability changed, up to {FULL_NATS:g} nats: solid ones are likelier "
        "than unsteered, dotted ones less likely. Hover over a token to see the alternatives."
        if any(arm.odds for arm in comparison.arms)
        else "Marked words differ from the unsteered text."
    )
    since = ""
    if shipped:
        since = f" These texts came with the pair and were written on {shipped}. Press Run to write them again."
    where = f" added at every position, after layer {session.large_layer}. {marks}{part}{since}"
    pushed = [arm for arm in comparison.arms if arm.coefficient]
    strength = _strength(comparison.strength)
    if len({abs(arm.coefficient) for arm in pushed}) > 1:
        each = [(ARM_STYLES[arm.name].label, f"{abs(arm.coefficient):.3g}") for arm in pushed]
        return added(_LENGTHS(strength=strength, each=each, where=f" are{where}"))
    return added(_LENGTH(strength=strength, length=f"{abs(comparison.coefficient):.3g}", where=f" is{where}"))


def writing_line(step: ComparisonStep | None) -> Markup:
    """Progress while the arms are being written."""
    how_far = "Reading the vectors" if step is None else f"Writing token {step.done} of at most {step.total}"
    return added(f"{how_far} …")


def marked_text(arm: Arm) -> Markup:
    """The arm's text with every run of tokens that differs from the unsteered text inside <mark>."""
    if arm.name == UNSTEERED or "".join(arm.tokens) != arm.text:
        return joined([arm.text])
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
    return joined(parts)


def coloured_text(arm: Arm) -> Markup:
    """The arm's text with every token coloured by what steering did to its log-probability, and what it says of it."""
    parts = []
    for token in arm.odds:
        change = 0.0 if token.unsteered is None else token.logprob - token.unsteered
        others = ", ".join(f"{text.strip() or repr(text)} {share:.0%}" for text, share in token.alternatives)
        before = "" if token.unsteered is None else f", unsteered {plain(token.unsteered, 1)}"
        parts.append(
            _TOKEN(
                way="up" if change >= 0 else "down",
                share=round(100 * min(abs(change) / FULL_NATS, 1.0)),
                told=f"{plain(token.logprob, 1)} nats{before}. Likeliest here: {others}",
                text=token.text,
            )
        )
    return joined(parts)


def meter(arm: Arm, reference: Arm | None, card: ConceptCard) -> Markup:
    """The score on a scale from 0 to 1, drawn as the way it went from the unsteered score.

    The readout stands below, in the unit of its kind, with its change against unsteered. Where nothing scores the
    texts, the readout takes the place of the score.
    """
    if not card.judged:
        return _readout_meter(arm, reference, card)
    entry = READOUTS[card.readout]
    value, spoken = "–", "nothing in this text to score"
    if arm.score is not None:
        value = f"{arm.score:.2f}"
        spoken = f"score {value} on a scale from {card.low_label} to {card.high_label}"
    return _METER(
        label="score",
        spoken=spoken,
        value=value,
        beside="",
        **_way(arm, arm.score, reference.score if reference is not None else None),
        low=card.low_label,
        high=card.high_label,
        readout="" if arm.readout is None else written_change(arm.readout),
        counted=f"readout, {entry.unit}",
        change=_moved(arm, reference),
        title=f"{entry.help}, right after the prompt, in {entry.unit}",
    )


def _readout_meter(arm: Arm, reference: Arm | None, card: ConceptCard) -> Markup:
    """The readout as the share of the concept's answers that it stands for, with its number."""
    entry = READOUTS[card.readout]
    value = "–" if arm.readout is None else written_change(arm.readout)
    before = None if reference is None else reference.readout
    return _METER(
        label=f"readout, {entry.unit}",
        spoken=f"readout {value} {entry.unit}, from {card.low_label} to {card.high_label}",
        value=value,
        beside=_moved(arm, reference),
        **_way(arm, _share(arm.readout, entry.unit), _share(before, entry.unit)),
        low=card.low_label,
        high=card.high_label,
        readout="",
        counted="",
        change="",
        title="",
    )


def _share(readout: float | None, unit: str) -> float | None:
    """Where a readout lies between the two ends; None where its unit has no ends."""
    if readout is None or unit not in ("nats", "probability"):
        return None
    return readout if unit == "probability" else 1 / (1 + math.exp(-max(-60.0, min(readout, 60.0))))


def _moved(arm: Arm, reference: Arm | None) -> str:
    before = None if reference is None or arm.name == UNSTEERED else reference.readout
    return "" if arm.readout is None or before is None else written_change(arm.readout - before)


def _way(arm: Arm, share: float | None, start: float | None) -> dict[str, Any]:
    """What is drawn of a number between 0 and 1, from where it started."""
    style, way, place = ARM_STYLES[arm.name], None, ""
    if share is not None:
        left, right = sorted((share, share if start is None else start))
        way, place = (f"{left:.2%}", f"{right - left:.2%}"), f"{share:.2%}"
    origin = None if start is None else f"{start:.2%}"
    return {"origin": origin, "way": way, "place": place, "colour": style.colour, "marker": Markup(marker(style))}


def _frame(name: str) -> dict[str, Any]:
    style = ARM_STYLES[name]
    return {"name": name, "style": style, "glyph": Markup(glyph(style))}


def _run(text: str, changed: bool) -> str:
    if not changed or not text.strip():
        return text
    word = text.lstrip()
    return _MARK(space=text[: len(text) - len(word)], word=word)


def _strength(strength: float) -> str:
    """With two decimals, or three where the first would be 0."""
    return signed(strength, 3 if 0 < abs(strength) < 0.1 else 2)
