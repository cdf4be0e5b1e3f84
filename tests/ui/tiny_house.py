"""A house of tiny random models under the names of the opening pair, with assets of its own: real studies at once."""

import shutil
from pathlib import Path

from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.errors import ModelError
from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import assets_home
from lrt_explorer.ui.live import LiveEngine
from tests.study import tiny

MODELS = {"tinyworld-s": tiny.small, "tinyworld-l": tiny.large, "tinyworld-g": tiny.other}


def load(name: str) -> LanguageModel:
    if name not in MODELS:
        raise ModelError(f"there is no model {name!r} here and the hub cannot be reached; check the name")
    return MODELS[name]()


def build_assets(folder: Path) -> Path:
    """Assets without models: a concept, a demo text, and the style of the page."""
    shipped = assets_home()
    (folder / "corpus").mkdir(parents=True)
    (folder / "corpus" / "demo.txt").write_text("\n".join(tiny.texts()) + "\n", encoding="utf-8")
    write_contrast(folder / "concepts" / "mood.jsonl", tiny.CONCEPT)
    for name in ("style.css", "plot.js"):
        shutil.copyfile(shipped / name, folder / name)
    return folder


def tiny_engine() -> LiveEngine:
    return LiveEngine(ModelCache(4, load))
