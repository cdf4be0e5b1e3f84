"""What a program sends to an endpoint arrives: every parameter, with a value that is not the default."""

import argparse
import inspect
import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from gradio.utils import get_function_description

import lrt_explorer
from lrt_explorer.cli import build_parser
from lrt_explorer.concepts.sets.readings import READINGS
from lrt_explorer.concepts.sets.scoring import scorer_from_text
from lrt_explorer.errors import ModelError
from lrt_explorer.library import steps
from lrt_explorer.study.evaluation.settings import EvaluationSettings
from lrt_explorer.study.fitting.estimators import ESTIMATORS
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.arms import OFFERED
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.study.tables import TABLES
from lrt_explorer.ui.api import add_api
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.fitting import FitSpec
from lrt_explorer.workbench.hosting import OWNER
from lrt_explorer.workbench.requests import Models
from lrt_explorer.workbench.session import SpaceSettings
from lrt_explorer.workbench.single_vectors import VectorSpec
from tests.ui.fakes import FakeEngine

ROOT = Path(__file__).resolve().parents[2]
PLACES = {"small": "one", "large": "two", "small_layer": 3, "large_layer": 4}
COMPARE = {
    "concept": "mood", "prompt": "Once", "strength": 0.25, "seed": 7, "max_new_tokens": 9, "temperature": 0.5,
    "reading": "token-3", "method": "principal-component", "whiten": True, "as_in_paper": True, "equal_cost": True,
    "scorer": "words:joy", "arms": ["native", "no map", "other layers"], "other_layers": "2-3",
    "also": "tense:0.2,size:-0.1", "ask": "Why?",
    "per_token": True,
}  # fmt: skip
EVALUATE = {
    "concepts": ["mood", "size"], "prompts": 5, "strengths": [-0.5, 0.0, 0.75], "seeds": 6, "others": 1,
    "reading": "token-2", "readout": "probability", "method": "principal-component", "whiten": True, "generate": True,
    "scorer": "words:joy", "whole_texts": True, "corpus": "everyday", "tokens": 1234,
}  # fmt: skip
FIT = {"tokens": 4321, "corpus": "everyday", "method": "procrustes", "all_layers": True}
FINDING = {"reading": "token-3", "method": "principal-component", "whiten": True}


class NotingEngine(FakeEngine):
    """Notes what is asked for, and answers nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.noted: list[Any] = []

    def _note(self, models: Models | None, spec: Any) -> Generator[Progress, None, Any]:
        self.noted += [models, spec]
        yield Progress(0, 1, "noted")
        raise ModelError("only noted")

    compare_models = evaluate_models = fit_models = check_models = calibrate_models = _note

    def suggest_models(self, *asked: Any) -> Generator[Progress, None, Any]:
        return self._note(asked[0], asked[1:])

    def transfer_models(self, *asked: Any) -> Generator[Progress, None, Any]:
        return self._note(asked[0], asked[1:])

    def basis_models(self, *asked: Any) -> Generator[Progress, None, Any]:
        return self._note(asked[0], asked[1:])

    def picture_models(self, *asked: Any) -> Generator[Progress, None, Any]:
        return self._note(*asked)

    def vector_of_model(self, spec: VectorSpec) -> Generator[Progress, None, Any]:
        return self._note(None, spec)


@pytest.fixture
def engine(tmp_path: Path) -> NotingEngine:
    return NotingEngine(tmp_path)


@pytest.fixture
def endpoints(engine: NotingEngine) -> dict[str, Callable[..., Any]]:
    with gr.Blocks() as app:
        add_api(engine, OWNER)
    return {str(one.api_name): one.fn for one in app.fns.values() if one.fn is not None}


def ask(endpoint: Callable[..., Any], asked: dict[str, Any]) -> None:
    parameters = inspect.signature(endpoint).parameters
    assert set(parameters) == set(asked), "every parameter is tried"
    assert all(asked[name] != parameter.default for name, parameter in parameters.items())
    with pytest.raises(gr.Error, match="only noted"):
        endpoint(**asked)


def test_a_comparison_is_asked_for_as_it_was_sent(
    engine: NotingEngine, endpoints: dict[str, Callable[..., Any]]
) -> None:
    ask(endpoints["compare"], PLACES | COMPARE)
    expected: dict[str, Any] = COMPARE | {
        "scorer": scorer_from_text("words:joy"),
        "also": (("tense", 0.2), ("size", -0.1)),
        "other_layers": (2, 3),
    }
    assert engine.noted == [Models(**PLACES), SteerSpec(**expected)]  # type: ignore[arg-type]


def test_an_evaluation_is_asked_for_as_it_was_sent(
    engine: NotingEngine, endpoints: dict[str, Callable[..., Any]]
) -> None:
    ask(endpoints["evaluate"], PLACES | EVALUATE)
    settings = EvaluationSettings(
        strengths=(-0.5, 0.0, 0.75), prompts=5, random_seeds=6, other_concepts=1, reading="token-2",
        readout="probability", method="principal-component", whiten=True, generate=True,
        scorer=scorer_from_text("words:joy"), whole_texts=True,
    )  # fmt: skip
    spec = EvidenceSpec(concepts=("mood", "size"), settings=settings, corpus="everyday", tokens=1234)
    assert engine.noted == [Models(**PLACES), spec]  # type: ignore[arg-type]


def test_a_fit_is_asked_for_as_it_was_sent(engine: NotingEngine, endpoints: dict[str, Callable[..., Any]]) -> None:
    ask(endpoints["fit"], PLACES | FIT)
    assert engine.noted == [Models(**PLACES), FitSpec(**FIT)]  # type: ignore[arg-type]


@pytest.mark.parametrize("endpoint", ["check", "calibrate"])
def test_a_concept_is_looked_at_as_it_was_sent(
    engine: NotingEngine, endpoints: dict[str, Callable[..., Any]], endpoint: str
) -> None:
    ask(endpoints[endpoint], PLACES | {"concept": "mood"} | FINDING)
    assert engine.noted == [Models(**PLACES), SteerSpec(concept="mood", **FINDING)]  # type: ignore[arg-type]


def test_layers_are_suggested_as_it_was_sent(engine: NotingEngine, endpoints: dict[str, Callable[..., Any]]) -> None:
    ask(
        endpoints["suggest_layers"],
        {"small": "one", "large": "two", "concepts": ["mood"], "corpus": "everyday", "tokens": 4321},
    )
    assert engine.noted == [Models(small="one", large="two"), (["mood"], "everyday", 4321)]


def test_a_basis_is_asked_for_as_it_was_sent(engine: NotingEngine, endpoints: dict[str, Callable[..., Any]]) -> None:
    ask(endpoints["basis"], PLACES | {"directions": 3, "tokens": 4321, "corpus": "everyday"})
    assert engine.noted == [Models(**PLACES), ("everyday", 3, 4321)]  # type: ignore[arg-type]


def test_a_picture_is_asked_for_as_it_was_sent(engine: NotingEngine, endpoints: dict[str, Callable[..., Any]]) -> None:
    umap = {"neighbours": 5, "min_dist": 0.5, "seed": 3}
    ask(endpoints["space"], PLACES | {"concept": "mood", "points": 7, "layout": "umap", "dims": 3} | umap)
    assert engine.noted == [Models(**PLACES), SpaceSettings("mood", 7, "umap", 3, 5, 0.5, 3)]  # type: ignore[arg-type]


def test_a_vector_is_asked_for_as_it_was_sent(engine: NotingEngine, endpoints: dict[str, Callable[..., Any]]) -> None:
    ask(endpoints["vector"], {"model": "one", "concept": "mood", "layer": 3, "values": True} | FINDING)
    expected: dict[str, Any] = {"model": "one", "concept": "mood", "layer": 3} | FINDING
    assert engine.noted == [None, VectorSpec(**expected)]


def test_a_vector_is_mapped_as_it_was_sent(engine: NotingEngine, endpoints: dict[str, Callable[..., Any]]) -> None:
    through = {"estimator": "procrustes", "as_in_paper": True, "values": True}
    ask(endpoints["transfer"], PLACES | {"concept": "mood"} | FINDING | through)
    spec = SteerSpec(concept="mood", as_in_paper=True, **FINDING)  # type: ignore[arg-type]
    assert engine.noted == [Models(**PLACES), (spec, "procrustes")]  # type: ignore[arg-type]


def test_every_study_of_the_library_and_of_the_command_line_is_an_endpoint(
    endpoints: dict[str, Callable[..., Any]],
) -> None:
    renamed = {"fit_map": "fit", "layer_grid": "fit", "project": "space", "find_vector": "vector"}
    # What takes objects of this process, or what an earlier call has left on the disk of who asks.
    of_python = {"dose_response", "control_maps", "solve_pair"}
    studies = {
        name for name in vars(steps) if name in lrt_explorer.__all__ and inspect.isfunction(getattr(steps, name))
    }
    studies = {name for name in studies if "Generator" in str(inspect.signature(getattr(steps, name)))}
    assert studies > {"compare", "evaluate", "check", "basis"}
    # In Python a map does it itself: `FittedMap.transfer`.
    by_objects = {"transfer"}
    offered = set(endpoints) - {"pairs", "choices"}
    assert {renamed.get(name, name) for name in studies - of_python} | by_objects == offered
    (commands,) = [one for one in build_parser()._actions if isinstance(one, argparse._SubParsersAction)]
    # One starts the server, two make what ships, and one what all visitors begin with, which no visitor may choose.
    assert set(commands.choices) - {"serve", "tinyworld", "bundle", "examples"} <= set(endpoints)


def test_no_endpoint_lists_by_hand_what_a_table_holds(endpoints: dict[str, Callable[..., Any]]) -> None:
    names = [name for table in TABLES.values() for name in table if "-" in name]
    assert len(names) > 5
    for file in (ROOT / "lrt_explorer" / "ui").glob("*endpoints.py"):
        source = file.read_text(encoding="utf-8")
        assert [name for name in names if name in source] == [], file.name
    said = {name: get_function_description(endpoint)[1] for name, endpoint in endpoints.items()}
    assert all(name in said["fit"]["method"] for name in ESTIMATORS)
    assert all(name in said["compare"]["arms"] for name in OFFERED)
    assert all(name in said["check"]["reading"] for name in (*READINGS, "token-K"))


def test_the_page_for_programs_names_every_endpoint(endpoints: dict[str, Callable[..., Any]]) -> None:
    page = (ROOT / "docs" / "agents.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `/(\w+)` \|", page, flags=re.M)) == sorted(endpoints)


def test_every_endpoint_says_what_it_and_each_of_its_arguments_is(endpoints: dict[str, Callable[..., Any]]) -> None:
    for name, endpoint in endpoints.items():
        does, said, _ = get_function_description(endpoint)
        assert does.endswith((".", "?")), name
        # Gradio reads one line of each, so one without a full stop was cut off.
        assert [argument for argument, words in said.items() if not words.endswith(".")] == [], name
