import json
from pathlib import Path

import pytest
import torch

from lrt_explorer.lm import summary
from lrt_explorer.lm.presets import MODELS, PAIRS, locate
from lrt_explorer.lm.summary import ModelSummary, describe
from tests.lm.families import WIDTH, tiny_model


def test_pairs_are_of_known_models_at_layers_they_have_with_blocks_to_spare_above() -> None:
    assert len({pair.name for pair in PAIRS}) == len(PAIRS)
    for pair in PAIRS:
        for name, layer in ((pair.small, pair.small_layer), (pair.large, pair.large_layer)):
            layers = describe(name).layers
            if layers is not None:
                assert 0 <= layer < layers, pair.name
        large = describe(pair.large).layers
        if large is not None:
            assert pair.large_layer <= large - 3, f"{pair.name} leaves fewer than two blocks above the steered one"


def test_the_first_pair_ships_with_the_app() -> None:
    assert (PAIRS[0].small, PAIRS[0].large) == ("tinyworld-s", "tinyworld-l")
    assert all(MODELS[name].shipped for name in (PAIRS[0].small, PAIRS[0].large))


def test_models_from_the_hub_say_their_size_and_shipped_ones_where_they_are() -> None:
    for name, preset in MODELS.items():
        assert preset.name == name
        if preset.shipped:
            assert preset.where == f"models/{name}"
        else:
            assert "/" in preset.where
            assert None not in (preset.parameters, preset.layers, preset.width)


def test_a_name_stands_for_a_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert locate("tinyworld-s") == str(tmp_path / "models" / "tinyworld-s")
    assert locate("gpt2") == "openai-community/gpt2"
    assert locate("somebody/something") == "somebody/something"
    assert locate("~/mine") == str(tmp_path / "mine")


@pytest.mark.parametrize("family", ["llama", "gpt2", "bloom", "mpt"])
def test_a_folder_is_described_without_loading_it(tmp_path: Path, family: str) -> None:
    model = tiny_model(family).to(torch.float16)
    model.save_pretrained(tmp_path)
    values = sum(parameter.numel() for parameter in model.parameters())
    assert describe(str(tmp_path)) == ModelSummary(str(tmp_path), str(tmp_path), values, 3, WIDTH, True)


def test_damaged_files_are_described_as_far_as_they_go(tmp_path: Path) -> None:
    tiny_model("llama").save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 64)
    assert describe(str(tmp_path)) == ModelSummary(str(tmp_path), str(tmp_path), None, 3, WIDTH, True)
    (tmp_path / "config.json").write_text("{")
    assert describe(str(tmp_path)) == ModelSummary(str(tmp_path), str(tmp_path), None, None, None, False)


def test_what_is_not_on_this_disk_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "try_to_load_from_cache", lambda *_: None)
    assert describe("gpt2") == ModelSummary("gpt2", "openai-community/gpt2", 124_439_808, 12, 768, False)
    assert describe("nobody/nothing") == ModelSummary("nobody/nothing", "nobody/nothing", None, None, None, False)


def test_names_that_no_hub_takes_are_only_unavailable() -> None:
    assert not describe("foo bar").available
    assert not describe("a/b/c").available


def test_what_the_hub_s_cache_holds_is_available(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_model("gpt2").save_pretrained(tmp_path)
    monkeypatch.setattr(summary, "try_to_load_from_cache", lambda *_: str(tmp_path / "config.json"))
    assert describe("gpt2") == ModelSummary("gpt2", "openai-community/gpt2", _values(tmp_path), 3, WIDTH, True)


def _values(folder: Path) -> int:
    """Counted from the file's header by hand: eight bytes of length, then JSON."""
    content = (folder / "model.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return sum(int(torch.tensor(entry["shape"]).prod()) for name, entry in header.items() if name != "__metadata__")
