"""The Evidence tab: one concept or a whole suite, evaluated with progress; its table, and the concept picked in it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.defaults import PROMPTS
from lrt_explorer.errors import SettingsError
from lrt_explorer.store import assets_home
from lrt_explorer.study.evaluation.evaluate import Evaluation, EvaluationStep
from lrt_explorer.study.ground.progress import timed
from lrt_explorer.ui.cards import notice, progress_bar
from lrt_explorer.ui.choices import belongs
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.evidence_view import NOTHING_SHOWN, shown_pieces, stale_notice
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.map_panel import MapPanel
from lrt_explorer.ui.plot import plot_html
from lrt_explorer.ui.setup_panel import MODEL_WORK, PARALLEL, opened
from lrt_explorer.ui.wiring import wire_stop
from lrt_explorer.workbench.evidence_files import evidence_file
from lrt_explorer.workbench.session import EvidenceSettings, Session

TAB = "evidence"
PROMPT_RANGE = (4, 60)
"""Fewest, preset and most held-out prompts."""
AS_THE_CONCEPT = ("as the concept asks", "")
HINT = (
    "Nothing is evaluated yet. Run measures every concept chosen under all arms at all strengths: its own vector, the "
    "transferred one, and the controls that should do nothing."
)
STOPPED = "Stopped. What is finished is shown and kept; Run goes on from there."


@dataclass(frozen=True, eq=False)
class Shown:
    """What a visitor looks at: an evaluation, and the session that it was made in."""

    session: Session
    evaluation: Evaluation


def build_evidence(engine: Engine, session: gr.State, concept: gr.Dropdown, map_panel: MapPanel) -> None:
    """Lay out the tab and wire what happens inside it.

    Args:
        engine: the studies.
        session: the visitor's.
        concept: that of the Steer tab; a visitor's own is offered here too.
        map_panel: where the text that control maps are fitted on is set.
    """
    shown, chosen = gr.State(None), gr.State("")
    offered = _choices(engine, None)
    with gr.Row(elem_classes="view"):
        concepts = gr.Dropdown(
            offered, value=offered[0][1], label="Concepts", info="what is evaluated", min_width=240,
            elem_id="evidence-concepts",
        )  # fmt: skip
        prompts = gr.Slider(
            *PROMPT_RANGE, PROMPTS, step=1, label="Prompts", info="held-out prompts of each concept",
            min_width=200, elem_id="evidence-prompts",
        )  # fmt: skip
        strengths = gr.Textbox(
            "", label="Strengths", placeholder="calibrated for each concept", max_lines=1, min_width=230,
            info="in typical deviations, or empty; both signs show most", elem_id="evidence-strengths",
        )  # fmt: skip
        readout = gr.Dropdown(
            [AS_THE_CONCEPT, *READOUTS.choices()], value=AS_THE_CONCEPT[1], label="Readout",
            info="what answers are counted in", min_width=180, elem_id="evidence-readout",
        )  # fmt: skip
        texts = gr.Checkbox(
            False, label="Write texts", info="scored at both ends; takes longer", min_width=150,
            elem_id="evidence-texts",
        )  # fmt: skip
        with gr.Column(scale=0, min_width=150, elem_classes="run-column"):
            run = gr.Button("Run", variant="primary", size="md", elem_id="evidence-run")
            stop = gr.Button("Stop", size="sm", elem_id="evidence-stop")
    status = gr.HTML(notice(HINT, "hint"), elem_id="evidence-status")
    stale = gr.HTML(elem_id="evidence-stale")
    head = gr.HTML(elem_id="evidence-head")
    with gr.Row(visible=False, elem_classes="takeaway") as takeaway:
        report = gr.Button("Save the report (HTML)", size="sm", scale=0, min_width=190, elem_id="evidence-report")
        sheet = gr.Button("Save the numbers (CSV)", size="sm", scale=0, min_width=190, elem_id="evidence-sheet")
    download = gr.DownloadButton(visible="hidden", elem_id="evidence-download")
    script = (assets_home() / "table.js").read_text(encoding="utf-8")
    table = gr.HTML(elem_id="evidence-table", apply_default_css=False, js_on_load=script)
    forest = plot_html("evidence-forest-plot")
    about = gr.HTML(elem_id="evidence-concept")
    with gr.Row(elem_classes="picture"):
        with gr.Column(scale=3, min_width=320):
            dose = plot_html("evidence-dose-plot")
            dose_caption = gr.HTML(elem_id="evidence-dose-caption")
        with gr.Column(scale=2, min_width=300):
            cost = plot_html("evidence-cost-plot")
            cost_caption = gr.HTML(elem_id="evidence-cost-caption")
    arms = gr.HTML(elem_id="evidence-arms", apply_default_css=False)
    one_by_one = plot_html("evidence-prompts-plot")
    cards = gr.HTML(elem_id="evidence-cards", apply_default_css=False)

    pieces: list[Any] = [
        head, takeaway, table, forest, about, dose, dose_caption, cost, cost_caption, arms, one_by_one, cards
    ]  # fmt: skip
    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    model_work: dict[str, Any] = {**quick, "concurrency_id": MODEL_WORK, "concurrency_limit": PARALLEL}
    running = run.click(
        partial(run_evidence, engine),
        [session, concepts, prompts, strengths, texts, map_panel.corpus, readout],
        [shown, status],
        **model_work,
    )
    wire_stop(stop, [running], status, lambda: notice(STOPPED, "hint"))
    gr.on([shown.change, chosen.change], draw_evidence, [shown, chosen], pieces, trigger_mode="always_last", **quick)
    gr.on([shown.change, session.change], is_stale, [shown, session], stale, trigger_mode="always_last", **quick)
    gr.on(
        [concept.change, session.change],
        partial(offer_own, engine),
        [session, concept, concepts],
        concepts,
        trigger_mode="always_last",
        **quick,
    )
    for button, kind in ((report, "html"), (sheet, "csv")):
        saved = button.click(partial(save_evidence, kind), shown, [download, status], **quick)
        saved.success(None, js="() => document.querySelector('#evidence-download').click()", api_visibility="private")

    # Gradio finds the event by its annotation, which it cannot see through a partial.
    def picked_row(event: gr.EventData) -> str:
        return str(event.name)

    def picked_point(shown: Shown | None, event: gr.EventData) -> Any:
        return picked_concept(shown, event.points)

    table.pick(picked_row, None, chosen, **quick)
    forest.pick(picked_point, shown, chosen, **quick)


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def run_evidence(
    engine: Engine,
    session: Session | None,
    concepts: str,
    prompts: float | None,
    strengths: str,
    texts: bool,
    corpus: str | None,
    readout: str = AS_THE_CONCEPT[1],
) -> Iterator[tuple[Any, str]]:
    """Evaluate with progress; every concept is shown as soon as it is finished."""
    session = opened(session)
    suite = next((suite.concepts for suite in engine.suites(session) if suite.title == concepts), (concepts,))
    if prompts is None:
        raise SettingsError("say how many prompts of each concept are to be read")
    asked = EvidenceSettings(suite, int(prompts), asked_strengths(strengths) or None, texts, readout)
    evaluating = timed(engine.evaluate(session, asked, Path(corpus) if corpus else None))
    while True:
        try:
            step = next(evaluating)
        except StopIteration as stop:
            yield Shown(session, stop.value), ""
            return
        found = Shown(session, step.so_far) if isinstance(step, EvaluationStep) else gr.skip()
        yield found, progress_bar(step)


def draw_evidence(shown: Shown | None, chosen: str) -> tuple[Any, ...]:
    """Everything that is seen of an evaluation; of the concept that was picked, or else of the first of the table."""
    return NOTHING_SHOWN if shown is None else shown_pieces(shown.evaluation, chosen)


def is_stale(shown: Shown | None, session: Session | None) -> str:
    """Say so where the evidence that is shown is not that of the map in use."""
    return "" if shown is None else stale_notice(shown.session, session)


def picked_concept(shown: Shown | None, points: Any) -> Any:
    """The name of the concept whose marker was clicked."""
    if shown is None or not points or not 0 <= int(points[0]) < len(shown.evaluation.concepts):
        return gr.skip()
    return shown.evaluation.concepts[int(points[0])].evidence.name


def offer_own(engine: Engine, session: Session | None, concept: str, asked: str) -> gr.Dropdown:
    """Offer what ships for the pair, and the concept of the Steer tab too, if it is a visitor's own."""
    choices = _choices(engine, session)
    known = {value for _, value in choices}
    if concept not in known and belongs(engine, session, concept):
        choices.append((f"{engine.concept(session, concept).name} (own)", concept))
    return gr.Dropdown(choices, value=asked if asked in {value for _, value in choices} else choices[0][1])


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def save_evidence(kind: str, shown: Shown | None) -> Iterator[tuple[Any, str]]:
    """Hand the report or the numbers to the browser as a file."""
    if shown is None:
        raise SettingsError("there is no evidence to save yet; run an evaluation first")
    file = evidence_file(shown.evaluation, kind)
    yield gr.DownloadButton(value=str(file)), notice(f"Saved as {file.name}.", "good")


def asked_strengths(text: str) -> tuple[float, ...]:
    """The strengths that were written down, from the lowest up.

    Raises:
        SettingsError: if one of them is no number.
    """
    parts = text.replace("−", "-").replace(",", " ").replace(";", " ").split()
    try:
        return tuple(sorted(float(part) for part in parts))
    except ValueError as error:
        raise SettingsError(
            "the strengths are not all numbers; write them with spaces between, such as -0.4 0 0.4"
        ) from error


def _choices(engine: Engine, session: Session | None) -> list[tuple[str, str]]:
    """Suites, then single concepts."""
    suites = engine.suites(session)
    names = dict.fromkeys(name for suite in suites for name in suite.concepts)
    titles = [(suite.title[:1].upper() + suite.title[1:], suite.title) for suite in suites]
    return titles + [(name, name) for name in names]
