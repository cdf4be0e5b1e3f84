"""The Layers tab: every layer pair as a heat map, from which a pair is picked."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from lrt_explorer.errors import SettingsError
from lrt_explorer.plots import SCORE_NAMES, Frames, Score, layers_figure
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.study.ground.pair import BLOCKS_ABOVE
from lrt_explorer.study.ground.progress import Progress, timed
from lrt_explorer.ui.cards import notice, progress_bar, thousands
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.map_panel import MapPanel, asked_tokens
from lrt_explorer.ui.plot import plot_html
from lrt_explorer.ui.setup_panel import MODEL_WORK, PARALLEL, SetupPanel, opened, shown_layers
from lrt_explorer.ui.stage import Stage, moved
from lrt_explorer.ui.wiring import wire_stop
from lrt_explorer.workbench.cards import LayerScores
from lrt_explorer.workbench.session import Session

TAB = "layers"
MEANINGS: dict[Score, str] = {
    "r2": "share of the large layer’s variance that a map from the small layer explains on documents it never saw",
    "r2_standardised": "held-out R² with every dimension in units of its own deviation, so that none can rule it",
    "direction_cosine": "how well mapped vectors point where the large model’s own do, mean over {concepts}",
    "direction_cosine_standardised": "the direction cosine with every dimension in units of its own deviation",
    "cka": "how alike the two layers arrange the same tokens, before any map",
    "norm_ratio": "length of mapped vectors over that of the large model’s own, mean over {concepts}; 1 is equal",
}
HINT = (
    "Nothing is computed for these models and this text yet. One pass over the text scores a map for every pair of "
    "layers; how many tokens it reads, and of which text, is set under Map."
)


def build_layers(
    engine: Engine, session: gr.State, tab: gr.State, setup: SetupPanel, map_panel: MapPanel, stage: Stage
) -> Callable[[], None]:
    """Lay out the tab and wire what happens inside it; it draws only while somebody looks.

    Args:
        engine: the studies.
        session: the visitor's.
        tab: which tab is looked at.
        setup: the layers, which follow what is picked here.
        map_panel: where the tokens and the text to read are set.
        stage: what goes when another pair is picked.

    Returns:
        What wires the picking of a pair, to be called once the stage is complete.
    """
    with gr.Row(elem_classes="view"):
        score = gr.Radio(
            [(name, score) for score, name in SCORE_NAMES.items()],
            value="r2",
            label="Score",
            info="what the colours and the numbers say",
            scale=2,
            min_width=330,
            elem_classes="choices",
            elem_id="layers-score",
        )
        with gr.Column(scale=1, min_width=200), gr.Row(elem_classes="pairwise"):
            compute = gr.Button(
                "Compute all layer pairs", variant="primary", size="sm", min_width=150, elem_id="layers-compute"
            )
            cancel = gr.Button("Cancel", size="sm", min_width=60, scale=0, elem_id="layers-cancel")
    status = gr.HTML(elem_id="layers-status")
    plot = plot_html("layers-plot")
    caption = gr.HTML(elem_id="layers-caption")

    shown = [plot, caption, status]
    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    model_work: dict[str, Any] = {**quick, "concurrency_id": MODEL_WORK, "concurrency_limit": PARALLEL}
    gr.on(
        [tab.change, session.change, score.input, map_panel.corpus.change],
        partial(draw_layers, engine),
        [tab, session, map_panel.corpus, score],
        shown,
        trigger_mode="always_last",
        **quick,
    )
    computing = compute.click(
        partial(compute_layers, engine), [session, map_panel.tokens, map_panel.corpus, score], shown, **model_work
    )
    wire_stop(cancel, [computing], status, cancelled)
    stage.add(plot, caption, all_layers=True)

    # Gradio finds the event by its annotation, which it cannot see through a partial.
    def picked(session: Session | None, corpus: str | None, event: gr.EventData) -> Iterator[tuple[Any, ...]]:
        yield from pick_pair(engine, stage, session, corpus, event.points)

    def wire() -> None:
        shown: list[Any] = [session, setup.small_layer, setup.large_layer, status, *stage.outputs]
        plot.pick(picked, [session, map_panel.corpus], shown, trigger_mode="always_last", **model_work)

    return wire


@guarded(lambda sentence: (gr.skip(), gr.skip(), notice(sentence)))
def draw_layers(
    engine: Engine, tab: str, session: Session | None, corpus: str | None, score: Score
) -> Iterator[tuple[Any, Any, Any]]:
    """Draw what was computed for these models and this text, or say that nothing was yet."""
    if tab != TAB or session is None:
        yield gr.skip(), gr.skip(), gr.skip()
        return
    scores = engine.layers(session, Path(corpus) if corpus else None)
    if scores is None:
        yield "", notice(HINT, "hint"), ""
    else:
        yield *_drawn(session, scores, score), ""


@guarded(lambda sentence: (gr.skip(), gr.skip(), notice(sentence)))
def compute_layers(
    engine: Engine, session: Session | None, tokens: float | None, corpus: str | None, score: Score
) -> Iterator[tuple[Any, Any, str]]:
    """Score all layer pairs with progress, and draw them."""
    session = opened(session)
    computing = timed(engine.compute_layers(session, asked_tokens(tokens), Path(corpus) if corpus else None))
    while True:
        try:
            step = next(computing)
        except StopIteration as stop:
            yield *_drawn(session, stop.value, score), ""
            return
        yield gr.skip(), gr.skip(), progress_bar(step)


def pick_pair(
    engine: Engine, stage: Stage, session: Session | None, corpus: str | None, points: Sequence[int]
) -> Iterator[tuple[Any, ...]]:
    """Go on with the pair of the cell that was clicked, its map solved from what was read."""

    @guarded(lambda sentence: (*[gr.skip()] * 3, notice(sentence), *stage.kept()))
    def picking() -> Iterator[tuple[Any, ...]]:
        current = opened(session)
        text = Path(corpus) if corpus else None
        scores = engine.layers(current, text)
        if scores is None or not points or not 0 <= int(points[0]) < len(scores.grid.cells):
            raise SettingsError("these layer pairs are no longer kept; compute all layer pairs again")
        cell = scores.grid.cells[int(points[0])]
        # A moment for small models; the sums of large ones take seconds to read.
        solving = Progress(0, 1, f"solving layer {cell.small_layer} → {cell.large_layer}")
        yield *[gr.skip()] * 3, progress_bar(solving), *stage.kept()
        picked = engine.use_pair(current, cell.small_layer, cell.large_layer, text)
        yield *shown_layers(picked), "", *moved(stage, current, picked)

    yield from picking()


def cancelled() -> str:
    """What a cancelled computation leaves."""
    return notice("Cancelled; what was read is kept, and the next time goes on from there.", "hint")


def layers_caption(session: Session, scores: LayerScores, score: Score) -> str:
    """How the heat map is read, and which pair it speaks for."""
    concepts = f"{scores.concepts} concepts" if scores.concepts > 1 else "one concept"
    small, large = (escape(model_label(model)) for model in (session.small, session.large))
    name = SCORE_NAMES[score]
    found = scores.suggestion
    in_use = (session.small_layer, session.large_layer)
    same = found is not None and (found.small_layer, found.large_layer) == in_use
    lines = [
        f"<b>{name[:1].upper()}{name[1:]}</b>: {MEANINGS[score].format(concepts=concepts)}. Columns are layers of "
        f"{small}, rows those of {large}; every cell is a ridge map of the same {thousands(scores.tokens)} tokens. "
        "Click a cell to work with its pair in every tab, or move with the arrow keys and press Enter.",
        f"<b>In use{' and suggested' if same else ''}</b> (frame): layer {in_use[0]} → layer {in_use[1]}.",
        f"<b>Grey rows</b> leave fewer than {BLOCKS_ABOVE} blocks above: steering there nearly adds to the logits.",
    ]
    if found is not None:
        lines.insert(2, f"<b>Why suggested{'' if same else ' (dotted frame)'}</b>: {escape(found.reason)}")
    return "".join(f'<p class="added">{line}</p>' for line in lines)


def _drawn(session: Session, scores: LayerScores, score: Score) -> tuple[str, str]:
    suggested = scores.suggestion
    frames = Frames(
        (session.small_layer, session.large_layer),
        None if suggested is None else (suggested.small_layer, suggested.large_layer),
        session.large_layers - 1 - BLOCKS_ABOVE,
    )
    return layers_figure(scores.grid, score, frames).to_json(), layers_caption(session, scores, score)
