"""The Check part of the Concepts tab: is there a direction in the set, in which layers, and does the map carry it?"""

from collections.abc import Iterator

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from lrt_explorer.concepts.methods import METHODS, Method
from lrt_explorer.concepts.sets.readings import READINGS
from lrt_explorer.errors import SettingsError
from lrt_explorer.plots import agreement_figure, separation_figure, stability_figure
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.ui.cards import notice
from lrt_explorer.ui.choices import GONE, belongs
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.findings import findings
from lrt_explorer.ui.plot import drawn, plot_html
from lrt_explorer.ui.result_key import ResultKey, Value, keyed, session_values
from lrt_explorer.ui.setup_panel import opened
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.wiring import Outputs, guarded_by, progress_in, run_study, to_status, wire_run
from lrt_explorer.workbench.session import Session

AS_THE_SET = ("set’s default", "")


class CheckPanel:
    """The part of the tab.

    Attributes:
        recipe: method, reading and whitening; vectors are made with them too.
        controls: the same by the names that keys of results have for them, with the set.
        status: progress and errors.
        run: checks.
    """

    def __init__(self, engine: Engine, session: gr.State, chosen: gr.Dropdown, stage: Stage) -> None:
        """Lay out the part and wire it.

        Args:
            engine: the studies.
            session: the visitor's.
            chosen: the set that is checked.
            stage: what goes when another pair is opened.
        """
        self.engine = engine
        gr.HTML('<h2 class="section">Check</h2>')
        with gr.Row(elem_classes="view"):
            method = gr.Radio(
                METHODS.choices(),
                value=METHODS.default,
                label="Vector",
                info="computed from the pairs’ differences",
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
            whiten = gr.Checkbox(
                False, label="Whiten", info="down-weight directions that vary in any text", min_width=150
            )
        with gr.Row(elem_classes="pairwise"):
            self.run = gr.Button(
                "Check this set",
                variant="primary",
                interactive=False,
                size="sm",
                min_width=150,
                scale=0,
                elem_id="check",
            )
            stop = gr.Button("Stop", interactive=False, size="sm", min_width=60, scale=0, elem_id="check-stop")
        self.status = gr.HTML(elem_id="check-status")
        self.found = gr.HTML(apply_default_css=False, elem_id="check-findings")
        with gr.Row(elem_classes="small-plots"):
            with gr.Column(min_width=230):
                self.agreement = plot_html("agreement-plot")
            with gr.Column(min_width=230):
                self.separation = plot_html("separation-plot")
            with gr.Column(min_width=230):
                self.stability = plot_html("stability-plot")

        self.recipe: list[Block] = [method, reading, whiten]
        self.controls: dict[str, Component] = {
            "set": chosen,
            "check_method": method,
            "check_reading": reading,
            "whiten": whiten,
        }
        results = [self.found, self.agreement, self.separation, self.stability]
        asked = [session, chosen, *self.recipe]
        wire_run(self.run, stop, self.on_check_clicked, asked, [self.status, *results], self.status, stopped)
        stage.add(*results)

    @guarded_by(to_status)
    def on_check_clicked(
        self, session: Session | None, name: str, method: Method, reading: str, whiten: bool
    ) -> Iterator[Outputs]:
        """Read the set in both models with progress, and show whether its vectors are likely to steer."""
        session = opened(session)
        if not belongs(self.engine, session, name):
            raise SettingsError(GONE)
        checking = self.engine.check(session, name, Recipe(method, reading, whiten))
        check = yield from run_study(checking, progress_in(self.status))
        asked: dict[str, Value] = {"set": name, "check_method": method, "check_reading": reading, "whiten": whiten}
        key = ResultKey({**session_values(session), **asked}, {"set": check.concept})
        yield {
            self.status: "",
            self.found: keyed(key, findings(check)),
            self.agreement: drawn(agreement_figure(check), key),
            self.separation: drawn(separation_figure(check), key),
            self.stability: drawn(stability_figure(check), key),
        }


def stopped() -> str:
    """What a stopped check, or a stopped making of vectors, leaves."""
    return notice("Stopped. What is shown is from before.", "hint")
