"""Pins: results that stay on the page, side by side with the one that is shown, until they are removed.

They are kept in the browser as well, so that they are there again after a reload.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
from markupsafe import Markup

from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.kept_pins import SECRET, STORAGE_KEY, from_browser, to_browser
from lrt_explorer.ui.pin import MOST_PINS, Pin
from lrt_explorer.ui.share_panel import Compared
from lrt_explorer.ui.wiring import EVERY_TIME, QUICK, Outputs, nothing

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
_BOARD = HtmlTemplate("""
    <h3 class="pins-head">Pinned results{% if full %} · {{ most }} at most; remove one to pin another{% endif %}</h3>
    <section class="pins">{% for card in cards %}{{ card }}{% endfor %}</section>
""")


class PinBoard:
    """The pin button and the pinned results.

    Attributes:
        shown: the result that is shown, a `Pin` or None.
        pins: a tuple of them.
        kept: the same in the browser, where they outlive a reload.
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
        self.kept = gr.BrowserState([], storage_key=STORAGE_KEY, secret=SECRET)
        self.button = gr.Button("Pin", size="sm", interactive=False, elem_id="pin")
        self.board = gr.HTML(elem_id="pins", js_on_load=ON_CLICK)
        both = [self.shown, self.pins]
        self.button.click(self.on_pin_clicked, [*both, compared], self.pins, **QUICK)
        self.board.pick(self.on_pin_removed, self.pins, self.pins, **EVERY_TIME)
        self.pins.change(self.on_pins_to_keep, self.pins, self.kept, **QUICK)
        gr.on(
            [self.shown.change, self.pins.change, compared.change],
            self.on_pins_changed,
            [*both, compared],
            [self.button, self.board],
            **QUICK,
        )

    def wire_loading(self, app: gr.Blocks) -> None:
        """List what the browser has kept, as soon as the page is there."""
        app.load(self.on_page_loaded, [self.pins, self.kept], self.pins, **QUICK)

    def on_page_loaded(self, pins: Sequence[Pin], kept: Any) -> Outputs:
        """Take over what the browser has kept, unless somebody has pinned something already."""
        found = from_browser(kept)
        return {self.pins: found} if found and not pins else nothing()

    def on_pins_to_keep(self, pins: Sequence[Pin]) -> Outputs:
        """Keep the pins in the browser."""
        return {self.kept: to_browser(pins)}

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
    return len(pins) < MOST_PINS and shown.seen not in [pin.seen for pin in pins]


def board(shown: Pin | None, pins: Sequence[Pin]) -> Markup:
    """All pins after what is shown; nothing without a pin."""
    if not pins:
        return Markup("")
    cards = [one.html for one in (*([] if shown is None else [shown]), *pins)]
    return _BOARD(cards=cards, full=len(pins) >= MOST_PINS, most=MOST_PINS)
