import json
import threading
from pathlib import Path

import pytest
import torch

from benchmarks import memory, selfcheck
from benchmarks.generate import main
from lrt_explorer.lm import load as loading
from tests.lm.families import tiny_model, tiny_tokenizer


def test_the_benchmark_runs_and_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny_model("llama").save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    threads = torch.get_num_threads()
    main(["--model", str(tmp_path), "--tokens", "4", "--runs", "1"])
    report = json.loads(capsys.readouterr().out)
    assert report["bar"] == 1.3
    for count in {1, threads}:
        measured = report[f"threads_{count}"]
        assert measured["ratio"] == pytest.approx(measured["arms_s"] / measured["generate_s"])
    assert torch.get_num_threads() == threads


@pytest.fixture
def folder(tmp_path: Path) -> str:
    tiny_model("llama").save_pretrained(tmp_path)
    tiny_tokenizer().save_pretrained(tmp_path)
    return str(tmp_path)


def test_the_share_of_the_self_check_is_of_the_loads_that_have_it(
    folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checks = vars(loading)["self_check"]
    selfcheck.main([folder, "--loads", "2"])
    report = json.loads(capsys.readouterr().out)
    assert 0 < report["check_s"] < report["checked_s"] and 0 < report["share"] < 1
    assert report["unchecked_s"] > 0 and report["bar"] == 0.15
    assert vars(loading)["self_check"] is checks


def test_the_peak_is_counted_from_what_was_in_use_before(monkeypatch: pytest.MonkeyPatch) -> None:
    used, seen = [1000], threading.Event()

    def own_bytes() -> int:
        if used[0] == 1700:
            seen.set()
        return used[0]

    def work() -> None:
        used[0] = 1700
        assert seen.wait(60)
        used[0] = 1200

    monkeypatch.setattr(memory, "own_bytes", own_bytes)
    assert memory.peak_of(work) == (700, 200)


def test_the_peak_of_a_load_is_held_against_its_weights(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = memory.own_bytes()
    kept = torch.ones(10_000_000)
    assert memory.own_bytes() - before > 0.9 * kept.nbytes
    memory.main([folder, "--dtype", "float32"])
    report = json.loads(capsys.readouterr().out)
    size = sum(weight.nbytes for weight in tiny_model("llama").parameters())
    assert size <= report["weights"] < 1.1 * size and report["stated"]["weights"] == size
    assert report["ratio_with_tokenizer"] == pytest.approx(report["peak"] / report["weights"])
