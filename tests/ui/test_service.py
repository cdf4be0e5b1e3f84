"""A running server: what it answers beside the screen, what it keeps from visitors, and that all ends in a sentence."""

import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.errors import SettingsError
from lrt_explorer.limits import CONTRAST_SET_BYTES
from lrt_explorer.store import assets_home, data_home
from lrt_explorer.ui import journal
from lrt_explorer.ui.guard import UNFIT
from lrt_explorer.ui.launch import free_port, largest_upload
from lrt_explorer.ui.service import STALE
from lrt_explorer.ui.work import Finished, Work
from lrt_explorer.workbench.hosting import OWNER, Hosting
from lrt_explorer.workbench.map_files import map_bytes
from tests.ui.fakes import FakeEngine
from tests.ui.served import Served, served
from tests.workbench.tiny_house import TinyEngine, build_assets

STRANGERS = Hosting(hosted=True, models=("tiny-s", "tiny-l"), time_limit=60)


class HostedTiny(TinyEngine):
    """The real engine over tiny models, for strangers."""

    hosting = STRANGERS


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRT_EXPLORER_ASSETS", str(build_assets(tmp_path_factory.mktemp("house") / "assets")))
        with served(HostedTiny(), STRANGERS) as found:
            yield found


def test_health_tells_how_the_server_stands_and_no_secret(tmp_path: Path) -> None:
    hosting = Hosting(hosted=True, models=("a", "b"), logins=(("ana", "s3cret"),))
    with served(FakeEngine(tmp_path), hosting) as server:
        answer = server.ask("health")
        assert answer.status == 200 and "s3cret" not in answer.text and str(data_home()) not in answer.text
        found = answer.document
        assert found["ready"] is True and found["models"] == ["tinyworld-s", "tinyworld-l"]
        assert found["disk_free_bytes"] > 0 and found["memory_free_bytes"] > 0
        assert (found["jobs_running"], found["jobs_waiting"]) == (0, 0)
        assert server.ask("config").status == 401, "the screen needs the login"


def test_a_server_that_is_not_ready_says_so(server: Served) -> None:
    assert server.ask("health").status == 503 and server.ask("health").document["ready"] is False


def test_metrics_count_jobs_by_how_they_ended(server: Served) -> None:
    server.call("compare", "tiny-s", "nosuch", "mood")
    text = server.ask("metrics").text
    assert 'lrt_explorer_jobs_total{job="/compare",outcome="refused"}' in text
    assert "lrt_explorer_disk_free_bytes" in text and "nosuch" not in text


def test_every_answer_carries_the_headers_that_guard_a_page(server: Served) -> None:
    for path in ("", "config", "health", "gradio_api/info", "nowhere"):
        headers = server.ask(path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'self' https://huggingface.co" in headers["content-security-policy"]
        assert "object-src 'none'" in headers["content-security-policy"]


def test_what_a_visitor_has_brought_cannot_run_as_the_page(server: Served) -> None:
    policy = server.ask("gradio_api/file=/any/page.html").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; sandbox;")


@pytest.mark.parametrize("path", ["monitoring", "monitoring/summary", "monitoring/x", "gradio_api/runs"])
def test_pages_that_tell_visitors_of_each_other_are_closed(server: Served, path: str) -> None:
    assert server.ask(path).status == 404


def test_no_path_of_the_server_reaches_a_page(server: Served) -> None:
    for path in ("", "config", "gradio_api/info"):
        text = server.ask(path).text
        for place in (data_home(), assets_home(), Path(journal.__file__).parents[2], Path(json.__file__).parent):
            assert str(place) not in text
        assert "site-packages" not in text


def test_figures_are_drawn_by_a_script_without_a_path(server: Served) -> None:
    assert server.ask("plotly.min.js").status == 200
    assert "gradio_api/file=" not in json.dumps(server.ask("config").document["components"])


BAD: dict[str, tuple[tuple[Any, ...], str]] = {
    "model": ((None, "tiny-l", "mood"), "small must be a text, not None; correct it"),
    "list": (("tiny-s", "tiny-l", ["x"]), "concept must be a text, not ['x']"),
    "number": (("tiny-s", "tiny-l", "mood", "a", "s"), "strength must be a number or null, not 's'"),
    "truth": (("tiny-s", "tiny-l", "mood", "a", True), "strength must be a number or null, not True"),
    "whole": (("tiny-s", "tiny-l", "mood", "a", 0.1, 0, 1.5), "max_new_tokens must be a whole number, not 1.5"),
    "seed": (("tiny-s", "tiny-l", "mood", "a", 0.1, "x"), "seed must be a whole number, not 'x'"),
    "range": (("tiny-s", "tiny-l", "mood", "a", 1e9), "the strength must be -100 to 100"),
    "length": (("tiny-s", "tiny-l", "mood", "a", 0.1, 0, 10**9), "the length of a text must be 1 to 400"),
    "huge": (("tiny-s", "tiny-l", "mood", "a", 10**400), "strength must be a number"),
    "long": (("a" * 5000, "tiny-l", "mood"), "small has 5,000 characters; 300 are the most"),
    "prompt": (("tiny-s", "tiny-l", "mood", "a" * 20_001), "prompt has 20,001 characters; 20,000 are the most"),
    "zero byte": (("tiny-s", "tiny-l", "a\0"), "concept must be a text"),
    "half": (("tiny-s", "tiny-l", "mood", "\ud800"), UNFIT),
    "deep": (("tiny-s", "tiny-l", "mood", [[[[]]]] * 9), "prompt must be a text or null"),
    "path": (("tiny-s", "tiny-l", "/etc/passwd"), "there is no concept '/etc/passwd'; choose one of these: mood"),
    "folder": (("/etc", "tiny-l", "mood"), "there is no model '/etc' on this server; choose one of these: tiny-s"),
    "hub": (("tiny-s", "gpt2", "mood"), "there is no model 'gpt2' on this server"),
    "too many": (tuple(range(40)), UNFIT),
}


@pytest.mark.parametrize(("given", "said"), BAD.values(), ids=BAD)
def test_an_endpoint_refuses_what_it_does_not_take_in_one_sentence(
    server: Served, caplog: pytest.LogCaptureFixture, given: tuple[Any, ...], said: str
) -> None:
    ended, answer = server.call("compare", *given)
    assert not ended and answer.startswith(said), answer
    assert "Traceback" not in caplog.text


def test_the_other_endpoints_have_the_same_door(server: Served) -> None:
    for given, said in (
        (("fit", "tiny-s", "tiny-l", None, None, 5), "the number of tokens to fit on must be 2,000 to"),
        (("fit", "tiny-s", "tiny-l", None, None, 2000, "hf:some/set"), "there is no corpus 'hf:some/set' on this"),
        (("fit", "tiny-s", "tiny-l", None, None, 2000, "/etc/passwd"), "there is no corpus '/etc/passwd' on this"),
        (("evaluate", "tiny-s", "tiny-l", ["mood", "/etc/passwd"]), "there is no concept '/etc/passwd'"),
        (("evaluate", "tiny-s", "tiny-l", ["mood"] * 50), "concepts has 50 items; 40 are the most"),
    ):
        ended, answer = server.call(*given)
        assert not ended and answer.startswith(said), answer
    defaults = (None, None, 0, 8, None, 1, 2, None, "mean-difference", False, False, False)
    ended, answer = server.call("compare", "tiny-s", "tiny-l", "mood", *defaults, "classifier:some/model#good")
    assert not ended and answer.startswith("this server scores by words, expressions and judges only")
    no_method = (*defaults[:8], None)
    ended, answer = server.call("compare", "tiny-s", "tiny-l", "mood", *no_method)
    assert not ended and answer.startswith("method must be a text, not None")


HOSTILE: list[Any] = [
    None,
    "/etc/passwd",
    "<script>alert(1)</script>",
    -1e308,
    10**30,
    True,
    [[None] * 3] * 3,
    {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}},
    [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}],
    {"__type__": "update", "value": "x"},
]


def test_every_event_ends_in_an_answer_or_a_sentence(server: Served) -> None:
    events = [event for event in server.events() if event["api_name"] not in ("fit", "evaluate")]
    assert len(events) > 30
    for number, event in enumerate(events):
        value = HOSTILE[number % len(HOSTILE)]
        ended, answer = server.run(event, [value] * len(event["inputs"]))
        shown = json.dumps(answer)
        assert ended or (isinstance(answer, str) and 20 < len(answer) < 700), (event["id"], value, answer)
        assert "root:" not in shown
        # What an endpoint refuses it repeats as text; what is shown on the page is HTML.
        assert not ended or "<script>alert" not in shown


def test_requests_that_make_no_sense_get_a_sentence(server: Served) -> None:
    unknown = {"data": [], "fn_index": 99_999, "session_hash": "a"}
    answer = server.ask("gradio_api/queue/join", unknown)
    assert (answer.status, answer.document) == (400, {"detail": STALE})
    assert server.ask("gradio_api/queue/join", b"{").status == 422


def test_a_text_that_is_too_long_is_refused_before_any_handler(server: Served) -> None:
    event = next(event for event in server.events() if event["api_name"] == "compare")
    assert server.run(event, ["x" * (CONTRAST_SET_BYTES + 1)] * 16) == (False, UNFIT)


def test_a_port_in_use_is_said_with_the_remedy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            SettingsError, match=rf"cannot listen on port {port} of 127\.0\.0\.1: Address already in use"
        ):
            free_port("127.0.0.1", port)
    assert free_port("127.0.0.1", port) == port
    with pytest.raises(SettingsError, match=r"there is no address 'no.such.host'"):
        free_port("no.such.host", None)


def test_uploads_are_as_large_as_the_maps_of_the_models_that_are_served() -> None:
    small = Hosting(hosted=True, models=("smollm2-135m", "smollm2-360m"))
    large = Hosting(hosted=True, models=("gemma-2-2b", "gemma-2-9b"))
    assert 50_000_000 <= largest_upload(small) < 51_000_000
    assert map_bytes(2304, 3584) < largest_upload(large) < map_bytes(2304, 3584) + 1_000_000
    assert largest_upload(OWNER) > largest_upload(large)


def test_a_stop_ends_jobs_at_their_next_step() -> None:
    work = Work()
    seen: list[Finished] = []
    work.listen(seen.append)

    def steps() -> Iterator[int]:
        with work.job("long") as running:
            for number in range(5):
                yield number
                running.go_on()

    job = steps()
    assert next(job) == 0 and work.running == 1 and not work.end_all(0)
    with pytest.raises(Exception, match="the server is stopping"):
        next(job)
    assert work.end_all(0) and [finished.outcome for finished in seen] == ["failed"]
    work.begin()
    job = steps()
    next(job)
    job.close()  # type: ignore[attr-defined]
    assert [finished.outcome for finished in seen] == ["failed", "cancelled"] and work.running == 0


def test_the_journal_has_one_object_a_line_and_nothing_that_a_visitor_typed(capsys: pytest.CaptureFixture[str]) -> None:
    journal.write_finished(Finished("compare_arms", 0.51234, "done"))
    logger = logging.getLogger("some.part")
    logger.addHandler(journal.JournalHandler())
    logger.propagate = False
    try:
        raise ValueError("typed by a visitor")
    except ValueError:
        logger.exception("a handler failed for %s", "typed by a visitor")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert {"event": "compare_arms", "seconds": 0.512, "outcome": "done"}.items() <= first.items() and first["time"]
    assert second["event"] == "log" and second["error"] == "ValueError" and "places" in second
    assert "typed by" not in json.dumps(second)
