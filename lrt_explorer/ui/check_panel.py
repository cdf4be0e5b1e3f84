"""The Check part of the Concepts tab: is there a direction in the set, in which layers, and does the map carry it?"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import gradio as gr

from lrt_explorer.concepts.methods import METHODS, Method
from lrt_explorer.concepts.sets.readings import READINGS
from lrt_explorer.errors import SettingsError
from lrt_explorer.plots import agreement_figure, separation_figure, stability_figure
from lrt_explorer.study.check import ConceptCheck
from lrt_explorer.study.ground.progress import timed
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.ui.cards import notice, progress_bar
from lrt_explorer.ui.choices import GONE, belongs
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.findings import findings
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.plot import plot_html
from lrt_explorer.ui.setup_panel import MODEL_WORK, PARALLEL, opened
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.wiring import wire_stop
from lrt_explorer.workbench.session import Session

AS_THE_SET = ("as the set prefers", "")


def build_check(engine: Engine, session: gr.State, chosen: gr.Dropdown, stage: Stage) -> list[gr.components.Component]:
    """Lay out the part and wire it; gives the method, the reading and the whitening, which vectors are made by too."""
    gr.HTML('<h2 class="section">Check</h2>')
    with gr.Row(elem_classes="view"):
        method = gr.Radio(
            METHODS.choices(),
            value=METHODS.default,
            label="Vector",
            info="of the differences in pairs",
            min_width=250,
            scale=2,
            elem_classes="choices",
        )
        reading = gr.Radio(
            [AS_THE_SET, *READINGS.choices()],
            value=AS_THE_SET[1],
            label="Tokens read",
            info="of each text",
            min_width=320,
            scale=3,
            elem_classes="choices",
        )
        whiten = gr.Checkbox(False, label="Whiten", info="count what varies anyway for less", min_width=150)
    with gr.Row(elem_classes="pairwise"):
        check = gr.Button("Check this set", variant="primary", size="sm", min_width=150, scale=0, elem_id="check")
        stop = gr.Button("Stop", size="sm", min_width=60, scale=0, elem_id="check-stop")
    status = gr.HTML(elem_id="check-status")
    found = gr.HTML(apply_default_css=False, elem_id="check-findings")
    with gr.Row(elem_classes="small-plots"):
        plots = []
        for name in ("agreement", "separation", "stability"):
            with gr.Column(min_width=230):
                plots.append(plot_html(f"{name}-plot"))

    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    checking = check.click(
        partial(check_set, engine),
        [session, chosen, method, reading, whiten],
        [status, found, *plots],
        concurrency_id=MODEL_WORK,
        concurrency_limit=PARALLEL,
        **quick,
    )
    wire_stop(stop, [checking], status, cancelled)
    stage.add(found, *plots)
    return [method, reading, whiten]


@guarded(lambda sentence: (notice(sentence), *[gr.skip()] * 4))
def check_set(
    engine: Engine, session: Session | None, name: str, method: Method, reading: str, whiten: bool
) -> Iterator[tuple[Any, ...]]:
    """Read the set in both models with progress, and say what its vectors are worth."""
    session = opened(session)
    if not belongs(engine, session, name):
        raise SettingsError(GONE)
    checking = timed(engine.check(session, name, Recipe(method, reading, whiten)))
    while True:
        try:
            step = next(checking)
        except StopIteration as stop:
            check: ConceptCheck = stop.value
            figures = (agreement_figure(check), separation_figure(check), stability_figure(check))
            yield "", findings(check), *(figure.to_json() for figure in figures)
            return
        yield progress_bar(step), *[gr.skip()] * 4


def cancelled() -> str:
    """What a stopped check leaves."""
    return notice("Stopped; what is shown is from before.", "hint")
