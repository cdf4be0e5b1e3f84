"""The Evidence tab: one concept or a whole suite, evaluated with progress; its table, and the concept picked in it."""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.defaults import PROMPTS
from lrt_explorer.errors import SettingsError
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings, EvaluationStep
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.ui.cards import notice, progress_bar
from lrt_explorer.ui.choices import GONE, OWN_VECTORS, ConceptList, belongs, steered_vectors
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.evidence_view import EvidenceView, Shown, stale_notice
from lrt_explorer.ui.map_panel import MapPanel
from lrt_explorer.ui.open_tab import OpenTab
from lrt_explorer.ui.result_key import WHOLE, WRITTEN, ResultKey, Value, session_values, text_mark
from lrt_explorer.ui.setup_panel import opened
from lrt_explorer.ui.sliders import RangeSlider
from lrt_explorer.ui.wiring import (
    EVERY_TIME,
    QUICK,
    Outputs,
    guarded_by,
    nothing,
    run_study,
    to_status,
    wire_run,
    wire_save,
)
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.evidence_files import evidence_file
from lrt_explorer.workbench.session import EvidenceSettings, Session, Shelf

TAB = "evidence"
PROMPT_RANGE = (4, 60)
"""Fewest and most held-out prompts."""
AS_THE_CONCEPT = ("concept’s default", "")
TEXTS = [("texts it writes", WRITTEN), ("texts of the pairs", WHOLE)]
"""Texts that the model writes at both ends of the grid, and those of the pairs, to their last token."""
HINT = (
    "Nothing is evaluated yet. Run measures each chosen concept at every strength: its native vector, the transferred "
    "one, and controls that should do nothing."
)
SHIPPED = (
    "Computed on {made} with lrt-explorer bundle, for the map that ships and every concept. Run evaluates again, here "
    "and now, and replaces it."
)
STOPPED = "Stopped. Finished concepts are shown and kept; Run continues from there."


def asked_texts(settings: EvaluationSettings) -> tuple[str, ...]:
    """Which texts an evaluation had, as the key of its result names them."""
    both = ((WHOLE, settings.whole_texts), (WRITTEN, settings.generate))
    return tuple(name for name, asked in both if asked)


class EvidenceTab:
    """The tab.

    Attributes:
        shown: the evidence on the screen, a `Shown` or None.
        controls: what an evaluation is asked with, by the names that keys of results have for it.
        chosen: the concept that was picked in it.
        status: progress and errors.
        run: evaluates.
        stale: a warning if the evidence is not for the map in use.
    """

    def __init__(
        self,
        engine: Engine,
        session: gr.State,
        shelf: gr.State,
        here: OpenTab,
        concept: gr.Dropdown,
        map_panel: MapPanel,
    ) -> None:
        """Lay out the tab and wire what happens inside it.

        Args:
            engine: the studies.
            session: the visitor's.
            shelf: with the visitor's own vectors, which can be evaluated.
            here: this tab, and which one is open; what ships is read when it is this one.
            concept: that of the Steer tab; a visitor's own is offered here too.
            map_panel: where the text that control maps are fitted on is set.
        """
        self.engine = engine
        self.shown, self.chosen = gr.State(None), gr.State("")
        offered = _choices(engine, None)
        with gr.Row(elem_classes="view"):
            self.concepts = ConceptList(
                offered, value=offered[0][1], label="Concepts", info="what to evaluate", min_width=225,
                elem_id="evidence-concepts",
            )  # fmt: skip
            prompts = RangeSlider(
                *PROMPT_RANGE, PROMPTS, step=1, label="Prompts", info="most per concept",
                min_width=200, elem_id="evidence-prompts",
            )  # fmt: skip
            strengths = gr.Textbox(
                "", label="Strengths", placeholder="calibrated", max_lines=1, min_width=150,
                info="in typical deviations; opposites are added", elem_id="evidence-strengths",
            )  # fmt: skip
            readout = gr.Dropdown(
                [AS_THE_CONCEPT, *READOUTS.choices()], value=AS_THE_CONCEPT[1], label="Readout",
                info="how answers are measured", min_width=185, elem_id="evidence-readout",
            )  # fmt: skip
            with gr.Column(scale=0, min_width=110, elem_classes="run-column"):
                self.run = gr.Button("Run", variant="primary", interactive=False, size="md", elem_id="evidence-run")
                stop = gr.Button("Stop", interactive=False, size="sm", elem_id="evidence-stop")
        with gr.Row(elem_classes="view"):
            texts = gr.CheckboxGroup(
                TEXTS, label="Also score", info="either takes longer", min_width=280, elem_id="evidence-texts",
            )  # fmt: skip
            self.vectors = gr.Dropdown(
                [OWN_VECTORS], value=OWN_VECTORS[1], label="Vectors evaluated", min_width=185,
                info="those of the texts, or yours for one concept",
                visible=False, elem_id="evidence-vectors",
            )  # fmt: skip
        self.status = gr.HTML(notice(HINT, "hint"), elem_id="evidence-status")
        self.stale = gr.HTML(elem_id="evidence-stale")
        self.view = EvidenceView()

        self.controls: dict[str, Component] = {
            "evaluated": self.concepts,
            "prompts": prompts,
            "strengths": strengths,
            "texts": texts,
            "readout": readout,
            "evidence_vectors": self.vectors,
        }
        shown, chosen = self.shown, self.chosen
        asked: list[Block] = [
            session,
            self.concepts,
            prompts,
            strengths,
            texts,
            map_panel.corpus,
            readout,
            self.vectors,
        ]
        wire_run(self.run, stop, self.on_run_clicked, asked, [shown, self.status], self.status, stopped)
        shelf.change(self.on_shelf_changed, shelf, self.vectors, **QUICK)
        gr.on([shown.change, chosen.change], self.on_evidence_changed, [shown, chosen], self.view.outputs, **QUICK)
        found: list[Block] = [shown, self.status]
        session.change(self.on_tab_opened, [here.tab, session, shown], found, **QUICK)
        here.part.select(partial(self.on_tab_opened, TAB), [session, shown], found, **QUICK)
        gr.on([shown.change, session.change], self.on_map_changed, [shown, session], self.stale, **QUICK)
        gr.on(
            [concept.change, session.change],
            self.on_concept_changed,
            [session, concept, self.concepts],
            self.concepts,
            **QUICK,
        )
        for button, kind in ((self.view.report, "html"), (self.view.sheet, "csv")):
            wire_save(button, partial(shown_file, kind), [shown], self.status)
        self.view.table.pick(self.on_row_picked, None, chosen, **EVERY_TIME)
        self.view.forest.pick(self.on_marker_picked, shown, chosen, **EVERY_TIME)

    @guarded_by(to_status)
    def on_tab_opened(self, tab: str, session: Session | None, shown: Shown | None) -> Iterator[Outputs]:
        """Show the evidence that ships for the map in use, unless some was run here."""
        run_here = shown is not None and not shown.made
        if tab != TAB or session is None or run_here or (shown is not None and shown.session == session):
            yield nothing()
            return
        found = self.engine.shipped_evidence(session)
        if found is None:
            yield {self.shown: None, self.status: notice(HINT, "hint")}
        else:
            said = notice(SHIPPED.format(made=found.made), "hint")
            settings, suites = found.evaluation.settings, self.engine.suites(session)
            key = ResultKey(
                {
                    **session_values(session),
                    "evaluated": suites[0].title if suites else "",
                    "prompts": settings.prompts,
                    "strengths": " ".join(f"{strength:g}" for strength in settings.strengths or ()),
                    "texts": asked_texts(settings),
                    "readout": settings.readout or AS_THE_CONCEPT[1],
                    "evidence_vectors": OWN_VECTORS[1],
                    "text": text_mark(None),
                }
            )
            yield {self.shown: Shown(session, found.evaluation, key, found.made), self.status: said}

    @guarded_by(to_status)
    def on_run_clicked(
        self,
        session: Session | None,
        concepts: str,
        prompts: float | None,
        strengths: str,
        texts: Sequence[str],
        corpus: str | None,
        readout: str = AS_THE_CONCEPT[1],
        vectors: str = OWN_VECTORS[1],
    ) -> Iterator[Outputs]:
        """Evaluate with progress; each concept is shown as soon as it is finished."""
        session = opened(session)
        suite = next((suite.concepts for suite in self.engine.suites(session) if suite.title == concepts), None)
        if suite is None and not belongs(self.engine, session, concepts):
            raise SettingsError(GONE)
        if vectors and suite is not None:
            raise SettingsError("your vectors stand for one concept; choose a single one, or vectors from its texts")
        if prompts is None or math.isnan(prompts):
            raise SettingsError("say how many prompts to read for each concept, between the ends of the slider")
        grid = asked_strengths(strengths) or None
        asked = EvidenceSettings(
            suite or (concepts,), int(prompts), grid, WRITTEN in texts, readout, vectors, WHOLE in texts
        )
        values: dict[str, Value] = {
            "evaluated": concepts,
            "prompts": prompts,
            "strengths": strengths,
            "texts": tuple(sorted(texts)),
            "readout": readout,
            "evidence_vectors": vectors,
        }
        key = ResultKey({**session_values(session), **values, "text": text_mark(corpus)})

        def show(step: Progress) -> Outputs:
            so_far: Outputs = {self.shown: Shown(session, step.so_far, key)} if isinstance(step, EvaluationStep) else {}
            return {self.status: progress_bar(step), **so_far}

        found = yield from run_study(self.engine.evaluate(session, asked, Path(corpus) if corpus else None), show)
        yield {self.shown: Shown(session, found, key), self.status: ""}

    def on_shelf_changed(self, shelf: Shelf) -> gr.Dropdown:
        """Offer the visitor's own vectors, once there are some."""
        return gr.Dropdown(steered_vectors(shelf), visible=bool(shelf.vectors))

    def on_evidence_changed(self, shown: Shown | None, chosen: str) -> Outputs:
        """Show an evaluation and the concept that was picked, or else the first of the table."""
        return self.view.empty() if shown is None else self.view.show(shown, chosen)

    def on_map_changed(self, shown: Shown | None, session: Session | None) -> Outputs:
        """Warn if the evidence on the screen is not for the map in use."""
        return {self.stale: "" if shown is None else stale_notice(shown.session, session)}

    def on_row_picked(self, event: gr.EventData) -> Outputs:
        """Show the concept whose row was picked."""
        return {self.chosen: str(event.name)}

    def on_marker_picked(self, shown: Shown | None, event: gr.EventData) -> Outputs:
        """Show the concept whose marker was clicked."""
        points = event.points
        if shown is None or not points or not 0 <= int(points[0]) < len(shown.evaluation.concepts):
            return nothing()
        return {self.chosen: shown.evaluation.concepts[int(points[0])].evidence.name}

    def on_concept_changed(self, session: Session | None, concept: str, asked: str) -> Outputs:
        """Offer what ships for the pair, and the concept of the Steer tab too, if it is a visitor's own."""
        choices = _choices(self.engine, session)
        known = {value for _, value in choices}
        if concept not in known and belongs(self.engine, session, concept):
            choices.append((f"{self.engine.concept(session, concept).name} (own)", concept))
        kept = asked if asked in {value for _, value in choices} else choices[0][1]
        return {self.concepts: gr.Dropdown(choices, value=kept)}


def stopped() -> str:
    """What stands above the evidence after Stop."""
    return notice(STOPPED, "hint")


def shown_file(kind: str, shown: Shown | None) -> Path:
    """The report ("html") or the numbers ("csv") of the evidence that is shown, as a file.

    Raises:
        SettingsError: while there is none.
    """
    if shown is None:
        raise SettingsError("there is no evidence to save yet; run an evaluation first")
    return evidence_file(shown.evaluation, kind)


def asked_strengths(text: str) -> tuple[float, ...]:
    """The strengths that were written down, from the lowest up.

    Raises:
        SettingsError: if one of them is not a number.
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
    return titles + [(_spoken(engine.concept(session, name)), name) for name in names]


def _spoken(card: ConceptCard) -> str:
    """A concept as people speak of it, with the name that it has in files and commands."""
    return card.name if card.title == card.name else f"{card.title} ({card.name})"
