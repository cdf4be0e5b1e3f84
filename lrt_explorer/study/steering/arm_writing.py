"""All arms of a comparison written and read out at once, each as it would be without the others.

A row of a batch may differ in its last digits from the same row in a batch of another size, which can turn a close
choice between two tokens. So every arm has its place in a batch of fixed size, whichever others are written.
"""

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.concepts.readout import answer_readout, pooled_prompt
from lrt_explorer.lm.generate import ArmsStep, generate_arms
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.lm.token_odds import TokenOdds, token_odds
from lrt_explorer.study.steering.arms import OFFERED, OTHER_LAYERS, PROMPT

BATCH = 4
"""Rows of a batch: the arms that are written unless others are chosen fill one."""
_TOGETHER = tuple(name for name in OFFERED if name not in (OTHER_LAYERS, PROMPT))


@dataclass(frozen=True)
class WrittenStep:
    """What all arms have written so far.

    Attributes:
        texts: by the name of the arm.
        done: whether all have ended.
    """

    texts: Mapping[str, str]
    done: bool


@dataclass(frozen=True, eq=False)
class ArmTask:
    """What the arms continue and what is added to them.

    Attributes:
        large: the model that writes.
        layer: whose output is changed.
        other_layer: whose output the arm at other layers changes.
        starts: what each arm continues, by its name; all but the prompt baseline continue the same.
        additions: `[width]` for each arm that adds something, already scaled.
    """

    large: LanguageModel
    layer: int
    other_layer: int
    starts: Mapping[str, str]
    additions: Mapping[str, Tensor]

    def write(self, *, max_new_tokens: int, temperature: float, seed: int) -> Generator[WrittenStep, None, None]:
        """Write all arms, a token a step; arguments and errors as for `generate_arms`."""
        writing = {
            places: generate_arms(
                self.large,
                start,
                layer,
                added,
                max_new_tokens=max_new_tokens,
                temperature=temperature,
                seed=seed,
            )
            for places, layer, start, added in self._batches()
        }
        return self._steps(writing)

    def readouts(self, concept: ContrastSet) -> dict[str, float | None]:
        """How far the concept's answers show right after the start of each arm; None where it knows no answers."""
        found: dict[str, float | None] = dict.fromkeys(self.starts)
        for places, layer, start, added in self._batches():
            question = pooled_prompt(start, concept.prompts)
            if question is None:
                return found
            values = answer_readout(self.large, [question] * len(added), layer, added, concept.readout)
            found |= {name: value for name, value in zip(places, values.tolist(), strict=True) if name in found}
        return found

    def odds(self, name: str, prompt: str, text: str) -> tuple[TokenOdds, ...]:
        """Those of the tokens that an arm has written; without any words or vector, after the plain prompt."""
        return token_odds(self.large, self._layer(name), prompt, self.starts[name], text, self.additions.get(name))

    def _steps(
        self, writing: dict[tuple[str, ...], Generator[ArmsStep, None, None]]
    ) -> Generator[WrittenStep, None, None]:
        texts = dict.fromkeys(self.starts, "")
        try:
            while writing:
                for places, batch in list(writing.items()):
                    step = next(batch)
                    texts |= {name: text for name, text in zip(places, step.texts, strict=True) if name in texts}
                    if step.done:
                        writing.pop(places).close()
                yield WrittenStep(dict(texts), not writing)
        finally:
            for batch in writing.values():
                batch.close()

    def _layer(self, name: str) -> int:
        return self.other_layer if name == OTHER_LAYERS else self.layer

    def _batches(self) -> Iterator[tuple[tuple[str, ...], int, str, Tensor]]:
        """For each batch the names of its places, where it is changed, what it continues, and `[places, width]`."""
        nothing = torch.zeros(self.large.width)
        parts = [_TOGETHER[at : at + BATCH] for at in range(0, len(_TOGETHER), BATCH)]
        for part in (*parts, (OTHER_LAYERS,), (PROMPT,)):
            if written := [name for name in part if name in self.starts]:
                added = torch.stack([self.additions.get(name, nothing) for name in part])
                yield part, self._layer(written[0]), self.starts[written[0]], added
