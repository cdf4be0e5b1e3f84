"""A GGUF file is a model: found, converted once, kept within bounds, or refused with one sentence."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoTokenizer

from lrt_explorer.errors import ModelError
from lrt_explorer.lm import conversion
from lrt_explorer.lm.gguf import gguf_architecture, gguf_file
from lrt_explorer.lm.load import load
from lrt_explorer.lm.summary import ModelSummary, architecture, describe
from tests.lm.families import CONTEXT, TEXTS, WIDTH, tiny_model, tiny_tokenizer
from tests.lm.gguf_files import write_header, write_tiny_llama

WEIGHTS = sum(weight.numel() for weight in tiny_model("llama").parameters())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llama(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture
def no_conversion(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """To be called when from then on nothing may be converted."""

    def refuse(*_: object) -> None:
        raise AssertionError("it was converted again")

    return lambda: monkeypatch.setattr(conversion, "_convert", refuse)


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        found: torch.Tensor = model(input_ids=torch.tensor([tiny_tokenizer()(TEXTS[0])["input_ids"]])).logits
    return found


def test_a_file_computes_what_the_model_computed_from_which_it_was_made(whole: Path) -> None:
    lm = load(str(whole), device="cpu")
    assert (lm.name, lm.layers, lm.width, lm.context) == (str(whole), 3, WIDTH, CONTEXT)
    assert (lm.parameters, lm.model.dtype) == (WEIGHTS, torch.float32)
    assert torch.allclose(logits(lm.model), logits(tiny_model("llama")), atol=1e-3)
    assert not torch.allclose(logits(lm.model), logits(tiny_model("llama", seed=1)), atol=1e-1), "a blind comparison"
    for text in TEXTS:
        assert lm.tokenizer(text)["input_ids"] == tiny_tokenizer()(text)["input_ids"]


def test_it_is_converted_once_for_all_names_of_the_same_bytes(
    whole: Path, tmp_path: Path, no_conversion: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load(str(whole), device="cpu")
    no_conversion()
    # As Ollama keeps it, without an ending.
    blob = Path(shutil.copyfile(whole, tmp_path / "sha256-0123"))
    assert load(str(blob), device="cpu").fingerprint == first.fingerprint
    monkeypatch.setattr("hashlib.file_digest", lambda *_: pytest.fail("the file was read again"))
    assert load(str(whole), device="cpu").fingerprint == first.fingerprint


def test_a_file_without_an_ending_is_converted_too(whole: Path, tmp_path: Path) -> None:
    blob = Path(shutil.copyfile(whole, tmp_path / "sha256-0123"))
    assert load(str(blob), device="cpu").layers == 3


def test_a_file_that_changed_is_another_model(tmp_path: Path) -> None:
    file = write_tiny_llama(tmp_path / "m.gguf")
    first = load(str(file), device="cpu").fingerprint
    write_tiny_llama(file, tiny_model("llama", seed=1))
    os.utime(file, (1, 1))
    assert load(str(file), device="cpu").fingerprint != first


def test_a_folder_stands_for_its_only_file(whole: Path, tmp_path: Path) -> None:
    folder = tmp_path / "studio"
    folder.mkdir()
    shutil.copyfile(whole, folder / "tiny-Q8_0.gguf")
    shutil.copyfile(whole, folder / "mmproj-tiny.gguf")
    assert gguf_file("x", folder) == folder / "tiny-Q8_0.gguf"
    shutil.copyfile(whole, folder / "tiny-Q4_0.gguf")
    with pytest.raises(ModelError, match=r"holds 2 GGUF files; name one, such as .*tiny-Q4_0.gguf"):
        load(str(folder))
    (folder / "model.safetensors").touch()
    assert gguf_file("x", folder) is None


def test_a_file_is_described_without_converting_it(whole: Path, no_conversion: Callable[[], None]) -> None:
    no_conversion()
    assert describe(str(whole)) == ModelSummary(str(whole), str(whole), WEIGHTS, 3, WIDTH, True)
    assert architecture(str(whole)) == "llama"


def test_a_kill_leaves_no_half_conversion(whole: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save = AutoTokenizer.from_pretrained

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(AutoTokenizer, "from_pretrained", killed)
    with pytest.raises(KeyboardInterrupt):
        load(str(whole))
    assert [path.name for path in (data_folder / "gguf").iterdir()] == ["digests.json"]
    monkeypatch.setattr(AutoTokenizer, "from_pretrained", save)
    assert load(str(whole), device="cpu").layers == 3


def test_those_unused_for_longest_go(tmp_path: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "MOST_MODELS", 2)
    names = [str(write_tiny_llama(tmp_path / f"{seed}.gguf", tiny_model("llama", seed))) for seed in range(3)]
    for age, name in enumerate((names[0], names[1], names[0], names[2])):
        load(name, device="cpu")
        for source in (data_folder / "gguf").glob(f"*/{conversion.SOURCE}"):
            # Uses within the resolution of a file system's clock are told apart.
            os.utime(source, (source.stat().st_mtime - 10 * (4 - age),) * 2)
    kept = {conversion._digest(Path(name)) for name in (names[0], names[2])}
    assert {source.parent.name for source in (data_folder / "gguf").glob(f"*/{conversion.SOURCE}")} == kept


def test_a_pair_stays_however_large(tmp_path: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "MOST_BYTES", 1)
    for seed in range(3):
        load(str(write_tiny_llama(tmp_path / f"{seed}.gguf", tiny_model("llama", seed))), device="cpu")
    assert len(list((data_folder / "gguf").glob(f"*/{conversion.SOURCE}"))) == 2


def test_no_room_is_said_with_the_figures(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversion, "BYTES_PER_WEIGHT", 10**12)
    with pytest.raises(ModelError, match=r"needs [\d.]+ GB to be converted, but .* GB free; free some space"):
        load(str(whole))


def cut(path: Path, share: float) -> Path:
    content = write_tiny_llama(path).read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def text(path: Path) -> Path:
    path.write_text("no model")
    return path


def without_tokens(path: Path) -> Path:
    content = write_tiny_llama(path).read_bytes()
    path.write_bytes(content.replace(b"tokenizer.ggml.model", b"tokenizer.ggml.modem"))
    return path


REFUSED: dict[str, tuple[Callable[[Path], Path], str]] = {
    "cut in its weights": (
        lambda path: cut(path, 0.9),
        r"is cut off: it has [\d,]+ of [\d,]+ bytes; download it again",
    ),
    "cut in its header": (lambda path: cut(path, 0.02), "is cut off or damaged"),
    "not there": (lambda path: path, "there is no file .*; check the path"),
    "another file": (text, "is not a GGUF model"),
    "a family that the library does not know": (lambda path: write_header(path, "nosuch"), "family nosuch, which"),
    "what turns pictures into input": (lambda path: write_header(path, "clip"), "family clip, which cannot be read"),
    "a control vector": (lambda path: write_header(path, "controlvector"), "holds no model .control vector."),
    "an adapter": (lambda path: write_header(path, "llama", "adapter"), "holds no model .adapter."),
    "part of a model": (
        lambda path: write_tiny_llama(path, split__count=3, split__no=0),
        "is part 1 of 3 of a model; join them with",
    ),
    "no tokenizer": (without_tokens, "the tokenizer in .* cannot be built here"),
}


# Only converting these shows that the library cannot.
READABLE_HEADERS = (
    "a family that the library does not know",
    "what turns pictures into input",
    "no tokenizer",
)


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_whole_model_is_refused_with_one_sentence(tmp_path: Path, data_folder: Path, kind: str) -> None:
    make, said = REFUSED[kind]
    name = str(make(tmp_path / "m.gguf"))
    with pytest.raises(ModelError, match=said) as caught:
        load(name)
    message = str(caught.value)
    assert name in message
    assert "\n" not in message and ". " not in message and len(message) < 500
    assert describe(name).available == (kind in READABLE_HEADERS)
    assert not list((data_folder / "gguf").glob(f"*/{conversion.SOURCE}"))


@pytest.mark.parametrize(
    ("family", "named"),
    [("llama", "llama"), ("mistral", "llama"), ("gemma3_text", "gemma3"), ("qwen2", "qwen2"), ("gpt_neox", "gptneox"),
     ("qwen3_moe", "qwen3moe"), ("olmo2", "olmo2"), ("cohere", "command-r"), ("phi", "phi2")],
)  # fmt: skip
def test_families_bear_the_names_that_llama_cpp_gives_them(family: str, named: str) -> None:
    assert gguf_architecture(family) == named
