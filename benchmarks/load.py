"""A hosted server under load: many visitors at once, each with mixed work, and what it does to waits and answers.

    python -m benchmarks.load [--seconds 600] [--visitors 20] [--busy]
    taskset -c 0 python -m benchmarks.load          # on one core

Starts `serve --hosted` on a data folder of its own. First every comparison is made alone, then one visitor's
comparisons are timed without and with four long jobs of others. Then all visitors compare, fit, evaluate, upload,
cancel and drop their connections for so many seconds. Prints one JSON object: figures, and under `bars` whether each
of these holds: no error; every answer is byte for byte that of the same request made alone; the median wait beside long
jobs is at most 3 times that without; the job of a closed page ends within a second (median); memory once all have gone
is within 10 % of that after the first minute; threads and open files are back at their idle count, but for the threads
by which torch helps the last thread that waits for work, and for connections that a client keeps open, which are not
the server's to close; the slowest visitor's median wait is at most 3 times the
fastest's.
"""

import argparse
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from gradio_client import Client

PAIRS = (("tinyworld-s", "tinyworld-l"), ("tinyworld-m", "tinyworld-l"))
CONCEPTS = ("mood", "register", "weather")
STRENGTHS = (-0.4, 0.3, 0.6)
PROMPT = "In the morning the old sailor went to the harbour."
TOKENS = 12
LONG_TOKENS = 200_000
"""Of a fit that outlasts what it is measured beside."""
SHORT_TOKENS = 2_000
REPEATS = 12
LONG_JOBS, CLOSINGS = 4, 5
SLOWER, GREW, UNEVEN, CLOSED_SECONDS = 3.0, 1.1, 3.0, 1.0
IDLE_SECONDS = 30.0
"""After which closed clients have noticed it, at their next heartbeat, and the web server lets unused threads go."""
PATIENCE_SECONDS = 300.0
ESTABLISHED = "01"
"""As Linux writes the state of a connection that neither end has closed."""


@dataclass
class Tally:
    """What the visitors have seen, gathered under one lock."""

    waits: dict[int, list[float]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        """One more of a kind."""
        with self.lock:
            self.done[what] += 1

    def fail(self, what: str) -> None:
        """Something went wrong."""
        with self.lock:
            self.errors.append(what[:300])


class Server:
    """A server in a process of its own."""

    def __init__(self, home: Path, *, hosted: bool = True, name: str = "log") -> None:
        """Start it and wait until it is ready.

        Args:
            home: folder of its data folder and its uploads; what lies there stays.
            hosted: whether visitors are strangers.
            name: of the file beside these that it writes its log to.
        """
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/"
        surroundings = {**os.environ, "LRT_EXPLORER_HOME": str(home / "data"), "GRADIO_TEMP_DIR": str(home / "uploads")}
        command = [sys.executable, "-m", "lrt_explorer", "serve", "--port", str(self.port)]
        command += ["--hosted"] if hosted else []
        self._log = (home / name).open("w+")
        self.process = subprocess.Popen(command, env=surroundings, stdout=self._log, stderr=self._log)
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"the server did not start: {Path(self._log.name).read_text()[-2000:]}")
            time.sleep(0.5)

    def health(self) -> dict[str, Any]:
        """What `/health` says."""
        with urllib.request.urlopen(f"{self.url}health", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def _ready(self) -> bool:
        with suppress(OSError):
            return bool(self.health()["ready"])
        return False

    def open_files(self) -> Counter[str]:
        """What is open, by what it leads to."""
        found: Counter[str] = Counter()
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with suppress(OSError):
                found[re.sub(r":\[\d+\]", "", os.readlink(link))] += 1
        return found

    def held_by_clients(self) -> int:
        """Connections that a client keeps open, whatever the server does: this program's own ends of them."""
        held = 0
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, _, remote, state = line.split()[:4]
            held += state == ESTABLISHED and int(remote.rpartition(":")[2], 16) == self.port
        return held

    def threads(self) -> Counter[str]:
        """The threads by their names."""
        found: Counter[str] = Counter()
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with suppress(OSError):
                found[(task / "comm").read_text().strip()] += 1
        return found

    def state(self) -> dict[str, int]:
        """Memory in MB, threads and open files of the process."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        number = {name: int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "Threads")}  # type: ignore[index]
        files = len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))
        return {"memory_mb": number["VmRSS"] // 1024, "threads": number["Threads"], "files": files}

    def idle(self) -> dict[str, int]:
        """The same once nothing runs and unused threads have gone."""
        end = time.monotonic() + PATIENCE_SECONDS
        while (found := self.health())["jobs_running"] + found["jobs_waiting"]:
            if time.monotonic() > end:
                break
            time.sleep(1)
        time.sleep(IDLE_SECONDS)
        # Threads that have been idle go when the next one is asked for.
        client = client_of(self)
        client.predict(api_name="/pairs")
        client.close()
        time.sleep(2)
        return self.state()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(20)
        self.process.kill()


def requests() -> list[tuple[Any, ...]]:
    """The comparisons that are asked for, as the endpoint takes them; all greedy."""
    return [
        (*pair, concept, PROMPT, strength, 0, TOKENS, 0.0)
        for pair in PAIRS
        for concept in CONCEPTS
        for strength in STRENGTHS
    ]


def compare(client: Client, asked: tuple[Any, ...]) -> tuple[str, float]:
    """The answer as text, and how long it took."""
    begun = time.monotonic()
    answer = client.predict(*asked, api_name="/compare")
    return json.dumps(answer, sort_keys=True), time.monotonic() - begun


class Visitor:
    """Someone who does one thing after another until it is time to go."""

    def __init__(self, number: int, server: Server, alone: dict[tuple[Any, ...], str], tally: Tally) -> None:
        """Open a page."""
        self.number, self.server, self.alone, self.tally = number, server, alone, tally
        self.dice = random.Random(number)
        self.client = client_of(server)

    def visit(self, until: float) -> None:
        """Do mixed work."""
        work = {self.steer: 12, self.fit: 1, self.evaluate: 1, self.cancel: 2, self.drop: 2, self.upload: 2}
        while time.monotonic() < until:
            (job,) = self.dice.choices(list(work), weights=list(work.values()))
            try:
                job()
                self.tally.count(job.__name__)
            except Exception as error:  # what a client raises is what is counted
                self.tally.fail(f"{job.__name__}: {error}")
            time.sleep(self.dice.uniform(0.2, 1.5))

    def steer(self) -> None:
        """One comparison, checked against the same one made alone."""
        asked = self.dice.choice(list(self.alone))
        answer, seconds = compare(self.client, asked)
        with self.tally.lock:
            self.tally.waits.setdefault(self.number, []).append(seconds)
            if answer != self.alone[asked]:
                self.tally.different.append(repr(asked))

    def fit(self) -> None:
        """A map that nobody else may get."""
        self.client.predict(*PAIRS[0], None, None, SHORT_TOKENS, api_name="/fit")

    def evaluate(self) -> None:
        """A little evidence."""
        self.client.predict(*PAIRS[0], [CONCEPTS[0]], None, None, 4, [-0.3, 0.0, 0.3], 2, 0, api_name="/evaluate")

    def cancel(self) -> None:
        """A fit that is cancelled while it waits or runs."""
        job = self.client.submit(*PAIRS[0], None, None, LONG_TOKENS, api_name="/fit")
        time.sleep(self.dice.uniform(0.1, 1.0))
        job.cancel()

    def drop(self) -> None:
        """A fit whose page is closed at once."""
        with _fit_of_page(self.server, self.client, f"dropped{self.dice.getrandbits(40):x}") as stream:
            stream.readline()

    def upload(self) -> None:
        """A file that nothing is done with."""
        mark = f"{self.dice.getrandbits(64):x}"
        body = (
            f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
            f"{'words ' * 2000}{mark}\r\n--{mark}--\r\n"
        ).encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        address = f"{self.server.url}gradio_api/upload"
        urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=60).close()


def client_of(server: Server) -> Client:
    """A program's page."""
    return Client(server.url, verbose=False, analytics_enabled=False)


def beside_long_jobs(server: Server, client: Client, asked: list[tuple[Any, ...]]) -> tuple[float, float]:
    """Median seconds of a comparison without, and with, long jobs of others."""
    without = median(compare(client, one)[1] for one in (asked * REPEATS)[:REPEATS])
    others = [client_of(server) for _ in range(LONG_JOBS)]
    jobs = [other.submit(*PAIRS[0], None, None, LONG_TOKENS, api_name="/fit") for other in others]
    time.sleep(2)
    beside = median(compare(client, one)[1] for one in (asked * REPEATS)[:REPEATS])
    if not server.health()["lanes"]["long"]["running"]:
        raise SystemExit("the long jobs ended too soon to be measured beside; give them more tokens")
    for job in jobs:
        job.cancel()
    return without, beside


def after_closing(server: Server, client: Client) -> float:
    """Median seconds from the closing of a page until its long job has ended."""
    taken = []
    for number in range(CLOSINGS):
        with _fit_of_page(server, client, f"closing{number}"):
            while not server.health()["lanes"]["long"]["running"]:
                time.sleep(0.05)
            time.sleep(1)
        begun = time.monotonic()
        while server.health()["lanes"]["long"]["running"]:
            if time.monotonic() - begun > PATIENCE_SECONDS:
                raise SystemExit("the job of a closed page goes on")
            time.sleep(0.02)
        taken.append(time.monotonic() - begun)
    return median(taken)


def _fit_of_page(server: Server, client: Client, page: str) -> Any:
    """The stream of a page that has asked for a long fit."""
    function = next(d["id"] for d in client.config["dependencies"] if d["api_name"] == "fit")
    data = [*PAIRS[0], None, None, LONG_TOKENS]
    body = json.dumps({"data": data, "fn_index": function, "session_hash": page}).encode()
    headers = {"Content-Type": "application/json"}
    address = f"{server.url}gradio_api/queue/"
    urllib.request.urlopen(urllib.request.Request(f"{address}join", body, headers), timeout=60).close()
    return urllib.request.urlopen(f"{address}data?session_hash={page}", timeout=60)


@contextmanager
def busy_cores(wanted: bool) -> Iterator[None]:
    """Keep every core busy with something else."""
    count = len(os.sched_getaffinity(0)) if wanted else 0
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()


def measure(seconds: float, visitors: int) -> dict[str, Any]:
    """All of it."""
    with tempfile.TemporaryDirectory(prefix="lrt-load-") as home:
        server = Server(Path(home))
        try:
            return _measure(server, seconds, visitors)
        finally:
            server.stop()


def _measure(server: Server, seconds: float, visitors: int) -> dict[str, Any]:
    client, asked = client_of(server), requests()
    alone = {one: compare(client, one)[0] for one in asked}
    without, beside = beside_long_jobs(server, client, asked)
    closed = after_closing(server, client)
    newcomer = Visitor(visitors, server, alone, Tally())
    for job in (newcomer.fit, newcomer.evaluate, newcomer.upload):
        job()
    newcomer.client.close()
    before, held = server.idle(), server.open_files() + server.threads()
    tally = Tally()
    crowd = [Visitor(number, server, alone, tally) for number in range(visitors)]
    begun = time.monotonic()
    threads = [threading.Thread(target=visitor.visit, args=(begun + seconds,)) for visitor in crowd]
    for thread in threads:
        thread.start()
    time.sleep(min(60.0, seconds))
    early = server.state()
    for thread in threads:
        thread.join()
    late = server.state()
    for visitor in crowd:
        visitor.client.close()
    after, left = server.idle(), server.open_files() + server.threads() - held
    clients = server.held_by_clients()
    medians = sorted(median(waits) for waits in tally.waits.values())
    return {
        "cores": len(os.sched_getaffinity(0)),
        "seconds": seconds,
        "visitors": visitors,
        "done": dict(tally.done),
        "errors": tally.errors,
        "different_answers": tally.different,
        "wait_alone_s": round(without, 3),
        "wait_beside_long_jobs_s": round(beside, 3),
        "wait_fastest_visitor_s": round(medians[0], 3),
        "wait_slowest_visitor_s": round(medians[-1], 3),
        "closed_page_s": round(closed, 3),
        "idle_before": before,
        "after_first_minute": early,
        "at_the_end": late,
        "idle_after": after,
        "left_open": dict(left),
        "held_by_clients": clients,
        "bars": {
            "no_errors": not tally.errors,
            "answers_as_alone": not tally.different,
            "quick_beside_long": beside <= SLOWER * without,
            "closed_page_ends_its_work": closed <= CLOSED_SECONDS,
            "memory_steady": after["memory_mb"] <= GREW * early["memory_mb"],
            "threads_back": after["threads"] < before["threads"] + len(os.sched_getaffinity(0)),
            "files_back": after["files"] - clients <= before["files"],
            "visitors_even": medians[-1] <= UNEVEN * medians[0],
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--visitors", type=int, default=20)
    parser.add_argument("--busy", action="store_true", help="keep every core busy with something else as well")
    options = parser.parse_args()
    with busy_cores(options.busy):
        print(json.dumps(measure(options.seconds, options.visitors), indent=2))


if __name__ == "__main__":
    main()
