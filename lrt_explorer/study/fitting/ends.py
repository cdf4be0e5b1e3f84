"""R² at ends: how well a map predicts the states at which a next word is about to show a concept.

Held-out documents are ordinary tokens. A vector acts where a prompt breaks off, and there a map may do better or worse,
so its score at the ends of readout prompts, which no map is fitted on, stands beside the other.
"""

import hashlib
from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.linear.moments import CrossMoments
from lrt_explorer.linear.scores import r2
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode
from lrt_explorer.store import PairMap
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.records import Json, Records

KIND, VERSION = "ends", 1
PROMPTS_EACH = 12
"""Of each concept: with a dozen concepts enough for a score in two digits, and read in a moment."""
LEAST_PROMPTS = 24
BATCH_PROMPTS = 32


def end_prompts(concepts: Sequence[ContrastSet]) -> tuple[str, ...]:
    """Readout prompts of every concept, each text once; none where there are too few to score anything."""
    texts = dict.fromkeys(prompt.text for concept in concepts for prompt in concept.prompts[:PROMPTS_EACH])
    return tuple(texts) if len(texts) >= LEAST_PROMPTS else ()


def known_ends(pair: Pair, saved: PairMap, prompts: Sequence[str]) -> float | None:
    """What was measured before for this map and these prompts; None if nothing was."""
    return ends_records().get(pair.large, ends_key(pair, saved, prompts)) if prompts else None


def keep_ends(pair: Pair, saved: PairMap, prompts: Sequence[str]) -> float | None:
    """The same, measured now and kept if it is not known; None without prompts."""
    known = known_ends(pair, saved, prompts)
    if known is not None or not prompts:
        return known
    found = measure_ends(pair, saved, prompts)
    ends_records().keep(pair.large, ends_key(pair, saved, prompts), found)
    return found


def measure_ends(pair: Pair, saved: PairMap, prompts: Sequence[str]) -> float:
    """R² of the map over the last tokens of the prompts; the bias counts, as for every point.

    Raises:
        MapError: if the prompts all end in the same state.
    """
    small, large = (_ends(lm, layer, prompts) for lm, layer in zip(pair.both, saved.layers, strict=True))
    moments = CrossMoments(small.shape[1], large.shape[1])
    moments.update(small, large)
    return r2(saved.map, moments)


def ends_key(pair: Pair, saved: PairMap, prompts: Sequence[str]) -> str:
    """The key of a score among those of the large model."""
    told = "\n".join((pair.small.reading_mark, str(saved.layers), saved.map.digest, *prompts))
    return hashlib.sha256(told.encode()).hexdigest()[:24]


@cache
def ends_records() -> Records[float]:
    """The scores that all studies of this process share."""
    return Records(KIND, VERSION, _to_json, _from_json)


def _ends(lm: LanguageModel, layer: int, prompts: Sequence[str]) -> Tensor:
    """`[n, width]`, the state at the last token of each prompt."""
    rows = []
    for first in range(0, len(prompts), BATCH_PROMPTS):
        encoded = encode(lm, list(prompts[first : first + BATCH_PROMPTS]), max_length=lm.context)
        last = encoded.mask.sum(1) - 1
        rows.append(capture(lm, encoded, [layer])[layer][torch.arange(len(last)), last])
    return torch.cat(rows)


def _to_json(value: float) -> Json:
    return {"r2": value}


def _from_json(record: Json) -> float:
    return float(record["r2"])
