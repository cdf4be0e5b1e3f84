"""The endpoints as tools of the Model Context Protocol, by Gradio's own support."""

import json
from importlib.util import find_spec
from typing import Any

import gradio as gr

from lrt_explorer.errors import SettingsError

MCP_PATH = "/gradio_api/mcp/"
"""Where the server offers them, as streamable HTTP."""
PACKAGE = "mcp"


def check_mcp() -> None:
    """Raise SettingsError unless the package is there that Gradio needs for it."""
    if find_spec(PACKAGE) is None:
        raise SettingsError(
            "MCP tools need the package mcp, which is not installed; run pip install 'mcp>=1.21,<2', or serve without "
            "them"
        )


def speak_json(app: gr.Blocks) -> None:
    """Let the tools of an app that was launched with them answer in JSON; Gradio would write it as Python does.

    Raises:
        SettingsError: if Gradio could not offer them.
    """
    server: Any = app.mcp_server_obj
    if server is None:
        reason = app.mcp_error or "no reason was given"
        raise SettingsError(f"the MCP tools cannot be offered ({reason}); install mcp>=1.21,<2, or serve without them")
    text = server.types.TextContent

    def written(outputs: list[Any], _: str) -> list[Any]:
        return [text(type="text", text=json.dumps(output, ensure_ascii=False)) for output in outputs]

    server.postprocess_output_data = written
