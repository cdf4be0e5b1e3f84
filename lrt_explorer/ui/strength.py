"""The strength slider: its range, first position and marks follow the calibration of what is steered with."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from markupsafe import Markup

from lrt_explorer.study.steering.arms import ARMS
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.ui.cards import added, capitalised, slider_marks
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.finished import FirstShown
from lrt_explorer.ui.result_key import ResultKey, keyed, session_values
from lrt_explorer.ui.sliders import RangeSlider
from lrt_explorer.ui.wiring import Outputs, nothing, run_study
from lrt_explorer.workbench.session import Session

START = 0.0
"""Where the slider stands until the first calibration."""


@dataclass(frozen=True)
class Tuned:
    """What the slider was last set for.

    Attributes:
        key: everything the calibration depends on.
        position: where the slider was put; None once the visitor has moved it, whose position is kept.
    """

    key: tuple[object, ...]
    position: float | None


LINKED = Tuned((), None)
"""What the slider is set for by a link: a strength that is kept whatever pair is opened."""


class StrengthControl:
    """The slider with what belongs to it.

    Attributes:
        strength: the slider.
        marks: ticks below it.
        tuned: what it is set for, a `Tuned` or None.
    """

    def __init__(self, engine: Engine, shown: FirstShown | None) -> None:
        """Lay it out as it stands before anything is calibrated, or as it was for the texts that ship."""
        self.engine = engine
        place: dict[str, Any] = {"minimum": -1, "maximum": 1, "step": 0.05, "value": START}
        marks, tuned = Markup(""), None
        if shown is not None:
            session, found, concept = shown.first.session, shown.first.calibration, shown.card.name
            place = {"minimum": -found.limit, "maximum": found.limit, "step": slider_step(found), "value": found.first}
            marks = marks_for(session, found, (concept, shown.asked.reading, shown.asked.vectors), shown.card.title)
            tuned = Tuned(_key(session, (concept, shown.asked.reading, shown.asked.vectors, 0)), found.first)
        self.tuned = gr.State(tuned)
        self.strength = RangeSlider(**place, label="Strength s", info="in typical deviations", elem_id="strength")
        self.marks = gr.HTML(marks, elem_id="marks")

    def on_session_changed(self, session: Session | None, tuned: Tuned | None, arms: Sequence[str]) -> Outputs:
        """Where the map is missing, show no strength: the former pair's says nothing of this one."""
        if session is None or can_write(session, arms):
            return nothing()
        if tuned == LINKED:
            return {self.strength: gr.Slider(interactive=False)}
        return {self.strength: gr.Slider(value=START, interactive=False), self.marks: "", self.tuned: None}

    def tune(
        self, session: Session, tuned: Tuned | None, steered: tuple[str, str, str, int], strength: float, line: gr.HTML
    ) -> Iterator[Outputs]:
        """Fit the slider to the vector that is steered with.

        Args:
            session: the visitor's, with a map if an arm needs one.
            tuned: what the slider is set for.
            steered: concept, reading, vectors, and a count that goes up when all pairs of a concept have been read.
            strength: where the slider stands.
            line: where progress is shown.
        """
        key = _key(session, steered)
        if tuned is not None and tuned.key == key:
            yield nothing()
            return
        concept, reading, vectors, _ = steered
        found = yield from run_study(
            self.engine.calibration(session, concept, reading, vectors),
            lambda step: {line: added(f"{capitalised(step.message)} …")},
        )
        put = START if tuned is None else tuned.position
        moved = put is None or not math.isclose(strength, put, abs_tol=1e-6)
        title = self.engine.concept(session, concept).title
        # A link's strength is kept, however far it goes; the marks say what it costs.
        room = max(found.limit, abs(strength)) if tuned == LINKED else found.limit
        position = max(-room, min(room, strength)) if moved else found.first
        yield {
            self.strength: gr.Slider(
                minimum=-room, maximum=room, step=slider_step(found), value=position, interactive=True
            ),
            self.marks: marks_for(session, found, (concept, reading, vectors), title),
            self.tuned: Tuned(key, None if moved else found.first),
        }


def marks_for(session: Session, found: Calibration, steered: tuple[str, str, str], title: str) -> Markup:
    """The marks below the slider, for a concept, a reading and vectors."""
    concept, reading, vectors = steered
    values = {**session_values(session), "concept": concept, "reading": reading, "vectors": vectors}
    # Where a vector breaks text does not depend on the map.
    of_large = {name: value for name, value in values.items() if name not in ("map", "small_layer")}
    return keyed(ResultKey(of_large, {"concept": title}), slider_marks(found))


def _key(session: Session, steered: tuple[str, str, str, int]) -> tuple[object, ...]:
    return (session.small, session.large, session.large_layer, session.map_mark, *steered)


def writable(session: Session, arms: Sequence[str]) -> tuple[str, ...]:
    """Those of the arms that can be written: all with a map, else those that need none."""
    return tuple(arm for arm in arms if session.map_folder or not ARMS[arm].mapped)


def can_write(session: Session, arms: Sequence[str]) -> bool:
    """Whether any of these arms can be written, or none is asked for but the unsteered one."""
    return bool(writable(session, arms)) or not arms


def slider_step(calibration: Calibration) -> float:
    """A step that the first position, rounded to two digits, lies on."""
    return float(f"1e{math.floor(math.log10(calibration.first)) - 1}")
