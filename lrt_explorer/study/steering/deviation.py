"""The typical deviation of a model's layers, the unit of strength: measured once on ordinary text, and kept."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache

import torch
from torch import Tensor

from lrt_explorer.errors import VectorError
from lrt_explorer.linear.deviation import TypicalDeviation, typical_deviation
from lrt_explorer.lm.blocks import check_layer
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode
from lrt_explorer.study.corpora.texts import sample_texts
from lrt_explorer.study.ground.records import Json, Records

TOKENS = 3000
"""Ordinary tokens that are read, which give the median of their distances to about one percent."""
DOCUMENTS = 200
"""Documents that they are taken from, at most."""
LONGEST_TOKENS = 256
BATCH_TEXTS = 8
MOST_BYTES = 2**29
"""Activations held at once; more layers than fit are read in several passes."""
KIND = "deviations"
VERSION = 1


def unit_of(lm: LanguageModel, layer: int, ordinary: str) -> TypicalDeviation:
    """The unit of strength at one layer; see `units_of`."""
    return units_of(lm, [layer], ordinary)[layer]


def units_of(lm: LanguageModel, layers: Sequence[int], ordinary: str) -> dict[int, TypicalDeviation]:
    """The unit of strength at several layers: a property of the model's weights, the layer and the ordinary text.

    Measured on the first 3,000 ordinary tokens of the text, all missing layers in one pass, and kept in memory and on
    disk.

    Args:
        lm: the model.
        layers: blocks.
        ordinary: name of the corpus (see `World.ordinary`).

    Raises:
        SettingsError: if there is no such layer, or the corpus cannot be read.
        VectorError: if the text gives nothing to measure.
    """
    for layer in layers:
        check_layer(lm, layer)
    text = ordinary_digest(ordinary)
    found = {layer: unit for layer in layers if (unit := unit_records().get(lm, unit_key(layer, text))) is not None}
    if missing := sorted(set(layers) - set(found)):
        measured = measure_units(lm, missing, sample_texts(DOCUMENTS, ordinary))
        for layer, unit in measured.items():
            unit_records().keep(lm, unit_key(layer, text), unit)
        found |= measured
    return found


def measure_units(lm: LanguageModel, layers: Sequence[int], texts: Sequence[str]) -> dict[int, TypicalDeviation]:
    """`units_of` for the texts themselves, always measured.

    Raises:
        VectorError: if the texts hold no ordinary token.
        SettingsError: if there is no such layer.
    """
    most = max(1, MOST_BYTES // (4 * lm.width * TOKENS))
    units: dict[int, TypicalDeviation] = {}
    for first in range(0, len(layers), most):
        some = layers[first : first + most]
        rows = _ordinary_states(lm, some, [text for text in texts if text.strip()])
        units |= {layer: typical_deviation(rows[layer]) for layer in some}
    return units


def ordinary_digest(ordinary: str) -> str:
    """A hash of the text that units are measured on."""
    return hashlib.sha256("\n".join(sample_texts(DOCUMENTS, ordinary)).encode()).hexdigest()[:16]


def unit_key(layer: int, text: str) -> str:
    """The key of a unit among those of its model; `text` is a digest of the ordinary text."""
    return f"{layer}-{text}"


@cache
def unit_records() -> Records[TypicalDeviation]:
    """The units that all studies of this process share."""
    return Records(KIND, VERSION, _to_json, _from_json)


def _to_json(unit: TypicalDeviation) -> Json:
    return {"value": unit.value, "outliers": list(unit.outliers)}


def _from_json(record: Json) -> TypicalDeviation:
    return TypicalDeviation(float(record["value"]), tuple(int(one) for one in record["outliers"]))


def ordinary_batches(
    lm: LanguageModel, layers: Sequence[int], texts: Sequence[str]
) -> Iterator[tuple[dict[int, Tensor], Tensor]]:
    """Activations of a few ordinary texts at a time, `[b, t, d]` per layer, and `[b, t]` where ordinary tokens are.

    Of a long text only the beginning is read. A batch is read when it is asked for.
    """
    for first in range(0, len(texts), BATCH_TEXTS):
        encoded = encode(lm, texts[first : first + BATCH_TEXTS], max_length=LONGEST_TOKENS)
        yield capture(lm, encoded, layers), encoded.mask.bool() & ~encoded.special


def _ordinary_states(lm: LanguageModel, layers: Sequence[int], texts: Sequence[str]) -> dict[int, Tensor]:
    """`[tokens, d]` per layer, of the first ordinary tokens."""
    parts: dict[int, list[Tensor]] = {layer: [] for layer in layers}
    tokens = 0
    for read, ordinary in ordinary_batches(lm, layers, texts):
        for layer, states in read.items():
            parts[layer].append(states[ordinary])
        tokens += int(ordinary.sum())
        if tokens >= TOKENS:
            break
    if not tokens:
        raise VectorError("the ordinary text holds no token to measure activations on; give a longer one")
    return {layer: torch.cat(rows)[:TOKENS] for layer, rows in parts.items()}
