"""Examples and first strengths that were chosen by measurement: used by every face, and only for what they fit."""

import json
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lrt_explorer.concepts.contrast import ContrastSet, load_concept, shipped_concepts
from lrt_explorer.concepts.examples import EXAMPLES, example_prompts
from lrt_explorer.defaults import MAX_NEW_TOKENS
from lrt_explorer.errors import ArtifactError, SettingsError
from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.lm.presets import PairPreset
from lrt_explorer.store import assets_home, save_map
from lrt_explorer.study.compare import Comparison
from lrt_explorer.study.evaluation.verdict import NOT_SHOWN, PARTLY, TRANSFERS
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.steering.calibrate import calibrate_concept
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench import choose_openings
from lrt_explorer.workbench.bundle import build_demo_maps, demo_pairs, ship_starts
from lrt_explorer.workbench.choose_openings import find_openings, openings_document, own_candidates
from lrt_explorer.workbench.compare import calibration, compare
from lrt_explorer.workbench.concepts import concept_card, shipped_examples
from lrt_explorer.workbench.map_store import SavedMap, load_saved
from lrt_explorer.workbench.maps import shipped_map_folder
from lrt_explorer.workbench.openings import (
    Opening,
    Openings,
    found_examples,
    map_mark,
    opening,
    openings_file,
    ship_openings,
)
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.requests import Models, calibration_for_models, compare_models
from lrt_explorer.workbench.shipped import EVIDENCE, shipped_file
from tests.study.tiny import CONCEPT, large, small
from tests.workbench.tiny_house import build_assets

SMALL, LARGE = "tiny-small", "tiny-large-one"
LAYERS = (1, 2)
CHOSEN = Opening(0.77, ("Anna sat", "Tom ran"), 5, 9)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Pair, SavedMap]:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(build_assets(tmp_path / "assets")))
    models = {lm.name: lm for lm in (small(), large())}
    finish(build_demo_maps([PairPreset("first", SMALL, LARGE, *LAYERS)], 3000, ModelCache(2, models.__getitem__)))
    return Pair(small=models[SMALL], large=models[LARGE]), load_saved(shipped_map_folder(SMALL, LARGE))


def mood() -> ContrastSet:
    return load_concept("mood")


def ship(chosen: Opening = CHOSEN, mark: str | None = None) -> None:
    openings = Openings(LAYERS, mark or map_mark(SMALL, LARGE), {"mood": mood().fingerprint()}, {"mood": chosen})
    ship_openings(SMALL, LARGE, openings)


def test_a_comparison_without_settings_begins_there(house: tuple[Pair, SavedMap]) -> None:
    pair, saved = house
    spec = SteerSpec(concept="mood", max_new_tokens=2)
    before = finish(compare(pair, saved, spec))
    ship()
    after = finish(compare(pair, saved, spec))
    assert (before.prompt, before.strength) != (after.prompt, after.strength)
    assert (after.prompt, after.strength) == ("Anna sat", 0.77)
    found = finish(calibration(pair, LAYERS, spec))
    assert found.first == 0.77
    usual = finish(calibrate_concept(pair, LAYERS[1], mood()))
    assert replace(found, first=usual.first) == usual, "marks, range and the grid of the evidence stay"
    assert concept_card(mood(), SMALL, LARGE).examples == CHOSEN.prompts
    assert concept_card(mood(), LARGE, SMALL).examples != CHOSEN.prompts
    assert set(CHOSEN.prompts) <= shipped_examples([(SMALL, LARGE)])
    given = finish(compare(pair, saved, replace(spec, prompt="Ben", strength=0.5)))
    assert (given.prompt, given.strength) == ("Ben", 0.5)


def test_the_strength_counts_only_for_what_it_was_chosen_with(house: tuple[Pair, SavedMap]) -> None:
    pair, _ = house
    ship()

    def first(layers: tuple[int, int] = LAYERS, **changed: Any) -> float:
        return finish(calibration(pair, layers, replace(SteerSpec(concept="mood"), **changed))).first

    assert first() == first(reading=mood().reading) == 0.77
    others = [first(reading="last-token"), first(whiten=True), first(equal_cost=True), first(layers=(1, 1))]
    assert 0.77 not in others


def test_a_changed_set_or_map_has_no_opening(house: tuple[Pair, SavedMap]) -> None:
    ship()
    assert opening(SMALL, LARGE, mood()) == CHOSEN
    changed = replace(mood(), pairs=mood().pairs[1:])
    assert opening(SMALL, LARGE, changed) is None
    assert opening(SMALL, "tiny-other", mood()) is None
    ship(mark="another map")
    assert opening(SMALL, LARGE, mood()) is None
    openings_file(SMALL, LARGE).write_text("{", encoding="utf-8")
    assert opening(SMALL, LARGE, mood()) is None


def of_my_own(pair: Pair, saved: SavedMap, folder: Path) -> SavedMap:
    """Another map between the same layers, as somebody would fit and save it."""
    turned = replace(saved.map, weight=saved.map.weight * 0.5)
    save_map(folder, turned, replace(saved.info, corpus="mine.txt"))
    return load_saved(folder)


def test_another_map_between_the_same_layers_begins_where_it_would_without(
    house: tuple[Pair, SavedMap], tmp_path: Path
) -> None:
    pair, saved = house
    ship()
    mine = of_my_own(pair, saved, tmp_path / "mine")
    spec = SteerSpec(concept="mood", max_new_tokens=2)
    usual = finish(calibrate_concept(pair, LAYERS[1], mood())).first
    assert finish(calibration(pair, mine, spec)).first == usual
    written = finish(compare(pair, mine, spec))
    assert (written.prompt, written.strength) == (example_prompts(mood())[0], usual)
    assert concept_card(mood(), SMALL, LARGE, mine.folder).examples == example_prompts(mood())
    assert finish(calibration(pair, saved, spec)).first == 0.77
    assert concept_card(mood(), SMALL, LARGE, saved.folder).examples == CHOSEN.prompts


def test_examples_are_found_for_a_map_of_your_own_and_kept_for_it_alone(
    house: tuple[Pair, SavedMap], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, saved = house
    mine = of_my_own(pair, saved, tmp_path / "mine")
    showing = own_candidates(mood(), pair.world.ordinary)[1:5]
    monkeypatch.setattr(choose_openings, "reads_well", lambda _: True)
    monkeypatch.setattr(choose_openings, "shows", told({*showing}, 0.0))
    steps: list[Progress] = []
    another = replace(mood(), name="another", pairs=mood().pairs[1:], examples=("No one",), prompts=())
    found = finish(find_openings(pair, mine, [mood(), another], tries=8), steps.append)
    assert [step.share for step in steps] == sorted(step.share for step in steps)
    assert found.concepts["mood"].prompts == tuple(showing[:3]) and found.concepts["mood"].showed == 4
    assert found.concepts["another"].showed < EXAMPLES
    spec = SteerSpec(concept="mood", max_new_tokens=2)
    written = finish(compare(pair, mine, spec))
    assert (written.prompt, written.strength) == (showing[0], found.concepts["mood"].strength)
    assert opening(SMALL, LARGE, another, mine.folder) is None, "the few that show it would mislead"
    assert opening(SMALL, LARGE, mood(), saved.folder) is None
    # What is found later stands beside it; what shows too little any more goes.
    monkeypatch.setattr(choose_openings, "shows", lambda *_, **__: True)
    finish(find_openings(pair, mine, [another], tries=3))
    assert opening(SMALL, LARGE, another, mine.folder) is not None
    assert opening(SMALL, LARGE, mood(), mine.folder) is not None
    monkeypatch.setattr(choose_openings, "shows", lambda *_, **__: False)
    tried = finish(find_openings(pair, mine, [mood()], tries=8)).concepts["mood"]
    assert (tried.showed, opening(SMALL, LARGE, mood(), mine.folder)) == (0, None)
    document = openings_document(mine, found)
    assert [one["kept"] for one in document["concepts"]] == [True, False]
    assert Path(document["artifact"]).is_file() and json.loads(json.dumps(document)) == document


def test_examples_of_your_own_set_are_used_with_the_map_that_ships(
    house: tuple[Pair, SavedMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, saved = house
    ship()
    mine = replace(mood(), name="mine", pairs=mood().pairs[1:])
    monkeypatch.setattr(choose_openings, "shows", lambda *_, **__: True)
    monkeypatch.setattr(choose_openings, "reads_well", lambda _: True)
    found = finish(find_openings(pair, saved, [mine], tries=4)).concepts["mine"]
    assert opening(SMALL, LARGE, mine, saved.folder) == opening(SMALL, LARGE, mine) == found
    assert opening(SMALL, LARGE, mood(), saved.folder) == CHOSEN, "what ships stays beside it"
    again = finish(find_openings(pair, saved, [mood()], tries=4)).concepts["mood"]
    assert opening(SMALL, LARGE, mood()) == again != CHOSEN, "what was found here comes first"
    assert set(again.prompts) <= found_examples()


def test_every_face_begins_at_the_same_strength(house: tuple[Pair, SavedMap], tmp_path: Path) -> None:
    pair, saved = house
    ship()
    mine = of_my_own(pair, saved, tmp_path / "mine")
    spec = SteerSpec(concept="mood", max_new_tokens=2)
    for used in (saved, mine):
        asked = Models(small=pair.small, large=pair.large, map=used)
        written = finish(compare_models(asked, spec))
        assert finish(calibration_for_models(asked, spec)).first == written.strength
    at_layers = Models(small=pair.small, large=pair.large, small_layer=LAYERS[0], large_layer=LAYERS[1])
    assert finish(calibration_for_models(at_layers, spec)).first == finish(compare_models(at_layers, spec)).strength


def test_what_cannot_have_examples_is_refused(house: tuple[Pair, SavedMap], tmp_path: Path) -> None:
    pair, saved = house
    with pytest.raises(SettingsError, match="2 tries are too few; try at least 3 prompts"):
        finish(find_openings(pair, saved, [mood()], tries=2))
    with pytest.raises(ArtifactError, match="this map lies in no folder; save it first"):
        finish(find_openings(pair, replace(saved, folder=tmp_path / "none"), [mood()]))


def test_a_strength_that_shows_nothing_is_given_up_early(
    house: tuple[Pair, SavedMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, saved = house
    tried: list[float] = []

    def shows(comparison: Comparison, *, judged: bool) -> bool:
        tried.append(comparison.strength)
        return False

    monkeypatch.setattr(choose_openings, "shows", shows)
    prompts = [f"{name} sat" for name in ("Tom", "Anna", "Ben", "She", "He", "They")]
    found = finish(choose_openings.opening_of(pair, saved, CONCEPT, prompts, patience=2))
    assert (found.showed, found.tried) == (0, 2)
    assert [tried.count(strength) for strength in dict.fromkeys(tried)] == [2] * len(set(tried))


def test_texts_are_written_only_where_the_readout_may_show_it(
    house: tuple[Pair, SavedMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, saved = house
    prompts = [f"{name} sat" for name in ("Tom", "Anna", "Ben", "She", "He", "They")]
    lengths: dict[str, list[int]] = {prompt: [] for prompt in prompts}

    def writing(pair: Pair, saved: SavedMap, spec: SteerSpec) -> Generator[Progress, None, Comparison]:
        lengths[str(spec.prompt)].append(spec.max_new_tokens)
        yield Progress(0, 1, "")
        return Comparison(str(spec.prompt), 1.0, 1.0, (), {})

    monkeypatch.setattr(choose_openings, "compare", writing)
    monkeypatch.setattr(choose_openings, "moves", lambda comparison: comparison.prompt in prompts[1:])
    monkeypatch.setattr(choose_openings, "reads_well", lambda _: True)
    monkeypatch.setattr(choose_openings, "reaches", lambda comparison: comparison.prompt == prompts[3])
    monkeypatch.setattr(choose_openings, "shows", lambda comparison, **_: comparison.prompt != prompts[2])
    by_readout = replace(CONCEPT, scorer=None)
    found = finish(choose_openings.opening_of(pair, saved, by_readout, prompts, tries=4, patience=2))
    assert lengths == {
        prompts[0]: [1],
        **{prompt: [1, MAX_NEW_TOKENS] for prompt in prompts[1:5]},
        prompts[5]: [],
    }
    assert found.prompts == (prompts[3], prompts[1], prompts[4]), "first the one whose texts are plain"
    assert (found.showed, found.tried) == (3, 5)


def test_a_readout_that_never_moves_is_given_up_early(
    house: tuple[Pair, SavedMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, saved = house
    asked: list[int] = []

    def writing(pair: Pair, saved: SavedMap, spec: SteerSpec) -> Generator[Progress, None, Comparison]:
        asked.append(spec.max_new_tokens)
        yield Progress(0, 1, "")
        return Comparison(str(spec.prompt), 1.0, 1.0, (), {})

    monkeypatch.setattr(choose_openings, "compare", writing)
    monkeypatch.setattr(choose_openings, "moves", lambda _: False)
    prompts, by_readout = [f"{number} sat" for number in range(40)], replace(CONCEPT, scorer=None)
    found = finish(choose_openings.opening_of(pair, saved, by_readout, prompts, tries=16, patience=2))
    assert (found.showed, found.tried) == (0, 8)
    assert asked == [1] * 8 * len(choose_openings.COSTS)
    asked.clear()
    # All prompts are looked at where there is no patience to lose.
    finish(choose_openings.opening_of(pair, saved, by_readout, prompts))
    assert len(asked) == len(prompts) * len(choose_openings.COSTS)
    asked.clear()
    nothing_tells = replace(by_readout, prompts=())
    assert finish(choose_openings.opening_of(pair, saved, nothing_tells, prompts)).showed == 0 and asked == []


def told(prompts: set[str], strength: float) -> object:
    """A story that some prompts show, from a strength on."""

    def shows(comparison: Comparison, *, judged: bool) -> bool:
        return comparison.prompt in prompts and comparison.strength > strength

    return shows


def test_the_gentlest_strength_that_shows_it_is_chosen(
    house: tuple[Pair, SavedMap], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair, saved = house
    prompts = [f"{name} sat" for name in ("Tom", "Anna", "Ben", "She", "He", "They", "We", "I")]
    curve = finish(calibrate_concept(pair, LAYERS[1], mood())).curve
    gentle, second = (float(f"{curve.strength(cost):.2g}") for cost in choose_openings.COSTS[:2])
    assert gentle < second
    monkeypatch.setattr(choose_openings, "reads_well", lambda _: True)

    def chosen(showing: set[str], strength: float) -> Opening:
        monkeypatch.setattr(choose_openings, "shows", told(showing, strength))
        return choose_openings.choose_opening(pair, saved, CONCEPT, prompts)

    assert chosen(set(prompts), 0.0) == Opening(gentle, tuple(prompts[:3]), 6, 6)
    assert chosen(set(prompts[2:5]), gentle) == Opening(second, tuple(prompts[2:5]), 3, 8)
    assert chosen({prompts[4]}, gentle) == Opening(second, (prompts[4], *prompts[:2]), 1, 8)
    assert chosen(set(), 0.0) == Opening(gentle, tuple(prompts[:3]), 0, 8)


def test_bundle_writes_them(house: tuple[Pair, SavedMap], monkeypatch: pytest.MonkeyPatch) -> None:
    pair, _ = house
    monkeypatch.setattr(choose_openings, "TRIED", 4)
    cache = ModelCache(2, {lm.name: lm for lm in pair.both}.__getitem__)
    (file,) = finish(ship_starts([PairPreset("first", SMALL, LARGE, *LAYERS)], cache))
    assert file == openings_file(SMALL, LARGE)
    found = opening(SMALL, LARGE, mood())
    assert found is not None and found.strength > 0 and len(found.prompts) == EXAMPLES
    failing = SimpleNamespace(verdicts={"mood": NOT_SHOWN})
    monkeypatch.setattr(choose_openings, "shipped_evidence", lambda *_: failing)
    finish(ship_starts([PairPreset("first", SMALL, LARGE, *LAYERS)], cache))
    assert opening(SMALL, LARGE, mood()) is None


def test_what_ships_was_chosen_for_what_ships(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LRT_EXPLORER_ASSETS", raising=False)
    assert (assets_home() / "openings").is_dir()
    for preset in demo_pairs():
        evidence = json.loads(shipped_file(EVIDENCE, preset.small, preset.large).read_text(encoding="utf-8"))
        verdicts = {one["name"]: one["verdict"] for one in evidence["concepts"]}
        for name in shipped_concepts():
            found = opening(preset.small, preset.large, load_concept(name))
            again = f"{preset.name}, {name}: run lrt-explorer bundle --only openings"
            assert (found is not None) is (verdicts[name].partition(":")[0] in (TRANSFERS, PARTLY)), again
            assert found is None or len(found.prompts) == EXAMPLES, again
            if verdicts[name] == TRANSFERS:
                assert found is not None and found.showed >= EXAMPLES, again
