"""A newer slider value ends the run for the older one at its next step, without a word."""

from collections.abc import Generator, Iterator
from types import SimpleNamespace
from typing import Any, cast

import gradio as gr
import pytest
from gradio.context import LocalContext

from lrt_explorer.study.ground.progress import finish
from lrt_explorer.ui.guard import guarded
from lrt_explorer.ui.newest import Newest, SupersededError


def on(page: str) -> None:
    LocalContext.request.set(cast(Any, SimpleNamespace(session_hash=page)))


@pytest.fixture(autouse=True)
def own_page() -> Iterator[None]:
    on("mine")
    yield
    LocalContext.request.set(None)


class Writing:
    def __init__(self) -> None:
        self.closed = False

    def __call__(self) -> Generator[int, None, str]:
        try:
            yield from range(3)
        finally:
            self.closed = True
        return "text"


def test_a_study_runs_to_its_end_while_the_slider_stays() -> None:
    newest = Newest()
    newest.move(0.1)
    study = newest.study(0.4, Writing()())
    next(study)
    newest.move(0.4)
    assert finish(study) == "text"


def test_it_ends_at_the_next_step_once_the_slider_has_moved() -> None:
    newest, writing = Newest(), Writing()
    study = newest.study(0.4, writing())
    next(study)
    newest.move(0.6)
    with pytest.raises(SupersededError):
        next(study)
    assert writing.closed


def test_the_slider_of_another_page_changes_nothing() -> None:
    newest = Newest()
    study = newest.study(0.4, Writing()())
    next(study)
    on("another")
    newest.move(0.6)
    assert finish(study) == "text"


def test_nothing_is_said_about_it() -> None:
    newest = Newest()

    def handler() -> Iterator[str]:
        for step in newest.study(0.4, Writing()()):
            newest.move(0.6)
            yield str(step)

    shown = list(guarded(lambda sentence: sentence)(handler)())
    assert shown == ["0", gr.skip()]


def test_what_only_watches_ends_when_something_newer_is_wanted_and_is_nothing_newer_itself() -> None:
    newest = Newest()
    newest.move("a pair")
    watching = newest.watch(Writing()())
    assert next(watching) == 0 and newest.now() == "a pair"
    assert next(watching) == 1
    newest.move("another")
    with pytest.raises(SupersededError):
        next(watching)
    assert newest.now() == "another"
