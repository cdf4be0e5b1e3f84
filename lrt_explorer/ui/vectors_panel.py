"""The Vectors part of the Concepts tab: make vectors of one or two sets, bring one as a file, take them, steer."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from lrt_explorer.concepts.directions import Method
from lrt_explorer.errors import SettingsError
from lrt_explorer.study.ground.progress import timed
from lrt_explorer.study.steering.recipe import Recipe, Together
from lrt_explorer.ui.cards import notice, progress_bar
from lrt_explorer.ui.check_panel import cancelled
from lrt_explorer.ui.choices import NONE, all_sets, steered_vectors
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.findings import vector_table
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.setup_panel import MODEL_WORK, PARALLEL, opened
from lrt_explorer.ui.steer_tab import SteerTab
from lrt_explorer.ui.steered import steer_with_set
from lrt_explorer.ui.wiring import from_controls, wire_stop
from lrt_explorer.workbench.cards import Whose
from lrt_explorer.workbench.session import Session, Shelf

TOGETHER = [("remove its part", "remove"), ("add it", "add")]
WHOSE = [("small model’s", "small"), ("large model’s", "large"), ("transferred", "transferred")]
ENDINGS = [("safetensors", "safetensors"), ("GGUF", "gguf")]


@dataclass(frozen=True)
class VectorsPanel:
    """What follows the shelf: the other concept, and the vectors there are."""

    other: gr.Dropdown
    chosen: gr.Dropdown


def build_vectors(
    engine: Engine,
    session: gr.State,
    shelf: gr.State,
    steering: SteerTab,
    contrast: gr.Dropdown,
    recipe: list[gr.components.Component],
) -> VectorsPanel:
    """Lay out the part and wire it.

    Args:
        engine: the studies.
        session: the visitor's pair.
        shelf: where vectors are put.
        steering: the Steer tab, which steers with them.
        contrast: the set that is chosen above.
        recipe: method, reading and whitening, as they are chosen above.
    """
    gr.HTML('<h2 class="section">Vectors</h2>')
    with gr.Row(elem_classes="view"):
        other = gr.Dropdown(
            [NONE, *all_sets(engine, None, Shelf())],
            value=NONE[1],
            label="Another set",
            info="whose vector goes into this one",
            min_width=200,
        )
        together = gr.Radio(
            TOGETHER,
            value="remove",
            label="What to do with it",
            info="in each model with its own vectors",
            min_width=280,
            elem_classes="choices",
        )
        factor = gr.Number(1, label="Factor", info="by which it is added; −1 subtracts", min_width=150)
        times = gr.Number(1, label="Length", info="times that of the result, in files", min_width=150)
    with gr.Row(elem_classes="pairwise"):
        make = gr.Button("Make vectors", variant="primary", size="sm", min_width=130, scale=0, elem_id="vectors-make")
        bring = gr.UploadButton(
            "Load a vector …",
            size="sm",
            file_types=[".safetensors", ".gguf"],
            min_width=130,
            scale=0,
            elem_id="vector-load",
        )
        stop = gr.Button("Stop", size="sm", min_width=60, scale=0, elem_id="vectors-stop")
    status = gr.HTML(elem_id="vectors-status")
    with gr.Column(visible=False) as there:
        chosen = gr.Dropdown(
            [], label="Your vectors", info="made or loaded here, yours until you leave the page", elem_id="vectors"
        )
        table = gr.HTML(apply_default_css=False, elem_id="vectors-table")
        with gr.Row(elem_classes="view"):
            whose = gr.Radio(
                WHOSE, value="small", label="Save", info="which one", min_width=300, scale=2, elem_classes="choices"
            )
            ending = gr.Radio(
                ENDINGS,
                value=ENDINGS[0][1],
                label="As",
                info="GGUF for llama.cpp",
                min_width=170,
                elem_classes="choices",
            )
        with gr.Row(elem_classes="pairwise"):
            steer = gr.Button("Steer with these", size="sm", min_width=130, scale=0, elem_id="vectors-steer")
            save = gr.Button("Save the vector", size="sm", min_width=130, scale=0, elem_id="vector-save")
    download = gr.DownloadButton(visible="hidden", elem_id="vector-download")

    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    model_work: dict[str, Any] = {**quick, "concurrency_id": MODEL_WORK, "concurrency_limit": PARALLEL}
    shown: list[Any] = [shelf, there, chosen, table, status]
    making = make.click(
        from_controls(partial(make_vectors, engine), RecipeControls, 4),
        [session, shelf, contrast, other, *recipe, together, factor, times],
        shown,
        **model_work,
    )
    wire_stop(stop, [making], status, cancelled)
    bring.upload(partial(load_vector, engine), [session, shelf, bring], shown, **model_work)
    gr.on(
        [chosen.input, session.change],
        partial(show_vectors, engine),
        [session, chosen],
        [table, status],
        trigger_mode="always_last",
        **model_work,
    )
    steer.click(
        partial(steer_with_vectors, engine),
        [session, shelf, chosen, contrast, steering.prompt, steering.asked],
        [shelf, steering.concept, *steering.about, steering.vectors, status],
        **quick,
    )
    saved = save.click(partial(save_vector, engine), [session, chosen, whose, ending], [download, status], **model_work)
    saved.success(None, js="() => document.querySelector('#vector-download').click()", api_visibility="private")
    return VectorsPanel(other, chosen)


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
            raise SettingsError("give the factor and the length as numbers, such as 1 or −0.5")
        return Recipe(self.method, self.reading, self.whiten, self.together, float(self.factor), float(self.times))


@guarded(lambda sentence: (*[gr.skip()] * 4, notice(sentence)))
def make_vectors(
    engine: Engine,
    session: Session | None,
    shelf: Shelf,
    name: str,
    other: str,
    asked: RecipeControls,
) -> Iterator[tuple[Any, ...]]:
    """Find the vectors with progress and put them on the shelf."""
    session = opened(session)
    making = timed(engine.make(session, shelf, name, other, asked.recipe()))
    while True:
        try:
            step = next(making)
        except StopIteration as stop:
            yield _put(engine, session, stop.value, "Made; steer with them or save them.")
            return
        yield *[gr.skip()] * 4, progress_bar(step)


@guarded(lambda sentence: (*[gr.skip()] * 4, notice(sentence)))
def load_vector(engine: Engine, session: Session | None, shelf: Shelf, file: str | None) -> Iterator[tuple[Any, ...]]:
    """Put a vector from a file on the shelf."""
    if file is None:
        yield *[gr.skip()] * 4, ""
        return
    session = opened(session)
    kept = engine.import_vector(session, shelf, Path(file))
    yield _put(engine, session, kept, f"{Path(file).name} fits; steer with it or save it.")


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def show_vectors(engine: Engine, session: Session | None, folder: str | None) -> Iterator[tuple[Any, Any]]:
    """Show the vectors that are chosen, with what the map in use makes of them."""
    if session is None or not folder:
        yield gr.skip(), gr.skip()
        return
    yield vector_table(engine.vectors(session, folder)), ""


@guarded(lambda sentence: (*[gr.skip()] * 7, notice(sentence)))
def steer_with_vectors(
    engine: Engine, session: Session | None, shelf: Shelf, folder: str | None, name: str, prompt: str, asked: int
) -> Iterator[tuple[Any, ...]]:
    """Steer with these vectors in the place of those of the set that is chosen above, which is what is read out."""
    folder = _needed(folder)
    kept, *steered = steer_with_set(engine, session, shelf, name, prompt, asked)
    dropdown = gr.Dropdown(steered_vectors(kept), value=folder, visible=True)
    said = f"In use in the Steer tab, read out by {engine.concept(session, name).name}."
    yield kept, *steered, dropdown, notice(said, "good")


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def save_vector(
    engine: Engine, session: Session | None, folder: str | None, whose: Whose, ending: str
) -> Iterator[tuple[Any, str]]:
    """Hand a vector to the browser as a file."""
    file = engine.vector_file(opened(session), _needed(folder), whose, ending)
    yield gr.DownloadButton(value=str(file)), notice(f"Saved as {file.name}.", "good")


def _needed(folder: str | None) -> str:
    if not folder:
        raise SettingsError("there are no vectors yet; make or load some")
    return folder


def _put(engine: Engine, session: Session, shelf: Shelf, said: str) -> tuple[Any, ...]:
    folder = shelf.vectors[-1][1]
    dropdown = gr.Dropdown(list(shelf.vectors), value=folder)
    table = vector_table(engine.vectors(session, folder))
    return shelf, gr.Column(visible=True), dropdown, table, notice(said, "good")
