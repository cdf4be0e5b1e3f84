"""The Steer tab: one concept, one prompt, one slider, and four arms side by side."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from lrt_explorer.errors import SettingsError
from lrt_explorer.study.compare import Arm, ComparisonStep
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.arms import UNSTEERED
from lrt_explorer.ui.cards import added, chips, notice, progress_bar, slider_ends
from lrt_explorer.ui.choices import OWN_VECTORS, ConceptList, belongs, steered_concepts
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.newest import Newest
from lrt_explorer.ui.pace import paced
from lrt_explorer.ui.panes import added_line, panes, waiting_panes, writing_line
from lrt_explorer.ui.result_key import ResultKey, keyed, model_values
from lrt_explorer.ui.share_panel import Compared
from lrt_explorer.ui.sliders import wire_left
from lrt_explorer.ui.stage import READING
from lrt_explorer.ui.steer_controls import SteerControls, SteerSettings
from lrt_explorer.ui.steered import Steered
from lrt_explorer.ui.strength import StrengthControl, Tuned
from lrt_explorer.ui.turns import InLine
from lrt_explorer.ui.verdicts import sentence_card
from lrt_explorer.ui.wiring import (
    AT_ONCE,
    EVERY_TIME,
    MODEL_WORK,
    QUICK,
    Outputs,
    at_once_from_controls,
    from_controls,
    guarded_by,
    left,
    nothing,
    on_busy_changed,
    run_study,
    wire_stop,
)
from lrt_explorer.workbench.session import Session, Shelf

SET_FILES = [".jsonl", ".json", ".csv", ".tsv", ".txt"]
"""What contrast sets come in; what a file holds decides how it is read."""
NO_MAP = "There is no map between these layers yet. Fit one under Map, and all four texts are written."
PICK_EXAMPLE = """
element.addEventListener('click', (event) => {
  const chip = event.target.closest('button[data-text]');
  if (chip) trigger('pick', {text: chip.dataset.text});
});
"""


@dataclass(frozen=True)
class Settled:
    """The unsteered arm of a finished comparison, shown again for as long as only the steering changes.

    Attributes:
        key: everything the unsteered text and its scores depend on.
        vectors: what the vectors depend on that it was shown beside.
    """

    key: tuple[object, ...]
    arm: Arm
    vectors: tuple[object, ...] = ()


class SteerTab:
    """The tab, with what other parts of the screen need of it.

    Attributes:
        steered: what follows the concept.
        said: the sentence above the panes.
        panes: where the arms are written.
        trouble: what is wrong with a number that was asked for; nothing else changes then.
        added: the line below the panes.
        settled: the unsteered arm of the last finished comparison, after which the vectors of the concept are known.
        compared: what that comparison was asked for, a `Compared` or None.
    """

    def __init__(self, engine: Engine, session: gr.State, shelf: gr.State, tabs: gr.Tabs, tab: gr.State) -> None:
        """Lay out the tab and wire what happens inside it.

        Args:
            engine: the studies.
            session: the visitor's.
            shelf: the visitor's.
            tabs: all tabs.
            tab: which is open.
        """
        self.engine, self.session, self.newest = engine, session, Newest()
        first = engine.concepts(None)[0]
        self.settled, self.compared, world = gr.State(None), gr.State(None), gr.State("")
        asked, self.due, self.partly, self.whole = gr.State(0), gr.State(0), gr.State(0), gr.State(0)
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
                self.slider = StrengthControl(engine)
                ends = gr.HTML(slider_ends(first), elem_id="ends")
            with gr.Column(scale=1, min_width=130, elem_classes="run-column"):
                self.run = gr.Button("Run", variant="primary", size="md", elem_id="run")
                self.stop = gr.Button("Stop", interactive=False, size="sm", elem_id="stop")
        self.trouble = gr.HTML(elem_id="steer-trouble")
        self.said = gr.HTML(elem_id="sentence")
        self.panes = gr.HTML(waiting_panes("Opening the models …"), elem_id="panes", js_on_load=None)
        self.added = gr.HTML(elem_id="added")
        self.reading_on = gr.HTML(elem_id="reading-on")
        with gr.Accordion("More settings", open=False, elem_id="more"):
            self.settings = SteerSettings()
            self.contrast = gr.UploadButton(
                "Own contrast set …", size="sm", scale=0, file_types=SET_FILES, elem_id="contrast"
            )
            self.contrast_status = gr.HTML(elem_id="contrast-status")
        self.steered = Steered(
            engine=engine,
            shelf=shelf,
            concept=concept,
            vectors=vectors,
            prompt=prompt,
            examples=examples,
            ends=ends,
            asked=asked,
            world=world,
            temperature=self.settings.temperature,
            tabs=tabs,
            tab=tab,
        )
        self._wire_concept()
        self._wire_comparison()

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

    def _wire_concept(self) -> None:
        session, steered = self.session, self.steered
        asking: list[Block] = [steered.prompt, steered.asked]
        steered.concept.input(
            self.on_concept_chosen, [session, steered.concept, *asking], [steered.concept, *steered.about], **QUICK
        )
        # What ships depends on the pair, so the concept follows it before anything is written.
        session.change(
            steered.on_pair_opened,
            [session, steered.shelf, steered.world, steered.concept, *asking],
            [steered.world, steered.temperature, steered.concept, *steered.about],
            **QUICK,
        )
        steered.examples.pick(self.on_example_picked, steered.asked, asking, **EVERY_TIME)
        self.contrast.upload(
            self.on_set_uploaded,
            [session, self.contrast, steered.shelf, *asking],
            [steered.shelf, steered.concept, *steered.about, self.contrast_status],
            **QUICK,
        )

    def _wire_comparison(self) -> None:
        session, steered, settings, slider = self.session, self.steered, self.settings, self.slider
        session.change(
            slider.on_session_changed,
            [session, slider.tuned],
            [slider.strength, slider.marks, slider.tuned],
            **QUICK,
        )
        # In a step of its own: what another tab sets here reaches the page only through a hidden field, so a comparison
        # in the same step would still read the old value.
        tuning = gr.on(
            [steered.asked.change, self.whole.change, settings.reading.input, steered.vectors.input],
            self.on_vector_changed,
            [session, slider.tuned, self.whole, steered.concept, settings.reading, steered.vectors, slider.strength],
            [slider.strength, slider.marks, self.added, slider.tuned, self.stop],
            **MODEL_WORK,
        )
        tuning.then(self.on_texts_wanted, [self.due, self.compared], [self.due, self.compared], **QUICK)
        # Run asks again for what is shown already.
        self.run.click(self.on_texts_wanted, [self.due, self.compared], [self.due, self.compared], **QUICK)
        # One listener for everything that asks for a comparison: two of them would write into the panes at once.
        asking = [
            self.due.change,
            slider.strength.input,
            *left(steered.prompt),
            settings.as_in_paper.input,
            settings.equal_cost.input,
            settings.temperature.input,
            settings.length.input,
            *left(settings.seed),
            settings.seed.input,
        ]
        for one in (slider.strength, settings.temperature, settings.length):
            wire_left(one, self.due)
        asked = list(self.controls.values())
        gr.on(
            asking,
            from_controls(self.on_texts_asked, SteerControls, 4),
            [session, self.settled, self.partly, self.compared, *asked],
            [
                *(self.panes, self.said, self.added, self.settled, self.compared, self.partly),
                *(self.stop, self.trouble),
            ],
            **MODEL_WORK,
        )
        # What runs for older values ends at once, and the event above follows with the newest.
        gr.on(
            [*asking, steered.concept.input, steered.vectors.input, settings.reading.input],
            at_once_from_controls(self.on_other_texts_asked, SteerControls),
            asked,
            None,
            **AT_ONCE,
        )
        # A first vector comes from a few pairs; the others are read in the background.
        completing = self.partly.change(
            self.on_part_read,
            [session, steered.concept, settings.reading, steered.vectors, self.whole],
            [self.reading_on, self.whole, self.stop],
            **MODEL_WORK,
        )
        gr.on(
            [session.change, steered.concept.change, settings.reading.input, steered.vectors.input],
            self.on_other_vector_chosen,
            None,
            self.reading_on,
            cancels=[completing],
            **AT_ONCE,
        )
        # Gradio would lose what is asked for while it cancels the texts, so these end as for a newer value.
        wire_stop(self.stop, [tuning, completing], self.added, stopped, self.newest, emptied=[self.reading_on])
        self.stop.click(partial(on_busy_changed, False), None, self.stop, **QUICK)

    @guarded_by(lambda _tab, _sentence: nothing())
    def on_vector_changed(
        self,
        session: Session | None,
        tuned: Tuned | None,
        whole: int,
        concept: str,
        reading: str,
        vectors: str,
        strength: float,
    ) -> Iterator[Outputs]:
        """Fit the slider to the vector; the comparison that follows reports what goes wrong."""
        if session is None or not session.map_folder or not belongs(self.engine, session, concept):
            yield nothing()
            return
        for step in self.slider.tune(session, tuned, (concept, reading, vectors, whole), strength, self.added):
            yield {**step, self.stop: on_busy_changed(True)} if self.added in step else step

    def on_other_texts_asked(self, asked: SteerControls) -> None:
        """End what is written for other values at its next token, unless these cannot be written for."""
        with suppress(SettingsError):
            asked.spec()
            self.newest.move(asked)

    def on_texts_wanted(self, due: int, compared: Compared | None) -> Outputs:
        """Ask for a comparison with the controls as they stand now, even if it is shown already."""
        return {self.due: due + 1, self.compared: compared and replace(compared, again=True)}

    @guarded_by(lambda tab, sentence: tab.failed(sentence))
    def on_texts_asked(
        self,
        session: Session | None,
        settled: Settled | None,
        partly: int,
        compared: Compared | None,
        asked: SteerControls,
    ) -> Iterator[Outputs]:
        """Write all arms side by side, token by token.

        Args:
            session: the visitor's.
            settled: the unsteered arm of the last comparison.
            partly: goes up if the vectors are from a few pairs only.
            compared: the comparison whose texts are shown, whole; it is not written twice unless it is to be again.
            asked: what the controls hold.
        """
        if session is None:
            raise SettingsError("the models are not open yet; choose a pair under Models")
        if not belongs(self.engine, session, asked.concept):
            # The old pair's; the list of concepts follows the pair, and asks again.
            yield nothing()
            return
        if not session.map_folder:
            yield {
                self.panes: waiting_panes(NO_MAP, idle=True),
                **dict.fromkeys((self.said, self.added, self.trouble), ""),
                self.stop: on_busy_changed(False),
            }
            return
        try:
            spec, prompt = asked.spec(), asked.prompt
        except SettingsError as error:
            # Texts that were broken off for this one are not left as if they went on.
            stays: Outputs = {self.trouble: notice(str(error)), self.stop: on_busy_changed(False)}
            yield self.failed(str(error)) if compared is None else stays
            return
        if compared == Compared(session, spec):
            yield {self.trouble: ""}
            return
        card = self.engine.concept(session, asked.concept)
        key = (session.large, card, prompt, spec.seed, spec.temperature, spec.max_new_tokens)
        still = settled.arm if settled is not None and settled.key == key else None
        made = asked.key(session, card)

        def show(step: Progress | ComparisonStep) -> Outputs:
            if isinstance(step, InLine):
                return {self.added: progress_bar(step)}
            if isinstance(step, Progress):
                return {self.panes: waiting_panes(READING), self.added: progress_bar(step)}
            written = panes(step.arms, prompt, card, busy=True, settled=still)
            return {self.panes: keyed(made, written), self.added: writing_line(step)}

        # Before Stop can be pressed, so that no stop comes too early to be noted.
        comparing = paced(self.newest.study(asked, self.engine.compare(session, spec)))
        yield {
            self.added: writing_line(None),
            self.compared: None,
            self.trouble: "",
            self.stop: on_busy_changed(True),
        }
        done = yield from run_study(comparing, show)
        unsteered = next(arm for arm in done.arms if arm.name == UNSTEERED)
        read = int(done.settings.get("pairs", card.pairs))
        more: Outputs = {} if read >= card.pairs else {self.partly: partly + 1}
        yield {
            self.panes: keyed(made, panes(done.arms, prompt, card)),
            self.compared: Compared(session, spec, made),
            self.stop: on_busy_changed(False),
            self.said: keyed(made, sentence_card(done, self.engine.shipped_evidence(session))),
            self.added: keyed(made, added_line(done, session, card)),
            self.settled: Settled(key, unsteered, (session, asked.reading, asked.vectors, read)),
            **more,
        }

    @guarded_by(lambda tab, sentence: {tab.reading_on: notice(sentence), tab.stop: on_busy_changed(False)})
    def on_part_read(
        self, session: Session | None, concept: str, reading: str, vectors: str, whole: int
    ) -> Iterator[Outputs]:
        """Read the other pairs of a concept, and ask for texts with the better vector."""
        if session is None or not belongs(self.engine, session, concept):
            yield {self.reading_on: ""}
            return
        rest = self.engine.read_all(session, concept, reading, vectors)
        some_left = yield from run_study(
            rest, lambda step: {self.reading_on: progress_bar(step), self.stop: on_busy_changed(True)}
        )
        more: Outputs = {self.whole: whole + 1} if some_left else {}
        yield {self.reading_on: "", self.stop: on_busy_changed(False), **more}

    def failed(self, sentence: str) -> Outputs:
        """Empty panes with what went wrong."""
        return {
            self.panes: waiting_panes(sentence, kind="bad"),
            **dict.fromkeys((self.said, self.added, self.trouble), ""),
            self.compared: None,
            self.stop: on_busy_changed(False),
        }

    def on_other_vector_chosen(self) -> Outputs:
        """Clear the progress of the reading that this cancels."""
        return {self.reading_on: ""}

    def on_concept_chosen(self, session: Session | None, name: str, prompt: str, asked: int) -> Outputs:
        """Show what a concept is about."""
        if not belongs(self.engine, session, name):
            return nothing()
        card = self.engine.concept(session, name)
        info = gr.Dropdown(info=card.description)
        return {self.steered.concept: info, **self.steered.about_concept(session, name, prompt, asked)}

    def on_example_picked(self, asked: int, event: gr.EventData) -> Outputs:
        """Take an example as the prompt."""
        return {self.steered.prompt: str(event.text), self.steered.asked: asked + 1}

    @guarded_by(lambda tab, sentence: {tab.contrast_status: notice(sentence)})
    def on_set_uploaded(
        self, session: Session | None, file: str | None, shelf: Shelf, prompt: str, asked: int
    ) -> Iterator[Outputs]:
        """Steer with a visitor's own contrast set, which is on the shelf from now on."""
        if file is None:
            yield {self.contrast_status: ""}
            return
        kept = self.engine.import_set(shelf, Path(file))
        yield {
            self.steered.shelf: kept,
            **self.steered.steer_with(session, kept, kept.sets[-1][1], prompt, asked),
            self.contrast_status: keyed(
                ResultKey({**model_values(session), "concept": kept.sets[-1][1]}, {"concept": Path(file).name}),
                notice(f"{Path(file).name} is in use.", "good"),
            ),
        }


def stopped() -> str:
    """What stands below the panes after Stop."""
    return added("Stopped. Press Run to write the texts again.")
