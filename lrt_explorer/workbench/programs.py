"""Whole requests of programs: each study by the names of its models, through the door of the server."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.vectors import SteeringVector
from lrt_explorer.limits import check_limits
from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.store import MapInfo
from lrt_explorer.study.basis import SharedBasis
from lrt_explorer.study.check import ConceptCheck
from lrt_explorer.study.compare import Comparison, ComparisonStep
from lrt_explorer.study.corpora.texts import Source
from lrt_explorer.study.evaluation.evaluate import Evaluation
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.ground.world import World
from lrt_explorer.study.project import SpacePicture
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.study.suggest import Suggestion
from lrt_explorer.workbench import concepts, requests
from lrt_explorer.workbench.bounds import check_comparison, check_evidence, kept_by
from lrt_explorer.workbench.door import Door
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.fitting import FitResult, FitSpec
from lrt_explorer.workbench.own import new_mark, own_place
from lrt_explorer.workbench.requests import Models
from lrt_explorer.workbench.session import SpaceSettings
from lrt_explorer.workbench.single_vectors import DiagnosedVector, VectorSpec, diagnose_vector


class Programs:
    """What programs ask a server for; what a stranger's request fits on the way is gone once it is answered."""

    def __init__(self, cache: ModelCache, door: Door) -> None:
        """Use these models.

        Args:
            cache: where models come from and stay.
            door: what may come in.
        """
        self._models, self._door = cache, door

    def compare_models(self, models: Models, spec: SteerSpec) -> Generator[Progress | ComparisonStep, None, Comparison]:
        """All arms side by side, with vectors from all pairs of the concept."""
        with self._request(models) as asked:
            check_comparison(spec)
            spec = replace(_named(asked, spec), scorer=self._door.scorer(spec.scorer))
            return (yield from requests.compare_models(asked, spec))

    def evaluate_models(self, models: Models, spec: EvidenceSpec) -> Generator[Progress, None, Evaluation]:
        """Evidence by the names of two models."""
        with self._request(models) as asked:
            check_evidence(spec)
            self._door.scorer(spec.settings.scorer)
            corpus = self._corpus_let_in(spec.corpus)
            named = None if spec.concepts is None else tuple(_offered(asked.world, one) for one in spec.concepts)
            return (yield from requests.evaluate_models(asked, replace(spec, concepts=named, corpus=corpus)))

    def fit_models(self, models: Models, spec: FitSpec) -> Generator[Progress, None, FitResult]:
        """A map by the names of two models."""
        with self._request(models) as asked:
            check_limits(tokens=spec.tokens)
            corpus = self._corpus_let_in(spec.corpus)
            keep = kept_by(spec, asked.world, asked.own)
            return (yield from requests.fit_models(asked, replace(spec, corpus=corpus), keep=keep))

    def check_models(self, models: Models, spec: SteerSpec) -> Generator[Progress, None, ConceptCheck]:
        """Whether a concept's vectors are likely to steer."""
        with self._request(models) as asked:
            return (yield from requests.check_for_models(asked, _named(asked, spec)))

    def calibrate_models(self, models: Models, spec: SteerSpec) -> Generator[Progress, None, Calibration]:
        """The strengths that suit a concept's native vector."""
        with self._request(models) as asked:
            return (yield from requests.calibration_for_models(asked, _named(asked, spec)))

    def transfer_models(
        self, models: Models, spec: SteerSpec, estimator: str
    ) -> Generator[Progress, None, tuple[SteeringVector, MapInfo]]:
        """A concept's vector of the small model in the large one, by a map of this estimator, "" for any."""
        with self._request(models) as asked:
            return (yield from requests.transfer_for_models(asked, _named(asked, spec), estimator))

    def suggest_models(
        self, models: Models, named: Sequence[str] | None, corpus: str | None, tokens: int | None
    ) -> Generator[Progress, None, Suggestion]:
        """Layers picked by held-out evidence, on these concepts or on all that ship."""
        with self._request(models) as asked:
            check_limits(tokens=tokens, concepts=None if named is None else len(named))
            compared = None if named is None else [_offered(asked.world, one) for one in named]
            source = self._door.corpus(corpus)
            return (yield from requests.suggestion_for_models(asked, compared, corpus=source, tokens=tokens))

    def basis_models(
        self, models: Models, corpus: str | None, directions: int, tokens: int
    ) -> Generator[Progress, None, SharedBasis]:
        """The directions that two layers share, with the tokens that excite them."""
        with self._request(models) as asked:
            check_limits(tokens=tokens, directions=directions)
            study = requests.basis_of_models(
                asked, corpus=self._door.corpus(corpus), directions=directions, tokens=tokens
            )
            return (yield from study)

    def picture_models(self, models: Models, settings: SpaceSettings) -> Generator[Progress, None, SpacePicture]:
        """Both models' activations in one space."""
        with self._request(models) as asked:
            check_limits(points=settings.points)
            concept = _offered(asked.world, settings.concept or concepts.opening_concept(*asked.names))
            return (yield from requests.picture_for_models(asked, concept, settings))

    def vector_of_model(self, spec: VectorSpec) -> Generator[Progress, None, DiagnosedVector]:
        """A concept's vector in one model, with what its pairs say of it."""
        model = self._door.model(spec.model) if isinstance(spec.model, str) else spec.model
        asked = replace(spec, model=model, concept=_offered(spec.world, spec.concept), cache=self._models)
        return (yield from diagnose_vector(asked))

    @contextmanager
    def _request(self, models: Models) -> Iterator[Models]:
        """A request that has come through the door."""
        own = own_place(new_mark()) if self._door.guarded else None
        try:
            yield replace(self._door.models(models), cache=self._models, own=own)
        finally:
            if own is not None:
                own.forget()

    def _corpus_let_in(self, corpus: Source | None) -> Source | None:
        return self._door.corpus(corpus) if isinstance(corpus, str) else corpus


def _named(models: Models, spec: SteerSpec) -> SteerSpec:
    also = tuple((_offered(models.world, concept), strength) for concept, strength in spec.also)
    return replace(spec, concept=_offered(models.world, spec.concept), also=also)


def _offered(world: World, concept: str | ContrastSet) -> ContrastSet:
    """A concept that ships for these models, by its name."""
    return concepts.offered_set(world, concept) if isinstance(concept, str) else concept
