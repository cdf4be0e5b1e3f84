"""Saved maps: an affine map with what it was fitted on and how good it is."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any

from lrt_explorer.errors import ArtifactError, MapError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.store.artifacts import load_artifact, save_artifact
from lrt_explorer.store.pair import PairInfo

KIND = "map"


@dataclass(frozen=True)
class MapInfo(PairInfo):
    """Where a map comes from and how good it is. The models come first, as in `PairInfo`.

    Attributes:
        small_layer: Block of the small model whose output the map takes.
        large_layer: Block of the large model whose output the map predicts.
        method: Estimator, such as "ridge".
        lam: Its λ, relative as in `RidgePath`; None where the method has none.
        tokens_used: Pairs of tokens that the map was fitted, selected and scored on.
        tokens_left_out: Special tokens and norm outliers that were not.
        coverage: Share of the tokens that found a partner in the other tokenizer, 0 to 1.
        r2: Held-out variance-weighted R².
        cka: Held-out linear CKA of the layer pair.
        corpus: Name of the texts.
        corpus_fingerprint: Of the texts.
        created: When, ISO 8601 in UTC.
        settings: Further settings of the method, JSON values.
        r2_standardised: Held-out R² with every dimension of the large model in units of its own deviation. This and
            what follows is None in maps of earlier versions.
        cka_standardised: Held-out linear CKA, likewise on both sides.
        largest_dimension_small: Share of the small layer's variance that its largest dimension holds, 0 to 1.
        largest_dimension_large: Likewise of the large layer.
        outlier_dimensions_small: How many dimensions of the small layer are outliers, as `outlier_dimensions` marks.
        outlier_dimensions_large: Likewise of the large layer.
        outlier_share_small: Share of the small layer's variance that they hold, 0 to 1.
        outlier_share_large: Likewise of the large layer.

    Raises:
        ArtifactError: If a value is of another type, or a layer or a count is negative.
    """

    small_layer: int
    large_layer: int
    method: str
    lam: float | None
    tokens_used: int
    tokens_left_out: int
    coverage: float
    r2: float
    cka: float
    corpus: str
    corpus_fingerprint: str
    created: str
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    r2_standardised: float | None = None
    cka_standardised: float | None = None
    largest_dimension_small: float | None = None
    largest_dimension_large: float | None = None
    outlier_dimensions_small: int | None = None
    outlier_dimensions_large: int | None = None
    outlier_share_small: float | None = None
    outlier_share_large: float | None = None

    def __post_init__(self) -> None:
        """Check the values, which may come from a file that was edited by hand."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if type(value) not in _ALLOWED[field.type] or (field.type in _COUNTS and (value or 0) < 0):
                raise ArtifactError(f"this map says {value!r:.80} where its {field.name} should be; fit it again")


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class PairMap:
    """A map with its description, which belong together.

    Attributes:
        map: the map.
        info: what it was fitted on, and how good it is.
    """

    map: AffineMap
    info: MapInfo

    @property
    def layers(self) -> tuple[int, int]:
        """The block it starts from, and the block it leads to."""
        return self.info.small_layer, self.info.large_layer


def save_map(folder: Path, map: AffineMap, info: MapInfo) -> Path:
    """Save a map with its description as a folder.

    Args:
        folder: Where it goes, as for `save_artifact`.
        map: The map, kept in float64.
        info: Its description.

    Returns:
        The folder.

    Raises:
        ArtifactError: As for `save_artifact`.
    """
    return save_artifact(folder, KIND, dataclasses.asdict(info), {"weight": map.weight, "bias": map.bias})


def load_map(folder: Path) -> tuple[AffineMap, MapInfo]:
    """Load a map and its description; `check_map` then tells whether it belongs to the models in use.

    Raises:
        ArtifactError: If there is none, it is no map, or it is damaged.
    """
    artifact = load_artifact(folder, KIND)
    try:
        info = MapInfo(**artifact.meta)
        return AffineMap(artifact.tensors["weight"], artifact.tensors["bias"]), info
    except (TypeError, KeyError, MapError) as error:
        raise ArtifactError(f"the map in {folder} is incomplete; fit it again") from error


def check_map(info: MapInfo, small_fingerprint: str, large_fingerprint: str) -> None:
    """Check that a map was fitted for exactly these models.

    Args:
        info: Description of the map.
        small_fingerprint: Of the small model in use.
        large_fingerprint: Of the large model in use.

    Raises:
        ArtifactError: If one of them has other weights.
    """
    wrong = [
        side
        for side, fitted, current in (
            ("small", info.small_fingerprint, small_fingerprint),
            ("large", info.large_fingerprint, large_fingerprint),
        )
        if fitted != current
    ]
    if wrong:
        raise ArtifactError(
            f"this map was fitted from {info.small} to {info.large}, but the {' and the '.join(wrong)} model chosen "
            "has other weights; choose that pair or fit a new map"
        )


_COUNTS = (int, int | None)
_ALLOWED: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    float: (float, int),
    float | None: (float, int, NoneType),
    int | None: (int, NoneType),
    dict[str, Any]: (dict,),
}
