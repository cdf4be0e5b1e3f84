"""`/llms.txt`: what language models need to know of this server, from the same source as its endpoints.

See https://llmstxt.org for what such a file is.
"""

import inspect
import json
from collections.abc import Callable, Sequence
from typing import Any, get_type_hints

import gradio as gr
from gradio.utils import get_function_description
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lrt_explorer.ui.arguments import spoken
from lrt_explorer.ui.head import DESCRIPTION, TITLE
from lrt_explorer.ui.mcp import MCP_PATH

PATH = "/llms.txt"
CommandLine = tuple[str, str]
"""How a command is written, and what it does."""
QUICK_START = """\
import lrt_explorer as lrt

small, large = "tinyworld-s", "tinyworld-l"
for arm in lrt.compare(small, large, "language").arms:
    print(arm.name, arm.score, arm.text)

fitted = lrt.fit_map(small, large, tokens=5_000, progress=True)
spanish = lrt.find_vector(small, "language", fitted.info.small_layer)
polite = lrt.find_vector(small, "politeness", fitted.info.small_layer)
lrt.save_vector("mixed.gguf", fitted.transfer(spanish + 0.5 * polite))
"""
"""As the README has it."""
ABOUT = """\
The linear representation transferability hypothesis (https://arxiv.org/abs/2506.00653) says that an affine map, fitted
on ordinary text, takes the hidden states of a small language model to those of a large one. If so, a steering vector
found in the small model steers the large one once it is mapped. This app fits the map, moves the vector, and compares
the large model unsteered, under its own ("native") vector, under the transferred one, and under a random one of the
same length. It measures on held-out prompts whether a concept transfers, with controls and intervals.

A strength is in typical deviations: what is added is s · m · v/|v|, where m is the median distance of ordinary
activations from their mean. Layers are decoder blocks, counted from 0. Omitted arguments take the defaults shared by
the app, the command line and Python. The models named tinyworld-… ship with the app and need no network. Begin with
`/pairs`, which names models and concepts, then ask `/compare`; believe `/evaluate` rather than one text."""
CALLING = """\
Every endpoint takes its arguments in the order below and gives one JSON object. Errors are one sentence: what is wrong
and what to do. In Python:

    from gradio_client import Client
    client = Client("{base}")
    client.predict("tinyworld-s", "tinyworld-l", "language", api_name="/compare")

Over HTTP, POST the arguments as a list, then read the answer as server-sent events:

    curl {base}gradio_api/call/pairs -H "Content-Type: application/json" -d '{{"data": []}}'
    curl -N {base}gradio_api/call/pairs/EVENT_ID"""
TOOLS = "\nThe same endpoints are MCP tools at {base}{path} (streamable HTTP)."


def llms_route(app: Callable[[], gr.Blocks], commands: Sequence[CommandLine]) -> Route:
    """The file as a route.

    Args:
        app: gives the app that is served.
        commands: of the command line.
    """

    async def answer(request: Request) -> Response:
        return PlainTextResponse(llms_text(app(), str(request.base_url), commands), media_type="text/markdown")

    return Route(PATH, answer)


def llms_text(app: gr.Blocks, base: str, commands: Sequence[CommandLine]) -> str:
    """The file.

    Args:
        app: whose public endpoints are listed.
        base: address of the server, with a slash at its end.
        commands: of the command line.
    """
    calling = CALLING.format(base=base)
    if app.mcp_server:
        calling += "\n" + TOOLS.format(base=base, path=MCP_PATH.lstrip("/"))
    parts = [f"# {TITLE}", f"> {DESCRIPTION}", ABOUT, "## Endpoints", calling]
    parts += [described(str(event.api_name), event.fn) for event in app.fns.values() if is_public(event)]
    parts += ["## Command line", "Most commands print one JSON object with `--json`; `--help` lists all options."]
    parts.append("\n".join(f"- `{written}`: {does}" for written, does in commands))
    parts += ["## Python", "    " + QUICK_START.strip().replace("\n", "\n    ").replace("\n    \n", "\n\n")]
    return "\n\n".join(part for part in parts if part) + "\n"


def is_public(event: Any) -> bool:
    """Whether an event is an endpoint for programs."""
    return event.fn is not None and event.api_visibility == "public" and bool(event.api_name)


def described(name: str, endpoint: Any) -> str:
    """An endpoint with its parameters, from its name, types and docstring."""
    does, said, _ = get_function_description(endpoint)
    hints = get_type_hints(endpoint)
    lines = []
    for parameter in inspect.signature(endpoint).parameters.values():
        required = parameter.default is parameter.empty
        default = "required" if required else f"default {json.dumps(parameter.default)}"
        lines.append(f"- `{parameter.name}` ({spoken(hints[parameter.name])}; {default}): {said[parameter.name]}")
    return "\n\n".join([f"### /{name}", does, *(["\n".join(lines)] if lines else [])])
