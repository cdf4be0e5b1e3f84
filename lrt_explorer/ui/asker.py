"""Who asks for what is being answered just now, as far as the web tells."""

from typing import Any

from gradio.context import LocalContext

from lrt_explorer.errors import CancelledError


def page() -> str:
    """The page that asks; "" outside of a server."""
    request: Any = LocalContext.request.get(None)
    return "" if request is None else str(request.session_hash or "")


def visitor() -> str:
    """Who is asking: the login, else the page, else the address; "" outside of a server."""
    request: Any = LocalContext.request.get(None)
    if request is None:
        return ""
    client = getattr(request, "client", None)
    return str(request.username or request.session_hash or getattr(client, "host", ""))


def check_still_there() -> None:
    """Raise CancelledError if the page that asked was closed, or the event cancelled."""
    event, app = LocalContext.event_id.get(None), LocalContext.blocks.get(None)
    if event is None or app is None:
        return
    asked = app._queue.event_ids_to_events.get(event)
    if asked is None or not asked.alive:
        raise CancelledError("the page that asked for this is closed")
