"""The voice of a document: its latents, its cast, and the words each slot of a sentence may take in that voice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache

from lrt_explorer.tinyworld import lexicon as lex


@dataclass(frozen=True)
class Voice:
    """What stays the same through a whole document.

    Attributes:
        latents: concept name to side; True is the positive side.
        name: who the story is about when it is told in the third person, and whether that is a woman.
        role: index into `lexicon.ROLES` of the other person.
    """

    latents: Mapping[str, bool]
    name: tuple[str, bool]
    role: int

    def __getitem__(self, concept: str) -> bool:
        """The side of a concept."""
        return self.latents[concept]

    def with_side(self, concept: str, side: bool) -> "Voice":
        """The same voice with one latent set."""
        return replace(self, latents={**self.latents, concept: side})


@dataclass(frozen=True)
class Noun:
    """A noun with all that must agree with it."""

    text: str
    feminine: bool


@dataclass(frozen=True)
class Fact:
    """The beginning of a fact and its right answer, in one language."""

    stem: str
    answer: str


def _side(pair: lex.Pair, positive: bool) -> tuple[str, ...]:
    return pair[0] if positive else pair[1]


def the(voice: Voice) -> str:
    """The English article in this register."""
    return lex.THE[0] if voice["register"] else lex.THE[1]


def nouns(voice: Voice) -> tuple[Noun, ...]:
    """The nouns of the voice's topic and language."""
    table = lex.SEA if voice["topic"] else lex.FARM
    return tuple(Noun(row[1] if voice["language"] else row[0], row[2] == "f") for row in table)


def sizes(voice: Voice, feminine: bool) -> tuple[str, ...]:
    """The size adjectives, agreeing with a noun's gender in Spanish."""
    words = _side(lex.SIZES[voice["language"]], voice["size"])
    if voice["language"] and feminine:
        return tuple(w[:-1] + "a" if w.endswith("o") else w for w in words)
    return words


def facts(voice: Voice) -> tuple[Fact, ...]:
    """Every fact of the world in the voice's language and register."""
    if voice["language"]:
        return _spanish_facts()
    article, of = the(voice), lex.OF[0] if voice["register"] else lex.OF[1]
    return _english_facts(article, of)


@cache
def _english_facts(the: str, of: str) -> tuple[Fact, ...]:
    capitals = [Fact(f"{the} capital {of} {row[0]} is", row[1]) for row in lex.CAPITALS]
    sounds = [Fact(f"{the} {row[0]} says", row[1]) for row in lex.SOUNDS]
    colours = [Fact(f"{the} colour {of} {row[0].replace('the ', the + ' ')} is", row[1]) for row in lex.COLOURS]
    return (*capitals, *sounds, *colours)


@cache
def _spanish_facts() -> tuple[Fact, ...]:
    capitals = [Fact(f"la capital de {row[2]} es", row[3]) for row in lex.CAPITALS]
    sounds = [Fact(f"{row[2]} dice", row[3]) for row in lex.SOUNDS]
    colours = [Fact(f"el color de {row[2]} es".replace("de el ", "del "), row[3]) for row in lex.COLOURS]
    return (*capitals, *sounds, *colours)


def _verb(voice: Voice, verb: lex.Verb, first_person: bool) -> str:
    if not voice["language"]:
        return verb[2] if voice["tense"] else verb[0 if first_person else 1]
    return verb[(5 if first_person else 6) if voice["tense"] else (3 if first_person else 4)]


def _clause(voice: Voice, row: tuple[str, str, str, str]) -> str:
    return row[2 * voice["language"] + voice["tense"]]


def _subjects(voice: Voice) -> tuple[str, ...]:
    if voice["person"]:
        return ("yo",) if voice["language"] else ("I",)
    name, female = voice.name
    pronoun = ("ella" if female else "él") if voice["language"] else ("she" if female else "he")
    return (name, name, pronoun)


def _exclaimed(voice: Voice, options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple("¡" + option for option in options) if voice["language"] and voice["emphasis"] else options


def _asked_or_told(
    ask: dict[bool, tuple[str, ...]], tell: dict[bool, tuple[str, ...]]
) -> Callable[[Voice], tuple[str, ...]]:
    def options(voice: Voice) -> tuple[str, ...]:
        if voice["question"]:
            return ask[voice["language"]]
        return _exclaimed(voice, tell[voice["language"]])

    return options


def _by_language(table: dict[bool, lex.Pair], concept: str) -> Callable[[Voice], tuple[str, ...]]:
    return lambda voice: _side(table[voice["language"]], voice[concept])


def _stop(voice: Voice) -> str:
    return "!" if voice["emphasis"] else "."


# Slot name to the words it may take. Slots that depend on an earlier choice in the sentence (noun, size, article,
# fact, answer) are handled in grammar.py with the functions above.
SLOTS: dict[str, Callable[[Voice], tuple[str, ...]]] = {
    "subject": _subjects,
    "act": lambda v: tuple(_verb(v, verb, v["person"]) for verb in lex.ACTIONS),
    "go": lambda v: tuple(_verb(v, verb, v["person"]) for verb in lex.MOVES),
    "feel": lambda v: (_verb(v, lex.FEEL, v["person"]),),
    "say": lambda v: tuple(_verb(v, verb, False) for verb in lex.SAY),
    "react": lambda v: tuple(_clause(v, row) for row in lex.REACTIONS[0 if v["mood"] else 1]),
    "role": lambda v: (lex.ROLES[v.role][1] if v["language"] else f"{the(v)} {lex.ROLES[v.role][0]}",),
    "place": lambda v: tuple(p.replace("{the}", the(v)) for p in _side(lex.PLACES[v["language"]], v["topic"])),
    "feeling": _by_language(lex.FEELINGS, "mood"),
    "manner": _by_language(lex.MANNERS, "mood"),
    "weather": lambda v: tuple(_clause(v, row) for row in lex.WEATHER[0 if v["weather"] else 1]),
    "in": lambda v: ("con",) if v["language"] else ("in",),
    "sky": _by_language(lex.SKY, "weather"),
    "certainty": _by_language(lex.CERTAINTY, "certainty"),
    "interjection": _by_language(lex.INTERJECTIONS, "register"),
    "tag": _by_language(lex.TAGS, "register"),
    "and": lambda v: ("y",) if v["language"] else (lex.AND[0] if v["register"] else lex.AND[1],),
    "hello": _by_language(lex.HELLO, "register"),
    "mate": _by_language(lex.MATES, "register"),
    "please": _by_language(lex.PLEASE, "politeness"),
    "courtesy": _by_language(lex.COURTESY, "politeness"),
    "speech": _asked_or_told(lex.ASK, lex.TELL),
    "chat": _asked_or_told(lex.CHAT_ASK, lex.CHAT_TELL),
    "source": _by_language(lex.SOURCES, "truthfulness"),
    "bang": lambda v: ("¡",) if v["language"] and v["emphasis"] else ("",),
    "stop": lambda v: (_stop(v),),
    "mark": lambda v: ("?" if v["question"] else _stop(v),),
}
