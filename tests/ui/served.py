"""A served app, talked to as a browser or a program does; in this process, so that it starts at once."""

import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lrt_explorer.ui.engine import Engine
from lrt_explorer.ui.launch import end, serve
from lrt_explorer.ui.work import WORK
from lrt_explorer.workbench.hosting import OWNER, Hosting

PATIENCE = 60


@dataclass(frozen=True)
class Answer:
    """What a server says."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def document(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Served:
    """A server by its address, and what Gradio holds of it."""

    url: str
    app: Any = None

    def ask(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = {} if sent is None else {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path.lstrip("/"), sent, {**kind, **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                return Answer(reply.status, reply.read().decode(), {k.lower(): v for k, v in reply.headers.items()})
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode(), {k.lower(): v for k, v in error.headers.items()})

    def events(self) -> list[dict[str, Any]]:
        """Everything that a page can ask for."""
        found: list[dict[str, Any]] = self.ask("config").document["dependencies"]
        return [event for event in found if event["backend_fn"]]

    def run(self, event: dict[str, Any], data: list[Any], page: str = "") -> tuple[bool, Any]:
        """Whether an event ended well, and what it gave, or the sentence that it ended in; by default of a new page."""
        page = page or secrets.token_hex(6)
        asked = {"data": data, "fn_index": event["id"], "session_hash": page, "event_data": None, "trigger_id": None}
        joined = self.ask("gradio_api/queue/join", asked)
        assert joined.status == 200, joined.text
        address = f"{self.url}gradio_api/queue/data?session_hash={page}"
        with urllib.request.urlopen(address, timeout=PATIENCE) as stream:
            for line in stream:
                message = json.loads(line.removeprefix(b"data:")) if line.startswith(b"data:") else {}
                if message.get("msg") == "process_completed":
                    output = message["output"]
                    return message["success"], output["data"] if message["success"] else output["error"]
        raise AssertionError("the server said nothing")

    def call(self, endpoint: str, *data: Any) -> tuple[bool, Any]:
        """`run` by the name of an endpoint."""
        return self.run(next(event for event in self.events() if event["api_name"] == endpoint), list(data))


@contextmanager
def served(engine: Engine, hosting: Hosting = OWNER) -> Iterator[Served]:
    """Serve an engine while the block lasts."""
    app = serve(engine, "127.0.0.1", None, hosting=hosting)
    try:
        yield Served(str(app.local_url), app)
    finally:
        end(app)
        WORK.begin()
