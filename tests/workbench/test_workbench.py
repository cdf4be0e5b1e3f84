"""The real engine, over tiny random models: every answer comes from the studies."""

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from lrt_explorer.errors import ArtifactError, ContrastError, ModelError, SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.store import load_map, save_map
from lrt_explorer.study.evaluation import evaluate
from lrt_explorer.study.evaluation.evaluate import EvaluationStep
from lrt_explorer.study.fitting import controls
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench import evidence
from lrt_explorer.workbench.badges import fit_path
from lrt_explorer.workbench.cards import LayerScores
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.requests import Models
from lrt_explorer.workbench.session import EvidenceSettings, Session, SpaceSettings
from lrt_explorer.workbench.workbench import Workbench
from tests.workbench.tiny_house import TinyEngine, build_assets


class StrangersEngine(TinyEngine):
    """For a hosted server."""

    hosting = Hosting(hosted=True, models=("tiny-s", "tiny-l", "tiny-g"))


STEER = SteerSpec(
    concept="mood",
    prompt="Tom ran and felt",
    strength=0.5,
    seed=0,
    temperature=0.0,
    max_new_tokens=8,
    reading="all-tokens",
    as_in_paper=False,
)
SPACE = SpaceSettings("mood", 100, "pca", 2)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRT_EXPLORER_ASSETS", str(build_assets(tmp_path_factory.mktemp("house") / "assets")))
        yield TinyEngine()


@pytest.fixture
def opened(engine: Workbench) -> Session:
    return finish(engine.open("tiny-s", "tiny-l"))


@pytest.fixture
def fitted(engine: Workbench, opened: Session) -> Session:
    return finish(engine.fit(opened, 2_000, None))


def test_the_opening_pair_and_concept_come_first(engine: Workbench) -> None:
    pairs = Workbench.pairs(engine)
    assert [card.name for card in pairs] == [pair.name for pair in PAIRS]
    (card,) = engine.concepts(None)
    assert (card.name, card.low_label, card.high_label, len(card.examples)) == ("mood", "sad", "happy", 3)


def test_opening_reports_progress_and_what_the_models_are(engine: Workbench) -> None:
    steps: list[Progress] = []
    session = finish(engine.open("tiny-s", "tiny-l"), steps.append)
    assert [step.message for step in steps] == ["loading tiny-s", "loading tiny-l"]
    assert (session.small_layers, session.large_layers, session.small_width, session.large_width) == (3, 5, 16, 32)
    assert session.map_folder == ""


def test_unknown_models_and_layers_are_refused(engine: Workbench, opened: Session) -> None:
    with pytest.raises(ModelError, match="no model 'no-such/model'"):
        finish(engine.open("no-such/model", "tiny-l"))
    with pytest.raises(SettingsError, match="layer 9"):
        engine.at_layers(opened, 0, 9)


def test_a_fit_is_kept_and_found_again(engine: Workbench, fitted: Session) -> None:
    known_vectors.cache_clear()
    found = engine.at_layers(engine.at_layers(fitted, 0, 1), fitted.small_layer, fitted.large_layer)
    assert found == fitted
    early = engine.badges(fitted, "mood")
    assert early is not None and early.tokens_used >= 2_000 and early.direction_cosine is None, "nothing is read for it"
    finish(engine.compare(fitted, replace(STEER, reading="")))
    badges = engine.badges(fitted, "mood")
    assert badges is not None and replace(badges, reachable_share=None, direction_cosine=None, norm_ratio=None) == early
    _, info = load_map(Path(fitted.map_folder))
    assert badges.r2_standardised == info.r2_standardised and badges.caveats == ()
    assert badges.largest_dimensions == (info.largest_dimension_small, info.largest_dimension_large)
    assert -1 <= (badges.direction_cosine or 9) <= 1 and 0 <= (badges.reachable_share or 9) <= 1


def test_a_second_fit_in_the_same_place_is_another_session(engine: Workbench, fitted: Session) -> None:
    again = finish(engine.fit(fitted, 2_500, None))
    assert again.map_folder == fitted.map_folder and again != fitted


def test_a_map_fitted_on_own_text_is_not_what_others_find(engine: Workbench, opened: Session, tmp_path: Path) -> None:
    text = tmp_path / "mine.txt"
    text.write_text("\n".join(f"Tom number {n} saw the sea and the {n} cows on the beach again." for n in range(300)))
    own = finish(engine.fit(opened, 2_000, text))
    assert load_map(Path(own.map_folder))[1].corpus.startswith("mine.txt (")
    assert engine.at_layers(opened, opened.small_layer, opened.large_layer).map_folder == ""


def test_without_a_map_nothing_is_compared_or_pictured(engine: Workbench, opened: Session) -> None:
    assert engine.badges(opened, "mood") is None
    for study in (engine.compare(opened, STEER), engine.picture(opened, SPACE)):
        with pytest.raises(ArtifactError, match="no map from layer 1 to layer 2 yet; fit one"):
            finish(study)


def test_arms_are_compared_and_strength_moves_only_the_steered_ones(engine: Workbench, fitted: Session) -> None:
    one, other = (finish(engine.compare(fitted, replace(STEER, strength=s))) for s in (0.5, -0.9))
    assert [arm.name for arm in one.arms] == ["unsteered", "native", "transferred", "random"]
    assert one.arms[0] == other.arms[0]
    assert all(a.readout != b.readout for a, b in zip(one.arms[1:], other.arms[1:], strict=True))


def test_an_unknown_reading_or_layout_is_refused(engine: Workbench, fitted: Session) -> None:
    with pytest.raises(SettingsError, match="not a way to read a vector"):
        finish(engine.compare(fitted, replace(STEER, reading="upside-down")))
    with pytest.raises(SettingsError, match="not a layout"):
        finish(engine.picture(fitted, replace(SPACE, method="tsne")))


def test_a_picture_asked_for_again_is_at_hand(engine: Workbench, fitted: Session) -> None:
    first = finish(engine.picture(fitted, SPACE))
    assert first.coords.shape == (200, 2) and set(first.label) > {"happy", "sad"}
    study = engine.picture(fitted, SPACE)
    with pytest.raises(StopIteration) as stop:
        next(study)
    assert stop.value.value is first


def test_a_map_brings_how_its_setting_was_chosen(engine: Workbench, fitted: Session) -> None:
    finish(engine.compare(fitted, replace(STEER, reading="")))
    badges = engine.badges(fitted, "mood")
    assert badges is not None and badges.path is not None and badges.norm_ratio is not None
    assert (badges.path.setting, badges.norm_ratio > 0) == ("λ", True)
    best = max(badges.path.points, key=lambda point: point[1])
    assert dict(badges.path.points)[badges.path.chosen] == pytest.approx(best[1], abs=1e-9)


def test_before_all_layer_pairs_are_computed_there_is_nothing_to_use(engine: Workbench, opened: Session) -> None:
    assert Workbench.layers(TinyEngine(), opened, None) is None
    with pytest.raises(ArtifactError, match="no longer cached; compute all layer pairs again"):
        engine.use_pair(opened, 0, 0, None)


@pytest.fixture
def computed(engine: Workbench, opened: Session) -> LayerScores:
    return finish(engine.compute_layers(opened, 2_000, None))


def test_every_layer_pair_is_scored_and_remembered(engine: Workbench, opened: Session, computed: LayerScores) -> None:
    pairs = {(cell.small_layer, cell.large_layer) for cell in computed.grid.cells}
    assert pairs == {(i, j) for i in range(3) for j in range(5)}
    assert computed.tokens >= 2_000 and computed.concepts == 1
    assert engine.layers(opened, None) is computed
    assert all(-1 <= (cell.direction_cosine_standardised or 9) <= 1 for cell in computed.grid.cells)
    best = computed.suggestion
    assert best is not None and best.large_layer <= 2 and f"layer {best.large_layer}" in best.reason
    steps: list[Progress] = []
    assert finish(engine.suggest(opened), steps.append) == best
    assert steps == [], "what is known is said at once"


def test_scores_of_an_own_text_are_shown_for_that_text_alone(
    engine: Workbench, opened: Session, computed: LayerScores, tmp_path: Path
) -> None:
    text = tmp_path / "mine.txt"
    text.write_text("\n".join(f"Tom number {n} saw the sea and the {n} cows on the beach again." for n in range(300)))
    assert engine.layers(opened, text) is None
    own = finish(engine.compute_layers(opened, 2_000, text))
    assert engine.layers(opened, text) is own and engine.layers(opened, None) is computed
    session = engine.use_pair(opened, 0, 1, text)
    assert load_map(Path(session.map_folder))[1].corpus.startswith("mine.txt (")
    assert load_map(Path(engine.at_layers(session, 1, 1).map_folder))[1].corpus.startswith("mine.txt (")
    text.write_text("something else")
    assert engine.layers(opened, text) is None


@pytest.fixture
def no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no model read anything."""

    def read(*args: object, **named: object) -> None:
        raise AssertionError("a model was read")

    monkeypatch.setattr("lrt_explorer.study.fitting.collect.read_paired", read)


@pytest.mark.usefixtures("computed", "no_pass")
def test_a_picked_pair_has_its_map_at_once_and_steers(engine: Workbench, opened: Session) -> None:
    picked = engine.use_pair(opened, 0, 2, None)
    _, info = load_map(Path(picked.map_folder))
    assert (info.small_layer, info.large_layer, info.method) == (picked.small_layer, picked.large_layer, "ridge")
    scores = engine.layers(opened, None)
    cell = scores.grid.cell(0, 2) if scores else None
    assert cell is not None and info.r2 == pytest.approx(cell.r2, abs=1e-9)
    assert engine.use_pair(opened, 0, 2, None) == picked, "the same map is the same session"
    assert len(finish(engine.compare(picked, STEER)).arms) == 4
    assert engine.at_layers(opened, 2, 0).map_folder, "layers that are typed are solved, too"
    with pytest.raises(SettingsError, match="layer 9"):
        engine.use_pair(opened, 0, 9, None)


@pytest.mark.usefixtures("computed", "no_pass")
@pytest.mark.parametrize("method", ["procrustes", "reduced-rank"])
def test_another_estimator_solves_the_map_anew(engine: Workbench, opened: Session, method: str) -> None:
    ridge = engine.use_pair(opened, 0, 2, None)
    other = engine.with_method(ridge, method)
    assert other.map_folder != ridge.map_folder
    badges = engine.badges(other, "mood")
    assert badges is not None and badges.method == method
    expected = {"procrustes": None, "reduced-rank": "rank"}
    assert (badges.path.setting if badges.path else None) == expected[method]
    assert engine.use_pair(other, 1, 1, None).method == method
    back = engine.with_method(other, "ridge")
    assert load_map(Path(back.map_folder))[1].method == "ridge"


def test_without_moments_another_estimator_has_no_map_until_one_is_fitted(engine: Workbench, opened: Session) -> None:
    chosen = engine.with_method(opened, "procrustes")
    assert (chosen.method, chosen.map_folder) == ("procrustes", "")
    fitted = finish(engine.fit(chosen, 2_000, None))
    assert load_map(Path(fitted.map_folder))[1].method == "procrustes"
    assert "ridge" in engine.methods().at_once
    with pytest.raises(SettingsError, match="there is no estimator"):
        engine.with_method(opened, "magic")


def test_what_others_find_is_the_usual_map(engine: Workbench, opened: Session, fitted: Session) -> None:
    finish(engine.fit(replace(opened, method="procrustes"), 2_000, None))
    assert engine.at_layers(opened, opened.small_layer, opened.large_layer) == fitted


def test_a_path_that_somebody_wrote_by_hand_is_not_drawn(engine: Workbench, fitted: Session) -> None:
    _, info = load_map(Path(fitted.map_folder))
    assert fit_path(info) is not None
    for path in (None, "λ", [[1, 2]], [[1, "a"], [2, 3]], [[1, float("nan")], [2, 3]], [1, 2, 3]):
        assert fit_path(replace(info, settings={**info.settings, "path": path})) is None
    assert fit_path(replace(info, lam=None)) is None


def test_a_map_goes_out_and_comes_back(engine: Workbench, fitted: Session, opened: Session) -> None:
    archive = engine.export_map(fitted)
    assert zipfile.is_zipfile(archive)
    loaded = engine.import_map(engine.at_layers(opened, 0, 0), [archive])
    assert (loaded.small_layer, loaded.large_layer) == (fitted.small_layer, fitted.large_layer)
    ours, theirs = (load_map(Path(session.map_folder))[0] for session in (fitted, loaded))
    assert torch.equal(ours.weight, theirs.weight)


def test_a_map_of_other_models_is_refused(engine: Workbench, fitted: Session) -> None:
    other = finish(engine.open("tiny-g", "tiny-l"))
    with pytest.raises(ArtifactError, match=r"fitted from .* to .*, but the small model chosen has other weights"):
        engine.import_map(other, [engine.export_map(fitted)])


def test_a_damaged_map_is_refused_and_not_kept(engine: Workbench, fitted: Session, tmp_path: Path) -> None:
    broken = tmp_path / "tensors.safetensors"
    broken.write_bytes((Path(fitted.map_folder) / broken.name).read_bytes()[:-40])
    with pytest.raises(ArtifactError):
        engine.import_map(fitted, [Path(fitted.map_folder) / "artifact.json", broken])
    assert list((Path(fitted.map_folder).parents[1]).glob("loaded/*")) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"small_layer": 99}, "leads from layer 99 to layer"),
        ({"weight": torch.zeros(16, 32)}, "all zero"),
        ({"weight": torch.ones(16, 31), "bias": torch.ones(31)}, "leads from 16 numbers to 31"),
    ],
)
def test_a_map_that_cannot_work_is_refused(
    engine: Workbench, fitted: Session, tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    map, info = load_map(Path(fitted.map_folder))
    assert tuple(map.weight.shape) == (16, 32)
    numbers = {"weight": map.weight, "bias": map.bias} | {k: v for k, v in change.items() if k in ("weight", "bias")}
    described = replace(info, **{k: v for k, v in change.items() if k not in numbers})
    folder = save_map(tmp_path / "broken", AffineMap(**numbers), described)
    with pytest.raises(ArtifactError, match=said):
        engine.import_map(fitted, sorted(folder.iterdir()))


def test_who_loads_the_same_file_over_another_pair_takes_nobodys_map_away(engine: Workbench, fitted: Session) -> None:
    archive = engine.export_map(fitted)
    loaded = engine.import_map(fitted, [archive])
    with pytest.raises(ArtifactError):
        engine.import_map(finish(engine.open("tiny-g", "tiny-l")), [archive])
    assert finish(engine.compare(loaded, STEER)).arms and load_map(Path(loaded.map_folder))


def test_what_a_stranger_fits_is_nobody_elses_map(engine: Workbench) -> None:
    hosted = StrangersEngine()
    before = finish(hosted.open("tiny-s", "tiny-l"))
    mine = finish(hosted.fit(before, 2000, None))
    assert mine.map_folder and "visitors" in Path(mine.map_folder).parts
    assert finish(hosted.open("tiny-s", "tiny-l")).map_folder != mine.map_folder
    theirs = finish(engine.fit(replace(before, own=""), 2000, None))
    assert finish(engine.open("tiny-s", "tiny-l")).map_folder == theirs.map_folder, "the owner's is everybody's"


def test_without_a_map_there_is_nothing_to_save(engine: Workbench, opened: Session) -> None:
    with pytest.raises(ArtifactError, match="no map for these layers yet"):
        engine.export_map(opened)


def test_layers_are_suggested_with_a_reason(engine: Workbench, opened: Session) -> None:
    suggestion = finish(engine.suggest(opened))
    assert 0 <= suggestion.small_layer < 3 and 0 <= suggestion.large_layer <= 2
    assert f"layer {suggestion.large_layer}" in suggestion.reason


@pytest.mark.parametrize("name", ["/etc/passwd", "../mood", "mood.jsonl", "demo/../mood", "own/x/y", ""])
def test_the_app_reads_no_set_by_a_path(engine: Workbench, tmp_path: Path, name: str) -> None:
    file = tmp_path / "own.jsonl"
    file.write_text('{"with": "a b", "without": "c d"}\n{"with": "a e", "without": "c f"}\n')
    for asked in (name, str(file)):
        with pytest.raises(ContrastError, match=r"there is no concept .*; choose one of these: mood"):
            engine.concept(None, asked)
        with pytest.raises(ContrastError, match="there is no concept"):
            finish(engine.compare_models(Models(small="tiny-s", large="tiny-l"), SteerSpec(concept=asked)))


def test_warming_up_never_fails(engine: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(small: str, large: str) -> object:
        raise ModelError("gone")

    monkeypatch.setattr(engine, "open", broken)
    engine.warm_up()


def test_evidence_is_kept_concept_by_concept_and_a_rerun_goes_on(
    engine: Workbench, fitted: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    (suite,) = engine.suites(fitted)
    assert suite.title == "all 1 everyday concepts" and suite.concepts == ("mood",)
    monkeypatch.setattr(evidence, "CONTROL_TOKENS", 8_000)
    asked = EvidenceSettings(suite.concepts, 4, (-0.5, 0.0, 0.5), False)
    steps: list[Progress] = []
    found = finish(engine.evaluate(fitted, asked, None), steps.append)
    assert any(step.message.startswith("control maps: ") for step in steps)
    assert [step.so_far for step in steps if isinstance(step, EvaluationStep)] == [found]
    assert (found.small_layer, found.large_layer) == (fitted.small_layer, fitted.large_layer)
    assert found.control_maps == len(controls.SEEDS) and found.settings.prompts == 4

    def never(*arguments: object, **named: object) -> None:
        raise AssertionError("something was computed again")

    monkeypatch.setattr(evaluate, "measure", never)
    monkeypatch.setattr(controls, "fit_maps", never)
    assert finish(engine.evaluate(fitted, asked, None)).concepts == found.concepts
    with pytest.raises(AssertionError):
        finish(engine.evaluate(fitted, replace(asked, prompts=5), None))


def test_without_a_map_there_is_no_evidence(engine: Workbench, opened: Session) -> None:
    with pytest.raises(ArtifactError, match="no map from layer 1 to layer 2 yet"):
        finish(engine.evaluate(opened, EvidenceSettings(("mood",), 4, (-0.5, 0.5), False), None))
