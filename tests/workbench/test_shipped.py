"""What ships counts only for the weights and the map it was made with, and is the same once it is read."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.lm.presets import PairPreset
from lrt_explorer.store import assets_home
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.document_reading import read_evaluation
from lrt_explorer.study.evaluation.remarks import remarks
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.workbench.bundle import build_demo_maps, demo_pairs, ship_layer_scores, ship_verdicts
from lrt_explorer.workbench.map_store import SavedMap, load_saved
from lrt_explorer.workbench.maps import shipped_map_folder
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.shipped import ship_evidence, shipped_evidence, shipped_file, shipped_layers
from lrt_explorer.workbench.starting_points import corpus_name
from tests.study.tiny import large, small
from tests.ui.fake_evidence import fake_evaluation
from tests.workbench.tiny_house import build_assets

NUMBER = r"\d+(?:\.\d+)?"
PRESET = PairPreset("first", "tiny-small", "tiny-large-one", 1, 2)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Pair, ModelCache]:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(build_assets(tmp_path / "assets")))
    models = {lm.name: lm for lm in (small(), large())}
    cache = ModelCache(2, models.__getitem__)
    return Pair(small=models["tiny-small"], large=models["tiny-large-one"]), cache


def test_bundle_ships_evidence_and_layers_that_are_read_back(house: tuple[Pair, ModelCache]) -> None:
    pair, cache = house
    finish(build_demo_maps([PRESET], 3000, cache))
    saved = load_saved(shipped_map_folder(PRESET.small, PRESET.large))
    assert shipped_evidence(pair, saved) is None and shipped_layers(pair, "everyday") is None

    finish(ship_verdicts([PRESET], 4, cache))
    found = shipped_evidence(pair, saved)
    assert found is not None and list(found.verdicts) == ["mood"] and len(found.made) == len("2025-01-01")
    assert found.evaluation.map == saved.info

    finish(ship_layer_scores([PRESET], 3000, cache))
    corpus = corpus_name(pair.world.corpus)
    scores = shipped_layers(pair, corpus)
    assert scores is not None and scores.made
    assert len(scores.grid.cells) == pair.small.layers * pair.large.layers
    assert shipped_layers(pair, "another text") is None
    assert shipped_layers(Pair(small=pair.large, large=pair.small), corpus) is None


def shipped(pair: Pair) -> SavedMap:
    """Evidence that ships for a map of a pair, and the map."""
    evaluation = fake_evaluation(("mood", "register"))
    info = replace(evaluation.map, small=pair.small.name, large=pair.large.name)
    evaluation = replace(evaluation, small=pair.small.name, large=pair.large.name, map=info)
    ship_evidence(evaluation)
    return SavedMap(map=None, info=info, folder=Path("maps"), digest="d")  # type: ignore[arg-type]


def test_evidence_counts_for_its_own_map_only(house: tuple[Pair, ModelCache]) -> None:
    pair, _ = house
    saved = shipped(pair)
    found = shipped_evidence(pair, saved)
    assert found is not None and set(found.verdicts) == {"mood", "register"}
    fitted_again = SavedMap(map=saved.map, info=replace(saved.info, created="2026"), folder=saved.folder, digest="e")
    assert shipped_evidence(pair, fitted_again) is None


def test_numbers_ship_with_the_digits_that_are_shown(house: tuple[Pair, ModelCache]) -> None:
    pair, _ = house
    found = shipped_evidence(pair, shipped(pair))
    assert found is not None
    whole = evaluation_document(fake_evaluation(("mood", "register")))
    for before, after in zip(whole["concepts"], evaluation_document(found.evaluation)["concepts"], strict=True):
        assert after["retention"] == pytest.approx(before["retention"], rel=1e-3)
        slopes = {arm["name"]: len(arm["prompt_slopes"]) for arm in after["arms"]}
        assert slopes["native"] == slopes["transferred"] == 10 and slopes["random"] == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"kind": "lrt-evaluation"}', '{"made": 1, "map_info": {"x": 1}}'])
def test_a_damaged_file_counts_as_none(house: tuple[Pair, ModelCache], content: str) -> None:
    pair, _ = house
    saved = shipped(pair)
    for kind in ("evidence", "layers"):
        file = shipped_file(kind, pair.small.name, pair.large.name)
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")
    assert shipped_evidence(pair, saved) is None and shipped_layers(pair, "everyday") is None


@pytest.mark.parametrize("preset", demo_pairs(), ids=lambda preset: preset.name)
def test_the_evidence_that_ships_is_that_of_the_map_that_ships(preset: PairPreset) -> None:
    file = assets_home() / "evidence" / f"{preset.small}--{preset.large}.json"
    if not file.is_file():
        pytest.skip("no evidence ships for this pair")
    info = load_saved(shipped_map_folder(preset.small, preset.large)).info
    assert json.loads(file.read_text(encoding="utf-8"))["map_info"] == asdict(info), "run lrt-explorer bundle again"


def test_shipped_sentences_follow_from_shipped_numbers() -> None:
    def apart(sentences: Sequence[str]) -> tuple[str, list[float]]:
        said = "\n".join(sentences)
        return re.sub(NUMBER, "#", said), [float(number) for number in re.findall(NUMBER, said)]

    files = sorted((assets_home() / "evidence").glob("*.json"))
    assert len(files) == 4
    for file in files:
        evaluation = read_evaluation(json.loads(file.read_text("utf-8")), fake_evaluation(("mood",)).map)
        for result in evaluation.concepts:
            words, numbers = apart(result.remarks)
            now, found = apart(remarks(result.evidence, result.verdict, len(evaluation.concepts)))
            # Shipped numbers are rounded, and a sentence rounds them once more.
            assert now == words and found == pytest.approx(numbers, abs=0.0101), (file.name, result.evidence.name)
