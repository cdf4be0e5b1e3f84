"""An engine that answers at once, without any model: what the screen is tested and looked at with."""

import random
import zipfile
from collections.abc import Collection, Generator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import gradio as gr
import numpy as np
from starlette.requests import Request

from lrt_explorer.concepts.vectors import SteeringVector
from lrt_explorer.errors import ArtifactError, ModelError, PromptError, SettingsError, VectorError
from lrt_explorer.store import MapInfo
from lrt_explorer.study import suggest as suggest_study
from lrt_explorer.study.basis import SharedBasis
from lrt_explorer.study.check import ConceptCheck
from lrt_explorer.study.compare import Arm, Comparison, ComparisonStep, changed_tokens
from lrt_explorer.study.evaluation.evaluate import Evaluation, EvaluationStep
from lrt_explorer.study.fitting.estimators import by_descent, closed_forms
from lrt_explorer.study.fitting.layers import LayerCell, LayerGrid
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.project import LARGE, MAPPED, Arrow, Method, SpacePicture
from lrt_explorer.study.steering.arms import need_map
from lrt_explorer.study.steering.calibrate import Calibration, CostCurve, calibration_of
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.cards import (
    ConceptCard,
    FitPath,
    LayerScores,
    MapBadges,
    Methods,
    PairCard,
    Suggestion,
    Suite,
)
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.fitting import FitResult, FitSpec
from lrt_explorer.workbench.links import View
from lrt_explorer.workbench.requests import Models
from lrt_explorer.workbench.session import EvidenceSettings, Session, SpaceSettings
from lrt_explorer.workbench.share import Shared, Source, command, python_code
from lrt_explorer.workbench.shipped import ShippedEvidence
from lrt_explorer.workbench.single_vectors import DiagnosedVector, VectorSpec
from tests.ui.fake_concepts import FakeConcepts
from tests.ui.fake_evidence import fake_evaluation

PAIRS = (
    PairCard("tinyworld-s → tinyworld-l", "tinyworld-s", "tinyworld-l"),
    PairCard("tinyworld-m → tinyworld-l", "tinyworld-m", "tinyworld-l"),
    PairCard("gemma-2-2b → gemma-2-9b", "google/gemma-2-2b", "google/gemma-2-9b", "24 GB, licence on the hub"),
)
CONCEPTS = (
    ConceptCard(
        "mood",
        "whether the story is a happy or a sad one",
        "sad",
        "happy",
        ("In the morning the old sailor went to the harbour.", "Anna looked at the sea and felt", "The farmer had a"),
    ),
    ConceptCard(
        "register",
        "plain English or the talk of pirates",
        "plain",
        "pirate",
        ("The captain said to the crew:", "One day my friend came to the market."),
    ),
)
EVERYDAY = (
    ConceptCard("sentiment", "praise or blame", "blame", "praise", ("All in all the film was",), 120),
    ConceptCard("mood", "how a writer feels", "gloomy", "cheerful", ("My week was",), 40),
)
WORDS = {
    "high": "and she laughed with joy because the sun was bright , the day was lovely and all friends smiled at her .",
    "low": "and she wept with grief because the rain was cold , the day was bleak and all friends turned from her .",
    "middle": "and she walked along the quay because the boat was late , the day was long and all her friends stood .",
}


def write(seed: str, leaning: float, length: int) -> list[str]:
    """Words that lean to one end as far as `leaning` says, the same for the same seed."""
    dice = random.Random(seed)
    words = [text.split(" ") for text in (WORDS["low"], WORDS["middle"], WORDS["high"])]
    pieces = []
    for place in range(length):
        low, middle, high = (part[place % len(part)] for part in words)
        word = high if leaning > dice.uniform(0.1, 1) else low if leaning < -dice.uniform(0.1, 1) else middle
        pieces.append(word if word in ",." else " " + word)
    return pieces


def fake_calibration(concept: str, layer: int) -> Calibration:
    """Where text breaks depends on both."""
    breaks = {"mood": 0.9}.get(concept, 0.3) * (1 + layer / 10)
    sizes = (0.1, 1.0, 10.0)
    return calibration_of(CostCurve(sizes, *[tuple((s / breaks) ** 2 for s in sizes)] * 2))


class FakeEngine(FakeConcepts):
    """Everything the screen asks for, made up but consistent: strength moves the steered arms and nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.fits = 0
        self.fits_left = 0
        self.scores: LayerScores | None = None
        self.asked: EvidenceSettings | None = None
        self.timed = False
        self.seconds_per_pair = 0.005
        self.read: set[str] = set()
        self.shipped: ShippedEvidence | None = None
        self.drawn: set[tuple[Session, SpaceSettings]] = set()

    def ready(self) -> bool:
        return True

    def models_in_memory(self) -> tuple[str, ...]:
        return PAIRS[0].small, PAIRS[0].large

    def keep_text(self, session: Session | None, file: Path) -> Path:
        return file

    def forget(self, session: Session | None) -> None:
        self.forgotten = session

    def pairs(self) -> Sequence[PairCard]:
        return PAIRS

    def first(self) -> None:
        return None

    def concepts(self, session: Session | None) -> Sequence[ConceptCard]:
        return EVERYDAY if session is not None and "gemma" in session.small else CONCEPTS

    def examples(self) -> Collection[str]:
        return {example for card in (*CONCEPTS, *EVERYDAY) for example in card.examples}

    def concept(self, session: Session | None, name: str) -> ConceptCard:
        for card in self.concepts(session):
            if card.name == name:
                return card
        contrast = self.contrast(session, name)
        labels = (contrast.negative_label, contrast.positive_label)
        return ConceptCard(contrast.name, contrast.description, *labels, tuple(p.text for p in contrast.prompts[:3]))

    def open(self, small: str, large: str) -> Generator[Progress, None, Session]:
        yield Progress(0, 2, f"Loading {small} …")
        if "no-such" in small + large:
            raise ModelError(f"there is no model {small!r} here and the hub cannot be reached; check the name")
        yield Progress(1, 2, f"Loading {large} …")
        return Session(small, large, 2, 3, 4, 8, 96, 192, "" if "gemma" in small else "maps/shipped")

    def time_fit(self, session: Session) -> Generator[Progress, None, None]:
        yield Progress(0, 1, "timing a small batch")
        self.timed = True

    def fit_seconds(self, session: Session, tokens: int) -> float | None:
        return tokens * self.seconds_per_pair if self.timed else None

    def at_layers(self, session: Session, small_layer: int, large_layer: int) -> Session:
        if not 0 <= large_layer < session.large_layers:
            last = session.large_layers - 1
            raise SettingsError(
                f"layer {large_layer} is not in {session.large}, which has blocks 0 to {last}; choose one of these"
            )
        known = "maps/shipped" if (small_layer, large_layer) == (2, 3) and session.method in ("", "ridge") else ""
        return replace(session, small_layer=small_layer, large_layer=large_layer, map_folder=known)

    def suggest(self, session: Session) -> Generator[Progress, None, Suggestion]:
        yield Progress(1, 2, "Reading 5,000 tokens at all layers …")
        return Suggestion(2, 4, "layers 2 → 4 carry directions best on held-out texts (cosine 0.88)")

    def methods(self) -> Methods:
        return Methods(closed_forms(), by_descent())

    def with_method(self, session: Session, method: str) -> Session:
        if method not in self.methods().at_once:
            raise SettingsError(f"there is no estimator {method!r}; choose another one")
        chosen = replace(session, method=method)
        moved = self.at_layers(chosen, session.small_layer, session.large_layer)
        return replace(moved, map_folder=f"maps/solved-{method}") if self.scores and not moved.map_folder else moved

    def layers(self, session: Session, text_file: Path | None) -> LayerScores | None:
        return None if text_file else self.scores

    def compute_layers(
        self, session: Session, tokens: int, text_file: Path | None
    ) -> Generator[Progress, None, LayerScores]:
        yield Progress(tokens // 2, tokens, f"read {tokens // 2:,} of {tokens:,} tokens")
        grid = fake_grid(session.small_layers, session.large_layers)
        suggestion = Suggestion(2, 4, "Layers 2 → 4 carry directions best <on held-out texts>.")
        self.scores = LayerScores(grid, tokens, 12, suggestion)
        return self.scores

    def use_pair(self, session: Session, small_layer: int, large_layer: int, text_file: Path | None) -> Session:
        moved = self.at_layers(session, small_layer, large_layer)
        return replace(moved, map_folder=f"maps/solved-{small_layer}-{large_layer}")

    def fit(self, session: Session, tokens: int, text_file: Path | None) -> Generator[Progress, None, Session]:
        self.fits += 1
        try:
            for done in range(0, tokens, tokens // 10):
                yield Progress(done, tokens, f"read {done:,} of {tokens:,} tokens")
            yield Progress(0, 1, "solving")
        finally:
            self.fits_left += 1
        return replace(session, map_folder=f"maps/fitted-{self.fits}")

    def badges(self, session: Session, concept: str) -> MapBadges | None:
        if not session.map_folder:
            return None
        return MapBadges(0.8437, 0.91, 200_000, 1_234, 1.0, 0.612, 0.883, session.method or "ridge", 0.94, PATH)

    def import_map(self, session: Session, files: Sequence[Path]) -> Session:
        if not zipfile.is_zipfile(files[0]):
            raise ArtifactError(f"{files[0].name} is damaged; save the map again")
        return replace(session, map_folder="maps/loaded")

    def export_map(self, session: Session) -> Path:
        if not session.map_folder:
            raise ArtifactError("there is no map for these layers yet; fit one first")
        archive = self.folder / "map.zip"
        with zipfile.ZipFile(archive, "w") as bundle:
            bundle.writestr("artifact.json", "{}")
        return archive

    def shared(self, session: Session, spec: SteerSpec, tab: str) -> Shared:
        at = (session.small_layer, session.large_layer)
        source = Source(small=session.small, large=session.large, layers=at, concept=str(spec.concept))
        view = View(small=session.small, large=session.large, layers=at, concept=str(spec.concept), tab=tab)
        return Shared(query=view.query, python=python_code(source, spec), command=command(source, spec))

    def read_all(self, session: Session, concept: str, reading: str, vectors: str) -> Generator[Progress, None, bool]:
        if concept in self.read:
            return False
        for done in (0, 64):
            yield Progress(done, 240, f"reading 120 pairs of {concept}")
        self.read.add(concept)
        return True

    def calibration(
        self, session: Session, concept: str, reading: str, vectors: str
    ) -> Generator[Progress, None, Calibration]:
        yield Progress(0, 3, "calibrating the strength: reading neutral text")
        if concept == "broken":
            raise VectorError("the texts of broken read the same to tinyworld-l; write pairs that differ")
        return fake_calibration(concept, session.large_layer)

    def compare(self, session: Session, spec: SteerSpec) -> Generator[Progress | ComparisonStep, None, Comparison]:
        prompt = spec.prompt or ""
        if not session.map_folder and need_map(spec.arms):
            raise ArtifactError("there is no map between these layers yet; fit one under Map")
        if not prompt.strip():
            raise PromptError("the prompt is empty; write a few words for the model to go on from")
        if len(prompt) > 2000:
            raise PromptError("the prompt has 10,412 tokens but tinyworld-l reads at most 128; shorten it")
        if spec.concept == "sentiment":
            yield Progress(0, 64, "reading 32 pairs of sentiment")
        assert spec.strength is not None
        leanings = {"unsteered": 0.0, "native": 0.95, "transferred": 0.8, "random": 0.03}
        leanings = {name: leanings.get(name, 0.1) for name in spec.arms}
        seed = f"{prompt}{spec.seed}"
        length = spec.max_new_tokens
        words = {name: write(seed, 1.6 * lean * spec.strength, length) for name, lean in leanings.items()}
        arms: tuple[Arm, ...] = ()
        for done in range(4, spec.max_new_tokens + 1, 4):
            arms = tuple(
                Arm(
                    name,
                    "".join(words[name][:done]),
                    tuple(words[name][:done]),
                    changed_tokens(words[name][:done], words["unsteered"][:done]),
                    0.5 + 0.48 * lean * spec.strength,
                    6.2 * lean * spec.strength - 0.4,
                )
                for name, lean in leanings.items()
            )
            yield ComparisonStep(partial(tuple, arms), done, spec.max_new_tokens)
        broken = {"random": "repeats itself"} if abs(spec.strength) > 0.9 else {}
        arms = tuple(replace(arm, repetition=0.04, perplexity=12.0, remark=broken.get(arm.name, "")) for arm in arms)
        pairs = 120 if spec.concept in self.read else 32
        made: dict[str, str | int | float] = {"seed": spec.seed, "readout_unit": "nats"}
        made |= {"pairs": pairs} if spec.concept == "sentiment" else {}
        return Comparison(prompt, spec.strength, 8.31 * spec.strength, arms, made)

    def shipped_evidence(self, session: Session) -> ShippedEvidence | None:
        return self.shipped if session.map_folder == "maps/shipped" else None

    def suites(self, session: Session | None) -> Sequence[Suite]:
        if session is not None and "gemma" in session.small:
            return (Suite("all 2 everyday concepts", ("sentiment", "mood")),)
        return (Suite("all 3 demo concepts", ("mood", "register", "weather")),)

    def evaluate(
        self, session: Session, settings: EvidenceSettings, text_file: Path | None
    ) -> Generator[Progress, None, Evaluation]:
        if not session.map_folder:
            raise ArtifactError("there is no map yet; fit one under Map")
        self.asked = settings
        yield Progress(0, 9, "control maps: reading")
        for done in range(1, len(settings.concepts) + 1):
            yield Progress(done - 1, len(settings.concepts), f"{settings.concepts[done - 1]}: prompt 1 of 9")
            so_far = fake_evaluation(settings.concepts[:done], texts=settings.texts)
            yield EvaluationStep(done, len(settings.concepts), "done", so_far)
        return so_far

    def compare_models(self, models: Models, spec: SteerSpec) -> Generator[Progress | ComparisonStep, None, Comparison]:
        session = yield from self.open(str(models.small), str(models.large))
        return (yield from self.compare(session, spec))

    def evaluate_models(self, models: Models, spec: EvidenceSpec) -> Generator[Progress, None, Evaluation]:
        session = yield from self.open(str(models.small), str(models.large))
        names = tuple(str(concept) for concept in spec.concepts or ("mood",))
        return (yield from self.evaluate(session, EvidenceSettings(names, 4, None, False), None))

    def fit_models(self, models: Models, spec: FitSpec) -> Generator[Progress, None, FitResult]:
        yield from self.open(str(models.small), str(models.large))
        raise ModelError("these models are made up, so there is no map between them")

    def check_models(self, models: Models, spec: SteerSpec) -> Generator[Progress, None, ConceptCheck]:
        session = yield from self.open(str(models.small), str(models.large))
        recipe = Recipe(spec.method, spec.reading or "", spec.whiten)
        return (yield from self.check(session, str(spec.concept), recipe))

    def transfer_models(
        self, models: Models, spec: SteerSpec, estimator: str
    ) -> Generator[Progress, None, tuple[SteeringVector, MapInfo]]:
        yield from self.open(str(models.small), str(models.large))
        raise ModelError("these models are made up, so there is no map between them")

    def calibrate_models(self, models: Models, spec: SteerSpec) -> Generator[Progress, None, Calibration]:
        session = yield from self.open(str(models.small), str(models.large))
        return (yield from self.calibration(session, str(spec.concept), spec.reading or "", ""))

    def suggest_models(
        self, models: Models, named: Sequence[str] | None, corpus: str | None, tokens: int | None
    ) -> Generator[Progress, None, suggest_study.Suggestion]:
        session = yield from self.open(str(models.small), str(models.large))
        found = yield from self.suggest(session)
        tried = suggest_study.Candidate(found.small_layer, found.large_layer, 0.8, 0.9, 1.0)
        return suggest_study.Suggestion(found.small_layer, found.large_layer, found.reason, (tried,))

    def basis_models(
        self, models: Models, corpus: str | None, directions: int, tokens: int
    ) -> Generator[Progress, None, SharedBasis]:
        yield from self.open(str(models.small), str(models.large))
        raise ModelError("these models are made up, so they have nothing in common")

    def picture_models(self, models: Models, settings: SpaceSettings) -> Generator[Progress, None, SpacePicture]:
        session = yield from self.open(str(models.small), str(models.large))
        return (yield from self.picture(session, settings))

    def vector_of_model(self, spec: VectorSpec) -> Generator[Progress, None, DiagnosedVector]:
        yield Progress(0, 1, f"reading with {spec.model}")
        raise ModelError("this model is made up, so it has no vectors")

    def is_drawn(self, session: Session, settings: SpaceSettings) -> bool:
        return (session, settings) in self.drawn

    def picture(self, session: Session, settings: SpaceSettings) -> Generator[Progress, None, SpacePicture]:
        yield Progress(0, 2, "Reading 40 texts with both models …")
        self.drawn.add((session, settings))
        return fake_picture(settings.points, settings.dims, cast(Method, settings.method))


PATH = FitPath("λ", ((0.0, 0.81), (1e-8, 0.82), (1e-4, 0.8437), (1e-2, 0.84), (1.0, 0.31)), 1e-4)


def fake_grid(small_layers: int = 4, large_layers: int = 8) -> LayerGrid:
    """Scores that are highest where both layers are at like depths."""
    cells = []
    for i in range(small_layers):
        for j in range(large_layers):
            apart = abs(i / max(small_layers - 1, 1) - j / max(large_layers - 1, 1))
            score = 0.95 - 1.2 * apart
            alike = (score - 0.2, 0.5, 0.05, 0.53, score - 0.3)
            cells.append(LayerCell(i, j, score, 1 - apart / 2, score - 0.05, 1.3 - apart, 0.6, 1e-4, *alike))
    return LayerGrid("tinyworld-s", "tinyworld-l", tuple(cells))


SENTENCES = ("The happy sailor laughed at <b>the</b> sea.", "The sad farmer wept in the rain.")


def fake_picture(pairs: int, dims: int = 2, method: Method = "pca") -> SpacePicture:
    """Pairs of points around a ring, the mapped ones a little off."""
    dice = np.random.default_rng(0)
    angle = dice.uniform(0, 2 * np.pi, pairs)
    large = np.stack([8 * np.cos(angle), 5 * np.sin(angle), 3 * np.sin(2 * angle)], axis=1)[:, :dims]
    large += dice.normal(0, 0.8, large.shape)
    mapped = 0.92 * large + dice.normal(0, 0.5, large.shape)
    sentence = [SENTENCES[int(a > np.pi)] for a in angle]
    words = [text.split(" ") for text in sentence]
    places = [int(dice.integers(len(part))) for part in words]
    starts = [len(" ".join(part[:place])) for part, place in zip(words, places, strict=True)]
    ends = [len(" ".join(part[: place + 1])) for part, place in zip(words, places, strict=True)]
    token = tuple(text[a:b] for text, a, b in zip(sentence, starts, ends, strict=True))
    label = tuple(("happy", "sad", "")[0 if a < 2 else 1 if a > 4 else 2] for a in angle)
    error = np.linalg.norm(large - mapped, axis=1) / 8
    arrows = (Arrow("native", np.array([5.0, 2.0, 1.0])[:dims]), Arrow("transferred", np.array([4.6, 2.6, 0.8])[:dims]))
    return SpacePicture(
        coords=np.concatenate([large, mapped]),
        model=(LARGE,) * pairs + (MAPPED,) * pairs,
        token=token * 2,
        sentence=tuple(sentence) * 2,
        span=np.array([*zip(starts, ends, strict=True)] * 2),
        label=label * 2,
        error=np.concatenate([error, error]),
        partner=np.concatenate([np.arange(pairs, 2 * pairs), np.arange(pairs)]),
        position=np.array(places * 2),
        # Its own first, then its successors around.
        nearest=np.stack([(np.arange(2 * pairs) + pairs + near) % (2 * pairs) for near in range(3)], 1),
        distance=np.tile([0.1, 0.2, 0.3], (2 * pairs, 1)),
        partners_nearest=0.62,
        arrows=arrows if method != "umap" else (),
        explained=(0.31, 0.12, 0.07)[:dims] if method != "umap" else (),
        method=method,
        angle=13.4,
    )


def page_request(query: str = "") -> gr.Request:
    """What the server knows of a page that was opened with this query."""
    scope = {"type": "http", "query_string": query.encode(), "headers": []}
    return gr.Request(Request(scope))
