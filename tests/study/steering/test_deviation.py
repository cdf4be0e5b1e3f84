"""The unit of strength belongs to model, layer and text, and is measured once."""

from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import SettingsError, VectorError
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.tokens import encode
from lrt_explorer.study.steering import deviation as deviation_module
from lrt_explorer.study.steering.deviation import (
    measure_units,
    ordinary_digest,
    unit_key,
    unit_of,
    unit_records,
    units_of,
)
from tests.study.tiny import large, rough, small, texts


@pytest.fixture(autouse=True)
def fresh_records() -> None:
    unit_records.cache_clear()


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    seen: list[tuple[int, ...]] = []

    def spy(lm, encoded, layers):  # type: ignore[no-untyped-def]
        seen.append(tuple(layers))
        return capture(lm, encoded, layers)

    monkeypatch.setattr(deviation_module, "capture", spy)
    return seen


def test_it_is_the_median_distance_of_ordinary_tokens_from_their_mean() -> None:
    some = list(texts(6))
    encoded = encode(small(), some, max_length=96)
    rows = capture(small(), encoded, [2])[2][encoded.mask.bool() & ~encoded.special]
    expected = float((rows - rows.mean(0)).norm(dim=1).median())
    assert measure_units(small(), [2], some)[2].value == pytest.approx(expected, rel=1e-5)


def test_all_layers_are_measured_in_one_pass_and_kept(passes: list[tuple[int, ...]]) -> None:
    first = units_of(small(), [0, 2], "everyday")
    assert set(passes) == {(0, 2)}
    passes.clear()
    assert units_of(small(), [0, 2], "everyday") == first and passes == []
    unit_records.cache_clear()
    assert unit_of(small(), 2, "everyday") == first[2], "from the data folder"
    assert passes == []
    unit_of(small(), 1, "everyday")
    unit_of(large(), 2, "everyday")
    assert set(passes) == {(1,), (2,)}


def test_each_precision_has_its_own(passes: list[tuple[int, ...]]) -> None:
    fine, coarse = (unit_of(lm, 1, "everyday") for lm in (small(), rough(small())))
    assert fine != coarse
    passes.clear()
    unit_records.cache_clear()
    assert (unit_of(small(), 1, "everyday"), unit_of(rough(small()), 1, "everyday")) == (fine, coarse)
    assert passes == []


def test_a_damaged_record_is_measured_again(passes: list[tuple[int, ...]], data_folder: Path) -> None:
    before = unit_of(small(), 1, "everyday")
    (file,) = data_folder.rglob("*.json")
    for content in ("no", '{"kind": "deviations", "version": 1, "value": -1, "outliers": []}', '{"kind": "x"}'):
        file.write_text(content)
        unit_records.cache_clear()
        passes.clear()
        assert unit_of(small(), 1, "everyday") == before and passes


def test_what_ships_is_taken_for_its_weights_alone(
    passes: list[tuple[int, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ordinary_digest("everyday")
    shipped = unit_of(small(), 1, "everyday")
    corpus = Path(deviation_module.__file__).parents[3] / "assets" / "corpus" / "everyday.txt"
    (tmp_path / "assets" / "corpus").mkdir(parents=True)
    (tmp_path / "assets" / "corpus" / "everyday.txt").write_bytes(corpus.read_bytes())
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path / "assets"))
    file = unit_records().ship(small(), {unit_key(1, text): shipped})
    monkeypatch.setenv("LRT_EXPLORER_HOME", str(tmp_path / "empty"))
    unit_records.cache_clear()
    passes.clear()
    assert unit_of(small(), 1, "everyday") == shipped and passes == []
    file.rename(file.with_name("tiny-large-one.json"))
    unit_of(large(), 1, "everyday")
    assert passes


def test_the_value_is_one_whichever_layers_are_asked_for_together(monkeypatch: pytest.MonkeyPatch) -> None:
    together = measure_units(small(), [0, 1, 2], texts(20))
    monkeypatch.setattr(deviation_module, "MOST_BYTES", 1)
    assert measure_units(small(), [0, 1, 2], texts(20)) == together


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(VectorError, match="no token"):
        measure_units(small(), [1], ["  "])
    with pytest.raises(SettingsError, match="layer 9"):
        unit_of(small(), 9, "everyday")
    assert torch.isfinite(torch.tensor(unit_of(small(), 1, "everyday").value))
