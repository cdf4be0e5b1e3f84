"""The models and pairs known by name, and what each needs."""

from dataclasses import dataclass
from pathlib import Path

from lrt_explorer.store import assets_home


@dataclass(frozen=True)
class ModelPreset:
    """A model known by a short name.

    Attributes:
        name: the short name.
        where: hub id, or the folder within the assets for a model that ships with the app.
        gated: whether the hub asks for a licence to be accepted first.
        parameters, layers, width: its size, for models that are not on this disk; None for shipped ones.
    """

    name: str
    where: str
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


MODELS: dict[str, ModelPreset] = {
    preset.name: preset
    for preset in (
        *(ModelPreset(f"tinyworld-{size}", f"models/tinyworld-{size}") for size in ("xs", "s", "m", "l", "g")),
        ModelPreset("gemma-2-2b", "google/gemma-2-2b", True, 2_614_341_888, 26, 2304),
        ModelPreset("gemma-2-9b", "google/gemma-2-9b", True, 9_241_705_984, 42, 3584),
        ModelPreset("gemma-2-2b-it", "google/gemma-2-2b-it", True, 2_614_341_888, 26, 2304),
        ModelPreset("gemma-2-9b-it", "google/gemma-2-9b-it", True, 9_241_705_984, 42, 3584),
        ModelPreset("llama-3.2-1b", "meta-llama/Llama-3.2-1B", True, 1_235_814_400, 16, 2048),
        ModelPreset("llama-3.1-8b", "meta-llama/Llama-3.1-8B", True, 8_030_261_248, 32, 4096),
        ModelPreset("qwen2.5-0.5b", "Qwen/Qwen2.5-0.5B", False, 494_032_768, 24, 896),
        ModelPreset("qwen2.5-1.5b", "Qwen/Qwen2.5-1.5B", False, 1_543_714_304, 28, 1536),
        ModelPreset("qwen3-0.6b", "Qwen/Qwen3-0.6B-Base", False, 596_049_920, 28, 1024),
        ModelPreset("qwen3-1.7b", "Qwen/Qwen3-1.7B-Base", False, 1_720_574_976, 28, 2048),
        ModelPreset("gpt2", "openai-community/gpt2", False, 124_439_808, 12, 768),
        ModelPreset("gpt2-medium", "openai-community/gpt2-medium", False, 354_823_168, 24, 1024),
        ModelPreset("pythia-160m", "EleutherAI/pythia-160m", False, 162_322_944, 12, 768),
        ModelPreset("pythia-410m", "EleutherAI/pythia-410m", False, 405_334_016, 24, 1024),
    )
}

# The first one is what the app opens with. Layers sit at like depths and leave blocks above the steered one, for at
# the last block any two models agree on the next token and transfer shows little. Gemma's are those of
# arXiv 2506.00653.
PAIRS: tuple[PairPreset, ...] = (
    PairPreset("tinyworld-s → tinyworld-l", "tinyworld-s", "tinyworld-l", 3, 5),
    PairPreset("tinyworld-m → tinyworld-l", "tinyworld-m", "tinyworld-l", 5, 5),
    PairPreset("tinyworld-xs → tinyworld-s", "tinyworld-xs", "tinyworld-s", 1, 2),
    PairPreset("tinyworld-g → tinyworld-l", "tinyworld-g", "tinyworld-l", 3, 5),
    PairPreset("gpt2 → gpt2-medium", "gpt2", "gpt2-medium", 7, 14),
    PairPreset("pythia-160m → pythia-410m", "pythia-160m", "pythia-410m", 7, 14),
    PairPreset("qwen2.5-0.5b → qwen2.5-1.5b", "qwen2.5-0.5b", "qwen2.5-1.5b", 15, 17),
    PairPreset("qwen3-0.6b → qwen3-1.7b", "qwen3-0.6b", "qwen3-1.7b", 17, 17),
    PairPreset("llama-3.2-1b → llama-3.1-8b", "llama-3.2-1b", "llama-3.1-8b", 10, 20),
    PairPreset("gemma-2-2b → gemma-2-9b", "gemma-2-2b", "gemma-2-9b", 20, 20),
    PairPreset("gemma-2-2b-it → gemma-2-9b-it", "gemma-2-2b-it", "gemma-2-9b-it", 20, 20),
)


def locate(name: str) -> str:
    """The folder or hub id that a preset, a folder or a hub id stands for; whether it exists is not asked."""
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
