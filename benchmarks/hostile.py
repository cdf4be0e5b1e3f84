"""A hosted server under attack: hostile values in every function and every endpoint, and what they do to others.

    python -m benchmarks.hostile [--cases 300] [--seed 0]

Starts `serve --hosted` on a data folder of its own, with a watch on every file that Python opens, makes, renames or
removes, and beside it a folder with a secret, a pipe and links. Hypothesis draws each case: a function of the page or
an endpoint, on a fresh page or one with a pair open, and values of wrong types, huge and odd numbers, deep and long
JSON, paths, markup, names that load models, and uploads that are bombs. Prints one JSON object: figures, and under
`bars` whether each of these holds: every case is answered within 10 seconds, by something to show or by one sentence;
memory is never more than 300 MB above its start; no file outside of the data folder and the uploads is written, and
none is read but those of the program itself; the secret is never shown, no markup of a visitor stands unescaped in
anything shown; another visitor's answer is the same before, during and after.
"""

import argparse
import io
import json
import os
import secrets
import struct
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from benchmarks.load import Server, client_of, compare, requests

SECRET = "hunter2-of-the-owner"
MARKUP = "<script>alert('of another visitor')</script>"
WITHIN_SECONDS, MOST_MB = 10.0, 300
STEP = "process_generating"
STEADY_SECONDS, STEADY_MB = 8, 3
EVERY = 50
"""Cases after which the other visitor asks again."""
WATCH = """
import os, sys
log = os.open(os.environ["WATCH_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def watch(event, arguments):
    if event in ("open", "os.mkdir", "os.remove", "os.rename", "os.link", "os.symlink", "os.rmdir", "subprocess.Popen"):
        path = arguments[1] if event == "os.rename" else arguments[0]
        if isinstance(path, (str, bytes, os.PathLike)):
            flags = arguments[2] if event == "open" else 1
            writes = bool(flags & (os.O_WRONLY | os.O_RDWR)) if isinstance(flags, int) else True
            line = f"{event}\\t{int(writes)}\\t{os.path.abspath(os.fsdecode(path))}"
            os.write(log, line.replace("\\n", " ").encode(errors="replace") + b"\\n")
sys.addaudithook(watch)
"""
PROGRAM = (str(Path(__file__).resolve().parents[1]), sys.prefix, sys.base_prefix, str(Path(sys.executable).parents[2]))
SYSTEM = ("/proc/", "/sys/", "/dev/", "/etc/localtime", "/etc/mime.types", "/usr/share/zoneinfo", "/usr/lib", "/lib")
"""What Python and its libraries look up for themselves."""


@dataclass(frozen=True)
class Trap:
    """A folder that no visitor has any business in.

    Attributes:
        folder: where it is.
    """

    folder: Path

    @property
    def places(self) -> list[str]:
        """Paths to ask for."""
        return [str(self.folder / name) for name in ("secret.jsonl", "pipe.jsonl", "link.jsonl", "map.zip", "nowhere")]

    @classmethod
    def lay(cls, folder: Path) -> "Trap":
        """Make it."""
        folder.mkdir(parents=True)
        (folder / "secret.jsonl").write_text(json.dumps({"kind": SECRET}) + f"\n{SECRET} | a\nb | c\n")
        os.mkfifo(folder / "pipe.jsonl")
        (folder / "link.jsonl").symlink_to(folder / "secret.jsonl")
        with zipfile.ZipFile(folder / "map.zip", "w") as archive:
            archive.writestr("artifact.json", json.dumps({"kind": SECRET}))
        return cls(folder)

    def state(self) -> list[tuple[str, int, int]]:
        """What lies there, to see that it stays so."""
        return sorted((p.name, p.lstat().st_size, p.lstat().st_mtime_ns) for p in self.folder.iterdir())


def _zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def _links(target: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("artifact.json", "tensors.safetensors", "../../../escaped"):
            member = zipfile.ZipInfo(name)
            member.external_attr = 0o120777 << 16
            archive.writestr(member, target)
    return buffer.getvalue()


def bombs(trap: Trap) -> dict[str, bytes]:
    """Files that are not what they seem, by name."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 4 * 10**18]}}).encode()
    return {
        "bomb.zip": _zipped(artifact__json=b" " * 60_000_000, tensors__safetensors=b"\0" * 60_000_000),
        "links.zip": _links(str(trap.folder / "secret.jsonl")),
        "torn.zip": _zipped(artifact__json=b"{}")[:-10],
        "long.safetensors": struct.pack("<Q", 2**62) + b"{}",
        "huge.safetensors": struct.pack("<Q", len(header)) + header,
        "bomb.gguf": b"GGUF" + struct.pack("<IQQ", 3, 2**60, 2**60),
        "text.gguf": b"GGUF" + struct.pack("<IQQ", 3, 1, 1) + struct.pack("<Q", 2**61) + b"name",
        "deep.json": b"[" * 200_000,
        "deep.jsonl": b'{"a":' * 50_000,
        "digits.json": b'{"a": ' + b"9" * 100_000 + b"}",
        "twice.jsonl": b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b',"k1":2}',
        "wide.csv": b",".join(b"c%d" % n for n in range(50_000)) + b"\n1\n",
        "markup.txt": f"{MARKUP} | {MARKUP}\n{MARKUP} a | b {MARKUP}\n".encode(),
        f"{MARKUP.replace('/', '')}.txt": b"one thing | another\nthis | that\n",
        "expression.jsonl": json.dumps({"kind": "contrast-set", "scorer": "regex:((a{100}){100}){100}"}).encode(),
        "classifier.jsonl": json.dumps({"kind": "contrast-set", "scorer": "classifier:/etc#x"}).encode(),
        "half.txt": b"\xff\xfe\xd8 | \xff",
        "empty.zip": b"",
    }


def values(trap: Trap, uploaded: list[str]) -> st.SearchStrategy[Any]:
    """What is sent where something else belongs."""
    texts = st.sampled_from(
        [
            *trap.places,
            *("/etc/passwd", "../../../../etc/passwd", "~/.ssh/id_rsa", "file:///etc/passwd", "/proc/self/environ"),
            *("own/../../secret", "own/" + "0" * 32 + "/" + "0" * 16, "real/../mood", "mood\0.jsonl", "\ud800"),
            *("hf:some/set", "classifier:some/model#good", "regex:(a+)+$", "regex:((a{99}){99}){99}", "gpt2"),
            *(MARKUP, f'"><img src=x onerror="{MARKUP}">', "{{ 7 * 7 }}", "${7*7}", "%s%n", "'; DROP TABLE", "\u202e"),
            *("", " ", "tinyworld-s", "mood", "umap", "a" * 5_000, "b" * 200_000, "🙂" * 300),
        ]
    )
    numbers = st.one_of(
        st.sampled_from([0, -1, 1.5, 10**30, -(10**400), 1e308, float("nan"), float("inf"), 2**63, 1e-320]),
        st.integers(),
        st.floats(),
    )
    sent = {"_type": "gradio.FileData"}
    files = st.sampled_from([*trap.places, "/etc/passwd", "http://127.0.0.1:1/", *uploaded, *uploaded]).map(
        lambda path: {"path": path, "orig_name": Path(path).name, "meta": sent}
    )
    plain = st.one_of(st.none(), st.booleans(), numbers, texts, files, st.text(max_size=30))
    nested = st.recursive(
        plain, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=3), max_leaves=8
    )
    deep = st.integers(10, 60).map(lambda depth: json.loads("[" * depth + "]" * depth))
    updates = plain.map(lambda value: {"__type__": "update", "value": value, "choices": [[MARKUP, value]]})
    return st.one_of(plain, files.map(lambda file: [file]), nested, deep, updates, st.lists(plain, max_size=60))


def data(event: dict[str, Any], value: st.SearchStrategy[Any], files: list[str]) -> st.SearchStrategy[list[Any]]:
    """Values for the inputs of an event: all of them odd, or what stands there with some odd ones, or too many."""
    count = len(event["inputs"])
    odd = st.lists(value, min_size=count, max_size=count)
    sent = {"_type": "gradio.FileData"}
    brought = st.sampled_from(files).map(lambda path: {"path": path, "orig_name": Path(path).name, "meta": sent})
    # What the page would send, so that the function itself is reached, and a file where one is taken.
    usual = [
        st.one_of(brought, brought.map(lambda file: [file])) if kind == "uploadbutton" else st.just(default)
        for kind, default in event["given"]
    ]
    one_odd = st.tuples(st.tuples(*usual), st.integers(0, max(0, count - 1)), value).map(
        lambda drawn: [drawn[2] if place == drawn[1] else part for place, part in enumerate(drawn[0])]
    )
    taken = st.tuples(*usual).map(list) if takes_file(event) else one_odd
    return st.one_of(odd, one_odd, taken, st.lists(value, max_size=count + 3))


def takes_file(event: dict[str, Any]) -> bool:
    """Whether a visitor brings a file by this event."""
    return any(kind == "uploadbutton" for kind, _ in event["given"])


@dataclass(frozen=True)
class Answer:
    """What a page is told: what is shown, or a sentence."""

    shown: bool
    text: str
    seconds: float


def events(url: str) -> list[dict[str, Any]]:
    """Every function that a page can ask for, endpoints included, with the kinds of its outputs."""
    config = json.loads(_http(f"{url}config")[1])
    kinds = {part["id"]: (part["type"], part["props"].get("value")) for part in config["components"]}
    return [
        {
            **event,
            "html": [kinds[output][0] == "html" for output in event["outputs"] if output in kinds],
            "given": [kinds.get(given, ("", None)) for given in event["inputs"]],
        }
        for event in config["dependencies"]
        if event["backend_fn"]
    ]


def _http(address: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, str]:
    sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    kind = {} if sent is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(address, sent, {**kind, **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=WITHIN_SECONDS) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def upload(url: str, name: str, content: bytes) -> str | None:
    """Bring a file; where it lies, or None where it was refused."""
    mark = secrets.token_hex(8)
    quoted = name.replace('"', "%22")
    head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{quoted}"\r\n\r\n'
    body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
    status, text = _http(f"{url}gradio_api/upload", body, {"Content-Type": f"multipart/form-data; boundary={mark}"})
    return str(json.loads(text)[0]) if status == 200 else None


def ask(url: str, event: dict[str, Any], values: list[Any], page: str, *, to_the_end: bool = False) -> Answer:
    """Send values to an event and take its first answer; what goes on after that ends with the page.

    Args:
        url: of the server.
        event: one of `events`.
        values: of its inputs.
        page: a name for the page.
        to_the_end: take its last answer instead.

    Raises:
        TimeoutError: if there is none in time.
    """
    begun = time.monotonic()
    asked = {"data": values, "fn_index": event["id"], "session_hash": page, "event_data": None, "trigger_id": None}
    status, text = _http(f"{url}gradio_api/queue/join", asked)
    if status != 200:
        return Answer(False, str(json.loads(text).get("detail", "")), time.monotonic() - begun)
    address = f"{url}gradio_api/queue/data?session_hash={page}"
    with urllib.request.urlopen(address, timeout=WITHIN_SECONDS) as stream:
        for line in stream:
            message = json.loads(line.removeprefix(b"data:")) if line.startswith(b"data:") else {}
            seconds = time.monotonic() - begun
            if message.get("msg") == "process_completed" or (not to_the_end and message.get("msg") == STEP):
                output = message["output"]
                if message["success"]:
                    return Answer(True, json.dumps(output.get("data"), ensure_ascii=False), seconds)
                return Answer(False, str(output["error"]), seconds)
            if seconds > WITHIN_SECONDS:
                break
    raise TimeoutError


def wrong(event: dict[str, Any], answer: Answer) -> str:
    """What is wrong with an answer; "" if nothing is."""
    if answer.seconds > WITHIN_SECONDS:
        return f"took {answer.seconds:.1f} s"
    if SECRET in answer.text or "root:x:" in answer.text:
        return f"told a secret: {answer.text[:200]}"
    if not answer.shown:
        sentence = 15 < len(answer.text) < 700 and "Traceback" not in answer.text
        return "" if sentence else f"is no sentence: {answer.text[:200]!r}"
    html = [part for part, is_html in zip(json.loads(answer.text) or [], event["html"], strict=False) if is_html]
    return "markup of a visitor stands unescaped" if any(MARKUP in str(part) for part in html) else ""


@dataclass
class Found:
    """What the attack has shown."""

    cases: int = 0
    refused: int = 0
    slowest: float = 0.0
    memory: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)


def attack(url: str, trap: Trap, cases: int, *, number: int = 0, watch: Any = None) -> Found:
    """Send so many cases, drawn by Hypothesis.

    Args:
        url: of the server.
        trap: what must stay as it is.
        cases: how many.
        number: other cases for another one.
        watch: called after each case.
    """
    found, offered = Found(), events(url)
    uploaded = [place for name, content in bombs(trap).items() if (place := upload(url, name, content))]
    value = values(trap, uploaded)
    opening = next(event for event in offered if str(event["api_name"]).startswith("on_page_loaded"))
    known = f"open{number}"
    opened = ask(url, opening, [None], known, to_the_end=True)
    if not opened.shown:
        raise SystemExit(f"the pair was not opened: {opened.text}")

    # Each in turn, so that none is left out.
    for turn, event in enumerate(offered):
        count = len(uploaded) if takes_file(event) else max(1, round(cases / len(offered)))
        _attack_one(url, event, data(event, value, uploaded), count, number + turn, known, found, watch)
    return found


def _attack_one(
    url: str,
    event: dict[str, Any],
    drawn: st.SearchStrategy[list[Any]],
    cases: int,
    number: int,
    known: str,
    found: Found,
    watch: Any,
) -> None:
    @seed(number)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn, st.booleans())
    def one(sent: list[Any], opened: bool) -> None:
        found.cases += 1
        found.events[str(event["api_name"])] += 1
        try:
            answer = ask(url, event, sent, known if opened else secrets.token_hex(6))
        except (OSError, ValueError) as error:
            found.wrong.append(f"{event['api_name']}: {type(error).__name__} for {repr(sent)[:200]}")
            return
        found.slowest = max(found.slowest, answer.seconds)
        found.refused += not answer.shown
        if what := wrong(event, answer):
            found.wrong.append(f"{event['api_name']}: {what} for {repr(sent)[:200]}")
        if watch is not None:
            watch(found)

    one()


def strayed(log: Path, since: int, allowed: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Files outside that were written, and that were read, since a line of the watch."""
    written, read = set(), set()
    for line in log.read_text(errors="replace").splitlines()[since:]:
        event, writes, path = line.split("\t", 2)
        if path.startswith((*allowed, "/dev/null", "/proc/self")):
            continue
        # Compiled code of libraries, which they keep for themselves.
        if "/__pycache__" in path and path.startswith(PROGRAM):
            continue
        if writes == "1":
            written.add(f"{event} {path}")
        elif not path.startswith((*PROGRAM, *SYSTEM)):
            read.add(path)
    return sorted(written), sorted(read)


def measure(cases: int, number: int) -> dict[str, Any]:
    """All of it."""
    with tempfile.TemporaryDirectory(prefix="lrt-hostile-") as home:
        place = Path(home).resolve()
        (place / "watch").mkdir()
        (place / "watch" / "sitecustomize.py").write_text(WATCH)
        log = place / "watch.log"
        os.environ["WATCH_LOG"] = str(log)
        os.environ["PYTHONPATH"] = os.pathsep.join([str(place / "watch"), os.environ.get("PYTHONPATH", "")])
        trap = Trap.lay(place / "trap")
        server = Server(place)
        try:
            return _measure(server, place, trap, log, cases, number)
        finally:
            server.stop()


def steady_memory(server: Server) -> int:
    """Memory in MB once the server has warmed up, which it does after its first answers."""
    last, quiet = server.state()["memory_mb"], 0
    while quiet < STEADY_SECONDS:
        time.sleep(1)
        now = server.state()["memory_mb"]
        quiet = quiet + 1 if abs(now - last) <= STEADY_MB else 0
        last = now
    return last


def _measure(server: Server, place: Path, trap: Trap, log: Path, cases: int, number: int) -> dict[str, Any]:
    other, asked = client_of(server), requests()[0]
    alone = compare(other, asked)[0]
    start, since, before = steady_memory(server), len(log.read_text(errors="replace").splitlines()), trap.state()
    different = 0

    def watch(found: Found) -> None:
        nonlocal different
        found.memory.append(server.state()["memory_mb"])
        if found.cases % EVERY == 0:
            different += compare(other, asked)[0] != alone

    found = attack(server.url, trap, cases, number=number, watch=watch)
    different += compare(other, asked)[0] != alone
    fresh = client_of(server)
    different += compare(fresh, asked)[0] != alone
    shown = _http(server.url)[1] + _http(f"{server.url}config")[1]
    written, read = strayed(log, since, (str(place / "data"), str(place / "uploads"), str(place / "watch")))
    for client in (other, fresh):
        client.close()
    peak = max(found.memory, default=start)
    return {
        "cases": found.cases,
        "functions": len(found.events),
        "refused": found.refused,
        "slowest_s": round(found.slowest, 2),
        "memory_start_mb": start,
        "memory_peak_mb": peak,
        "wrong": found.wrong,
        "written_outside": written,
        "read_outside": read,
        "bars": {
            "answered": not found.wrong,
            "memory": peak - start <= MOST_MB,
            "nothing_outside": not written and not read and trap.state() == before,
            "others_unchanged": not different,
            "nothing_shown_to_others": MARKUP not in shown and SECRET not in shown,
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(json.dumps(measure(options.cases, options.seed), indent=2))


if __name__ == "__main__":
    main()
