"""What a server answers beside the screen: `/health`, `/metrics`, the script of figures; and what guards answers."""

import gzip
import logging
import shutil
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from lrt_explorer.plots import plotly_script
from lrt_explorer.store import data_home
from lrt_explorer.ui.guard import UNEXPECTED
from lrt_explorer.ui.metrics import Metrics
from lrt_explorer.ui.plot import SCRIPT
from lrt_explorer.version import __version__
from lrt_explorer.workbench.lanes import LANES, Lanes

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CLOSED = ("/monitoring", "/gradio_api/monitoring", "/gradio_api/runs")
"""Pages of Gradio that tell visitors of each other."""
CLOSED_TO_STRANGERS = (
    *("/gradio_api/deep_link", "/gradio_api/process_recording", "/gradio_api/run-history", "/gradio_api/profiling"),
    *("/gradio_api/vibe-", "/gradio_api/undo-vibe-", "/gradio_api/dev/", "/gradio_api/proxy=", "/proxy="),
)
"""Pages of Gradio that keep files, run programs, edit or fetch, and that the screen has no use for."""
STALE = "This server knows no such request; load the page again."
FILES = ("/gradio_api/file=", "/file=")
WEEK_SECONDS = 604_800
FRAMES = "frame-ancestors 'self' https://huggingface.co https://*.huggingface.co https://*.hf.space"
# Gradio's page carries scripts and styles of its own inline, and makes functions of the scripts of its events.
PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: https://cdnjs.cloudflare.com",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' data: blob:",
        "worker-src 'self' blob:",
        "connect-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        FRAMES,
    )
)
FILE_POLICY = f"default-src 'none'; sandbox; {FRAMES}"
"""Of files that visitors have brought: none of them may run in the name of this page."""


@dataclass(frozen=True)
class Standing:
    """How a server stands, asked anew each time.

    Attributes:
        ready: whether the first pair is open.
        models: names of the models in memory.
        lanes: where jobs run and wait.
        visitors: sessions that are remembered.
        memory_free: bytes of memory that a model may still take.
    """

    ready: Callable[[], bool]
    models: Callable[[], tuple[str, ...]]
    lanes: Lanes
    visitors: Callable[[], int]
    memory_free: Callable[[], int]

    def metrics(self) -> Metrics:
        """A new account of the jobs, with these numbers beside it."""
        return Metrics(
            {
                "ready": ("Whether the first pair is open.", self.ready),
                "models": ("Models in memory.", lambda: len(self.models())),
                "jobs_running": ("Jobs that run.", lambda: self.lanes.running),
                "jobs_waiting": ("Jobs in line.", lambda: self.lanes.waiting),
                **{f"{name}_running": (f"Jobs that run in the {name} lane.", self._count(name)) for name in LANES},
                **{
                    f"{name}_waiting": (f"Jobs in line before the {name} lane.", self._count(name, waiting=True))
                    for name in LANES
                },
                "visitors": ("Sessions that are remembered.", self.visitors),
                "disk_free_bytes": ("Free bytes of the data folder's disk.", disk_free),
                "memory_free_bytes": ("Bytes of memory that a model may still take.", self.memory_free),
            }
        )

    def _count(self, lane: str, *, waiting: bool = False) -> Callable[[], int]:
        return lambda: self.lanes[lane].waiting if waiting else self.lanes[lane].running

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "ready": self.ready(),
            "version": __version__,
            "models": list(self.models()),
            "jobs_running": self.lanes.running,
            "jobs_waiting": self.lanes.waiting,
            "lanes": {
                name: {"running": self.lanes[name].running, "waiting": self.lanes[name].waiting} for name in LANES
            },
            "visitors": self.visitors(),
            "disk_free_bytes": disk_free(),
            "memory_free_bytes": self.memory_free(),
        }


def disk_free(place: Path | None = None) -> int:
    """Free bytes where a folder lies, or will lie; by default the data folder."""
    folder = (data_home() if place is None else place).absolute()
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    with suppress(OSError):
        return shutil.disk_usage(folder).free
    return 0


def service_routes(standing: Standing, metrics: Metrics) -> list[Route]:
    """What is answered beside the screen."""

    async def health(_: Request) -> Response:
        found = standing.document()
        return JSONResponse(found, status_code=200 if found["ready"] else 503)

    async def numbers(_: Request) -> Response:
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    async def script(request: Request) -> Response:
        headers = {"Cache-Control": f"public, max-age={WEEK_SECONDS}", "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return FileResponse(plotly_script(), media_type="text/javascript", headers=headers)
        packed = await run_in_threadpool(_packed_script)
        return Response(packed, media_type="text/javascript", headers={**headers, "Content-Encoding": "gzip"})

    return [Route("/health", health), Route("/metrics", numbers), Route(f"/{SCRIPT}", script)]


@cache
def _packed_script() -> bytes:
    """Packed once: whoever packs it for every page keeps the server from answering for half a second each time."""
    return gzip.compress(plotly_script().read_bytes(), 6)


class Shield:
    """Around every answer: headers that a browser obeys, closed pages, and a sentence where all else failed."""

    def __init__(self, app: Any, *, strangers: bool = False) -> None:
        """Stand before an ASGI app.

        Args:
            app: the app.
            strangers: whether visitors are.
        """
        self._app = app
        self._closed = (*CLOSED, *CLOSED_TO_STRANGERS) if strangers else CLOSED

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path.startswith(self._closed):
            await JSONResponse({"detail": "This server has no such page."}, 404)(scope, receive, send)
            return
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message["headers"], *_headers(path)]
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except Exception:
            logger.exception("a request failed")
            if begun:
                raise
            # Gradio looks up what a page asks for before it checks that there is such a thing.
            sentence, status = (STALE, 400) if scope["method"] == "POST" else (UNEXPECTED, 500)
            await JSONResponse({"detail": sentence}, status)(scope, receive, sent)


def shielded(*, strangers: bool = False) -> list[Middleware]:
    """`Shield` as an app takes it."""
    return [Middleware(Shield, strangers=strangers)]


def _headers(path: str) -> list[tuple[bytes, bytes]]:
    policy = FILE_POLICY if path.startswith(FILES) else PAGE_POLICY
    headers = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), microphone=(), geolocation=()",
    }
    return [(name.encode(), value.encode()) for name, value in headers.items()]
