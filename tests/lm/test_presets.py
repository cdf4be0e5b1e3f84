import json
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from lrt_explorer.lm import summary
from lrt_explorer.lm.presets import MODELS, PAIRS, locate, needs
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


def test_layers_lie_at_like_depths() -> None:
    for pair in PAIRS:
        if MODELS[pair.small].shipped or pair.name.startswith("gemma-2"):  # measured, and those of the paper
            continue
        for name, layer in ((pair.small, pair.small_layer), (pair.large, pair.large_layer)):
            layers = MODELS[name].layers
            assert layers is not None
            assert 0.55 <= layer / (layers - 1) <= 0.67, f"{pair.name}: {name}"


def test_the_first_real_pair_is_small_and_free() -> None:
    first = next(pair for pair in PAIRS if not MODELS[pair.small].shipped)
    assert (first.small, first.large) == ("smollm2-135m", "smollm2-360m")
    assert not any(MODELS[name].gated for name in (first.small, first.large))


def test_every_model_is_in_a_pair_and_has_a_licence() -> None:
    assert {name for pair in PAIRS for name in (pair.small, pair.large)} == set(MODELS)
    assert all(preset.licence for preset in MODELS.values())
    # Those that the hub hands out without a question are free.
    assert {preset.licence for preset in MODELS.values() if not preset.gated} == {"Apache-2.0", "MIT"}


# From the published config.json of each model, beside what the preset says; instruct versions are of the same size.
KEYS = (
    "vocab_size",
    "intermediate_size",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "tie_word_embeddings",
)
PUBLISHED = {
    "smollm2-135m": ("llama", 49_152, 1_536, 9, 3, None, True),
    "smollm2-360m": ("llama", 49_152, 2_560, 15, 5, None, True),
    "smollm2-1.7b": ("llama", 49_152, 8_192, 32, 32, None, True),
    "gemma-3-270m": ("gemma3_text", 262_144, 2_048, 4, 1, 256, True),
    "gemma-3-1b": ("gemma3_text", 262_144, 6_912, 4, 1, 256, True),
    "qwen3-0.6b": ("qwen3", 151_936, 3_072, 16, 8, 128, True),
    "qwen3-1.7b": ("qwen3", 151_936, 6_144, 16, 8, 128, True),
    "qwen2.5-0.5b": ("qwen2", 151_936, 4_864, 14, 2, None, True),
    "qwen2.5-1.5b": ("qwen2", 151_936, 8_960, 12, 2, None, True),
    "llama-3.2-1b": ("llama", 128_256, 8_192, 32, 8, None, True),
    "llama-3.2-3b": ("llama", 128_256, 8_192, 24, 8, None, True),
    "llama-3.1-8b": ("llama", 128_256, 14_336, 32, 8, None, False),
    "olmo-2-1b": ("olmo2", 100_352, 8_192, 16, 16, None, False),
    "olmo-2-7b": ("olmo2", 100_352, 11_008, 32, 32, None, False),
    "pythia-160m": ("gpt_neox", 50_304, 3_072, 12, None, None, False),
    "pythia-410m": ("gpt_neox", 50_304, 4_096, 16, None, None, False),
    "pythia-1.4b": ("gpt_neox", 50_304, 8_192, 16, None, None, False),
    "gpt2": ("gpt2", 50_257, None, 12, None, None, True),
    "gpt2-medium": ("gpt2", 50_257, None, 16, None, None, True),
    "gemma-2-2b": ("gemma2", 256_000, 9_216, 8, 4, 256, True),
    "gemma-2-9b": ("gemma2", 256_000, 14_336, 16, 8, 256, True),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_sizes_are_those_of_the_published_configurations(name: str) -> None:
    family, *values = PUBLISHED[name]
    preset = MODELS[name]
    given = {key: value for key, value in zip(KEYS, values, strict=True) if value is not None}
    config = AutoConfig.for_model(family, **given, num_hidden_layers=preset.layers, hidden_size=preset.width)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    model.tie_weights()
    assert sum(weight.numel() for weight in model.parameters()) == preset.parameters


def test_what_a_pair_needs_is_said_in_a_few_words() -> None:
    assert needs([]) == ""
    assert needs(["smollm2-135m-instruct", "gemma-3-270m"]) == (
        "from the hub, Apache-2.0, accept the Gemma terms there first"
    )
    assert needs(["llama-3.2-1b", "llama-3.1-8b"]) == (
        "from the hub, accept the Llama 3.2 licence and the Llama 3.1 licence there first"
    )
    assert needs(["tinyworld-s", "gpt2"]).startswith("demo weights")


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
    model = tiny_model(family, dtype=torch.float16)
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
