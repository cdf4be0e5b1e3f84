import json
from pathlib import Path

import pytest
import torch

from benchmarks.generate import main
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
