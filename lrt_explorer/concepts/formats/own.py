"""The project's own format: JSON Lines with a header, pairs and readout prompts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from lrt_explorer.concepts.formats.source import Row, Source, is_text, json_lines, read_source
from lrt_explorer.concepts.sets.contrast_set import ContrastSet, ReadoutPrompt
from lrt_explorer.concepts.sets.readings import READINGS, Reading, token_from_end
from lrt_explorer.concepts.sets.readout_kinds import READOUTS, Readout
from lrt_explorer.concepts.sets.scoring import ScorerChoice, scorer_from_json
from lrt_explorer.errors import ContrastError, SettingsError

KIND = "lrt-contrast-set"
VERSION = 1
KEYS = frozenset({"kind", "with", "without", "prompt"})
HEADER = ("name", "description", "positive_label", "negative_label", "suffix", "scorer", "reading")
"""Keys that are always written; the others only where a set gives them."""


def knows(row: Row) -> bool:
    """Whether a row is surely of this format: its header, or a pair of texts and nothing else that is read."""
    pair = row.values.get("with"), row.values.get("without")
    return "kind" in row.values or ("prompt" not in row.values and all(isinstance(side, str) for side in pair))


def read_contrast(path: Path) -> ContrastSet:
    """Read a contrast set from a JSONL file.

    The first line may be the header `{"kind": "lrt-contrast-set", ...}`; a file of nothing but
    `{"with": ..., "without": ...}` lines is a set too, named after the file.

    Raises:
        ContrastError: naming the file, and the line where one is at fault.
    """
    source = read_source(path)
    return from_rows(source, json_lines(source))


def from_rows(source: Source, rows: Sequence[Row]) -> ContrastSet:
    """The set that the rows of a file make."""
    header: Mapping[str, object] = {}
    pairs: list[tuple[str, str]] = []
    asks: list[str | None] = []
    places: dict[tuple[str, str], str] = {}
    prompts: list[ReadoutPrompt] = []
    for row in rows:
        if "kind" in row.values:
            if pairs or prompts or header:
                raise ContrastError(f"{row.where} is a second header; keep one, on the first line")
            header = _checked_header(row)
        elif "prompt" in row.values:
            ask, form = (_optional(row.values, key, row.where) for key in ("ask", "form"))
            prompts.append(ReadoutPrompt(row.text("prompt"), _answers(row, "positive"), _opposite(row), ask, form))
        elif "with" in row.values or "without" in row.values:
            pair = (row.text("with"), row.text("without"))
            if places.setdefault(pair, row.where) != row.where and pair[0] != pair[1]:
                raise ContrastError(f"{row.where} repeats {places[pair]}; keep one of them")
            pairs.append(pair)
            asks.append(_optional(row.values, "ask", row.where))
        else:
            raise ContrastError(f"{row.where} has neither 'with' and 'without' nor 'prompt'; give it one of these")
    where = f"the header of {source.name}"
    return ContrastSet(
        name=_optional(header, "name", where) or source.stem,
        pairs=tuple(pairs),
        description=_optional(header, "description", where) or "",
        positive_label=_optional(header, "positive_label", where) or "with",
        negative_label=_optional(header, "negative_label", where) or "without",
        suffix=_optional(header, "suffix", where),
        prompts=tuple(prompts),
        scorer=_scorer(header, where),
        reading=_reading(header, where),
        readout=_readout(header, where),
        ask=_optional(header, "ask", where),
        pair_asks=tuple(asks) if any(asks) else (),
        examples=_examples(header, where),
    )


def write_contrast(path: Path, contrast: ContrastSet) -> None:
    """Write a contrast set as JSONL, header first, so that `read_contrast` gives it back equal."""
    content = asdict(contrast)
    header: dict[str, object] = {"kind": KIND, "version": VERSION}
    for key in HEADER:
        header[key] = content[key]
    if contrast.readout != READOUTS.default:
        header["readout"] = contrast.readout
    header |= _given(ask=contrast.ask, examples=list(contrast.examples) or None)
    rows: list[dict[str, object]] = [header]
    asks = contrast.pair_asks or (None,) * len(contrast.pairs)
    rows += [
        {"with": positive, "without": negative, **_given(ask=ask)}
        for (positive, negative), ask in zip(contrast.pairs, asks, strict=True)
    ]
    rows += [
        {
            "prompt": p.text,
            "positive": list(p.positive),
            "negative": list(p.negative) or None,
            **_given(ask=None if p.ask == contrast.ask else p.ask, form=p.form),
        }
        for p in contrast.prompts
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _given(**values: object) -> dict[str, object]:
    """Keys that a row need not have, those without a value left out."""
    return {key: value for key, value in values.items() if value is not None}


def _checked_header(row: Row) -> Mapping[str, object]:
    if row.values["kind"] != KIND:
        raise ContrastError(
            f"{row.where} has the kind {row.values['kind']!r}; write {KIND!r}, the kind of a contrast set"
        )
    if (version := row.values.get("version")) != VERSION:
        raise ContrastError(f"{row.where} has format version {version!r}; this program reads version {VERSION}")
    return row.values


def _optional(header: Mapping[str, object], key: str, where: str) -> str | None:
    value = header.get(key)
    if value is None or (isinstance(value, str) and is_text(value)):
        return value
    raise ContrastError(f"{where} holds something other than text under {key!r}; write text there or remove it")


def _scorer(header: Mapping[str, object], where: str) -> ScorerChoice | None:
    if header.get("scorer") is None:
        return None
    try:
        return scorer_from_json(header["scorer"])
    except SettingsError as error:
        raise ContrastError(f"{where} names a scorer that cannot be used: {error}") from error


def _reading(header: Mapping[str, object], where: str) -> Reading:
    value = _optional(header, "reading", where)
    try:
        token_from_end(value or READINGS.default)
    except SettingsError as error:
        raise ContrastError(f"{where} names a reading that cannot be used: {error}") from error
    return value or READINGS.default


def _readout(header: Mapping[str, object], where: str) -> Readout:
    value = _optional(header, "readout", where)
    if value is None:
        return READOUTS.default
    if value in READOUTS:
        return value
    raise ContrastError(f"{where} names the unknown readout {value!r}; choose one of {', '.join(READOUTS)}")


def _examples(header: Mapping[str, object], where: str) -> tuple[str, ...]:
    values = header.get("examples") or []
    if not isinstance(values, list) or not all(isinstance(v, str) and v.strip() and is_text(v) for v in values):
        raise ContrastError(f"{where} holds something other than a list of texts under 'examples'; write prompts there")
    return tuple(values)


def _answers(row: Row, key: str) -> tuple[str, ...]:
    values = row.values.get(key)
    if not isinstance(values, list) or not values or not all(isinstance(v, str) and v and is_text(v) for v in values):
        raise ContrastError(f"{row.where} needs a list of answers under {key!r}; write at least one")
    return tuple(values)


def _opposite(row: Row) -> tuple[str, ...]:
    """The negative answers; null says that everything else is the opposite."""
    if "negative" in row.values and row.values["negative"] is None:
        return ()
    return _answers(row, "negative")
