"""How handlers are wired: by name in and out, and one way to run, stop and save."""

import asyncio
import inspect
import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from lrt_explorer.errors import ModelError
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.ui.guard import UNEXPECTED
from lrt_explorer.ui.newest import Newest
from lrt_explorer.ui.screen import create_app
from lrt_explorer.ui.wiring import (
    Outputs,
    from_controls,
    guarded_by,
    nothing,
    progress_in,
    run_study,
    to_status,
    wire_run,
    wire_save,
    wire_stop,
)
from tests.ui.fakes import FakeEngine


@dataclass(frozen=True)
class Controls:
    concept: str
    points: int


def named(app: gr.Blocks, name: str) -> list[Any]:
    """The wired events whose handler has this name."""
    return [event for event in app.fns.values() if event.fn is not None and event.name == name]


# In and out


def test_what_follows_the_first_values_comes_as_one() -> None:
    box = gr.Textbox()

    def handler(session: str, asked: Controls) -> Iterator[Outputs]:
        yield {box: (session, asked)}

    handle = from_controls(handler, Controls, 1)
    assert inspect.isgeneratorfunction(handle), "or the screen would show no progress"
    assert list(handle("a", "mood", 3)) == [{box: ("a", Controls("mood", 3))}]


def test_every_control_on_the_screen_has_a_field(tmp_path: Path) -> None:
    gathered: dict[str, Any] = {}
    for event in create_app(FakeEngine(tmp_path)).fns.values():
        handler = event.fn
        if inspect.isfunction(handler) and handler.__qualname__.startswith("with_stop."):
            handler = inspect.getclosurevars(handler).nonlocals["handler"]
        if inspect.isfunction(handler) and handler.__qualname__.startswith("from_controls."):
            wired = inspect.getclosurevars(handler).nonlocals
            assert len(event.inputs) == wired["first"] + len(fields(wired["kind"])), wired["kind"]
            gathered[wired["kind"].__name__] = event
    assert set(gathered) == {"SteerControls", "PictureControls", "RecipeControls"}


def test_what_a_handler_leaves_out_stays_as_it_is() -> None:
    with gr.Blocks() as app:
        button, first, second = gr.Button(), gr.Textbox(), gr.Textbox()
        button.click(nothing, None, [first, second])
    (event,) = named(app, "nothing")
    for given, expected in (({second: "new"}, [gr.skip(), "new"]), (nothing(), [gr.skip(), gr.skip()])):
        assert asyncio.run(app.postprocess_data(event, given, None)) == expected


# Studies


class Part:
    """A part of the screen whose study ends as the test says."""

    def __init__(self, ends: Exception | None = None) -> None:
        self.status, self.result, self.ends, self.left = gr.HTML(), gr.HTML(), ends, 0

    def study(self) -> Generator[Progress, None, str]:
        try:
            yield Progress(1, 2, "half")
            if self.ends is not None:
                raise self.ends
        finally:
            self.left += 1
        return "found"

    @guarded_by(to_status)
    def on_run_clicked(self) -> Iterator[Outputs]:
        found = yield from run_study(self.study(), progress_in(self.status))
        yield {self.result: found, self.status: ""}


def test_a_study_shows_its_steps_and_gives_its_result() -> None:
    part = Part()
    busy, done = part.on_run_clicked()
    assert set(busy) == {part.status} and "width:50%" in busy[part.status] and "Half" in busy[part.status]
    assert done == {part.result: "found", part.status: ""}


def test_a_study_is_closed_with_its_handler() -> None:
    part = Part()
    running = part.on_run_clicked()
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert part.left == 1


def test_a_study_that_fails_leaves_one_sentence_in_the_status(caplog: pytest.LogCaptureFixture) -> None:
    part = Part(ModelError("there is no such model"))
    _, last = part.on_run_clicked()
    assert set(last) == {part.status} and "There is no such model" in last[part.status]
    part = Part(ZeroDivisionError("secret"))
    with caplog.at_level(logging.ERROR):
        _, last = part.on_run_clicked()
    assert UNEXPECTED.split(".")[0] in last[part.status] and "secret" not in last[part.status]
    assert "secret" in caplog.text


# Buttons


def test_a_stop_is_said_at_once_and_again_a_moment_later_unless_something_has_begun() -> None:
    last = Newest()
    with gr.Blocks() as app:
        start, button = gr.Button(), gr.Button()
        status, other = gr.HTML(), gr.HTML()
        running = start.click(lambda: "busy", None, status)
        wire_stop(button, [running], status, lambda: "stopped", last, emptied=[other])
    (clicked,), (settled,) = named(app, "on_stop_clicked"), named(app, "on_stop_settled")
    assert clicked.fn() == settled.fn() == {status: "stopped", other: ""}
    last.move("something newer")
    assert settled.fn() == nothing()
    assert [event.cancels for event in app.fns.values() if event.cancels] == [[0]]


def test_what_one_button_runs_another_one_stops() -> None:
    with gr.Blocks() as app:
        part = Part()
        run, stop = gr.Button(), gr.Button()
        wire_run(run, stop, part.on_run_clicked, [], [part.status], part.status, lambda: "stopped")
    (running,) = named(app, "on_run_clicked")
    assert running.concurrency_limit is None
    assert [event.cancels for event in app.fns.values() if event.cancels] == [[running._id]]
    (clicked,), (settled,) = named(app, "on_stop_clicked"), named(app, "on_stop_settled")
    assert clicked.fn() == settled.fn() == {part.status: "stopped"}
    *_, done = running.fn()
    assert settled.fn() == nothing() != done, "the result of a newer run would be overwritten"


def test_a_file_is_handed_over_by_its_name_or_its_error_is_shown(tmp_path: Path) -> None:
    def make_file(name: str) -> Path:
        if not name:
            raise ModelError("there is nothing to save")
        file = tmp_path / name
        file.write_text("kept")
        return file

    with gr.Blocks() as app:
        name, button, status = gr.Textbox(), gr.Button(elem_id="save"), gr.HTML()
        wire_save(button, make_file, [name], status)
    (saving,) = named(app, "on_save_clicked")
    download, _ = saving.outputs
    (shown,) = saving.fn("a.txt")
    assert "Saved as a.txt." in shown[status] and Path(shown[download].value["path"]).read_text() == "kept"
    assert download.elem_id == "save-file" and download.visible == "hidden"
    (shown,) = saving.fn("")
    assert set(shown) == {status} and "There is nothing to save" in shown[status]


def test_of_a_run_and_its_stop_only_one_button_can_be_pressed() -> None:
    with gr.Blocks() as app:
        part = Part()
        run, stop = gr.Button(), gr.Button(interactive=False)
        wire_run(run, stop, part.on_run_clicked, [], [part.status], part.status, lambda: "stopped")
    (running,) = named(app, "on_run_clicked")
    first, *others = running.fn()
    assert first[stop].interactive is True and first[run].interactive is False
    assert len(others) == 1 and not any({run, stop} & set(step) for step in others)
    # However the run ends, a stop's end too, this follows.
    (ending,) = [event for event in app.fns.values() if event.outputs == [run, stop]]
    assert ending.trigger_after == running._id
    assert not ending.trigger_only_on_success and not ending.trigger_only_on_failure
    after = ending.fn()
    assert after[run].interactive is True and after[stop].interactive is False
    (stopping,) = [event for event in app.fns.values() if event.outputs == [stop]]
    assert stopping.fn().interactive is False
