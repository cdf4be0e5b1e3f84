"""What a visitor of a hosted server fits: maps and sums in a folder of the visitor's own, bounded, gone with the visit.

The folder lies among those of `shelves.py`, and is removed by the same rule when room is needed.
"""

import os
import re
import secrets
import shutil
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lrt_explorer.errors import SettingsError
from lrt_explorer.limits import TEXT_BYTES
from lrt_explorer.store.reading import check_size
from lrt_explorer.workbench.shelves import held_bytes, last_change, make_room, no_room, visitors_home

OWN_BYTES = 300_000_000
"""Of the maps and sums of one visitor."""
_MARK = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Own:
    """A visitor's place.

    Attributes:
        folder: where it is; made when something is kept.
    """

    folder: Path

    @property
    def maps(self) -> Path:
        """Maps that the visitor has fitted or loaded."""
        return self.folder / "maps"

    @property
    def sums(self) -> Path:
        """Sums of the visitor's passes over texts."""
        return self.folder / "sums"

    def make_room(self, used: Collection[str | Path] = ()) -> None:
        """Make room among the visitor's own things and those of all, for what is kept next.

        Args:
            used: maps that stay.

        Raises:
            SettingsError: if all other visitors' things are in use and leave none.
            ArtifactError: if the disk refuses it.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise no_room(error) from error
        self.touch()
        stay = {Path(place).resolve() for place in used}
        things = [thing for kind in (self.sums.glob("*/*"), self.maps.glob("*")) for thing in kind]
        things = [thing for thing in things if thing.is_dir() and thing.resolve() not in stay]
        # Sums come before maps that are as old: a map can be used without them.
        oldest = sorted(things, key=last_change)
        while oldest and held_bytes(self.folder) > OWN_BYTES:
            shutil.rmtree(oldest.pop(0), ignore_errors=True)
        make_room(self.folder)

    def touch(self) -> None:
        """Note that it is in use."""
        with suppress(OSError):
            os.utime(self.folder)

    def keep_text(self, file: Path) -> Path:
        """A text that was brought, in the place of the one before.

        Raises:
            SettingsError: if it is too large.
            ArtifactError: if the disk refuses it.
        """
        check_size(file, TEXT_BYTES, SettingsError, "a text to fit on")
        home = self.folder / "text"
        try:
            shutil.rmtree(home, ignore_errors=True)
            home.mkdir(parents=True)
            return Path(shutil.copyfile(file, home / file.name))
        except OSError as error:
            raise no_room(error) from error

    def forget(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def new_mark() -> str:
    """A name for a visitor's place that no one guesses."""
    return secrets.token_hex(16)


def own_place(mark: str) -> Own | None:
    """The place of this name; None for "", where a visitor has none."""
    return Own(visitors_home() / mark) if _MARK.fullmatch(mark) else None
