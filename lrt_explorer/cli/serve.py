"""`lrt-explorer serve`: the app in the browser."""

import argparse
from typing import Any

from lrt_explorer.cli.common import add_placement


def add_parser(commands: Any) -> None:
    """Add the command."""
    parser = commands.add_parser("serve", help="open the app in the browser")
    parser.add_argument("--host", help="address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=int, help="port to listen on (default: the first free one from 7860)")
    parser.add_argument("--public", action="store_true", help="ask for a public link too")
    add_placement(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    from lrt_explorer.ui.launch import launch

    launch(options.host, options.port, options.public)
    return 0
