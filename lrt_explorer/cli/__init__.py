"""The command line: the same studies as the app. Progress goes to stderr, results to stdout, as text or as JSON.

Each command has a file of its own with its options, what it does, and how its result is shown. What a command needs is
imported when it runs, because the libraries below take seconds to load.
"""

import argparse
import traceback
from collections.abc import Sequence

from lrt_explorer import __version__
from lrt_explorer.cli import basis, bundle, compare, evaluate, examples, fit, pairs, serve, vectors
from lrt_explorer.cli.common import ELSEWHERE, check_places, place_as_asked
from lrt_explorer.cli.streams import as_json, prepare_streams, print_result, tell
from lrt_explorer.errors import LRTError
from lrt_explorer.tinyworld import commands as tinyworld

__all__ = ["build_parser", "main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command: 0 when done, 1 after an error of one line; argparse leaves with 2 on wrong usage."""
    prepare_streams()
    options = build_parser().parse_args(arguments)
    try:
        check_places(options)
        place_as_asked(options)
        result = options.run(options)
        if isinstance(result, int):
            return result
        elsewhere = result.pop(ELSEWHERE, None)
        text = as_json(result) if options.json else options.show(result)
        kept = print_result(text, result, options.command)
        if trouble := [sentence for sentence in (elsewhere, kept) if sentence]:
            return _fail(" ".join(trouble), debug=options.debug)
    except LRTError as error:
        return _fail(str(error), debug=options.debug)
    except KeyboardInterrupt:
        return _fail("stopped; run the command again to continue", debug=options.debug)
    except BrokenPipeError:
        # The reader of the output has closed it.
        return 1
    except Exception as error:
        # Torch takes a second to import, and has been by now where memory has run out.
        from lrt_explorer.lm.memory import is_out_of_memory

        if is_out_of_memory(error):
            return _fail(
                "there was not enough memory for this; ask for less, or choose smaller models", debug=options.debug
            )
        what = " ".join(f"{type(error).__name__}: {error}".split())
        return _fail(
            f"this should not happen ({what}); run again with --debug and report what it shows", debug=options.debug
        )
    return 0


def build_parser() -> argparse.ArgumentParser:
    """All commands with their options; each sets `run`, and those with a result `show`."""
    parser = argparse.ArgumentParser(
        prog="lrt-explorer",
        description="See whether steering vectors transfer from a small language model to a large one.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (serve, pairs, fit, basis, vectors, compare, evaluate, examples, tinyworld, bundle):
        command.add_parser(commands)
    for command_parser in commands.choices.values():
        command_parser.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    return parser


def _fail(sentence: str, *, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    tell(f"error: {sentence}")
    return 1
