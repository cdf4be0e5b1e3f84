"""A plain function says how far it is as it is asked to, and closes its study whatever stops it."""

from collections.abc import Generator

import pytest

from lrt_explorer.library import progress
from lrt_explorer.library.progress import run
from lrt_explorer.study.ground.progress import Progress


class Study:
    """Three steps, and whether it was closed on the way."""

    def __init__(self) -> None:
        self.closed_at: int | None = None

    def steps(self) -> Generator[Progress, None, str]:
        at = 0
        try:
            for at in range(3):
                yield Progress(at, 3, f"step {at}")
        except GeneratorExit:
            self.closed_at = at
            raise
        return "done"


@pytest.mark.parametrize("silent", [None, False])
def test_it_is_silent_unless_asked(silent: bool | None, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Study().steps(), silent) == "done"
    assert capsys.readouterr() == ("", "")


def test_a_function_is_told_every_step() -> None:
    told: list[Progress] = []
    assert run(Study().steps(), told.append) == "done"
    assert [(step.done, step.message) for step in told] == [(0, "step 0"), (1, "step 1"), (2, "step 2")]


def test_true_draws_a_bar_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Study().steps(), True) == "done"
    out, err = capsys.readouterr()
    assert out == "" and "step 2:  67%" in err


def test_the_bar_begins_again_with_each_phase(capsys: pytest.CaptureFixture[str]) -> None:
    def phases() -> Generator[Progress, None, None]:
        yield Progress(9, 10, "first")
        yield Progress(0, 4, "second")
        yield Progress(3, 4, "second")
        yield Progress(1, 4, "third")

    run(phases(), True)
    err = capsys.readouterr().err
    for shown in ("first:  90%", "second:   0%", "second:  75%", "third:  25%"):
        assert shown in err, shown


def test_what_a_function_raises_stops_and_closes_the_study() -> None:
    def stop(step: Progress) -> None:
        if step.done == 1:
            raise KeyboardInterrupt

    study = Study()
    with pytest.raises(KeyboardInterrupt):
        run(study.steps(), stop)
    assert study.closed_at == 1


def test_a_bar_that_fails_closes_the_study_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError("no terminal")

    monkeypatch.setattr(progress, "tqdm", broken)
    study = Study()
    with pytest.raises(OSError, match="no terminal"):
        run(study.steps(), True)
