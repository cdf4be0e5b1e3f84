"""What a face shows of pairs, concepts, maps, layers and vectors: plain values, without a model or a tensor."""

from dataclasses import dataclass

from lrt_explorer.concepts.sets.contrast_set import spoken_ends
from lrt_explorer.concepts.sets.readout_kinds import READOUTS
from lrt_explorer.study.fitting.layers import LayerGrid
from lrt_explorer.study.steering.sides import Side


@dataclass(frozen=True)
class PairCard:
    """One entry of the list of pairs.

    Attributes:
        name: of the pair.
        small, large: its two models.
        needs: where it comes from; "" if it ships.
        concepts: names of the concepts that ship for it.
    """

    name: str
    small: str
    large: str
    needs: str = ""
    concepts: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConceptCard:
    """What the screen shows of a concept: name, one sentence, two ends, prompts to try it on, size, kind of readout.

    Where nothing scores its texts, it is not judged.
    """

    name: str
    description: str
    low_label: str
    high_label: str
    examples: tuple[str, ...]
    pairs: int = 0
    readout: str = READOUTS.default
    judged: bool = True

    @property
    def title(self) -> str:
        """As people speak of it: "pirate ↔ plain"; the name of a set that does not name its ends."""
        return spoken_ends(self.high_label, self.low_label) or self.name


@dataclass(frozen=True)
class Methods:
    """The estimators by name.

    Attributes:
        at_once: those that a map is made by in a moment once the text is read, the usual one at the head.
        by_command: those that take minutes, for which there is the command line.
    """

    at_once: tuple[str, ...]
    by_command: tuple[str, ...] = ()


@dataclass(frozen=True)
class FitPath:
    """How an estimator's setting was chosen.

    Attributes:
        setting: what it is called, "λ" or "rank".
        points: (setting, R² on the select part) for every one tried.
        chosen: the setting of the map.
        unit: what the setting is counted in; "" if nothing.
    """

    setting: str
    points: tuple[tuple[float, float], ...]
    chosen: float
    unit: str = ""


@dataclass(frozen=True)
class MapBadges:
    """The figures a visitor judges a map by.

    Attributes:
        r2: variance explained on held-out documents.
        cka: linear CKA of the two layers on held-out documents; None if not recorded.
        tokens_used, tokens_left_out: token pairs in the fit, and those kept out of it as special or outlying.
        coverage: share of tokens that found a partner, 0 to 1.
        reachable_share: share of the native vector's squared length that lies in the map's image; None if unknown.
        direction_cosine: cosine of the mapped and the native vector of the concept; None if unknown.
        method: the estimator.
        norm_ratio: length of the mapped over that of the native vector of the concept; None if unknown.
        path: how the estimator's setting was chosen; None if it has none, or it was not written down.
        r2_standardised: as `r2`, with every dimension in units of its own deviation; None if not recorded, as are all
            figures that follow.
        largest_dimensions: share of the variance that the largest dimension holds, of the small and the large layer.
        outlier_dimensions: how many dimensions of each layer are outliers.
        outlier_shares: share of each layer's variance that they hold.
        caveats: sentences that say where a few dimensions rule these scores.
        r2_ends: as `r2`, at the ends of readout prompts, see `study/fitting/ends.py`; None if not measured yet.
        relabelled_cosine: what 97.5 % of the direction cosines of relabelled pairs stay below; None unless evidence for
            this map and concept ships.
    """

    r2: float
    cka: float | None
    tokens_used: int
    tokens_left_out: int
    coverage: float
    reachable_share: float | None
    direction_cosine: float | None
    method: str
    norm_ratio: float | None = None
    path: FitPath | None = None
    r2_standardised: float | None = None
    largest_dimensions: tuple[float | None, float | None] = (None, None)
    outlier_dimensions: tuple[int | None, int | None] = (None, None)
    outlier_shares: tuple[float | None, float | None] = (None, None)
    caveats: tuple[str, ...] = ()
    r2_ends: float | None = None
    relabelled_cosine: float | None = None


@dataclass(frozen=True)
class Suggestion:
    """A pair of layers and one sentence that says why."""

    small_layer: int
    large_layer: int
    reason: str


@dataclass(frozen=True)
class LayerScores:
    """Every layer pair with its held-out evidence.

    Attributes:
        grid: the layer pairs, each scored by a ridge map.
        tokens: token pairs that were used.
        concepts: how many concepts the directions are those of.
        suggestion: the pair that this evidence speaks for; None if no layer of the large model leaves room above it.
        made: when, as an ISO 8601 date, for scores that ship; "" for those computed here.
    """

    grid: LayerGrid
    tokens: int
    concepts: int
    suggestion: Suggestion | None
    made: str = ""


@dataclass(frozen=True)
class Suite:
    """Concepts that are evaluated together: what they are called, and their names."""

    title: str
    concepts: tuple[str, ...]


@dataclass(frozen=True)
class VectorCard:
    """What the screen shows of one vector.

    Attributes:
        whose: the small model's, the large model's, or the small model's as the map in use takes it across.
        model, layer: where it lives.
        concept, method, reading: what it stands for and how it was found.
        width: how many numbers it has.
        norm: its length.
    """

    whose: Side
    model: str
    layer: int
    concept: str
    method: str
    reading: str
    width: int
    norm: float


@dataclass(frozen=True)
class VectorCards:
    """Vectors that belong together.

    Attributes:
        cards: those there are.
        cosine: between the transferred and the large model's vector; None where one of them is missing.
    """

    cards: tuple[VectorCard, ...]
    cosine: float | None
