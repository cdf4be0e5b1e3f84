"""What the Evidence tab shows of an evaluation."""

from dataclasses import dataclass

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.plots import cost_figure, dose_figure, forest_figure, prompts_figure
from lrt_explorer.report import arms_table, captions, concept_summary, prompt_cards, suite_summary, suite_table
from lrt_explorer.report.template import HtmlTemplate, joined
from lrt_explorer.store import assets_home
from lrt_explorer.study.evaluation.evaluate import Evaluation
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.ui.cards import added, notice
from lrt_explorer.ui.plot import drawn, plot_html
from lrt_explorer.ui.result_key import ResultKey, keyed
from lrt_explorer.ui.terms import terms_line
from lrt_explorer.ui.wiring import Outputs
from lrt_explorer.workbench.session import Session

_CONCEPT = HtmlTemplate('<h2 class="concept-head">{{ name }} <small>{{ low }} → {{ high }}</small></h2>')


@dataclass(frozen=True, eq=False)
class Shown:
    """The evaluation on the screen.

    Attributes:
        session: that it was made in, or that it ships for.
        evaluation: what was found.
        key: what it was asked with.
        made: when, as an ISO 8601 date, if it ships; "" if it was run here.
    """

    session: Session
    evaluation: Evaluation
    key: ResultKey
    made: str = ""


class EvidenceView:
    """The pieces in the order in which they are read.

    Attributes:
        report, sheet: buttons that save.
        table: all concepts; its event `pick` brings a name.
        forest: the retention of all concepts; its event `pick` brings points.
    """

    def __init__(self) -> None:
        """Lay out the pieces, empty."""
        self.head = gr.HTML(elem_id="evidence-head")
        with gr.Row(visible=False, elem_classes="takeaway") as self.takeaway:
            self.report = gr.Button(
                "Save the report (HTML)", size="sm", scale=0, min_width=190, elem_id="evidence-report"
            )
            self.sheet = gr.Button(
                "Save the numbers (CSV)", size="sm", scale=0, min_width=190, elem_id="evidence-sheet"
            )
        script = (assets_home() / "table.js").read_text(encoding="utf-8")
        self.table = gr.HTML(elem_id="evidence-table", apply_default_css=False, js_on_load=script)
        self.forest = plot_html("evidence-forest-plot")
        self.about = gr.HTML(elem_id="evidence-concept")
        with gr.Row(elem_classes="picture"):
            with gr.Column(scale=3, min_width=320):
                self.dose = plot_html("evidence-dose-plot")
                self.dose_caption = gr.HTML(elem_id="evidence-dose-caption")
            with gr.Column(scale=2, min_width=300):
                self.cost = plot_html("evidence-cost-plot")
                self.cost_caption = gr.HTML(elem_id="evidence-cost-caption")
        self.arms = gr.HTML(elem_id="evidence-arms", apply_default_css=False)
        self.one_by_one = plot_html("evidence-prompts-plot")
        self.cards = gr.HTML(elem_id="evidence-cards", apply_default_css=False)
        words = ("slope", "retention", "equal cost", "relabelled pairs", "Spearman", "anti-steerable", "Pearson r")
        gr.HTML(terms_line(*words, "off the answers", "cost"))

    @property
    def outputs(self) -> list[Block]:
        """Everything that the methods below write to."""
        return [
            *(self.head, self.takeaway, self.table, self.forest, self.about, self.dose, self.dose_caption),
            *(self.cost, self.cost_caption, self.arms, self.one_by_one, self.cards),
        ]

    def empty(self) -> Outputs:
        """Nothing is shown."""
        return {**dict.fromkeys(self.outputs, ""), self.takeaway: gr.Row(visible=False)}

    def show(self, shown: Shown, chosen: str) -> Outputs:
        """Show an evaluation and one concept of it.

        Args:
            shown: an evaluation of at least one concept.
            chosen: the concept that was picked; the one with the highest retention if it is not among them.
        """
        evaluation, key = shown.evaluation, shown.key
        ranked = evaluation.ranked()
        result = next((one for one in ranked if one.evidence.name == chosen), ranked[0])
        evidence = result.evidence
        concept = _CONCEPT(name=evidence.name, low=evidence.negative_label, high=evidence.positive_label)
        return {
            self.head: keyed(key, suite_summary(evaluation)),
            self.takeaway: gr.Row(visible=True),
            self.table: keyed(key, joined([suite_table(evaluation, evidence.name), added(captions.TABLE)])),
            self.forest: drawn(forest_figure(evaluation), key),
            self.about: keyed(key, joined([added(captions.FOREST), concept, concept_summary(result)])),
            self.dose: drawn(dose_figure(evidence), key),
            self.dose_caption: added(captions.DOSE),
            self.cost: drawn(cost_figure(evidence), key),
            self.cost_caption: added(captions.COST),
            self.arms: keyed(key, arms_table(evidence)),
            self.one_by_one: drawn(prompts_figure(evidence), key),
            self.cards: keyed(key, joined([added(captions.PROMPTS), prompt_cards(evidence)])),
        }


def stale_notice(made: Session, now: Session | None) -> str:
    """One sentence if the session has changed since the evidence was made."""
    if now is None or _matters(made) == _matters(now):
        return ""
    pair = f"{model_label(made.small)} layer {made.small_layer} → {model_label(made.large)} layer {made.large_layer}"
    changed = "another map is in use" if _pair(made) == _pair(now) else "another pair of layers is in use"
    return notice(f"This evidence is for {pair}, but {changed} now. Press Run to evaluate what is in use.", "bad")


def _pair(session: Session) -> tuple[object, ...]:
    return session.small, session.small_layer, session.large, session.large_layer


def _matters(session: Session) -> tuple[object, ...]:
    return *_pair(session), session.map_folder, session.map_mark
