"""A closed page: its work ends, and what was kept for it goes, unless it comes back."""

import time
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import StateHolder

from lrt_explorer.store import data_home
from lrt_explorer.ui import leaving
from lrt_explorer.ui.leaving import Leaving
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.shelves import visitors_home
from tests.ui.fakes import FakeEngine
from tests.ui.served import Served, served

STRANGERS = Hosting(hosted=True, models=("tinyworld-s", "tinyworld-l"), time_limit=60)
FIELDS = ["mine", "polite", "rude", "a | b\nc | d", "", "", ""]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(leaving, "MARGIN", timedelta(0))
    monkeypatch.setattr(Leaving.__init__, "__defaults__", (0.3,))
    with served(FakeEngine(tmp_path), STRANGERS) as found:
        yield found


def keep_a_set(server: Served, page: str) -> None:
    keep = next(e for e in server.events() if e["api_name"] and e["api_name"].startswith("on_keep_clicked"))
    ended, shown = server.run(keep, [None, None, *FIELDS], page=page)
    assert ended and "Kept as" in str(shown)


def folders() -> int:
    return len(list(visitors_home().iterdir())) if visitors_home().is_dir() else 0


def heartbeat(server: Served, page: str) -> Any:
    stream = urllib.request.urlopen(f"{server.url}gradio_api/heartbeat/{page}", timeout=30)
    assert b"ALIVE" in stream.readline()
    return stream


def until(true: Any) -> None:
    for _ in range(200):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never became so")


def test_what_a_visitor_wrote_goes_with_the_page(server: Served) -> None:
    stays, goes = heartbeat(server, "stays"), heartbeat(server, "goes")
    keep_a_set(server, "stays")
    keep_a_set(server, "goes")
    assert folders() == 2
    goes.close()
    until(lambda: folders() == 1)
    visitors = server.ask("health").document["visitors"]
    assert visitors >= 1 and data_home().is_dir()
    stays.close()
    until(lambda: folders() == 0)


def test_a_page_that_comes_back_keeps_all(tmp_path: Path) -> None:
    with gr.Blocks() as app:
        kept = gr.State("mine", delete_callback=lambda _: removed.append("mine"))
        watch = Leaving(app)
    removed: list[str] = []

    holder = StateHolder()  # type: ignore[no-untyped-call]
    holder.set_blocks(app)
    app.app = SimpleNamespace(state_holder=holder)
    closed = datetime.now()
    holder["page"][kept._id] = "mine"
    holder.session_data["page"].is_closed = True
    holder.time_last_used["page"] = closed + timedelta(minutes=1)
    watch.remove("page", closed)
    assert not removed and not holder.session_data["page"].is_closed
    holder.time_last_used["page"] = closed + timedelta(seconds=1)
    watch.remove("page", closed)
    assert removed == ["mine"] and "page" not in holder
    watch.remove("page", closed)


def test_a_page_is_removed_though_something_of_it_is_just_ending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "TRY_AGAIN_SECONDS", 0.01)
    removed: list[str] = []
    holder = StateHolder()  # type: ignore[no-untyped-call]

    def forget(value: str) -> None:
        removed.append(value)
        # What Gradio goes through grows meanwhile.
        if len(removed) == 1:
            holder["page"][late._id] = "late"

    with gr.Blocks() as app:
        kept, late = (gr.State("mine", delete_callback=forget) for _ in range(2))
        watch = Leaving(app)
    holder.set_blocks(app)
    app.app = SimpleNamespace(state_holder=holder)
    holder["page"][kept._id] = "mine"
    watch.remove("page", datetime.now() + timedelta(minutes=1))
    assert "page" not in holder and set(removed) == {"mine", "late"}
