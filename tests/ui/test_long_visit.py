"""A page that is open for more than an hour keeps its visitor's things, however many others come and go."""

import os
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.ui import leaving
from lrt_explorer.ui.leaving import Leaving
from lrt_explorer.workbench import shelves
from lrt_explorer.workbench.shelves import visitors_home
from tests.ui.served import Served, served
from tests.ui.test_service import STRANGERS, HostedTiny
from tests.workbench.tiny_house import build_assets

MINUTES, OTHERS = 65, 500
PAIRS = "I would be glad to help. | What do you want?\nWould you kindly wait? | Wait."


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(build_assets(tmp_path / "assets")))
    monkeypatch.setattr(leaving, "MARGIN", timedelta(0))
    monkeypatch.setattr(Leaving.__init__, "__defaults__", (0.05,))
    with served(HostedTiny(), STRANGERS) as found:
        yield found


@cache
def events(url: str) -> list[dict[str, Any]]:
    """What a page can ask for, which does not change."""
    return Served(url).events()


def do(server: Served, page: str, name: str, data: list[Any]) -> str:
    """Run the function of this name on a page; what is shown."""
    event = next(event for event in events(server.url) if event["api_name"] in (name, f"{name}_1"))
    ended, shown = server.run(event, data, page=page)
    assert ended, shown
    return str(shown)


def a_minute_passes(server: Served) -> None:
    """Everything is a minute older."""
    for folder, _, names in os.walk(visitors_home()):
        for path in (folder, *(f"{folder}/{name}" for name in names)):
            # Others go meanwhile.
            with suppress(OSError):
                status = os.stat(path)
                os.utime(path, (status.st_atime - 60, status.st_mtime - 60))
    holder = server.app.app.state_holder
    minute = timedelta(minutes=1)
    for page, state in list(holder.session_data.items()):
        state._state_ttl = {key: (lasts, since - minute) for key, (lasts, since) in state._state_ttl.items()}
        holder.time_last_used[page] -= minute


@pytest.mark.timeout(300)
def test_a_set_and_a_vector_outlast_five_hundred_other_visitors(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelves, "VISITORS", 300)
    page = "stays"
    with urllib.request.urlopen(f"{server.url}gradio_api/heartbeat/{page}", timeout=30) as heartbeat:
        heartbeat.readline()
        do(server, page, "on_page_loaded", [None])
        do(server, page, "on_fit_clicked", [None, 2000, None])
        kept = do(server, page, "on_keep_clicked", [None, None, "mine", "polite", "rude", PAIRS, "", "", ""])
        own = kept.split("'value': '", 1)[1].split("'", 1)[0]
        assert own.startswith("own/")
        made = do(
            server,
            page,
            "on_make_clicked",
            [None, None, own, "", "mean-difference", "", False, "remove", 1, 1],
        )
        vectors = made.split("'value': '", 1)[1].split("'", 1)[0]
        assert vectors.startswith("own/")
        per_minute = -(-OTHERS // MINUTES)
        for minute in range(MINUTES):
            for number in range(per_minute):
                other = f"{minute}-{number}"
                with urllib.request.urlopen(f"{server.url}gradio_api/heartbeat/{other}", timeout=30) as beat:
                    beat.readline()
                    do(server, other, "on_keep_clicked", [None, None, "x", "a", "b", "c | d\ne | f", "", "", ""])
            do(server, page, "on_tick", [])
            a_minute_passes(server)
        used = do(server, page, "on_use_clicked", [None, None, own, "Anna went", 0])
        assert "In use in the Steer tab: mine" in used
        texts = do(
            server,
            page,
            "on_texts_asked",
            [
                *(None, None, 0, None, own, "Anna went", 0.4, vectors, 0, 0, 8, "", False, False),
                *(["native", "transferred"], "", "", 0.2, "", 0.2, False, ""),
            ],
        )
        assert "typical deviation" in texts
