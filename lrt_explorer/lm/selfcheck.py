"""The self-check: a model is run on a few tokens when it is loaded, and refused if the house could not trust it.

All blocks are run once, on four tokens: their states must be `[batch, tokens, width]` and finite. The rest is asked of
at most two blocks of each kind, which takes a fraction of the time: whether a token's states depend on what follows
it, whether texts may be padded, and how the model goes on from what it has read. Where the answer is not the good one
all blocks are asked.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from inspect import signature
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from lrt_explorer.errors import ModelError, first_line
from lrt_explorer.lm.blocks import hidden_of, standing_in
from lrt_explorer.lm.decoding import Continuation
from lrt_explorer.lm.model import LanguageModel, Traits

TEXT = "The old sailor looked at the sea, saw a white bird and felt happy."
TOKENS, CUT, STEPS = 12, 5, 2
"""So many tokens of the text are read; the shorter text has the first few of them; so many are given one by one."""
BLOCKS_OF_A_KIND = 2
TOLERANCE, ROUGH_TOLERANCE = 3e-3, 0.15
"""How far states that should be equal may differ, as a share of their length: in full and in half precision."""
ROUNDING = 1e-4
"""How far they do differ at most by rounding, in full precision."""


class _Doubt(Exception):
    """Something about the model is not as it should be, or could not be asked of a part of its blocks."""


@dataclass(frozen=True)
class _Form:
    """In which form the blocks hand on their states.

    Attributes:
        width: of a state.
        stream: as `Traits.stream`.
        outputs: for each block how many things it hands on; None for the bare states.
    """

    width: int
    stream: int | None
    outputs: tuple[int | None, ...]


def self_check(lm: LanguageModel) -> LanguageModel:
    """The same model with its width and traits as they were found.

    Raises:
        ModelError: if a block's states are not finite or of another shape, if the model reads what comes after a token,
            or if it writes otherwise than the library lets it write.
    """
    ids = _trial_tokens(lm)
    with lm.lock, torch.inference_mode():
        form = _run_every_block(lm, ids[:, :4])
        lm = replace(lm, width=form.width, traits=Traits(stream=form.stream))
        kept = _blocks_of_each_kind(lm)
        with _without_head(lm):
            if len(kept) < lm.layers:
                try:
                    with _only(lm, kept, form):
                        traits = _traits(lm, ids, kept)
                    # Some pass on what they remember from block to block, and the blocks left out do not.
                    if traits.caches:
                        return replace(lm, traits=traits)
                except Exception:  # a part of a model may fail in ways that the whole does not
                    pass
            try:
                return replace(lm, traits=_traits(lm, ids, range(lm.layers)))
            except _Doubt as doubt:
                raise ModelError(str(doubt)) from doubt


def _trial_tokens(lm: LanguageModel) -> Tensor:
    """`[1, TOKENS]` tokens of a text, or any the model knows where its tokenizer has too few of them."""
    try:
        tokens = [token for token in lm.tokenizer(TEXT, verbose=False)["input_ids"] if token < lm.vocabulary]
    except Exception:  # tokenizers raise what they like; whether this one is of use is asked elsewhere
        tokens = []
    tokens += [token % lm.vocabulary for token in range(3, 3 + TOKENS)]
    return torch.tensor([tokens[:TOKENS]], device=lm.device)


def _run_every_block(lm: LanguageModel, ids: Tensor) -> _Form:
    """Run the whole model once and see what each block hands on."""
    seen: list[tuple[int, Any]] = []
    with _watching(lm, range(lm.layers), lambda layer, output: seen.append((layer, output))):
        try:
            logits = _last_logits(lm, ids)
        except Exception as error:
            if seen and not isinstance(error, ModelError):
                _states_of_all(lm, ids, seen)  # the cause may be in what they hand on
            raise ModelError(f"{lm.name} cannot be run ({first_line(error)}); choose another model") from error
    if [layer for layer, _ in seen] != list(range(lm.layers)):
        raise ModelError(
            f"{lm.name} does not run its {lm.layers} blocks once each and in order, so there is no output of a "
            "block to read; choose another model"
        )
    form = _states_of_all(lm, ids, seen)
    if not torch.isfinite(logits).all():
        raise _not_finite(lm, "the logits (though the states of all blocks are finite)")
    return form


def _states_of_all(lm: LanguageModel, ids: Tensor, seen: Sequence[tuple[int, Any]]) -> _Form:
    expected = (len(ids), ids.shape[1])
    width, stream = 0, None
    for layer, output in seen:
        try:
            states = hidden_of(output)
        except ModelError as error:
            raise ModelError(f"{lm.name} cannot be steered, because {error}") from error
        if states.ndim == 4 and states.shape[1:3] == expected:
            stream = _active_stream(lm)
            states = hidden_of(output, stream)
        width = width or states.shape[-1]
        if states.shape != (*expected, width):
            raise ModelError(
                f"block {layer} of {lm.name} outputs states of shape {list(states.shape)} where "
                f"{[*expected, width]} (batch, tokens, width) is needed; choose another model"
            )
        if not torch.isfinite(states).all():
            raise _not_finite(lm, f"the states from block {layer} on")
    return _Form(width, stream, tuple(len(o) if isinstance(o, tuple) else None for _, o in seen))


def _active_stream(lm: LanguageModel) -> int:
    stream = getattr(lm.model.config.get_text_config(decoder=True), "altup_active_idx", None)
    if not isinstance(stream, int):
        raise ModelError(
            f"{lm.name} has several streams of states and does not say which is the active one; choose another model"
        )
    return stream


def _not_finite(lm: LanguageModel, what: str) -> ModelError:
    precision = str(lm.model.dtype).removeprefix("torch.")
    return ModelError(
        f"{what} of {lm.name} are not finite: its weights are damaged, or overflow in {precision}; download them again"
        + ("" if lm.model.dtype == torch.float32 else ", or load it in float32")
    )


def _traits(lm: LanguageModel, ids: Tensor, layers: Sequence[int]) -> Traits:
    """How the model has to be run, by the states of the given blocks.

    Raises _Doubt if it cannot be run as a causal language model.
    """
    start = ids[:, :CUT]
    padded = torch.cat([start, torch.zeros_like(ids[:, CUT:])], dim=1)
    together, _ = _read(lm, torch.cat([ids, padded]), layers)
    alone, logits = _read_in_generate(lm, ids, layers) or _read(lm, ids, layers)
    pads_right, noise = _reads_the_same(lm, together, alone)
    if not pads_right:
        # By `generate`, by padding, or by reading ahead: the text whole, and its beginning, by themselves tell.
        alone, logits = _read(lm, ids, layers)
        pads_right, noise = _reads_the_same(lm, together, alone)
        if not _near(lm, _distance(_read(lm, start, layers)[0], alone[:, :, :CUT]), noise):
            raise _Doubt(
                f"{lm.name} is not a causal language model: the states of a text's beginning change with what comes "
                "after it, as in an encoder; choose a decoder"
            )
    # In the order of preference; the last reads every text whole and alone, and gives no positions.
    for caches, pads_left, positions in product((True, False), repeat=3):
        traits = Traits(lm.traits.stream, positions, pads_left, pads_right, caches)
        if _writes(replace(lm, traits=traits), ids[0].tolist(), layers, alone, logits):
            return traits
    raise _Doubt(
        f"{lm.name} writes otherwise than it reads: a text read whole and the same text read token by token give "
        "different states; choose another model"
    )


def _read_in_generate(lm: LanguageModel, ids: Tensor, layers: Sequence[int]) -> tuple[Tensor, Tensor] | None:
    """As `_read`, within the library's own `generate`; None where it has none for this family, or it fails."""
    model: Any = lm.model
    try:
        with _keeping(lm, layers) as seen:
            found = model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=1,
                do_sample=False,
                num_beams=1,
                pad_token_id=0,
                return_dict_in_generate=True,
                output_logits=True,
            )
        return torch.stack(seen), found.logits[0][0].float()
    except Exception:  # the house does not write by it
        return None


def _writes(lm: LanguageModel, tokens: list[int], layers: Sequence[int], states: Tensor, logits: Tensor) -> bool:
    """Whether a text and its beginning, given to the model bit by bit, leave the states of the text read whole."""
    rows = [len(tokens) - STEPS, CUT - STEPS]
    batches = [rows] if lm.traits.pads_left else [[length] for length in rows]
    try:
        return all(_writes_batch(lm, tokens, batch, layers, states, logits) for batch in batches)
    except Exception:  # this way is none for this family
        return False


def _writes_batch(
    lm: LanguageModel, tokens: list[int], lengths: list[int], layers: Sequence[int], states: Tensor, logits: Tensor
) -> bool:
    sequences = [tokens[:length] for length in lengths]
    if len(lengths) == 1:
        # Arms are written side by side: one of the same length, that reads something else, must not change the text.
        sequences.append(tokens[::-1][: lengths[0]])
    continuation = Continuation(lm, sequences)
    for step in range(STEPS + 1):
        with _keeping(lm, layers) as seen:
            found = continuation.logits()
        if lm.traits.caches and not continuation.remembers:
            return False
        at = [length + step for length in lengths]
        expected = states[:, 0, [place - 1 for place in at]]
        if not _distance(torch.stack([rows[: len(at), -1] for rows in seen]), expected) <= _tolerance(lm):
            return False
        if at[0] == len(tokens):
            return _agree_in_logits(lm, found[0], logits)
        after = [tokens[min(place, len(tokens) - 1)] for place in at]
        continuation.append([*after, tokens[0]][: len(sequences)])
    return True


def _read(lm: LanguageModel, ids: Tensor, layers: Sequence[int]) -> tuple[Tensor, Tensor]:
    """States `[layers, b, t, width]` and the logits `[vocabulary]` after the first text."""
    with _keeping(lm, layers) as seen:
        logits = _last_logits(lm, ids)
    return torch.stack(seen), logits[0]


def _last_logits(lm: LanguageModel, ids: Tensor) -> Tensor:
    keep = {"logits_to_keep": 1} if "logits_to_keep" in signature(lm.model.forward).parameters else {}
    logits: Tensor = lm.model(input_ids=ids, use_cache=False, **keep).logits[:, -1].float()
    return logits


def _reads_the_same(lm: LanguageModel, together: Tensor, alone: Tensor) -> tuple[bool, float]:
    """Whether texts in a padded batch have the states they have alone, and how far rounding takes them apart.

    Args:
        lm: the model that read.
        together: `[layers, 2, t, width]` of a text, and of its first `CUT` tokens with padding after them.
        alone: `[layers, 1, t, width]` of the text.
    """
    noise = _distance(together[:, :1], alone)
    return noise <= _tolerance(lm) and _near(lm, _distance(together[:, 1:, :CUT], alone[:, :, :CUT]), noise), noise


def _near(lm: LanguageModel, distance: float, noise: float) -> bool:
    """Whether states differ by no more than rounding does; an encoder with small weights reads ahead by little."""
    most = _tolerance(lm)
    return distance <= (most if most == ROUGH_TOLERANCE else min(most, max(ROUNDING, 10 * noise)))


def _distance(states: Tensor, expected: Tensor) -> float:
    """How far the states of a token are off at most, as a share of their length."""
    far = torch.linalg.vector_norm(states - expected, dim=-1)
    return float((far / torch.linalg.vector_norm(expected, dim=-1).clamp(min=1e-30)).max())


def _agree_in_logits(lm: LanguageModel, logits: Tensor, expected: Tensor) -> bool:
    return bool((logits - expected).norm() <= 3 * _tolerance(lm) * (expected - expected.mean()).norm())


def _tolerance(lm: LanguageModel) -> float:
    return TOLERANCE if lm.model.dtype in (torch.float32, torch.float64) else ROUGH_TOLERANCE


def _blocks_of_each_kind(lm: LanguageModel) -> list[int]:
    """The first blocks of each kind, in order."""
    kinds: dict[object, int] = {}
    kept = []
    for layer in range(lm.layers):
        kind = _kind(lm, layer)
        kinds[kind] = kinds.get(kind, 0) + 1
        if kinds[kind] <= BLOCKS_OF_A_KIND:
            kept.append(layer)
    return kept


def _kind(lm: LanguageModel, layer: int) -> object:
    """What tells blocks apart that do different things: their parts, shapes, switches, and what the settings say."""
    block = lm.blocks[layer]
    parts = tuple((name, type(part).__name__, _switches(part)) for name, part in block.named_modules())
    shapes = tuple((name, tuple(weight.shape)) for name, weight in block.named_parameters())
    config = lm.model.config.get_text_config(decoder=True).to_dict()
    said = [
        (key, repr(value[layer]))
        for key, value in config.items()
        if isinstance(value, list | tuple) and len(value) == lm.layers
    ]
    return parts, shapes, tuple(said)


def _switches(part: nn.Module) -> tuple[tuple[str, object], ...]:
    """Names and truths among a module's own settings; numbers may only count the blocks."""
    return tuple((key, value) for key, value in vars(part).items() if isinstance(value, str | bool | None))


@contextmanager
def _without_head(lm: LanguageModel) -> Iterator[None]:
    """Within, what is called logits are the states after the final norm: unembedding them takes long and tells less."""
    head = lm.model.get_output_embeddings()
    with nullcontext() if head is None else standing_in([head], _passing_on(None)):
        yield


@contextmanager
def _only(lm: LanguageModel, kept: Sequence[int], form: _Form) -> Iterator[None]:
    """Within, the other blocks hand on what they are given."""
    with ExitStack() as stack:
        for layer in sorted(set(range(lm.layers)) - set(kept)):
            stack.enter_context(standing_in([lm.blocks[layer]], _passing_on(form.outputs[layer])))
        yield


def _passing_on(outputs: int | None) -> Callable[..., Any]:
    def forward(hidden_states: Any, *_args: Any, **_kwargs: Any) -> Any:
        return hidden_states if outputs is None else (hidden_states, *[None] * (outputs - 1))

    return forward


@contextmanager
def _keeping(lm: LanguageModel, layers: Sequence[int]) -> Iterator[list[Tensor]]:
    """Within, each pass leaves the states `[b, t, width]` float32 of the given blocks in the list, the last pass's."""
    seen: list[Tensor] = []

    def keep(layer: int, output: Any) -> None:
        if layer == layers[0]:
            seen.clear()
        seen.append(hidden_of(output, lm.traits.stream).to("cpu", torch.float32, copy=True))

    with _watching(lm, layers, keep):
        yield seen


@contextmanager
def _watching(lm: LanguageModel, layers: Sequence[int], watch: Callable[[int, Any], None]) -> Iterator[None]:
    with ExitStack() as stack:
        for layer in layers:

            def hook(_block: nn.Module, _inputs: Any, output: Any, layer: int = layer) -> None:
                watch(layer, output)

            stack.callback(lm.blocks[layer].register_forward_hook(hook).remove)
        yield
