"""The Vectors part of the Concepts tab: make vectors from one or two sets, load one, save them, steer with them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.concepts.directions import Method
from lrt_explorer.errors import SettingsError
from lrt_explorer.study.steering.recipe import Recipe, Together
from lrt_explorer.study.steering.sides import Side
from lrt_explorer.ui.cards import notice
from lrt_explorer.ui.check_panel import stopped
from lrt_explorer.ui.choices import GONE, NONE, ConceptList, ShelfList, all_sets, belongs, steered_vectors
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.findings import vector_table
from lrt_explorer.ui.result_key import ResultKey, keyed, session_values
from lrt_explorer.ui.setup_panel import opened
from lrt_explorer.ui.steered import Steered
from lrt_explorer.ui.vector_question import VectorQuestion, WaitingVector
from lrt_explorer.ui.wiring import (
    MODEL_WORK,
    QUICK,
    Outputs,
    from_controls,
    guarded_by,
    nothing,
    progress_in,
    run_study,
    to_status,
    wire_run,
    wire_save,
)
from lrt_explorer.workbench.session import Session, Shelf

TOGETHER = [("remove its part", "remove"), ("add it", "add")]
WHOSE = [("small model’s", "small"), ("large model’s", "large"), ("transferred", "transferred")]
ENDINGS = [("safetensors", "safetensors"), ("GGUF", "gguf")]


@dataclass(frozen=True)
class RecipeControls:
    """What the controls of a recipe hold, in the order in which they are handed over; see `Recipe`."""

    method: Method
    reading: str
    whiten: bool
    together: Together
    factor: float | None
    times: float | None

    def recipe(self) -> Recipe:
        """The recipe that is asked for.

        Raises:
            SettingsError: if a number is missing.
        """
        if self.factor is None or self.times is None:
            raise SettingsError("give the factor and the scale as numbers, such as 1 or −0.5")
        return Recipe(self.method, self.reading, self.whiten, self.together, float(self.factor), float(self.times))


class VectorsPanel:
    """The part of the tab.

    Attributes:
        other: a second set, whose vector is removed from or added to the chosen one's.
        chosen: the vectors of the shelf.
        question: whose vector an upload is, where its file does not say.
        status: progress and errors.
    """

    def __init__(
        self, engine: Engine, session: gr.State, steered: Steered, contrast: gr.Dropdown, recipe: list[Block]
    ) -> None:
        """Lay out the part and wire it.

        Args:
            engine: the studies.
            session: the visitor's pair.
            steered: the parts of the Steer tab, which steers with the vectors, and the shelf that they are put on.
            contrast: the set that is chosen above.
            recipe: method, reading and whitening, as they are chosen above.
        """
        self.engine, self.session, self.shelf, self.steered, self.contrast = (
            engine, session, steered.shelf, steered, contrast,
        )  # fmt: skip
        gr.HTML('<h2 class="section">Vectors</h2>')
        with gr.Row(elem_classes="view"):
            self.other = ConceptList(
                [NONE, *all_sets(engine, None, Shelf())],
                value=NONE[1],
                label="Another set",
                info="to combine with this one",
                min_width=200,
            )
            together = gr.Radio(
                TOGETHER,
                value="remove",
                label="Its vector",
                info="done separately in each model",
                min_width=280,
                elem_classes="choices",
            )
            factor = gr.Number(1, label="Factor", info="how much is added; −1 subtracts", min_width=150)
            times = gr.Number(1, label="Scale", info="multiplies the saved vector", min_width=150)
        with gr.Row(elem_classes="pairwise"):
            self.make = gr.Button(
                "Make vectors",
                variant="primary",
                interactive=False,
                size="sm",
                min_width=130,
                scale=0,
                elem_id="vectors-make",
            )
            self.bring = gr.UploadButton(
                "Load a vector …",
                size="sm",
                file_types=[".safetensors", ".gguf"],
                interactive=False,
                min_width=130,
                scale=0,
                elem_id="vector-load",
            )
            self.stop = gr.Button("Stop", interactive=False, size="sm", min_width=60, scale=0, elem_id="vectors-stop")
        self.status = gr.HTML(elem_id="vectors-status")
        self.question = VectorQuestion(session)
        with gr.Column(visible=False) as self.there:
            self.chosen = ShelfList(
                [], label="Your vectors", info="made or loaded here; kept until you leave the page", elem_id="vectors"
            )
            self.table = gr.HTML(apply_default_css=False, elem_id="vectors-table")
            with gr.Row(elem_classes="view"):
                whose = gr.Radio(
                    WHOSE,
                    value="small",
                    label="Vector to save",
                    info="of either model, or transferred",
                    min_width=300,
                    scale=2,
                    elem_classes="choices",
                )
                ending = gr.Radio(
                    ENDINGS,
                    value=ENDINGS[0][1],
                    label="Format",
                    info="GGUF for llama.cpp",
                    min_width=170,
                    elem_classes="choices",
                )
            with gr.Row(elem_classes="pairwise"):
                self.steer = gr.Button("Steer with these", size="sm", min_width=130, scale=0, elem_id="vectors-steer")
                self.save = gr.Button("Save the vector", size="sm", min_width=130, scale=0, elem_id="vector-save")
        self._wire([*recipe, together, factor, times], [whose, ending])

    def _wire(self, recipe: list[Block], file: list[Block]) -> None:
        session, shelf, steered = self.session, self.shelf, self.steered
        kept: list[Block] = [shelf, self.there, self.chosen, self.table, self.status]
        make = from_controls(self.on_make_clicked, RecipeControls, 4)
        sets = [self.contrast, self.other]
        wire_run(self.make, self.stop, make, [session, shelf, *sets, *recipe], kept, self.status, stopped)
        question = self.question
        brought = [*kept, *question.outputs]
        self.bring.upload(self.on_vector_uploaded, [session, shelf, self.bring], brought, **MODEL_WORK)
        answer = [session, shelf, question.waiting, question.whose]
        question.take.click(self.on_answer_clicked, answer, brought, **MODEL_WORK)
        gr.on(
            [self.chosen.input, session.change],
            self.on_vectors_chosen,
            [session, self.chosen],
            [self.table, self.status],
            **MODEL_WORK,
        )
        self.steer.click(
            self.on_steer_clicked,
            [session, shelf, self.chosen, self.contrast, steered.prompt, steered.asked],
            [*steered.outputs, self.status],
            **QUICK,
        )
        wire_save(self.save, self.vector_file, [session, self.chosen, *file], self.status, wired=MODEL_WORK)

    @guarded_by(to_status)
    def on_make_clicked(
        self, session: Session | None, shelf: Shelf, name: str, other: str, asked: RecipeControls
    ) -> Iterator[Outputs]:
        """Find the vectors with progress and put them on the shelf."""
        session = opened(session)
        if not all(belongs(self.engine, session, chosen) for chosen in (name, other) if chosen):
            raise SettingsError(GONE)
        making = self.engine.make(session, shelf, name, other, asked.recipe())
        kept = yield from run_study(making, progress_in(self.status))
        yield self._kept(session, kept, "Made. Steer with them or save them.")

    @guarded_by(to_status)
    def on_vector_uploaded(self, session: Session | None, shelf: Shelf, file: str | None) -> Iterator[Outputs]:
        """Put a vector from a file on the shelf, or ask whose it is where the file does not say."""
        if file is None:
            yield {self.status: ""}
            return
        session = opened(session)
        sides = self.engine.vector_sides(session, Path(file))
        if len(sides) > 1:
            said = notice(f"{Path(file).name} does not say whose vector it is. Answer below to load it.", "hint")
            yield {**self.question.asked(session, file, sides), self.status: said}
            return
        kept = self.engine.import_vector(session, shelf, Path(file))
        shown = self._kept(session, kept, f"{Path(file).name} fits. Steer with it or save it.")
        yield {**self.question.closed(), **shown}

    @guarded_by(to_status)
    def on_answer_clicked(
        self, session: Session | None, shelf: Shelf, waiting: WaitingVector | None, whose: Side | None
    ) -> Iterator[Outputs]:
        """Put the file that waits on the shelf, as the vector that its visitor says it is."""
        if waiting is None:
            yield nothing()
            return
        if whose is None:
            raise SettingsError("nothing is chosen; say whose vector this is, then load it")
        session = opened(session)
        kept = self.engine.import_vector(session, shelf, Path(waiting.file), whose)
        shown = self._kept(session, kept, f"{waiting.name} fits. Steer with it or save it.")
        yield {**self.question.closed(), **shown}

    @guarded_by(to_status)
    def on_vectors_chosen(self, session: Session | None, folder: str | None) -> Iterator[Outputs]:
        """Show the chosen vectors, and the small model's as the map in use transfers it."""
        if session is None or not folder:
            yield nothing()
            return
        yield {self.table: self._table(session, folder), self.status: ""}

    @guarded_by(to_status)
    def on_steer_clicked(
        self, session: Session | None, shelf: Shelf, folder: str | None, name: str, prompt: str, asked: int
    ) -> Iterator[Outputs]:
        """Steer with these vectors in place of those of the set that is chosen above, which is what is read out."""
        folder = _needed(folder)
        if not belongs(self.engine, session, name):
            raise SettingsError(GONE)
        steered = self.steered.steer_with_set(session, shelf, name, prompt, asked)
        vectors = gr.Dropdown(steered_vectors(steered[self.shelf]), value=folder, visible=True)
        title = self.engine.concept(session, name).name
        said = notice(f"In use in the Steer tab, with the readout of {title}.", "good")
        key = ResultKey({"concept": name, "vectors": folder}, {"concept": title, "vectors": "these vectors"})
        yield {**steered, self.steered.vectors: vectors, self.status: keyed(key, said)}

    def vector_file(self, session: Session | None, folder: str | None, whose: Side, ending: str) -> Path:
        """One of the vectors that are chosen, as a file.

        Raises:
            LRTError: if there is no such vector.
        """
        return self.engine.vector_file(opened(session), _needed(folder), whose, ending)

    def _table(self, session: Session, folder: str) -> str:
        key = ResultKey({**session_values(session), "shelf_vectors": folder})
        return keyed(key, vector_table(self.engine.vectors(session, folder)))

    def _kept(self, session: Session, shelf: Shelf, said: str) -> Outputs:
        """Show the last vectors of the shelf."""
        folder = shelf.vectors[-1][1]
        return {
            self.shelf: shelf,
            self.there: gr.Column(visible=True),
            self.chosen: gr.Dropdown(list(shelf.vectors), value=folder),
            self.table: self._table(session, folder),
            self.status: notice(said, "good"),
        }


def _needed(folder: str | None) -> str:
    if not folder:
        raise SettingsError("there are no vectors yet; make or load some")
    return folder
