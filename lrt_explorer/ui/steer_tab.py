"""The Steer tab: one concept, one prompt, one slider, and four arms side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from lrt_explorer.concepts.sets.readings import READINGS
from lrt_explorer.defaults import MAX_NEW_TOKENS, SEED
from lrt_explorer.errors import SettingsError
from lrt_explorer.study.compare import Arm, Comparison
from lrt_explorer.study.ground.progress import Progress, timed
from lrt_explorer.study.steering.arms import UNSTEERED
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.cards import chips, notice, progress_bar, slider_ends
from lrt_explorer.ui.choices import OWN_VECTORS, ConceptList, belongs
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.panes import added_line, panes, waiting_panes, writing_line
from lrt_explorer.ui.setup_panel import MODEL_WORK, PARALLEL
from lrt_explorer.ui.stage import READING
from lrt_explorer.ui.steered import about_concept, follow_pair, steer_with
from lrt_explorer.ui.strength import Tuned, strength_slider, tune_slider
from lrt_explorer.ui.wiring import from_controls, wire_stop
from lrt_explorer.workbench.session import Session, Shelf

LENGTHS = (8, MAX_NEW_TOKENS, 96)
"""Fewest, preset and most new tokens."""
AS_THE_CONCEPT = ("what the concept prefers", "")
SET_FILES = [".jsonl", ".json", ".csv", ".tsv", ".txt"]
"""What contrast sets come in; what a file holds decides how it is read."""
NO_MAP = "There is no map between these layers yet. All four texts are written once one is fitted, under Map."
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


@dataclass(frozen=True)
class SteerTab:
    """What other parts of the screen need of this one.

    Attributes:
        concept: the concept, which they follow.
        panes: where the arms are written.
        prompt: where the arms start.
        vectors: the visitor's own vectors in the place of the concept's.
        about: what follows the concept, in the order in which `about_concept` gives it.
        added: the line below the panes.
        settled: the last finished comparison, after which the vectors of the concept are known.
    """

    concept: gr.Dropdown
    panes: gr.HTML
    prompt: gr.Textbox
    vectors: gr.Dropdown
    about: list[gr.components.Component]
    added: gr.HTML
    settled: gr.State

    @property
    def asked(self) -> gr.components.Component:
        """A count that goes up to ask for a comparison; the last of `about`."""
        return self.about[-1]


def build_steer(engine: Engine, session: gr.State, shelf: gr.State) -> SteerTab:
    """Lay out the tab and wire what happens inside it."""
    cards = list(engine.concepts(None))
    first = cards[0]
    settled, tuned, world = gr.State(None), gr.State(None), gr.State("")
    asked, due, partly, whole = gr.State(0), gr.State(0), gr.State(0), gr.State(0)
    with gr.Row(elem_classes="ask"):
        with gr.Column(scale=2, min_width=210):
            concept = ConceptList(
                [card.name for card in cards], value=first.name, label="Concept", info=first.description
            )
            vectors = gr.Dropdown(
                [OWN_VECTORS],
                value=OWN_VECTORS[1],
                label="Vectors",
                info="the concept’s, or yours from the Concepts tab in their place",
                visible=False,
            )
        with gr.Column(scale=5, min_width=280):
            prompt = gr.Textbox(
                first.examples[0], label="Prompt", info="where all four arms start", max_lines=6, elem_id="prompt"
            )
            examples = gr.HTML(chips(first.examples), js_on_load=PICK_EXAMPLE, elem_id="examples")
    with gr.Row(elem_classes="dose"):
        with gr.Column(scale=7, min_width=260):
            strength = strength_slider()
            marks = gr.HTML(elem_id="marks")
            ends = gr.HTML(slider_ends(first), elem_id="ends")
        with gr.Column(scale=1, min_width=130, elem_classes="run-column"):
            run = gr.Button("Run", variant="primary", size="md", elem_id="run")
            stop = gr.Button("Stop", size="sm", elem_id="stop")
    shown = gr.HTML(waiting_panes("Opening the models …"), elem_id="panes", js_on_load=None)
    added = gr.HTML(elem_id="added")
    reading_on = gr.HTML(elem_id="reading-on")
    with gr.Accordion("More settings", open=False, elem_id="more"):
        with gr.Row():
            seed = gr.Number(SEED, label="Seed", info="the same in every arm", precision=0, min_width=120)
            temperature = gr.Slider(0, 1.5, 0, step=0.05, label="Temperature", info="0 takes the likeliest token")
            length = gr.Slider(LENGTHS[0], LENGTHS[2], LENGTHS[1], step=1, label="Length", info="new tokens per arm")
        with gr.Row():
            reading = gr.Radio(
                [AS_THE_CONCEPT, *READINGS.choices()],
                value=AS_THE_CONCEPT[1],
                label="Vector reading",
                info="which tokens of the contrast texts",
            )
            as_in_paper = gr.Checkbox(
                False, label="Map as in the paper", info="adds the map's bias to the direction; a difference has none"
            )
            equal_cost = gr.Checkbox(
                False,
                label="Equal cost",
                info="each arm costs what the native one does",
                elem_id="equal-cost",
            )
        contrast = gr.UploadButton("Own contrast set …", size="sm", scale=0, file_types=SET_FILES, elem_id="contrast")
        contrast_status = gr.HTML(elem_id="contrast-status")

    # Through the queue: a State that changes outside it does not tell its listeners.
    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    about: list[gr.components.Component] = [prompt, examples, ends, asked]
    concept.input(partial(show_concept, engine), [session, concept, prompt, asked], [concept, *about], **quick)
    # What ships depends on the pair, so the concept follows it before anything is written.
    session.change(
        partial(follow_pair, engine),
        [session, shelf, world, concept, prompt, asked],
        [world, temperature, concept, *about],
        **quick,
    )
    examples.pick(pick_example, asked, [prompt, asked], **quick)
    contrast.upload(
        partial(use_contrast, engine),
        [session, contrast, shelf, prompt, asked],
        [shelf, concept, *about, contrast_status],
        **quick,
    )
    # In a step of its own: what another tab sets here is in the page only after a hidden field has taken it, and a
    # comparison in the same step would still read what was there before.
    tuning = gr.on(
        [asked.change, whole.change, reading.input, vectors.input],
        partial(tune, engine),
        [session, tuned, whole, concept, reading, vectors, strength],
        [strength, marks, added, tuned],
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
        concurrency_id=MODEL_WORK,
        concurrency_limit=PARALLEL,
    )
    tuning.then(lambda count: count + 1, due, due, **quick)
    # One listener for everything that asks for a comparison: two of them would write into the panes at once.
    comparing = gr.on(
        [
            due.change,
            strength.input,
            run.click,
            prompt.submit,
            as_in_paper.input,
            equal_cost.input,
            temperature.release,
            length.release,
            seed.submit,
        ],
        from_controls(partial(compare_arms, engine), SteerControls, 3),
        [
            session,
            settled,
            partly,
            concept,
            prompt,
            strength,
            seed,
            temperature,
            length,
            reading,
            as_in_paper,
            vectors,
            equal_cost,
        ],
        [shown, added, settled, partly],
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
        concurrency_id=MODEL_WORK,
        concurrency_limit=PARALLEL,
    )
    # A first vector comes from a few pairs; all are read beside whatever is steered meanwhile.
    completing = partly.change(
        partial(read_on, engine),
        [session, concept, reading, vectors, whole],
        [reading_on, whole],
        trigger_mode="always_last",
        concurrency_id=MODEL_WORK,
        concurrency_limit=PARALLEL,
        **quick,
    )
    gr.on(
        [session.change, concept.change, reading.input, vectors.input],
        lambda: "",
        None,
        reading_on,
        cancels=[completing],
        api_visibility="private",
        show_progress="hidden",
        queue=False,
    )
    wire_stop(stop, [tuning, comparing, completing], added, stopped, emptied=[reading_on])
    return SteerTab(concept, shown, prompt, vectors, about, added, settled)


def tune(
    engine: Engine, session: Session | None, tuned: Tuned | None, whole: int, concept: str, *rest: Any
) -> Iterator[tuple[Any, Any, Any, Any]]:
    """`tune_slider`, unless the concept is still that of the pair that was open before."""
    if belongs(engine, session, concept):
        yield from tune_slider(engine, session, tuned, whole, concept, *rest)
    else:
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()


def _failed(sentence: str) -> tuple[Any, ...]:
    return waiting_panes(sentence, kind="bad"), "", gr.skip(), gr.skip()


@dataclass(frozen=True)
class SteerControls:
    """What the controls of a comparison hold, in the order in which they are handed over.

    Attributes:
        concept: the concept, by name or by its file.
        prompt: start of all texts.
        strength: in typical deviations.
        seed: of the sampling; None where the field is empty.
        temperature: of the sampling.
        length: of the texts, in tokens.
        reading: where the vectors are read; "" for what the concept prefers.
        as_in_paper: whether the map's bias is added to the direction too.
        vectors: folder of vectors in place of the concept's own; "" for none.
        equal_cost: whether all arms cost what the native vector costs.
    """

    concept: str
    prompt: str
    strength: float
    seed: float | None
    temperature: float
    length: float
    reading: str
    as_in_paper: bool
    vectors: str = ""
    equal_cost: bool = False

    def spec(self) -> SteerSpec:
        """The comparison that is asked for.

        Raises:
            SettingsError: if there is no seed, or no such reading.
        """
        if self.seed is None:
            raise SettingsError("give the seed as a whole number")
        return SteerSpec(
            concept=self.concept,
            prompt=self.prompt,
            strength=float(self.strength),
            seed=int(self.seed),
            temperature=float(self.temperature),
            max_new_tokens=int(self.length),
            reading=self.reading,
            as_in_paper=self.as_in_paper,
            vectors=self.vectors,
            equal_cost=self.equal_cost,
        )


@guarded(_failed)
def compare_arms(
    engine: Engine,
    session: Session | None,
    settled: Settled | None,
    partly: int,
    asked: SteerControls,
) -> Iterator[tuple[Any, ...]]:
    """Write all arms side by side, token by token; `partly` goes up where the vectors are from a few pairs only."""
    if session is None:
        raise SettingsError("the models are not open yet; choose a pair under Models")
    if not belongs(engine, session, asked.concept):
        # The old pair's; the list of concepts follows the pair, and asks again.
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
        return
    if not session.map_folder:
        yield waiting_panes(NO_MAP), "", gr.skip(), gr.skip()
        return
    spec, prompt = asked.spec(), asked.prompt
    card = engine.concept(session, asked.concept)
    key = (session.large, card, prompt, spec.seed, spec.temperature, spec.max_new_tokens)
    still = settled.arm if settled is not None and settled.key == key else None
    yield gr.skip(), writing_line(None), gr.skip(), gr.skip()
    comparing = timed(engine.compare(session, spec))
    while True:
        try:
            step = next(comparing)
        except StopIteration as stop:
            done: Comparison = stop.value
            unsteered = next(arm for arm in done.arms if arm.name == UNSTEERED)
            read = int(done.settings.get("pairs", card.pairs))
            more = gr.skip() if read >= card.pairs else partly + 1
            now = Settled(key, unsteered, (session, asked.reading, asked.vectors, read))
            yield panes(done.arms, prompt, card), added_line(done, session, card), now, more
            return
        if isinstance(step, Progress):
            yield waiting_panes(READING), progress_bar(step), gr.skip(), gr.skip()
        else:
            yield panes(step.arms, prompt, card, busy=True, settled=still), writing_line(step), gr.skip(), gr.skip()


@guarded(lambda sentence: (notice(sentence), gr.skip()))
def read_on(
    engine: Engine, session: Session | None, concept: str, reading: str, vectors: str, whole: int
) -> Iterator[tuple[Any, Any]]:
    """Read all pairs of a concept of which a few were read, and ask for the texts of the better vector."""
    if session is None or not belongs(engine, session, concept):
        yield "", gr.skip()
        return
    rest = timed(engine.read_all(session, concept, reading, vectors))
    while True:
        try:
            step = next(rest)
        except StopIteration as stop:
            yield "", whole + 1 if stop.value else gr.skip()
            return
        yield progress_bar(step), gr.skip()


def stopped() -> str:
    """What stands below the panes after Stop."""
    return '<p class="added">Stopped; press Run to write the texts again.</p>'


def show_concept(engine: Engine, session: Session | None, name: str, prompt: str, asked: int) -> tuple[Any, ...]:
    """Show what a concept is about; a prompt that was only an example gives way to one of its own."""
    if not belongs(engine, session, name):
        return (gr.skip(),) * 5
    card = engine.concept(session, name)
    return gr.Dropdown(info=card.description), *about_concept(engine, card, prompt, asked)


def pick_example(asked: int, event: gr.EventData) -> tuple[str, int]:
    """Take an example as the prompt."""
    return str(event.text), asked + 1


def use_contrast(
    engine: Engine, session: Session | None, file: str | None, shelf: Shelf, prompt: str, asked: int
) -> tuple[Any, ...]:
    """Steer with a visitor's own contrast set, which is on the shelf from now on."""
    nothing = [gr.skip()] * 6
    if file is None:
        return *nothing, ""
    for shown in _use_contrast(engine, session, file, shelf, prompt, asked):
        return shown
    return *nothing, ""


@guarded(lambda sentence: (*[gr.skip()] * 6, notice(sentence)))
def _use_contrast(
    engine: Engine, session: Session | None, file: str, shelf: Shelf, prompt: str, asked: int
) -> Iterator[tuple[Any, ...]]:
    kept = engine.import_set(shelf, Path(file))
    steered = steer_with(engine, session, kept, kept.sets[-1][1], prompt, asked)
    yield kept, *steered, notice(f"{Path(file).name} is in use.", "good")
