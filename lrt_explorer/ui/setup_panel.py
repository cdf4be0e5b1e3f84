"""The Models panel: which pair, which layers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from lrt_explorer.errors import SettingsError
from lrt_explorer.study.progress import Progress
from lrt_explorer.ui.cards import notice, progress_bar
from lrt_explorer.ui.engine import Engine, PairCard
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.session import Session

OTHER = "Other models …"
MODEL_WORK = "model"
"""One queue for everything that runs a model, so that visitors wait in line instead of sharing a few cores."""
PARALLEL = 4
"""How many may run at once: more than one, so that a long fit leaves room for a comparison."""

Shown = tuple[Any, Any, Any, str]
"""Session, small layer, large layer, status line."""


@dataclass(frozen=True)
class SetupPanel:
    """The components that others write to.

    Attributes:
        opened: what opening a pair writes, in the order of `Shown`.
    """

    opened: list[gr.components.Component]


def build_setup(engine: Engine, session: gr.State) -> SetupPanel:
    """Lay out the panel and wire what happens inside it."""
    cards = engine.pairs()
    choices = [(_title(card), card.name) for card in cards] + [(OTHER, OTHER)]
    gr.HTML('<h2 class="section">Models</h2>')
    pair = gr.Dropdown(
        choices, value=cards[0].name, label="Pair", info="the vector comes from the first, the second is steered"
    )
    with gr.Column(visible=False) as others:
        small = gr.Textbox(
            label="Small model",
            info="a preset, a folder, a GGUF file or a hub id",
            placeholder="Qwen/Qwen2.5-0.5B",
            elem_id="other-small",
        )
        large = gr.Textbox(
            label="Large model",
            info="a preset, a folder, a GGUF file or a hub id",
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
    return SetupPanel(shown)


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
        raise SettingsError("name both models; a preset, a folder, a GGUF file or a hub id each")
    opening = engine.open(small.strip(), large.strip())
    session = yield from _reporting(opening)
    yield (*shown_layers(session), "")


@guarded(_unopened)
def suggest_layers(engine: Engine, session: Session | None) -> Iterator[Shown]:
    """Pick layers by held-out evidence and say why, where otherwise its progress stands."""
    session = opened(session)
    suggestion = yield from _reporting(engine.suggest(session))
    chosen = engine.at_layers(session, suggestion.small_layer, suggestion.large_layer)
    yield (*shown_layers(chosen), notice(suggestion.reason, "good"))


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


def _reporting(study: Any) -> Any:
    """Run a study, showing its progress in the status line; returns its result."""
    while True:
        try:
            step: Progress = next(study)
        except StopIteration as stop:
            return stop.value
        yield gr.skip(), gr.skip(), gr.skip(), progress_bar(step)


def shown_layers(session: Session) -> tuple[Session, gr.Number, gr.Number]:
    """The session and its layers as the panel shows them, in the order of `Shown`."""
    return (
        session,
        gr.Number(session.small_layer, info=f"0 to {session.small_layers - 1}"),
        gr.Number(session.large_layer, info=f"0 to {session.large_layers - 1}"),
    )


def opened(session: Session | None) -> Session:
    """The session, where a study needs one.

    Raises:
        SettingsError: while no models are open.
    """
    if session is None:
        raise SettingsError("the models are not open yet; choose a pair and wait until its layers are shown")
    return session


def _title(card: PairCard) -> str:
    return f"{card.name} ({card.needs})" if card.needs else card.name
