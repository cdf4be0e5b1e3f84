"""What every engine promises the screen, asked of the workbench and of the made-up one that handlers are tested with.

Whatever a handler relies on is promised here; otherwise a test with the fake would say nothing about the app.
"""

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from lrt_explorer.concepts.contrast import read_contrast, write_contrast
from lrt_explorer.errors import ArtifactError, ContrastError, LRTError, ModelError, PromptError, SettingsError
from lrt_explorer.store import load_vector
from lrt_explorer.study import basis
from lrt_explorer.study.compare import ComparisonStep
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings, EvaluationStep
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.engine import ConceptEngine, Engine
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.fitting import FitSpec
from lrt_explorer.workbench.requests import Models
from lrt_explorer.workbench.session import EvidenceSettings, Session, Shelf, SpaceSettings
from lrt_explorer.workbench.single_vectors import VectorSpec
from tests.ui.fakes import FakeEngine
from tests.workbench.tiny_house import TinyEngine, build_assets

STEER = SteerSpec(concept="mood", prompt="Tom ran and felt", strength=0.5, temperature=0.0, max_new_tokens=8)
PICTURE = SpaceSettings("mood", 100, "pca", 2)
EVIDENCE = EvidenceSpec(
    concepts=("mood",),
    settings=EvaluationSettings(
        prompts=3, strengths=(-0.5, 0.5), random_seeds=1, permuted=1, ordinary=1, other_concepts=0
    ),
    tokens=4_000,
)


@dataclass(frozen=True)
class House:
    """An engine, and a pair of its models that has no map yet."""

    engine: Engine
    small: str
    large: str

    def open(self) -> Session:
        return finish(self.engine.open(self.small, self.large))

    def fitted(self) -> Session:
        return finish(self.engine.fit(self.open(), 2_000, None))

    def mapped(self) -> Models:
        """Models between which there is a map: that which the made-up engine ships, or one fitted now."""
        if isinstance(self.engine, FakeEngine):
            return Models(small="tinyworld-s", large="tinyworld-l")
        session = self.fitted()
        return Models(small=session.small, large=session.large)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TinyEngine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRT_EXPLORER_ASSETS", str(build_assets(tmp_path_factory.mktemp("house") / "assets")))
        yield TinyEngine()


@pytest.fixture(params=["made up", "real"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    if request.param == "real":
        return House(request.getfixturevalue("tiny"), "tiny-s", "tiny-l")
    return House(FakeEngine(tmp_path), "google/gemma-2-2b", "google/gemma-2-9b")


def test_there_is_always_something_to_begin_with(house: House) -> None:
    engine = house.engine
    assert engine.pairs() and engine.concepts(None) and engine.methods().at_once
    first = engine.concepts(None)[0]
    assert engine.concept(None, first.name) == first
    assert set(first.examples) <= set(engine.examples())
    session = house.open()
    offered = {value for _, value in engine.offered_sets(None)}
    assert {card.name for card in engine.concepts(None)} <= offered
    assert set(engine.suites(session)[0].concepts) == {card.name for card in engine.concepts(session)}
    with pytest.raises(ContrastError):
        engine.contrast(session, "no-such-concept.jsonl")


def test_opening_tells_how_far_it_is_and_refuses_what_is_no_model(house: House) -> None:
    steps: list[Progress] = []
    session = finish(house.engine.open(house.small, house.large), steps.append)
    assert steps and all(step.message for step in steps)
    assert (session.small, session.large, session.map_folder) == (house.small, house.large, "")
    assert 0 <= session.small_layer < session.small_layers and 0 <= session.large_layer < session.large_layers
    with pytest.raises(ModelError, match="no-such"):
        finish(house.engine.open("no-such", house.large))


def test_layers_that_do_not_exist_and_estimators_that_do_not_either_are_refused(house: House) -> None:
    session = house.open()
    with pytest.raises(SettingsError, match="layer 99"):
        house.engine.at_layers(session, 0, 99)
    with pytest.raises(SettingsError, match="guesswork"):
        house.engine.with_method(session, "guesswork")
    assert house.engine.with_method(session, "procrustes").method == "procrustes"


def test_without_a_map_there_are_no_figures_no_texts_and_no_evidence(house: House) -> None:
    engine, session = house.engine, house.open()
    assert engine.badges(session, "mood") is None
    asks = (
        lambda: finish(engine.compare(session, STEER)),
        lambda: finish(engine.evaluate(session, EvidenceSettings(("mood",), 4, None, False), None)),
        lambda: engine.export_map(session),
    )
    for ask in asks:
        with pytest.raises(ArtifactError, match="there is no map"):
            ask()


def test_a_fit_tells_how_far_it_is_and_gives_a_map_with_figures(house: House) -> None:
    session = house.open()
    assert house.engine.fit_seconds(session, 1_000) is None or house.engine.fit_seconds(session, 1_000)
    finish(house.engine.time_fit(session))
    seconds = house.engine.fit_seconds(session, 1_000)
    assert seconds is not None and seconds > 0
    steps: list[Progress] = []
    fitted = finish(house.engine.fit(session, 2_000, None), steps.append)
    assert steps[0].done == 0 and fitted.map_folder
    badges = house.engine.badges(fitted, "mood")
    assert badges is not None and badges.tokens_used > 0 and badges.method == "ridge"
    assert house.engine.export_map(fitted).suffix == ".zip"


def test_a_comparison_grows_and_ends_with_four_arms(house: House) -> None:
    session, steps = house.fitted(), list[ComparisonStep]()
    study = house.engine.compare(session, STEER)
    while True:
        try:
            step = next(study)
        except StopIteration as stop:
            found = stop.value
            break
        if isinstance(step, ComparisonStep):
            steps.append(step)
    assert [arm.name for arm in found.arms] == ["unsteered", "native", "transferred", "random"]
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    for arm in found.arms:
        assert "".join(arm.tokens) == arm.text and len(arm.changed) == len(arm.tokens)
    assert not any(found.arms[0].changed)
    assert (found.prompt, found.strength) == (STEER.prompt, STEER.strength)
    assert found.settings["seed"] == STEER.seed
    assert finish(house.engine.compare(session, STEER)).arms == found.arms
    with pytest.raises(PromptError, match="the prompt is empty"):
        finish(house.engine.compare(session, SteerSpec(concept="mood", prompt=" ", strength=0.5)))


def test_strengths_that_suit_lie_within_the_slider(house: House) -> None:
    found = finish(house.engine.calibration(house.open(), "mood", "", ""))
    assert 0 < found.first <= found.breaks < found.limit
    assert list(found.grid) == sorted(found.grid) and min(found.grid) == -max(found.grid)


def test_all_layer_pairs_are_there_once_they_are_computed(house: House) -> None:
    session = house.open()
    scores = finish(house.engine.compute_layers(session, 2_000, None))
    assert house.engine.layers(session, None) == scores
    assert len(scores.grid.cells) == session.small_layers * session.large_layers
    used = house.engine.use_pair(session, 1, 2, None)
    assert (used.small_layer, used.large_layer) == (1, 2) and used.map_folder
    suggested = finish(house.engine.suggest(session))
    assert suggested.reason and suggested.large_layer < session.large_layers


def test_a_picture_holds_the_points_that_were_asked_for(house: House) -> None:
    session = house.fitted()
    assert not house.engine.is_drawn(session, PICTURE)
    picture = finish(house.engine.picture(session, PICTURE))
    assert house.engine.is_drawn(session, PICTURE)
    assert picture.coords.shape == (len(picture.token), 2) and len(picture.token) % 2 == 0
    assert picture.method == "pca" and len(picture.error) == len(picture.partner) == len(picture.token)


def test_evidence_comes_concept_by_concept(house: House) -> None:
    steps: list[Progress] = []
    settings = EvidenceSettings(("mood",), 3, (-0.5, 0.5), False)
    found = finish(house.engine.evaluate(house.fitted(), settings, None), steps.append)
    last = [step for step in steps if isinstance(step, EvaluationStep)][-1]
    assert [result.evidence.name for result in found.concepts] == ["mood"]
    assert last.so_far.concepts == found.concepts


def test_sets_and_vectors_go_on_the_shelf(house: House) -> None:
    engine, session = house.engine, house.open()
    mood = engine.contrast(session, "mood")
    shelf = engine.keep_set(Shelf(), mood)
    ((label, path),) = shelf.sets
    assert label == mood.name and engine.contrast(session, path).pairs == mood.pairs
    cards = engine.vectors(session, "")
    assert (cards.cards, cards.cosine) == ((), None)


def test_it_is_ready_once_the_first_pair_is_in_memory(house: House) -> None:
    engine, first = house.engine, house.engine.pairs()[0]
    finish(engine.open(first.small, first.large))
    assert engine.ready() and {first.small, first.large} <= set(engine.models_in_memory())


def test_what_ships_for_other_pairs_is_not_shown_for_this_one(house: House) -> None:
    assert house.engine.first() is None
    assert house.engine.shipped_evidence(house.open()) is None
    assert house.engine.shipped_evidence(house.fitted()) is None


def test_a_text_that_is_kept_can_be_read_and_what_all_share_outlives_a_visitor(house: House, tmp_path: Path) -> None:
    engine, session = house.engine, house.fitted()
    text = tmp_path / "mine.txt"
    text.write_text("Tom saw the sea.\n")
    for visitor in (None, session):
        assert engine.keep_text(visitor, text).read_text() == "Tom saw the sea.\n"
        engine.forget(visitor)
    assert engine.badges(session, "mood") is not None


def test_a_map_goes_out_and_comes_back(house: House, tmp_path: Path) -> None:
    engine, session = house.engine, house.fitted()
    loaded = engine.import_map(session, [engine.export_map(session)])
    assert loaded.map_folder and engine.badges(loaded, "mood") is not None
    assert (loaded.small_layer, loaded.large_layer) == (session.small_layer, session.large_layer)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no map")
    with pytest.raises(ArtifactError, match=r"broken\.zip is damaged"):
        engine.import_map(session, [broken])


def test_a_set_goes_out_and_comes_back(house: House, tmp_path: Path) -> None:
    engine, session = house.engine, house.open()
    mood = engine.contrast(session, "mood")
    write_contrast(tmp_path / "mine.jsonl", mood)
    shelf = engine.import_set(Shelf(), tmp_path / "mine.jsonl")
    ((label, name),) = shelf.sets
    assert label == mood.name
    file = engine.set_file(session, name)
    assert file.suffix == ".jsonl" and read_contrast(file).pairs == mood.pairs
    (tmp_path / "other.csv").write_text("no,set\n1,2\n")
    with pytest.raises(ContrastError):
        engine.import_set(shelf, tmp_path / "other.csv")
    with pytest.raises(ContrastError):
        engine.set_file(session, "own/no/such")


def test_a_check_looks_at_both_models_and_at_the_map_if_there_is_one(house: House) -> None:
    steps: list[Progress] = []
    session = house.open()
    found = finish(house.engine.check(session, "mood", Recipe()), steps.append)
    assert steps and (found.concept, found.mapped) == ("mood", None)
    assert (found.small.layer, found.large.layer) == (session.small_layer, session.large_layer)
    assert len(found.large.layers) > 1 and found.large.diagnosis.verdict and found.large.stability.verdict
    assert finish(house.engine.check(house.fitted(), "mood", Recipe())).mapped is not None


def test_vectors_are_made_kept_saved_and_brought(house: House) -> None:
    engine, session = house.engine, house.open()
    steps: list[Progress] = []
    shelf = finish(engine.make(session, Shelf(), "mood", "", Recipe()), steps.append)
    ((label, name),) = shelf.vectors
    assert steps and "mood" in label
    at = {card.whose: card.layer for card in engine.vectors(session, name).cards}
    assert at == {"small": session.small_layer, "large": session.large_layer}
    for ending in ("safetensors", "gguf"):
        file = engine.vector_file(session, name, "large", ending)
        assert file.suffix == f".{ending}" and load_vector(file).layer == session.large_layer
    with pytest.raises(ArtifactError, match="the transferred vector cannot be saved, because"):
        engine.vector_file(session, name, "transferred", "safetensors")
    brought = engine.vector_file(session, name, "small", "safetensors")
    assert "small" in engine.vector_sides(session, brought)
    shelf = engine.import_vector(session, shelf, brought)
    assert len(shelf.vectors) == 2
    assert [card.whose for card in engine.vectors(session, shelf.vectors[-1][1]).cards] == ["small"]
    with pytest.raises(LRTError, match="choose"):
        finish(engine.make(session, shelf, "mood", "mood", Recipe()))


def test_all_pairs_are_read_once(house: House) -> None:
    session, steps = house.fitted(), list[Progress]()
    finish(house.engine.read_all(session, "mood", "", ""))
    assert finish(house.engine.read_all(session, "mood", "", ""), steps.append) is False and steps == []


def test_a_comparison_is_shared_as_a_link_and_as_code(house: House) -> None:
    session = house.fitted()
    given = house.engine.shared(session, STEER, "steer")
    link = dict(parse_qsl(given.query))
    assert (link["small"], link["large"], link["concept"]) == (session.small, session.large, "mood")
    assert link["layers"] == f"{session.small_layer}-{session.large_layer}" and link["tab"] == "steer"
    assert "lrt.compare(" in given.python and given.command.startswith("lrt-explorer compare ")
    assert "strength=0.5" in given.python and "--strength=0.5" in given.command


def test_requests_by_name_give_what_the_screen_gives(house: House) -> None:
    engine, models = house.engine, house.mapped()
    compared = finish(engine.compare_models(models, STEER))
    assert [arm.name for arm in compared.arms] == ["unsteered", "native", "transferred", "random"]
    assert (compared.prompt, compared.strength) == (STEER.prompt, STEER.strength)
    steps: list[Progress] = []
    found = finish(engine.evaluate_models(models, EVIDENCE), steps.append)
    assert [result.evidence.name for result in found.concepts] == ["mood"]
    assert any(isinstance(step, EvaluationStep) for step in steps)
    check = finish(engine.check_models(models, STEER))
    assert check.concept == "mood" and check.mapped is not None
    calibrated = finish(engine.calibrate_models(models, STEER))
    assert 0 < calibrated.first <= calibrated.breaks < calibrated.limit
    layers = finish(engine.suggest_models(models, ("mood",), None, 2_000))
    best = layers.candidates[0]
    assert layers.reason and (layers.small_layer, layers.large_layer) == (best.small_layer, best.large_layer)
    picture = finish(engine.picture_models(models, PICTURE))
    assert picture.coords.shape == (2 * PICTURE.points, 2) and picture.method == "pca"


def test_what_only_real_models_give_by_name(tiny: TinyEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basis, "CONTEXT_TOKENS", 500)
    models = Models(small="tiny-s", large="tiny-l")
    fit = finish(tiny.fit_models(models, FitSpec(tokens=2_000)))
    assert (fit.small, fit.large) == ("tiny-small", "tiny-large-one") and fit.folders[0].is_dir()
    mapped, info = finish(tiny.transfer_models(models, STEER, ""))
    assert (mapped.model, mapped.layer, len(mapped.values)) == (info.large, info.large_layer, 32)
    assert mapped.concept == "mood" and info.created == fit.infos[0].created
    alone = finish(tiny.vector_of_model(VectorSpec(model="tiny-s", layer=1, concept="mood")))
    assert alone.found.vector.layer == 1 and alone.unit.value > 0
    assert len(finish(tiny.basis_models(models, None, 2, 4_000)).directions) == 2


def by_name(engine: Engine, models: Models) -> dict[str, Generator[Any, None, Any]]:
    """Every request of a program, not yet begun."""
    return {
        "compare": engine.compare_models(models, STEER),
        "evaluate": engine.evaluate_models(models, EVIDENCE),
        "fit": engine.fit_models(models, FitSpec(tokens=2_000)),
        "check": engine.check_models(models, STEER),
        "calibrate": engine.calibrate_models(models, STEER),
        "transfer": engine.transfer_models(models, STEER, ""),
        "suggest": engine.suggest_models(models, ("mood",), None, 2_000),
        "basis": engine.basis_models(models, None, 2, 4_000),
        "picture": engine.picture_models(models, PICTURE),
        "vector": engine.vector_of_model(VectorSpec(model=str(models.small), layer=1, concept="mood")),
    }


def test_no_request_by_name_opens_what_is_no_model(house: House) -> None:
    for study in by_name(house.engine, Models(small="no-such", large=house.large)).values():
        with pytest.raises(ModelError):
            finish(study)


def test_every_promise_is_asked_for_here() -> None:
    promised = {name for name in {**vars(Engine), **vars(ConceptEngine)} if not name.startswith("_")}
    asked = set(re.findall(r"(?:engine|tiny)\.(\w+)\(", Path(__file__).read_text(encoding="utf-8")))
    assert len(promised) > 40 and promised - asked == set()
