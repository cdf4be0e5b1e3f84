"""The Map panel: the figures of the map in use, its estimator, and ways to fit, load and save one."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import gradio as gr
from gradio.blocks import Block
from markupsafe import Markup

from lrt_explorer.defaults import FIT_TOKENS
from lrt_explorer.errors import SettingsError
from lrt_explorer.plots import path_figure
from lrt_explorer.study.corpora.files import ENDINGS
from lrt_explorer.study.fitting.estimators import ESTIMATORS
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.ui.cards import about, badges_card, map_line, map_notice, notice, progress_bar, route, thousands
from lrt_explorer.ui.choices import belongs
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.newest import Newest, SupersededError
from lrt_explorer.ui.plot import drawn, plot_html
from lrt_explorer.ui.result_key import ResultKey, keyed, session_values
from lrt_explorer.ui.setup_panel import opened
from lrt_explorer.ui.wiring import (
    MODEL_WORK,
    QUICK,
    Outputs,
    guarded_by,
    nothing,
    progress_in,
    run_study,
    to_status,
    wire_run,
    wire_save,
)
from lrt_explorer.workbench.cards import Methods
from lrt_explorer.workbench.session import Session

FIT, OWN_TEXT = "Fit a map", "Own text …"
NO_NOTICE = Markup("<i></i>")
"""What stands for a notice where there is none."""
TOKENS = (2_000, FIT_TOKENS, 1_000_000)
"""Fewest, preset and most token pairs to fit a map on."""


class MapPanel:
    """The panel, with the components that others read or write.

    Attributes:
        route: the path of the vector through the map, at the head of the screen.
        notice: what must be known of the map in use, or that there is none.
        figures: folds its figures into one line until asked for.
        badges, method, path: the figures, its estimator, how its setting was chosen.
        used: the estimator that the list showed last by itself.
        tokens: how many token pairs to use.
        corpus: a visitor's own text, as a path; None for the shipped one.
        status: progress and errors.
    """

    def __init__(self, engine: Engine, session: gr.State, route: gr.HTML, opening: Newest) -> None:
        """Lay out the panel and wire what happens inside it.

        Args:
            engine: the studies.
            session: the visitor's.
            route: the path of the vector.
            opening: which pair was asked for last; a map for another one is not taken into use.
        """
        self.engine, self.session, self.route, self.opening = engine, session, route, opening
        methods = engine.methods()
        gr.HTML('<h2 class="section">Map</h2>')
        self.notice = gr.HTML(elem_id="map-notice")
        with gr.Accordion("Figures", open=False, visible=False, elem_id="map-figures") as self.figures:
            self.badges = gr.HTML(elem_id="badges")
            self.path = plot_html("path-plot")
        self.method = gr.Dropdown(
            _choices(methods), value=methods.at_once[0], label="Estimator", info=_method_help(methods), elem_id="method"
        )
        self.used = gr.State(methods.at_once[0])
        with gr.Accordion("Fit, load or save", open=False, elem_id="map-accordion") as self.ways:
            self.tokens = gr.Number(
                TOKENS[1],
                label="Tokens",
                info=f"token pairs to fit on, {thousands(TOKENS[0])} to {thousands(TOKENS[2])}",
                step=1000,
                elem_id="tokens",
            )
            self.corpus = gr.State(None)
            with gr.Row(elem_classes="pairwise"):
                self.own_text = gr.UploadButton(
                    OWN_TEXT, size="sm", file_types=list(ENDINGS), min_width=90, elem_id="own-text"
                )
                self.no_text = gr.Button("Shipped text", size="sm", min_width=60, visible=False)
            with gr.Row(elem_classes="pairwise"):
                self.fit = gr.Button(FIT, variant="primary", interactive=False, size="sm", min_width=90)
                self.stop = gr.Button("Stop", interactive=False, size="sm", min_width=60, elem_id="map-stop")
            with gr.Row(elem_classes="pairwise"):
                self.load = gr.UploadButton(
                    "Load a map",
                    size="sm",
                    file_count="multiple",
                    file_types=[".zip", ".json", ".safetensors"],
                    interactive=False,
                    min_width=90,
                    elem_id="map-load",
                )
                self.save = gr.Button("Save the map", interactive=False, size="sm", min_width=90, elem_id="map-save")
        self.status = gr.HTML(elem_id="map-status")
        self._wire()

    @property
    def shown(self) -> list[Block]:
        """What `on_map_changed` writes to."""
        return [self.route, self.notice, self.figures, self.badges, self.method, self.used, self.path, self.save]

    def _wire(self) -> None:
        in_use: list[Block] = [self.session, self.status]
        text: list[Block] = [self.corpus, self.own_text, self.no_text]
        chosen = [self.session, self.method, self.used]
        self.method.input(self.on_estimator_chosen, chosen, in_use, **MODEL_WORK)
        self.own_text.upload(self.on_text_uploaded, [self.session, self.own_text], text, **QUICK)
        self.no_text.click(self.on_shipped_text_clicked, None, text, **QUICK)
        asked = [self.session, self.tokens, self.corpus]
        wire_run(self.fit, self.stop, self.on_fit_clicked, asked, in_use, self.status, stopped)
        gr.on(
            [self.session.change, self.tokens.change],
            self.on_tokens_changed,
            [self.session, self.tokens],
            [self.fit, self.ways],
            **QUICK,
        )
        self.load.upload(self.on_map_uploaded, [self.session, self.load], in_use, **MODEL_WORK)
        wire_save(self.save, self.map_file, [self.session], self.status, wired=MODEL_WORK)

    @guarded_by(to_status)
    def on_estimator_chosen(self, session: Session | None, method: str, used: str) -> Iterator[Outputs]:
        """Use another estimator, with a map by it where one is saved or can be solved without reading a text.

        Where the list was only left, the map in use stays: it may be another one than would be found by the same name.
        """
        if method == used:
            yield nothing()
            return
        name = ESTIMATORS.label(method)
        yield {self.status: progress_bar(Progress(0, 1, f"looking for a {name} map"))}
        wanted = self.opening.now()
        chosen = self.engine.with_method(opened(session), method)
        if self.opening.now() != wanted:
            yield {self.status: ""}
            return
        if chosen.map_folder:
            said = _in_use(chosen, f"{name} is in use.")
        else:
            said = keyed(
                ResultKey(session_values(chosen)),
                notice(f"There is no {name} map at these layers yet; fit one.", "hint"),
            )
        yield {self.session: chosen, self.status: said}

    def on_text_uploaded(self, session: Session | None, file: str) -> Outputs:
        """Fit on a visitor's own text from now on."""
        return {
            self.corpus: str(self.engine.keep_text(session, Path(file))),
            self.own_text: gr.UploadButton(Path(file).name),
            self.no_text: gr.Button(visible=True),
        }

    def on_shipped_text_clicked(self) -> Outputs:
        """Fit on the shipped text again."""
        return {self.corpus: None, self.own_text: gr.UploadButton(OWN_TEXT), self.no_text: gr.Button(visible=False)}

    @guarded_by(to_status)
    def on_fit_clicked(self, session: Session | None, tokens: float | None, corpus: str | None) -> Iterator[Outputs]:
        """Fit a map at the layers shown, with progress."""
        asked = asked_tokens(tokens)
        fitting = self.engine.fit(opened(session), asked, Path(corpus) if corpus else None)
        try:
            fitted = yield from run_study(self.opening.watch(fitting), progress_in(self.status))
        except SupersededError:
            yield {self.status: stopped()}
            return
        yield {self.session: fitted, self.status: _in_use(fitted, "Fitted and in use.")}

    def on_tokens_changed(self, session: Session | None, tokens: float | None) -> Outputs:
        """Write on the button how long a fit takes, if known, and open its section if there is no map."""
        if session is None:
            return nothing()
        seconds = self.engine.fit_seconds(session, int(tokens or 0))
        label = FIT if seconds is None or not tokens else f"{FIT} ({about(seconds)})"
        ways: Outputs = {} if session.map_folder else {self.ways: gr.Accordion(open=True)}
        return {self.fit: gr.Button(label), **ways}

    @guarded_by(to_status)
    def on_map_uploaded(self, session: Session | None, files: Sequence[str] | None) -> Iterator[Outputs]:
        """Use a map from files."""
        loaded = self.engine.import_map(opened(session), [Path(name) for name in files or ()])
        yield {self.session: loaded, self.status: _in_use(loaded, "Loaded and in use.")}

    def map_file(self, session: Session | None) -> Path:
        """The map as one zip file.

        Raises:
            LRTError: if there is none.
        """
        return self.engine.export_map(opened(session))

    @guarded_by(lambda panel, sentence: {panel.notice: notice(sentence)})
    def on_map_changed(self, session: Session | None, concept: str) -> Iterator[Outputs]:
        """Show the path of the vector and the figures of its map."""
        if session is None or not belongs(self.engine, session, concept):
            # The concept is about to follow the pair, and asks again.
            yield nothing()
            return
        badges = self.engine.badges(session, concept)
        methods = self.engine.methods()
        used = session.method or methods.at_once[0] if badges is None else badges.method
        path = badges.path if badges is not None else None
        card = self.engine.concept(session, concept)
        key = ResultKey(session_values(session))
        of_concept = ResultKey({**session_values(session), "concept": concept}, {"concept": card.title})
        yield {
            self.route: keyed(key, route(session, badges)),
            # Always there, so that the line of the figures, which no key can be put on, is dimmed with it.
            self.notice: keyed(of_concept, map_notice(session, badges) or NO_NOTICE),
            self.figures: gr.Accordion("" if badges is None else map_line(badges), visible=badges is not None),
            self.badges: "" if badges is None else keyed(of_concept, badges_card(badges, card.name)),
            self.method: gr.Dropdown(_choices(methods, used), value=used),
            self.used: used,
            self.save: gr.Button(interactive=badges is not None),
            self.path: ""
            if path is None
            else drawn(path_figure(path.points, path.chosen, path.setting, path.unit), key),
        }


def _in_use(session: Session, sentence: str) -> Markup:
    """A sentence about the map in use, for as long as it is."""
    return keyed(ResultKey(session_values(session)), notice(sentence, "good"))


def stopped() -> str:
    """What a stopped fit leaves."""
    return notice("Stopped. The map in use is unchanged, and what was read is kept.", "hint")


def asked_tokens(tokens: float | None) -> int:
    """How many token pairs to use.

    Raises:
        SettingsError: if that is too few, too many, or not given.
    """
    if tokens is None or tokens != int(tokens) or not TOKENS[0] <= tokens <= TOKENS[2]:
        raise SettingsError(
            f"choose a whole number between {thousands(TOKENS[0])} and {thousands(TOKENS[2])} tokens to fit on"
        )
    return int(tokens)


def _choices(methods: Methods, used: str = "") -> list[tuple[str, str]]:
    """The estimators to choose from, and that of the map in use if it is not among them."""
    offered = [*methods.at_once, *([used] if used and used not in methods.at_once else [])]
    return [(ESTIMATORS.label(method), method) for method in offered]


def _method_help(methods: Methods) -> str:
    slow = f"; {' and '.join(methods.by_command)} take minutes: lrt-explorer fit --method" if methods.by_command else ""
    return f"how the map is computed{slow}"
