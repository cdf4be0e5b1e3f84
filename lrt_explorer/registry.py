"""Tables of what can be chosen by name: entries with label, unit, help and function, to which other packages add."""

import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Generic, TypeVar

from lrt_explorer.errors import RegistryError, SettingsError, first_line

logger = logging.getLogger(__name__)

MISSING: Any = None
"""What a part holds that was left out; an empty unit says that nothing is counted."""
_NAME = re.compile(r"[A-Za-z0-9][\w, -]{0,39}")
_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_SHOWN = 60

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Entry(Generic[Function]):
    """One thing that can be chosen.

    Attributes:
        name: what options, files and JSON call it.
        label: what the screen calls it, one to three words.
        unit: what its number is counted in; "" where nothing is counted.
        help: one line.
        function: what does it, or "module:function" to import it at its first use.
        origin: the package that brings it, with its version; empty for entries of this package. The table sets it.

    Raises:
        RegistryError: if a part is missing or malformed.
    """

    KIND: ClassVar[str] = "entry"

    name: str = MISSING
    label: str = MISSING
    unit: str = MISSING
    help: str = MISSING
    function: Function | str = MISSING
    origin: str = ""

    def __post_init__(self) -> None:
        """Refuse an entry that lacks a part, so that no table ever holds one."""
        who = f"the {self.KIND} {self.name!r}" if self.name is not MISSING else f"a new {self.KIND}"
        if missing := [part.name for part in fields(self) if getattr(self, part.name) is MISSING]:
            raise RegistryError(f"{who} has no {' and no '.join(missing)}; give every part of the entry")
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise RegistryError(f"{who} needs another name: up to 40 letters, digits, hyphens and spaces")
        for part in ("label", "help"):
            text = getattr(self, part)
            if not isinstance(text, str) or not text.strip() or "\n" in text:
                raise RegistryError(f"{who} needs a {part} of one line; write one")
        if not isinstance(self.unit, str):
            raise RegistryError(f"{who} needs a unit; write one, or '' where nothing is counted")
        if not callable(self.function) and not _REFERENCE.fullmatch(str(self.function)):
            raise RegistryError(f"{who} needs a function; give it, or where it is as 'module:function'")

    def load(self) -> Function:
        """The function itself, imported now if it was only named.

        Raises:
            RegistryError: if it is not where the entry says.
        """
        return (
            resolve(self.function, f"the {self.KIND} {self.name!r}")
            if isinstance(self.function, str)
            else self.function
        )


E = TypeVar("E", bound=Entry[Any])


class Table(Mapping[str, E]):
    """Entries by name, in the order in which they are offered; the first is the default.

    Entries of other packages are read when the table is first used, not at import. One that cannot be used is left out
    with a warning of one sentence.
    """

    def __init__(self, entries: Sequence[E], *, group: str = "", more: str = "") -> None:
        """Make a table.

        Args:
            entries: those of this package, at least one; a further entry must be of the type of one of these.
            group: the entry points by which other packages add theirs; none may where it is empty.
            more: further entries of this package as "module:name", imported when the table is first used.
        """
        self.group = group
        self._kind, self._more = entries[0].KIND, more
        self._types = tuple({type(one) for one in entries})
        self._entries: dict[str, E] = {}
        for one in entries:
            self.add(one)
        self.default = next(iter(self._entries))
        self._complete = self._reading = False
        self._lock = threading.RLock()

    def __getitem__(self, name: str) -> E:
        """The entry of this name; raises KeyError if there is none."""
        return self._all()[name]

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self._all())

    def __len__(self) -> int:
        """How many entries there are."""
        return len(self._all())

    def find(self, name: str) -> E:
        """The entry of this name.

        Raises:
            SettingsError: if there is none; it names all there are.
        """
        if name not in self:
            raise SettingsError(f"there is no {self._kind} {name[:_SHOWN]!r}; choose one of {', '.join(self)}")
        return self[name]

    def add(self, entry: E) -> None:
        """Offer one more entry, for as long as the program runs.

        Raises:
            RegistryError: if it is not an entry of this table, or its name is taken.
        """
        if not isinstance(entry, self._types):
            allowed = " or ".join(sorted(one.__name__ for one in self._types))
            raise RegistryError(f"{type(entry).__name__} is not an entry of this table; make a {allowed}")
        if entry.name in self._entries:
            raise RegistryError(f"the {entry.KIND} {entry.name!r} already exists; choose another name")
        self._entries[entry.name] = entry

    def choices(self) -> list[tuple[str, str]]:
        """Label and name of every entry, as the screen takes them."""
        return [(entry.label, entry.name) for entry in self.values()]

    def label(self, name: str) -> str:
        """What people call this entry; a name that is not in the table, such as one in an old file, made readable."""
        return self[name].label if name in self else name.replace("-", " ").capitalize()

    def unit(self, name: str) -> str:
        """What the numbers of this entry are counted in; the name itself where it is not in the table."""
        return self[name].unit if name in self else name

    def help(self) -> str:
        """Every name with its help, in one line for the command line."""
        return "; ".join(f"{entry.name}: {entry.help}" for entry in self.values())

    def _all(self) -> dict[str, E]:
        if not self._complete:
            with self._lock:
                # A package that uses the table while it is imported sees what is there so far.
                if not self._complete and not self._reading:
                    self._reading = True
                    self._read_more()
                    self._complete = True
        return self._entries

    def _read_more(self) -> None:
        if self._more:
            for entry in resolve(self._more, "a table"):
                self.add(entry)
        # In the order of their names, so that the order does not depend on that of the packages on the path.
        points = sorted(entry_points(group=self.group), key=lambda point: point.name) if self.group else []
        for point in points:
            try:
                self.add(_signed(point.load(), point))
            except Exception as error:
                logger.warning(
                    "The %s %r of %s is left out: %s", self._kind, point.name, _origin(point), _reason(error)
                )


def resolve(reference: str, who: str) -> Any:
    """What "module:name" stands for.

    Raises:
        RegistryError: if there is no such module or name.
    """
    module, _, name = reference.partition(":")
    try:
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RegistryError(f"{who} names {reference}, which cannot be imported ({first_line(error)})") from error


def _signed(entry: Any, point: EntryPoint) -> Any:
    """The entry with the package it comes from."""
    if isinstance(entry, Entry):
        object.__setattr__(entry, "origin", _origin(point))
    return entry


def _origin(point: EntryPoint) -> str:
    return f"{point.dist.name} {point.dist.version}" if point.dist is not None else point.value


def _reason(error: Exception) -> str:
    """The sentence of an error of ours; of any other also its kind, since its text alone may say little."""
    return str(error) if isinstance(error, RegistryError) else f"{type(error).__name__}: {first_line(error)}"
