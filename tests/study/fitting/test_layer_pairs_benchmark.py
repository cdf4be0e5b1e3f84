"""The benchmark of all layer pairs runs, and its ratio is that of its seconds."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks import layer_pairs as benchmark


def test_one_run_scores_every_pair_and_prints_its_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    benchmark.main(["--once", "--layers", "2,3", "--widths", "32,64", "--tokens", "1000", "--concepts", "1"])
    assert float(capsys.readouterr().out) > 0


def test_two_checkouts_take_turns_and_are_compared_run_by_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[Path] = []
    seconds = iter([1.0, 2.0, 3.0, 4.0, 9.0, 3.0])

    def measured(checkout: Path, arguments: Sequence[str]) -> float:
        assert arguments[arguments.index("--widths") + 1] == "32,64"
        asked.append(checkout)
        return next(seconds)

    monkeypatch.setattr(benchmark, "measured", measured)
    benchmark.main(["--widths", "32,64", "--runs", "3", "--against", str(tmp_path)])
    report = json.loads(capsys.readouterr().out)
    assert asked == [Path(benchmark.__file__).parents[1], tmp_path] * 3
    assert report["seconds"] == {"this": [1.0, 3.0, 9.0], "other": [2.0, 4.0, 3.0]}
    # The median of 0.5, 0.75 and 3, not the ratio of the medians.
    assert report["this_over_other"] == 0.75
