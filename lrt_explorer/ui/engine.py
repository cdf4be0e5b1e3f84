"""What the screen needs from the workbench, so that it can be tested without models."""

from collections.abc import Collection, Generator, Sequence
from pathlib import Path
from typing import Protocol

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import SteeringVector
from lrt_explorer.store import MapInfo
from lrt_explorer.study import suggest as suggest_study
from lrt_explorer.study.basis import SharedBasis
from lrt_explorer.study.check import ConceptCheck
from lrt_explorer.study.compare import Comparison, ComparisonStep
from lrt_explorer.study.evaluation.evaluate import Evaluation
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.project import SpacePicture
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.study.steering.sides import Side
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.cards import (
    ConceptCard,
    LayerScores,
    MapBadges,
    Methods,
    PairCard,
    Suggestion,
    Suite,
    VectorCards,
)
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.firsts import FirstTexts
from lrt_explorer.workbench.fitting import FitResult, FitSpec
from lrt_explorer.workbench.requests import Models
from lrt_explorer.workbench.session import EvidenceSettings, Session, Shelf, SpaceSettings
from lrt_explorer.workbench.share import Shared
from lrt_explorer.workbench.shipped import ShippedEvidence
from lrt_explorer.workbench.single_vectors import DiagnosedVector, VectorSpec


class ConceptEngine(Protocol):
    """Contrast sets and vectors of a visitor. Every method raises an LRTError with one clear sentence."""

    def offered_sets(self, session: Session | None) -> Sequence[tuple[str, str]]:
        """Every set that ships: its title, and the name by which it is chosen."""

    def contrast(self, session: Session | None, name: str) -> ContrastSet:
        """A set by a name that is offered, or that a shelf gives."""

    def keep_set(self, shelf: Shelf, contrast: ContrastSet) -> Shelf:
        """Put a set on the shelf, as the last one."""

    def import_set(self, shelf: Shelf, file: Path) -> Shelf:
        """Put a set from a file of any supported format on the shelf, as the last one."""

    def set_file(self, session: Session | None, name: str) -> Path:
        """A set as a JSON Lines file to take away."""

    def check(self, session: Session, name: str, recipe: Recipe) -> Generator[Progress, None, ConceptCheck]:
        """Whether a set's vectors are likely to steer."""

    def make(
        self, session: Session, shelf: Shelf, name: str, other: str, recipe: Recipe
    ) -> Generator[Progress, None, Shelf]:
        """Find vectors by a recipe, `other` being a second set or "", and put them on the shelf as the last ones."""

    def vector_sides(self, session: Session, file: Path) -> tuple[Side, ...]:
        """Whose vector a file may hold: one side where the file says it or only one fits, otherwise several."""

    def import_vector(self, session: Session, shelf: Shelf, file: Path, side: Side | None = None) -> Shelf:
        """Put a vector from a file on the shelf as the last one, if it belongs to a layer in use.

        The side is what the visitor says, where the file leaves several.
        """

    def vectors(self, session: Session, name: str) -> VectorCards:
        """What the screen shows of vectors of the shelf."""

    def vector_file(self, session: Session, name: str, whose: Side, ending: str) -> Path:
        """One vector of the shelf as a file to take away, "safetensors" or "gguf"."""


class Engine(ConceptEngine, Protocol):
    """The studies as the screen uses them. Every method raises an LRTError with one clear sentence.

    What ships depends on the models, so names of concepts belong to a session; None is the pair that is shown first.
    """

    def ready(self) -> bool:
        """Whether the pair that is shown first is in memory."""

    def models_in_memory(self) -> tuple[str, ...]:
        """Names of the models that need not be loaded."""

    def keep_text(self, session: Session | None, file: Path) -> Path:
        """Where a text to fit on, brought by a visitor, lies from now on."""

    def forget(self, session: Session | None) -> None:
        """Remove what a visitor of a hosted server has fitted, because the page is closed for good."""

    def pairs(self) -> Sequence[PairCard]:
        """The pairs offered, the opening one first."""

    def first(self) -> FirstTexts | None:
        """The comparison that the pair shown first opens with, if it ships, to be shown before a model is loaded."""

    def concepts(self, session: Session | None) -> Sequence[ConceptCard]:
        """The concepts that ship for these models, the opening one first."""

    def concept(self, session: Session | None, name: str) -> ConceptCard:
        """A concept by a name that is offered, or that a shelf gives."""

    def examples(self) -> Collection[str]:
        """The prompts that are offered as examples, for any models."""

    def open(self, small: str, large: str) -> Generator[Progress, None, Session]:
        """Load both models at their default layers, with the map that ships if there is one."""

    def time_fit(self, session: Session) -> Generator[Progress, None, None]:
        """Time one small batch of the session's pair for `fit_seconds`, unless it was timed before."""

    def fit_seconds(self, session: Session, tokens: int) -> float | None:
        """Seconds that a fit on so many pairs of tokens takes; None before `time_fit`."""

    def at_layers(self, session: Session, small_layer: int, large_layer: int) -> Session:
        """The session at other layers, with their map if one is saved, ships, or can be solved from cached moments."""

    def suggest(self, session: Session) -> Generator[Progress, None, Suggestion]:
        """Layers picked by held-out evidence: of all layer pairs if they are scored, else of a few scored now."""

    def methods(self) -> Methods:
        """The estimators."""

    def with_method(self, session: Session, method: str) -> Session:
        """The session with another estimator, with a map by it if one is saved or can be solved from cached moments."""

    def fit(self, session: Session, tokens: int, text_file: Path | None) -> Generator[Progress, None, Session]:
        """Fit a map at the session's layers by the session's estimator, and save it."""

    def layers(self, session: Session, text_file: Path | None) -> LayerScores | None:
        """Every layer pair of the session's models, if they were computed from this text or ship; None otherwise."""

    def compute_layers(
        self, session: Session, tokens: int, text_file: Path | None
    ) -> Generator[Progress, None, LayerScores]:
        """Score every layer pair and remember the scores."""

    def use_pair(self, session: Session, small_layer: int, large_layer: int, text_file: Path | None) -> Session:
        """The session at a layer pair that was scored, its map solved from moments by the session's estimator.

        Where the scores ship, there are no moments: the map is then as for `at_layers`.
        """

    def badges(self, session: Session, concept: str) -> MapBadges | None:
        """The figures of the session's map; None while it has none. Those of the concept may come later."""

    def import_map(self, session: Session, files: Sequence[Path]) -> Session:
        """Use a map from a zip file or from its two files."""

    def export_map(self, session: Session) -> Path:
        """The session's map as one zip file."""

    def calibration(
        self, session: Session, concept: str, reading: str, vectors: str
    ) -> Generator[Progress, None, Calibration]:
        """The strengths that suit the native vector; cached.

        Reading and vectors are those of `SteerSpec`.
        """

    def compare(self, session: Session, spec: SteerSpec) -> Generator[Progress | ComparisonStep, None, Comparison]:
        """All arms side by side, with vectors from a few pairs of the concept where all are not yet read."""

    def shared(self, session: Session, spec: SteerSpec, tab: str) -> Shared:
        """A comparison as a link that restores it, and as code that gives its numbers again."""

    def read_all(self, session: Session, concept: str, reading: str, vectors: str) -> Generator[Progress, None, bool]:
        """Read all pairs of the concept for the next comparison; False if all were read before."""

    def picture(self, session: Session, settings: SpaceSettings) -> Generator[Progress, None, SpacePicture]:
        """Both models' activations in one space; pictures are cached."""

    def is_drawn(self, session: Session, settings: SpaceSettings) -> bool:
        """Whether this picture is cached."""

    def shipped_evidence(self, session: Session) -> ShippedEvidence | None:
        """The evidence that ships for the session's map; None if there is none, or it is for another map."""

    def suites(self, session: Session | None) -> Sequence[Suite]:
        """The suites of concepts that ship for these models, the default one first."""

    def evaluate(
        self, session: Session, settings: EvidenceSettings, text_file: Path | None
    ) -> Generator[Progress, None, Evaluation]:
        """Evidence for the session's map; every finished concept is kept, and yielded as an `EvaluationStep`."""

    def compare_models(self, models: Models, spec: SteerSpec) -> Generator[Progress | ComparisonStep, None, Comparison]:
        """A comparison by the names of two models, with vectors from all pairs of the concept."""

    def evaluate_models(self, models: Models, spec: EvidenceSpec) -> Generator[Progress, None, Evaluation]:
        """Evidence by the names of two models."""

    def fit_models(self, models: Models, spec: FitSpec) -> Generator[Progress, None, FitResult]:
        """A map by the names of two models; others find it if its text and estimator are the defaults."""

    def check_models(self, models: Models, spec: SteerSpec) -> Generator[Progress, None, ConceptCheck]:
        """A check of a concept by the names of two models; with their map if there is one."""

    def calibrate_models(self, models: Models, spec: SteerSpec) -> Generator[Progress, None, Calibration]:
        """A calibration by the names of two models."""

    def transfer_models(
        self, models: Models, spec: SteerSpec, estimator: str
    ) -> Generator[Progress, None, tuple[SteeringVector, MapInfo]]:
        """A concept's vector of the small model in the large one, with what the map says; by the names of two models.

        Of the spec, the concept, how its vector is found and `as_in_paper` count. The estimator is the map's, "" for
        any.
        """

    def suggest_models(
        self, models: Models, named: Sequence[str] | None, corpus: str | None, tokens: int | None
    ) -> Generator[Progress, None, suggest_study.Suggestion]:
        """Layers by the names of two models, of concepts and of a corpus."""

    def basis_models(
        self, models: Models, corpus: str | None, directions: int, tokens: int
    ) -> Generator[Progress, None, SharedBasis]:
        """What two layers share, by the names of two models and of a corpus."""

    def picture_models(self, models: Models, settings: SpaceSettings) -> Generator[Progress, None, SpacePicture]:
        """A picture by the names of two models."""

    def vector_of_model(self, spec: VectorSpec) -> Generator[Progress, None, DiagnosedVector]:
        """A vector by the names of a model and of a concept."""
