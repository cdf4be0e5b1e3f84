"""Maps that are there at once: kept from an earlier fit, shipped, or solved from moments that were collected before."""

import hashlib
import math
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import MapInfo, data_home, load_map
from lrt_explorer.study.known import short_hash
from lrt_explorer.study.layers import solve_pair
from lrt_explorer.study.moments import known_moments
from lrt_explorer.study.progress import finish
from lrt_explorer.study.solve import FittedMap
from lrt_explorer.study.world import world_of
from lrt_explorer.workbench.cards import FitPath
from lrt_explorer.workbench.maps import find_map, keep_map
from lrt_explorer.workbench.session import Session

USUAL = "ridge"
"""The estimator of those who have chosen none."""


def map_at_hand(session: Session, small: LanguageModel, large: LanguageModel) -> Session:
    """The session with a map at its layers by its estimator, or with none.

    Whoever works with a map of a text of their own goes on with that text if its moments hold these layers. Otherwise a
    map that was fitted comes before one that is solved, for it may have seen more text.
    """
    shipped = shipped_corpus(session)
    used = load_map(Path(session.map_folder))[1].corpus if session.map_folder else shipped
    if used != shipped and (solved := solved_map(session, small, large, used)):
        return solved
    folder = find_map(small, large, session.small_layer, session.large_layer)
    if folder is not None and session.method in ("", load_map(folder)[1].method):
        return with_map(session, folder)
    return solved_map(session, small, large, shipped) or replace(session, map_folder="", map_mark="")


def solved_map(session: Session, small: LanguageModel, large: LanguageModel, corpus: str) -> Session | None:
    """The session with its map solved from the moments of a corpus; None where these hold other layers, or are none."""
    layers = (session.small_layer, session.large_layer)
    moments = known_moments(small, large, *layers, corpus)
    if moments is None:
        return None
    fitted = finish(solve_pair(small, large, moments, *layers, method=session.method or USUAL))
    return with_map(session, keep_apart(fitted, "solved"))


def keep_apart(fitted: FittedMap, where: str) -> Path:
    """Keep a map where nobody else finds it by its layers; the same map again finds its own folder."""
    folder = data_home() / "maps" / where / short_hash(repr(replace(fitted.info, created="")))
    return folder if folder.is_dir() else keep_map(fitted, folder)


def with_map(session: Session, folder: Path) -> Session:
    """The session with this map."""
    return replace(session, map_folder=str(folder), map_mark=short_hash(repr(load_map(folder)[1])))


def shipped_corpus(session: Session) -> str:
    """What a pair is fitted on unless its visitor brings a text."""
    return world_of(session.small, session.large).corpus


def own_corpus(file: Path) -> str:
    """The name of a visitor's own text, with a mark by which another text of that name is told apart."""
    with file.open("rb") as content:
        return f"{file.name} ({hashlib.file_digest(content, 'sha256').hexdigest()[:12]})"


def fit_path(info: MapInfo) -> FitPath | None:
    """How the setting of a map was chosen, if it is written down and there was a choice."""
    setting, chosen = ("rank", info.settings.get("rank")) if info.method == "reduced-rank" else ("λ", info.lam)
    path = info.settings.get("path")
    # A map may come from a file that anybody wrote.
    if not isinstance(path, list) or len(path) < 2 or not _is_number(chosen):
        return None
    if not all(isinstance(step, list) and len(step) == 2 and all(map(_is_number, step)) for step in path):
        return None
    return FitPath(setting, tuple((float(value), float(score)) for value, score in path), chosen)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
