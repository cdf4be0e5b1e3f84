"""Opening a pair: load both models, fit a first map where there is none, and let the screen follow at once."""

from collections.abc import Generator, Iterator
from dataclasses import replace

import gradio as gr
from gradio.blocks import Block

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.errors import SettingsError
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.ui.asker import page
from lrt_explorer.ui.cards import about, notice, opening_banner, pair_name, progress_bar
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.linking import Linking
from lrt_explorer.ui.map_panel import MapPanel
from lrt_explorer.ui.newest import PAGES, Newest, SupersededError
from lrt_explorer.ui.result_key import ResultKey, keyed, session_values
from lrt_explorer.ui.setup_panel import OTHER, SetupPanel, opened
from lrt_explorer.ui.stage import READING, Stage
from lrt_explorer.ui.turns import InLine
from lrt_explorer.ui.wiring import (
    AT_ONCE,
    MODEL_WORK,
    QUICK,
    Outputs,
    guarded_by,
    noted,
    nothing,
    on_busy_changed,
    progress_in,
    run_study,
    to_status,
    wire_stop,
)
from lrt_explorer.workbench.cards import PairCard
from lrt_explorer.workbench.links import View
from lrt_explorer.workbench.session import Session
from lrt_explorer.workbench.starting_points import first_fit_tokens

LONGEST_UNASKED = 600.0
"""Seconds that a first map may take to be fitted without being asked for."""
LEFT_BEHIND = ("", "")
"""Under way where an opening has ended and what it had put up is still on the screen."""
FITTING = "There is no map between these layers yet. One is being fitted; the texts follow …"


class Opening:
    """Everything that opens a pair or moves to other layers.

    Attributes:
        first: the event of the first opening.
    """

    def __init__(
        self,
        engine: Engine,
        app: gr.Blocks,
        session: gr.State,
        setup: SetupPanel,
        map_panel: MapPanel,
        stage: Stage,
        linking: Linking,
    ) -> None:
        """Wire it; the stage must be complete."""
        self.linking, self.newest = linking, setup.newest
        self._underway: BoundedCache[str, tuple[str, str] | None] = BoundedCache(PAGES)
        self.engine, self.session, self.setup, self.map_panel, self.stage = engine, session, setup, map_panel, stage
        self.status, self.tokens = setup.status, map_panel.tokens
        pair: list[Block] = [session, setup.small_layer, setup.large_layer]
        outputs: list[Block] = [
            *(*pair, self.status, self.tokens, setup.stop, setup.suggest, setup.pair, setup.reason),
            *stage.outputs,
        ]
        named: list[Block] = [setup.others, setup.small, setup.large]
        texts = linking.steer.texts.of_page
        on_page = list(dict.fromkeys([*outputs, *named, *linking.outputs, *texts]))
        self.first = app.load(self.on_page_loaded, session, on_page, **MODEL_WORK)
        setup.pair.input(self.on_other_pair_chosen, [session, setup.pair], None, **AT_ONCE)
        setup.use.click(self.on_other_models_asked, [setup.small, setup.large], None, **AT_ONCE)
        last = Newest()
        runs = [
            self.first,
            setup.pair.input(noted(self.on_pair_chosen, last), [session, setup.pair], outputs, **MODEL_WORK),
            setup.use.click(
                noted(self.on_open_clicked, last), [session, setup.small, setup.large], outputs, **MODEL_WORK
            ),
            setup.suggest.click(
                noted(self.on_suggest_clicked, last),
                session,
                [*pair, setup.reason, setup.stop, setup.suggest, *stage.outputs],
                **MODEL_WORK,
            ),
        ]
        setup.stop.click(self.on_stopped, [session, setup.pair], [setup.stop, setup.suggest, setup.pair], **QUICK)
        wire_stop(setup.stop, runs, self.status, stopped, last, [session], [stage.banner, setup.reason])
        gr.on(
            [setup.small_layer.change, setup.large_layer.change],
            self.on_layers_changed,
            pair,
            [session, self.status, setup.reason, *stage.outputs],
            **QUICK,
        )

    def on_page_loaded(self, old: Session | None, request: gr.Request) -> Iterator[Outputs]:
        """Open the pair at the head of the list, or what the page's address asks for."""
        view, trouble = self.linking.read(dict(request.query_params))
        texts = self.linking.steer.texts
        first = self.engine.pairs()[0]
        as_shipped = view == View(small=first.small, large=first.large, tab=view.tab)
        yield {**self.linking.restored(view, trouble), **({} if as_shipped else texts.blank())}
        yield self._named(view.small, view.large)
        for step in self._open(old, view, trouble):
            opened = step.get(self.session) if as_shipped else None
            yield step if opened is None else {**step, **texts.on_page_opened(opened)}

    def on_pair_chosen(self, old: Session | None, name: str) -> Iterator[Outputs]:
        """Open a pair of the list; the entry for other models waits for their names."""
        if name == OTHER:
            # A handler that yields nothing would empty what it writes to.
            yield {self.status: ""}
            return
        card = next(card for card in self.engine.pairs() if card.name == name)
        if self._is_there(old, card):
            yield self._stays(card)
            return
        opened = False
        for step in self._open(old, View(small=card.small, large=card.large), []):
            opened = opened or self.session in step
            # If it could not be opened, the list shows again what is open.
            failed = not opened and step.get(self.stage.banner) == ""
            yield {**step, **self._listed(old)} if failed else step

    @guarded_by(lambda opening, sentence: opening.failed(sentence))
    def on_open_clicked(self, old: Session | None, small: str, large: str) -> Iterator[Outputs]:
        """Load two models and show their layers; without a map between these, fit a first one."""
        yield from self._open(old, View(small=small.strip(), large=large.strip()), [])

    def on_other_pair_chosen(self, old: Session | None, name: str) -> None:
        """End what opens another pair at its next step; what runs for this one goes on."""
        for card in self.engine.pairs():
            underway = self._underway.get(page())
            if card.name == name and not (self._is_there(old, card) and underway in (None, _of(card))):
                self.newest.move(_of(card))

    def on_other_models_asked(self, small: str, large: str) -> None:
        """The same for models that were named."""
        self.newest.move(_models(small, large))

    def on_stopped(self, session: Session | None, name: str) -> Outputs:
        """Let layers be suggested again, and show in the list what is open."""
        return {**self._busy(False), **({} if name == OTHER else self._listed(session))}

    def _is_there(self, session: Session | None, card: PairCard) -> bool:
        """Whether a pair of the list is open, or is being opened on this page."""
        is_open = session is not None and (session.small, session.large) == _of(card)
        return is_open or self._underway.get(page()) == _of(card)

    def _stays(self, card: PairCard) -> Outputs:
        """What is open was chosen again, or the list was only left: nothing is opened, nor is a map fitted.

        Where another one was being opened instead, that has ended without a word, and what it had put up goes.
        """
        if self._underway.get(page()) in (None, _of(card)):
            return nothing()
        self._underway.keep(page(), None)
        return {self.status: "", self.stage.banner: "", **self._busy(False)}

    @guarded_by(lambda opening, sentence: opening.failed(sentence))
    def _open(self, old: Session | None, view: View, trouble: list[str]) -> Iterator[Outputs]:
        asking, models = page(), _models(view.small, view.large)
        self._underway.keep(asking, models)
        leaves = None
        try:
            yield from self.newest.study(models, self._opened(old, view, trouble))
        except SupersededError:
            # It leaves without a word what it had put up; whatever is chosen instead takes it away.
            leaves = LEFT_BEHIND
            raise
        finally:
            if self._underway.get(asking) == models:
                self._underway.keep(asking, leaves)

    def _opened(self, old: Session | None, view: View, trouble: list[str]) -> Generator[Outputs, None, None]:
        names = (view.small, view.large)
        if not all(names):
            raise SettingsError("name both models; a preset, a folder, a GGUF file or a hub id each")

        def underway(step: Progress) -> Outputs:
            banner = opening_banner(*names, old, step)
            return {
                self.status: progress_bar(step),
                self.stage.banner: banner,
                **self._busy(True),
            }

        session = yield from run_study(self.engine.open(*names), underway)
        if old is not None and old.own:
            # One place for each visitor, however many pairs they open.
            self.engine.forget(session)
            session = replace(session, own=old.own)
            session = self.engine.at_layers(session, session.small_layer, session.large_layer)
        session = self.linking.at_layers(view, session, trouble)
        open_now: Outputs = {self.session: session, **self.setup.show_layers(session), self.status: ""}
        if session != old:
            # It is why other layers, or those of other models, were suggested.
            open_now[self.setup.reason] = ""
        if trouble:
            open_now[self.linking.linked] = self.linking.said(trouble)
        if session.map_folder:
            # Nobody would be told of a session that has not changed, and what was blanked would stay so.
            rest: Outputs = {self.stage.banner: ""} if session == old else self.stage.blank(READING)
            yield {**open_now, **rest, **self._busy(False)}
            return
        # Nothing of the old pair is left to be dimmed.
        old, tokens = None, first_fit_tokens(session.small_width)
        yield {**open_now, self.tokens: tokens, **self.stage.blank(FITTING, opening_banner(*names, None))}
        yield from map(underway, self.engine.time_fit(session))
        seconds = self.engine.fit_seconds(session, tokens)
        if seconds is not None and seconds > LONGEST_UNASKED:
            said = f"A first map takes {about(seconds)} to fit; press Fit a map to begin."
            yield {
                self.status: notice(said, "hint"),
                self.stage.banner: "",
                **self._busy(False),
            }
            return

        has_begun = False

        def fitting(step: Progress) -> Outputs:
            nonlocal has_begun
            if isinstance(step, InLine):
                return underway(step)
            has_begun = has_begun or step.done > 0
            # Before the first batch is read, the timing is all there is; a later phase begins with nothing done too.
            left = step.left if has_begun or step.left is not None else seconds
            return underway(replace(step, left=left, message=f"fitting a first map: {step.message}"))

        fitted = yield from run_study(self.engine.fit(session, tokens, None), fitting)
        yield {
            self.session: fitted,
            self.status: "",
            **self.stage.blank(READING),
            **self._busy(False),
        }

    @guarded_by(lambda opening, sentence: opening.not_suggested(sentence))
    def on_suggest_clicked(self, session: Session | None) -> Iterator[Outputs]:
        """Pick layers by held-out evidence and say why."""
        current, reason = opened(session), self.setup.reason
        yield self._busy(True)
        suggesting = self.newest.study(("suggest",), self.engine.suggest(current))
        found = yield from run_study(suggesting, progress_in(reason))
        chosen = self.engine.at_layers(current, found.small_layer, found.large_layer)
        said = notice(found.reason, "good")
        yield {
            self.session: chosen,
            **self.setup.show_layers(chosen),
            reason: keyed(ResultKey(session_values(chosen)), said),
            **self._busy(False),
            **self.stage.move(current, chosen),
        }

    def failed(self, sentence: str) -> Outputs:
        """Why no pair was opened; what was shown before is no longer dimmed."""
        return {self.status: notice(sentence), self.stage.banner: "", **self._busy(False)}

    def not_suggested(self, sentence: str) -> Outputs:
        """Why no layers were suggested."""
        return {self.setup.reason: notice(sentence), **self._busy(False)}

    def _busy(self, busy: bool) -> Outputs:
        """While a pair is opened, it can be stopped, and no layers can be suggested for the one before."""
        return {self.setup.stop: on_busy_changed(busy), self.setup.suggest: gr.Button(interactive=not busy)}

    def _listed(self, session: Session | None) -> Outputs:
        """Show in the list of pairs what is open."""
        return {} if session is None else {self.setup.pair: self._name(session.small, session.large)}

    def _named(self, small: str, large: str) -> Outputs:
        """Show in the list what is to be opened, by the names of its models if it is not one of the list."""
        if (name := self._name(small, large)) != OTHER:
            return {self.setup.pair: name}
        names: Outputs = {self.setup.small: small, self.setup.large: large}
        return {self.setup.pair: OTHER, self.setup.others: gr.Column(visible=True), **names}

    def _name(self, small: str, large: str) -> str:
        cards = self.engine.pairs()
        return next((card.name for card in cards if (card.small, card.large) == (small, large)), OTHER)

    @guarded_by(lambda opening, sentence: {**to_status(opening, sentence), opening.setup.reason: ""})
    def on_layers_changed(
        self, session: Session | None, small_layer: float | None, large_layer: float | None
    ) -> Iterator[Outputs]:
        """Move to other layers, with an existing map for them if there is one."""
        if small_layer is None or large_layer is None or small_layer % 1 or large_layer % 1:
            raise SettingsError("give both layers as whole numbers, counted from 0")
        if session is None or (small_layer, large_layer) == (session.small_layer, session.large_layer):
            yield {self.status: ""}
            return
        chosen = self.engine.at_layers(session, int(small_layer), int(large_layer))
        yield {self.session: chosen, self.status: "", self.setup.reason: "", **self.stage.move(session, chosen)}


def _models(small: str, large: str) -> tuple[str, str]:
    return small.strip(), large.strip()


def _of(card: PairCard) -> tuple[str, str]:
    return card.small, card.large


def stopped(session: Session | None) -> str:
    """What stands under Models after Stop."""
    if session is None:
        return notice("Stopped; no models are open. Choose a pair.", "hint")
    pair = pair_name(session.small, session.large)
    if session.map_folder:
        return notice(f"Stopped; {pair} is open.", "hint")
    return notice(
        f"Stopped; {pair} is open without a map. What was read is kept; Fit a map continues from there.", "hint"
    )
