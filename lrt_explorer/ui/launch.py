"""Start the web server with the screen in it."""

import threading
from pathlib import Path

import gradio as gr

from lrt_explorer.store import assets_home, data_home
from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.screen import create_app
from lrt_explorer.ui.theme import make_theme
from lrt_explorer.workbench.shelves import visitors_home
from lrt_explorer.workbench.workbench import Workbench

LARGEST_UPLOAD = "500mb"
"""Room for a map between two models some 8,000 wide."""


def launch(host: str | None = None, port: int | None = None, public: bool = False) -> None:
    """Serve the app until it is stopped.

    Args:
        host: address to listen on; None is this machine alone, or what GRADIO_SERVER_NAME says.
        port: None takes the first free one from 7860 on, or what GRADIO_SERVER_PORT says.
        public: ask Gradio for a public link as well.
    """
    engine = Workbench()
    app = serve(engine, host, port, public=public)
    # Only now, so that nothing competes with the server for its first answers.
    threading.Thread(target=engine.warm_up, daemon=True).start()
    app.block_thread()


def serve(engine: Engine, host: str | None, port: int | None, *, public: bool = False) -> gr.Blocks:
    """Serve the screen over any engine; returns once the server listens, and the server runs on."""
    app = create_app(engine)
    app.queue(default_concurrency_limit=8)
    app.launch(
        server_name=host,
        server_port=port,
        share=public,
        prevent_thread_lock=True,
        # Else Gradio asks its own server for a page, and gives up if that takes longer than three seconds.
        _frontend=False,
        theme=make_theme(),
        css_paths=assets_home() / "style.css",
        favicon_path=assets_home() / "favicon.svg",
        allowed_paths=[str(folder) for folder in handed_out()],
        max_file_size=LARGEST_UPLOAD,
        ssr_mode=False,
        footer_links=["api", "settings"],
    )
    return app


def handed_out() -> list[Path]:
    """The folders that visitors download from. Names of files cannot be guessed, and folders are never listed."""
    return [data_home() / "downloads", visitors_home(), assets_home() / "concepts", assets_home() / "concepts-real"]
