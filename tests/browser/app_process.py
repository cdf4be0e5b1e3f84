"""The app as people start it, in a process of its own, with what ships."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 180


@contextmanager
def running_app(home: Path, start: Sequence[str] = (sys.executable, "app.py"), where: Path = ROOT) -> Iterator[str]:
    """Start the app and stop it afterwards; its address, once it answers.

    Args:
        home: its data folder.
        start: what starts it; the address to serve on is added.
        where: the folder that it is started in.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    surroundings = {
        name: value for name, value in os.environ.items() if name not in ("LRT_EXPLORER_ASSETS", "PYTHONPATH")
    }
    surroundings |= {"HF_HUB_OFFLINE": "1", "LRT_EXPLORER_HOME": str(home), "GRADIO_ANALYTICS_ENABLED": "False"}
    command = [*start, "--host", "127.0.0.1", "--port", str(port)]
    log = home / "app.log"
    home.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        app = subprocess.Popen(command, cwd=where, env=surroundings, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, app, log)
        yield url
    finally:
        app.terminate()
        app.wait(30)


def _wait_for(url: str, app: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if app.poll() is not None:
            raise RuntimeError(f"the app ended with {app.returncode}: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, TimeoutError):
            time.sleep(0.3)
    raise RuntimeError(f"the app did not answer within {PATIENCE} s: {log.read_text()[-2000:]}")
