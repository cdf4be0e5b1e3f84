"""What other sites show of a link to this page: title, description and picture (Open Graph), not those of Gradio."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.store import assets_home

TITLE = "LRT Explorer"
DESCRIPTION = (
    "Find a steering vector in a small language model, map it into a larger one, and compare it there with the larger "
    "model’s own vector and a random one."
)
PICTURE = "preview.png"
"""Where the server offers the picture."""
_GRADIOS = re.compile(r"<meta\s+(?:property|name)=\"(?:og|twitter):[^>]*>\s*", re.DOTALL)
_HEAD = HtmlTemplate("<head>")
_OURS = HtmlTemplate("""
    <meta property="og:type" content="website" />
    <meta property="og:site_name" content="{{ title }}" />
    <meta property="og:title" content="{{ title }}" />
    <meta property="og:description" content="{{ description }}" />
    <meta property="og:url" content="{{ url }}" />
    {% if picture %}<meta property="og:image" content="{{ base }}{{ picture }}" />{% endif %}
    <meta name="description" content="{{ description }}" />
    <meta name="twitter:card" content="summary_large_image" />
""")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def with_our_head(page: str, url: str, base: str) -> str:
    """A page of Gradio with our words for other sites.

    Args:
        page: HTML.
        url: of the page.
        base: of the server, with a slash at its end.
    """
    ours = _OURS(title=TITLE, description=DESCRIPTION, url=url, base=base, picture=PICTURE if _file().is_file() else "")
    return _GRADIOS.sub("", page).replace(_HEAD(), _HEAD() + ours, 1)


class Head:
    """Around the answer to a request for the page: our words in its head."""

    def __init__(self, app: Any) -> None:
        """Stand before an ASGI app."""
        self._app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_page = scope["type"] == "http" and scope["path"].removeprefix(scope.get("root_path", "")) in ("", "/")
        if not is_page:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        start: Message = {}
        parts: list[bytes] = []

        async def sent(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            if not _is_html(start):
                if start:
                    await send(start)
                    start = {}
                await send(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            page = with_our_head(b"".join(parts).decode(), str(request.url), str(request.base_url)).encode()
            headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            await send({**start, "headers": [*headers, (b"content-length", str(len(page)).encode())]})
            await send({"type": "http.response.body", "body": page})

        await self._app(scope, receive, sent)


def headed() -> list[Middleware]:
    """`Head` as an app takes it."""
    return [Middleware(Head)]


def picture_route() -> Route:
    """The picture that other sites show."""

    async def picture(_: Request) -> Response:
        file = _file()
        return FileResponse(file) if file.is_file() else JSONResponse({"detail": "There is no picture."}, 404)

    return Route(f"/{PICTURE}", picture)


def _file() -> Path:
    """A package that is installed comes without pictures."""
    return assets_home() / "pictures" / "steer-light.png"


def _is_html(start: Message) -> bool:
    kinds = [value for name, value in start.get("headers", ()) if name.lower() == b"content-type"]
    return start.get("status") == 200 and any(kind.startswith(b"text/html") for kind in kinds)
