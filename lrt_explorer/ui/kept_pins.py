"""Pins in the browser: what somebody has pinned is there again after a reload, in their own browser alone."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from lrt_explorer.plots import ARM_STYLES
from lrt_explorer.study.compare import Arm
from lrt_explorer.ui.pin import MOST_PINS, Pin

STORAGE_KEY, SECRET = "lrt-explorer-pins", "lrt-explorer"
"""Under which the browser keeps them. The secret does not change, so that they outlive the server; it hides nothing."""
MOST_CHARACTERS = 20_000

_Text = Annotated[str, Field(max_length=MOST_CHARACTERS)]
_Figure = Annotated[float, Field(allow_inf_nan=False)] | None


class _KeptArm(BaseModel):
    name: Annotated[str, Field(max_length=100)]
    text: _Text
    score: _Figure
    readout: _Figure
    remark: _Text


class _KeptPin(BaseModel):
    number: Annotated[int, Field(ge=1, le=1_000_000)]
    title: _Text
    made: _Text
    said: _Text
    prompt: _Text
    query: _Text
    arms: Annotated[list[_KeptArm], Field(max_length=len(ARM_STYLES))]


_PINS = TypeAdapter(Annotated[list[_KeptPin], Field(max_length=MOST_PINS)])


def to_browser(pins: Sequence[Pin]) -> list[dict[str, Any]]:
    """Pins as plain JSON values: what their cards show, and nothing else."""
    found: list[dict[str, Any]] = [
        {
            **{name: getattr(pin, name) for name in ("number", "title", "made", "said", "prompt", "query")},
            "arms": [{name: getattr(arm, name) for name in _KeptArm.model_fields} for arm in pin.arms],
        }
        for pin in pins
    ]
    return found


def from_browser(value: Any) -> tuple[Pin, ...]:
    """The pins that a browser has kept; none if it gives anything else, since a page can be made to send what it likes.

    Args:
        value: what came from the browser.
    """
    try:
        kept = _PINS.validate_python(value, strict=True)
    except ValidationError:
        return ()
    if any(arm.name not in ARM_STYLES for pin in kept for arm in pin.arms) or len({p.number for p in kept}) < len(kept):
        return ()
    return tuple(
        Pin(
            title=pin.title,
            made=pin.made,
            said=pin.said,
            prompt=pin.prompt,
            arms=tuple(Arm(arm.name, arm.text, (), (), arm.score, arm.readout, remark=arm.remark) for arm in pin.arms),
            query=pin.query,
            number=pin.number,
        )
        for pin in kept
    )
