"""A pin: a result as it was shown, with what tells it from others."""

from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from lrt_explorer.numerals import plain, signed
from lrt_explorer.plots import ARM_STYLES, glyph
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.study.compare import Arm, Comparison
from lrt_explorer.study.sentence import sentence
from lrt_explorer.study.steering.arms import OTHER_LAYERS
from lrt_explorer.ui.result_key import ResultKey, keyed
from lrt_explorer.ui.steer_controls import ALSO, SteerControls
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.session import Session

MOST_PINS = 6
PROMPT_SHOWN = 240
"""How many characters of a long prompt are kept."""
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


@dataclass(frozen=True)
class Pin:
    """A result as it was shown.

    Attributes:
        title: concept and strength.
        made: the other settings in words.
        said: what happened, in one sentence.
        prompt: start of all texts, cut if it is long.
        arms: texts and figures.
        key: the settings as the page compares them with its controls; None once it is pinned and loaded again.
        query: of a link that restores it; "" until it is pinned.
        number: tells it from the other pins; None for the result that is shown.
        unit: of the readouts; "" where a pin is older than that was kept.
    """

    title: str
    made: str
    said: str
    prompt: str
    arms: tuple[Arm, ...]
    key: ResultKey | None = field(default=None, compare=False)
    query: str = ""
    number: int | None = None
    unit: str = ""

    @classmethod
    def of(cls, comparison: Comparison, session: Session, asked: SteerControls, card: ConceptCard) -> "Pin":
        """A comparison as the screen shows it."""
        key = asked.key(session, card)
        said, prompt = key.said, comparison.prompt
        shown = ["pair", "seed", "temperature", "length"]
        shown += [name for name in ("reading", "as_in_paper", "equal_cost", "vectors", "ask") if key.values[name]]
        shown += ["other_layers"] if OTHER_LAYERS in [arm.name for arm in comparison.arms] else []
        shown += [both for name in ALSO if key.values[name] for both in (name, f"{name}_strength")]
        layers = f"layers {session.small_layer} → {session.large_layer}"
        return cls(
            f"{card.title}, {said['strength']}",
            ", ".join((layers, *(said[name] for name in shown))),
            sentence(comparison),
            prompt if len(prompt) <= PROMPT_SHOWN else f"… {prompt[-PROMPT_SHOWN:]}",
            comparison.arms,
            key,
            unit=str(comparison.settings.get("readout_unit", "")),
        )

    @property
    def html(self) -> Markup:
        """The result as a card; that which is shown carries its settings, to be dimmed when they change."""
        arms = [
            {
                "glyph": Markup(glyph(ARM_STYLES[arm.name])),
                "label": ARM_STYLES[arm.name].label,
                "remark": arm.remark,
                "figures": _figures(arm, self.unit),
                "text": arm.text.strip(),
            }
            for arm in self.arms
        ]
        card = _CARD(pin=self, arms=arms)
        return card if self.key is None or self.number is not None else keyed(self.key, card)

    @property
    def seen(self) -> tuple[Any, ...]:
        """What it shows: two pins that show the same are the same."""
        arms = [(arm.name, arm.text, arm.score, arm.readout, arm.remark) for arm in self.arms]
        return self.title, self.made, self.said, self.prompt, arms


def _figures(arm: Arm, unit: str) -> str:
    score = "" if arm.score is None else f"score {plain(arm.score)}"
    readout = "" if arm.readout is None else f"readout {signed(arm.readout)} {unit}".rstrip()
    return " · ".join(part for part in (score, readout) if part)
