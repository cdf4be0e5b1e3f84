"""The strength slider: its range, first position and marks follow the calibration of what is steered with."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.ui.cards import slider_marks
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.guard import guarded
from lrt_explorer.workbench.session import Session

START = 0.0
"""Where the slider stands until the first calibration."""


@dataclass(frozen=True)
class Tuned:
    """What the slider was last set for.

    Attributes:
        key: everything the calibration depends on.
        position: where the slider was put; None once the visitor has moved it, who then keeps their own position.
    """

    key: tuple[object, ...]
    position: float | None


def strength_slider() -> gr.Slider:
    """The slider as it stands before anything is calibrated."""
    return gr.Slider(
        -1,
        1,
        START,
        step=0.05,
        label="Strength s",
        info="what is added, in typical deviations",
        elem_id="strength",
    )


@guarded(lambda _: (gr.skip(), gr.skip(), gr.skip(), gr.skip()))
def tune_slider(
    engine: Engine,
    session: Session | None,
    tuned: Tuned | None,
    whole: int,
    concept: str,
    reading: str,
    vectors: str,
    strength: float,
) -> Iterator[tuple[Any, Any, Any, Any]]:
    """Fit the slider to the vector that is steered with; what goes wrong is said by the comparison that follows.

    Yields the slider, the marks below it, the line below the panes, and what the slider is set for now. `whole` goes up
    when all pairs of a concept have been read.
    """
    nothing = gr.skip(), gr.skip(), gr.skip(), gr.skip()
    if session is None or not session.map_folder:
        yield nothing
        return
    key = (session.small, session.large, session.large_layer, concept, reading, vectors, whole)
    if tuned is not None and tuned.key == key:
        yield nothing
        return
    study = engine.calibration(session, concept, reading, vectors)
    while True:
        try:
            step = next(study)
        except StopIteration as stop:
            found: Calibration = stop.value
            break
        yield gr.skip(), gr.skip(), f'<p class="added">{step.message[:1].upper()}{step.message[1:]} …</p>', gr.skip()
    put = START if tuned is None else tuned.position
    moved = put is None or not math.isclose(strength, put, abs_tol=1e-6)
    position = max(-found.limit, min(found.limit, strength)) if moved else found.first
    slider = gr.Slider(minimum=-found.limit, maximum=found.limit, step=slider_step(found), value=position)
    yield slider, slider_marks(found), gr.skip(), Tuned(key, None if moved else found.first)


def slider_step(calibration: Calibration) -> float:
    """A step that the first position, rounded to two digits, lies on."""
    return float(f"1e{math.floor(math.log10(calibration.first)) - 1}")
