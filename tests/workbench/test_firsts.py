"""The texts that ship with a pair are those that its page would write, and count for nothing else."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.store import assets_home
from lrt_explorer.study.evaluation.verdict import TRANSFERS
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.workbench.bundle import demo_pairs
from lrt_explorer.workbench.concepts import concept_cards
from lrt_explorer.workbench.firsts import FIRSTS, first_texts, firsts_file
from lrt_explorer.workbench.map_store import load_saved
from lrt_explorer.workbench.shipped import evidence_of
from lrt_explorer.workbench.workbench import Workbench

NAMES = [(pair.small, pair.large) for pair in demo_pairs()]
SMALL, LARGE = NAMES[0]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRT_EXPLORER_HOME", str(tmp_path_factory.mktemp("home")))
        return Workbench()


@pytest.mark.parametrize(("small", "large"), NAMES, ids=lambda name: str(name))
def test_what_ships_is_what_the_page_would_write(
    engine: Workbench, small: str, large: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If this fails after a change of weights, maps or sets: `lrt-explorer bundle --only firsts`."""
    monkeypatch.setenv("LRT_EXPLORER_HOME", str(tmp_path))
    first = first_texts(small, large)
    assert first is not None, "nothing ships that fits the map, the set and the opening of this pair"
    session = finish(engine.open(small, large))
    assert session == first.session
    calibration = finish(engine.calibration(session, str(first.spec.concept), "", ""))
    assert calibration.first == first.calibration.first == first.spec.strength
    assert (calibration.limit, calibration.breaks) == (first.calibration.limit, first.calibration.breaks)
    card = engine.concepts(session)[0]
    assert (card.name, card.examples[0]) == (first.spec.concept, first.spec.prompt)
    done = finish(engine.compare(session, first.spec))
    assert done.settings == first.comparison.settings
    for now, shipped in zip(done.arms, first.comparison.arms, strict=True):
        assert (now.name, now.text, now.tokens, now.changed) == (
            shipped.name,
            shipped.text,
            shipped.tokens,
            shipped.changed,
        )
        for name in ("score", "readout", "strength", "coefficient", "repetition", "perplexity"):
            assert getattr(now, name) == pytest.approx(getattr(shipped, name), rel=1e-3, abs=1e-4)


def test_the_opening_pair_has_them_with_its_evidence(engine: Workbench) -> None:
    first = engine.first()
    assert first is not None and (first.session.small, first.session.large) == (SMALL, LARGE)
    assert first.evidence is not None and first.spec.concept in first.evidence.verdicts


def test_a_pair_that_does_not_ship_has_none() -> None:
    assert first_texts("smollm2-135m", "smollm2-360m") is None


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What ships, in a copy of the assets that may be spoiled."""
    shutil.copytree(assets_home(), tmp_path / "assets", ignore=shutil.ignore_patterns("models", "pictures", "vectors"))
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path / "assets"))
    assert first_texts(SMALL, LARGE) is not None
    found: dict[str, Any] = json.loads(firsts_file(SMALL, LARGE).read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("kind",), "another"),
        (("version",), 99),
        (("map",), "another map"),
        (("set",), "another set"),
        (("spec", "strength"), 0.01),
        (("spec", "prompt"), "Another beginning"),
        (("spec", "concept"), "mood"),
        (("comparison", "arms"), None),
        (("session", "small_layer"), None),
        (("calibration",), []),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_not_what_the_page_would_write_counts_for_nothing(
    content: dict[str, Any], where: tuple[str, ...], value: Any
) -> None:
    holder = content
    for name in where[:-1]:
        holder = holder[name]
    if value is None:
        del holder[where[-1]]
    else:
        holder[where[-1]] = value
    write(content)
    assert first_texts(SMALL, LARGE) is None


def test_a_damaged_file_counts_for_nothing(content: dict[str, Any]) -> None:
    write("[" * 9000)
    assert first_texts(SMALL, LARGE) is None
    write(content)
    assert first_texts(SMALL, LARGE) is not None


def test_nothing_of_the_machine_ships(content: dict[str, Any]) -> None:
    """The folder of the map and its mark there are put in when it is read: they differ from checkout to checkout."""
    for file in (assets_home() / FIRSTS).glob("*.json"):
        session = json.loads(file.read_text(encoding="utf-8"))["session"]
        assert (session["map_folder"], session["map_mark"], session["own"]) == ("", "", "")
    first = first_texts(SMALL, LARGE)
    assert first is not None and first.session.map_mark == load_saved(Path(first.session.map_folder)).digest
    assert asdict(replace(first.session, map_folder="", map_mark="")) == content["session"]


def write(content: object) -> None:
    file = firsts_file(SMALL, LARGE)
    before = file.stat().st_mtime_ns
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    while file.stat().st_mtime_ns == before:
        file.touch()


@pytest.mark.parametrize(("small", "large"), NAMES, ids=lambda name: str(name))
def test_every_pair_opens_with_a_concept_that_transfers(small: str, large: str) -> None:
    known = evidence_of(small, large)
    assert known is not None
    assert known.verdicts[concept_cards(small, large)[0].name] == TRANSFERS
