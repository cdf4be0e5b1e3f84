"""The Models panel: which pair, which layers."""

import gradio as gr

from lrt_explorer.errors import SettingsError
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.newest import Newest
from lrt_explorer.ui.wiring import AT_ONCE, Outputs
from lrt_explorer.workbench.cards import PairCard
from lrt_explorer.workbench.session import Session

OTHER = "Other models …"


class SetupPanel:
    """The components of the panel; what opens a pair writes to most of the screen and is wired in `opening`.

    Attributes:
        pair: the list of pairs, with an entry for others.
        small, large, use: names of other models, and the button that opens them.
        small_layer, large_layer: the layers in use.
        suggest, stop: buttons.
        reason: why layers were suggested.
        status: progress and errors.
        newest: what was asked to be opened last. What works for another pair ends at its next step and changes nothing.
    """

    def __init__(self, engine: Engine) -> None:
        """Lay out the panel."""
        self.newest = Newest()
        cards, first = engine.pairs(), engine.first()
        layers = (0, 0) if first is None else (first.session.small_layer, first.session.large_layer)
        choices = [(_title(card), card.name) for card in cards] + [(OTHER, OTHER)]
        gr.HTML('<h2 class="section">Models</h2>')
        self.pair = gr.Dropdown(
            choices,
            value=cards[0].name,
            label="Pair",
            info="vectors go from the first model to the second",
            elem_id="pair",
        )
        with gr.Column(visible=False) as self.others:
            self.small = gr.Textbox(
                label="Small model",
                info="a preset, a folder, a GGUF file or a hub id",
                placeholder="Qwen/Qwen2.5-0.5B",
                elem_id="other-small",
            )
            self.large = gr.Textbox(
                label="Large model",
                info="a preset, a folder, a GGUF file or a hub id",
                placeholder="Qwen/Qwen2.5-1.5B",
                elem_id="other-large",
            )
            self.use = gr.Button("Open these models", size="sm")
        with gr.Row(elem_classes="pairwise"):
            self.small_layer = gr.Number(
                layers[0], label="Small layer", info="counted from 0", min_width=90, elem_id="small-layer"
            )
            self.large_layer = gr.Number(
                layers[1], label="Large layer", info="counted from 0", min_width=90, elem_id="large-layer"
            )
        with gr.Row(elem_classes="pairwise"):
            self.suggest = gr.Button("Suggest layers", interactive=False, size="sm", min_width=90)
            self.stop = gr.Button("Stop", interactive=False, size="sm", min_width=60, elem_classes="stop")
        self.reason = gr.HTML(elem_id="suggestion")
        self.status = gr.HTML(elem_id="setup-status")
        self.pair.input(
            self.on_pair_chosen,
            self.pair,
            self.others,
            **AT_ONCE,
        )

    def on_pair_chosen(self, name: str) -> Outputs:
        """Ask for the names of other models where these are wanted."""
        return {self.others: gr.Column(visible=name == OTHER)}

    def show_layers(self, session: Session) -> Outputs:
        """The layers of a session, with those that there are."""
        return {
            self.small_layer: gr.Number(session.small_layer, info=f"0 to {session.small_layers - 1}"),
            self.large_layer: gr.Number(session.large_layer, info=f"0 to {session.large_layers - 1}"),
        }


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
