"""Moments that are kept: taken up again after any break, used again without a pass, and never mixed up."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lrt_explorer.errors import MapError
from lrt_explorer.store import data_home
from lrt_explorer.study.fitting import collect as collect_module
from lrt_explorer.study.fitting.collect import PARTS, Collected, Route
from lrt_explorer.study.fitting.fit import fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.layers import grid_of_one, layer_grid, solve_pair
from lrt_explorer.study.fitting.moments import KEPT, known_moments, moments_home, moments_of
from lrt_explorer.study.fitting.solve import solve
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import Progress, finish
from tests.study.tiny import CONCEPT, large, other, rough, small, texts

ROOT = Path(__file__).resolve().parents[3]
PAIRS = [(0, 1), (1, 2)]
TOKENS = 5000


def collected(tokens: int = TOKENS, corpus: str = "c", keep: bool = True) -> Collected:
    return finish(
        moments_of(
            Pair(small=small(), large=large()),
            texts(),
            PAIRS,
            FitSettings(tokens=tokens, corpus=corpus, keep_moments=keep),
        )
    )


def distance(one: Collected, other_: Collected) -> float:
    """Largest relative difference of any sum."""
    worst = 0.0
    for part in PARTS:
        first, second = one.grids[part].state(), other_.grids[part].state()
        assert first.keys() == second.keys()
        for name, tensor in first.items():
            worst = max(worst, float((tensor - second[name]).double().norm() / tensor.double().norm()))
    return worst


def no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_module, "read_paired", lambda *_, **__: pytest.fail("the models ran again"))


def test_a_closed_pass_is_taken_up_where_it_was() -> None:
    whole = collected(keep=False)
    for steps in (1, 2):
        study = moments_of(
            Pair(small=small(), large=large()),
            texts(),
            PAIRS,
            FitSettings(tokens=TOKENS, corpus=f"after {steps}", keep_moments=True),
        )
        for _ in range(steps):
            step = next(study)
        assert isinstance(step, Progress) and 0 < step.done < TOKENS
        study.close()
        again = moments_of(
            Pair(small=small(), large=large()),
            texts(),
            PAIRS,
            FitSettings(tokens=TOKENS, corpus=f"after {steps}", keep_moments=True),
        )
        assert next(again).done == step.done
        resumed = finish(again)
        assert distance(resumed, whole) < 1e-10
        assert (resumed.counts, resumed.corpus_fingerprint) == (whole.counts, whole.corpus_fingerprint)


KILLED = """
import os, signal, sys
from lrt_explorer.study.fitting import moments
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.pair import Pair
from tests.study.tiny import large, small, texts
moments.SECONDS_BETWEEN_SAVES, moments.SAVING_SHARE = 0.0, 1e9
pair, settings = Pair(small=small(), large=large()), FitSettings(5000, "c", keep_moments=True)
study = moments.moments_of(pair, texts(), [(0, 1), (1, 2)], settings)
for step in study:
    if step.done >= 3000:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_pass_ends_with_the_map_of_an_unbroken_one() -> None:
    environment = {**os.environ, "LRT_EXPLORER_HOME": str(data_home()), "PYTHONPATH": str(ROOT)}
    killed = subprocess.run([sys.executable, "-c", KILLED], cwd=ROOT, env=environment, capture_output=True, timeout=110)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    study = moments_of(
        Pair(small=small(), large=large()), texts(), PAIRS, FitSettings(tokens=TOKENS, corpus="c", keep_moments=True)
    )
    assert 0 < next(study).done < TOKENS
    resumed, whole = finish(study), collected(keep=False)
    one, two = (solve(Pair(small=small(), large=large()), moments, Route(1, 2)).map for moments in (resumed, whole))
    assert float((one.weight - two.weight).norm() / two.weight.norm()) < 1e-10
    assert float((one.bias - two.bias).norm() / two.bias.norm()) < 1e-10


def test_whole_moments_serve_other_estimators_and_layers_without_a_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=TOKENS)))
    grid = finish(
        layer_grid(
            Pair(small=small(), large=large()),
            texts(),
            FitSettings(tokens=TOKENS, corpus="c", concepts=[CONCEPT], keep_moments=True),
        )
    )
    no_pass(monkeypatch)
    again = finish(
        fit_map(
            Pair(small=small(), large=large()),
            texts(),
            (1, 2),
            FitSettings(tokens=TOKENS, corpus="c", keep_moments=True),
        )
    )
    assert float((again.map.weight - alone.map.weight).norm() / alone.map.weight.norm()) < 1e-9
    for method in ("procrustes", "reduced-rank"):
        found = finish(
            fit_map(
                Pair(small=small(), large=large()),
                texts(),
                (0, 3),
                FitSettings(tokens=TOKENS, corpus="c", method=method, keep_moments=True),
            )
        )
        assert found.info.method == method and not torch.equal(found.map.weight, again.map.weight)
    known = known_moments(Pair(small=small(), large=large()), (2, 4))
    assert known is not None and known.corpus == "c"
    at_once = finish(solve_pair(Pair(small=small(), large=large()), known, (2, 4), concepts=[CONCEPT]))
    cell = grid.cell(2, 4)
    assert cell is not None
    assert at_once.info.r2 == pytest.approx(cell.r2) and at_once.info.lam == cell.lam
    assert at_once.agreement.direction_cosine == pytest.approx(cell.direction_cosine)
    figures = ("r2", "cka", "lam", "reachable_share", "direction_cosine", "norm_ratio", "concepts")
    for cell in grid.cells:
        at = (cell.small_layer, cell.large_layer)
        solved = finish(solve_pair(Pair(small=small(), large=large()), known, at, concepts=[CONCEPT]))
        (one,) = grid_of_one(solved).cells
        assert {field: getattr(one, field) for field in figures} == {
            field: pytest.approx(getattr(cell, field)) for field in figures
        }


def test_what_is_not_the_same_is_collected_anew() -> None:
    first = collected()
    changed = [text.replace("cow", "dog") for text in texts()]
    said: list[Progress] = []
    study = moments_of(
        Pair(small=small(), large=large()), changed, PAIRS, FitSettings(tokens=TOKENS, corpus="c", keep_moments=True)
    )
    assert finish(study, said.append).corpus_fingerprint != first.corpus_fingerprint
    assert any("has changed" in step.message for step in said)
    assert known_moments(Pair(small=large(), large=small()), (1, 0)) is None  # the other way round
    assert known_moments(Pair(small=small(), large=other()), (0, 1)) is None
    assert known_moments(Pair(small=small(), large=large()), (2, 2)) is None  # not among the pairs
    assert known_moments(Pair(small=small(), large=large()), (0, 1), corpus="other") is None
    assert known_moments(Pair(small=small(), large=large()), (0, 1), corpus="c") is not None
    assert known_moments(Pair(small=replace(small(), fingerprint="of newer weights"), large=large()), (0, 1)) is None


def test_sums_of_another_precision_are_neither_found_nor_gone_on_with() -> None:
    exact, mixed = Pair(small=small(), large=large()), Pair(small=small(), large=rough(large()))
    asked = FitSettings(tokens=TOKENS, corpus="c", keep_moments=True)
    for pair, another in ((exact, mixed), (mixed, exact)):
        finish(moments_of(pair, texts(), PAIRS, asked))
        assert known_moments(pair, (0, 1)) is not None
        if pair is exact:
            assert known_moments(another, (0, 1)) is None
    one, two = (known_moments(pair, (0, 1)) for pair in (exact, mixed))
    assert one is not None and two is not None and distance(one, two) > 1e-4
    again = finish(moments_of(exact, texts(), PAIRS, asked))
    assert distance(again, one) == 0.0, "each goes on with its own"


def test_an_unfinished_pass_is_not_known_and_texts_that_pass_once_are_read_from_where_they_are() -> None:
    study = moments_of(
        Pair(small=small(), large=large()), texts(), PAIRS, FitSettings(tokens=TOKENS, corpus="c", keep_moments=True)
    )
    next(study)
    study.close()
    assert known_moments(Pair(small=small(), large=large()), (0, 1)) is None
    fresh = finish(
        moments_of(
            Pair(small=small(), large=large()),
            iter(texts()),
            PAIRS,
            FitSettings(tokens=TOKENS, corpus="c", keep_moments=True),
        )
    )
    assert distance(fresh, collected(keep=False)) < 1e-10


def test_damaged_moments_are_passed_over() -> None:
    whole = collected()
    (folder,) = moments_home(small(), large()).iterdir()
    weights = folder / "tensors.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    assert known_moments(Pair(small=small(), large=large()), (0, 1)) is None
    assert distance(collected(), whole) == 0.0
    assert known_moments(Pair(small=small(), large=large()), (0, 1)) is not None


def test_few_are_kept_and_none_without_a_name() -> None:
    collected(corpus="")
    assert not moments_home(small(), large()).exists()
    for corpus in "abcdefg":
        collected(tokens=1000, corpus=corpus)
    assert len(list(moments_home(small(), large()).iterdir())) == KEPT
    assert known_moments(Pair(small=small(), large=large()), (0, 1), corpus="a") is None
    assert known_moments(Pair(small=small(), large=large()), (0, 1), corpus="g") is not None


def test_no_map_is_made_of_too_few_tokens_that_are_at_hand() -> None:
    few = collected(tokens=40)
    with pytest.raises(MapError, match="too few pairs"):
        finish(solve_pair(Pair(small=small(), large=large()), few, (0, 1)))


LAUNCHED = """
import sys
from safetensors.torch import save_file
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.fitting.moments import moments_of
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.processes import processes
from lrt_explorer.study.ground.progress import finish
from tests.study.tiny import large, small, texts
assert processes().count == 2
pair, settings = Pair(small=small(), large=large()), FitSettings(5000, "c", keep_moments=True)
found = finish(moments_of(pair, texts(), [(0, 1), (1, 2)], settings))
tensors = {f"{part}/{name}": tensor for part, grid in found.grids.items() for name, tensor in grid.state().items()}
assert found.counts.used == 5000
save_file(tensors, f"{sys.argv[1]}/{processes().rank}.safetensors")
"""


@pytest.mark.timeout(240)  # four imports of torch at once
def test_two_processes_sum_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "launched.py"
    script.write_text(LAUNCHED)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    # On CPUs the launcher starts one process at a time, and MPI several launchers; here the test does.
    launch = ["--cpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no"]
    launch += ["--dynamo_backend", "no", "--main_process_port", port, str(script), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "WORLD_SIZE": "2"}
    launched = [
        subprocess.Popen(
            [sys.executable, "-m", "accelerate.commands.accelerate_cli", "launch", *launch],
            cwd=ROOT,
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for rank in range(2)
    ]
    try:
        said = [process.communicate(timeout=200)[1] for process in launched]
    finally:
        for process in launched:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert [process.returncode for process in launched] == [0, 0], "\n".join(text[-2000:] for text in said)
    alone = collected(keep=False)
    for rank in range(2):
        shared = load_file(tmp_path / f"{rank}.safetensors")
        for part in PARTS:
            for name, tensor in alone.grids[part].state().items():
                difference = (shared[f"{part}/{name}"] - tensor).double().norm()
                assert float(difference) <= 1e-10 * float(tensor.double().norm()), name
    # The main process has kept them for both.
    no_pass(monkeypatch)
    kept = collected()
    assert kept.counts == alone.counts
    assert known_moments(Pair(small=small(), large=large()), (0, 1)) is not None
