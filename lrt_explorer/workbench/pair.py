"""The two models that a person works with: opened by name, and offered by name."""

from collections.abc import Generator, Sequence

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.cache import ModelCache, models
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.presets import MODELS, PAIRS
from lrt_explorer.lm.summary import describe
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.study.ground.pair import Layers as Layers
from lrt_explorer.study.ground.pair import Pair as Pair
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.workbench.cards import PairCard
from lrt_explorer.workbench.plan import load_both


def open_pair(
    small: str | LanguageModel, large: str | LanguageModel, cache: ModelCache | None = None
) -> Generator[Progress, None, Pair]:
    """Load both models, each a preset, a folder, a GGUF file or a hub id; those in memory are there at once.

    Args:
        small: the model that vectors come from; a loaded one is used as it is.
        large: the model that is steered; likewise.
        cache: where they come from and stay; None for that of the whole program.

    Raises:
        ModelError: if one of them cannot be loaded.
    """
    known = cache or models()
    if isinstance(small, str) and isinstance(large, str):
        first, second = yield from load_both(known, small, large)
        return Pair(small=first, large=second)
    both = []
    for number, model in enumerate((small, large)):
        if isinstance(model, str):
            yield Progress(number, 2, f"loading {model_label(model)}")
            model = known.get(model)
        both.append(model)
    return Pair(small=both[0], large=both[1])


def pair_cards(models: Sequence[str] | None = None) -> Sequence[PairCard]:
    """The presets, the opening pair first.

    Args:
        models: those that may be opened, presets or hub ids; None for all. Where no preset is a pair of them, the first
            two are one.

    Raises:
        SettingsError: if these are less than two.
    """
    if models is None:
        return [_pair_card(pair.name, pair.small, pair.large) for pair in PAIRS]
    cards = [_pair_card(pair.name, pair.small, pair.large) for pair in PAIRS if {pair.small, pair.large} <= set(models)]
    if cards:
        return cards
    if len(models) < 2:
        raise SettingsError("a server needs two models, a small one and a large one; list both")
    return [_pair_card(f"{models[0]} → {models[1]}", models[0], models[1])]


def _pair_card(name: str, small: str, large: str) -> PairCard:
    missing = [model for model in (small, large) if not describe(model).available]
    licence = ", licence first" if any(model in MODELS and MODELS[model].gated for model in missing) else ""
    needs = f"from the hub{licence}" if missing else ""
    return PairCard(name, small, large, needs, tuple(world_of(small, large).concepts()))
