"""Uploads and requests of strangers are bounded in all and for each, and refused in one sentence."""

import json
import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lrt_explorer.ui import guard, uploads
from lrt_explorer.ui.guard import TOO_MANY
from lrt_explorer.ui.screen import create_app
from lrt_explorer.ui.uploads import DISK_FULL, LAST_SECONDS, NO_ROOM, UNMEASURED, Ledger
from lrt_explorer.workbench.hosting import OWNER, Hosting
from tests.ui.fakes import FakeEngine
from tests.ui.served import Served, served

STRANGERS = Hosting(hosted=True, models=("tinyworld-s", "tinyworld-l"))
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
UPLOAD = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nwords\r\n--x--\r\n'


@pytest.mark.parametrize(("hosting", "lasts"), [(OWNER, 6 * 3600), (STRANGERS, 1200)])
def test_uploads_are_removed_when_they_are_old(tmp_path: Path, hosting: Hosting, lasts: int) -> None:
    cleaning = create_app(FakeEngine(tmp_path), hosting).delete_cache
    assert cleaning is not None and cleaning[0] <= 600 and cleaning[1] == lasts


def test_no_version_of_gradio_with_known_holes_is_taken() -> None:
    """The last of them were closed in 6.16."""
    wanted = (Path(__file__).parents[2] / "requirements.txt").read_text()
    least = re.search(r"^gradio>=6\.(\d+)", wanted, re.MULTILINE)
    assert least is not None and int(least[1]) >= 16


def test_one_address_has_half_of_the_room_and_old_uploads_give_theirs_back() -> None:
    now = 0.0
    ledger = Ledger(100, 50, lambda: now)
    assert ledger.has_room("a", 50) and not ledger.has_room("a", 1)
    assert ledger.has_room("b", 40) and not ledger.has_room("c", 11) and ledger.has_room("c", 10)
    now = LAST_SECONDS + 1
    assert ledger.has_room("a", 50)


def test_small_files_are_counted_too() -> None:
    ledger = Ledger(10**9, 6, lambda: 0.0)
    assert [ledger.has_room("a", 1) for _ in range(4)] == [True, True, True, False]
    assert [ledger.has_room(who, 1) for who in "bcde"] == [True, True, True, False]


def test_an_upload_without_room_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LEAST_BYTES", 2 * len(UPLOAD) + 2)
    monkeypatch.setattr(uploads, "TIMES_LARGEST", 0)
    with served(FakeEngine(tmp_path), STRANGERS) as server:
        assert server.ask("gradio_api/upload", UPLOAD, FORM).status == 200
        refused = server.ask("gradio_api/upload/", UPLOAD, FORM)
        assert (refused.status, refused.document) == (507, {"detail": NO_ROOM})
        assert server.ask("config").status == 200, "all else goes on"


def test_the_last_of_the_disk_is_not_for_uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "DISK_LEFT", 10**18)
    with served(FakeEngine(tmp_path), STRANGERS) as server:
        assert server.ask("gradio_api/upload", UPLOAD, FORM).document == {"detail": DISK_FULL}
    with served(FakeEngine(tmp_path), OWNER) as server:
        assert server.ask("gradio_api/upload", UPLOAD, FORM).status == 200


def test_an_upload_says_how_large_it_is(tmp_path: Path) -> None:
    # The answer comes before the body, which would go to a closed connection.
    with (
        served(FakeEngine(tmp_path), STRANGERS) as server,
        closing(HTTPConnection(urlsplit(server.url).netloc, timeout=30)) as connection,
    ):
        connection.putrequest("POST", "/gradio_api/upload")
        for name, value in {**FORM, "Transfer-Encoding": "chunked"}.items():
            connection.putheader(name, value)
        connection.endheaders()
        refused = connection.getresponse()
        assert refused.status == 411 and UNMEASURED in refused.read().decode()


def test_one_page_cannot_fill_the_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "REQUESTS_OF_PAGE", 3)
    with served(FakeEngine(tmp_path), STRANGERS) as server:
        pairs = next(event for event in server.events() if event["api_name"] == "pairs")

        def ask(page: str) -> Any:
            asked = {"data": [], "fn_index": pairs["id"], "session_hash": page, "event_data": None}
            return server.ask("gradio_api/queue/join", asked)

        answers = [ask("greedy") for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 200, 503]
        assert answers[-1].document == {"detail": TOO_MANY}
        assert ask("other").status == 200


@pytest.mark.parametrize(
    "path",
    [
        "gradio_api/deep_link?session_hash=a",
        "gradio_api/process_recording",
        "gradio_api/vibe-code/",
        "gradio_api/vibe-edit",
        "gradio_api/undo-vibe-edit",
        "gradio_api/run-history/records",
        "gradio_api/profiling/traces",
        "gradio_api/proxy=https://huggingface.co/",
        "gradio_api/dev/reload",
    ],
)
def test_what_keeps_files_or_runs_programs_is_closed_to_strangers(server: Served, path: str) -> None:
    assert server.ask(path).status == 404
    assert server.ask(path, {}).status == 404


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with served(FakeEngine(tmp_path_factory.mktemp("screen")), STRANGERS) as found:
        yield found


def test_nothing_passes_the_queue_by(server: Served) -> None:
    for path in ("gradio_api/run/pairs", "gradio_api/api/pairs"):
        answer = server.ask(path, {"data": []})
        assert answer.status == 404 and "queue" in json.dumps(answer.document)
