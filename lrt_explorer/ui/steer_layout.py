"""The Steer tab as it is laid out: what is asked for, the panes, and the settings below them."""

import gradio as gr
from gradio.components import Component

from lrt_explorer.ui.cards import chips, slider_ends
from lrt_explorer.ui.choices import OWN_VECTORS, ConceptList, steered_concepts
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.finished import FirstShown
from lrt_explorer.ui.newest import Newest
from lrt_explorer.ui.panes import waiting_panes
from lrt_explorer.ui.pins import PinBoard
from lrt_explorer.ui.steer_controls import SteerSettings
from lrt_explorer.ui.steered import Steered
from lrt_explorer.ui.strength import StrengthControl
from lrt_explorer.ui.terms import terms_line
from lrt_explorer.workbench.session import Shelf

SET_FILES = [".jsonl", ".json", ".csv", ".tsv", ".txt"]
"""What contrast sets come in; what a file holds decides how it is read."""
OPENING = "Opening the models …"
PICK_EXAMPLE = """
element.addEventListener('click', (event) => {
  const chip = event.target.closest('button[data-text]');
  if (chip) trigger('pick', {text: chip.dataset.text});
});
"""


class SteerLayout:
    """The components of the tab; the parts of the tab wire them.

    Attributes:
        engine: the studies.
        first: the texts that are there before the models are open; None if none ship.
        session: the visitor's.
        newest: what the page asked for last.
        written: what the panes of the page hold, whole or in part, as a `Compared`; None if nothing was written yet.
        steered: what follows the concept.
        slider: the strength.
        run, stop: the buttons.
        trouble: what is wrong with a number that was asked for; nothing else changes then.
        said: the sentence above the panes.
        panes: where the arms are written.
        added: the line below the panes.
        pins: the button that keeps a result, and those that are kept.
        reading_on: progress of what is read in the background.
        settings: those below the panes.
        contrast, contrast_status: a set from a file, and what became of it.
        known: for which vectors texts were asked for last.
        settled: the unsteered arm of the last finished comparison, after which the vectors of the concept are known.
        compared: what that comparison was asked for, a `Compared` or None.
        due: a count that goes up to ask for texts with the controls as they stand.
        partly, whole: counts that go up when a few, and then all pairs of a concept have been read.
    """

    def __init__(self, engine: Engine, session: gr.State, shelf: gr.State, tabs: gr.Tabs, tab: gr.State) -> None:
        """Lay out the tab.

        Args:
            engine: the studies.
            session: the visitor's.
            shelf: the visitor's.
            tabs: all tabs.
            tab: which is open.
        """
        self.engine, self.session, self.newest, self.written = engine, session, Newest(), Newest()
        first = engine.concepts(None)[0]
        self.first = FirstShown.from_engine(engine)
        texts = None if self.first is None else self.first.texts
        self.settled, self.compared, world = gr.State(None), gr.State(None), gr.State("")
        asked, self.due, self.partly, self.whole = gr.State(0), gr.State(0), gr.State(0), gr.State(0)
        self.known = gr.State(None)
        with gr.Row(elem_classes="ask"):
            with gr.Column(scale=2, min_width=210):
                concept = ConceptList(
                    steered_concepts(engine, None, Shelf()),
                    value=first.name,
                    label="Concept",
                    info=first.description,
                    elem_id="concept",
                )
                vectors = gr.Dropdown(
                    [OWN_VECTORS],
                    value=OWN_VECTORS[1],
                    label="Vectors",
                    info="the concept’s own, or yours from the Concepts tab",
                    visible=False,
                )
            with gr.Column(scale=5, min_width=280, elem_id="prompt-column"):
                prompt = gr.Textbox(
                    first.examples[0], label="Prompt", info="start of every text", max_lines=6, elem_id="prompt"
                )
                examples = gr.HTML(chips(first.examples), js_on_load=PICK_EXAMPLE, elem_id="examples")
        with gr.Row(elem_classes="dose"):
            with gr.Column(scale=7, min_width=260):
                self.slider = StrengthControl(engine, self.first)
                ends = gr.HTML(slider_ends(first), elem_id="ends")
            with gr.Column(scale=1, min_width=130, elem_classes="run-column"):
                self.run = gr.Button("Run", variant="primary", size="md", elem_id="run")
                self.stop = gr.Button("Stop", interactive=False, size="sm", elem_id="stop")
        self.trouble = gr.HTML(elem_id="steer-trouble")
        self.said = gr.HTML(texts.said if texts else "", elem_id="sentence")
        self.panes = gr.HTML(texts.panes if texts else waiting_panes(OPENING), elem_id="panes", js_on_load=None)
        self.added = gr.HTML(texts.added if texts else "", elem_id="added")
        self.pins = PinBoard(engine, self.compared)
        self.reading_on = gr.HTML(elem_id="reading-on")
        with gr.Accordion("More settings", open=False, elem_id="more"):
            self.settings = SteerSettings(engine)
            self.contrast = gr.UploadButton(
                "Own contrast set …", size="sm", scale=0, file_types=SET_FILES, elem_id="contrast"
            )
            self.contrast_status = gr.HTML(elem_id="contrast-status")
        gr.HTML(terms_line("arm", "native", "transferred", "random", "strength", "cost", "readout", "score"))
        self.steered = Steered(
            engine=engine,
            shelf=shelf,
            concept=concept,
            vectors=vectors,
            prompt=prompt,
            examples=examples,
            ends=ends,
            told=gr.State(first.name),
            asked=asked,
            world=world,
            temperature=self.settings.temperature,
            tabs=tabs,
            tab=tab,
        )

    @property
    def controls(self) -> dict[str, Component]:
        """What `SteerControls` is made of, in the order of its fields."""
        steered = self.steered
        asked: dict[str, Component] = {
            "concept": steered.concept,
            "prompt": steered.prompt,
            "strength": self.slider.strength,
            "vectors": steered.vectors,
        }
        return {**asked, **self.settings.named}
