"""Agents see every study as a tool with typed, documented arguments, call it, and are let in as anyone is."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.utils import get_function_description
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from lrt_explorer.errors import SettingsError
from lrt_explorer.ui.api import add_api
from lrt_explorer.ui.launch import serve
from lrt_explorer.ui.llms import is_public
from lrt_explorer.ui.mcp import MCP_PATH
from lrt_explorer.workbench.hosting import OWNER, Hosting, read_hosting
from tests.ui.fakes import FakeEngine
from tests.ui.served import Served, served
from tests.ui.test_service import STRANGERS, HostedTiny

TOOLS = Hosting(mcp=True)


def with_session(server: Served, ask: Callable[[ClientSession], Awaitable[Any]]) -> Any:
    """What an agent gets that connects, asks and leaves."""

    async def connected() -> Any:
        async with (
            streamable_http_client(server.url + MCP_PATH.lstrip("/")) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await ask(session)

    return asyncio.run(asyncio.wait_for(connected(), 60))


def test_every_endpoint_is_a_tool_and_nothing_else_is(tmp_path: Path) -> None:
    engine = FakeEngine(tmp_path)
    with gr.Blocks() as app:
        add_api(engine, OWNER)
    endpoints = {str(event.api_name): event.fn for event in app.fns.values() if is_public(event)}
    with served(engine, TOOLS) as server:
        listed = with_session(server, lambda session: session.list_tools())
    tools = {tool.name: tool for tool in listed.tools}
    assert set(tools) == set(endpoints) > {"compare", "evaluate", "fit", "check", "pairs"}
    for name, endpoint in endpoints.items():
        does, said, _ = get_function_description(endpoint) if endpoint else ("", {}, [])
        assert tools[name].description == does
        shown = tools[name].inputSchema["properties"]
        assert {argument: one["description"] for argument, one in shown.items()} == said
    assert tools["compare"].inputSchema["required"] == ["small", "large", "concept"]
    assert tools["compare"].inputSchema["properties"]["seed"]["type"] == "integer"


def test_a_tool_tells_how_far_it_is_and_gives_json(tmp_path: Path) -> None:
    told: list[str] = []

    async def noted(progress: float, total: float | None, message: str | None) -> None:
        told.append(message or "")

    asked = {"small": "tinyworld-s", "large": "tinyworld-l", "concept": "mood", "prompt": "Anna", "strength": 0.4}
    with served(FakeEngine(tmp_path), TOOLS) as server:
        found = with_session(server, lambda session: session.call_tool("compare", asked, progress_callback=noted))
        plain = with_session(server, lambda session: session.call_tool("compare", asked))
    assert not found.isError and told
    document = json.loads(found.content[0].text)
    assert [arm["name"] for arm in document["arms"]][:2] == ["unsteered", "native"]
    assert json.loads(plain.content[0].text) == document


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    asked = {"small": "no-such", "large": "tinyworld-l", "concept": "mood"}
    with served(FakeEngine(tmp_path), TOOLS) as server:
        found = with_session(server, lambda session: session.call_tool("check", asked))
    assert found.isError and found.content[0].text.startswith("there is no model 'no-such' here")


def test_the_door_of_a_hosted_server_holds_for_tools_too(tmp_path: Path) -> None:
    hosting = Hosting(hosted=True, models=STRANGERS.models, mcp=True)
    asked = {"small": "/etc", "large": STRANGERS.models[0], "concept": "mood"}
    with served(HostedTiny(), hosting) as server:
        found = with_session(server, lambda session: session.call_tool("compare", asked))
        listed = with_session(server, lambda session: session.call_tool("pairs", {}))
    assert found.isError and "there is no model '/etc' on this server" in found.content[0].text
    assert {one["name"] for one in json.loads(listed.content[0].text)["models"]} <= set(STRANGERS.models)


def test_there_are_none_unless_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_MCP_SERVER", "True")
    with served(FakeEngine(tmp_path)) as server:
        assert server.app.mcp_server_obj is None


def test_without_the_package_there_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    with pytest.raises(SettingsError, match="MCP tools need the package mcp, which is not installed; run pip install"):
        serve(FakeEngine(tmp_path), "127.0.0.1", None, hosting=TOOLS)


def test_a_login_and_tools_do_not_go_together(tmp_path: Path) -> None:
    logins = tmp_path / "logins"
    logins.write_text("ana:secret\n")
    with pytest.raises(SettingsError, match="MCP tools cannot log in"):
        read_hosting({"mcp": True, "auth_file": logins}, {})
    assert read_hosting({"mcp": False}, {"LRT_EXPLORER_MCP": "1"}).mcp
    assert not read_hosting({"mcp": False}, {"LRT_EXPLORER_MCP": "0"}).mcp
