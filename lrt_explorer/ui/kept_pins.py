"""Pins in the browser: what somebody has pinned is there again after a reload, in their own browser alone."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from lrt_explorer.study.compare import Arm
from lrt_explorer.study.steering.arms import OFFERED
from lrt_explorer.ui.pin import MOST_PINS, Pin

STORAGE_KEY, SECRET = "lrt-explorer-pins", "lrt-explorer"
"""Under which the browser keeps them. The secret does not change, so that they outlive the server; it hides nothing."""
MOST_CHARACTERS, LINK_CHARACTERS = 20_000, 100_000
"""Of a text that a card shows, and of a link, whose prompt takes several characters for many a letter."""


def _offered(name: str) -> str:
    if name not in OFFERED:
        raise ValueError("no arm of a comparison")
    return name


_Text = Annotated[str, Field(max_length=MOST_CHARACTERS)]
_Figure = Annotated[float, Field(allow_inf_nan=False)] | None


class _Kept(BaseModel):
    model_config = ConfigDict(strict=True, from_attributes=True)


class _KeptArm(_Kept):
    name: Annotated[str, AfterValidator(_offered)]
    text: _Text
    score: _Figure
    readout: _Figure
    remark: _Text


class _KeptPin(_Kept):
    number: Annotated[int, Field(ge=1, le=1_000_000)]
    title: _Text
    made: _Text
    said: _Text
    prompt: _Text
    unit: _Text = ""
    query: Annotated[str, Field(max_length=LINK_CHARACTERS)]
    # A list in the browser, a tuple here.
    arms: Annotated[tuple[_KeptArm, ...], Field(strict=False, max_length=len(OFFERED))]


def to_browser(pins: Sequence[Pin]) -> list[dict[str, Any]]:
    """Pins as plain JSON values: what their cards show, and nothing else. One that is too long to be kept is left out.

    Args:
        pins: with their numbers.
    """
    return [kept.model_dump(mode="json") for kept in _kept(pins)]


def from_browser(value: Any) -> tuple[Pin, ...]:
    """The pins that a browser has kept. What is no pin is left out, since a page can be made to send what it likes.

    Args:
        value: what came from the browser.
    """
    if not isinstance(value, list) or len(value) > MOST_PINS:
        return ()
    kept = _kept(value)
    if len({pin.number for pin in kept}) < len(kept):
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
            unit=pin.unit,
        )
        for pin in kept
    )


def _kept(values: Sequence[Any]) -> list[_KeptPin]:
    found = []
    for value in values:
        with suppress(ValidationError):
            found.append(_KeptPin.model_validate(value))
    return found
