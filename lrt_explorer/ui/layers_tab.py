"""The Layers tab: every layer pair as a heat map, from which a pair is picked."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import gradio as gr
from gradio.blocks import Block
from markupsafe import Markup

from lrt_explorer.errors import SettingsError
from lrt_explorer.plots import SCORE_NAMES, Frames, Score, layers_figure
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.study.ground.pair import BLOCKS_ABOVE
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.ui.cards import notice, progress_bar, thousands
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.map_panel import MapPanel, asked_tokens
from lrt_explorer.ui.open_tab import OpenTab
from lrt_explorer.ui.plot import drawn, plot_html
from lrt_explorer.ui.result_key import ResultKey, keyed, model_values, session_values, text_mark
from lrt_explorer.ui.setup_panel import SetupPanel, opened
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.terms import terms_line
from lrt_explorer.ui.wiring import (
    EVERY_TIME,
    MODEL_WORK,
    QUICK,
    Outputs,
    guarded_by,
    nothing,
    progress_in,
    run_study,
    to_status,
    wire_run,
)
from lrt_explorer.workbench.cards import LayerScores
from lrt_explorer.workbench.session import Session

TAB = "layers"
MEANINGS: dict[Score, str] = {
    "r2": "share of the large layer’s variance that a map from the small layer explains on held-out documents",
    "r2_standardised": "held-out R² with every dimension in units of its own deviation, so that none dominates",
    "direction_cosine": "how well mapped vectors align with the large model’s own, mean over {concepts}",
    "direction_cosine_standardised": "the direction cosine with every dimension in units of its own deviation",
    "cka": "how similarly the two layers arrange the same tokens, before any map",
    "norm_ratio": "length of mapped vectors over that of the large model’s own, mean over {concepts}; 1 is equal",
}
HINT = (
    "Nothing is computed for these models and this text yet. One pass over the text scores a map for every pair of "
    "layers. Set the text and the number of tokens under Map."
)
_CAPTION = HtmlTemplate("""
    <p class="added"><b>{{ name }}</b>: {{ meaning }}.
    Columns are layers of {{ small }}, rows those of {{ large }};
    every cell is a ridge map of the same {{ tokens }} tokens.
    Click a cell to use its pair in every tab, or move with the arrow keys and press Enter.</p>
    {% if made %}
    <p class="added"><b>Computed</b> on {{ made }} with lrt-explorer bundle; Compute all layer pairs replaces it.</p>
    {% endif %}
    <p class="added"><b>In use{% if same %} and suggested{% endif %}</b> (frame):
    layer {{ in_use[0] }} → layer {{ in_use[1] }}.</p>
    {% if reason %}
    <p class="added"><b>Why suggested{% if not same %} (dotted frame){% endif %}</b>: {{ reason }}</p>
    {% endif %}
    <p class="added"><b>Grey rows</b> leave fewer than {{ above }} blocks above:
    steering there is almost the same as adding to the logits.</p>
""")


class LayersTab:
    """The tab; it draws only while it is open.

    Attributes:
        plot, caption: the heat map, and how it is read.
        status: progress and errors.
        score: which score is shown.
        compute: reads all layers.
    """

    def __init__(
        self,
        engine: Engine,
        session: gr.State,
        here: OpenTab,
        setup: SetupPanel,
        map_panel: MapPanel,
        stage: Stage,
    ) -> None:
        """Lay out the tab and wire what happens inside it, but for the picking of a pair.

        Args:
            engine: the studies.
            session: the visitor's.
            here: this tab, and which one is open.
            setup: the layers, which follow what is picked here.
            map_panel: where the tokens and the text to read are set.
            stage: what goes when another pair is picked.
        """
        self.engine, self.session, self.setup, self.map_panel, self.stage = engine, session, setup, map_panel, stage
        with gr.Row(elem_classes="view"):
            self.score = gr.Radio(
                [(name, score) for score, name in SCORE_NAMES.items()],
                value="r2",
                label="Score",
                info="shown as colour and number",
                scale=2,
                min_width=330,
                elem_classes="choices",
                elem_id="layers-score",
            )
            with gr.Column(scale=1, min_width=200), gr.Row(elem_classes="pairwise"):
                self.compute = gr.Button(
                    "Compute all layer pairs",
                    variant="primary",
                    interactive=False,
                    size="sm",
                    min_width=150,
                    elem_id="layers-compute",
                )
                stop = gr.Button("Stop", interactive=False, size="sm", min_width=60, scale=0, elem_id="layers-stop")
        self.status = gr.HTML(elem_id="layers-status")
        self.plot = plot_html("layers-plot")
        self.caption = gr.HTML(elem_id="layers-caption")
        gr.HTML(terms_line("layer", "held-out R²", "standardised R²", "CKA", "direction cosine", "relabelled pairs"))

        outputs: list[Block] = [self.plot, self.caption, self.status]
        corpus = map_panel.corpus
        gr.on(
            [session.change, self.score.input, corpus.change],
            self.on_view_changed,
            [here.tab, session, corpus, self.score],
            outputs,
            **QUICK,
        )
        here.part.select(partial(self.on_view_changed, TAB), [session, corpus, self.score], outputs, **QUICK)
        asked: list[Block] = [session, map_panel.tokens, corpus, self.score]
        wire_run(self.compute, stop, self.on_compute_clicked, asked, outputs, self.status, stopped)
        stage.add(self.plot, self.caption, all_layers=True)

    def wire_picking(self) -> None:
        """Wire the picking of a pair; to be called once the stage is complete."""
        setup = self.setup
        outputs = [self.session, setup.small_layer, setup.large_layer, self.status, *self.stage.outputs]
        picked = gr.State((0, -1))
        self.plot.pick(self.on_cell_clicked, picked, picked, **EVERY_TIME)
        picked.change(self.on_cell_picked, [self.session, self.map_panel.corpus, picked], outputs, **MODEL_WORK)

    def on_cell_clicked(self, picked: tuple[int, int], event: gr.EventData) -> tuple[int, int]:
        """Remember which cell was clicked last, with a count, so that the same one can be picked again."""
        return picked[0] + 1, int(event.points[0]) if event.points else -1

    @guarded_by(to_status)
    def on_view_changed(self, tab: str, session: Session | None, corpus: str | None, score: Score) -> Iterator[Outputs]:
        """Draw what was computed for these models and this text, or say that nothing was yet."""
        if tab != TAB or session is None:
            yield nothing()
            return
        scores = self.engine.layers(session, Path(corpus) if corpus else None)
        if scores is None:
            key = ResultKey({**model_values(session), "text": text_mark(corpus)})
            yield {self.plot: "", self.caption: keyed(key, notice(HINT, "hint")), self.status: ""}
        else:
            yield self._drawn(session, scores, score, corpus)

    @guarded_by(to_status)
    def on_compute_clicked(
        self, session: Session | None, tokens: float | None, corpus: str | None, score: Score
    ) -> Iterator[Outputs]:
        """Score all layer pairs with progress, and draw them."""
        session = opened(session)
        computing = self.engine.compute_layers(session, asked_tokens(tokens), Path(corpus) if corpus else None)
        scores = yield from run_study(computing, progress_in(self.status))
        yield self._drawn(session, scores, score, corpus)

    @guarded_by(to_status)
    def on_cell_picked(self, session: Session | None, corpus: str | None, cell: tuple[int, int]) -> Iterator[Outputs]:
        """Go on with the pair of the cell that was clicked, its map solved from what was read."""
        current, place = opened(session), cell[1]
        text = Path(corpus) if corpus else None
        scores = self.engine.layers(current, text)
        if scores is None or not 0 <= place < len(scores.grid.cells):
            raise SettingsError("these layer pairs have been removed; compute all layer pairs again")
        found = scores.grid.cells[place]
        # A moment for small models; the sums of large ones take seconds to read.
        solving = Progress(0, 1, f"solving layer {found.small_layer} → {found.large_layer}")
        yield {self.status: progress_bar(solving)}
        wanted = self.setup.newest.now()
        picked = self.engine.use_pair(current, found.small_layer, found.large_layer, text)
        if self.setup.newest.now() != wanted:
            yield {self.status: ""}
            return
        yield {
            self.session: picked,
            **self.setup.show_layers(picked),
            self.status: "",
            **self.stage.move(current, picked),
        }

    def _drawn(self, session: Session, scores: LayerScores, score: Score, corpus: str | None) -> Outputs:
        suggested = scores.suggestion
        frames = Frames(
            (session.small_layer, session.large_layer),
            None if suggested is None else (suggested.small_layer, suggested.large_layer),
            session.large_layers - 1 - BLOCKS_ABOVE,
        )
        values = {**session_values(session), "score": score, "text": text_mark(corpus)}
        # Every cell is a map of its own.
        key = ResultKey({name: value for name, value in values.items() if name != "map"})
        return {
            self.plot: drawn(layers_figure(scores.grid, score, frames), key),
            self.caption: keyed(key, layers_caption(session, scores, score)),
            self.status: "",
        }


def stopped() -> str:
    """What a stopped computation leaves."""
    return notice("Stopped. What was read is kept, and the next run continues from there.", "hint")


def layers_caption(session: Session, scores: LayerScores, score: Score) -> Markup:
    """How the heat map is read, and which pair it suggests."""
    concepts = f"{scores.concepts} concepts" if scores.concepts > 1 else "one concept"
    name, found = SCORE_NAMES[score], scores.suggestion
    in_use = (session.small_layer, session.large_layer)
    return _CAPTION(
        name=name[:1].upper() + name[1:],
        meaning=MEANINGS[score].format(concepts=concepts),
        small=model_label(session.small),
        large=model_label(session.large),
        tokens=thousands(scores.tokens),
        in_use=in_use,
        same=found is not None and (found.small_layer, found.large_layer) == in_use,
        reason=None if found is None else found.reason,
        above=BLOCKS_ABOVE,
        made=scores.made,
    )
