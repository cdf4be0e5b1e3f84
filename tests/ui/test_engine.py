"""What every engine promises the screen, asked of the workbench and of the made-up one that handlers are tested with.

Whatever a handler relies on is promised here; otherwise a test with the fake would say nothing about the app.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lrt_explorer.errors import ArtifactError, ContrastError, ModelError, PromptError, SettingsError
from lrt_explorer.study.compare import ComparisonStep
from lrt_explorer.study.evaluation.evaluate import EvaluationStep
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.ui.engine import Engine
from lrt_explorer.workbench.session import EvidenceSettings, Session, Shelf, SpaceSettings
from tests.ui.fakes import FakeEngine
from tests.workbench.tiny_house import TinyEngine, build_assets

STEER = SteerSpec(concept="mood", prompt="Tom ran and felt", strength=0.5, temperature=0.0, max_new_tokens=8)


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
    picture = finish(house.engine.picture(house.fitted(), SpaceSettings("mood", 100, "pca", 2)))
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
