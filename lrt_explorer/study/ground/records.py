"""Numbers about one model that are measured once: in memory, shipped with the app, or in the data folder."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from lrt_explorer.bounded import BoundedCache
from lrt_explorer.errors import ArtifactError, LRTError
from lrt_explorer.store import assets_home, data_home
from lrt_explorer.store.records import find_record, save_record
from lrt_explorer.study.ground.known import folder_name

logger = logging.getLogger(__name__)

Value = TypeVar("Value")
Json = dict[str, Any]
CAPACITY = 4096


class Marked(Protocol):
    """What values are measured on: a model, or what is left of one that may have left the memory."""

    @property
    def name(self) -> str:
        """As people know it."""

    @property
    def fingerprint(self) -> str:
        """Of its weights."""

    @property
    def reading_mark(self) -> str:
        """Of its weights as they are loaded: other precisions give other numbers."""


class Records(Generic[Value]):
    """Values of one kind, shared by all visitors; the longest unused leaves the memory first.

    A record that is damaged, or of another version, counts as none, because it can be measured again.
    """

    def __init__(
        self, kind: str, version: int, to_json: Callable[[Value], Json], from_json: Callable[[Json], Value]
    ) -> None:
        """Start empty.

        Args:
            kind: what the values are; also the folder in the assets and in the data folder.
            version: counted up whenever the same inputs would give another value.
            to_json: a value as JSON values.
            from_json: its inverse; may raise anything on something else.
        """
        self._kind, self._version = kind, version
        self._to_json, self._from_json = to_json, from_json
        self._known: BoundedCache[tuple[str, str, str], Value] = BoundedCache(CAPACITY)

    def get(self, lm: Marked, key: str) -> Value | None:
        """The value under a key of everything it depends on beside the model's weights; None if there is none yet."""
        if (known := self._known.get(_place(lm, key))) is not None:
            return known
        found = self._shipped(lm).get(key) or find_record(self._own_file(lm, key), self._kind, self._version)
        if found is None:
            return None
        try:
            value = self._from_json(found)
        except (LRTError, KeyError, TypeError, ValueError, AttributeError):
            return None
        self._known.keep(_place(lm, key), value)
        return value

    def keep(self, lm: Marked, key: str, value: Value) -> None:
        """Keep a value in memory and in the data folder; that a disk is full or may not be written is only logged."""
        self._known.keep(_place(lm, key), value)
        try:
            save_record(self._own_file(lm, key), self._kind, self._version, self._to_json(value))
        except ArtifactError as error:
            logger.warning("what was just measured is not kept (%s)", error)

    def ship(self, lm: Marked, values: Mapping[str, Value]) -> Path:
        """Write values where they ship with a model, in the place of those that were there.

        Raises:
            ArtifactError: if they cannot be written.
        """
        entries = {key: self._to_json(value) for key, value in sorted(values.items())}
        content = {"model": lm.name, "fingerprint": lm.fingerprint, "entries": entries}
        return save_record(self._shipped_file(lm), self._kind, self._version, content)

    def _shipped(self, lm: Marked) -> Mapping[str, Json]:
        """What ships for this model; nothing if it belongs to other weights of the same name."""
        content = find_record(self._shipped_file(lm), self._kind, self._version) or {}
        entries = content.get("entries")
        return entries if content.get("fingerprint") == lm.fingerprint and isinstance(entries, dict) else {}

    def _shipped_file(self, lm: Marked) -> Path:
        return assets_home() / self._kind / f"{folder_name(lm.name)}.json"

    def _own_file(self, lm: Marked, key: str) -> Path:
        weights, precision = lm.fingerprint[:24], lm.reading_mark.removeprefix(lm.fingerprint)
        return data_home() / self._kind / f"{weights}{precision}" / f"{key}.json"


def _place(lm: Marked, key: str) -> tuple[str, str, str]:
    """Where a value is in memory."""
    return lm.fingerprint, lm.reading_mark, key
