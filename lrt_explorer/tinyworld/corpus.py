"""Documents of the small world, in disjoint splits, each drawn from its own seed.

Training never sees one in eight combinations of latents, nor one in six pairs of a name and another person:
the evaluation split is made of exactly those.
"""

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from lrt_explorer.errors import SettingsError
from lrt_explorer.tinyworld import lexicon as lex
from lrt_explorer.tinyworld.grammar import PLAN, sentences
from lrt_explorer.tinyworld.voice import Voice

Split = Literal["train", "fit", "contrast", "evaluation"]
HELD_OUT_COMBINATIONS = 8
HELD_OUT_CASTS = 6


@dataclass(frozen=True)
class Document:
    """A text, the latents it was drawn with, and the voice that tells it."""

    text: str
    voice: Voice

    @property
    def latents(self) -> dict[str, bool]:
        """Concept name to side; True is the positive side."""
        return dict(self.voice.latents)


def combination_is_held_out(latents: dict[str, bool]) -> bool:
    """Whether training never sees this combination of latents."""
    bits = "".join(str(int(latents[concept.name])) for concept in lex.CONCEPTS)
    return zlib.crc32(bits.encode()) % HELD_OUT_COMBINATIONS == 0


def cast_is_held_out(name: str, role: int) -> bool:
    """Whether training never sees this name with this other person."""
    return zlib.crc32(f"{name}/{lex.ROLES[role][0]}".encode()) % HELD_OUT_CASTS == 0


def draw_voice(rng: random.Random, held_out: bool) -> Voice:
    """Draw latents (independent, even) and a cast, from the held-out ones or from the others."""
    while True:
        latents = {concept.name: rng.random() < 0.5 for concept in lex.CONCEPTS}
        if combination_is_held_out(latents) == held_out:
            break
    while True:
        name, role = rng.choice(lex.NAMES), rng.randrange(len(lex.ROLES))
        if cast_is_held_out(name[0], role) == held_out:
            return Voice(latents, name, role)


def document(split: Split, index: int) -> Document:
    """Document number `index` of a split, the same on every machine.

    Raises:
        SettingsError: if the split is unknown.
    """
    if split not in get_args(Split):
        raise SettingsError(f"there is no split {split!r}; choose one of {', '.join(get_args(Split))}")
    rng = random.Random(f"tinyworld/{split}/{index}")
    voice = draw_voice(rng, held_out=split == "evaluation")
    return Document(" ".join(sentences(voice, f"{split}/{index}", PLAN)), voice)


def documents(split: Split, count: int, start: int = 0) -> Iterator[Document]:
    """Documents `start` to `start + count - 1` of a split, one at a time."""
    for index in range(start, start + count):
        yield document(split, index)
