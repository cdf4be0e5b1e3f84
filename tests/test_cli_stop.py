"""Ctrl-C lets a study that keeps what it has end its step first; of several processes one speaks."""

import os
import signal
from collections.abc import Generator, Iterator

import pytest

from lrt_explorer.cli.common import run_study
from lrt_explorer.study.ground.progress import Progress

seen: list[str] = []


def study(interrupts: int) -> Generator[Progress, None, None]:
    try:
        yield Progress(0, 2, "begun")
        for _ in range(interrupts):
            os.kill(os.getpid(), signal.SIGINT)
        seen.append("step done")
        yield Progress(1, 2, "on")
        seen.append("gone on")
    except GeneratorExit:
        seen.append("kept")
        raise


@pytest.fixture(autouse=True)
def interrupts_arrive() -> Iterator[None]:
    """A process that was started in the background ignores them from the start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("interrupts", "keeps", "expected"),
    [(0, True, ["step done", "gone on"]), (1, True, ["step done", "kept"]), (2, True, []), (1, False, [])],
)
def test_the_first_interrupt_waits_for_the_step(interrupts: int, keeps: bool, expected: list[str]) -> None:
    seen.clear()
    before = signal.getsignal(signal.SIGINT)
    if interrupts:
        with pytest.raises(KeyboardInterrupt):
            run_study(study(interrupts), keeps=keeps)
    else:
        run_study(study(interrupts), keeps=keeps)
    assert seen == expected
    assert signal.getsignal(signal.SIGINT) is before


def test_only_the_first_of_several_processes_speaks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_study(study(0))
    assert "begun" in capsys.readouterr().err
    monkeypatch.setenv("RANK", "1")
    run_study(study(0))
    assert capsys.readouterr().err == ""
