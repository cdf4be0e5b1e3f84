"""What a shipped pair opens with: its first comparison, there to be shown before any model is in memory.

`assets/firsts/SMALL--LARGE.json` holds the comparison that the Steer tab makes when nothing is set, with the
calibration of its slider and what is known of the open pair. It counts only for the map, the contrast set, the prompt
and the strength that it was made with.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from lrt_explorer.lm.chat import has_template
from lrt_explorer.store.artifacts import artifact_mark
from lrt_explorer.store.swap import write_text
from lrt_explorer.study.compare import Arm, Comparison
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.study.steering.calibrate import Calibration, CostCurve
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.compare import calibration, compare
from lrt_explorer.workbench.concepts import concept_cards, named_concept
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.maps import shipped_map_folder
from lrt_explorer.workbench.openings import map_mark, opening
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.session import Session
from lrt_explorer.workbench.shipped import ShippedEvidence, evidence_of, shipped_file, today

FIRSTS = "firsts"
KIND, VERSION = "lrt-first-texts", 1


@dataclass(frozen=True, eq=False)
class FirstTexts:
    """The comparison that a pair opens with.

    Attributes:
        session: the pair as it is opened, without anything of a visitor's.
        spec: what was asked for.
        calibration: of the slider.
        comparison: what came of it.
        made: when, as an ISO 8601 date.
    """

    session: Session
    spec: SteerSpec
    calibration: Calibration
    comparison: Comparison
    made: str

    @property
    def evidence(self) -> ShippedEvidence | None:
        """What ships of the map that the texts were made with, read by the names of the models alone."""
        return evidence_of(self.session.small, self.session.large)


def first_texts(small: str, large: str) -> FirstTexts | None:
    """What a pair opens with; None if nothing ships that is still what it would open with."""
    file = firsts_file(small, large)
    found = _read(file, file.stat().st_mtime_ns) if file.is_file() else None
    if found is None or found[0] != (map_mark(small, large), _set_mark(small, large)):
        return None
    texts = found[1]
    usual = first_spec(small, large, texts.calibration)
    if texts.spec != usual:
        return None
    # Where the map lies, and its mark there, are this machine's.
    folder = shipped_map_folder(small, large)
    session = replace(texts.session, map_folder=str(folder), map_mark=artifact_mark(folder.expanduser().resolve()))
    return replace(texts, session=session)


def first_spec(small: str, large: str, calibrated: Calibration) -> SteerSpec:
    """What the screen asks for when nothing is set: the opening concept at its first strength, on its first prompt."""
    card = concept_cards(small, large)[0]
    world = world_of(small, large)
    chosen = opening(small, large, named_concept(world, card.name))
    return SteerSpec(
        concept=card.name,
        prompt=card.examples[0],
        strength=calibrated.first if chosen is None else chosen.strength,
        temperature=float(world.temperature),
    )


def ship_first_texts(pair: Pair, saved: SavedMap) -> Path:
    """Make the comparison that a pair opens with, with the map that ships, and write it where it ships.

    Raises:
        ArtifactError: if it cannot be written.
        LRTError: as for `compare`.
    """
    small, large = (lm.name for lm in pair.both)
    concept = concept_cards(small, large)[0].name
    calibrated = finish(calibration(pair, saved, SteerSpec(concept=concept)))
    spec = first_spec(small, large, calibrated)
    comparison = finish(compare(pair, saved, spec))
    (first, second), layers = pair.both, saved.layers
    both = (first.layers, second.layers, first.width, second.width)
    session = Session(small, large, *layers, *both, chat=has_template(second))
    content = {
        "kind": KIND,
        "version": VERSION,
        "made": today(),
        "map": map_mark(small, large),
        "set": _set_mark(small, large),
        "session": asdict(session),
        "spec": {name: getattr(spec, name) for name in _OF_SPEC},
        "calibration": asdict(calibrated),
        "comparison": {**asdict(comparison), "settings": dict(comparison.settings)},
    }
    return write_text(firsts_file(small, large), json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def firsts_file(small: str, large: str) -> Path:
    """Where the first texts of a pair ship."""
    return shipped_file(FIRSTS, small, large)


_OF_SPEC = ("concept", "prompt", "strength", "temperature")


def _set_mark(small: str, large: str) -> str:
    """What changes when the contrast set of the opening concept does."""
    return named_concept(world_of(small, large), concept_cards(small, large)[0].name).fingerprint()


@lru_cache(16)
def _read(file: Path, _mark: int) -> tuple[tuple[str, str], FirstTexts] | None:
    """What a file holds, with the marks of what it was made with; read once for as long as its own stays the same."""
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if (content["kind"], content["version"]) != (KIND, VERSION):
            return None
        texts = FirstTexts(
            Session(**content["session"]),
            SteerSpec(**content["spec"]),
            _calibration(content["calibration"]),
            _comparison(content["comparison"]),
            str(content["made"]),
        )
        return (str(content["map"]), str(content["set"])), texts
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _calibration(content: Mapping[str, Any]) -> Calibration:
    return Calibration(**_tuples(content) | {"curve": CostCurve(**_tuples(content["curve"]))})


def _comparison(content: Mapping[str, Any]) -> Comparison:
    arms = tuple(Arm(**_tuples(arm)) for arm in content["arms"])
    return Comparison(**_tuples(content) | {"arms": arms, "settings": dict(content["settings"])})


def _tuples(content: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in content.items()}
