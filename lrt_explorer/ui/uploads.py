"""Room for the uploads of strangers: so much in all, half of it for one address, and never the last of the disk."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse

from lrt_explorer.ui.guard import uploads_home
from lrt_explorer.ui.service import Message, Receive, Send, disk_free

PLACE = "/gradio_api/upload"
LAST_SECONDS = 1800.0
"""How long an upload lies on disk at most: until it is old enough, and the next cleaning comes."""
MOST_FILES = 20_000
LEAST_BYTES = 4_000_000_000
TIMES_LARGEST = 4
"""All uploads may take this many times the largest one, if that is more."""
DISK_LEFT = 500_000_000
"""Bytes of the disk that no upload may take."""
UNMEASURED = "This upload does not say how large it is; send its length with it."
NO_ROOM = "There is no room for more uploads just now; try again in half an hour."
DISK_FULL = "The disk of this server is nearly full; tell whoever runs it, or try again later."


class Ledger:
    """What was uploaded lately, and by which address."""

    def __init__(self, most_bytes: int, most_files: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin empty.

        Args:
            most_bytes: of all that lies there.
            most_files: likewise.
            clock: seconds from any moment on.
        """
        self._most_bytes, self._most_files, self._clock = most_bytes, most_files, clock
        self._lately: deque[tuple[float, str, int]] = deque()

    def has_room(self, address: str, length: int) -> bool:
        """Whether an upload fits; it is noted if it does."""
        now = self._clock()
        while self._lately and now - self._lately[0][0] > LAST_SECONDS:
            self._lately.popleft()
        own = [taken for _, who, taken in self._lately if who == address]
        in_all = sum(taken for *_, taken in self._lately)
        fits = in_all + length <= self._most_bytes and len(self._lately) < self._most_files
        # Behind a proxy all visitors may have one address; half is left to others where they have not.
        fits_own = sum(own) + length <= self._most_bytes // 2 and len(own) < self._most_files // 2
        if fits and fits_own:
            self._lately.append((now, address, length))
        return fits and fits_own


class UploadRoom:
    """Around every upload: refused in one sentence, before a byte of it is read, where there is no room."""

    def __init__(self, app: Any, largest: int) -> None:
        """Stand before an ASGI app.

        Args:
            app: the app.
            largest: bytes of the largest upload that is taken.
        """
        self._app = app
        self._ledger = Ledger(max(LEAST_BYTES, TIMES_LARGEST * largest), MOST_FILES)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        refused = self._refusal(scope) if scope["type"] == "http" and scope["method"] == "POST" else None
        if refused is None:
            await self._app(scope, receive, send)
        else:
            sentence, status = refused
            await JSONResponse({"detail": sentence}, status)(scope, receive, send)

    def _refusal(self, scope: Message) -> tuple[str, int] | None:
        if scope["path"].removeprefix(scope.get("root_path", "")).rstrip("/") != PLACE:
            return None
        stated = dict(scope["headers"]).get(b"content-length", b"")
        if not stated.isdigit():
            return UNMEASURED, 411
        length = int(stated)
        if disk_free(uploads_home()) - length < DISK_LEFT:
            return DISK_FULL, 507
        address = (scope.get("client") or ("",))[0]
        return None if self._ledger.has_room(address, length) else (NO_ROOM, 507)
