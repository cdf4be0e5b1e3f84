"""The app's endpoints, the command line and Python give the same numbers to the last digit."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
import torch

import lrt_explorer as lrt
from lrt_explorer.cli import main
from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import assets_home
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.ui.screen import create_app
from lrt_explorer.workbench.fitting import FitSpec, fit_document
from lrt_explorer.workbench.presets import pairs_document
from lrt_explorer.workbench.requests import Models, fit_models
from lrt_explorer.workbench.workbench import Workbench
from tests.study.evaluation.suite import ANIMALS
from tests.study.tiny import CONCEPT, large, other, small, texts

SAVED, SHIPPED, MOMENTS, NOTHING = "saved", "shipped", "only in moments", "not there yet"
TINY, OTHER, DEMO = ("small", "large"), ("other", "large"), ("tinyworld-xs", "tinyworld-s")
WHERE_THEY_DIFFER = ("seconds", "artifact", "out")
"""How long it took, and where it was kept: no numbers of the study."""


@dataclass(frozen=True)
class Request:
    """What is asked for, by the names that the endpoint gives it; the command has the same names as options."""

    study: str
    pair: tuple[str, str]
    map: str
    asked: dict[str, Any] = field(default_factory=dict)
    layers: tuple[int, int] | None = None


REQUESTS = [
    Request("compare", TINY, SAVED, {"concept": "mood"}, (1, 2)),
    Request("compare", TINY, MOMENTS, {"concept": "mood", "prompt": "Tom ran and felt", "seed": 3}, (0, 1)),
    Request("compare", OTHER, SAVED, {"concept": "animals", "reading": "last-token", "temperature": 0.0}, (2, 1)),
    Request("compare", TINY, NOTHING, {"concept": "mood", "strength": 0.4, "scorer": "words:sea,old/sad"}, (2, 2)),
    Request("compare", OTHER, MOMENTS, {"concept": "mood", "as_in_paper": True, "max_new_tokens": 12}, (1, 2)),
    Request("compare", DEMO, SHIPPED, {"concept": "register"}),
    Request(
        "compare",
        DEMO,
        SHIPPED,
        {"concept": "mood", "arms": ["native", "shuffled map", "other concept", "as in the paper", "prompt"]},
    ),
    Request("compare", TINY, SAVED, {"concept": "mood", "arms": ["transferred", "other layers"]}, (1, 2)),
    Request("compare", TINY, NOTHING, {"concept": "mood", "arms": ["other layers"], "other_layers": "2-0"}, (1, 2)),
    Request("compare", TINY, NOTHING, {"concept": "mood", "arms": ["random", "prompt"]}, (1, 2)),
    Request("compare", DEMO, SHIPPED, {"concept": "mood", "equal_cost": True, "strength": -0.3, "max_new_tokens": 8}),
    Request("compare", DEMO, SHIPPED, {"concept": "mood", "also": "tense:-0.2,register:0.1", "per_token": True}),
    Request("compare", DEMO, MOMENTS, {"concept": "mood", "whiten": True, "method": "principal-component"}, (1, 1)),
    Request("evaluate", TINY, SAVED, {"concepts": ["mood"], "prompts": 4, "tokens": 4000}, (1, 2)),
    Request("evaluate", OTHER, MOMENTS, {"prompts": 3, "strengths": [-0.5, 0.5], "seeds": 2, "tokens": 4000}, (1, 2)),
    Request("evaluate", TINY, SAVED, {"concepts": ["mood"], "readout": "probability", "prompts": 3, "tokens": 4000}),
    Request("evaluate", DEMO, SHIPPED, {"concepts": ["mood"], "prompts": 4, "tokens": 4000}),
    Request("fit", TINY, NOTHING, {"tokens": 4000, "method": "reduced-rank"}, (1, 2)),
    Request("fit", DEMO, NOTHING, {"tokens": 4000}),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Tiny models as folders, and assets with their concepts beside everything that ships for the demo family."""
    home = tmp_path_factory.mktemp("faces")
    tiny: dict[str, LanguageModel] = {"small": small(), "large": large(), "other": other()}
    for name, lm in tiny.items():
        lm.model.save_pretrained(home / name)
        lm.tokenizer.save_pretrained(home / name)
    assets = home / "assets"
    assets.mkdir()
    for part in assets_home().iterdir():
        if part.name not in ("concepts-real", "corpus"):
            (assets / part.name).symlink_to(part)
    for concept in (CONCEPT, ANIMALS):
        write_contrast(assets / "concepts-real" / f"{concept.name}.jsonl", concept)
    shutil.copytree(assets_home() / "corpus", assets / "corpus")
    (assets / "corpus" / "everyday.txt").write_text("\n".join(texts(100)) + "\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRT_EXPLORER_ASSETS", str(assets))
        yield {name: str(home / name) for name in tiny}


@pytest.fixture(scope="module")
def app(places: dict[str, str]) -> gr.Blocks:
    return create_app(Workbench())


def models(request: Request, places: dict[str, str]) -> Models:
    first, second = (places.get(name, name) for name in request.pair)
    small_layer, large_layer = request.layers or (None, None)
    return Models(small=first, large=second, small_layer=small_layer, large_layer=large_layer)


def prepare(request: Request, places: dict[str, str], home: Path) -> None:
    """The data folder as an earlier fit left it."""
    if request.map in (SAVED, MOMENTS):
        # Only what is solved from moments leaves any.
        method = "ridge" if request.map == MOMENTS else None
        finish(fit_models(models(request, places), FitSpec(tokens=3000, concepts=(), method=method)))
    if request.map == MOMENTS:
        shutil.rmtree(home / "maps")


def by_endpoint(request: Request, places: dict[str, str], app: gr.Blocks) -> dict[str, Any]:
    (answer,) = [fn.fn for fn in app.fns.values() if fn.api_name == request.study]
    assert answer is not None
    at = models(request, places)
    result: dict[str, Any] = answer(
        small=at.small, large=at.large, small_layer=at.small_layer, large_layer=at.large_layer, **request.asked
    )
    return result


def by_command(request: Request, places: dict[str, str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    at = models(request, places)
    options = [] if request.layers is None else [f"--small-layer={at.small_layer}", f"--large-layer={at.large_layer}"]
    for name, value in request.asked.items():
        option = f"--{name.replace('_', '-')}"
        match value:
            case True:
                options.append(option)
            case list() if name in ("concepts", "arms"):
                options += [option, ",".join(value)]
            case list():
                options += [option, *map(str, value)]
            case _:
                options.append(f"{option}={value}")
    code = main([request.study, str(at.small), str(at.large), *options, "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    result: dict[str, Any] = json.loads(out)
    return result


def by_library(request: Request, places: dict[str, str]) -> dict[str, Any]:
    at, asked = models(request, places), dict(request.asked)
    match request.study:
        case "compare":
            return lrt.compare(at.small, at.large, layers=request.layers, **asked).document()
        case "evaluate":
            named = {"seeds": "random_seeds", "others": "other_concepts"}
            keywords = {named.get(name, name): value for name, value in asked.items()}
            return lrt.evaluate(at.small, at.large, layers=request.layers, **keywords).document()
        case _:
            document = fit_document(finish(fit_models(at, FitSpec(**asked))))
            # Its own result is the map, which must be the one that the document speaks of.
            fitted = lrt.fit_map(at.small, at.large, layers=request.layers, **asked)
            assert fitted.scores is not None
            described = document["pairs"][0]
            found = {name: getattr(fitted.scores, name) for name in ("r2", "r2_ends", "cka", "direction_cosine")}
            # The random models of the tiny house come with too few prompts to score anything.
            assert (found["r2_ends"] is not None) is request.pair[0].startswith("tinyworld")
            assert found == {name: described[name] for name in found}
            assert str(fitted.folder) == document["artifact"]
            return document


def numbers(document: dict[str, Any]) -> dict[str, Any]:
    """The document as other programs read it, without where and when."""
    read: dict[str, Any] = json.loads(json.dumps(document, allow_nan=False))
    return {name: value for name, value in read.items() if name not in WHERE_THEY_DIFFER}


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda r: f"{r.study} {r.pair[0]} {r.map}")
def test_three_faces_give_the_same_numbers(
    request_: Request,
    places: dict[str, str],
    app: gr.Blocks,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = tmp_path / "before"
    monkeypatch.setenv("LRT_EXPLORER_HOME", str(before))
    before.mkdir()
    prepare(request_, places, before)
    faces: dict[str, Callable[[], dict[str, Any]]] = {
        "endpoint": lambda: by_endpoint(request_, places, app),
        "command": lambda: by_command(request_, places, capsys),
        "library": lambda: by_library(request_, places),
    }
    found = {}
    for face, ask in faces.items():
        # Each has a data folder of its own, so that none finds what another has kept.
        monkeypatch.setenv("LRT_EXPLORER_HOME", str(shutil.copytree(before, tmp_path / face)))
        found[face] = numbers(ask())
        solved = (tmp_path / face / "maps" / "solved").is_dir()
        assert request_.study == "fit" or solved == (request_.map == MOMENTS), (
            "the map did not come from where this request says"
        )
    assert found["endpoint"] == found["library"]
    assert found["command"] == found["library"]


def test_another_setting_gives_other_numbers(places: dict[str, str], app: gr.Blocks) -> None:
    """So that equality above says something."""
    asked = {"concept": "mood", "strength": 0.4, "max_new_tokens": 4}
    one = by_endpoint(Request("compare", TINY, NOTHING, asked, (1, 2)), places, app)
    two = by_library(Request("compare", TINY, NOTHING, asked | {"strength": 0.41}, (1, 2)), places)
    three = by_library(Request("compare", TINY, NOTHING, asked, (1, 3)), places)
    assert numbers(one) != numbers(two) != numbers(three)


def test_one_concept_alone_has_the_controls_that_it_has_among_others(places: dict[str, str]) -> None:
    asked = {"prompts": 3, "seeds": 1, "strengths": [-0.5, 0.5], "tokens": 4000}
    alone = by_library(Request("evaluate", TINY, NOTHING, asked | {"concepts": ["mood"]}, (1, 2)), places)
    both = by_library(Request("evaluate", TINY, NOTHING, asked, (1, 2)), places)
    (among,) = [concept for concept in both["concepts"] if concept["name"] == "mood"]
    arms = {arm["name"]: arm for arm in alone["concepts"][0]["arms"]}
    assert arms["other concept"]["directions"] == ["other concept: animals"]
    assert alone["concepts"][0]["arms"] == among["arms"]


def test_the_app_and_the_command_line_list_the_same_pairs(app: gr.Blocks, capsys: pytest.CaptureFixture[str]) -> None:
    (answer,) = [fn.fn for fn in app.fns.values() if fn.api_name == "pairs"]
    assert answer is not None
    assert main(["pairs", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert numbers(answer()) == listed == pairs_document()
    assert {"name", "small", "large", "available", "concepts"} <= set(listed["pairs"][0])
    assert {"name", "parameters", "layers", "width", "where"} <= set(listed["models"][0])
    assert [concept["name"] for concept in listed["concepts"]] == listed["pairs"][0]["concepts"] != []


def test_the_command_line_and_python_find_the_same_vector(
    places: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, how = tmp_path / "v.safetensors", ("--reading", "last-token", "--method", "principal-component", "--whiten")
    assert main(["vector", places["small"], "--layer=1", "--concept=mood", f"--out={file}", *how, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    found = lrt.find_vector(places["small"], "mood", 1, reading="last-token", method="principal-component", whiten=True)
    saved = lrt.load_vector(file)
    assert torch.equal(saved.values, found.values.float())
    assert (saved.method, saved.reading, said["norm"]) == (found.method, found.reading, float(found.values.norm()))


def test_the_command_line_and_python_find_the_same_basis(
    places: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    pair = (places["small"], places["large"])
    assert main(["basis", *pair, "--small-layer=1", "--large-layer=2", "--top=2", "--tokens=4000", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    found = lrt.basis(*pair, layers=(1, 2), directions=2, tokens=4000)
    assert printed == json.loads(json.dumps(asdict(found)))
