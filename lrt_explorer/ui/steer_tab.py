"""The Steer tab: one concept, one prompt, one slider, and the arms side by side."""

from functools import partial

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.sliders import wire_left
from lrt_explorer.ui.steer_concept import ConceptChoice
from lrt_explorer.ui.steer_controls import SteerControls
from lrt_explorer.ui.steer_layout import SteerLayout
from lrt_explorer.ui.steer_texts import SteerTexts, stopped
from lrt_explorer.ui.steer_vectors import VectorReading
from lrt_explorer.ui.wiring import (
    AT_ONCE,
    MODEL_WORK,
    QUICK,
    at_once_from_controls,
    from_controls,
    left,
    on_busy_changed,
    wire_stop,
)


class SteerTab(SteerLayout):
    """The tab with its parts.

    Attributes:
        choice: what follows the concept.
        reading: what follows the vectors.
        texts: what writes the arms.
    """

    def __init__(self, engine: Engine, session: gr.State, shelf: gr.State, tabs: gr.Tabs, tab: gr.State) -> None:
        """Lay out the tab and wire what happens inside it; arguments as for `SteerLayout`."""
        super().__init__(engine, session, shelf, tabs, tab)
        self.choice, self.reading, self.texts = ConceptChoice(self), VectorReading(self), SteerTexts(self)
        self._wire_comparison()

    def _wire_comparison(self) -> None:
        texts, vectors = self.texts, self.reading
        session, steered, settings, slider = self.session, self.steered, self.settings, self.slider
        chosen = [settings.arms, *(concept for concept, _ in settings.also)]
        session.change(settings.on_models_changed, [session, *chosen], settings.of_pair, **QUICK)
        session.change(
            slider.on_session_changed,
            [session, slider.tuned, settings.arms],
            [slider.strength, slider.marks, slider.tuned],
            **QUICK,
        )
        # In a step of its own: what another tab sets here reaches the page only through a hidden field, so a comparison
        # in the same step would still read the old value.
        tuning = gr.on(
            [
                *(steered.asked.change, self.whole.change, settings.reading.input, steered.vectors.input),
                settings.arms.input,
            ],
            vectors.on_vector_changed,
            [
                *(session, slider.tuned, self.whole, steered.concept, settings.reading, steered.vectors),
                *(slider.strength, settings.arms),
            ],
            [slider.strength, slider.marks, self.added, slider.tuned, self.stop],
            **MODEL_WORK,
        )
        wanted: list[Block] = [self.due, self.compared]
        tuning.then(texts.on_vectors_known, [*wanted, slider.tuned, self.known], [*wanted, self.known], **QUICK)
        # Run asks again for what is shown already.
        self.run.click(texts.on_texts_wanted, wanted, wanted, **QUICK)
        # One listener for everything that asks for a comparison: two of them would write into the panes at once.
        asking = [
            self.due.change,
            slider.strength.input,
            *left(steered.prompt),
            settings.as_in_paper.input,
            settings.equal_cost.input,
            settings.per_token.input,
            *left(settings.ask),
            *left(settings.other_layers),
            *(component.input for both in settings.also for component in both),
            settings.temperature.input,
            settings.length.input,
            *left(settings.seed),
            settings.seed.input,
        ]
        for one in (slider.strength, settings.temperature, settings.length, *(beside for _, beside in settings.also)):
            wire_left(one, self.due)
        asked = list(self.controls.values())
        gr.on(
            asking,
            from_controls(texts.on_texts_asked, SteerControls, 4),
            [session, self.settled, self.partly, self.compared, *asked],
            [
                *(self.panes, self.said, self.added, self.settled, self.compared, self.partly),
                *(self.stop, self.trouble, self.pins.shown),
            ],
            **MODEL_WORK,
        )
        # What runs for older values ends at once, and the event above follows with the newest.
        gr.on(
            [*asking, steered.concept.input, steered.vectors.input, settings.reading.input, settings.arms.input],
            at_once_from_controls(texts.on_other_texts_asked, SteerControls),
            asked,
            None,
            **AT_ONCE,
        )
        # A first vector comes from a few pairs; the others are read in the background.
        completing = self.partly.change(
            vectors.on_part_read,
            [session, steered.concept, settings.reading, steered.vectors, self.whole],
            [self.reading_on, self.whole, self.stop],
            **MODEL_WORK,
        )
        gr.on(
            # A list that is only left as it was has an input, but no change.
            [session.change, steered.concept.change, settings.reading.change, steered.vectors.change],
            vectors.on_other_vector_chosen,
            None,
            self.reading_on,
            cancels=[completing],
            **AT_ONCE,
        )
        # Gradio would lose what is asked for while it cancels the texts, so these end as for a newer value.
        wire_stop(self.stop, [tuning, completing], self.added, stopped, self.newest, emptied=[self.reading_on])
        self.stop.click(partial(on_busy_changed, False), None, self.stop, **QUICK)
