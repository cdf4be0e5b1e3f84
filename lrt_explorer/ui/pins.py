"""Pins: results that stay on the page, side by side with the one that is shown, until they are removed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import gradio as gr
from markupsafe import Markup

from lrt_explorer.numerals import plain, signed
from lrt_explorer.plots import ARM_STYLES, glyph
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.study.compare import Arm, Comparison
from lrt_explorer.study.sentence import sentence
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.result_key import ResultKey, keyed
from lrt_explorer.ui.share_panel import Compared
from lrt_explorer.ui.steer_controls import ALSO, SteerControls
from lrt_explorer.ui.wiring import EVERY_TIME, QUICK, Outputs, nothing
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.session import Session

MOST_PINS = 6
PROMPT_SHOWN = 240
"""How many characters of a long prompt are kept."""
TAB = "steer"
ON_CLICK = """
element.addEventListener('click', (event) => {
  const remove = event.target.closest('button[data-remove]');
  if (remove) trigger('pick', {number: remove.dataset.remove});
  const copy = event.target.closest('button[data-query]');
  if (!copy || !navigator.clipboard) return;
  navigator.clipboard.writeText(`${location.origin}${location.pathname}?${copy.dataset.query}`);
  copy.textContent = 'Copied';
});
"""
_CARD = HtmlTemplate("""
    <article class="pin{% if pin.number is none %} now{% endif %}" data-pin="{{ pin.number }}">
    <h4>{% if pin.number is none %}Now: {% endif %}{{ pin.title }}</h4>
    <p>{{ pin.made }}</p><p>{{ pin.said }}</p><p>“{{ pin.prompt }}”</p>
    <dl>
    {% for arm in arms %}
    <dt>{{ arm.glyph }}<span>{{ arm.label }}</span>{% if arm.remark %}<b>{{ arm.remark }}</b>{% endif %}
    <small>{{ arm.figures }}</small></dt><dd>{{ arm.text }}</dd>
    {% endfor %}
    </dl>
    {% if pin.number is not none %}
    <div class="pin-tools">
    <a href="?{{ pin.query }}" target="_blank" rel="noopener">Open</a>
    <button type="button" data-query="{{ pin.query }}">Copy link</button>
    <button type="button" data-remove="{{ pin.number }}" aria-label="Remove the pin {{ pin.title }}">Remove</button>
    </div>
    {% endif %}
    </article>
""")
_BOARD = HtmlTemplate("""
    <h3 class="pins-head">Pinned results{% if full %} · {{ most }} at most; remove one to pin another{% endif %}</h3>
    <section class="pins">{% for card in cards %}{{ card }}{% endfor %}</section>
""")


@dataclass(frozen=True)
class Pin:
    """A result as it was shown.

    Attributes:
        title: concept and strength.
        made: the other settings in words.
        said: what happened, in one sentence.
        prompt: start of all texts, cut if it is long.
        arms: texts and figures.
        key: the settings as the page compares them with its controls.
        query: of a link that restores it; "" until it is pinned.
        number: tells it from the other pins; None for the result that is shown.
    """

    title: str
    made: str
    said: str
    prompt: str
    arms: tuple[Arm, ...]
    key: ResultKey = field(compare=False)
    query: str = ""
    number: int | None = None

    @classmethod
    def of(cls, comparison: Comparison, session: Session, asked: SteerControls, card: ConceptCard) -> "Pin":
        """A comparison as the screen shows it."""
        key = asked.key(session, card)
        said, prompt = key.said, comparison.prompt
        shown = ["pair", "seed", "temperature", "length"]
        shown += [name for name in ("reading", "as_in_paper", "equal_cost", "vectors", "ask") if key.values[name]]
        shown += [both for name in ALSO if key.values[name] for both in (name, f"{name}_strength")]
        layers = f"layers {session.small_layer} → {session.large_layer}"
        return cls(
            f"{card.title}, {said['strength']}",
            ", ".join((layers, *(said[name] for name in shown))),
            sentence(comparison),
            prompt if len(prompt) <= PROMPT_SHOWN else f"… {prompt[-PROMPT_SHOWN:]}",
            comparison.arms,
            key,
        )

    @property
    def html(self) -> Markup:
        """The result as a card; that which is shown carries its settings, to be dimmed when they change."""
        arms = [
            {
                "glyph": Markup(glyph(ARM_STYLES[arm.name])),
                "label": ARM_STYLES[arm.name].label,
                "remark": arm.remark,
                "figures": _figures(arm),
                "text": arm.text.strip(),
            }
            for arm in self.arms
        ]
        card = _CARD(pin=self, arms=arms)
        return keyed(self.key, card) if self.number is None else card


class PinBoard:
    """The pin button and the pinned results.

    Attributes:
        shown: the result that is shown, a `Pin` or None.
        pins: a tuple of them.
        button: pins what is shown.
        board: where they are listed.
    """

    def __init__(self, engine: Engine, compared: gr.State) -> None:
        """Lay them out and wire them.

        Args:
            engine: the studies.
            compared: what the comparison on the screen was asked for, a `Compared` or None.
        """
        self.engine = engine
        self.shown, self.pins = gr.State(None), gr.State(())
        self.button = gr.Button("Pin", size="sm", interactive=False, elem_id="pin")
        self.board = gr.HTML(elem_id="pins", js_on_load=ON_CLICK)
        both = [self.shown, self.pins]
        self.button.click(self.on_pin_clicked, [*both, compared], self.pins, **QUICK)
        self.board.pick(self.on_pin_removed, self.pins, self.pins, **EVERY_TIME)
        gr.on(
            [self.shown.change, self.pins.change, compared.change],
            self.on_pins_changed,
            [*both, compared],
            [self.button, self.board],
            **QUICK,
        )

    def on_pin_clicked(self, shown: Pin | None, pins: Sequence[Pin], compared: Compared | None) -> Outputs:
        """Keep what is shown, unless it is kept already or there is no room."""
        if shown is None or compared is None or not can_pin(shown, pins):
            return nothing()
        number = 1 + max((pin.number or 0 for pin in pins), default=0)
        query = self.engine.shared(compared.session, compared.spec, TAB).query
        return {self.pins: (*pins, replace(shown, query=query, number=number))}

    def on_pin_removed(self, pins: Sequence[Pin], event: gr.EventData) -> Outputs:
        """Remove a pin."""
        return {self.pins: tuple(pin for pin in pins if str(pin.number) != str(event.number))}

    def on_pins_changed(self, shown: Pin | None, pins: Sequence[Pin], compared: Compared | None) -> Outputs:
        """List the pins beside what is shown."""
        free = compared is not None and shown is not None and can_pin(shown, pins)
        return {self.button: gr.Button(interactive=free), self.board: board(shown, pins)}


def can_pin(shown: Pin, pins: Sequence[Pin]) -> bool:
    """Whether there is room, and this result is not pinned yet."""
    return len(pins) < MOST_PINS and shown not in [replace(pin, query="", number=None) for pin in pins]


def board(shown: Pin | None, pins: Sequence[Pin]) -> Markup:
    """All pins after what is shown; nothing without a pin."""
    if not pins:
        return Markup("")
    cards = [one.html for one in (*([] if shown is None else [shown]), *pins)]
    return _BOARD(cards=cards, full=len(pins) >= MOST_PINS, most=MOST_PINS)


def _figures(arm: Arm) -> str:
    score = "" if arm.score is None else f"score {plain(arm.score)}"
    readout = "" if arm.readout is None else f"readout {signed(arm.readout)}"
    return " · ".join(part for part in (score, readout) if part)
