"""The Concepts tab: choose, write or import a contrast set, look at its pairs, check it, make vectors of it."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from lrt_explorer.errors import SettingsError
from lrt_explorer.ui.cards import notice
from lrt_explorer.ui.check_panel import build_check
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
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.pair_table import set_card
from lrt_explorer.ui.stage import Stage
from lrt_explorer.ui.steer_tab import SET_FILES, SteerTab
from lrt_explorer.ui.steered import steer_with_set
from lrt_explorer.ui.vectors_panel import build_vectors
from lrt_explorer.workbench.draft import Draft, drafted
from lrt_explorer.workbench.session import Session, Shelf

TAB = "concepts"
PAIRS_SHOWN = "I would be delighted to help. | What do you want now?\nWould you kindly wait? | Wait."


def build_concepts(engine: Engine, session: gr.State, shelf: gr.State, steering: SteerTab, stage: Stage) -> None:
    """Lay out the tab and wire what happens inside it.

    Args:
        engine: the studies.
        session: the visitor's pair.
        shelf: what the visitor has written, brought or made.
        steering: the Steer tab, which uses what is made here.
        stage: what goes when another pair is opened.
    """
    sets = all_sets(engine, None, Shelf())
    first = engine.concepts(None)[0].name
    with gr.Row(elem_classes="ask"):
        chosen = ConceptList(
            sets,
            value=first,
            label="Contrast set",
            info="texts in pairs, with and without a behaviour; those that ship, and your own",
            scale=3,
            min_width=230,
        )
        with gr.Column(scale=2, min_width=200), gr.Row(elem_classes="pairwise"):
            use = gr.Button("Use in Steer", variant="primary", size="sm", min_width=110, elem_id="set-use")
            save = gr.Button("Download", size="sm", min_width=90, elem_id="set-save")
    with gr.Accordion("Write or import a set", open=False, elem_id="write"):
        fields, preview, keep, bring = _write_fields()
    status = gr.HTML(elem_id="set-status")
    shown = gr.HTML(set_card(engine.contrast(None, first)), apply_default_css=False, elem_id="set-pairs")
    download = gr.DownloadButton(visible="hidden", elem_id="set-download")
    recipe = build_check(engine, session, chosen, stage)
    own = build_vectors(engine, session, shelf, steering, chosen, recipe)

    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    chosen.input(partial(show_set, engine), [session, chosen], [shown, status], **quick)
    preview.click(preview_draft, fields, [shown, status], **quick)
    keep.click(partial(keep_draft, engine), [session, shelf, *fields], [shelf, chosen, shown, status], **quick)
    bring.upload(partial(import_set, engine), [session, shelf, bring], [shelf, chosen, shown, status], **quick)
    use.click(
        partial(use_set, engine),
        [session, shelf, chosen, steering.prompt, steering.asked],
        [shelf, steering.concept, *steering.about, steering.vectors, status],
        **quick,
    )
    saved = save.click(partial(save_set, engine), [session, chosen], [download, status], **quick)
    saved.success(None, js="() => document.querySelector('#set-download').click()", api_visibility="private")
    shelf.change(
        partial(restock, engine),
        [session, shelf],
        [chosen, steering.concept, steering.vectors, own.other, own.chosen],
        **quick,
    )
    session.change(
        partial(follow_pair, engine), [session, shelf, chosen, own.other], [chosen, own.other, shown], **quick
    )


def _write_fields() -> tuple[list[gr.components.Component], gr.Button, gr.Button, gr.UploadButton]:
    """The fields of a draft in the order of `Draft`, and what is done with them."""
    with gr.Row():
        name = gr.Textbox(
            label="Name", info="what the concept is called", max_lines=1, min_width=150, elem_id="draft-name"
        )
        high = gr.Textbox(
            label="With it, texts are",
            info="one word, such as polite",
            max_lines=1,
            min_width=150,
            elem_id="draft-high",
        )
        low = gr.Textbox(
            label="Without it, texts are",
            info="one word, such as rude",
            max_lines=1,
            min_width=150,
            elem_id="draft-low",
        )
    pairs = gr.Textbox(
        label="Pairs",
        info="one a line: the text with the behaviour, a tab or ' | ', the text without it; paste two columns",
        placeholder=PAIRS_SHOWN,
        lines=5,
        max_lines=14,
        elem_id="draft-pairs",
    )
    with gr.Row():
        prompts = gr.Textbox(
            label="Readout prompts",
            info="optional; one a line, whose next word tells how far the behaviour shows",
            placeholder="He turned to the waiter and said",
            lines=2,
            max_lines=8,
            min_width=240,
            elem_id="draft-prompts",
        )
        high_answers = gr.Textbox(
            label="Words with it",
            info="optional; that may follow, parted by commas",
            placeholder="please, thank",
            max_lines=2,
            min_width=170,
            elem_id="draft-high-answers",
        )
        low_answers = gr.Textbox(
            label="Words without it",
            info="optional; none stand for all others",
            placeholder="hurry, now",
            max_lines=2,
            min_width=170,
            elem_id="draft-low-answers",
        )
    with gr.Row(elem_classes="pairwise"):
        preview = gr.Button("Preview", size="sm", min_width=90, scale=0, elem_id="draft-preview")
        keep = gr.Button("Keep this set", variant="primary", size="sm", min_width=120, scale=0, elem_id="draft-keep")
        bring = gr.UploadButton(
            "Import a file …", size="sm", file_types=SET_FILES, min_width=130, scale=0, elem_id="set-import"
        )
    return [name, high, low, pairs, prompts, high_answers, low_answers], preview, keep, bring


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def show_set(engine: Engine, session: Session | None, name: str) -> Iterator[tuple[Any, str]]:
    """Show the pairs of a set."""
    if not belongs(engine, session, name):
        raise SettingsError(GONE)
    yield set_card(engine.contrast(session, name)), ""


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def preview_draft(*fields: str) -> Iterator[tuple[Any, str]]:
    """Show what the fields make, without keeping it."""
    yield set_card(drafted(Draft(*fields))), notice("A preview; keep the set to use it.", "hint")


@guarded(lambda sentence: (gr.skip(), gr.skip(), gr.skip(), notice(sentence)))
def keep_draft(
    engine: Engine, session: Session | None, shelf: Shelf, *fields: str
) -> Iterator[tuple[Any, Any, Any, str]]:
    """Put what the fields make on the shelf, and choose it."""
    yield _chosen(engine, session, engine.keep_set(shelf, drafted(Draft(*fields))))


@guarded(lambda sentence: (gr.skip(), gr.skip(), gr.skip(), notice(sentence)))
def import_set(
    engine: Engine, session: Session | None, shelf: Shelf, file: str | None
) -> Iterator[tuple[Any, Any, Any, str]]:
    """Put a set from a file on the shelf, and choose it."""
    if file is None:
        yield gr.skip(), gr.skip(), gr.skip(), ""
        return
    yield _chosen(engine, session, engine.import_set(shelf, Path(file)))


@guarded(lambda sentence: (*[gr.skip()] * 7, notice(sentence)))
def use_set(
    engine: Engine, session: Session | None, shelf: Shelf, name: str, prompt: str, asked: int
) -> Iterator[tuple[Any, ...]]:
    """Choose the set in the Steer tab, which the other tabs follow, with the vectors that its own texts give."""
    if not belongs(engine, session, name):
        raise SettingsError(GONE)
    kept, *steered = steer_with_set(engine, session, shelf, name, prompt, asked)
    own_vectors = gr.Dropdown(steered_vectors(kept), value=OWN_VECTORS[1])
    said = notice(f"In use in the Steer tab: {engine.contrast(session, name).name}.", "good")
    yield kept, *steered, own_vectors, said


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def save_set(engine: Engine, session: Session | None, name: str) -> Iterator[tuple[Any, str]]:
    """Hand the set to the browser as JSON Lines."""
    file = engine.set_file(session, name)
    yield gr.DownloadButton(value=str(file)), notice(f"Saved as {file.name}.", "good")


def restock(engine: Engine, session: Session | None, shelf: Shelf) -> tuple[Any, Any, Any, Any, Any]:
    """Offer what is on the shelf wherever sets and vectors are chosen; what is chosen there stays."""
    return (
        gr.Dropdown(all_sets(engine, session, shelf)),
        gr.Dropdown(steered_concepts(engine, session, shelf)),
        gr.Dropdown(steered_vectors(shelf), visible=bool(shelf.vectors)),
        gr.Dropdown([NONE, *all_sets(engine, session, shelf)]),
        gr.Dropdown(list(shelf.vectors)),
    )


def follow_pair(engine: Engine, session: Session | None, shelf: Shelf, name: str, other: str) -> tuple[Any, Any, str]:
    """Offer what ships for the pair first; what was chosen stays where it can be meant for this pair."""
    sets = all_sets(engine, session, shelf)
    chosen = followed(sets, name, engine.concepts(session)[0].name)
    second = followed(sets, other, NONE[1])
    shown = set_card(engine.contrast(session, chosen))
    return gr.Dropdown(sets, value=chosen), gr.Dropdown([NONE, *sets], value=second), shown


def _chosen(engine: Engine, session: Session | None, shelf: Shelf) -> tuple[Shelf, gr.Dropdown, str, str]:
    label, file = shelf.sets[-1]
    said = notice(f"Kept as “{label}” until you leave the page; check it, use it, or download it.", "good")
    return (
        shelf,
        gr.Dropdown(all_sets(engine, session, shelf), value=file),
        set_card(engine.contrast(session, file)),
        said,
    )
