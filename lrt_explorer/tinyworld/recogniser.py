"""The grammar read backwards: which stretches of a text are sentences that the grammar can produce.

Every template becomes a regular expression in which a slot holds all the words it may take in any voice, except that
what must agree within a sentence does: language, tense, person, a noun with its article and adjective, a question
with its mark, and in Spanish an exclamation with its opening.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from functools import cache

from lrt_explorer.tinyworld import lexicon as lex
from lrt_explorer.tinyworld.grammar import FACT, NARRATIVE, QUESTION, REQUEST, WEATHER, split_template
from lrt_explorer.tinyworld.probes import plain_voice
from lrt_explorer.tinyworld.voice import SLOTS, Voice, facts, nouns, sizes, the

AGREEING = ("language", "tense", "person", "emphasis", "question")
FREE: dict[str, str] = {  # the latent besides the agreeing ones that a slot's words depend on
    "react": "mood", "feeling": "mood", "manner": "mood", "weather": "weather", "sky": "weather",
    "certainty": "certainty", "interjection": "register", "tag": "register", "and": "register", "hello": "register",
    "mate": "register", "please": "politeness", "courtesy": "politeness", "source": "truthfulness",
}  # fmt: skip
SENTENCE_END = re.compile(r'[.!?]"?(?=\s|$)')


def sentence_shares(text: str) -> tuple[int, int]:
    """How many of a text's whole sentences the grammar can produce, and how many there are.

    An unfinished last sentence is not counted.
    """
    good = total = 0
    position = 0
    text = " ".join(text.split())
    while position < len(text):
        match = _grammar().match(text, position)
        if match and _starts_with_capital(match[0]):
            good, total, position = good + 1, total + 1, match.end() + 1
            continue
        end = SENTENCE_END.search(text, position)
        if end is None:
            break
        total, position = total + 1, end.end() + 1
    return good, total


def _starts_with_capital(sentence: str) -> bool:
    return next((c.isupper() for c in sentence if c.isalpha()), False)


@cache
def _grammar() -> re.Pattern[str]:
    patterns = dict.fromkeys(_patterns())
    return re.compile("(?:" + "|".join(patterns) + r")(?=\s|$)", re.IGNORECASE)


def _patterns() -> Iterator[str]:
    for sides in itertools.product((False, True), repeat=len(AGREEING)):
        voice = plain_voice(**dict(zip(AGREEING, sides, strict=True)))
        opening = f"(?:(?:{_slot('certainty', voice)}|{_slot('interjection', voice)}) )?"
        closing = f"(?:{_slot('tag', voice)})?{_slot('stop', voice)}"
        told = "|".join(_template(template, voice) for template in (*NARRATIVE, *WEATHER))
        others = "|".join(_template(template, voice) for template in (*QUESTION, *REQUEST, *FACT))
        yield f"{_slot('bang', voice)}{opening}(?:{told}){closing}|{others}"


def _template(template: str, voice: Voice) -> str:
    whole_fact = template.replace("{fact} {answer}", "{fact}")
    return "".join(_slot(part, voice) if is_slot else re.escape(part) for is_slot, part in split_template(whole_fact))


def _slot(slot: str, voice: Voice) -> str:
    if slot == "np":
        return _noun_phrases(voice)
    if slot == "fact":
        return "(?:" + "|".join(_facts(voice)) + ")"
    return _either(words for changed in _free(slot, voice) for words in SLOTS[slot](changed))


def _free(slot: str, voice: Voice) -> Iterator[Voice]:
    """The voice with everything changed that a slot may take its words from without having to agree."""
    if slot == "subject":
        for name in lex.NAMES:
            yield Voice(voice.latents, name, voice.role)
    elif slot == "role":
        for role, register in itertools.product(range(len(lex.ROLES)), (False, True)):
            yield Voice({**voice.latents, "register": register}, voice.name, role)
    elif slot == "place":
        for topic, register in itertools.product((False, True), repeat=2):
            yield Voice({**voice.latents, "topic": topic, "register": register}, voice.name, voice.role)
    elif slot in FREE:
        for side in (False, True):
            yield voice.with_side(FREE[slot], side)
    else:
        yield voice


def _noun_phrases(voice: Voice) -> str:
    everything = [n for topic in (False, True) for n in nouns(voice.with_side("topic", topic))]
    phrases = []
    for feminine in (False, True):
        noun = _either(n.text for n in everything if n.feminine == feminine or not voice["language"])
        size = _either(w for side in (False, True) for w in sizes(voice.with_side("size", side), feminine))
        if voice["language"]:
            phrases.append(f"{'la' if feminine else 'el'} {noun} {size}")
        else:
            article = _either(the(voice.with_side("register", side)) for side in (False, True))
            phrases.append(f"{article} {size} {noun}")
    return "(?:" + "|".join(dict.fromkeys(phrases)) + ")"


def _facts(voice: Voice) -> Iterator[str]:
    silly = _either(lex.SILLY[voice["language"]])
    table = dict.fromkeys(f for side in (False, True) for f in facts(voice.with_side("register", side)))
    kinds: dict[str, list[str]] = {}
    for fact in table:
        kinds.setdefault(_kind(fact.stem), []).append(fact.answer)
    for fact in table:
        answers = "|".join(map(re.escape, dict.fromkeys(kinds[_kind(fact.stem)])))
        yield f"{re.escape(fact.stem)} (?:{answers}|{silly})"


def _kind(stem: str) -> str:
    return next((word for word in ("capital", "colo", "says", "dice") if word in stem), stem)


def _either(words: Iterable[str]) -> str:
    longest_first = sorted(dict.fromkeys(words), key=len, reverse=True)
    return "(?:" + "|".join(map(re.escape, longest_first)) + ")"
