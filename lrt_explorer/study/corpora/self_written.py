"""Text that the large model writes itself: on its own distribution, in any amount, and by no one else.

It is written once. Texts lie in the data folder, some dozens to a file, and a later reading begins with those.
"""

import hashlib
import json
import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from lrt_explorer.errors import ArtifactError
from lrt_explorer.lm.chat import Conversation, Document, has_template
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.writing import Draft, Written, begins_from_nothing, for_writing, rows_at_once, write
from lrt_explorer.store import data_home
from lrt_explorer.store.swap import new_file
from lrt_explorer.study.corpora.batches import BLOCK_TEXTS
from lrt_explorer.study.corpora.openers import beginning, request
from lrt_explorer.study.ground.known import folder_name
from lrt_explorer.study.ground.progress import Progress

TEXTS_A_FILE = BLOCK_TEXTS // 2
KEPT = 8
"""Folders of texts that stay on disk, each of one model and its settings; the ones written to longest ago go."""
RULES = 1
"""Raised when the same settings would write other texts than before."""


@dataclass(frozen=True)
class WritingSettings:
    """How texts are written.

    Attributes:
        seed: of the noise.
        max_new_tokens: of one text; many short ones tell more of a model than a few long ones.
        temperature: 1 samples what the model believes.
        from_nothing: share of texts that begin with no word of others, where the model can; the rest begin with one or
            two plain words. Chat models answer requests instead.
    """

    seed: int = 0
    max_new_tokens: int = 128
    temperature: float = 1.0
    from_nothing: float = 0.5


class SelfWritten:
    """The texts of one model, from the first on; without an end, because more are written as they are asked for."""

    def __init__(self, lm: LanguageModel, settings: WritingSettings | None = None) -> None:
        """Nothing is written yet, and nothing read."""
        self._lm = lm
        self._settings = settings or WritingSettings()
        key = json.dumps([RULES, lm.fingerprint, asdict(self._settings)])
        home = data_home() / "written"
        self.folder = home / f"{folder_name(lm.name)[-60:]}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"

    def __iter__(self) -> Iterator[Document]:
        """From the first text on; waits while the model writes one that is not there yet."""
        for number in count():
            yield from (written.document for written in self._kept(number) or self._finish(number))

    def ahead(self, tokens: int) -> Generator[Progress, None, None]:
        """Write until there are so many tokens of text, as far as there are not; stopped, it keeps whole files.

        Raises:
            ArtifactError: if the texts cannot be kept.
        """
        there, number = 0, 0
        while _more(there, number, tokens) and (kept := self._kept(number)) is not None:
            there, number = there + _tokens(kept), number + 1
        if not _more(there, number, tokens):
            return
        lm = for_writing(self._lm)
        begun, before = time.monotonic(), there
        while _more(there, number, tokens):
            for done in self._writing(lm, number):
                if isinstance(done, int):
                    now = there + done
                    # Texts of one file grow side by side, and are there when the last of them ends.
                    total = max(tokens, there + TEXTS_A_FILE * self._settings.max_new_tokens)
                    left = (time.monotonic() - begun) / max(1, now - before) * (total - now)
                    said = f"{self._lm.name} writes text to fit on: {now:,} of {total:,} tokens"
                    yield Progress(now, total, f"{said}, about {_duration(left)} left")
                else:
                    there += _tokens(done)
            number += 1

    def _finish(self, number: int) -> list[Written]:
        found: list[Written] = []
        for done in self._writing(for_writing(self._lm), number):
            if not isinstance(done, int):
                found = done
        return found

    def _writing(self, lm: LanguageModel, number: int) -> Iterator[int | list[Written]]:
        """Write one file of texts: yields how many tokens there are of it at most, at the end its texts."""
        settings = self._settings
        drafts = [self._draft(number * TEXTS_A_FILE + place) for place in range(TEXTS_A_FILE)]
        rows = rows_at_once(lm, settings.max_new_tokens, TEXTS_A_FILE)
        found: list[Written] = []
        for first in range(0, TEXTS_A_FILE, rows):
            group = drafts[first : first + rows]
            writing = write(
                lm,
                group,
                seed=settings.seed,
                max_new_tokens=settings.max_new_tokens,
                temperature=settings.temperature,
            )
            try:
                while True:
                    yield _tokens(found) + next(writing) * len(group)
            except StopIteration as stop:
                found += stop.value
            finally:
                writing.close()
        self._keep(number, found)
        yield found

    def _draft(self, number: int) -> Draft:
        if has_template(self._lm):
            return Draft(request(number), number)
        # Every other text, or another fixed pattern, for any share.
        share = self._settings.from_nothing if begins_from_nothing(self._lm) else 0.0
        bare = int((number + 1) * share) > int(number * share)
        return Draft("" if bare else beginning(number), number)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.jsonl"

    def _kept(self, number: int) -> list[Written] | None:
        """One file of texts; None if it is not there, or not whole."""
        try:
            lines = self._path(number).read_text(encoding="utf-8").splitlines()
            found = [_written(json.loads(line)) for line in lines]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if len(found) == TEXTS_A_FILE else None

    def _keep(self, number: int, written: list[Written]) -> None:
        rows = [json.dumps(_row(one), ensure_ascii=False) for one in written]
        try:
            with new_file(self._path(number).absolute()) as fresh:
                fresh.write_text("\n".join(rows) + "\n", encoding="utf-8")
            _forget(self.folder)
        except OSError as error:
            raise ArtifactError(
                f"the text that {self._lm.name} wrote cannot be saved in {self.folder} ({error.strerror}); free some "
                "space there, or set LRT_EXPLORER_HOME to another folder"
            ) from error


def _row(written: Written) -> dict[str, object]:
    document = written.document
    said = {"text": document} if isinstance(document, str) else {"messages": [list(one) for one in document.messages]}
    return {**said, "tokens": written.tokens}


def _written(row: dict[str, object]) -> Written:
    tokens = row["tokens"]
    if not isinstance(tokens, int):
        raise TypeError
    if isinstance(messages := row.get("messages"), list):
        return Written(Conversation(tuple((str(role), str(content)) for role, content in messages)), tokens)
    return Written(str(row["text"]), tokens)


def _tokens(written: list[Written]) -> int:
    return sum(one.tokens for one in written)


def _more(there: int, files: int, tokens: int) -> bool:
    """Whether another file is needed. Readers take the first one alone and then two at a time (`BLOCK_TEXTS`)."""
    return there < tokens or (files > 2 and files % 2 == 1)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _forget(folder: Path) -> None:
    """Remove the folders written to longest ago, but for some."""
    others = [path for path in folder.parent.iterdir() if path.is_dir() and path != folder]
    with suppress(OSError):
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)
