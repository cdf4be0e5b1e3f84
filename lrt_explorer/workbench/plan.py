"""What opening a pair will take: memory from the files alone, time from one small batch."""

import time
from collections.abc import Generator, Sequence

from lrt_explorer.lm.cache import ModelCache
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.summary import describe
from lrt_explorer.study.corpora.paired import read_paired
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.study.ground.pair import Layers, Pair
from lrt_explorer.study.ground.progress import Progress

BYTES_PER_WEIGHT = 4
BYTES_LOADED_PER_SECOND = 200_000_000
"""A guess from two cores and a plain disk, for the first model; the second is estimated from the first."""
TIMED_TEXTS = 4
TIMED_CHARACTERS = 160


def load_both(
    models: ModelCache, small: str, large: str
) -> Generator[Progress, None, tuple[LanguageModel, LanguageModel]]:
    """Load two models, with their sizes and an estimate of the time wherever their files tell how large they are.

    Progress counts megabytes of weights, or models where a size is not known.

    Raises what the loader raises.
    """
    names, held = (small, large), models.names()
    sizes = [memory_of(name) for name in names]
    known = None not in sizes
    weights = [max(1, round(size / 1e6)) if known and size is not None else 1 for size in sizes]
    seconds, loaded = 0.0, 0
    both: list[LanguageModel] = []
    for index, name in enumerate(names):
        to_load = sum(w for n, w in zip(names[index:], weights[index:], strict=True) if n not in held)
        pace = loaded / seconds if seconds else BYTES_LOADED_PER_SECOND / 1e6
        left = to_load / pace if known and to_load else None
        yield Progress(sum(weights[:index]), sum(weights), _loading(name, sizes[index]), left=left)
        begun = time.monotonic()
        both.append(models.get(name))
        if name not in held:
            seconds, loaded = seconds + time.monotonic() - begun, loaded + weights[index]
    return both[0], both[1]


def memory_of(model: str) -> int | None:
    """Bytes that a model's weights take in memory as float32; None where its files are not on this disk."""
    parameters = describe(model).parameters
    return None if parameters is None else parameters * BYTES_PER_WEIGHT


def seconds_per_pair(pair: Pair, layers: Layers, texts: Sequence[str]) -> float:
    """Seconds that both models take to read one pair of tokens up to these layers, from one small batch.

    Args:
        pair: the models.
        layers: a block of each, counted from 0.
        texts: ordinary text, of which the beginnings of a few are read.
    """
    small, large = pair.both
    small_layer, large_layer = layers
    batch = [text[:TIMED_CHARACTERS] for text in texts[:TIMED_TEXTS]]
    # The first pass of a model is slower than all later ones.
    read_paired(small, large, batch[:1], [small_layer], [large_layer])
    begun = time.perf_counter()
    states = read_paired(small, large, batch, [small_layer], [large_layer])
    return (time.perf_counter() - begun) / max(1, len(states.text))


def _loading(name: str, size: int | None) -> str:
    return f"loading {model_label(name)}" + ("" if size is None else f", {_gigabytes(size)} in memory")


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 50_000_000 else f"{size / 1e6:.0f} MB"
