"""Start the web server with the screen in it, and end it in good order."""

import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import cast

import gradio as gr
from starlette.middleware import Middleware

from lrt_explorer.errors import SettingsError
from lrt_explorer.limits import CONTRAST_SET_BYTES, MAP_HEADER_BYTES, MAP_WIDTH, TEXT_BYTES, UPLOAD_BYTES, VECTOR_BYTES
from lrt_explorer.lm.memory import free_memory, share_arenas
from lrt_explorer.lm.summary import describe
from lrt_explorer.store import assets_home, data_home
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.gpu import on_gpu
from lrt_explorer.ui.guard import bound_pages
from lrt_explorer.ui.head import headed, picture_route
from lrt_explorer.ui.journal import log_to_journal, write_event, write_finished
from lrt_explorer.ui.llms import CommandLine, llms_route
from lrt_explorer.ui.mcp import check_mcp, speak_json
from lrt_explorer.ui.pages import remember_little
from lrt_explorer.ui.screen import create_app
from lrt_explorer.ui.service import Standing, service_routes, shielded
from lrt_explorer.ui.terms import terms_route
from lrt_explorer.ui.theme import make_theme
from lrt_explorer.ui.turns import InTurns
from lrt_explorer.ui.uploads import UploadRoom
from lrt_explorer.ui.work import WORK
from lrt_explorer.workbench.hosting import OWNER, Hosting
from lrt_explorer.workbench.lanes import LANES, MAX_WAITING, Lanes, make_lanes
from lrt_explorer.workbench.map_files import map_bytes
from lrt_explorer.workbench.shelves import visitors_home
from lrt_explorer.workbench.tidying import tidy_on
from lrt_explorer.workbench.workbench import Workbench

FIRST_PORT, PORTS = 7860, 100
LOCAL = "127.0.0.1"
FIRST_ANSWERS_SECONDS, QUIET_SECONDS = 1.5, 15.0
"""After which the server begins to load, and without a job in which it begins to have UMAP compiled."""
PATIENCE_SECONDS = 3.0
"""For jobs and answers that go on when the server is told to stop."""
SESSIONS_PER_VISITOR = 20
"""Pages that are remembered for each visitor there may be, so that the requests of a program evict nobody."""
WAITING = 200
"""Events that have not begun; who asks beyond is told that the line is full."""
THREADS = len(LANES) * MAX_WAITING + 40
"""Of the web server: a job that waits in a lane sleeps in one of them."""


def launch(
    host: str | None,
    port: int | None,
    *,
    share: bool = False,
    hosting: Hosting = OWNER,
    commands: Sequence[CommandLine] = (),
) -> None:
    """Serve the app until Ctrl-C or SIGTERM.

    Args:
        host: address to listen on; None is this machine alone, or what GRADIO_SERVER_NAME says.
        port: None takes the first free one from 7860 on, or what GRADIO_SERVER_PORT says.
        share: ask Gradio for a public link as well.
        hosting: who may use it, and for how much.
        commands: of the command line, for those who read `/llms.txt`.

    Raises:
        SettingsError: if it cannot listen there, or cannot offer the MCP tools that `hosting` asks for.
    """
    # First of all: who sees the server answer may tell it to stop before this function goes on.
    told = listen_for_signals()
    if hosting.hosted:
        WORK.listen(write_finished)
        share_arenas()
    engine = Workbench(hosting=hosting)
    app = serve(on_gpu(engine), host, port, share=share, hosting=hosting, commands=commands)
    if hosting.hosted:
        write_event("started", models=len(hosting.models), port=app.server_port)
    threading.Thread(target=warm_up, args=(engine,), daemon=True).start()
    if hosting.hosted:
        threading.Thread(target=tidy_on, daemon=True).start()
    told.wait()
    ended = end(app)
    if hosting.hosted:
        write_event("stopped", outcome="done" if ended else "cancelled")
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    # The interpreter would wait for threads that wait for nothing, or be brought down by one deep in a library.
    os._exit(0)


def serve(
    engine: Engine,
    host: str | None,
    port: int | None,
    *,
    share: bool = False,
    hosting: Hosting = OWNER,
    commands: Sequence[CommandLine] = (),
) -> gr.Blocks:
    """Serve the screen over any engine; returns once the server listens, and the server runs on.

    Arguments and errors as for `launch`.
    """
    if hosting.mcp:
        check_mcp()
    lanes = make_lanes(hosting)
    host = host or os.environ.get("GRADIO_SERVER_NAME") or LOCAL
    port = free_port(host, port)
    app = create_app(cast(Engine, InTurns(engine, lanes)), hosting, lanes)
    # Else Gradio makes a table of all events, for a page that is closed here, after each of them.
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "100")
    app.queue(default_concurrency_limit=8, max_size=WAITING, api_open=False)
    bound_pages(app)
    standing = _standing(engine, app, lanes)
    metrics = standing.metrics()
    WORK.listen(metrics.count)
    app.launch(
        server_name=host,
        server_port=port,
        share=share,
        prevent_thread_lock=True,
        # Else Gradio asks its own server for a page, and gives up if that takes longer than three seconds.
        _frontend=False,
        quiet=True,
        theme=make_theme(),
        css_paths=assets_home() / "style.css",
        favicon_path=assets_home() / "favicon.svg",
        allowed_paths=[str(folder) for folder in handed_out()],
        max_file_size=largest_upload(hosting),
        ssr_mode=False,
        # The page of endpoints records what its visitor does.
        footer_links=[] if hosting.hosted else ["api", "settings"],
        auth=list(hosting.logins) or None,
        root_path=hosting.root_path or None,
        mcp_server=hosting.mcp,
        max_threads=THREADS,
        state_session_capacity=SESSIONS_PER_VISITOR * hosting.max_visitors,
        enable_monitoring=False,
        run_history=False,
        app_kwargs={
            "routes": [
                *service_routes(standing, metrics),
                *(picture_route(), terms_route(), llms_route(lambda: app, commands)),
            ],
            "middleware": [*shielded(strangers=hosting.hosted), *_roomy(hosting), *headed()],
        },
    )
    remember_little(app)
    if hosting.mcp:
        speak_json(app)
    if hosting.hosted:
        # Gradio's server has set up loggers of its own by now.
        log_to_journal()
    with contextlib.suppress(OSError, ValueError):
        print(f"LRT Explorer is at {app.local_url}", flush=True)  # noqa: T201 (its address is what it prints)
    return app


def warm_up(engine: Workbench, after: float = FIRST_ANSWERS_SECONDS) -> None:
    """Load and prepare what the first visitors need, while nothing competes with it for the processor.

    Args:
        engine: what they will use.
        after: seconds in which the server gives its first answers. A page that is opened then loads the models itself.
    """
    time.sleep(after)
    engine.warm_up()
    quiet = 0.0
    while quiet < QUIET_SECONDS:
        time.sleep(after)
        quiet = 0.0 if WORK.running else quiet + after
    engine.compile_pictures()


def listen_for_signals() -> threading.Event:
    """What is set when the process is told to stop; a second signal ends it at once."""
    told = threading.Event()

    def tell(_: int, __: FrameType | None) -> None:
        if told.is_set():
            os._exit(1)
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, tell)
    return told


def end(app: gr.Blocks) -> bool:
    """Stop answering, and let every job end at its next step; whether all of them have."""
    # An answer that is cut off now is no error worth a traceback.
    logging.getLogger("uvicorn.error").disabled = True
    app.server.config.timeout_graceful_shutdown = 1
    ended = threading.Thread(target=app.close, kwargs={"verbose": False}, daemon=True)
    ended.start()
    idle = WORK.end_all(PATIENCE_SECONDS)
    ended.join(1.0)
    return idle and not ended.is_alive()


def free_port(host: str, port: int | None) -> int:
    """The port to listen on: the one asked for, or the first free one.

    Raises:
        SettingsError: if it is in use, or there is no such address.
    """
    asked = port or int(os.environ.get("GRADIO_SERVER_PORT") or 0)
    reason = ""
    for candidate in [asked] if asked else range(FIRST_PORT, FIRST_PORT + PORTS):
        try:
            family = socket.getaddrinfo(host.strip("[]"), candidate, type=socket.SOCK_STREAM)[0]
            with socket.socket(family[0], socket.SOCK_STREAM) as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                trial.bind(family[4])
            return candidate
        except socket.gaierror as error:
            raise SettingsError(f"there is no address {host!r} on this machine; choose another address") from error
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
    which = f"port {asked} of {host}" if asked else f"any port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} of {host}"
    raise SettingsError(f"cannot listen on {which}: {reason}; choose another port")


def largest_upload(hosting: Hosting) -> int:
    """Bytes of the largest file that a visitor can have a use for."""
    if not hosting.hosted:
        return UPLOAD_BYTES
    widths = sorted((describe(model).width or MAP_WIDTH for model in hosting.models), reverse=True)
    widest = (widths * 2)[:2]
    return max(CONTRAST_SET_BYTES, TEXT_BYTES, VECTOR_BYTES, map_bytes(*widest)) + 2 * MAP_HEADER_BYTES


def handed_out() -> list[Path]:
    """The folders that visitors download from. Names of files cannot be guessed, and folders are never listed."""
    return [data_home() / "downloads", visitors_home(), assets_home() / "concepts", assets_home() / "concepts-real"]


def _roomy(hosting: Hosting) -> list[Middleware]:
    return [Middleware(UploadRoom, largest=largest_upload(hosting))] if hosting.hosted else []


def _standing(engine: Engine, app: gr.Blocks, lanes: Lanes) -> Standing:
    return Standing(
        ready=engine.ready,
        models=engine.models_in_memory,
        lanes=lanes,
        visitors=lambda: len(app.app.state_holder.session_data),
        memory_free=lambda: free_memory() or 0,
    )
