"""The command line end to end on tiny models: its JSON, its exit codes, and one clear line for each mistake."""

import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

import lrt_explorer as lrt
from lrt_explorer.cli import build_parser, main
from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.concepts.vectors import SteeringVector
from lrt_explorer.lm.cache import CAPACITY, ModelCache
from lrt_explorer.lm.cache import models as cached
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import data_home, load_map, load_vector, write_gguf
from lrt_explorer.study.ground import known
from lrt_explorer.study.steering.brought import Side
from lrt_explorer.workbench import choose_openings
from lrt_explorer.workbench.hosting import OPTIONS, Hosting
from tests.study.fitting.test_layers import without_vectors
from tests.study.tiny import CONCEPT, large, other, small, texts


def save(lm: LanguageModel, folder: Path) -> Path:
    lm.model.save_pretrained(folder)
    lm.tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Both tiny models, and the assets with one concept."""
    home = tmp_path_factory.mktemp("models")
    for name, lm in (("small", small()), ("large", large())):
        save(lm, home / name)
    for folder in ("concepts", "concepts-real"):
        write_contrast(home / "assets" / folder / "mood.jsonl", CONCEPT)
    (home / "assets" / "corpus").mkdir(parents=True)
    (home / "assets" / "corpus" / "everyday.txt").write_text("\n".join(texts(200)), encoding="utf-8")
    return {name: str(home / name) for name in ("small", "large", "assets")}


@pytest.fixture(scope="module")
def models_of_these_assets() -> ModelCache:
    return ModelCache(CAPACITY)


@pytest.fixture(autouse=True)
def assets(folders: dict[str, str], models_of_these_assets: ModelCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other assets, and the models of these: a name may stand for another model that another test has loaded."""
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", folders["assets"])
    monkeypatch.setattr("lrt_explorer.lm.cache._MODELS", models_of_these_assets)


Run = Any


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command that must succeed, and give back its JSON."""

    def command(*arguments: str) -> dict[str, Any]:
        code = main([*arguments, "--json"])
        out, err = capsys.readouterr()
        assert code == 0, err
        result: dict[str, Any] = json.loads(out)
        return result

    return command


@pytest.fixture
def fail(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command that must fail with one clear line, and give that line back."""

    def command(*arguments: str) -> str:
        assert main(arguments) == 1
        out, err = capsys.readouterr()
        assert out == "" and "Traceback" not in err
        line = err.strip().splitlines()[-1]
        assert line.startswith("error: ") and "this should not happen" not in line
        return line

    return command


def fitted(run: Run, folders: dict[str, str], *more: str) -> dict[str, Any]:
    result: dict[str, Any] = run("fit", folders["small"], folders["large"], "--tokens", "3000", *more)
    return result


def test_pairs_lists_what_is_known(run: Run) -> None:
    result = run("pairs")
    assert {"name", "small", "large", "available"} <= set(result["pairs"][0])
    assert {"name", "parameters", "layers", "width", "where"} <= set(result["models"][0])
    assert not any(pair["available"] for pair in result["pairs"])  # these assets hold no models
    licences = {model["name"]: model["licence"] for model in result["models"]}
    assert (licences["smollm2-135m"], licences["gemma-3-1b"]) == ("Apache-2.0", "Gemma terms")


def test_fit_says_all_that_was_promised_and_keeps_the_map(run: Run, folders: dict[str, str]) -> None:
    result = fitted(run, folders, "--small-layer", "1", "--large-layer", "2")
    assert {"small", "large", "method", "tokens_used", "tokens_left_out", "coverage", "seconds"} <= set(result)
    (pair,) = result["pairs"]
    assert {"small_layer", "large_layer", "r2", "cka", "reachable_share", "direction_cosine", "lambda"} <= set(pair)
    assert {"r2_standardised", "cka_standardised", "largest_dimension_small", "largest_dimension_large"} <= set(pair)
    assert set(pair["outlier_dimensions"]) == {"small", "large"} and result["warnings"] == []
    assert (pair["small_layer"], pair["large_layer"], result["tokens_used"]) == (1, 2, 3000)
    _, info = load_map(Path(result["artifact"]))
    assert info.r2 == pair["r2"] and Path(result["artifact"]).is_relative_to(data_home())
    assert info.r2_standardised == pair["r2_standardised"] and pair["r2_standardised"] != pair["r2"]
    names = ("direction_cosine_relabelled", "direction_cosine_standardised_relabelled")
    compared = fitted(run, folders, "--small-layer", "1", "--large-layer", "2", "--concepts", "all")["pairs"][0]
    assert all(0 < compared[name] < 1 for name in names)
    every = fitted(run, folders, "--all-layers", "--concepts", "all")["pairs"]
    assert len(every) > 1 and all(0 < one[name] < 1 for one in every for name in names)
    (same,) = [one for one in every if (one["small_layer"], one["large_layer"]) == (1, 2)]
    assert [same[name] for name in names] == pytest.approx([compared[name] for name in names])


def test_fit_reads_the_concepts_it_was_asked_for_and_no_others(
    run: Run, fail: Run, folders: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = ("--small-layer", "1", "--large-layer", "2")
    with monkeypatch.context() as patch:
        patch.setattr(known, "read_known", lambda *_, **named: pytest.fail("a concept was read"))
        result = fitted(run, folders, *layers)
    assert result["concepts"] == [] and result["pairs"][0]["direction_cosine"] is None
    own = tmp_path / "own.jsonl"
    write_contrast(own, replace(CONCEPT, name="own"))
    for asked, names in (("all", ["mood"]), (f"mood,{own}", ["mood", "own"]), ("none", [])):
        result = fitted(run, folders, *layers, "--concepts", asked)
        assert result["concepts"] == names and result["pairs"][0]["concepts"] == len(names)
    assert "there is no concept 'joy'" in fail("fit", folders["small"], folders["large"], "--concepts", "joy")


def test_fit_takes_what_the_large_model_writes_and_says_what_it_left_out(
    run: Run, folders: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in (*texts(), "")))
    models = [folders["small"], folders["large"]]
    result = run("fit", *models, "--corpus", f"self+{file}", "--tokens", "2000")
    assert result["tokens_used"] == 2000
    whole = [*models, "--corpus", str(file), "--tokens", "9999999"]
    assert run("fit", *whole)["left_out"] == ["1 empty document was left out"]
    assert main(["fit", *whole]) == 0
    assert "1 empty document was left out" in capsys.readouterr().out


def test_fit_of_all_layers_keeps_every_map(run: Run, folders: dict[str, str], tmp_path: Path) -> None:
    result = fitted(run, folders, "--all-layers", "--out", str(tmp_path / "maps"))
    assert len(result["pairs"]) == small().layers * large().layers
    for pair in result["pairs"]:
        _, info = load_map(Path(result["artifact"]) / f"{pair['small_layer']}-{pair['large_layer']}")
        assert info.r2 == pair["r2"]


def test_fit_of_all_layers_of_other_families_ends_well_and_names_what_gives_no_vector(
    run: Run,
    tmp_path: Path,
    folders: dict[str, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without_vectors(monkeypatch, lambda name, layer: name == "same" and layer == 0)
    write_contrast(tmp_path / "same.jsonl", replace(CONCEPT, name="same", suffix=" It was so."))
    models = [str(save(lm, tmp_path / lm.name)) for lm in (other(), large())]
    command = ("fit", *models, "--all-layers", "--tokens", "3000", "--concepts", f"{tmp_path / 'same.jsonl'},mood")
    result = run(*command)
    assert len(result["pairs"]) == other().layers * large().layers == 20
    for pair in result["pairs"]:
        at_first = 0 in (pair["small_layer"], pair["large_layer"])
        assert pair["concepts_left_out"] == (["same"] if at_first else []) and pair["concepts"] == 2 - at_first
        assert pair["direction_cosine"] is not None
    assert "read the same to" in result["concepts_left_out"]["same"]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "same is left out at 8 of 20 layer pairs: the texts of same read the same to" in shown


def test_a_vector_goes_through_the_map_as_it_does_in_the_studies(
    run: Run, folders: dict[str, str], tmp_path: Path
) -> None:
    artifact = fitted(run, folders, "--small-layer", "1", "--large-layer", "2")["artifact"]
    found = run(
        "vector", folders["small"], "--layer", "1", "--concept", "mood", "--out", str(tmp_path / "v.safetensors")
    )
    moved = run(
        "transfer", "--map", artifact, "--vector", found["artifact"], "--out", str(tmp_path / "moved.safetensors")
    )
    map, _ = load_map(Path(artifact))
    vector, mapped = load_vector(tmp_path / "v.safetensors"), load_vector(tmp_path / "moved.safetensors")
    assert torch.allclose(mapped.values, map.direction(vector.values), atol=1e-5)
    assert (mapped.layer, moved["small_layer"], moved["large_layer"], moved["width"]) == (2, 1, 2, large().width)


def test_compare_gives_four_arms_and_repeats_itself(run: Run, folders: dict[str, str]) -> None:
    fitted(run, folders, "--small-layer", "1", "--large-layer", "2")
    where = ("compare", folders["small"], folders["large"], "--small-layer", "1", "--large-layer", "2")
    sampled = ("--strength", "0.5", "--max-new-tokens", "8", "--temperature", "1", "--seed", "7")
    command = (*where, "--concept", "mood", *sampled)
    result = run(*command)
    assert {"small", "large", "small_layer", "large_layer", "concept", "prompt", "strength", "seed"} <= set(result)
    assert [arm["name"] for arm in result["arms"]] == ["unsteered", "native", "transferred", "random"]
    assert all({"name", "text", "score", "readout"} <= set(arm) for arm in result["arms"])
    assert result["seed"] == 7 and result["prompt"] == CONCEPT.prompts[0].text
    assert run(*command) == result
    own = run(*command, "--prompt", "Anna saw a cow and")
    assert own["prompt"] == "Anna saw a cow and" and own["arms"] != result["arms"]


def test_compare_takes_vectors_from_files_in_place_of_the_concepts(
    run: Run, fail: Run, folders: dict[str, str], tmp_path: Path
) -> None:
    fitted(run, folders, "--small-layer", "1", "--large-layer", "2")
    where = (folders["small"], folders["large"], "--small-layer", "1", "--large-layer", "2")
    asked = ("compare", *where, "--concept", "mood", "--strength", "0.5", "--max-new-tokens", "6")
    files: dict[Side, Path] = {"small": tmp_path / "a.safetensors", "large": tmp_path / "b.gguf"}
    at: dict[Side, str] = {"small": "1", "large": "2"}
    for side, layer in at.items():
        how = ("--layer", layer, "--concept", "mood", "--method", "principal-component", "--out", str(files[side]))
        run("vector", folders[side], *how)
    found = run(*asked, "--vector", str(files["large"]), "--vector", str(files["small"]))
    assert found["small_vector"] == found["large_vector"] == "mood (principal-component)"
    vectors: dict[Side, SteeringVector] = {side: load_vector(file) for side, file in files.items()}
    by_library = lrt.compare(
        folders["small"], folders["large"], "mood", layers=(1, 2), strength=0.5, max_new_tokens=6, vectors=vectors
    )
    assert found["arms"] == json.loads(json.dumps(by_library.document()["arms"])) != run(*asked)["arms"]
    twice = fail(*asked, "--vector", str(files["large"]), "--vector", str(files["large"]))
    assert "b.gguf and b.gguf are both" in twice and "give one of them" in twice
    assert "there is no file" in fail(*asked, "--vector", str(tmp_path / "gone.safetensors"))


def test_a_vector_that_does_not_say_whose_it_is_is_said_on_the_command_line(
    run: Run, fail: Run, folders: dict[str, str], tmp_path: Path
) -> None:
    fitted(run, folders, "--small-layer", "1", "--large-layer", "2")
    where = (folders["small"], folders["large"], "--small-layer", "1", "--large-layer", "2")
    asked = ("compare", *where, "--concept", "mood", "--strength", "0.5", "--max-new-tokens", "6")
    file = write_gguf(tmp_path / "happy.gguf", "llama", {2: torch.linspace(-1, 1, 32)}, {})
    said = fail(*asked, "--vector", str(file))
    assert "happy.gguf does not say whose vector it is" in said and "transferred=happy.gguf" in said
    plain = run(*asked)
    at: dict[Side, int] = {"large": 1, "transferred": 2}
    for side, arm in at.items():
        found = run(*asked, "--vector", f"{side}={file}")
        changed = [a["readout"] != b["readout"] for a, b in zip(found["arms"], plain["arms"], strict=True)]
        assert changed[arm] and sum(changed) == 1 and f"{side}_vector" in found
        by_library = lrt.compare(
            folders["small"], folders["large"], "mood", layers=(1, 2), strength=0.5, max_new_tokens=6,
            vectors={side: load_vector(file)},
        )  # fmt: skip
        assert json.loads(json.dumps(by_library.document()["arms"])) == found["arms"]
    assert "write small=, large= or transferred= before the file" in fail(*asked, "--vector", f"native={file}")


def test_compare_takes_any_arms_and_those_without_a_map_fit_none(
    run: Run, folders: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    where = ("compare", folders["small"], folders["large"], "--small-layer", "1", "--large-layer", "2")
    command = (*where, "--concept", "mood", "--strength", "0.5", "--max-new-tokens", "6")
    result = run(*command, "--arms", "prompt,native")
    assert [arm["name"] for arm in result["arms"]] == ["unsteered", "native", "prompt"]
    assert all(arm["perplexity"] > 0 <= arm["repetition"] for arm in result["arms"] if arm["text"].strip())
    assert not (data_home() / "maps").exists()
    assert main([*command, "--arms", "nothing-such"]) == 1
    assert "there is no arm 'nothing such' to compare; choose from unsteered, native" in capsys.readouterr().err


def test_compare_calibrates_its_strength_and_costs_alike_if_asked(run: Run, folders: dict[str, str]) -> None:
    fitted(run, folders, "--small-layer", "1", "--large-layer", "2")
    where = ("compare", folders["small"], folders["large"], "--small-layer", "1", "--large-layer", "2")
    command = (*where, "--concept", "mood", "--max-new-tokens", "4")
    plain, equal = run(*command), run(*command, "--equal-cost")
    assert plain["strength"] == equal["strength"] > 0
    assert {arm["strength"] for arm in plain["arms"]} == {0.0, plain["strength"]}
    assert len({arm["coefficient"] for arm in equal["arms"]}) == 4
    assert equal["arms"][1]["coefficient"] == plain["coefficient"]


def test_compare_without_a_map_fits_one_keeps_it_and_says_so(
    folders: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["compare", folders["small"], folders["large"], "--concept", "mood", "--strength", "0.5", "--json"]
    assert main([*command, "--max-new-tokens", "4"]) == 0
    first = capsys.readouterr()
    assert "no map from" in first.err and "fitting one on 20,000 tokens of everyday, to be saved in" in first.err
    (folder,) = (data_home() / "maps").rglob("artifact.json")
    assert str(folder.parent) in first.err and load_map(folder.parent)[1].corpus == "everyday"
    assert main([*command, "--max-new-tokens", "4"]) == 0
    second = capsys.readouterr()
    assert "no map" not in second.err and second.out == first.out


def test_compare_scores_and_finds_vectors_as_it_is_told(run: Run, fail: Run, folders: dict[str, str]) -> None:
    fitted(run, folders, "--small-layer", "1", "--large-layer", "2")
    where = ("compare", folders["small"], folders["large"], "--small-layer", "1", "--large-layer", "2")
    command = (*where, "--concept", "mood", "--strength", "0.5", "--max-new-tokens", "8")
    plain = run(*command)
    told = run(*command, "--scorer", "regex:^", "--method", "principal-component", "--whiten", "--reading", "token-2")
    assert [arm["score"] for arm in told["arms"]] == [1.0] * 4
    assert (told["method"], told["reading"]) == ("principal-component, whitened", "token-2")
    assert plain["method"] == "mean-difference"
    assert plain["arms"][1]["readout"] != told["arms"][1]["readout"]
    assert "is not a scorer" in fail(*command, "--scorer", "joy")
    assert "is not a way to read a vector" in fail(*command, "--reading", "middle")


def test_without_json_the_results_are_for_people(
    run: Run, folders: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    models = (folders["small"], folders["large"], "--small-layer", "1", "--large-layer", "2")
    assert main(["fit", *models, "--tokens", "3000"]) == 0
    out, err = capsys.readouterr()
    assert "1 → 2" in out and "held-out R²" in out and "loading" in err and "loading" not in out
    assert main(["compare", *models, "--concept", "mood", "--strength", "0.3", "--max-new-tokens", "4"]) == 0
    assert "transferred: score" in capsys.readouterr().out
    assert main(["pairs"]) == 0
    assert "tinyworld-s → tinyworld-l" in capsys.readouterr().out
    assert main(["tinyworld", "corpus", "--count", "2"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize("arguments", [[], ["fly"], ["fit", "a"], ["compare", "a", "b"]])
def test_wrong_usage_leaves_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    assert leaving.value.code == 2
    assert "usage: lrt-explorer" in capsys.readouterr().err


def test_models_that_are_none_are_refused(fail: Run, folders: dict[str, str], tmp_path: Path) -> None:
    assert "neither a preset, nor a folder, nor reachable" in fail("fit", "nobody/nothing", folders["large"])
    assert "no config.json" in fail("vector", str(tmp_path), "--layer", "0", "--concept", "mood")
    assert "the demo model tinyworld-s is not in" in fail("fit", "tinyworld-s", folders["large"])


def test_layers_and_corpora_that_are_not_there_are_refused(fail: Run, folders: dict[str, str], tmp_path: Path) -> None:
    models = (folders["small"], folders["large"])
    assert "blocks 0 to 2; choose one of these" in fail("fit", *models, "--small-layer", "9")
    assert "blocks 0 to 2; choose one of these" in fail("vector", folders["small"], "--layer", "9", "--concept", "mood")
    assert "there is no corpus" in fail("fit", *models, "--corpus", str(tmp_path / "absent.txt"))
    (tmp_path / "short.txt").write_text("A cow.\n")
    assert "too few pairs of tokens" in fail("fit", *models, "--corpus", str(tmp_path / "short.txt"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "write at least two pairs"),
        ('{"with": "a", "without": ""}\n' * 2, "line 1 of set.jsonl has no text under 'without'"),
        ("<html>", "line 1 of set.jsonl is neither JSON"),
    ],
)
def test_contrast_sets_without_contrast_are_refused(
    fail: Run, folders: dict[str, str], tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(content)
    assert said in fail("vector", folders["small"], "--layer", "1", "--concept", str(path))
    assert "there is no concept 'joy'" in fail("vector", folders["small"], "--layer", "1", "--concept", "joy")


def test_prompts_and_maps_that_do_not_fit_are_refused(
    fail: Run, run: Run, folders: dict[str, str], tmp_path: Path
) -> None:
    models = (folders["small"], folders["large"])
    rest = ("--concept", "mood", "--strength", "0.5")
    artifact = fitted(run, folders, "--out", str(tmp_path / "map"))["artifact"]
    assert "prompt is empty" in fail("compare", *models, "--map", artifact, *rest, "--prompt", " ")
    assert "shorten it" in fail("compare", *models, "--map", artifact, *rest, "--prompt", "cow " * 12_500)
    assert str(Path(folders["small"])) in fail("compare", *reversed(models), "--map", artifact, *rest)
    weights = Path(artifact) / "tensors.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    assert "damaged" in fail("compare", *models, "--map", artifact, *rest)
    assert "there is no saved map" in fail("compare", *models, "--map", str(tmp_path / "absent"), *rest)


def test_vector_files_that_are_none_are_refused(fail: Run, run: Run, folders: dict[str, str], tmp_path: Path) -> None:
    artifact = fitted(run, folders, "--small-layer", "1", "--large-layer", "2")["artifact"]
    vector = tmp_path / "v.safetensors"
    command = ("transfer", "--map", artifact, "--vector", str(vector), "--out", str(tmp_path / "out.safetensors"))
    assert "there is no vector file" in fail(*command)
    vector.write_bytes(b"nothing")
    assert "not a safetensors file" in fail(*command)
    metadata = {
        "kind": "lrt-vector", "version": "1", "layer": "1", "model": "m", "fingerprint": small().fingerprint,
        "concept": "c", "method": "x", "reading": "all-tokens",
    }  # fmt: skip
    save_file({"values": torch.full((16,), torch.nan)}, vector, metadata)
    assert "not finite" in fail(*command)
    run("vector", folders["small"], "--layer", "0", "--concept", "mood", "--out", str(vector))
    assert "the map starts from" in fail(*command)
    assert not (tmp_path / "out.safetensors").exists()


def test_debug_shows_where_an_error_comes_from(capsys: pytest.CaptureFixture[str], folders: dict[str, str]) -> None:
    for arguments in (["--debug", "vector"], ["vector", "--debug"]):
        assert main([*arguments, folders["small"], "--layer", "9", "--concept", "mood"]) == 1
        err = capsys.readouterr().err
        assert "Traceback" in err and err.strip().splitlines()[-1].startswith("error: layer 9")


def test_an_unforeseen_error_is_one_line_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from lrt_explorer.lm import summary

    def broken(name: str) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr(summary, "describe", broken)
    assert main(["pairs"]) == 1
    assert capsys.readouterr().err == (
        "error: this should not happen (RuntimeError: two lines); run again with --debug and report what it shows\n"
    )


def test_serve_hands_its_options_to_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[tuple[Any, ...]] = []
    told: list[str] = []
    for variable in OPTIONS.values():
        monkeypatch.delenv(variable, raising=False)

    def launch(host: str, port: int, *, share: bool, hosting: Hosting, commands: list[tuple[str, str]]) -> None:
        served.append((host, port, share, hosting))
        told[:] = [written for written, _ in commands]

    # In place of the real one, which takes seconds to import and then serves for ever.
    monkeypatch.setitem(sys.modules, "lrt_explorer.ui.launch", SimpleNamespace(launch=launch))
    assert main(["serve", "--port", "7999", "--host", "0.0.0.0"]) == 0
    asked = ["--share", "--hosted", "--models", "a,b", "--time-limit", "9", "--root-path", "/x", "--mcp"]
    assert main(["serve", *asked]) == 0
    strangers = Hosting(hosted=True, models=("a", "b"), time_limit=9, root_path="/x", mcp=True)
    assert served == [("0.0.0.0", 7999, False, Hosting()), (None, None, True, strangers)]
    assert "lrt-explorer transfer --map DIR --vector FILE --out FILE [--as-in-paper] [--json]" in told


def test_a_server_that_is_stopped_before_it_serves_leaves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setitem(sys.modules, "lrt_explorer.ui.launch", SimpleNamespace(launch=launch))
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as left:
        main(["serve"])
    assert left.value.code == 0 and signal.getsignal(signal.SIGTERM) == before


def test_a_server_without_a_data_folder_says_so_before_it_loads_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LRT_EXPLORER_HOME", "/proc/none/data")
    monkeypatch.setitem(sys.modules, "lrt_explorer.ui.launch", None)
    assert main(["serve"]) == 1
    assert capsys.readouterr().err == (
        "error: the data folder /proc/none/data cannot be written: No such file or directory; "
        "set LRT_EXPLORER_HOME to a folder that can be\n"
    )


def test_examples_found_are_what_a_comparison_begins_with(
    run: Run, fail: Run, folders: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = (folders["small"], folders["large"], "--small-layer", "1", "--large-layer", "2")
    fitted(run, folders, *where[2:])
    before = run("compare", *where, "--concept", "mood", "--max-new-tokens", "4")
    monkeypatch.setattr(choose_openings, "shows", lambda comparison, **_: comparison.prompt != before["prompt"])
    monkeypatch.setattr(choose_openings, "reads_well", lambda _: True)
    found = run("examples", *where, "--tries", "8")
    (mood,) = found["concepts"]
    assert mood["kept"] and mood["name"] == "mood" and Path(found["artifact"]).is_file()
    after = run("compare", *where, "--concept", "mood", "--max-new-tokens", "4")
    assert (after["prompt"], after["strength"]) == (mood["prompts"][0], mood["strength"])
    assert after["prompt"] != before["prompt"]
    assert main(["examples", *where, "--tries", "8"]) == 0
    shown = capsys.readouterr().out
    assert mood["prompts"][0] in shown and f"{mood['showed']} of {mood['tried']}" in shown
    monkeypatch.setattr(choose_openings, "shows", lambda *_, **__: False)
    (mood,) = run("examples", *where, "--tries", "8")["concepts"]
    assert (mood["kept"], mood["showed"]) == (False, 0)
    again = run("compare", *where, "--concept", "mood", "--max-new-tokens", "4")
    assert again["prompt"] == before["prompt"], "what shows nothing any more begins as it did"
    assert "2 tries are too few; try at least 3 prompts" in fail("examples", *where, "--tries", "2")
    assert "nothing" in fail("examples", *where, "--concepts", "nothing")


COMMANDS_WITH_MODELS = (
    "serve",
    "fit a b",
    "basis a b",
    "vector a --layer 1 --concept c",
    "compare a b --concept c --strength 1",
    "evaluate a b",
    "examples a b",
    "bundle",
)


@pytest.mark.parametrize("command", COMMANDS_WITH_MODELS)
def test_every_command_with_models_says_where_they_go(command: str) -> None:
    where = ["--device", "cuda:1", "--dtype", "bfloat16", "--device-map", "auto"]
    options = build_parser().parse_args([*command.split(), *where])
    assert (options.device, options.dtype, options.device_map) == ("cuda:1", "bfloat16", "auto")


def test_models_are_loaded_as_the_command_says(run: Run, fail: Run, folders: dict[str, str]) -> None:
    small = folders["small"]
    vector = ("vector", small, "--layer", "1", "--concept", "mood")
    run(*vector, "--dtype", "bfloat16", "--device", "cpu")
    assert cached().get(small).model.dtype == torch.bfloat16
    run(*vector)
    assert cached().get(small).model.dtype == torch.float32
    assert "'nonsense' is not a device; choose auto, cpu" in fail(*vector, "--device", "nonsense")
    assert "'int8' is not a precision" in fail(*vector, "--dtype", "int8")
