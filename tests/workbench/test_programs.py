"""Endpoints beyond compare, evaluate and fit give what Python gives, as JSON, and come through the same door."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

import lrt_explorer as lrt
from lrt_explorer.cli import main
from lrt_explorer.errors import LRTError
from lrt_explorer.ui.screen import create_app
from lrt_explorer.workbench.hosting import Hosting
from lrt_explorer.workbench.workbench import Workbench

PAIR = {"small": "tinyworld-xs", "large": "tinyworld-s"}
MODELS = ("tinyworld-xs", "tinyworld-s")


@pytest.fixture(scope="module")
def app() -> gr.Blocks:
    return create_app(Workbench())


def ask(app: gr.Blocks, endpoint: str, **asked: Any) -> Any:
    """What an endpoint gives, as it arrives."""
    (answer,) = [event.fn for event in app.fns.values() if event.api_name == endpoint]
    assert answer is not None
    return json.loads(json.dumps(answer(**asked), allow_nan=False))


def as_json(document: Any) -> Any:
    return json.loads(json.dumps(document))


def test_a_check(app: gr.Blocks) -> None:
    assert ask(app, "check", **PAIR, concept="register") == as_json(asdict(lrt.check(*MODELS, "register")))


def test_a_calibration(app: gr.Blocks) -> None:
    found = ask(app, "calibrate", **PAIR, concept="mood")
    assert found == as_json(asdict(lrt.calibrate(*MODELS, "mood"))) and found["first"] > 0


def test_a_vector(app: gr.Blocks) -> None:
    found = ask(app, "vector", model=MODELS[0], concept="mood", layer=1, values=True)
    vector = lrt.find_vector(MODELS[0], "mood", 1)
    assert found["values"] == pytest.approx(vector.values.tolist(), rel=1e-5) and found["layer"] == 1
    assert "values" not in ask(app, "vector", model=MODELS[0], concept="mood", layer=1)


def test_a_transfer(app: gr.Blocks, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fitted = lrt.fit_map(*MODELS, tokens=4000)
    layers = {"small_layer": fitted.info.small_layer, "large_layer": fitted.info.large_layer}
    how: dict[str, Any] = {"reading": "last-token", "whiten": True}
    files = {name: tmp_path / f"{name}.safetensors" for name in ("vector", "out")}
    vector = lrt.find_vector(MODELS[0], "mood", fitted.info.small_layer, **how)
    for as_in_paper in (False, True):
        found = ask(app, "transfer", **PAIR, concept="mood", **how, as_in_paper=as_in_paper, values=True)
        mapped = fitted.transfer(vector, as_in_paper=as_in_paper)
        assert found.pop("values") == mapped.values.tolist()
        assert {name: found[name] for name in layers} == layers and found["concept"] == "mood"
        lrt.save_vector(files["vector"], vector)
        options = [f"--map={fitted.folder}", *(f"--{name}={file}" for name, file in files.items())]
        capsys.readouterr()
        assert main(["transfer", *options, *["--as-in-paper"] * as_in_paper, "--json"]) == 0
        printed = json.loads(capsys.readouterr().out)
        assert {name: value for name, value in printed.items() if name != "artifact"} == found
        assert lrt.load_vector(files["out"]).values.tolist() == mapped.values.tolist()
    assert "values" not in ask(app, "transfer", **PAIR, concept="mood")


def test_a_transfer_through_another_estimator_leaves_the_usual_map(app: gr.Blocks) -> None:
    usual = ask(app, "transfer", **PAIR, concept="mood", values=True)
    other = ask(app, "transfer", **PAIR, concept="mood", estimator="procrustes", values=True)
    assert "procrustes" in other["mapped_from"] and "procrustes" not in usual["mapped_from"]
    assert other["values"] != usual["values"]
    assert ask(app, "transfer", **PAIR, concept="mood", values=True) == usual
    with pytest.raises((gr.Error, LRTError), match="there is no estimator 'magic'; choose one of ridge, "):
        ask(app, "transfer", **PAIR, concept="mood", estimator="magic")


def test_a_basis(app: gr.Blocks) -> None:
    found = ask(app, "basis", **PAIR, directions=2, tokens=4000)
    assert found == as_json(asdict(lrt.basis(*MODELS, directions=2, tokens=4000))) and len(found["directions"]) == 2


def test_a_picture(app: gr.Blocks) -> None:
    found = ask(app, "space", **PAIR, concept="mood", points=20)
    picture = lrt.project(*MODELS, "mood", points=20)
    assert found["coords"] == picture.coords.tolist() and found["token"] == list(picture.token)
    assert [arrow["name"] for arrow in found["arrows"]] == ["native", "transferred"] and found["angle"]


def test_without_a_concept_the_one_that_the_page_opens_with_is_meant(app: gr.Blocks) -> None:
    opening = Workbench().concepts(None)[0].name
    pair = ("tinyworld-s", "tinyworld-l")
    named = lrt.project(*pair, opening, points=20)
    assert lrt.project(*pair, points=20).coords.tolist() == named.coords.tolist()
    assert ask(app, "space", small=pair[0], large=pair[1], points=20)["coords"] == named.coords.tolist()
    other = next(card.name for card in Workbench().concepts(None)[1:])
    assert lrt.project(*pair, other, points=20).coords.tolist() != named.coords.tolist()


def test_layers(app: gr.Blocks) -> None:
    found = ask(app, "suggest_layers", **PAIR, concepts=["mood"], tokens=3000)
    best = found["candidates"][0]
    assert (found["small_layer"], found["large_layer"]) == (best["small_layer"], best["large_layer"])
    assert best["score"] == max(one["score"] for one in found["candidates"]) and found["reason"]


@pytest.mark.parametrize(
    ("endpoint", "asked", "said"),
    [
        ("check", {**PAIR, "small": "/etc", "concept": "mood"}, "there is no model '/etc' on this server"),
        ("calibrate", {**PAIR, "concept": "/etc/passwd"}, "there is no concept"),
        ("transfer", {**PAIR, "large": "/etc", "concept": "mood"}, "there is no model '/etc' on this server"),
        ("transfer", {**PAIR, "concept": "/etc/passwd"}, "there is no concept"),
        ("vector", {"model": "gpt2", "concept": "mood", "layer": 0}, "there is no model 'gpt2' on this server"),
        ("basis", {**PAIR, "corpus": "/etc/passwd"}, "there is no corpus"),
        ("basis", {**PAIR, "directions": 41}, "the number of directions must be 1 to 40"),
        ("suggest_layers", {**PAIR, "corpus": "wikitext"}, "there is no corpus"),
        ("space", {**PAIR, "points": 10_001}, "the number of token pairs in Space must be"),
    ],
)
def test_strangers_come_through_the_same_door(endpoint: str, asked: dict[str, Any], said: str) -> None:
    app = create_app(Workbench(hosting=Hosting(hosted=True, models=MODELS)))
    with pytest.raises((gr.Error, LRTError), match=said):
        ask(app, endpoint, **asked)
