"""The Concepts tab: choose, write or import a contrast set, see its pairs, check it, make vectors from it."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from lrt_explorer.errors import SettingsError
from lrt_explorer.ui.cards import notice
from lrt_explorer.ui.check_panel import CheckPanel
from lrt_explorer.ui.choices import (
    GONE,
    NONE,
    OWN_VECTORS,
    ConceptList,
    all_sets,
    belongs,
    followed,
    steered_concepts,
    steered_vectors,
)
from lrt_explorer.ui.draft_fields import DraftFields
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.pair_table import set_card
from lrt_explorer.ui.result_key import ResultKey, keyed, model_values
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.steer_layout import SET_FILES
from lrt_explorer.ui.steered import Steered
from lrt_explorer.ui.vectors_panel import VectorsPanel
from lrt_explorer.ui.wiring import ONLY_ONCE, QUICK, Outputs, guarded_by, to_status, wire_save
from lrt_explorer.workbench.draft import Draft, drafted
from lrt_explorer.workbench.session import Session, Shelf

TAB = "concepts"


class ConceptsTab:
    """The tab.

    Attributes:
        chosen: the set that is shown.
        pairs: what it holds.
        check, vectors: the parts below it.
        status: results and errors.
    """

    def __init__(self, engine: Engine, session: gr.State, steered: Steered, stage: Stage) -> None:
        """Lay out the tab and wire what happens inside it.

        Args:
            engine: the studies.
            session: the visitor's pair.
            steered: the parts of the Steer tab that use what is made here, and the visitor's shelf.
            stage: what goes when another pair is opened.
        """
        self.engine, self.session, self.steered = engine, session, steered
        sets = all_sets(engine, None, Shelf())
        first = engine.concepts(None)[0].name
        with gr.Row(elem_classes="ask"):
            self.chosen = ConceptList(
                sets,
                value=first,
                label="Contrast set",
                info="pairs of texts with and without a behaviour",
                scale=3,
                min_width=230,
            )
            with gr.Column(scale=2, min_width=200), gr.Row(elem_classes="pairwise"):
                self.use = gr.Button("Use in Steer", variant="primary", size="sm", min_width=110, elem_id="set-use")
                self.save = gr.Button("Download", size="sm", min_width=90, elem_id="set-save")
        with gr.Accordion("Write or import a set", open=False, elem_id="write"):
            self.draft = DraftFields()
            with gr.Row(elem_classes="pairwise"):
                self.preview = gr.Button("Preview", size="sm", min_width=90, scale=0, elem_id="draft-preview")
                self.keep = gr.Button(
                    "Keep this set", variant="primary", size="sm", min_width=120, scale=0, elem_id="draft-keep"
                )
                self.bring = gr.UploadButton(
                    "Import a file …", size="sm", file_types=SET_FILES, min_width=130, scale=0, elem_id="set-import"
                )
        self.status = gr.HTML(elem_id="set-status")
        self.pairs = gr.HTML(self._card(None, first), apply_default_css=False, elem_id="set-pairs")
        self.check = CheckPanel(engine, session, self.chosen, stage)
        self.vectors = VectorsPanel(engine, session, steered, self.chosen, self.check.recipe)
        self._wire()

    def _wire(self) -> None:
        session, steered, shelf, vectors = self.session, self.steered, self.steered.shelf, self.vectors
        shown: list[Block] = [self.pairs, self.status]
        kept: list[Block] = [shelf, self.chosen, *shown]
        self.chosen.input(self.on_set_chosen, [session, self.chosen], shown, **QUICK)
        self.preview.click(self.on_preview_clicked, self.draft.fields, shown, **QUICK)
        self.keep.click(self.on_keep_clicked, [session, shelf, *self.draft.fields], kept, **ONLY_ONCE)
        self.bring.upload(self.on_set_uploaded, [session, shelf, self.bring], kept, **QUICK)
        self.use.click(
            self.on_use_clicked,
            [session, shelf, self.chosen, steered.prompt, steered.asked],
            [*steered.outputs, self.status],
            **QUICK,
        )
        wire_save(self.save, self.engine.set_file, [session, self.chosen], self.status)
        shelf.change(
            self.on_shelf_changed,
            [session, shelf],
            [self.chosen, steered.concept, steered.vectors, vectors.other, vectors.chosen],
            **QUICK,
        )
        session.change(
            self.on_pair_opened,
            [session, shelf, self.chosen, vectors.other],
            [self.chosen, vectors.other, self.pairs],
            **QUICK,
        )

    @guarded_by(to_status)
    def on_set_chosen(self, session: Session | None, name: str) -> Iterator[Outputs]:
        """Show the pairs of a set."""
        if not belongs(self.engine, session, name):
            raise SettingsError(GONE)
        yield {self.pairs: self._card(session, name), self.status: ""}

    @guarded_by(to_status)
    def on_preview_clicked(self, *fields: str) -> Iterator[Outputs]:
        """Show what the fields make, without keeping it."""
        said = notice("A preview; keep the set to use it.", "hint")
        key = ResultKey({f"draft_{place}": text for place, text in enumerate(fields)})
        yield {self.pairs: keyed(key, set_card(drafted(Draft(*fields)))), self.status: said}

    @guarded_by(to_status)
    def on_keep_clicked(self, session: Session | None, shelf: Shelf, *fields: str) -> Iterator[Outputs]:
        """Put what the fields make on the shelf, and choose it."""
        yield self._kept(session, self.engine.keep_set(shelf, drafted(Draft(*fields))))

    @guarded_by(to_status)
    def on_set_uploaded(self, session: Session | None, shelf: Shelf, file: str | None) -> Iterator[Outputs]:
        """Put a set from a file on the shelf, and choose it."""
        if file is None:
            yield {self.status: ""}
            return
        yield self._kept(session, self.engine.import_set(shelf, Path(file)))

    @guarded_by(to_status)
    def on_use_clicked(
        self, session: Session | None, shelf: Shelf, name: str, prompt: str, asked: int
    ) -> Iterator[Outputs]:
        """Choose the set in the Steer tab, which other tabs follow, with the vectors of its own texts."""
        if not belongs(self.engine, session, name):
            raise SettingsError(GONE)
        steered = self.steered.steer_with_set(session, shelf, name, prompt, asked)
        own_vectors = gr.Dropdown(steered_vectors(steered[self.steered.shelf]), value=OWN_VECTORS[1])
        title = self.engine.contrast(session, name).name
        key = ResultKey({"concept": name, "vectors": OWN_VECTORS[1]}, {"concept": title})
        said = keyed(key, notice(f"In use in the Steer tab: {title}.", "good"))
        yield {**steered, self.steered.vectors: own_vectors, self.status: said}

    def on_shelf_changed(self, session: Session | None, shelf: Shelf) -> Outputs:
        """Offer what is on the shelf wherever sets and vectors are chosen, without changing the choice."""
        sets = all_sets(self.engine, session, shelf)
        return {
            self.chosen: gr.Dropdown(sets),
            self.steered.concept: gr.Dropdown(steered_concepts(self.engine, session, shelf)),
            self.steered.vectors: gr.Dropdown(steered_vectors(shelf), visible=bool(shelf.vectors)),
            self.vectors.other: gr.Dropdown([NONE, *sets]),
            self.vectors.chosen: gr.Dropdown(list(shelf.vectors)),
        }

    def on_pair_opened(self, session: Session | None, shelf: Shelf, name: str, other: str) -> Outputs:
        """Offer what ships for the pair first; the choice stays if it suits the pair."""
        sets = all_sets(self.engine, session, shelf)
        chosen = followed(sets, name, self.engine.concepts(session)[0].name)
        return {
            self.chosen: gr.Dropdown(sets, value=chosen),
            self.vectors.other: gr.Dropdown([NONE, *sets], value=followed(sets, other, NONE[1])),
            self.pairs: self._card(session, chosen),
        }

    @property
    def controls(self) -> dict[str, Component]:
        """Everything that a result of the tab can depend on, by the names that keys have for it."""
        draft = {f"draft_{place}": field for place, field in enumerate(self.draft.fields)}
        return {**self.check.controls, "shelf_vectors": self.vectors.chosen, **draft}

    def _card(self, session: Session | None, name: str) -> str:
        """What a set holds, for as long as it is the one that is chosen."""
        contrast = self.engine.contrast(session, name)
        return keyed(ResultKey({**model_values(session), "set": name}, {"set": contrast.name}), set_card(contrast))

    def _kept(self, session: Session | None, shelf: Shelf) -> Outputs:
        """Choose the last set of the shelf."""
        label, file = shelf.sets[-1]
        said = notice(f"Kept as “{label}” until you leave the page. Check it, use it, or download it.", "good")
        return {
            self.steered.shelf: shelf,
            self.chosen: gr.Dropdown(all_sets(self.engine, session, shelf), value=file),
            self.pairs: self._card(session, file),
            self.status: said,
        }
