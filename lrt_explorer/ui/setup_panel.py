"""The left column: which pair, which layers, which map."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from lrt_explorer.errors import SettingsError
from lrt_explorer.study.progress import Progress
from lrt_explorer.ui.cards import notice, progress_bar, thousands
from lrt_explorer.ui.engine import Engine, PairCard
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.session import Session

OTHER = "Other models …"
OWN_TEXT = "Own text …"
MODEL_WORK = "model"
"""One queue for everything that runs a model, so that visitors wait in line instead of sharing a few cores."""
PARALLEL = 4
"""How many may run at once: more than one, so that a long fit leaves room for a comparison."""
TOKENS = (2_000, 20_000, 1_000_000)
"""Fewest, preset and most token pairs to fit a map on."""

AFTERWARDS = 0.5
"""Seconds after a cancel in which what was on its way to the page has arrived."""

Shown = tuple[Any, Any, Any, str]
"""Session, small layer, large layer, status line."""


@dataclass(frozen=True)
class SetupPanel:
    """The components of the left column that others write to.

    Attributes:
        badges: the figures of the map.
        opened: what opening a pair writes, in the order of `Shown`.
    """

    badges: gr.HTML
    opened: list[gr.components.Component]


def build_setup(engine: Engine, session: gr.State) -> SetupPanel:
    """Lay out the left column and wire what happens inside it."""
    cards = engine.pairs()
    choices = [(_title(card), card.name) for card in cards] + [(OTHER, OTHER)]
    gr.HTML('<h2 class="section">Models</h2>')
    pair = gr.Dropdown(
        choices, value=cards[0].name, label="Pair", info="the vector comes from the first, the second is steered"
    )
    with gr.Column(visible=False) as others:
        small = gr.Textbox(
            label="Small model",
            info="a preset, a folder or a hub id",
            placeholder="Qwen/Qwen2.5-0.5B",
            elem_id="other-small",
        )
        large = gr.Textbox(
            label="Large model",
            info="a preset, a folder or a hub id",
            placeholder="Qwen/Qwen2.5-1.5B",
            elem_id="other-large",
        )
        use = gr.Button("Open these models", size="sm")
    with gr.Row(elem_classes="pairwise"):
        small_layer = gr.Number(0, label="Small layer", info="counted from 0", precision=0, min_width=90)
        large_layer = gr.Number(
            0, label="Large layer", info="counted from 0", precision=0, min_width=90, elem_id="large-layer"
        )
    with gr.Row(elem_classes="pairwise"):
        suggest = gr.Button("Suggest layers", size="sm", min_width=90)
        stop_models = gr.Button("Stop", size="sm", min_width=60, elem_classes="stop")
    reason = gr.HTML(elem_id="suggestion")
    status = gr.HTML(elem_id="setup-status")

    gr.HTML('<h2 class="section">Map</h2>')
    badges = gr.HTML(elem_id="badges")
    with gr.Accordion("Fit, load or save", open=False, elem_id="map-accordion"):
        tokens = gr.Number(
            TOKENS[1],
            label="Tokens",
            info=f"how many to fit on, {thousands(TOKENS[0])} to {thousands(TOKENS[2])}",
            precision=0,
            step=1000,
            elem_id="tokens",
        )
        corpus = gr.State(None)
        with gr.Row(elem_classes="pairwise"):
            own_text = gr.UploadButton(
                OWN_TEXT, size="sm", file_types=[".txt", ".jsonl"], min_width=90, elem_id="own-text"
            )
            no_text = gr.Button("Shipped text", size="sm", min_width=60, visible=False)
        with gr.Row(elem_classes="pairwise"):
            fit = gr.Button("Fit a map", variant="primary", size="sm", min_width=90)
            cancel = gr.Button("Cancel", size="sm", min_width=60, elem_classes="stop")
        with gr.Row(elem_classes="pairwise"):
            load = gr.UploadButton(
                "Load a map",
                size="sm",
                file_count="multiple",
                file_types=[".zip", ".json", ".safetensors"],
                min_width=90,
                elem_id="map-load",
            )
            save = gr.Button("Save the map", size="sm", min_width=90)
        download = gr.DownloadButton(visible="hidden", elem_id="map-download")
    map_status = gr.HTML(elem_id="map-status")

    shown: list[gr.components.Component] = [session, small_layer, large_layer, status]
    model_work: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_id": MODEL_WORK,
        "concurrency_limit": PARALLEL,
        "show_progress": "hidden",
    }
    at_once: dict[str, Any] = {"api_visibility": "private", "queue": False}
    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    pair.input(lambda name: gr.Column(visible=name == OTHER), pair, others, **at_once)
    opening: list[Any] = [
        pair.input(partial(open_preset, engine), pair, shown, **model_work),
        use.click(partial(open_models, engine), [small, large], shown, **model_work),
        suggest.click(partial(suggest_layers, engine), session, [*shown[:3], reason], **model_work),
    ]
    stop_models.click(lambda: notice("Stopped.", "hint"), None, status, cancels=opening, **at_once)
    gr.on(
        [small_layer.change, large_layer.change],
        partial(change_layers, engine),
        [session, small_layer, large_layer],
        [session, status, reason],
        trigger_mode="always_last",
        **quick,
    )
    own_text.upload(take_text, own_text, [corpus, own_text, no_text], **quick)
    no_text.click(drop_text, None, [corpus, own_text, no_text], **quick)
    fitted = fit.click(partial(fit_map, engine), [session, tokens, corpus], [session, map_status], **model_work)
    stopped = cancel.click(cancelled, None, map_status, cancels=[fitted], **at_once)
    # A last word of progress may have been on its way already, and would stand there for ever.
    stopped.then(lambda: time.sleep(AFTERWARDS), None, None, **at_once).then(cancelled, None, map_status, **at_once)
    load.upload(partial(load_map, engine), [session, load], [session, map_status], **model_work)
    saved = save.click(partial(save_map, engine), session, [download, map_status], **model_work)
    saved.success(None, js="() => document.querySelector('#map-download').click()", api_visibility="private")
    return SetupPanel(badges, shown)


def cancelled() -> str:
    """What a cancelled fit leaves."""
    return notice("Cancelled; the map in use is unchanged.", "hint")


def open_first(engine: Engine) -> Iterator[Shown]:
    """Open the pair that stands at the head of the list: what a visitor sees before any click."""
    card = engine.pairs()[0]
    yield from open_models(engine, card.small, card.large)


def open_preset(engine: Engine, name: str) -> Iterator[Shown]:
    """Open a pair of the list; the entry for other models waits for their names."""
    if name == OTHER:
        # A handler that yields nothing would empty what it writes to.
        yield gr.skip(), gr.skip(), gr.skip(), ""
        return
    card = next(card for card in engine.pairs() if card.name == name)
    yield from open_models(engine, card.small, card.large)


def _unopened(sentence: str) -> Shown:
    return gr.skip(), gr.skip(), gr.skip(), notice(sentence)


@guarded(_unopened)
def open_models(engine: Engine, small: str, large: str) -> Iterator[Shown]:
    """Load two models and show their layers."""
    if not small.strip() or not large.strip():
        raise SettingsError("name both models; a preset, a folder or a hub id each")
    opening = engine.open(small.strip(), large.strip())
    session = yield from _reporting(opening)
    yield (*_layers(session), "")


@guarded(_unopened)
def suggest_layers(engine: Engine, session: Session | None) -> Iterator[Shown]:
    """Pick layers by held-out evidence and say why, where otherwise its progress stands."""
    session = _opened(session)
    suggestion = yield from _reporting(engine.suggest(session))
    chosen = engine.at_layers(session, suggestion.small_layer, suggestion.large_layer)
    yield (*_layers(chosen), notice(suggestion.reason, "good"))


@guarded(lambda sentence: (gr.skip(), notice(sentence), ""))
def change_layers(
    engine: Engine, session: Session | None, small_layer: float | None, large_layer: float | None
) -> Iterator[tuple[Any, str, Any]]:
    """Move to other layers, with the map that is at hand for them; what was said of others goes."""
    if small_layer is None or large_layer is None:
        raise SettingsError("give both layers as whole numbers, counted from 0")
    if session is None or (small_layer, large_layer) == (session.small_layer, session.large_layer):
        yield gr.skip(), "", gr.skip()
    else:
        yield engine.at_layers(session, int(small_layer), int(large_layer)), "", ""


def take_text(file: str) -> tuple[str, gr.UploadButton, gr.Button]:
    """Fit on a visitor's own text from now on."""
    return file, gr.UploadButton(Path(file).name), gr.Button(visible=True)


def drop_text() -> tuple[None, gr.UploadButton, gr.Button]:
    """Fit on the shipped text again."""
    return None, gr.UploadButton(OWN_TEXT), gr.Button(visible=False)


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def fit_map(
    engine: Engine, session: Session | None, tokens: float | None, corpus: str | None
) -> Iterator[tuple[Any, str]]:
    """Fit a map at the layers shown, with progress."""
    session = _opened(session)
    if tokens is None or not TOKENS[0] <= tokens <= TOKENS[2]:
        raise SettingsError(f"choose between {thousands(TOKENS[0])} and {thousands(TOKENS[2])} tokens to fit on")
    fitting = engine.fit(session, int(tokens), Path(corpus) if corpus else None)
    while True:
        try:
            step = next(fitting)
        except StopIteration as stop:
            yield stop.value, notice("Fitted and in use.", "good")
            return
        yield gr.skip(), progress_bar(step)


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def load_map(engine: Engine, session: Session | None, files: Sequence[str] | None) -> Iterator[tuple[Any, str]]:
    """Take a map from files."""
    session = engine.import_map(_opened(session), [Path(name) for name in files or ()])
    yield session, notice("Loaded and in use.", "good")


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def save_map(engine: Engine, session: Session | None) -> Iterator[tuple[Any, str]]:
    """Hand the map to the browser as one zip file."""
    archive = engine.export_map(_opened(session))
    yield gr.DownloadButton(value=str(archive)), notice(f"Saved as {archive.name}.", "good")


def _reporting(study: Any) -> Any:
    """Run a study, showing its progress in the status line; returns its result."""
    while True:
        try:
            step: Progress = next(study)
        except StopIteration as stop:
            return stop.value
        yield gr.skip(), gr.skip(), gr.skip(), progress_bar(step)


def _layers(session: Session) -> tuple[Session, gr.Number, gr.Number]:
    return (
        session,
        gr.Number(session.small_layer, info=f"0 to {session.small_layers - 1}"),
        gr.Number(session.large_layer, info=f"0 to {session.large_layers - 1}"),
    )


def _opened(session: Session | None) -> Session:
    if session is None:
        raise SettingsError("the models are not open yet; choose a pair and wait until its layers are shown")
    return session


def _title(card: PairCard) -> str:
    return f"{card.name} ({card.needs})" if card.needs else card.name
