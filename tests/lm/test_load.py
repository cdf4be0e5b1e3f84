import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import save_file
from transformers import AutoConfig, BertConfig, BertLMHeadModel

from lrt_explorer.errors import ModelError
from lrt_explorer.lm import hub, weights
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.generate import generate_arms
from lrt_explorer.lm.load import load, wrap_model
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode
from tests.lm.conftest import ROOT
from tests.lm.families import CONTEXT, TEXTS, VOCABULARY, WIDTH, tiny_model, tiny_tokenizer


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound model folder in float16, as models are shipped."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_model("llama", dtype=torch.float16).save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to damage."""
    return Path(shutil.copytree(whole, tmp_path / "tiny"))


def test_a_folder_loads_with_all_that_is_to_be_known(whole: Path) -> None:
    lm = load(str(whole))
    assert lm.name == str(whole)
    assert (lm.width, lm.layers, lm.context) == (WIDTH, 3, CONTEXT)
    assert lm.parameters == sum(p.numel() for p in tiny_model("llama").parameters())
    assert lm.device == lm.model.device
    assert not lm.model.training
    assert len(lm.fingerprint) == 64


def test_half_precision_weights_become_float32_on_the_cpu_unless_asked_otherwise(whole: Path) -> None:
    assert load(str(whole), device="cpu").model.dtype == torch.float32
    assert load(str(whole), device="cpu", dtype=torch.bfloat16).model.dtype == torch.bfloat16


def test_a_loaded_model_writes_what_the_saved_one_writes(whole: Path) -> None:
    lm = load(str(whole))
    rounded = tiny_model("llama", dtype=torch.float16).float()
    other = wrap_model("rounded", rounded, tiny_tokenizer())
    zeros = torch.zeros(1, WIDTH)
    texts = [list(generate_arms(m, "The sea", 1, zeros, max_new_tokens=8))[-1].texts for m in (lm, other)]
    assert texts[0] == texts[1] != ("",)


def test_a_folder_and_a_hub_id_load_without_a_network_and_without_a_word(whole: Path, tmp_path: Path) -> None:
    repository = tmp_path / "models--somebody--tiny"
    shutil.copytree(whole, repository / "snapshots" / "0123abc")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0123abc")
    code = (
        "import torch\n"
        "from lrt_explorer.lm.load import load\n"
        "from lrt_explorer.lm.generate import generate_arms\n"
        f"for name in ({str(whole)!r}, 'somebody/tiny'):\n"
        "    lm = load(name)\n"
        f"    list(generate_arms(lm, 'The sea', 1, torch.zeros(2, {WIDTH}), max_new_tokens=4))\n"
    )
    environment = {**os.environ, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def change_config(folder: Path, **values: object) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def truncate(file: Path, share: float) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])


def pickle_only(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04N.")


def without_tokenizer(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()


def an_encoder(folder: Path) -> None:
    config = BertConfig(
        vocab_size=VOCABULARY, hidden_size=WIDTH, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48
    )
    BertLMHeadModel(config).save_pretrained(folder)


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no config": (lambda f: (f / "config.json").unlink(), "has no config.json"),
    "broken config": (lambda f: truncate(f / "config.json", 0.5), "config.json of .* is damaged"),
    "no model type": (lambda f: (f / "config.json").write_text("{}"), "config.json of .* is damaged"),
    "unknown family": (lambda f: change_config(f, model_type="nosuch"), "does not know"),
    "code of its own": (
        lambda f: change_config(f, model_type="nosuch", auto_map={"AutoConfig": "code.Config"}),
        "config.json of .* choose another model",
    ),
    "an encoder-decoder": (lambda f: (f / "config.json").write_text('{"model_type": "t5"}'), "causal language model"),
    "an encoder": (an_encoder, "not a causal language model: .* as in an encoder"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "has no weights"),
    "pickle only": (pickle_only, "only as pickle .*save them as safetensors"),
    "weights cut in the middle": (lambda f: truncate(f / "model.safetensors", 0.5), "damaged or incomplete"),
    "weights cut in the header": (lambda f: truncate(f / "model.safetensors", 0.01), "damaged or incomplete"),
    "weights empty": (lambda f: truncate(f / "model.safetensors", 0), "damaged or incomplete"),
    "too few weights": (lambda f: change_config(f, num_hidden_layers=5), "lack .* of the tensors"),
    "weights of another shape": (lambda f: change_config(f, hidden_size=16), "cannot be loaded"),
    "no tokenizer": (without_tokenizer, "tokenizer of .* is missing or damaged"),
    "broken tokenizer": (lambda f: truncate(f / "tokenizer.json", 0.5), "tokenizer of .* is missing or damaged"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_folder_is_refused_with_one_sentence(
    folder: Path, damage: str, capfd: pytest.CaptureFixture[str]
) -> None:
    harm, said = DAMAGES[damage]
    harm(folder)
    with pytest.raises(ModelError, match=said) as caught:
        load(str(folder))
    message = str(caught.value)
    assert str(folder) in message
    assert "\n" not in message
    assert ". " not in message, "more than one sentence"
    assert len(message) < 420
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["nobody/nothing", "nothing", "foo bar", "a/b/c", "/no/such/folder"])
def test_an_unknown_name_is_refused_at_once_and_says_what_was_tried(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        load(name)
    assert str(caught.value) == (
        f"{name} is neither a preset, nor a folder, nor reachable on the hub; check the name or the network"
    )


@pytest.mark.parametrize(
    ("name", "where", "licence"),
    [
        ("gpt2", "openai-community/gpt2", ""),
        ("gemma-3-1b", "google/gemma-3-1b-pt", ", after accepting the Gemma terms there"),
    ],
)
def test_a_preset_that_is_not_on_this_machine_says_that_and_how_to_get_it(name: str, where: str, licence: str) -> None:
    with pytest.raises(ModelError) as caught:
        load(name)
    assert str(caught.value) == (
        f"{name} is not on this machine and the hub cannot be reached; connect once{licence}, or download {where} with "
        f"`hf download {where}`"
    )


def test_a_preset_that_the_hub_does_not_show_is_not_called_unknown() -> None:
    said = hub.explain_refusal("gpt2", refusal(RepositoryNotFoundError))
    assert said == "the hub does not show openai-community/gpt2, which gpt2 stands for; log in with `hf auth login`"


def test_no_name_is_refused() -> None:
    with pytest.raises(ModelError, match="no model was named"):
        load(" ")


def test_a_network_that_fails_is_no_reason_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Unplugged:
        def model_info(self, hub_id: str, timeout: float) -> None:
            asked.append(hub_id)
            raise OSError("name or service not known")

    monkeypatch.setattr(hub, "HfApi", Unplugged)
    with pytest.raises(ModelError, match="nor reachable on the hub"):
        load("nobody/nothing")
    assert asked == ["nobody/nothing"]


def test_without_a_network_a_model_in_the_hub_s_cache_is_used(monkeypatch: pytest.MonkeyPatch, whole: Path) -> None:
    monkeypatch.setattr(hub, "cached_folder", lambda hub_id: whole)
    assert hub.only_on_disk("somebody/something", "somebody/something")


def refusal(kind: type[HfHubHTTPError]) -> OSError:
    """As transformers passes on what the hub's client raises."""
    error = OSError("there is no such thing")
    error.__cause__ = kind("403 Client Error", response=cast(Any, SimpleNamespace(headers={}, request=None)))
    return error


def test_what_the_hub_refuses_is_said_in_one_sentence() -> None:
    assert hub.explain_refusal("gemma-2-2b", refusal(GatedRepoError)) == (
        "gemma-2-2b is gated: accept its licence (Gemma terms) on the page of google/gemma-2-2b on the hub, then "
        "log in with `hf auth login`"
    )
    assert hub.explain_refusal("some/thing", refusal(GatedRepoError)) == (
        "some/thing is gated: accept its licence on its page on the hub, then log in with `hf auth login`"
    )
    unknown = hub.explain_refusal("some/thing", refusal(RepositoryNotFoundError))
    assert unknown is not None
    assert unknown.startswith("some/thing is neither a preset")
    assert hub.explain_refusal("some/thing", ValueError("a wrong number")) is None


def test_a_gated_model_is_explained_when_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise refusal(GatedRepoError)

    monkeypatch.setattr(hub, "HfApi", lambda: SimpleNamespace(model_info=lambda hub_id, timeout: None))
    monkeypatch.setattr(AutoConfig, "from_pretrained", refuse)
    with pytest.raises(ModelError, match=r"^gemma-2-2b is gated: accept its licence"):
        load("gemma-2-2b")


@pytest.mark.parametrize("device", ["nonsense", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(whole: Path, device: str) -> None:
    with pytest.raises(ModelError, match="choose"):
        load(str(whole), device=device)


def test_a_demo_model_that_is_not_there_names_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path))
    with pytest.raises(ModelError, match=r"demo model tinyworld-s is not in .*; restore the assets folder"):
        load("tinyworld-s")


def test_a_model_without_blocks_is_refused() -> None:
    model = tiny_model("llama")
    model.model.layers = torch.nn.ModuleList(model.model.layers[:2])
    with pytest.raises(ModelError, match=r"^odd cannot be steered: the 3 decoder blocks cannot be found"):
        wrap_model("odd", model, tiny_tokenizer())


def test_a_real_checkpoint_loads_reads_and_writes(stories: LanguageModel) -> None:
    assert (stories.width, stories.layers, stories.context) == (64, 5, 512)
    states = capture(stories, encode(stories, TEXTS), range(5))
    assert all(torch.isfinite(rows).all() for rows in states.values())
    steps = list(generate_arms(stories, "Once upon a time", 2, torch.zeros(1, 64), max_new_tokens=24))
    assert steps[-1].texts[0].startswith(", there was a little")


def test_weights_read_and_converted_in_pieces_are_those_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = torch.randn(7, 4).bfloat16()
    save_file({"one": kept}, tmp_path / "one.safetensors")
    # Three rows at once, so that the last piece is a shorter one.
    monkeypatch.setattr(weights, "NUMBERS_AT_ONCE", 12)
    for wanted in (torch.float32, torch.float16, torch.bfloat16, None):
        read = weights._in_pieces(tmp_path / "one.safetensors", wanted)["one"]
        assert torch.equal(read[...], kept.to(wanted or torch.bfloat16)) and read[...].dtype == (wanted or kept.dtype)
        assert (read.get_shape(), read.get_dtype()) == ([7, 4], "BF16")
    truncate(tmp_path / "one.safetensors", 0.9)
    for wanted in (torch.float32, None):
        with pytest.raises(SafetensorError, match="ends within a tensor"):
            weights._in_pieces(tmp_path / "one.safetensors", wanted)["one"][...]


def test_a_tensor_without_numbers_and_one_without_axes_are_read(tmp_path: Path) -> None:
    kept = {"none": torch.zeros(0, 4).half(), "one": torch.tensor(2.5).half()}
    save_file(kept, tmp_path / "odd.safetensors")
    for wanted in (torch.float32, None):
        read = weights._in_pieces(tmp_path / "odd.safetensors", wanted)
        assert read["none"][...].shape == (0, 4) and torch.equal(read["one"][...].float(), torch.tensor(2.5))


def test_a_tokenizer_works_without_what_it_was_built_from(whole: Path) -> None:
    tokenizer = load(str(whole)).tokenizer
    assert not {"_vocab", "_merges"} & set(vars(tokenizer))
    assert tokenizer(list(TEXTS))["input_ids"] == tiny_tokenizer()(list(TEXTS))["input_ids"]
    assert tokenizer.get_vocab() == tiny_tokenizer().get_vocab() and len(tokenizer) == len(tiny_tokenizer())
