"""Examples and first strengths that were chosen by measurement: used by every face, and only for what they fit."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lrt_explorer.concepts.contrast import ContrastSet, load_concept, shipped_concepts
from lrt_explorer.concepts.examples import EXAMPLES
from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.lm.presets import PairPreset
from lrt_explorer.store import assets_home
from lrt_explorer.study.compare import Comparison
from lrt_explorer.study.evaluation.verdict import NOT_SHOWN, PARTLY, TRANSFERS
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.calibrate import calibrate_concept
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench import choose_openings
from lrt_explorer.workbench.bundle import build_demo_maps, demo_pairs, ship_starts
from lrt_explorer.workbench.compare import calibration, compare
from lrt_explorer.workbench.concepts import concept_card, shipped_examples
from lrt_explorer.workbench.map_store import SavedMap, load_saved
from lrt_explorer.workbench.maps import shipped_map_folder
from lrt_explorer.workbench.openings import Opening, Openings, map_mark, opening, openings_file, ship_openings
from lrt_explorer.workbench.pair import Pair
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


def told(prompts: set[str], strength: float) -> object:
    """A story that some prompts show, from a strength on."""

    def shows(comparison: Comparison) -> bool:
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
            assert found is None or (len(found.prompts) == EXAMPLES and found.showed >= EXAMPLES), again
