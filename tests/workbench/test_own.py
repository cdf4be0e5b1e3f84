"""What a stranger fits is the stranger's alone: maps, sums, scores and texts; bounded, gone with the visit."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from lrt_explorer.errors import ArtifactError
from lrt_explorer.store import data_home
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench import own
from lrt_explorer.workbench.fitting import FitSpec
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.own import Own, new_mark, own_place
from lrt_explorer.workbench.requests import Models
from lrt_explorer.workbench.session import Session
from lrt_explorer.workbench.shelves import visitors_home
from tests.workbench.tiny_house import MODELS, TinyEngine, build_assets

TOKENS = 2000


class Strangers(TinyEngine):
    hosting = Hosting(hosted=True, models=tuple(MODELS))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Strangers:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(build_assets(tmp_path / "assets")))
    return Strangers()


def visit(engine: Strangers) -> Session:
    return finish(engine.open("tiny-s", "tiny-l"))


def shared() -> set[str]:
    """What all visitors would find: maps by layers, solved ones, and sums."""
    homes = [data_home() / name for name in ("maps", "moments")]
    return {str(path.relative_to(data_home())) for home in homes if home.is_dir() for path in home.rglob("*.json")}


def test_a_fit_changes_nothing_for_others(engine: Strangers) -> None:
    one, other = visit(engine), visit(engine)
    assert one.own and one.own != other.own and not one.map_folder
    fitted = finish(engine.fit(one, TOKENS, None))
    assert Path(fitted.map_folder).parent == visitors_home() / one.own / "maps"
    assert visit(engine).map_folder == "" and engine.at_layers(other, *layers(other)).map_folder == ""
    assert shared() == set()
    assert engine.at_layers(fitted, *layers(fitted)).map_folder, "the visitor's own sums still give a map"


def layers(session: Session) -> tuple[int, int]:
    return session.small_layer, session.large_layer


def test_scores_of_all_layers_are_the_visitors_who_had_them_computed(engine: Strangers) -> None:
    one, other = visit(engine), visit(engine)
    finish(engine.compute_layers(one, TOKENS, None))
    assert engine.layers(one, None) is not None and engine.layers(other, None) is None
    assert engine.use_pair(one, 1, 2, None).map_folder
    with pytest.raises(ArtifactError, match="no longer cached"):
        engine.use_pair(other, 1, 2, None)
    assert shared() == set()


def test_what_a_program_asks_for_leaves_nothing(engine: Strangers) -> None:
    models = Models(small="tiny-s", large="tiny-l")
    finish(engine.fit_models(models, FitSpec(tokens=TOKENS)))
    finish(engine.compare_models(models, SteerSpec(concept="mood", prompt="a b", strength=0.1, max_new_tokens=2)))
    assert shared() == set()
    assert not visitors_home().is_dir() or not list(visitors_home().iterdir())


def test_what_the_owner_fits_is_what_everyone_starts_with(engine: Strangers) -> None:
    owner = TinyEngine()
    finish(owner.fit(finish(owner.open("tiny-s", "tiny-l")), TOKENS, None))
    assert visit(engine).map_folder
    mine = finish(engine.fit(visit(engine), TOKENS + 1000, None))
    assert mine.map_folder != visit(engine).map_folder


def test_it_goes_with_the_visit(engine: Strangers) -> None:
    session = finish(engine.fit(visit(engine), TOKENS, None))
    staying = finish(engine.fit(visit(engine), TOKENS, None))
    engine.forget(session)
    engine.forget(None)
    assert [folder.name for folder in visitors_home().iterdir()] == [staying.own]


def test_a_text_is_kept_with_the_visitor_and_replaces_the_one_before(engine: Strangers, tmp_path: Path) -> None:
    session = visit(engine)
    for name in ("one.txt", "two.txt"):
        (tmp_path / name).write_text("words")
        kept = engine.keep_text(session, tmp_path / name)
    assert kept.read_text() == "words" and [file.name for file in kept.parent.iterdir()] == ["two.txt"]
    assert TinyEngine().keep_text(replace(session, own=""), tmp_path / "one.txt") == tmp_path / "one.txt"


def test_one_visitor_has_so_much_room_and_the_map_in_use_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "OWN_BYTES", 250)
    place = own_place(new_mark())
    assert place is not None
    for age, name in enumerate(("used", "old", "new")):
        (place.maps / name).mkdir(parents=True)
        (place.maps / name / "numbers").write_bytes(b"x" * 100)
        os.utime(place.maps / name, (1000 + age, 1000 + age))
    place.make_room([place.maps / "used"])
    assert {folder.name for folder in place.maps.iterdir()} == {"used", "new"}


@pytest.mark.parametrize("mark", ["", "..", "a/../../b", "x" * 32, "A" * 32])
def test_a_mark_is_no_path(mark: str) -> None:
    assert own_place(mark) is None
    assert isinstance(own_place("0" * 32), Own)


def test_loading_a_map_that_another_visitor_uses_takes_nothing_away(engine: Strangers) -> None:
    one, other = visit(engine), visit(engine)
    archive = engine.export_map(finish(engine.fit(one, TOKENS, None)))
    first, second = engine.import_map(one, [archive]), engine.import_map(other, [archive])
    assert first.map_folder != second.map_folder
    engine.forget(second)
    wrong = finish(engine.open("tiny-g", "tiny-l"))
    with pytest.raises(ArtifactError):
        engine.import_map(wrong, [archive])
    assert engine.badges(first, "mood") is not None, "it still works for the first"
