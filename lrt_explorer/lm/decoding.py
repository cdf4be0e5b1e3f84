"""The decoding loop: a batch of prompts on its way through a model, one token a step."""

import hashlib
import inspect
from collections.abc import Collection, Iterator, Sequence
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from lrt_explorer.errors import SettingsError
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.steer import Steering


class Continuation:
    """A batch of token sequences that grow, with the model's memory of what it has read.

    Sequences of different lengths are padded on the left, and positions are counted without the padding. The lock is
    held, and the hook set, during a pass only: between two steps others may use the model.
    """

    def __init__(
        self,
        lm: LanguageModel,
        sequences: Sequence[Sequence[int]],
        steering: Steering | None = None,
        *,
        use_cache: bool = True,
    ) -> None:
        """Start with b sequences of at least one token each; `steering` has b rows."""
        longest = max(map(len, sequences))
        self._lm = lm
        self._steering = steering
        # Any token serves as padding, because it is masked.
        rows = [[0] * (longest - len(tokens)) + list(tokens) for tokens in sequences]
        self._ids = torch.tensor(rows, dtype=torch.long, device=lm.device)
        self._mask: Tensor | None = None
        if any(len(tokens) < longest for tokens in sequences):
            marks = [[0] * (longest - len(tokens)) + [1] * len(tokens) for tokens in sequences]
            self._mask = torch.tensor(marks, dtype=torch.long, device=lm.device)
        self._use_cache = use_cache and lm.traits.caches
        self._memory: dict[str, Any] = {}
        self._read = 0
        self._accepted = inspect.signature(lm.model.forward).parameters.keys()

    @property
    def remembers(self) -> bool:
        """Whether the model has handed back anything to go on from; if not, all is read again at every step."""
        return bool(self._memory)

    def logits(self) -> Tensor:
        """Run the model over what it has not read yet: `[b, vocabulary]` float32 for the next token of each row."""
        inputs: dict[str, Any] = {"input_ids": self._ids[:, self._read :], "use_cache": self._use_cache}
        inputs |= self._memory
        if "logits_to_keep" in self._accepted:
            inputs["logits_to_keep"] = 1
        if self._mask is not None:
            inputs["attention_mask"] = self._mask
        if self._lm.traits.positions and "position_ids" in self._accepted:
            # Also without padding: some families count from 0 again where they are not told.
            mask = torch.ones_like(self._ids) if self._mask is None else self._mask
            inputs["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)[:, self._read :]
        with self._lm.lock, self._steering.on() if self._steering else nullcontext(), torch.inference_mode():
            output = self._lm.model(**inputs)
            logits: Tensor = output.logits[:, -1].float()
        if self._use_cache:
            # A model that hands no memory back reads the whole text again at every step.
            self._memory = _memory(output, self._accepted)
            self._read = self._ids.shape[1] if self._memory else 0
        return logits

    def append(self, tokens: Sequence[int]) -> None:
        """Lengthen every row by one token."""
        column = torch.tensor(tokens, dtype=torch.long, device=self._lm.device)[:, None]
        self._ids = torch.cat([self._ids, column], dim=1)
        if self._mask is not None:
            self._mask = torch.cat([self._mask, torch.ones_like(column)], dim=1)


class Sampler:
    """Chooses next tokens: the likeliest at temperature 0, else at random with noise that like prompts share.

    Adding Gumbel noise to logits and taking the largest draws from their softmax. The noise depends on seed, prompt
    and step alone, so rows of one prompt with equal logits choose equal tokens, and a row chooses the same in any
    batch.
    """

    def __init__(self, prompts: Sequence[str], temperature: float, seed: int) -> None:
        """Prepare for one row per prompt.

        Raises:
            SettingsError: if the temperature is negative or not finite.
        """
        if not 0 <= temperature < float("inf"):
            raise SettingsError(
                f"the temperature {temperature} is out of range; choose 0 (the likeliest token) to about 2"
            )
        distinct = list(dict.fromkeys(prompts))
        self._temperature = temperature
        self._generators = [torch.Generator().manual_seed(_stream(seed, prompt)) for prompt in distinct]
        self._row = torch.tensor([distinct.index(prompt) for prompt in prompts])

    def choose(self, logits: Tensor) -> list[int]:
        """One token for each row of `[b, vocabulary]` logits."""
        if self._temperature > 0:
            noise = torch.stack([_gumbel(logits.shape[1], generator) for generator in self._generators])
            logits = logits + self._temperature * noise[self._row].to(logits.device)
        tokens: list[int] = logits.argmax(dim=1).tolist()
        return tokens


def decode(
    lm: LanguageModel,
    sequences: Sequence[Sequence[int]],
    sampler: Sampler,
    steering: Steering | None,
    max_new_tokens: int,
    *,
    use_cache: bool,
) -> Iterator[list[int | None]]:
    """The next token of each row, step by step; None once a row has ended.

    A row ends with the model's end-of-text token (which is not given). All end after `max_new_tokens`, or where the
    context is full for the longest.
    """
    continuation = Continuation(lm, sequences, steering, use_cache=use_cache)
    ends = end_tokens(lm)
    ended = [False] * len(sequences)
    for _ in range(min(max_new_tokens, lm.context - max(map(len, sequences)))):
        chosen = sampler.choose(continuation.logits())
        ended = [over or token in ends for over, token in zip(ended, chosen, strict=True)]
        yield [None if over else token for over, token in zip(ended, chosen, strict=True)]
        if all(ended):
            return
        continuation.append(chosen)


def end_tokens(lm: LanguageModel) -> frozenset[int]:
    """The tokens at which the model, its generation settings or its tokenizer end a text."""
    sources = (lm.model.generation_config, lm.model.config, lm.tokenizer)
    found: set[int] = set()
    for source in sources:
        ends = getattr(source, "eos_token_id", None)
        found.update(ends if isinstance(ends, list | tuple) else [] if ends is None else [ends])
    return frozenset(found)


def _memory(output: Any, accepted: Collection[str]) -> dict[str, Any]:
    """What a model has kept of the text it read, to be given to it at the next step.

    Its name differs between families and versions of the library: it is whatever the model hands back under a name
    that it also takes.
    """
    return {name: value for name, value in output.items() if name in accepted and value is not None}


def _stream(seed: int, prompt: str) -> int:
    """The seed of the noise of one prompt; prompts must not share noise, or their texts would err alike."""
    digest = hashlib.sha256(f"{seed}\0{prompt}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8]) >> 1


def _gumbel(size: int, generator: torch.Generator) -> Tensor:
    # Zero is a possible draw in float32, and its logarithm would be an infinite preference.
    waits = torch.empty(size).exponential_(generator=generator).clamp_min_(torch.finfo(torch.float32).tiny)
    return -waits.log()
