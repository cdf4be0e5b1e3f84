"""`/llms.txt` says what the app is, and every endpoint, command and the quick start, as they are."""

import argparse
import inspect
from pathlib import Path

from lrt_explorer.cli import build_parser
from lrt_explorer.cli.manual import command_lines
from lrt_explorer.ui.head import DESCRIPTION
from lrt_explorer.ui.launch import serve
from lrt_explorer.ui.llms import PATH, QUICK_START, is_public
from lrt_explorer.ui.mcp import MCP_PATH
from lrt_explorer.workbench.hosting import Hosting
from tests.ui.fakes import FakeEngine
from tests.ui.served import Served, served

ROOT = Path(__file__).resolve().parents[2]


def test_it_holds_every_endpoint_with_every_parameter(tmp_path: Path) -> None:
    with served(FakeEngine(tmp_path)) as server:
        answer = server.ask(PATH)
        endpoints = [event for event in server.app.fns.values() if is_public(event)]
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/markdown")
    sections = {part.partition("\n")[0]: part for part in answer.text.split("\n### ")[1:]}
    assert set(sections) == {f"/{event.api_name}" for event in endpoints} > {"/compare", "/space", "/choices"}
    for event in endpoints:
        section = sections[f"/{event.api_name}"]
        assert (inspect.getdoc(event.fn) or "").partition("\n")[0] in section
        for name in inspect.signature(event.fn).parameters:
            assert f"\n- `{name}` (" in section
    assert "- `seed` (a whole number; default 0): of the sampling." in sections["/compare"]
    assert "- `strength` (a number or null; default null)" in sections["/compare"]
    assert "- `concept` (a text; required)" in sections["/compare"]


def test_it_says_what_the_app_is_where_it_answers_and_how_to_call_it(tmp_path: Path) -> None:
    with served(FakeEngine(tmp_path)) as server:
        text = server.ask(PATH).text
    assert text.startswith("# LRT Explorer\n\n> ") and DESCRIPTION in text
    assert f'Client("{server.url}")' in text and f"curl {server.url}gradio_api/call/pairs" in text
    assert "MCP" not in text


def test_what_it_says_of_calling_over_http_works(tmp_path: Path) -> None:
    with served(FakeEngine(tmp_path)) as server:
        asked = server.ask("gradio_api/call/choices", {"data": []})
        told = server.ask(f"gradio_api/call/choices/{asked.document['event_id']}").text
    assert "event: complete" in told and '"estimators"' in told


def test_it_names_the_tools_where_there_are_some(tmp_path: Path) -> None:
    with served(FakeEngine(tmp_path), Hosting(mcp=True)) as server:
        assert server.url + MCP_PATH.lstrip("/") in server.ask(PATH).text


def test_it_holds_every_command_and_the_quick_start(tmp_path: Path) -> None:
    parser = build_parser()
    (commands,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    lines = command_lines(commands)
    app = serve(FakeEngine(tmp_path), "127.0.0.1", None, commands=lines)
    try:
        text = Served(str(app.local_url)).ask(PATH).text
    finally:
        app.close()
    assert len(lines) == len(commands.choices) > 5
    for (written, does), name in zip(lines, commands.choices, strict=True):
        assert written.startswith(f"lrt-explorer {name}") and does
        assert f"- `{written}`: {does}" in text
    for line in QUICK_START.splitlines():
        assert f"    {line}".rstrip() in text.splitlines()
    assert f"```python\n{QUICK_START}```" in (ROOT / "README.md").read_text(encoding="utf-8")
