"""The models and pairs known by name, and what each needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lrt_explorer.store import assets_home


@dataclass(frozen=True)
class ModelPreset:
    """A model known by a short name.

    Attributes:
        name: the short name.
        where: hub id, or the folder within the assets for a model that ships with the app.
        licence: its licence, as a short name.
        gated: whether the hub asks for the licence to be accepted first.
        parameters, layers, width: its size, for models that are not on this disk; None for shipped ones. Weights that
            are used twice count once.
    """

    name: str
    where: str
    licence: str
    gated: bool = False
    parameters: int | None = None
    layers: int | None = None
    width: int | None = None

    @property
    def shipped(self) -> bool:
        """Whether it comes with the app instead of from the hub."""
        return self.parameters is None


@dataclass(frozen=True)
class PairPreset:
    """Two models and the layers at which they are compared unless someone chooses others."""

    name: str
    small: str
    large: str
    small_layer: int
    large_layer: int


APACHE, MIT, GEMMA, LLAMA_3_1, LLAMA_3_2 = "Apache-2.0", "MIT", "Gemma terms", "Llama 3.1 licence", "Llama 3.2 licence"

# Sizes are those of the published weights; the tests count them again from the published configurations.
MODELS: dict[str, ModelPreset] = {
    preset.name: preset
    for preset in (
        *(ModelPreset(f"tinyworld-{size}", f"models/tinyworld-{size}", APACHE) for size in ("xs", "s", "m", "l", "g")),
        ModelPreset("smollm2-135m", "HuggingFaceTB/SmolLM2-135M", APACHE, False, 134_515_008, 30, 576),
        ModelPreset("smollm2-360m", "HuggingFaceTB/SmolLM2-360M", APACHE, False, 361_821_120, 32, 960),
        ModelPreset("smollm2-1.7b", "HuggingFaceTB/SmolLM2-1.7B", APACHE, False, 1_711_376_384, 24, 2048),
        ModelPreset(
            "smollm2-135m-instruct", "HuggingFaceTB/SmolLM2-135M-Instruct", APACHE, False, 134_515_008, 30, 576
        ),
        ModelPreset(
            "smollm2-360m-instruct", "HuggingFaceTB/SmolLM2-360M-Instruct", APACHE, False, 361_821_120, 32, 960
        ),
        ModelPreset(
            "smollm2-1.7b-instruct", "HuggingFaceTB/SmolLM2-1.7B-Instruct", APACHE, False, 1_711_376_384, 24, 2048
        ),
        ModelPreset("gemma-3-270m", "google/gemma-3-270m", GEMMA, True, 268_098_176, 18, 640),
        ModelPreset("gemma-3-1b", "google/gemma-3-1b-pt", GEMMA, True, 999_885_952, 26, 1152),
        ModelPreset("gemma-3-270m-it", "google/gemma-3-270m-it", GEMMA, True, 268_098_176, 18, 640),
        ModelPreset("gemma-3-1b-it", "google/gemma-3-1b-it", GEMMA, True, 999_885_952, 26, 1152),
        ModelPreset("gemma-2-2b", "google/gemma-2-2b", GEMMA, True, 2_614_341_888, 26, 2304),
        ModelPreset("gemma-2-9b", "google/gemma-2-9b", GEMMA, True, 9_241_705_984, 42, 3584),
        ModelPreset("gemma-2-2b-it", "google/gemma-2-2b-it", GEMMA, True, 2_614_341_888, 26, 2304),
        ModelPreset("gemma-2-9b-it", "google/gemma-2-9b-it", GEMMA, True, 9_241_705_984, 42, 3584),
        ModelPreset("qwen3-0.6b", "Qwen/Qwen3-0.6B-Base", APACHE, False, 596_049_920, 28, 1024),
        ModelPreset("qwen3-1.7b", "Qwen/Qwen3-1.7B-Base", APACHE, False, 1_720_574_976, 28, 2048),
        ModelPreset("qwen3-0.6b-chat", "Qwen/Qwen3-0.6B", APACHE, False, 596_049_920, 28, 1024),
        ModelPreset("qwen3-1.7b-chat", "Qwen/Qwen3-1.7B", APACHE, False, 1_720_574_976, 28, 2048),
        ModelPreset("qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B", APACHE, False, 494_032_768, 24, 896),
        ModelPreset("qwen2.5-1.5b", "Qwen/Qwen2.5-1.5B", APACHE, False, 1_543_714_304, 28, 1536),
        ModelPreset("llama-3.2-1b", "meta-llama/Llama-3.2-1B", LLAMA_3_2, True, 1_235_814_400, 16, 2048),
        ModelPreset("llama-3.2-3b", "meta-llama/Llama-3.2-3B", LLAMA_3_2, True, 3_212_749_824, 28, 3072),
        ModelPreset(
            "llama-3.2-1b-instruct", "meta-llama/Llama-3.2-1B-Instruct", LLAMA_3_2, True, 1_235_814_400, 16, 2048
        ),
        ModelPreset(
            "llama-3.2-3b-instruct", "meta-llama/Llama-3.2-3B-Instruct", LLAMA_3_2, True, 3_212_749_824, 28, 3072
        ),
        ModelPreset("llama-3.1-8b", "meta-llama/Llama-3.1-8B", LLAMA_3_1, True, 8_030_261_248, 32, 4096),
        ModelPreset("olmo-2-1b", "allenai/OLMo-2-0425-1B", APACHE, False, 1_484_916_736, 16, 2048),
        ModelPreset("olmo-2-7b", "allenai/OLMo-2-1124-7B", APACHE, False, 7_298_617_344, 32, 4096),
        ModelPreset("olmo-2-1b-instruct", "allenai/OLMo-2-0425-1B-Instruct", APACHE, False, 1_484_916_736, 16, 2048),
        ModelPreset("olmo-2-7b-instruct", "allenai/OLMo-2-1124-7B-Instruct", APACHE, False, 7_298_617_344, 32, 4096),
        ModelPreset("gpt2", "openai-community/gpt2", MIT, False, 124_439_808, 12, 768),
        ModelPreset("gpt2-medium", "openai-community/gpt2-medium", MIT, False, 354_823_168, 24, 1024),
        ModelPreset("pythia-160m", "EleutherAI/pythia-160m", APACHE, False, 162_322_944, 12, 768),
        ModelPreset("pythia-410m", "EleutherAI/pythia-410m", APACHE, False, 405_334_016, 24, 1024),
        ModelPreset("pythia-1.4b", "EleutherAI/pythia-1.4b", APACHE, False, 1_414_647_808, 24, 2048),
    )
}


def _pair(small: str, large: str, small_layer: int, large_layer: int) -> PairPreset:
    return PairPreset(f"{small} → {large}", small, large, small_layer, large_layer)


# The first one is what the app opens with, and the first of everyday language is the one to begin with: small, and
# under a free licence. Steered layers lie at a depth of about 0.6 and leave blocks above, because near the output
# steering hardly differs from adding to the logits. The small models of the demo family are read after their last
# block, where they hold most of its concepts; others at a like depth. Those of Gemma 2 are the ones of arXiv
# 2506.00653.
PAIRS: tuple[PairPreset, ...] = (
    _pair("tinyworld-s", "tinyworld-l", 4, 5),
    _pair("tinyworld-m", "tinyworld-l", 5, 5),
    _pair("tinyworld-xs", "tinyworld-s", 2, 2),
    _pair("tinyworld-g", "tinyworld-l", 4, 5),
    _pair("smollm2-135m", "smollm2-360m", 17, 19),
    _pair("smollm2-135m-instruct", "smollm2-360m-instruct", 17, 19),
    _pair("smollm2-360m", "smollm2-1.7b", 18, 14),
    _pair("smollm2-360m-instruct", "smollm2-1.7b-instruct", 18, 14),
    _pair("smollm2-135m-instruct", "gemma-3-270m", 17, 10),
    _pair("gemma-3-270m", "gemma-3-1b", 10, 15),
    _pair("gemma-3-270m-it", "gemma-3-1b-it", 10, 15),
    _pair("qwen3-0.6b", "qwen3-1.7b", 17, 17),
    _pair("qwen3-0.6b-chat", "qwen3-1.7b-chat", 17, 17),
    _pair("qwen3-0.6b", "llama-3.2-3b", 17, 17),
    _pair("llama-3.2-1b", "llama-3.2-3b", 9, 16),
    _pair("llama-3.2-1b-instruct", "llama-3.2-3b-instruct", 9, 16),
    _pair("olmo-2-1b", "olmo-2-7b", 9, 19),
    _pair("olmo-2-1b-instruct", "olmo-2-7b-instruct", 9, 19),
    _pair("gpt2", "gpt2-medium", 7, 14),
    _pair("pythia-160m", "pythia-410m", 7, 14),
    _pair("pythia-410m", "pythia-1.4b", 14, 14),
    _pair("qwen2.5-0.5b", "qwen2.5-1.5b", 15, 17),
    _pair("llama-3.2-1b", "llama-3.1-8b", 10, 20),
    _pair("gemma-2-2b", "gemma-2-9b", 20, 20),
    _pair("gemma-2-2b-it", "gemma-2-9b-it", 20, 20),
)


def needs(missing: Sequence[str]) -> str:
    """What it takes to have presets that are not on this disk, in a few words; "" where none is missing."""
    presets = [MODELS[name] for name in missing]
    if not presets:
        return ""
    if any(preset.shipped for preset in presets):
        return "demo weights: restore the assets, or run `lrt-explorer tinyworld train`"
    free = dict.fromkeys(preset.licence for preset in presets if not preset.gated)
    gated = " and ".join(dict.fromkeys(f"the {preset.licence}" for preset in presets if preset.gated))
    return ", ".join(("from the hub", *free, *([f"accept {gated} there first"] if gated else [])))


def locate(name: str) -> str:
    """The folder, file or hub id that a name stands for; whether it exists is not asked."""
    preset = MODELS.get(name)
    if preset is None:
        return str(Path(name).expanduser()) if name.startswith("~") else name
    return str(assets_home() / preset.where) if preset.shipped else preset.where


def is_demo(name: str) -> bool:
    """Whether a model is of the demo family, by its preset or by the folder that the preset stands for."""
    preset = MODELS.get(name)
    if preset is not None:
        return preset.shipped
    folder = Path(name).expanduser()
    return folder.is_dir() and folder.resolve() in {
        (assets_home() / preset.where).resolve() for preset in MODELS.values() if preset.shipped
    }
