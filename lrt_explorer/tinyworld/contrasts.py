"""Contrast sets of the small world: for each latent, paired documents and prompts whose next word shows it."""

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lrt_explorer.concepts.contrast import ContrastSet, Reading, ReadoutPrompt
from lrt_explorer.errors import SettingsError
from lrt_explorer.tinyworld import lexicon as lex
from lrt_explorer.tinyworld.corpus import Split, draw_voice
from lrt_explorer.tinyworld.grammar import Realiser, capital, realise, sentences, split_template, text_of
from lrt_explorer.tinyworld.voice import Voice

PAIRS = 96
PROMPTS = 80
READING: Reading = "last-token"  # measured against "all-tokens" by benchmarks/steering.py
SENTENCES_IN_PAIR = ("narrative", "narrative", "question", "request", "fact", "weather")


@dataclass(frozen=True)
class Stem:
    """A sentence broken off where a latent must show.

    Attributes:
        template: the sentence.
        slot: where it is broken off; inside a noun phrase, "the", "size" or "noun".
        languages: sides of `language` in which the break leaves both answers possible.
    """

    template: str
    slot: str
    languages: tuple[bool, ...] = (False, True)


STEMS: dict[str, tuple[Stem, ...]] = {
    "mood": (Stem("{subject} {feel} {feeling}", "feeling"), Stem("{weather} {and} {role} {react}", "react")),
    "register": (
        Stem("{subject} {act} {np}", "the", (False,)),
        Stem('{role} {say}: "{hello}', "hello"),
        Stem('{role} {say}: "{hello}, {mate}', "mate"),
    ),
    "truthfulness": (Stem("{fact} {answer}", "answer"),),
    "language": (Stem("{certainty}", "certainty"),),
    "tense": (Stem("{certainty} {subject} {act}", "act"), Stem("{certainty} {subject} {go}", "go")),
    "person": (Stem("{certainty} {subject}", "subject"),),
    "topic": (Stem("{subject} {act} {np}", "noun"),),
    "politeness": (Stem('{role} {say}: "{bang}{please}', "please"),),
    "certainty": (Stem("{bang}{certainty}", "certainty"),),
    "emphasis": (
        Stem("{subject} {go} {place}{stop}", "stop", (False,)),
        Stem("{fact} {answer}{stop}", "stop", (False,)),
    ),
    "weather": (Stem("{subject} {go} {place} {in} {sky}", "sky"), Stem("{subject} {act} {np} {in} {sky}", "sky")),
    "size": (Stem("{subject} {act} {np}", "size"),),
    # A Spanish question begins with a mark that many tokenizers fuse with the quotation mark before it.
    "question": (Stem('{role} {say}: "{speech}', "speech", (False,)),),
}  # fmt: skip


def contrast_set(concept: str, pairs: int = PAIRS, prompts: int = PROMPTS, told: bool = False) -> ContrastSet:
    """The contrast set of a latent: texts from contrast seeds, prompts from held-out evaluation seeds.

    Each pair tells the same story twice with only this latent turned, and ends with the same words, broken off where
    the latent decides the next one: that is where the last-token reading reads. Prompts break off in the same way
    after two sentences, one told from each side, so that what comes before leaves the latent open; even prompts end
    with the positive side, odd ones with the negative.

    Args:
        concept: the latent.
        pairs: how many pairs.
        prompts: how many prompts.
        told: whether the last sentence of every text is told to its end instead, so that the last token comes after
            what shows the latent. Some models hold a latent there sooner than where they will need it next.

    Raises:
        SettingsError: if the world has no such latent.
    """
    known = {entry.name: entry for entry in lex.CONCEPTS}
    if concept not in known:
        raise SettingsError(f"the small world has no concept {concept!r}; choose one of {', '.join(known)}")
    entry = known[concept]
    return ContrastSet(
        name=concept,
        pairs=tuple(_pair(concept, index, told) for index in range(pairs)),
        description=entry.description,
        positive_label=entry.positive,
        negative_label=entry.negative,
        suffix=None,
        prompts=tuple(_prompt(concept, index) for index in range(prompts)),
        scorer=concept,
        reading=READING,
    )


def broken_off_texts(split: Split, count: int, start: int = 0, *, without: str | None = None) -> Iterator[str]:
    """Stories of one voice each, broken off in the same places as the texts of the contrast sets, any latent's.

    Where nothing says which latent a text is broken off for, nor which side tells it, these are plain texts; they hold
    the kind of place where vectors are read as often as there are texts.

    Args:
        split: whose seeds to draw from.
        count: how many texts.
        start: number of the first.
        without: a latent at whose places no text breaks off; None for none.
    """
    offered = [name for name in STEMS if name != without]
    for index in range(start, start + count):
        seed = f"{split}/broken-off/{index}"
        rng = random.Random(seed)
        concept = rng.choice(offered)
        stem = rng.choice(STEMS[concept])
        voice = draw_voice(rng, held_out=False)
        while voice["language"] not in stem.languages:
            voice = draw_voice(rng, held_out=False)
        plan = rng.sample(SENTENCES_IN_PAIR, rng.randint(3, len(SENTENCES_IN_PAIR)))
        yield break_off(" ".join(sentences(voice, seed, plan)), stem, voice, concept, rng).text


def _pair(concept: str, index: int, told: bool) -> tuple[str, str]:
    """The first story drawn for this number that shows the latent at all."""
    for attempt in itertools.count():
        positive, negative = _story_told_twice(concept, f"contrast/{concept}/{index}/{attempt}", told)
        if positive != negative:
            return positive, negative
    raise AssertionError("counting never ends")


def _story_told_twice(concept: str, seed: str, to_its_end: bool) -> tuple[str, str]:
    rng = random.Random(seed)
    stem = rng.choice(STEMS[concept])
    while True:
        voice = draw_voice(rng, held_out=False)
        if voice["language"] in stem.languages:
            break
    told = []
    for side in (True, False):
        teller = voice.with_side(concept, side)
        story = " ".join(sentences(teller, seed, SENTENCES_IN_PAIR))
        own = random.Random(f"{seed}/stem")
        if to_its_end:
            told.append(f"{story} {text_of(realise(_ended(stem.template), teller, own))}")
        else:
            told.append(break_off(story, stem, teller, concept, own).text)
    return told[0], told[1]


def _ended(template: str) -> str:
    """A template with the full stop, and the quotation mark, that it lacks."""
    stop = "" if template.endswith("{stop}") else "{stop}"
    return template + stop + ('"' if template.count('"') % 2 else "")


def _prompt(concept: str, index: int) -> ReadoutPrompt:
    seed = f"evaluation/{concept}/{index}"
    rng = random.Random(seed)
    stem = rng.choice(STEMS[concept])
    while True:
        voice = draw_voice(rng, held_out=True)
        if voice["language"] in stem.languages:
            break
    kinds = ("fact", "fact") if concept == "truthfulness" else ("narrative", rng.choice(("question", "request")))
    last = index % 2 == 0
    context = " ".join(
        sentences(voice.with_side(concept, side), f"{seed}/{kind}/{side}", [kind])[0]
        for kind, side in zip(kinds, (not last, last), strict=True)
    )
    return break_off(context, stem, voice.with_side(concept, last), concept, rng)


def break_off(context: str, stem: Stem, voice: Voice, concept: str, rng: random.Random) -> ReadoutPrompt:
    """A context and a sentence that stops at the stem's slot, with what may follow on either side of the concept."""
    realiser = Realiser(voice, rng)
    text = ""
    for is_slot, part in split_template(stem.template):
        if not is_slot:
            text += part
            continue
        if part == stem.slot:
            break
        pieces = realiser.fill(part)
        slots = [piece.slot for piece in pieces]
        if stem.slot in slots:
            text += "".join(piece.text for piece in pieces[: slots.index(stem.slot)])
            break
        text += "".join(piece.text for piece in pieces)
    answers = [_answers(realiser, stem.slot, voice.with_side(concept, side)) for side in (True, False)]
    starts_sentence = not any(c.isalpha() for c in text)
    if starts_sentence:
        answers = [tuple(capital(answer) for answer in side) for side in answers]
    text = f"{context} {text if starts_sentence else capital(text)}"
    space = " " if text.endswith(" ") else ""
    return ReadoutPrompt(
        text.rstrip(" "),
        tuple(space + answer for answer in answers[0]),
        tuple(space + answer for answer in answers[1]),
    )


def _answers(realiser: Realiser, slot: str, voice: Voice) -> Sequence[str]:
    if slot == "the":
        return (lex.THE[0],) if voice["register"] else (lex.THE[1],)
    return tuple(dict.fromkeys(realiser.options(slot, voice)))
