"""Contrast sets: texts in pairs, with and without a behaviour, and how to read that behaviour out."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os.path import isfile
from pathlib import Path
from typing import Literal

from lrt_explorer.errors import ContrastError
from lrt_explorer.store import assets_home

KIND = "lrt-contrast-set"
VERSION = 1
MINIMUM_PAIRS = 2
MAXIMUM_BYTES = 20_000_000

Reading = Literal["all-tokens", "last-token"]
READINGS: tuple[Reading, ...] = ("all-tokens", "last-token")


@dataclass(frozen=True)
class ReadoutPrompt:
    """A prompt whose next token tells how far the behaviour shows.

    Attributes:
        text: what the model reads.
        positive: continuations that show the behaviour, written as they follow the text (usually with a leading space).
        negative: continuations that show its opposite.
    """

    text: str
    positive: tuple[str, ...]
    negative: tuple[str, ...]


@dataclass(frozen=True)
class ContrastSet:
    """Texts with and without one behaviour, and how to read it out. Raises ContrastError when it could not contrast.

    Attributes:
        name: the concept's name.
        pairs: (with the behaviour, without it), at least two.
        description: one sentence for people.
        positive_label: a word for the texts with the behaviour ("happy").
        negative_label: a word for the texts without it ("sad").
        suffix: neutral words that end every text when the last token is read; None where there are none.
        prompts: readout prompts, kept apart from the pairs.
        scorer: name of the judge that scores generated text; None where no judge knows the behaviour.
        reading: where its vectors are read unless someone asks otherwise; what the evidence for this set prefers.
    """

    name: str
    pairs: tuple[tuple[str, str], ...]
    description: str = ""
    positive_label: str = "with"
    negative_label: str = "without"
    suffix: str | None = None
    prompts: tuple[ReadoutPrompt, ...] = field(default=())
    scorer: str | None = None
    reading: Reading = "all-tokens"

    def __post_init__(self) -> None:
        """Refuse a set that holds no contrast."""
        if not self.name.strip():
            raise ContrastError("the contrast set has no name; give it one")
        if len(self.pairs) < MINIMUM_PAIRS:
            count = "no pairs" if not self.pairs else "only one pair"
            raise ContrastError(f"the contrast set {self.name} has {count}; write at least {MINIMUM_PAIRS}")
        for number, (positive, negative) in enumerate(self.pairs, 1):
            if not positive.strip() or not negative.strip():
                side = "with" if not positive.strip() else "without"
                raise ContrastError(
                    f"pair {number} of the contrast set {self.name} is one-sided: its '{side}' text is empty; "
                    "write both texts of every pair"
                )
        if all(positive == negative for positive, negative in self.pairs):
            raise ContrastError(
                f"every pair of the contrast set {self.name} holds the same text twice; "
                "write texts that differ in the behaviour"
            )

    def fingerprint(self) -> str:
        """A hash of everything in the set, so that a changed set is never taken for the one a vector came from."""
        content = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def read_contrast(path: Path) -> ContrastSet:
    """Read a contrast set from a JSONL file.

    The first line may be the header `{"kind": "lrt-contrast-set", ...}`; a file of nothing but
    `{"with": ..., "without": ...}` lines is a set too, named after the file.

    Raises:
        ContrastError: naming the file, and the line where one is at fault.
    """
    header: Mapping[str, object] = {}
    pairs: list[tuple[str, str]] = []
    prompts: list[ReadoutPrompt] = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip():
            continue
        where = f"line {number} of {path.name}"
        row = _row(line, where)
        if "kind" in row:
            if pairs or prompts or header:
                raise ContrastError(f"{where} is a second header; keep one, on the first line")
            header = _checked_header(row, where)
        elif "prompt" in row:
            prompts.append(
                ReadoutPrompt(
                    _string(row, "prompt", where),
                    _strings(row, "positive", where),
                    _strings(row, "negative", where),
                )
            )
        elif "with" in row or "without" in row:
            pairs.append((_string(row, "with", where), _string(row, "without", where)))
        else:
            raise ContrastError(f"{where} has neither 'with' and 'without' nor 'prompt'; give it one of these")
    where = f"the header of {path.name}"
    return ContrastSet(
        name=_optional(header, "name", where) or path.stem,
        pairs=tuple(pairs),
        description=_optional(header, "description", where) or "",
        positive_label=_optional(header, "positive_label", where) or "with",
        negative_label=_optional(header, "negative_label", where) or "without",
        suffix=_optional(header, "suffix", where),
        prompts=tuple(prompts),
        scorer=_optional(header, "scorer", where),
        reading=_reading(header, where),
    )


def write_contrast(path: Path, contrast: ContrastSet) -> None:
    """Write a contrast set as JSONL, header first, so that `read_contrast` gives it back equal."""
    content = asdict(contrast)
    header: dict[str, object] = {"kind": KIND, "version": VERSION}
    for key in ("name", "description", "positive_label", "negative_label", "suffix", "scorer", "reading"):
        header[key] = content[key]
    rows: list[dict[str, object]] = [header]
    rows += [{"with": positive, "without": negative} for positive, negative in contrast.pairs]
    rows += [{"prompt": p.text, "positive": list(p.positive), "negative": list(p.negative)} for p in contrast.prompts]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def shipped_concepts() -> dict[str, Path]:
    """Name and file of every contrast set that ships with the project, sorted by name."""
    return {path.stem: path for path in sorted((assets_home() / "concepts").glob("*.jsonl"))}


def load_concept(name: str) -> ContrastSet:
    """A shipped concept by its name, or a contrast set by the path of its file.

    Raises:
        ContrastError: if it is neither, naming the concepts there are.
    """
    shipped = shipped_concepts()
    if name in shipped:
        return read_contrast(shipped[name])
    if name.endswith(".jsonl") or isfile(name):
        return read_contrast(Path(name))
    known = ", ".join(shipped) or "none are installed"
    raise ContrastError(f"there is no concept {name!r}; choose one of these ({known}) or give a .jsonl file")


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            limit = MAXIMUM_BYTES // 1_000_000
            raise ContrastError(
                f"{path.name} is larger than {limit} MB; a contrast set needs some dozen pairs, shorten it"
            )
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise ContrastError(f"line {line} of {path.name} is not UTF-8 text; save the file as UTF-8") from error
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise ContrastError(f"cannot read the contrast set {path}: {reason}; check the path") from error


def _row(line: str, where: str) -> Mapping[str, object]:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ContrastError(f"{where} is not JSON; write one JSON object a line") from error
    if not isinstance(row, dict):
        raise ContrastError(f"{where} is not a JSON object; write one JSON object a line")
    return row


def _checked_header(row: Mapping[str, object], where: str) -> Mapping[str, object]:
    if row["kind"] != KIND:
        raise ContrastError(f"{where} says kind {row['kind']!r}; a contrast set has kind {KIND!r}")
    if row.get("version") != VERSION:
        raise ContrastError(f"{where} has format version {row.get('version')!r}; this program reads version {VERSION}")
    return row


def _string(row: Mapping[str, object], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip() or not _is_text(value):
        raise ContrastError(f"{where} has no text under {key!r}; write some there")
    return value


def _optional(row: Mapping[str, object], key: str, where: str) -> str | None:
    value = row.get(key)
    if value is None or (isinstance(value, str) and _is_text(value)):
        return value
    raise ContrastError(f"{where} holds something other than text under {key!r}; write text there or leave it out")


def _reading(header: Mapping[str, object], where: str) -> Reading:
    value = _optional(header, "reading", where)
    for reading in READINGS:
        if value in (None, reading):
            return reading
    raise ContrastError(f"{where} asks for the reading {value!r}; choose one of {', '.join(READINGS)}")


def _strings(row: Mapping[str, object], key: str, where: str) -> tuple[str, ...]:
    values = row.get(key)
    if not isinstance(values, list) or not values or not all(isinstance(v, str) and v and _is_text(v) for v in values):
        raise ContrastError(f"{where} needs a list of answers under {key!r}; write at least one")
    return tuple(values)


def _is_text(value: str) -> bool:
    """Whether it is text at all: JSON can spell halves of characters, which no tokenizer reads."""
    return all(not "\ud800" <= character <= "\udfff" for character in value)
