"""How a server is hosted, and what comes through its doors."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from lrt_explorer.concepts.sets.scoring import ClassifierLabel, Expression, WordList
from lrt_explorer.errors import ModelError, SettingsError
from lrt_explorer.workbench.door import Door
from lrt_explorer.workbench.hosting import Hosting, read_hosting
from lrt_explorer.workbench.requests import Models
from tests.study.tiny import CONCEPT

FAMILY = ("tinyworld-xs", "tinyworld-s", "tinyworld-m", "tinyworld-l", "tinyworld-g")


def test_without_a_word_a_server_serves_its_owner() -> None:
    assert read_hosting({}, {}) == Hosting()


def test_a_hosted_server_offers_what_ships_and_limits_long_jobs() -> None:
    hosting = read_hosting({"hosted": True}, {})
    assert (hosting.hosted, hosting.models, hosting.time_limit) == (True, FAMILY, 600)


@pytest.mark.parametrize(
    ("environment", "hosted"),
    [
        ({"LRT_EXPLORER_HOSTED": "1"}, True),
        ({"LRT_EXPLORER_HOSTED": "no"}, False),
        ({"SPACE_ID": "me/space"}, True),
        ({"SPACE_ID": "me/space", "LRT_EXPLORER_HOSTED": "0"}, False),
    ],
)
def test_the_environment_decides_where_no_option_does(environment: dict[str, str], hosted: bool) -> None:
    assert read_hosting({"hosted": False}, environment).hosted is hosted


def test_everything_can_be_said_by_option_and_by_environment(tmp_path: Path) -> None:
    logins, models = tmp_path / "logins", tmp_path / "models"
    logins.write_text("# people\nana:s3:cret\n\nbo:x\n")
    models.write_text("tinyworld-s\nQwen/Qwen3-0.6B  \n")
    options = {
        "hosted": True,
        "models_file": models,
        "auth_file": logins,
        "root_path": "/lrt/",
        "max_visitors": 7,
        "time_limit": 30.0,
        "memory_gb": 2.5,
    }
    expected = Hosting(
        hosted=True,
        models=("tinyworld-s", "Qwen/Qwen3-0.6B"),
        logins=(("ana", "s3:cret"), ("bo", "x")),
        root_path="/lrt",
        max_visitors=7,
        time_limit=30,
        memory_gb=2.5,
    )
    assert read_hosting(options, {}) == expected
    environment = {f"LRT_EXPLORER_{name.upper()}": str(value) for name, value in options.items()}
    assert read_hosting({}, environment) == expected
    assert "s3:cret" not in repr(expected)
    assert read_hosting({"models": "a, b,a"}, {"LRT_EXPLORER_HOSTED": "true"}).models == ("a", "b")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"models": "/etc"}, "is a path"),
        ({"models": "./model"}, "is a path"),
        ({"models": "a/b/c"}, "is a path"),
        ({"models": "a", "models_file": "b"}, "give one of the two"),
        ({"models_file": "/nowhere/list"}, "/nowhere/list cannot be read: No such file"),
        ({"auth_file": "/nowhere/list"}, "cannot be read"),
        ({"time_limit": "soon"}, "time-limit is 'soon'; give a number from 1 up"),
        ({"max_visitors": "-3"}, "max-visitors is '-3'"),
        ({"memory_gb": "inf"}, "memory-gb is 'inf'"),
        ({"root_path": "lrt"}, "does not begin with a slash; write /lrt"),
    ],
)
def test_what_makes_no_sense_gets_one_sentence(options: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read_hosting({"hosted": True, **options}, {})


def test_a_login_without_a_password_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / "logins"
    for text, said in (("ana:x\nbo\n", "line 2 of"), ("# none\n", "holds no login")):
        file.write_text(text)
        with pytest.raises(SettingsError, match=said):
            read_hosting({"auth_file": file}, {})


def test_the_trusted_door_takes_what_there_is(tmp_path: Path) -> None:
    door = Door(Hosting(time_limit=math.inf))
    assert door.model(str(tmp_path)) == str(tmp_path)
    assert door.corpus("hf:some/set") == "hf:some/set"
    classifier = ClassifierLabel("some/model", "good")
    assert door.scorer(classifier) == classifier


@pytest.mark.parametrize("name", ["/etc/passwd", "Qwen/Qwen3-0.6B", "../tinyworld-s", "nosuch", "tinyworld-s\0", ""])
def test_the_hosted_door_says_the_same_of_all_that_is_not_on_its_list(name: str) -> None:
    door = Door(Hosting(hosted=True, models=("tinyworld-s", "tinyworld-l")))
    with pytest.raises(ModelError, match=r"there is no model '.*' on this server; choose one of these: tinyworld-s, "):
        door.models(Models(small="tinyworld-s", large=name))
    with pytest.raises(SettingsError, match=r"there is no corpus '.*' on this server"):
        door.corpus(name)
    assert door.models(Models(small=" tinyworld-s", large="tinyworld-l")).small == "tinyworld-s"


@pytest.mark.parametrize("corpus", ["wikitext", "hf:some/set", "demo+everyday", "/etc/hostname"])
def test_the_hosted_door_fetches_no_corpus(corpus: str) -> None:
    with pytest.raises(SettingsError, match="choose one of these: self, demo, everyday"):
        Door(Hosting(hosted=True)).corpus(corpus)


def test_the_hosted_door_loads_no_classifier_by_whatever_way_it_is_named() -> None:
    door = Door(Hosting(hosted=True))
    classifier = ClassifierLabel("some/model", "good")
    for ask in (lambda: door.scorer(classifier), lambda: door.contrast(replace(CONCEPT, scorer=classifier))):
        with pytest.raises(SettingsError, match="words, expressions and judges only"):
            ask()
    for scorer in (None, "judge", WordList(("good",)), Expression("good")):
        assert door.scorer(scorer) == scorer
