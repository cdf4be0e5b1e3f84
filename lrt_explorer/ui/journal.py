"""A log that machines read: one JSON object a line on standard error, without anything that a visitor typed."""

import json
import logging
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime

from lrt_explorer.ui.work import Finished

SERVERS = ("uvicorn", "uvicorn.error", "uvicorn.access")


def write_event(event: str, **details: str | float | int | None) -> None:
    """Write one line; a log that cannot be written stops nobody."""
    line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **details}
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(json.dumps(line, ensure_ascii=True) + "\n")
        sys.stderr.flush()


def write_finished(finished: Finished) -> None:
    """Write that a job has ended."""
    write_event(finished.job, seconds=round(finished.seconds, 3), outcome=finished.outcome)


class JournalHandler(logging.Handler):
    """What the program's own loggers say, in the same form.

    Of an error it gives the kind and the places it went through. Its message may repeat what a visitor typed.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        details: dict[str, str | float | int | None] = {"level": record.levelname.lower(), "logger": record.name}
        # The format alone: arguments may be a visitor's.
        details["message"] = str(record.msg)
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])
            details["error"] = record.exc_info[0].__name__
            details["places"] = " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames[-12:])
        write_event("log", **details)


def log_to_journal() -> None:
    """Send all loggers there, those of the web server included."""
    logging.basicConfig(level=logging.WARNING, handlers=[JournalHandler()], force=True)
    for name in SERVERS:
        server = logging.getLogger(name)
        server.handlers.clear()
        server.propagate = True
