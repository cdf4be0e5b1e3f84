"""A server under attack, in small: `benchmarks/hostile.py` sends a process of its own hundreds of cases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.hostile import MARKUP, SECRET, Answer, Trap, attack, bombs, strayed, upload, wrong
from tests.ui.served import Served, served
from tests.ui.test_service import STRANGERS, HostedTiny
from tests.workbench.tiny_house import build_assets

HTML = {"html": [False, True]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRT_EXPLORER_ASSETS", str(build_assets(tmp_path_factory.mktemp("house") / "assets")))
        with served(HostedTiny(), STRANGERS) as found:
            yield found


def test_every_function_answers_whatever_is_sent(server: Served, tmp_path: Path) -> None:
    trap = Trap.lay(tmp_path / "trap")
    before, another = trap.state(), server.call("pairs")
    found = attack(server.url, trap, 0)
    assert not found.wrong
    assert found.cases > len(found.events) > 50
    assert trap.state() == before and server.call("pairs") == another
    assert MARKUP not in server.ask("").text + server.ask("config").text


def test_bombs_are_taken_as_uploads_so_that_they_reach_what_reads_them(server: Served, tmp_path: Path) -> None:
    files = bombs(Trap.lay(tmp_path / "trap"))
    assert all(upload(server.url, name, content) for name, content in files.items())


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        (Answer(True, '["<b>well</b>", "<i>escaped &lt;script&gt;</i>"]', 0.1), ""),
        (Answer(False, "there is no model 'x' on this server; choose another", 0.1), ""),
        (Answer(False, "None", 0.1), "is no sentence"),
        (Answer(False, "Traceback (most recent call last): and so on", 0.1), "is no sentence"),
        (Answer(True, f'["", "{MARKUP}"]', 0.1), "markup of a visitor"),
        (Answer(True, f'["{MARKUP}", ""]', 0.1), ""),
        (Answer(True, f'["", "{SECRET}"]', 0.1), "told a secret"),
        (Answer(False, "root:x:0:0:root:/root is not a contrast set", 0.1), "told a secret"),
        (Answer(True, "[]", 11.0), "took 11.0 s"),
    ],
)
def test_what_is_wrong_with_an_answer_is_noticed(answer: Answer, what: str) -> None:
    assert wrong(HTML, answer).startswith(what) and bool(wrong(HTML, answer)) == bool(what)


def test_files_outside_are_noticed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    lines = [
        "open\t1\t/before/it/counts",
        "open\t0\t/home/owner/.ssh/id_rsa",
        "open\t1\t/data/visitors/a",
        "os.remove\t1\t/home/owner/notes",
        f"open\t0\t{Path(__file__).resolve()}",
        "open\t0\t/proc/meminfo",
    ]
    log.write_text("\n".join(lines) + "\n")
    written, read = strayed(log, 1, ("/data",))
    assert written == ["os.remove /home/owner/notes"] and read == ["/home/owner/.ssh/id_rsa"]
