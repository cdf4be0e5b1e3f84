"""A server that is killed in the middle of its work, and two servers on one folder: nothing torn, nothing lost.

    python -m benchmarks.killed [--times 3]

Kills a server (SIGKILL) during a fit, a suite, the saving of maps and the packing of downloads, so many times each and
at other moments each time, then starts another one on the same folder. Prints one JSON object with figures, and under
`bars` whether each of these holds: every artifact, sheet and archive that has its name is whole; the new server is
ready and answers as before; concepts that a killed suite had finished are not measured again; two servers that fit,
evaluate and pack at once on one folder, of which one is killed, leave it whole too, and answer alike.
"""

import argparse
import json
import random
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from gradio_client import Client

from benchmarks.hostile import ask, events
from benchmarks.load import PATIENCE_SECONDS, Server, client_of
from lrt_explorer.errors import LRTError
from lrt_explorer.store.artifacts import HEADER, has_artifact, load_artifact

PAIR = ("tinyworld-xs", "tinyworld-s")
CONCEPTS = ("mood", "weather", "size", "tense", "topic", "person")
ASKED = (*PAIR, "mood", "In the morning the old sailor went to the harbour.", 0.4, 0, 12, 0.0)
PAGE = "packing"
FIT_TOKENS, SHORT_TOKENS = 400_000, 2_000
LEAST, MOST = 0.3, 4.0
"""Seconds after which a server is killed."""


def fit(client: Client) -> None:
    """A fit that outlasts the server."""
    client.predict(*PAIR, None, None, FIT_TOKENS, api_name="/fit")


def suite(client: Client) -> None:
    """Evidence for one concept after another."""
    for _ in range(100):
        client.predict(*PAIR, list(CONCEPTS), None, None, 8, [-0.3, 0.0, 0.3], 2, 0, api_name="/evaluate")


def save(client: Client) -> None:
    """One small map after another, all in the same place."""
    for number in range(1000):
        client.predict(*PAIR, None, None, SHORT_TOKENS + 10 * number, api_name="/fit")


def download(client: Client) -> None:
    """The map packed again and again, as the button does it."""
    offered = events(client.src)
    opening, saving = (
        next(event for event in offered if str(event["api_name"]).startswith(name))
        for name in ("on_page_loaded", "on_save_clicked")
    )
    ask(client.src, opening, [None], PAGE, to_the_end=True)
    for _ in range(1000):
        answer = ask(client.src, saving, [None], PAGE, to_the_end=True)
        if "Saved as" not in answer.text:
            raise SystemExit(f"nothing was packed: {answer.text}")


WORK: dict[str, Callable[[Client], None]] = {"fit": fit, "suite": suite, "save": save, "download": download}


def torn(home: Path) -> list[str]:
    """Everything in a data folder that has its name and is not whole."""
    found = []
    for path in home.rglob("*"):
        if any(part.startswith(".") for part in path.relative_to(home).parts) or not path.is_file():
            continue
        try:
            if path.name == HEADER:
                load_artifact(path.parent, json.loads(path.read_text())["kind"])
            elif path.suffix == ".json":
                json.loads(path.read_text())
            elif path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    if archive.testzip() is not None:
                        found.append(str(path.relative_to(home)))
        except (LRTError, ValueError, OSError, KeyError, zipfile.BadZipFile) as error:
            found.append(f"{path.relative_to(home)}: {error}")
    return found


def finished(home: Path) -> set[str]:
    """The concepts whose measurements are kept."""
    return {str(path.relative_to(home)) for path in home.glob("evaluations/*/*/concepts/*") if has_artifact(path)}


def killed(home: Path, work: Callable[[Client], None], seconds: float, ready: Callable[[], bool]) -> bool:
    """Kill a server at its work, and tell whether it was still at it.

    Args:
        home: of its data folder.
        work: what it is asked for.
        seconds: that it works before it is killed.
        ready: what must be so before these count.
    """
    server = Server(home, hosted=False)
    working = threading.Thread(target=_until_killed, args=(server, work), daemon=True)
    working.start()
    begun = time.monotonic()
    while not ready() and working.is_alive() and time.monotonic() - begun < PATIENCE_SECONDS:
        time.sleep(0.2)
    time.sleep(seconds)
    at_work = working.is_alive()
    server.process.kill()
    server.process.wait()
    return at_work


def answers(server: Server) -> str:
    """A comparison with the map that ships or lies there."""
    client = client_of(server)
    try:
        return json.dumps(client.predict(*ASKED, api_name="/compare"), sort_keys=True)
    finally:
        client.close()


def _has_finished(home: Path, least: int) -> bool:
    return len(finished(home)) >= least


def after_kills(home: Path, times: int) -> dict[str, Any]:
    """Kill during each kind of work, and look at what is left."""
    dice, left, lost, ready, at_work = random.Random(0), list[str](), list[str](), 0, 0
    for name, work in WORK.items():
        for number in range(times):
            before = finished(home / "data")
            # Some concepts are finished, and the next one is being measured.
            least = number + 1 if name == "suite" else 0
            ready_to_be_killed = partial(_has_finished, home / "data", least)
            at_work += killed(home, work, dice.uniform(LEAST, MOST), ready_to_be_killed)
            left += [f"{name}: {place}" for place in torn(home / "data")]
            lost += sorted(before - finished(home / "data"))
    server = Server(home, hosted=False)
    try:
        ready = int(bool(answers(server)))
        left += torn(home / "data")
    finally:
        server.stop()
    return {
        "torn": left,
        "lost": lost,
        "ready": ready,
        "at_work": at_work,
        "concepts_kept": len(finished(home / "data")),
    }


def two_servers(home: Path) -> dict[str, Any]:
    """Two servers work on one folder, and one is killed."""
    first, second = Server(home, hosted=False, name="first"), Server(home, hosted=False, name="second")
    try:
        for server in (first, second):
            for work in WORK.values():
                threading.Thread(target=_until_killed, args=(server, work), daemon=True).start()
        time.sleep(15)
        first.process.kill()
        first.process.wait()
        time.sleep(3)
        left = torn(home / "data")
        alive = second.process.poll() is None
    finally:
        for server in (first, second):
            server.stop()
    one = Server(home, hosted=False)
    other = Server(home, hosted=False, name="other")
    try:
        return {"torn": left + torn(home / "data"), "alive": alive, "alike": answers(one) == answers(other)}
    finally:
        one.stop()
        other.stop()


def _until_killed(server: Server, work: Callable[[Client], None]) -> None:
    with suppress(Exception):
        work(client_of(server))


def measure(times: int) -> dict[str, Any]:
    """All of it."""
    with tempfile.TemporaryDirectory(prefix="lrt-killed-") as folder:
        alone, shared = Path(folder) / "alone", Path(folder) / "shared"
        alone.mkdir()
        shared.mkdir()
        kills, pair = after_kills(alone, times), two_servers(shared)
    return {
        "kills": times * len(WORK),
        "after_kills": kills,
        "two_servers": pair,
        "bars": {
            "killed_at_work": kills["at_work"] == times * len(WORK),
            "nothing_torn": not kills["torn"] and not pair["torn"],
            "nothing_lost": not kills["lost"] and kills["concepts_kept"] > 0,
            "goes_on": bool(kills["ready"]) and pair["alive"] and pair["alike"],
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=3, help="kills of each kind")
    print(json.dumps(measure(parser.parse_args().times), indent=2))


if __name__ == "__main__":
    main()
