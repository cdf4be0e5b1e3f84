"""What a visitor has made goes soon after the page is closed, unless the page is seen again."""

import asyncio
import threading
import time
from datetime import datetime, timedelta

import gradio as gr

GONE_SECONDS = 90.0
"""After so long without a sign of life a page is closed; browsers let hidden pages tick once a minute."""
MARGIN = timedelta(seconds=5)
"""In which what a page had asked for before it was closed still arrives."""
TRIES, TRY_AGAIN_SECONDS = 10, 0.5
"""How often, and how soon again, a page is removed for which something is just ending."""


class Leaving:
    """Watches pages close. Work that runs for one ends at once, by Gradio; this is about what is kept for it."""

    def __init__(self, app: gr.Blocks, seconds: float = GONE_SECONDS) -> None:
        """Wire it; to be called inside the app's blocks.

        Args:
            app: its states say by `delete_callback` how they are removed.
            seconds: how long a page may be away; a broken connection is no end of a visit.
        """
        self._app, self._seconds = app, seconds
        app.unload(self.on_page_closed)

    async def on_page_closed(self, request: gr.Request) -> None:
        """Look again once the page has had time to come back."""
        if request.session_hash:
            # A thread for the moment that it takes: files are removed, and the server answers others meanwhile.
            removing = threading.Thread(target=self.remove, args=(request.session_hash, datetime.now()), daemon=True)
            asyncio.get_running_loop().call_later(self._seconds, removing.start)

    def remove(self, page: str, closed: datetime) -> None:
        """Remove what is kept for a page, unless it was seen after it was closed."""
        holder = self._app.app.state_holder
        if page not in holder:
            return
        if holder.time_last_used[page] > closed + MARGIN:
            # Gradio would still forget it, an hour after its last change.
            holder.session_data[page].is_closed = False
            return
        for _ in range(TRIES):
            try:
                holder.delete_state(page)
                break
            except RuntimeError:
                # What the page had asked for last is just ending, and changes what Gradio goes through.
                time.sleep(TRY_AGAIN_SECONDS)
        with holder.lock:
            holder.session_data.pop(page, None)
            holder.time_last_used.pop(page, None)
