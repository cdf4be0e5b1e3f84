"""`lrt-explorer serve`: the app as a server."""

import argparse
import os
import signal
from types import FrameType
from typing import Any

from lrt_explorer.cli.common import add_placement
from lrt_explorer.cli.manual import command_lines

ENVIRONMENT = "each also by environment variable, such as LRT_EXPLORER_TIME_LIMIT (docs/hosting.md)"


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("serve", help="serve the app")
    parser.add_argument("--host", help="address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    parser.add_argument("--share", action="store_true", help="ask Gradio for a public link too")
    parser.add_argument(
        "--mcp",
        action="store_true",
        help="offer the studies as MCP tools too, to agents (needs the extra mcp; or LRT_EXPLORER_MCP=1)",
    )
    add_placement(parser)
    hosting = parser.add_argument_group("for a public server", ENVIRONMENT)
    hosting.add_argument(
        "--hosted",
        action="store_true",
        help="visitors choose from lists and upload files; they cannot name paths or other models",
    )
    hosting.add_argument("--models", metavar="NAME,…", help="models that they may open (default: those that ship)")
    hosting.add_argument("--models-file", metavar="FILE", help="the same, one per line")
    hosting.add_argument("--auth-file", metavar="FILE", help="who may log in, USER:PASSWORD, one per line")
    hosting.add_argument("--root-path", metavar="PATH", help="path behind a reverse proxy, such as /lrt")
    hosting.add_argument(
        "--max-visitors", type=int, metavar="N", help="people at once, whose pages are remembered (default: 100)"
    )
    hosting.add_argument(
        "--time-limit", type=float, metavar="SECONDS", help="of a long job (default: 600 with --hosted)"
    )
    hosting.add_argument(
        "--memory-gb",
        type=float,
        metavar="GB",
        help="memory of the weights of all models (default: 80 %% of what is free)",
    )
    parser.set_defaults(run=run, commands=commands)


def run(options: argparse.Namespace) -> int:
    """Serve until stopped, by Ctrl-C or SIGTERM; both end in good order, as the first process of a container too."""
    # A first process that says nothing about a signal does not get it. Until the server runs there is nothing to end.
    previous = signal.signal(signal.SIGTERM, _leave)
    # Read by torch when it is first imported. Threads that wait by turning in circles take the cores from those that
    # compute: on busy cores a pass with two threads was seen to take thirty times as long.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        from lrt_explorer.store.writing import check_folder
        from lrt_explorer.workbench.hosting import OPTIONS, read_hosting

        hosting = read_hosting({name: getattr(options, name) for name in OPTIONS})
        check_folder(None)
        from lrt_explorer.ui.launch import launch

        commands = command_lines(options.commands)
        launch(options.host, options.port, share=options.share, hosting=hosting, commands=commands)
    finally:
        signal.signal(signal.SIGTERM, previous)
    return 0


def _leave(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)
