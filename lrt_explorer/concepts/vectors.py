"""Steering vectors: the mean difference of a contrast set, its transfer through a map, and its scale."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet, Reading
from lrt_explorer.errors import ContrastError, VectorError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.linear.outliers import ordinary_rows
from lrt_explorer.lm.capture import capture
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.tokens import encode
from lrt_explorer.store import MapInfo, VectorFile

BATCH_TEXTS = 32


# A steering vector is what a vector file holds: a direction in one layer of one model, and where it comes from.
SteeringVector = VectorFile


def mean_difference(
    lm: LanguageModel, contrast: ContrastSet, layers: Sequence[int], reading: Reading | None = None
) -> dict[int, SteeringVector]:
    """Mean activation of the texts with the behaviour minus that of the texts without it, at each layer.

    Every text counts once, however long it is. "all-tokens" averages a text's ordinary tokens (no special tokens, no
    norm outliers); "last-token" reads the last one after the set's neutral suffix, as in arXiv 2506.00653.

    Without a `reading`, it is the one that the set prefers.

    Raises:
        ContrastError: if a text has no ordinary token.
        VectorError: if a difference vanishes.
        SettingsError: if the model has no such layer.
    """
    reading = reading or contrast.reading
    texts = [text for pair in contrast.pairs for text in pair]
    if reading == "last-token" and contrast.suffix:
        texts = [text + contrast.suffix for text in texts]
    read = _text_means if reading == "all-tokens" else _last_tokens
    sums: dict[int, list[Tensor]] = {layer: [] for layer in layers}
    for states, ordinary in _states(lm, texts, layers):
        for layer in layers:
            sums[layer].append(read(states[layer], ordinary))
    vectors = {}
    for layer, parts in sums.items():
        rows = torch.cat(parts)
        if not torch.isfinite(rows).all():
            raise ContrastError(
                f"a text of the contrast set {contrast.name} has no token that could be read; write longer texts"
            )
        difference = (rows[0::2] - rows[1::2]).mean(0)
        if float(difference.norm()) <= 1e-9 * float(rows.norm(dim=1).mean()):
            raise VectorError(
                f"the texts of {contrast.name} read the same to {lm.name} at layer {layer}, so they give no vector; "
                "write pairs that differ where the vector is read"
            )
        vectors[layer] = SteeringVector(
            difference, lm.name, lm.fingerprint, layer, contrast.name, "mean-difference", reading
        )
    return vectors


def typical_norms(lm: LanguageModel, layers: Sequence[int], texts: Sequence[str]) -> dict[int, float]:
    """Median norm of ordinary token activations at each layer: the unit that strengths are counted in.

    Raises:
        ContrastError: if the texts hold no ordinary token.
    """
    norms: dict[int, list[Tensor]] = {layer: [] for layer in layers}
    for states, ordinary in _states(lm, texts, layers):
        for layer in layers:
            rows = states[layer][ordinary]
            norms[layer].append(rows[ordinary_rows(rows)].norm(dim=1))
    if not any(len(part) for parts in norms.values() for part in parts):
        raise ContrastError("the texts to measure activations on hold no token; give longer ones")
    return {layer: float(torch.cat(parts).median()) for layer, parts in norms.items()}


def transfer(vector: SteeringVector, map: AffineMap, info: MapInfo, *, as_in_paper: bool = False) -> SteeringVector:
    """The vector in the large model that the map makes of a vector of the small one.

    A vector is a difference, so the map's offset cancels; `as_in_paper` adds it all the same (arXiv 2506.00653).

    Raises:
        VectorError: if the vector does not live where the map begins.
    """
    if vector.fingerprint != info.small_fingerprint or vector.layer != info.small_layer:
        raise VectorError(
            f"the vector lives in {vector.model} layer {vector.layer}, but the map begins at {info.small} "
            f"layer {info.small_layer}; use a vector made there"
        )
    mapped = map.direction_as_in_paper(vector.values) if as_in_paper else map.direction(vector.values)
    how = "mapped as in the paper" if as_in_paper else "mapped"
    return replace(
        vector,
        values=mapped,
        model=info.large,
        fingerprint=info.large_fingerprint,
        layer=info.large_layer,
        method=f"{vector.method} {how} from {info.small} layer {info.small_layer}",
    )


def random_vector(width: int, seed: int) -> Tensor:
    """A direction drawn evenly from all directions, `[width]` float32 of norm 1: the control that knows nothing."""
    values: Tensor = torch.randn(width, generator=torch.Generator().manual_seed(seed))
    return values.div(values.norm())


def addition(values: Tensor, strength: float, typical_norm: float) -> Tensor:
    """What is added at strength *s*: `s · m · v/‖v‖`, `[d]` float32.

    Raises:
        VectorError: if the vector has no length to divide by.
    """
    norm = float(values.double().norm())
    if not norm > 0:
        raise VectorError("a vector of length zero points nowhere; use another vector")
    return (values.double() * (strength * typical_norm / norm)).float()


def _states(
    lm: LanguageModel, texts: Sequence[str], layers: Sequence[int]
) -> Iterator[tuple[dict[int, Tensor], Tensor]]:
    """Activations of batches of texts, `[b, t, d]` per layer, and `[b, t]` where the ordinary tokens are."""
    for start in range(0, len(texts), BATCH_TEXTS):
        encoded = encode(lm, texts[start : start + BATCH_TEXTS], max_length=lm.context)
        yield capture(lm, encoded, layers), encoded.mask.bool() & ~encoded.special


def _text_means(states: Tensor, ordinary: Tensor) -> Tensor:
    """Mean over the ordinary tokens of each text, `[b, d]` float64; NaN where a text has none."""
    kept = ordinary.clone()
    kept[ordinary] = ordinary_rows(states[ordinary])
    weights = kept.double()
    return torch.einsum("bt,btd->bd", weights, states.double()) / weights.sum(1, keepdim=True)


def _last_tokens(states: Tensor, ordinary: Tensor) -> Tensor:
    """The last ordinary token of each text, `[b, d]` float64; NaN where a text has none."""
    positions = torch.arange(ordinary.shape[1], device=ordinary.device)
    last = torch.where(ordinary, positions, -1).amax(1)
    rows = states[torch.arange(len(states)), last].double()
    rows[last < 0] = torch.nan
    return rows
