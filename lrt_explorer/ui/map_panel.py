"""The Map panel: the figures of the map in use, its estimator, and ways to fit, load and save one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from lrt_explorer.defaults import FIT_TOKENS
from lrt_explorer.errors import SettingsError
from lrt_explorer.plots import path_figure
from lrt_explorer.study.corpora.files import ENDINGS
from lrt_explorer.study.fitting.estimators import ESTIMATORS
from lrt_explorer.study.ground.progress import Progress, timed
from lrt_explorer.ui.cards import about, badges_card, notice, progress_bar, route, thousands
from lrt_explorer.ui.choices import belongs
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.plot import plot_html
from lrt_explorer.ui.setup_panel import MODEL_WORK, PARALLEL, opened
from lrt_explorer.ui.wiring import wire_stop
from lrt_explorer.workbench.cards import Methods
from lrt_explorer.workbench.session import Session

FIT, OWN_TEXT = "Fit a map", "Own text …"
TOKENS = (2_000, FIT_TOKENS, 1_000_000)
"""Fewest, preset and most token pairs to fit a map on."""


@dataclass(frozen=True)
class MapPanel:
    """The components that others read or write.

    Attributes:
        badges, method, path: what tells of the map in use: its figures, its estimator, how its setting was chosen.
        tokens: how many token pairs to use.
        corpus: a visitor's own text, as a path; None for the shipped one.
    """

    badges: gr.HTML
    method: gr.Dropdown
    path: gr.HTML
    tokens: gr.Number
    corpus: gr.State

    @property
    def shown(self) -> list[gr.components.Component]:
        """What tells of the map, in the order in which `show_map` gives it after the way of the vector."""
        return [self.badges, self.method, self.path]


def build_map(engine: Engine, session: gr.State) -> MapPanel:
    """Lay out the panel and wire what happens inside it."""
    methods = engine.methods()
    gr.HTML('<h2 class="section">Map</h2>')
    badges = gr.HTML(elem_id="badges")
    method = gr.Dropdown(
        _choices(methods), value=methods.at_once[0], label="Estimator", info=_method_help(methods), elem_id="method"
    )
    path = plot_html("path-plot")
    with gr.Accordion("Fit, load or save", open=False, elem_id="map-accordion") as ways:
        tokens = gr.Number(
            TOKENS[1],
            label="Tokens",
            info=f"how many to fit on, {thousands(TOKENS[0])} to {thousands(TOKENS[2])}",
            precision=0,
            step=1000,
            elem_id="tokens",
        )
        corpus = gr.State(None)
        with gr.Row(elem_classes="pairwise"):
            own_text = gr.UploadButton(OWN_TEXT, size="sm", file_types=list(ENDINGS), min_width=90, elem_id="own-text")
            no_text = gr.Button("Shipped text", size="sm", min_width=60, visible=False)
        with gr.Row(elem_classes="pairwise"):
            fit = gr.Button(FIT, variant="primary", size="sm", min_width=90)
            cancel = gr.Button("Cancel", size="sm", min_width=60, elem_classes="stop")
        with gr.Row(elem_classes="pairwise"):
            load = gr.UploadButton(
                "Load a map",
                size="sm",
                file_count="multiple",
                file_types=[".zip", ".json", ".safetensors"],
                min_width=90,
                elem_id="map-load",
            )
            save = gr.Button("Save the map", size="sm", min_width=90)
        download = gr.DownloadButton(visible="hidden", elem_id="map-download")
    status = gr.HTML(elem_id="map-status")

    model_work: dict[str, Any] = {
        "api_visibility": "private",
        "concurrency_id": MODEL_WORK,
        "concurrency_limit": PARALLEL,
        "show_progress": "hidden",
    }
    quick: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    method.input(partial(choose_method, engine), [session, method], [session, status], **model_work)
    own_text.upload(take_text, own_text, [corpus, own_text, no_text], **quick)
    no_text.click(drop_text, None, [corpus, own_text, no_text], **quick)
    fitted = fit.click(partial(fit_map, engine), [session, tokens, corpus], [session, status], **model_work)
    wire_stop(cancel, [fitted], status, cancelled)
    gr.on(
        [session.change, tokens.change],
        partial(offer_fit, engine),
        [session, tokens],
        [fit, ways],
        trigger_mode="always_last",
        **quick,
    )
    load.upload(partial(load_map, engine), [session, load], [session, status], **model_work)
    saved = save.click(partial(save_map, engine), session, [download, status], **model_work)
    saved.success(None, js="() => document.querySelector('#map-download').click()", api_visibility="private")
    return MapPanel(badges, method, path, tokens, corpus)


@guarded(lambda sentence: (gr.skip(), notice(sentence), gr.skip(), gr.skip()))
def show_map(engine: Engine, session: Session | None, concept: str) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Show the way of the vector, and of its map: the figures, the estimator, how its setting was chosen."""
    if session is None or not belongs(engine, session, concept):
        # The concept is about to follow the pair, and asks again.
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
        return
    badges = engine.badges(session, concept)
    methods = engine.methods()
    used = session.method or methods.at_once[0] if badges is None else badges.method
    path = badges.path if badges is not None else None
    yield (
        route(session, badges),
        badges_card(session, badges, engine.concept(session, concept).name),
        gr.Dropdown(_choices(methods, used), value=used),
        "" if path is None else path_figure(path.points, path.chosen, path.setting, path.unit).to_json(),
    )


def offer_fit(engine: Engine, session: Session | None, tokens: float | None) -> tuple[Any, Any]:
    """Say on the button how long a fit takes, where that is known, and show it where there is no map."""
    if session is None:
        return gr.skip(), gr.skip()
    seconds = engine.fit_seconds(session, int(tokens or 0))
    label = FIT if seconds is None or not tokens else f"{FIT} ({about(seconds)})"
    return gr.Button(label), gr.skip() if session.map_folder else gr.Accordion(open=True)


def cancelled() -> str:
    """What a cancelled fit leaves."""
    return notice("Cancelled; the map in use is unchanged, and what was read is kept.", "hint")


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def choose_method(engine: Engine, session: Session | None, method: str) -> Iterator[tuple[Any, str]]:
    """Take another estimator, and solve the map anew where no text need be read for it."""
    name = ESTIMATORS.label(method)
    yield gr.skip(), progress_bar(Progress(0, 1, f"looking for a {name} map"))
    chosen = engine.with_method(opened(session), method)
    if chosen.map_folder:
        yield chosen, notice(f"{name} is in use.", "good")
    else:
        yield chosen, notice(f"No text was read for a {name} map at these layers yet; fit one.", "hint")


def take_text(file: str) -> tuple[str, gr.UploadButton, gr.Button]:
    """Fit on a visitor's own text from now on."""
    return file, gr.UploadButton(Path(file).name), gr.Button(visible=True)


def drop_text() -> tuple[None, gr.UploadButton, gr.Button]:
    """Fit on the shipped text again."""
    return None, gr.UploadButton(OWN_TEXT), gr.Button(visible=False)


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def fit_map(
    engine: Engine, session: Session | None, tokens: float | None, corpus: str | None
) -> Iterator[tuple[Any, str]]:
    """Fit a map at the layers shown, with progress."""
    asked = asked_tokens(tokens)
    fitting = timed(engine.fit(opened(session), asked, Path(corpus) if corpus else None))
    while True:
        try:
            step = next(fitting)
        except StopIteration as stop:
            yield stop.value, notice("Fitted and in use.", "good")
            return
        yield gr.skip(), progress_bar(step)


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def load_map(engine: Engine, session: Session | None, files: Sequence[str] | None) -> Iterator[tuple[Any, str]]:
    """Take a map from files."""
    loaded = engine.import_map(opened(session), [Path(name) for name in files or ()])
    yield loaded, notice("Loaded and in use.", "good")


@guarded(lambda sentence: (gr.skip(), notice(sentence)))
def save_map(engine: Engine, session: Session | None) -> Iterator[tuple[Any, str]]:
    """Hand the map to the browser as one zip file."""
    archive = engine.export_map(opened(session))
    yield gr.DownloadButton(value=str(archive)), notice(f"Saved as {archive.name}.", "good")


def asked_tokens(tokens: float | None) -> int:
    """How many token pairs to use.

    Raises:
        SettingsError: if that is too few, too many, or not said.
    """
    if tokens is None or not TOKENS[0] <= tokens <= TOKENS[2]:
        raise SettingsError(f"choose between {thousands(TOKENS[0])} and {thousands(TOKENS[2])} tokens to fit on")
    return int(tokens)


def _choices(methods: Methods, used: str = "") -> list[tuple[str, str]]:
    """The estimators to choose from; a map that came by another one is named, too."""
    offered = [*methods.at_once, *([used] if used and used not in methods.at_once else [])]
    return [(ESTIMATORS.label(method), method) for method in offered]


def _method_help(methods: Methods) -> str:
    slow = (
        f"; {' and '.join(methods.by_command)} take minutes, by lrt-explorer fit --method" if methods.by_command else ""
    )
    return f"how the map is found from what was read{slow}"
