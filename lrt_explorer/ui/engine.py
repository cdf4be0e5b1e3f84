"""What the screen needs from the house below it, so that it can be built and tested with anything that gives this."""

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lrt_explorer.concepts.readout_kinds import READOUTS
from lrt_explorer.study.calibrate import Calibration
from lrt_explorer.study.compare import Comparison, ComparisonStep
from lrt_explorer.study.evaluate import Evaluation
from lrt_explorer.study.layers import LayerGrid
from lrt_explorer.study.progress import Progress
from lrt_explorer.study.project import SpacePicture
from lrt_explorer.ui.concept_engine import ConceptEngine
from lrt_explorer.ui.session import EvidenceSettings, Session, SpaceSettings, SteerSettings


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
    """What the screen shows of a concept: name, one sentence, two ends, prompts to try it on, size, kind of readout."""

    name: str
    description: str
    low_label: str
    high_label: str
    examples: tuple[str, ...]
    pairs: int = 0
    readout: str = READOUTS.default


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
    """

    grid: LayerGrid
    tokens: int
    concepts: int
    suggestion: Suggestion | None


@dataclass(frozen=True)
class Suite:
    """Concepts that are evaluated together: what they are called, and their names."""

    title: str
    concepts: tuple[str, ...]


class Engine(ConceptEngine, Protocol):
    """The studies as the screen uses them. Every method raises an LRTError with one clear sentence.

    What ships depends on the models, so names of concepts belong to a session; None is the pair that is shown first.
    """

    def pairs(self) -> Sequence[PairCard]:
        """The pairs offered, the one shown first at the head."""

    def concepts(self, session: Session | None) -> Sequence[ConceptCard]:
        """The concepts that ship for these models, the one shown first at the head."""

    def concept(self, session: Session | None, name: str) -> ConceptCard:
        """A concept that ships for these models by name, or any other by the path of its contrast set."""

    def examples(self) -> Collection[str]:
        """The prompts that are offered as examples, for whichever models."""

    def open(self, small: str, large: str) -> Generator[Progress, None, Session]:
        """Load both models, at the layers that ship for them, with the map that ships if there is one."""

    def time_fit(self, session: Session) -> Generator[Progress, None, None]:
        """Time one small batch of the session's pair, so that `fit_seconds` can tell; at once where it was timed."""

    def fit_seconds(self, session: Session, tokens: int) -> float | None:
        """How long a fit of so many pairs of tokens takes; None before `time_fit`."""

    def at_layers(self, session: Session, small_layer: int, large_layer: int) -> Session:
        """The session at other layers, with a map at hand for them, or solved from moments at hand, if there is one."""

    def suggest(self, session: Session) -> Generator[Progress, None, Suggestion]:
        """Layers picked by held-out evidence: that of all layer pairs if it is at hand, else that of some tried now."""

    def methods(self) -> Methods:
        """The estimators."""

    def with_method(self, session: Session, method: str) -> Session:
        """The session with another estimator, and with a map by it if one is at hand or can be solved from moments."""

    def fit(self, session: Session, tokens: int, text_file: Path | None) -> Generator[Progress, None, Session]:
        """Fit a map at the session's layers by the session's estimator and keep it."""

    def layers(self, session: Session, text_file: Path | None) -> LayerScores | None:
        """Every layer pair of the session's models, if they were computed from this text; None otherwise."""

    def compute_layers(
        self, session: Session, tokens: int, text_file: Path | None
    ) -> Generator[Progress, None, LayerScores]:
        """Score every layer pair and remember the scores."""

    def use_pair(self, session: Session, small_layer: int, large_layer: int, text_file: Path | None) -> Session:
        """The session at a layer pair that was computed, its map solved from the moments by the session's estimator."""

    def badges(self, session: Session, concept: str) -> MapBadges | None:
        """The figures of the session's map, at once; None while it has none. Those of the concept may come later."""

    def import_map(self, session: Session, files: Sequence[Path]) -> Session:
        """Take a map from a zip file or from its two files."""

    def export_map(self, session: Session) -> Path:
        """The session's map as one zip file."""

    def calibration(
        self, session: Session, concept: str, reading: str, vectors: str
    ) -> Generator[Progress, None, Calibration]:
        """The strengths that suit the native vector, at once if they are known already.

        Reading and vectors are those of `SteerSettings`.
        """

    def compare(
        self, session: Session, settings: SteerSettings
    ) -> Generator[Progress | ComparisonStep, None, Comparison]:
        """All arms side by side, with vectors from a few pairs of the concept where all are not yet read."""

    def read_all(self, session: Session, concept: str, reading: str, vectors: str) -> Generator[Progress, None, bool]:
        """Read all pairs of the concept, for the next comparison; whether there was anything left to read."""

    def picture(self, session: Session, settings: SpaceSettings) -> Generator[Progress, None, SpacePicture]:
        """Both models' activations in one space; a picture asked for again is at hand at once."""

    def suites(self, session: Session | None) -> Sequence[Suite]:
        """The suites of concepts that ship for these models, the one offered first at the head."""

    def evaluate(
        self, session: Session, settings: EvidenceSettings, text_file: Path | None
    ) -> Generator[Progress, None, Evaluation]:
        """Evidence for the session's map; an `EvaluationStep` for every concept that is finished, which is kept."""
