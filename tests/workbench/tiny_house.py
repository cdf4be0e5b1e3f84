"""A house of tiny random models with assets of its own: the real engine and its studies, at once."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.errors import ModelError
from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.lm.load import load as load_model
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.store import assets_home
from lrt_explorer.workbench.cards import PairCard
from lrt_explorer.workbench.hosting import OWNER
from lrt_explorer.workbench.workbench import Workbench
from tests.study import tiny

MODELS = {"tiny-s": tiny.small, "tiny-l": tiny.large, "tiny-g": tiny.other}
ROUNDS = 200
"""How often the few documents stand in the demo text, so that a fit can be long enough to be cancelled."""


class TinyEngine(Workbench):
    """The real engine, but for the pairs it offers."""

    hosting = OWNER

    def __init__(self) -> None:
        super().__init__(ModelCache(4, load), self.hosting)

    def pairs(self) -> Sequence[PairCard]:
        return [PairCard(f"{small} → tiny-l", small, "tiny-l") for small in ("tiny-s", "tiny-g")]


def load(name: str) -> LanguageModel:
    if Path(name).is_dir():
        return load_model(name)
    if name not in MODELS:
        raise ModelError(f"there is no model {name!r} here and the hub cannot be reached; check the name")
    return MODELS[name]()


def save_models(folder: Path) -> tuple[Path, Path]:
    """A pair in folders, as people have real ones: two tiny random models of other families and tokenizers."""
    places = folder / "small-one", folder / "large-one"
    for place, lm in zip(places, (tiny.other(), tiny.large()), strict=True):
        lm.model.save_pretrained(place)
        lm.tokenizer.save_pretrained(place)
    return places


def build_assets(folder: Path) -> Path:
    """Assets without models: a concept, a demo text, and the style of the page."""
    shipped = assets_home()
    (folder / "corpus").mkdir(parents=True)
    (folder / "corpus" / "everyday.txt").write_text("\n".join(tiny.texts() * ROUNDS) + "\n", encoding="utf-8")
    write_contrast(folder / "concepts-real" / "mood.jsonl", tiny.CONCEPT)
    for name in (
        "style.css",
        "plot.js",
        "early.js",
        "stale.js",
        "table.js",
        "tokens.js",
        "tour.js",
        "report.css",
        "report.js",
        "favicon.svg",
    ):
        shutil.copyfile(shipped / name, folder / name)
    return folder
