"""The benchmarks run, and what they print is what they promise, on tiny models and few draws."""

import json
from collections.abc import Generator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
import torch

from benchmarks import calibration, evaluate, next_tokens, results, ways
from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.procrustes import between_differences
from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.store import save_map
from lrt_explorer.study.corpora.texts import TINYWORLD
from lrt_explorer.study.evaluation.verdict import VERDICTS
from lrt_explorer.study.fitting.estimators import SGD
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.arms import OTHER_PAIRS
from lrt_explorer.workbench.map_store import SavedMap
from lrt_explorer.workbench.maps import needed_map
from lrt_explorer.workbench.pair import Pair
from tests.study.evaluation.suite import ANIMALS, maps
from tests.study.tiny import CONCEPT, large, small

TEXTS = [
    f"The {age} {who} looked at the {what} and walked to the {place}."
    for age, who, what, place in product(
        ("old", "young", "happy", "sad"),
        ("sailor", "cook", "farmer"),
        ("sea", "cow", "sky"),
        ("beach", "farm", "house"),
    )
]


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Both tiny models, and the concepts as files."""
    for name, lm in (("small", small()), ("large", large())):
        lm.model.save_pretrained(tmp_path / name)
        lm.tokenizer.save_pretrained(tmp_path / name)
    for folder, concept in product(("concepts", "concepts-real"), (CONCEPT, ANIMALS)):
        write_contrast(tmp_path / "assets" / folder / f"{concept.name}.jsonl", concept)
    (tmp_path / "assets" / "corpus").mkdir()
    (tmp_path / "assets" / "corpus" / "everyday.txt").write_text("\n\n".join(TEXTS))
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path / "assets"))
    cache = ModelCache(2)
    for module in (evaluate, calibration):
        monkeypatch.setattr(module, "models", lambda: cache)
    (map, info), _ = maps()
    save_map(tmp_path / "map", map, info)
    return [str(tmp_path / "small"), str(tmp_path / "large")]


def test_the_suite_has_the_readouts_of_the_plain_loop(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = torch.get_num_threads()
    try:
        evaluate.main([*places, "--map", str(tmp_path / "map"), "--prompts", "3"])
    finally:
        torch.set_num_threads(threads)
    report = json.loads(capsys.readouterr().out)
    assert report["concepts"] == ["animals", "mood"] and report["prompts"] == [3, 3]
    # 2 + 5 random + 8 shuffled + 8 and 8 relabelled + 1 other concept + 4 and 4 of ordinary text + 5 rivals + 1 of
    # answers + 2 halves, then 1 or 2 of few pairs + 2 direct.
    assert report["directions"] == [52, 53]
    # At strength 0 there is one pass for all.
    assert report["plain_passes"] == report["plain_passes_ran"] == 3 * (2 + sum(report["directions"]) * 6)
    assert report["plain_seconds_standard_error"] == 0
    assert report["largest_difference"] <= report["tolerance"]
    assert report["ratio"] == pytest.approx(report["plain_seconds"] / report["suite_seconds"])


def test_a_sample_of_the_plain_loop_stands_for_all_of_it(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    threads = torch.get_num_threads()
    try:
        evaluate.main([*places, "--map", str(tmp_path / "map"), "--prompts", "3", "--sample", "12"])
    finally:
        torch.set_num_threads(threads)
    report = json.loads(capsys.readouterr().out)
    assert report["plain_passes_ran"] == 2 * 12 < report["plain_passes"]
    assert 0 < report["plain_seconds_standard_error"] < report["plain_seconds"]
    # Only what ran is compared, and that is the same.
    assert 0 < report["largest_difference"] <= report["tolerance"]


def test_next_tokens_carry_unseen_differences_better_than_ridge(capsys: pytest.CaptureFixture[str]) -> None:
    next_tokens.main(["--small", "tinyworld-s", "--tokens", "12000", "--unseen", "1"])
    table = json.loads(capsys.readouterr().out)["tinyworld-s"]
    (default,) = (row for name, row in table.items() if name.startswith("next tokens"))
    assert default["cosine"] > table["ridge"]["cosine"] and default["r2"] < table["ridge"]["r2"]


def test_the_interval_holds_what_was_planted(capsys: pytest.CaptureFixture[str]) -> None:
    calibration.main(["intervals", "--draws", "40"])
    report = json.loads(capsys.readouterr().out)
    assert len(report["cases"]) == 12
    assert 0.8 <= report["lowest"] <= report["highest"] <= 1.0
    for name, row in report["cases"].items():
        likeliest = max(row["verdicts"], key=row["verdicts"].get)
        expected = {"0": "not shown", "0.5": "partly"}.get(name.rpartition(" ")[2], "transfers")
        assert likeliest == expected, name


def test_labels_that_mean_nothing_transfer_nothing(
    places: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    map, info = maps()[0]
    saved = SavedMap(map=map, info=replace(info, corpus=TINYWORLD), folder=Path(), digest="")

    def existing(*_: object) -> Generator[Progress, None, SavedMap]:
        yield Progress(0, 1, "opening")
        return saved

    monkeypatch.setattr(calibration, "map_for", existing)
    calibration.main(["labels", *places, "--concepts", "mood", "--draws", "20", "--prompts", "3", "--tokens", "8000"])
    report = json.loads(capsys.readouterr().out)
    shares = report["concepts"]["mood"]
    assert set(shares) == set(VERDICTS) and sum(shares.values()) == pytest.approx(1.0)
    assert report["most_false_transfers"] <= 0.1


def test_ways_across_are_held_against_the_native_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair(small=ModelCache(1).get("tinyworld-xs"), large=ModelCache(1).get("tinyworld-s"))
    map = needed_map(pair, pair.layers()).map
    nothing = AffineMap(torch.zeros_like(map.weight), map.bias)
    monkeypatch.setattr(ways, "maps_across", lambda _, descent: {ways.MAP: map, SGD: nothing})
    concepts = [pair.world.concept(name) for name in ("language", "register")]
    found = ways.ways(pair, concepts, 4)
    assert found["by_concept"], "a native vector steers"
    for name, kept in found["by_concept"].items():
        concept = pair.world.concept(name)
        vector, own = (one.differences.mean(0) for one in ways.states_of(pair, concept))
        alone = ways.retained(pair, concept, own, {"own": own, "map": map.direction(vector)}, 4)
        assert alone["own"] == pytest.approx(1) and kept["map"] == alone["map"]
        assert kept[SGD] == 0, "what crosses as nothing moves nothing"
        assert OTHER_PAIRS in kept
    held = [kept["map"] for kept in found["by_concept"].values()]
    assert found["ways"]["map"]["retention"] == pytest.approx(sum(held) / len(held))
    table = results.ways_section({"small": "a/s", "large": "l", "layers": [1, 2], "prompts": 4, **found})
    assert table.startswith("\n## Other ways across: s layer 1 → l layer 2\n") and "| through other pairs |" in table
    # The map of other pairs has not seen those of the concept.
    states = {one.name: ways.states_of(pair, one) for one in concepts}
    x, y = states["register"]
    seen = ways.others_map(states, "language")
    assert seen is not None
    torch.testing.assert_close(seen.weight, between_differences(x.differences, y.differences).weight)
    assert ways.others_map({"language": states["language"]}, "language") is None


def test_a_timing_goes_on_where_it_was_broken_off(
    places: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LRT_EXPLORER_HOME", str(tmp_path / "home"))
    asked = [*places, "--map", str(tmp_path / "map"), "--prompts", "3", "--sample", "4", "--resume"]
    file, threads = tmp_path / "finished.jsonl", torch.get_num_threads()
    try:
        evaluate.main([*asked, str(file), "--concepts", "mood"])
        first = file.read_text("utf-8")
        evaluate.main([*asked, str(file)])
        with pytest.raises(SystemExit, match="mood finished, which would take no time"):
            evaluate.main([*asked, str(tmp_path / "another.jsonl"), "--concepts", "mood"])
    finally:
        torch.set_num_threads(threads)
    assert file.read_text("utf-8").startswith(first) and len(file.read_text("utf-8").splitlines()) == 2
    mood, both = json.JSONDecoder().raw_decode(capsys.readouterr().out)[0], [json.loads(first)]
    assert mood["concepts"] == ["mood"] and mood["suite_seconds"] == both[0]["suite_seconds"]
