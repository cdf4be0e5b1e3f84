"""The vectors of the Steer tab: the slider fitted to them, and the rest of a large set read in the background."""

from collections.abc import Iterator, Sequence

from lrt_explorer.ui.cards import notice, progress_bar
from lrt_explorer.ui.choices import belongs
from lrt_explorer.ui.steer_layout import SteerLayout
from lrt_explorer.ui.strength import Tuned, can_write
from lrt_explorer.ui.wiring import Outputs, guarded_by, nothing, on_busy_changed, run_study
from lrt_explorer.workbench.session import Session


class VectorReading:
    """What happens when the vectors change."""

    def __init__(self, layout: SteerLayout) -> None:
        """Remember the components."""
        self.engine, self.slider = layout.engine, layout.slider
        self.stop, self.added = layout.stop, layout.added
        self.reading_on, self.whole = layout.reading_on, layout.whole

    @guarded_by(lambda _tab, _sentence: nothing())
    def on_vector_changed(
        self,
        session: Session | None,
        tuned: Tuned | None,
        whole: int,
        concept: str,
        reading: str,
        vectors: str,
        strength: float,
        arms: Sequence[str],
    ) -> Iterator[Outputs]:
        """Fit the slider to the vector; the comparison that follows reports what goes wrong."""
        if session is None or not can_write(session, arms) or not belongs(self.engine, session, concept):
            yield nothing()
            return
        for step in self.slider.tune(session, tuned, (concept, reading, vectors, whole), strength, self.added):
            yield {**step, self.stop: on_busy_changed(True)} if self.added in step else step

    @guarded_by(lambda tab, sentence: {tab.reading_on: notice(sentence), tab.stop: on_busy_changed(False)})
    def on_part_read(
        self, session: Session | None, concept: str, reading: str, vectors: str, whole: int
    ) -> Iterator[Outputs]:
        """Read the other pairs of a concept, and ask for texts with the better vector."""
        if session is None or not belongs(self.engine, session, concept):
            yield {self.reading_on: ""}
            return
        rest = self.engine.read_all(session, concept, reading, vectors)
        some_left = yield from run_study(
            rest, lambda step: {self.reading_on: progress_bar(step), self.stop: on_busy_changed(True)}
        )
        more: Outputs = {self.whole: whole + 1} if some_left else {}
        yield {self.reading_on: "", self.stop: on_busy_changed(False), **more}

    def on_other_vector_chosen(self) -> Outputs:
        """Clear the progress of the reading that this cancels."""
        return {self.reading_on: ""}
