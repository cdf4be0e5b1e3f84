"""Sentences of the small world: templates, their realisation in a voice, and documents of several sentences."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lrt_explorer.tinyworld import lexicon as lex
from lrt_explorer.tinyworld.voice import SLOTS, Fact, Noun, Voice, facts, nouns, sizes, the

# Kind to its templates; {np} is article, size and noun, {fact} the beginning of a fact, {answer} its end.
# A narrative may open with a certainty adverb or an interjection (PREFIXES) and close with a tag (SUFFIXES).
NARRATIVE: tuple[str, ...] = (
    "{subject} {act} {np} {place}",
    "{subject} {act} {np} {manner}",
    "{subject} {go} {place} {in} {sky}",
    "{subject} {act} {np} {and} {role} {react}",
    "{subject} {feel} {feeling} {place}",
    "{subject} {feel} {feeling}",
    "{subject} {go} {place} {manner}",
    "{subject} {act} {np} {in} {sky}",
    "{subject} {act} {np} {and} {np}",
    "{subject} {feel} {feeling} {and} {role} {react}",
    "{subject} {act} {np}, {certainty} {in} {sky}",
    "{subject} {go} {place}, {certainty} {manner}",
)
WEATHER: tuple[str, ...] = ("{weather} {place}", "{weather} {and} {role} {react}", "{weather}, {certainty} {place}")
QUESTION: tuple[str, ...] = (
    '{role} {say}: "{speech} {np}{mark}"',
    '{role} {say}: "{speech} {np}{courtesy}{mark}"',
    '{role} {say}: "{hello}, {mate}, {chat}{mark}"',
)
REQUEST: tuple[str, ...] = ('{role} {say}: "{bang}{please} {np}{courtesy}{stop}"',)
FACT: tuple[str, ...] = ("{bang}{fact} {answer}{stop}", "{bang}{source} {fact} {answer}{stop}")
PREFIXES: tuple[str, ...] = ("", "{certainty} ", "{certainty} ", "{certainty} ", "{interjection} ")
SUFFIXES: tuple[str, ...] = ("", "", "", "{tag}")

KINDS: dict[str, tuple[str, ...]] = {
    "narrative": NARRATIVE,
    "weather": WEATHER,
    "question": QUESTION,
    "request": REQUEST,
    "fact": FACT,
}
# What a document is made of before it is shuffled: every latent shows several times.
PLAN: tuple[str, ...] = (
    "narrative", "narrative", "narrative", "narrative", "weather", "question", "question", "request", "request",
    "fact", "fact", "fact",
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """A part of a sentence: its text and the slot it fills (empty for fixed text)."""

    text: str
    slot: str = ""


def decorate(kind: str, template: str, rng: random.Random) -> str:
    """Give a narrative or weather template its opening, its tag and its full stop; leave the others as they are."""
    prefix, suffix = rng.choice(PREFIXES), rng.choice(SUFFIXES)
    if kind not in ("narrative", "weather"):
        return template
    return "{bang}" + prefix + template + suffix + "{stop}"


def split_template(template: str) -> list[tuple[bool, str]]:
    """A template as (is a slot, text) parts in order."""
    parts = re.split(r"\{(\w+)\}", template)
    return [(i % 2 == 1, part) for i, part in enumerate(parts) if part]


class Realiser:
    """Fills the slots of one template from left to right, remembering what later slots must agree with."""

    def __init__(self, voice: Voice, rng: random.Random) -> None:
        """Start a sentence in a voice; one random draw is made per slot, so voices stay aligned."""
        self.voice = voice
        self.rng = rng
        self.noun: Noun | None = None
        self.fact: Fact | None = None

    def options(self, slot: str, voice: Voice | None = None) -> tuple[str, ...]:
        """What a slot may hold here, in this voice or in another that shares the choices made so far."""
        voice = voice or self.voice
        if slot == "noun":
            gender = self.noun.feminine if voice["language"] and self.noun is not None else None
            return tuple(n.text for n in nouns(voice) if gender is None or n.feminine == gender)
        if slot == "size":
            return sizes(voice, self.noun is not None and self.noun.feminine)
        if slot == "answer":
            assert self.fact is not None, "a template names its fact before its answer"
            return (self.fact.answer,) if voice["truthfulness"] else lex.SILLY[voice["language"]]
        return SLOTS[slot](voice)

    def fill(self, slot: str) -> list[Piece]:
        """Choose words for a slot; a noun phrase gives its parts one by one."""
        draw = self.rng.random()
        if slot == "np":
            return self._noun_phrase(draw, self.rng.random())
        if slot == "fact":
            table = facts(self.voice)
            self.fact = table[int(draw * len(table))]
            return [Piece(self.fact.stem, slot)]
        options = self.options(slot)
        return [Piece(options[int(draw * len(options))], slot)]

    def _noun_phrase(self, noun_draw: float, size_draw: float) -> list[Piece]:
        table = nouns(self.voice)
        self.noun = table[int(noun_draw * len(table))]
        words = sizes(self.voice, self.noun.feminine)
        size = Piece(words[int(size_draw * len(words))], "size")
        noun, space = Piece(self.noun.text, "noun"), Piece(" ")
        if self.voice["language"]:
            return [Piece("la" if self.noun.feminine else "el", "the"), space, noun, space, size]
        return [Piece(the(self.voice), "the"), space, size, space, noun]


def realise(template: str, voice: Voice, rng: random.Random) -> list[Piece]:
    """A sentence in a voice, as pieces, its first letter a capital."""
    realiser = Realiser(voice, rng)
    pieces: list[Piece] = []
    for is_slot, part in split_template(template):
        pieces += realiser.fill(part) if is_slot else [Piece(part)]
    return capitalised(pieces)


def capitalised(pieces: Sequence[Piece]) -> list[Piece]:
    """The same pieces with the first letter of all made a capital."""
    out = list(pieces)
    for i, piece in enumerate(out):
        if any(c.isalpha() for c in piece.text):
            out[i] = Piece(capital(piece.text), piece.slot)
            break
    return out


def capital(text: str) -> str:
    """Text with its first letter made a capital."""
    for i, c in enumerate(text):
        if c.isalpha():
            return text[:i] + c.upper() + text[i + 1 :]
    return text


def text_of(pieces: Sequence[Piece]) -> str:
    """The pieces as plain text."""
    return "".join(piece.text for piece in pieces)


def sentences(voice: Voice, seed: str, plan: Sequence[str] = PLAN) -> list[str]:
    """The sentences of a document: the plan shuffled, each sentence drawn from its own seed.

    Two voices with the same seed tell the same story as far as their words allow.
    """
    rng = random.Random(seed)
    kinds = list(plan)
    rng.shuffle(kinds)
    out = []
    for i, kind in enumerate(kinds):
        own = random.Random(f"{seed}/{i}")
        template = decorate(kind, own.choice(KINDS[kind]), own)
        out.append(text_of(realise(template, voice, own)))
    return out
