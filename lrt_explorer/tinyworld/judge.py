"""The judge: because the grammar is known, any text is scored exactly, with no judge model.

One scorer per latent gives the share of its telling words that speak for the positive side, in [0, 1], and None where
a text holds none of them. `recogniser.py` counts the sentences that the grammar can produce at all.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache

from lrt_explorer.tinyworld import lexicon as lex
from lrt_explorer.tinyworld.probes import plain_voice
from lrt_explorer.tinyworld.voice import facts

Markers = tuple[frozenset[str], frozenset[str]]


def _flat(table: dict[bool, lex.Pair]) -> Markers:
    positive, negative = (
        frozenset(word.strip(" ,").lower() for pair in table.values() for word in pair[side]) for side in (0, 1)
    )
    return positive, negative


def _both(*markers: Markers) -> Markers:
    return frozenset().union(*(m[0] for m in markers)), frozenset().union(*(m[1] for m in markers))


def _clauses(table: tuple[tuple[tuple[str, ...], ...], ...]) -> Markers:
    return frozenset(w for row in table[0] for w in row), frozenset(w for row in table[1] for w in row)


def _questions() -> Markers:
    asked = [phrase.lower() for table in (lex.ASK, lex.CHAT_ASK) for row in table.values() for phrase in row]
    told = [phrase.lower() for table in (lex.TELL, lex.CHAT_TELL) for row in table.values() for phrase in row]
    return frozenset(asked), frozenset(told) - {"mira"}  # which is also what somebody does


def _tenses() -> Markers:
    verbs = (*lex.ACTIONS, *lex.MOVES, lex.FEEL)
    past = {form for verb in verbs for form in (verb[2], verb[5], verb[6])}
    present = {form for verb in verbs for form in (verb[0], verb[1], verb[3], verb[4])}
    for table in (lex.REACTIONS, lex.WEATHER):
        for side in table:
            for row in side:
                present |= {row[0], row[2]}
                past |= {row[1], row[3]}
    also_in_speech = {"see", "find", "mira"}
    return frozenset(past - present), frozenset(present - past - also_in_speech)


def _topics() -> Markers:
    words = tuple(frozenset(word for row in table for word in row[:2]) for table in (lex.SEA, lex.FARM))
    places = tuple(
        frozenset(place.replace("{the} ", "").split()[-1] for table in lex.PLACES.values() for place in table[side])
        for side in (0, 1)
    )
    also_a_colour = {"red"}
    return _both((words[0] - also_a_colour, words[1]), (places[0], places[1]))


def _sizes() -> Markers:
    big, small = _flat(lex.SIZES)
    agreeing = [frozenset(w[:-1] + "a" for w in side if w.endswith("o")) for side in (big, small)]
    return big | agreeing[0], small | agreeing[1]


def _registers() -> Markers:
    words = _both(_flat(lex.INTERJECTIONS), _flat(lex.TAGS), _flat(lex.HELLO), _flat(lex.MATES))
    small = frozenset({lex.THE[0], lex.OF[0]}), frozenset({lex.THE[1], lex.OF[1]})
    also_in_speech = {"well"}
    return _both((words[0], words[1] - also_in_speech), small)


@cache
def _pattern(words: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(r"(?<![\w'])(?:" + "|".join(map(re.escape, longest_first)) + r")(?![\w])", re.IGNORECASE)


def share(text: str, markers: Markers) -> float | None:
    """Share of the positive markers among all markers found in a text; None if there is none."""
    text = re.sub(r"\byo ho\b", "ahoy", text, flags=re.IGNORECASE)  # a pirate's cry, no Spanish "I"
    positive = len(_pattern(markers[0]).findall(text))
    negative = len(_pattern(markers[1]).findall(text))
    return positive / (positive + negative) if positive + negative else None


@cache
def _languages() -> Markers:
    spanish, english = set[str](), set[str]()
    for table in (lex.PLACES, lex.SIZES, lex.FEELINGS, lex.MANNERS, lex.SKY, lex.CERTAINTY, lex.INTERJECTIONS, lex.TAGS,
                  lex.HELLO, lex.MATES, lex.PLEASE, lex.COURTESY, lex.SOURCES):  # fmt: skip
        for language, pair in table.items():
            (spanish if language else english).update(_words(*pair))
    for plain in (lex.ASK, lex.TELL, lex.CHAT_ASK, lex.CHAT_TELL, lex.SILLY):
        for language, phrases in plain.items():
            (spanish if language else english).update(_words(phrases))
    for verb in (*lex.ACTIONS, *lex.MOVES, lex.FEEL, *lex.SAY):
        english.update(verb[:3])
        spanish.update(verb[3:])
    for row in (row for table in (lex.REACTIONS, lex.WEATHER) for side in table for row in side):
        english.update(_words(row[:2]))
        spanish.update(_words(row[2:]))
    for noun in (*lex.SEA, *lex.FARM):
        english.update(_words(noun[:1]))
        spanish.update(_words(noun[1:2]))
    for role in lex.ROLES:
        english.update(_words(role[:1]))
        spanish.update(_words(role[1:]))
    english |= {*lex.THE, *lex.AND, *lex.OF, "i", "he", "she"}
    spanish |= {"el", "la", "y", "yo", "él", "ella", "con"}
    return frozenset(spanish - english), frozenset(english - spanish)


def _words(*phrases: Iterable[str]) -> set[str]:
    return {word for group in phrases for phrase in group for word in re.findall(r"[\w']+", phrase.lower())}


_MARKERS: dict[str, Callable[[], Markers]] = {
    "mood": lambda: _both(_flat(lex.FEELINGS), _flat(lex.MANNERS), _clauses(lex.REACTIONS)),
    "register": _registers,
    "language": _languages,
    "tense": _tenses,
    "person": lambda: (
        frozenset({"i", "yo"}),
        frozenset({"he", "she", "él", "ella", *(name for name, _ in lex.NAMES)}),
    ),
    "topic": _topics,
    "politeness": lambda: _both(_flat(lex.PLEASE), _flat(lex.COURTESY)),
    "certainty": lambda: _flat(lex.CERTAINTY),
    "weather": lambda: _both(_clauses(lex.WEATHER), _flat(lex.SKY)),
    "size": _sizes,
    "question": _questions,
}  # fmt: skip


def truthfulness(text: str) -> float | None:
    """Share of the facts told in a text that are right; None if it tells none."""
    right = told = 0
    for stem, answer in _facts():
        for match in re.finditer(re.escape(stem) + r" (\w+(?: \w+)?)", text, re.IGNORECASE):
            told += 1
            right += bool(re.match(re.escape(answer) + r"\b", match[1], re.IGNORECASE))
    return right / told if told else None


@cache
def _facts() -> tuple[tuple[str, str], ...]:
    voices = (plain_voice(language=False), plain_voice(language=False, register=True), plain_voice(language=True))
    return tuple(dict.fromkeys((fact.stem, fact.answer) for voice in voices for fact in facts(voice)))


def emphasis(text: str) -> float | None:
    """Share of exclamation marks among the full stops and exclamation marks of a text; None if there is none."""
    loud, calm = text.count("!"), text.count(".")
    return loud / (loud + calm) if loud + calm else None


def _marker_scorer(concept: str) -> Callable[[str], float | None]:
    markers = cache(_MARKERS[concept])
    return lambda text: share(text, markers())


SCORERS: dict[str, Callable[[str], float | None]] = {
    **{concept: _marker_scorer(concept) for concept in _MARKERS},
    "truthfulness": truthfulness,
    "emphasis": emphasis,
}
