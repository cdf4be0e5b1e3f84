"""A link restores what it says, and the code of a comparison gives its numbers again in a process of its own."""

import json
import os
import random
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.compare import comparison_document
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.links import View, read_view
from lrt_explorer.workbench.map_store import load_saved
from lrt_explorer.workbench.maps import shipped_map_folder
from lrt_explorer.workbench.session import Session, Shelf
from lrt_explorer.workbench.workbench import Workbench
from tests.study.tiny import CONCEPT

MODELS = ("tinyworld-xs", "tinyworld-s", "tinyworld-l")
TABS = ("steer", "space")
PROMPTS = ("The captain said to the crew:", "", "naïve “Ümläut” & 100 % = ?#\n\tnext", "'; rm -rf ~ #", "−0.5 🏴‍☠️")


def read(query: str) -> tuple[View, list[str]]:
    return read_view(dict(parse_qsl(query, keep_blank_values=True)), models=MODELS, tabs=TABS)


def test_random_views_come_back_exactly() -> None:
    dice = random.Random(0)
    for _ in range(60):
        view = View(
            small=dice.choice(MODELS),
            large=dice.choice(MODELS),
            layers=(dice.randrange(9), dice.randrange(9)),
            method=dice.choice(("", "procrustes", "next-tokens")),
            concept=dice.choice(("register", "everyday/mood")),
            prompt=dice.choice(PROMPTS[:1] + PROMPTS[2:]),
            strength=dice.choice((0.0, -0.0, 1e-7, dice.uniform(-3, 3))),
            seed=dice.randrange(2**32),
            temperature=dice.choice((0.0, dice.random())),
            tokens=dice.randrange(8, 96),
            reading=dice.choice(("", "last-token")),
            as_in_paper=dice.random() < 0.5,
            equal_cost=dice.random() < 0.5,
            arms=dice.choice((None, (), ("native",), ("random", "shuffled map", "as in the paper", "prompt"))),
            also=dice.choice(((), (("mood", dice.uniform(-1, 1)),), (("a:b/mood", -0.1), ("tense", 0.3)))),
            ask=dice.choice((None, "Is it, 100 % & all?")),
            per_token=dice.random() < 0.5,
            other_layers=dice.choice((None, (0, 3))),
            tab=dice.choice(TABS),
        )
        assert read(view.query) == (view, [])


@pytest.mark.parametrize(
    ("query", "left", "sentence"),
    [
        ("small=tinyworld-s&large=/etc/passwd&prompt=Hi&strength=1", View(prompt="Hi"), "cannot open here"),
        ("large=tinyworld-l&tab=space", View(tab="space"), "only one model"),
        ("strength=nan", View(), "the link’s strength 'nan' is not valid"),
        ("strength=1e9", View(), "the link’s strength '1e9' is not valid"),
        ("seed=-1", View(), "the link’s seed"),
        ("seed=" + "9" * 5000, View(), "the link’s seed"),
        ("layers=3", View(), "the link’s layers"),
        ("reading=token-x", View(), "the link’s reading"),
        ("prompt=" + "x" * 30_000, View(), "the link’s prompt"),
        ("tab=admin", View(), "no tab 'admin'"),
        ("as_in_paper=yes", View(), "the link’s as_in_paper"),
        ("arms=native,permuted-labels", View(), "the link’s arms"),
        ("other_layers=3", View(), "the link’s other_layers '3'"),
        ("other_layers=-1-2", View(), "the link’s other_layers"),
        ("also=mood", View(), "the link’s also 'mood'"),
        ("also=a:1,b:1,c:1", View(), "the link’s also"),
        ("also=mood:1e9", View(), "the link’s also"),
        ("ask=" + "x" * 30_000, View(), "the link’s ask"),
        ("arms=prompt,native,native", View(arms=("native", "prompt")), ""),
        ("unknown=1&__theme=dark", View(), ""),
    ],
)
def test_what_cannot_be_taken_is_left_out_with_one_sentence(query: str, left: View, sentence: str) -> None:
    view, trouble = read(query)
    assert view == left
    assert len(trouble) == bool(sentence) and sentence in "".join(trouble)


@pytest.fixture(scope="module")
def bench() -> Workbench:
    return Workbench()


@pytest.fixture
def session(bench: Workbench) -> Session:
    opened = finish(bench.open("tinyworld-xs", "tinyworld-s"))
    return bench.at_layers(opened, *load_saved(shipped_map_folder("tinyworld-xs", "tinyworld-s")).layers)


SPECS = (
    SteerSpec(
        concept="register", prompt="The captain's \"crew\" said:", strength=0.4321, seed=3, max_new_tokens=6,
        per_token=True,
    ),
    SteerSpec(
        concept="mood", prompt="-Anna felt", strength=-0.2, temperature=0.8, max_new_tokens=5, reading="last-token",
        as_in_paper=True, equal_cost=True,
    ),
    SteerSpec(
        concept="weather", prompt="The sky", strength=0.3, max_new_tokens=5,
        arms=("native", "shuffled map", "other concept", "other layers", "prompt"),
        also=(("mood", -0.15), ("tense", 0.1)),
        other_layers=(2, 4),
    ),
)  # fmt: skip


def run(words: list[str], home: Path) -> str:
    """What a fresh process prints."""
    surroundings = os.environ | {"LRT_EXPLORER_HOME": str(home), "PYTHONPATH": os.getcwd()}
    done = subprocess.run(words, env=surroundings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.concept)
def test_the_code_gives_the_numbers_on_the_screen_to_the_last_digit(
    bench: Workbench, session: Session, spec: SteerSpec, tmp_path: Path
) -> None:
    on_screen = comparison_document(finish(bench.compare(session, spec)))
    given = bench.shared(session, spec, "steer")
    by_command = run([sys.executable, "-m", *_module(given.command), "--json"], tmp_path)
    assert json.loads(by_command) == on_screen

    printing = "\nimport json; print('DOCUMENT', json.dumps(comparison.document()))"
    by_python = run([sys.executable, "-c", given.python + printing], tmp_path)
    assert json.loads(by_python.partition("DOCUMENT ")[2]) == on_screen
    assert by_python.startswith(on_screen["sentence"])


def _module(command: str) -> list[str]:
    """The words of a command, which are run from this folder rather than from what is installed."""
    program, *words = shlex.split(command)
    assert program == "lrt-explorer"
    return ["lrt_explorer", *words]


def test_a_set_and_a_map_of_ones_own_are_named_by_their_files(
    bench: Workbench, session: Session, tmp_path: Path
) -> None:
    shelf = bench.keep_set(Shelf(), CONCEPT)
    own_map = Session(**{**vars(session), "map_folder": "/maps/own-text/abc", "map_mark": "another"})
    given = bench.shared(own_map, SteerSpec(concept=shelf.sets[-1][1], prompt="a", strength=0.1), "steer")
    assert 'map="/maps/own-text/abc"' in given.python and "--map=/maps/own-text/abc" in given.command
    assert f"{CONCEPT.name}.jsonl" in given.python and "concept=" not in given.query
    assert "a set of your own or a map that was fitted or loaded here" in given.left_out
    plain = bench.shared(session, SteerSpec(concept="mood", prompt="a", strength=0.1), "steer")
    assert plain.left_out == "" and "method=" not in plain.query


def test_a_link_names_the_estimator_that_was_chosen(bench: Workbench, session: Session) -> None:
    chosen = bench.with_method(session, "procrustes")
    given = bench.shared(chosen, SteerSpec(concept="mood", prompt="a", strength=0.1), "steer")
    view, trouble = read(given.query)
    assert view.method == "procrustes" and trouble == []
    assert "/maps" not in given.left_out


def test_a_hosted_server_tells_no_folder(session: Session) -> None:
    hosted = Workbench(hosting=Hosting(hosted=True, models=("tinyworld-xs", "tinyworld-s")))
    shelf = hosted.keep_set(Shelf(), CONCEPT)
    own_map = Session(**{**vars(session), "map_folder": "/maps/own-text/abc", "map_mark": "another"})
    for concept in (shelf.sets[-1][1], "everyday/formality"):
        given = hosted.shared(own_map, SteerSpec(concept=concept, prompt="a", strength=0.1), "steer")
        whole = given.query + given.python + given.command + given.left_out
        assert "/maps" not in whole and "/tmp" not in whole and str(Path.home()) not in whole
        assert "# Made with a map that only this server has" in given.python


def test_the_code_of_a_comparison_with_vectors_of_ones_own_names_their_files(
    bench: Workbench, session: Session, tmp_path: Path
) -> None:
    shelf = finish(bench.make(session, Shelf(), "mood", "", Recipe(method="principal-component")))
    spec = SteerSpec(
        concept="register", prompt="Anna felt", strength=0.3, max_new_tokens=5, vectors=shelf.vectors[-1][1]
    )
    on_screen = comparison_document(finish(bench.compare(session, spec)))
    given = bench.shared(session, spec, "steer")
    assert given.command.count("--vector=") == 2 and "--vector=small=" in given.command and "#" not in given.command
    by_command = run([sys.executable, "-m", *_module(given.command), "--json"], tmp_path)
    assert json.loads(by_command) == on_screen and "large_vector" in on_screen
