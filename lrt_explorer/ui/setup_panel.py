"""The Models panel: which pair, which layers."""

from dataclasses import dataclass

import gradio as gr

from lrt_explorer.errors import SettingsError
from lrt_explorer.ui.engine import Engine
from lrt_explorer.workbench.cards import PairCard
from lrt_explorer.workbench.session import Session

OTHER = "Other models …"
MODEL_WORK = "model"
"""One queue for everything that runs a model, so that visitors wait in line instead of sharing a few cores."""
PARALLEL = 4
"""How many may run at once: more than one, so that a long fit leaves room for a comparison."""


@dataclass(frozen=True)
class SetupPanel:
    """The components of the panel; what opens a pair writes to most of the screen and is wired in `opening`.

    Attributes:
        pair: the list of pairs, with an entry for others.
        small, large, use: names of other models, and the button that opens them.
        small_layer, large_layer: the layers in use.
        suggest, stop: buttons.
        reason: why layers were suggested.
        status: progress and errors.
    """

    pair: gr.Dropdown
    small: gr.Textbox
    large: gr.Textbox
    use: gr.Button
    small_layer: gr.Number
    large_layer: gr.Number
    suggest: gr.Button
    stop: gr.Button
    reason: gr.HTML
    status: gr.HTML


def build_setup(engine: Engine) -> SetupPanel:
    """Lay out the panel."""
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
        stop = gr.Button("Stop", size="sm", min_width=60, elem_classes="stop")
    reason = gr.HTML(elem_id="suggestion")
    status = gr.HTML(elem_id="setup-status")

    pair.input(
        lambda name: gr.Column(visible=name == OTHER),
        pair,
        others,
        api_visibility="private",
        show_progress="hidden",
        queue=False,
    )
    return SetupPanel(pair, small, large, use, small_layer, large_layer, suggest, stop, reason, status)


def shown_layers(session: Session) -> tuple[Session, gr.Number, gr.Number]:
    """The session and its layers as the panel shows them."""
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
