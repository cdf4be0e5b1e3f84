"""The path that people take with real models: fit, vectors, transfer, compare, evaluate, and the app over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFReader
from gradio_client import Client

from lrt_explorer.cli import main
from lrt_explorer.store import load_vector
from lrt_explorer.ui.launch import serve
from lrt_explorer.workbench.workbench import Workbench
from tests.real.conftest import RealPair

SMALL_LAYER, LARGE_LAYER = 17, 10
STRENGTH = 0.4
PROMPT = "I saw the film with my sister. All in all it was"


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("real")


def command(capsys: pytest.CaptureFixture[str], *arguments: object) -> Any:
    assert main([*map(str, arguments), "--json"]) == 0, capsys.readouterr().err
    return json.loads(capsys.readouterr().out)


def test_a_map_is_fitted_at_the_default_layers(pair: RealPair, capsys: pytest.CaptureFixture[str]) -> None:
    fitted = command(capsys, "fit", *pair.names, "--tokens", 3000)
    (one,) = fitted["pairs"]
    assert (one["small_layer"], one["large_layer"]) == (SMALL_LAYER, LARGE_LAYER)
    assert fitted["coverage"] > 0.9
    assert one["r2"] > 0.2


def test_a_vector_found_in_one_is_mapped_for_the_other_s_file(
    pair: RealPair, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = out / "sentiment.safetensors"
    command(capsys, "vector", pair.small, "--layer", SMALL_LAYER, "--concept", "sentiment", "--out", found)
    fitted = command(capsys, "fit", *pair.names, "--tokens", 3000, "--out", out / "map")
    mapped = out / "mapped.gguf"
    command(capsys, "transfer", "--map", fitted["artifact"], "--vector", found, "--out", mapped)
    reader = GGUFReader(mapped)
    hint = reader.get_field("controlvector.model_hint")
    assert hint is not None and hint.contents() == "gemma3"
    (tensor,) = reader.tensors
    assert (tensor.name, tensor.data.shape) == (f"direction.{LARGE_LAYER}", (640,))
    assert load_vector(mapped).fingerprint


def test_arms_are_compared_at_the_strength_that_suits(pair: RealPair, capsys: pytest.CaptureFixture[str]) -> None:
    written = command(capsys, "compare", *pair.names, "--concept", "sentiment", "--prompt", PROMPT)
    texts = {arm["name"]: arm["text"] for arm in written["arms"]}
    readouts = {arm["name"]: arm["readout"] for arm in written["arms"]}
    assert all(text.strip() for text in texts.values())
    assert texts["native"] != texts["unsteered"] != texts["transferred"]
    assert readouts["native"] > readouts["unsteered"] < readouts["transferred"]


def test_evidence_is_gathered(pair: RealPair, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    neutral = out / "neutral.txt"
    neutral.write_text("The train to the coast leaves at\nMost houses in the village are\n", encoding="utf-8")
    few = ["--prompts", 3, "--strengths", -STRENGTH, STRENGTH, "--seeds", 1, "--others", 0, "--tokens", 2000]
    where = ["--neutral", neutral, "--out", out / "evidence", "--report", out / "report.html"]
    document = command(capsys, "evaluate", *pair.names, "--concepts", "sentiment", *few, *where)
    (concept,) = document["concepts"]
    assert concept["name"] == "sentiment"
    slopes = {arm["name"]: arm["slope"] for arm in concept["arms"]}
    assert slopes["native"] > 0 < slopes["transferred"]
    assert (out / "report.html").stat().st_size > 10_000


@pytest.fixture(scope="module")
def url(data_folder_of_the_session: Path) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LRT_EXPLORER_HOME", str(data_folder_of_the_session))
        app = serve(Workbench(), "127.0.0.1", None)
        yield str(app.local_url)
        app.close()


def test_the_app_opens_the_files_and_compares(pair: RealPair, url: str) -> None:
    client = Client(url, verbose=False)
    written = client.predict(*pair.names, "sentiment", PROMPT, max_new_tokens=16, api_name="/compare")
    assert [bool(arm["text"].strip()) for arm in written["arms"]] == [True] * len(written["arms"])
    assert {"unsteered", "native", "transferred"} <= {arm["name"] for arm in written["arms"]}
