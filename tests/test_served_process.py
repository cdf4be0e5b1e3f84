"""The app as a process of its own: as a Space starts it, and how it ends."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 100
ENDS_WITHIN = 5
SPACE = {"SPACE_ID": "user/space", "GRADIO_SERVER_NAME": "127.0.0.1"}
"""What a Space sets; nothing else is in the environment but the search path and a home."""


@contextmanager
def process(home: Path, command: list[str], environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start the app, and give it once it listens, with its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    bare = {"HOME": str(home), "PATH": os.environ["PATH"], "GRADIO_SERVER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    bare |= {"PYTHONPATH": os.environ.get("PYTHONPATH", ""), "HF_HUB_OFFLINE": "1", **environment}
    log = (home / "log").open("w+")
    app = subprocess.Popen(command, cwd=ROOT, env=bare, stdout=log, stderr=subprocess.STDOUT, text=True)
    try:
        url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and app.poll() is None:
            with suppress(OSError), urllib.request.urlopen(f"{url}/config", timeout=10):
                break
            time.sleep(0.2)
        else:
            raise AssertionError((home / "log").read_text())
        yield app, url
    finally:
        app.kill()
        app.wait()
        log.close()


def journal(home: Path) -> list[dict[str, object]]:
    lines = (home / "log").read_text().splitlines()
    assert "Traceback" not in "".join(lines)
    return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.mark.parametrize("told_by", [signal.SIGTERM, signal.SIGINT])
def test_python_app_py_with_the_environment_of_a_space_serves_strangers_and_ends_in_good_order(
    tmp_path: Path, told_by: signal.Signals
) -> None:
    with process(tmp_path, [sys.executable, "app.py"], SPACE) as (app, url):
        page = "a"
        events = json.load(urllib.request.urlopen(f"{url}/config"))["dependencies"]
        fit = next(event["id"] for event in events if event["api_name"] == "fit")
        data = ["tinyworld-s", "tinyworld-l", None, None, 1_000_000, None, "ridge"]
        body = json.dumps({"data": data, "fn_index": fit, "session_hash": page}).encode()
        headers = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{url}/gradio_api/queue/join", body, headers)).close()
        stream = urllib.request.urlopen(f"{url}/gradio_api/queue/data?session_hash={page}")
        time.sleep(3)
        told = time.monotonic()
        app.send_signal(told_by)
        assert app.wait(ENDS_WITHIN + 5) == 0
        assert time.monotonic() - told < ENDS_WITHIN
        stream.close()
    events_written = journal(tmp_path)
    assert [line["event"] for line in events_written][:: len(events_written) - 1] == ["started", "stopped"]
    assert {"event": "/fit", "outcome": "cancelled"}.items() <= events_written[-2].items()


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare")
def test_the_first_process_of_a_container_ends_when_it_is_told_to(tmp_path: Path) -> None:
    command = ["unshare", "-pf", "--kill-child", sys.executable, "-m", "lrt_explorer", "serve"]
    with process(tmp_path, command, {}) as (app, _):
        child = int(Path(f"/proc/{app.pid}/task/{app.pid}/children").read_text().split()[0])
        os.kill(child, signal.SIGINT)
        assert app.wait(ENDS_WITHIN) == 0
