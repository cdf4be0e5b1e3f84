"""The texts of the Steer tab: what they are asked with, how they are shown while they are written, and after it."""

from collections.abc import Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from gradio.blocks import Block

from lrt_explorer.errors import SettingsError
from lrt_explorer.plots import ARM_STYLES
from lrt_explorer.study.compare import Arm, Comparison, ComparisonStep
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.arms import UNSTEERED, chosen_arms
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.cards import added, notice, progress_bar
from lrt_explorer.ui.choices import belongs
from lrt_explorer.ui.finished import FinishedTexts
from lrt_explorer.ui.newest import SupersededError
from lrt_explorer.ui.pace import paced
from lrt_explorer.ui.panes import panes, waiting_panes, writing_line
from lrt_explorer.ui.pin import Pin
from lrt_explorer.ui.result_key import keyed
from lrt_explorer.ui.share_panel import Compared
from lrt_explorer.ui.stage import BLANK, READING
from lrt_explorer.ui.steer_controls import SteerControls, check_elsewhere, within
from lrt_explorer.ui.steer_layout import OPENING, SteerLayout
from lrt_explorer.ui.strength import Tuned, can_write, writable
from lrt_explorer.ui.turns import InLine
from lrt_explorer.ui.wiring import STOPPED, Outputs, guarded_by, nothing, on_busy_changed, run_study
from lrt_explorer.workbench.cards import ConceptCard
from lrt_explorer.workbench.session import Session

NO_MAP = (
    "There is no map between these layers yet. Fit one under Map, or switch off the arms that need one under More "
    "settings."
)
WITHOUT = "There is no map between these layers yet, so {} cannot be written. Fit one under Map."


@dataclass(frozen=True)
class Settled:
    """The unsteered arm of a finished comparison, shown again for as long as only the steering changes.

    Attributes:
        key: everything the unsteered text and its scores depend on.
        vectors: what the vectors depend on that it was shown beside.
    """

    key: tuple[object, ...]
    arm: Arm
    vectors: tuple[object, ...] = ()


class SteerTexts:
    """What writes the arms."""

    def __init__(self, layout: SteerLayout) -> None:
        """Remember the components."""
        self.engine, self.newest, self.written = layout.engine, layout.newest, layout.written
        self.first = layout.first
        self.panes, self.said, self.added, self.trouble = layout.panes, layout.said, layout.added, layout.trouble
        self.settled, self.compared, self.stop = layout.settled, layout.compared, layout.stop
        self.due, self.partly, self.shown = layout.due, layout.partly, layout.pins.shown
        self.known = layout.known

    def on_other_texts_asked(self, asked: SteerControls) -> None:
        """End what is written for other values at its next token, unless these cannot be written for."""
        with suppress(SettingsError):
            asked.spec()
            self.newest.move(asked)

    def on_texts_wanted(self, due: int, compared: Compared | None) -> Outputs:
        """Ask for a comparison with the controls as they stand now, even if it is shown already."""
        return {self.due: due + 1, self.compared: compared and replace(compared, again=True)}

    def on_vectors_known(self, due: int, compared: Compared | None, tuned: Tuned | None, known: Hashable) -> Outputs:
        """Ask for a comparison, which writes the texts anew only if the vectors may have changed since it last did.

        Of texts that ship they have not, nor where a list was only left, of which the page tells too.

        Args:
            due: a count that goes up to ask.
            compared: the comparison that is shown.
            tuned: which vectors the slider is set for now.
            known: for which it was when this was asked last.
        """
        key = None if tuned is None else tuned.key
        same = key is not None and key == known
        if same or (compared is not None and compared.shipped):
            return {self.due: due + 1, self.known: key}
        return {**self.on_texts_wanted(due, compared), self.known: key}

    @guarded_by(lambda tab, sentence: tab.failed(sentence))
    def on_texts_asked(
        self,
        session: Session | None,
        settled: Settled | None,
        partly: int,
        compared: Compared | None,
        asked: SteerControls,
    ) -> Iterator[Outputs]:
        """Write all arms side by side, token by token.

        Args:
            session: the visitor's.
            settled: the unsteered arm of the last comparison.
            partly: goes up if the vectors are from a few pairs only.
            compared: the comparison whose texts are shown, whole; it is not written twice unless it is to be again.
            asked: what the controls hold.
        """
        if session is None:
            # The texts that came with the pair stay.
            said = notice("The models are not open yet; the texts follow when they are.", "hint")
            yield {self.trouble: said, self.stop: on_busy_changed(False)}
            return
        if not belongs(self.engine, session, asked.concept):
            # The old pair's; the list of concepts follows the pair, and asks again.
            yield nothing()
            return
        asked = within(self.engine, session, asked)
        if not can_write(session, asked.arms):
            self.written.move(BLANK)
            yield {
                self.panes: waiting_panes(NO_MAP, idle=True, arms=chosen_arms(asked.arms)),
                **dict.fromkeys((self.said, self.added, self.trouble), ""),
                self.stop: on_busy_changed(False),
            }
            return
        # What needs a map waits for one; the rest does not.
        rest = writable(session, asked.arms)
        missing = [ARM_STYLES[arm].label for arm in chosen_arms(asked.arms) if arm not in (UNSTEERED, *rest)]
        lacking = notice(WITHOUT.format(" and ".join(missing)), "hint") if missing else ""
        try:
            spec, prompt = replace(asked, arms=rest).spec(), asked.prompt
            check_elsewhere(session, spec)
        except SettingsError as error:
            # Texts that were broken off for this one are not left as if they went on, nor are those of other models or
            # layers, which have been blanked.
            stays: Outputs = {self.trouble: notice(str(error)), self.stop: on_busy_changed(False)}
            same = compared is not None and compared.session == session and self._holds(compared)
            yield stays if same else self.failed(str(error))
            return
        card = self.engine.concept(session, asked.concept)
        made = asked.key(session, card)
        # Settings that mean the same but read otherwise, such as a message with a space behind it, are written for
        # again, since the page would dim the texts.
        wanted = Compared(session, spec)
        if compared == wanted and compared.key.shows_as(made) and self._holds(compared):
            yield {self.trouble: lacking}
            return
        key = unsteered_key(session, spec, card)
        still = settled.arm if settled is not None and settled.key == key else None

        def show(step: Progress | ComparisonStep) -> Outputs:
            if isinstance(step, InLine):
                return {self.added: progress_bar(step)}
            if isinstance(step, Progress):
                return {self.panes: waiting_panes(READING, arms=spec.arms), self.added: progress_bar(step)}
            written = panes(step.arms, prompt, card, busy=True, settled=still)
            return {self.panes: keyed(made, written), self.added: writing_line(step)}

        # Before Stop can be pressed, so that no stop comes too early to be noted.
        comparing = paced(self.newest.study(asked, self.engine.compare(session, spec)))
        # Not in `compared`, whose changes the page would have to be told of, while it waits for texts.
        self.written.move(wanted)
        yield {self.added: writing_line(None), self.trouble: lacking, self.stop: on_busy_changed(True)}
        try:
            done = yield from run_study(comparing, show)
        except SupersededError:
            if self.newest.now() == STOPPED:
                # What is shown is whole no more, so it can be neither pinned nor taken for what was compared.
                yield {self.compared: None}
            raise
        more: Outputs = {} if pairs_read(done, card) >= card.pairs else {self.partly: partly + 1}
        evidence = self.engine.shipped_evidence(session) if self._is_as_evaluated(session, asked) else None
        texts = FinishedTexts.of(done, made, session, card, evidence)
        finished = self._finished(done, texts, Compared(session, spec, made), asked, card)
        yield {**finished, self.stop: on_busy_changed(False), **more}

    def _is_as_evaluated(self, session: Session, asked: SteerControls) -> bool:
        """Whether the evidence that ships is of what is steered with; a set of the visitor's may have its name."""
        ships = {card.name for card in self.engine.concepts(session)}
        return asked.concept in ships and asked.is_plain

    def _holds(self, compared: Compared) -> bool:
        """Whether the panes hold this comparison, and not the beginning of another, or nothing."""
        return self.written.now() in (None, replace(compared, again=False))

    @property
    def of_page(self) -> list[Block]:
        """What `on_page_opened` and `blank` write to."""
        return [self.panes, self.said, self.added, self.compared, self.shown, self.settled]

    def on_page_opened(self, session: Session) -> Outputs:
        """Take the texts that ship for the comparison of a pair that was opened as it ships; else nothing."""
        first = self.first
        if first is None or replace(session, own="") != first.first.session:
            return {}
        compared = Compared(session, first.first.spec, first.made, shipped=True)
        # Opening has blanked the panes in the same step.
        self.written.move(compared)
        return self._finished(first.first.comparison, first.texts, compared, first.asked, first.card)

    def blank(self) -> Outputs:
        """Before the models are open: no texts, because those that ship are not what the page will show."""
        return {self.panes: waiting_panes(OPENING), self.said: "", self.added: ""}

    def _finished(
        self, done: Comparison, texts: FinishedTexts, compared: Compared, asked: SteerControls, card: ConceptCard
    ) -> Outputs:
        """A comparison on the page, and what the page remembers of it."""
        session = compared.session
        unsteered = next(arm for arm in done.arms if arm.name == UNSTEERED)
        vectors = (session, asked.reading, asked.vectors, pairs_read(done, card))
        return {
            **{self.panes: texts.panes, self.said: texts.said, self.added: texts.added},
            self.compared: compared,
            self.shown: Pin.of(done, session, asked, card),
            self.settled: Settled(unsteered_key(session, compared.spec, card), unsteered, vectors),
        }

    def failed(self, sentence: str) -> Outputs:
        """Empty panes with what went wrong."""
        return {
            self.panes: waiting_panes(sentence, kind="bad"),
            **dict.fromkeys((self.said, self.added, self.trouble), ""),
            self.compared: None,
            self.stop: on_busy_changed(False),
        }


def unsteered_key(session: Session, spec: SteerSpec, card: ConceptCard) -> tuple[object, ...]:
    """Everything that the unsteered text and its scores depend on."""
    return (session.large, card, spec.prompt, spec.seed, spec.temperature, spec.max_new_tokens)


def pairs_read(done: Comparison, card: ConceptCard) -> int:
    """From how many pairs of the concept the vectors are."""
    return int(done.settings.get("pairs", card.pairs))


def stopped() -> str:
    """What stands below the panes after Stop."""
    return added("Stopped. Press Run to write the texts again.")
