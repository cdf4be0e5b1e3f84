"""UMAP in a process of its own: the same layout as here, begun once, and done without where it cannot be."""

import sys
from io import BytesIO

import numpy as np
import pytest

from lrt_explorer.linear import umap_layout as module
from lrt_explorer.linear.umap_layout import Points, answer_requests, ask, umap_layout
from lrt_explorer.workbench import umap_process
from lrt_explorer.workbench.umap_process import UmapProcess

ASKED = (2, 10, 0.1, 3)


def points(count: int = 60) -> Points:
    return np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)


def flat(points: Points, k: int, neighbours: int, min_dist: float, seed: int) -> Points:
    return points[:, :k] * np.float32(neighbours * min_dist + seed)


def test_the_process_lays_out_as_this_one_does_and_is_begun_once() -> None:
    by = UmapProcess()
    found = by(points(), *ASKED)
    process = by._process
    assert process is not None and process.poll() is None
    assert np.array_equal(found, umap_layout(points(), *ASKED))
    assert by(points(80), 3, 5, 0.2, 0).shape == (80, 3)
    assert by._process is process
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0, "it ends with who asks it"


def test_requests_are_answered_in_turn_until_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "umap_layout", flat)
    asked, answers = BytesIO(), BytesIO()
    for count in (5, 7):
        with pytest.raises(BrokenPipeError):
            ask(asked, BytesIO(), points(count), *ASKED)
    asked.seek(0)
    answer_requests(asked, answers)
    answers.seek(0)
    for count in (5, 7):
        assert np.array_equal(ask(BytesIO(), answers, points(count), *ASKED), flat(points(count), *ASKED))


@pytest.mark.parametrize("broken", ["no such program", sys.executable])
def test_without_a_process_it_is_laid_out_here(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(umap_process, "umap_layout", flat)
    monkeypatch.setattr(sys, "executable", broken)
    monkeypatch.setattr(module, "__name__", "no.such.module")
    by = UmapProcess()
    assert np.array_equal(by(points(), *ASKED), flat(points(), *ASKED))
    assert by._process is None
