"""Saved cross-moments: what a pass over texts has summed, to go on from or to fit further maps from."""

import dataclasses
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from lrt_explorer.errors import ArtifactError
from lrt_explorer.store.artifacts import load_artifact, read_meta, save_artifact
from lrt_explorer.store.pair import PairInfo

KIND = "moments"


@dataclass(frozen=True)
class MomentsInfo(PairInfo):
    """What saved moments are of. The models come first, as in `PairInfo`.

    Attributes:
        corpus: Name of the texts.
        corpus_fingerprint: Of the texts read so far.
        tokens: Pairs of tokens asked for.
        complete: Whether they were reached, or the texts ended.
        pairs: (small layer, large layer) that are held.
        settings: What else decides which tokens are paired and kept, JSON values.
        counts: What became of the tokens read, by name.
        position: How far the texts are read, by name.
        created: When, ISO 8601 in UTC.
    """

    corpus: str
    corpus_fingerprint: str
    tokens: int
    complete: bool
    pairs: tuple[tuple[int, int], ...]
    settings: dict[str, Any]
    counts: dict[str, Any]
    position: dict[str, Any]
    created: str


def save_moments(folder: Path, info: MomentsInfo, states: Mapping[str, Mapping[str, Tensor]]) -> Path:
    """Save moments as a folder; a kill at any moment leaves the ones that were there before, or the new ones.

    Args:
        folder: Where they go, as for `save_artifact`.
        info: What they are of.
        states: For each part of the texts the `GridMoments.state()`.

    Raises:
        ArtifactError: As for `save_artifact`.
    """
    tensors = {f"{part}/{name}": tensor for part, state in states.items() for name, tensor in state.items()}
    return save_artifact(folder, KIND, dataclasses.asdict(info), tensors)


def load_moments(folder: Path) -> tuple[MomentsInfo, dict[str, dict[str, Tensor]]]:
    """Load moments: what they are of, and for each part the state to go on from.

    Raises:
        ArtifactError: If there are none, it is something else, or they are damaged.
    """
    artifact = load_artifact(folder, KIND)
    states: dict[str, dict[str, Tensor]] = {}
    for name, tensor in artifact.tensors.items():
        part, _, own = name.partition("/")
        states.setdefault(part, {})[own] = tensor
    return _info(artifact.meta, folder), states


def find_moments(home: Path) -> list[tuple[Path, MomentsInfo]]:
    """All moments kept below a folder, newest first, by their descriptions alone; damaged ones are passed over."""
    found = []
    # Hidden ones are being written, or were when their writer was killed.
    for folder in [place for place in home.iterdir() if not place.name.startswith(".")] if home.is_dir() else ():
        try:
            found.append((folder, _info(read_meta(folder, KIND), folder)))
        except ArtifactError:
            continue
    return sorted(found, key=lambda entry: entry[1].created, reverse=True)


def forget_moments(home: Path, but: int) -> None:
    """Remove all moments below a folder but the newest so many."""
    for folder, _ in find_moments(home)[but:]:
        shutil.rmtree(folder, ignore_errors=True)


def _info(meta: Mapping[str, Any], folder: Path) -> MomentsInfo:
    try:
        pairs = tuple((int(i), int(j)) for i, j in meta["pairs"])
        return MomentsInfo(**{**meta, "pairs": pairs})
    except (TypeError, KeyError, ValueError) as error:
        raise ArtifactError(
            f"the moments in {folder} do not say which models and texts they come from; collect them again"
        ) from error
