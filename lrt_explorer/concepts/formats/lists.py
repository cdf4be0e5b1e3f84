"""JSON lists of texts, which have one side only: said by two personas (as repeng does), or paired with another list."""

from collections.abc import Sequence

from lrt_explorer.concepts.formats.source import Row, Source, is_text, json_elements
from lrt_explorer.concepts.sets.contrast_set import ContrastSet
from lrt_explorer.errors import ContrastError

TEMPLATE = "Act as if you are {persona}. {suffix}"
KEYS = frozenset({"suffixes", "positive_persona", "negative_persona", "positive", "negative"})

# The default personas of a list of texts: the first entry whose word is in the file's name.
_PERSONAS: tuple[tuple[tuple[str, ...], tuple[str, str]], ...] = (
    (("fact", "true", "truth", "honest"), ("someone who always tells the truth", "someone who always lies")),
    (("sad", "sorrow", "grief"), ("extremely sad", "extremely happy")),
    (("anger", "angry"), ("extremely angry", "extremely calm")),
    (("fear", "afraid"), ("extremely afraid", "extremely brave")),
    (("disgust",), ("extremely disgusted", "extremely delighted")),
    (("surprise",), ("extremely surprised", "extremely bored")),
)
_OTHERWISE = ("extremely happy", "extremely sad")


def suffix_pairs(
    suffixes: Sequence[str], positive_persona: str, negative_persona: str, template: str = TEMPLATE
) -> tuple[tuple[str, str], ...]:
    """Every text said by two personas: pairs that differ in who speaks and in nothing else.

    Args:
        suffixes: the texts, such as beginnings of sentences.
        positive_persona: who says them with the behaviour, as it follows "you are".
        negative_persona: who says them without it.
        template: how a persona and a text make one text; holds `{persona}` and `{suffix}`.

    Raises:
        ContrastError: if the personas are empty or equal, or the template lacks a place for one of the two.
    """
    personas = (positive_persona.strip(), negative_persona.strip())
    if not all(personas) or personas[0] == personas[1]:
        raise ContrastError("the two personas are equal or empty; give two that differ in the behaviour")
    if "{persona}" not in template or "{suffix}" not in template:
        raise ContrastError(f"the template {template[:60]!r} needs both {{persona}} and {{suffix}}; add them")
    # Not str.format: the texts may hold braces of their own.
    before, after = template.split("{suffix}", 1)
    framed = [(before.replace("{persona}", who), after.replace("{persona}", who)) for who in personas]
    return tuple((framed[0][0] + suffix + framed[0][1], framed[1][0] + suffix + framed[1][1]) for suffix in suffixes)


def default_personas(stem: str) -> tuple[str, str]:
    """The default personas of a list of texts: chosen by the file's name, otherwise the happy and the sad."""
    name = stem.casefold()
    return next((personas for words, personas in _PERSONAS if any(word in name for word in words)), _OTHERWISE)


def from_elements(
    source: Source,
    elements: Sequence[tuple[str, object]],
    personas: tuple[str, str] | None = None,
    against: Source | None = None,
) -> ContrastSet:
    """A set from a JSON list of texts; empty ones are left out and repeated ones kept once.

    Raises:
        ContrastError: naming the line of what is not a text.
    """
    texts = _texts(source, elements)
    if against is None:
        return _by_personas(source, texts, *(personas or default_personas(source.stem)), TEMPLATE)
    if personas is not None:
        raise ContrastError("both personas and a second list were given; give one of them")
    if not against.text.lstrip().startswith("["):
        raise ContrastError(f"{against.name} is not a JSON list of texts; give one to contrast {source.name} with")
    return _two_sided(source, texts, _texts(against, json_elements(against)), source.stem, against.stem)


def from_object(source: Source, row: Row) -> ContrastSet:
    """A set from one JSON object: two lists `positive` and `negative`, or `suffixes` with two personas.

    Raises:
        ContrastError: naming what is missing.
    """
    if "suffixes" not in row.values:
        return _two_sided(source, _side(source, row, "positive"), _side(source, row, "negative"), "with", "without")
    template = row.text("template") if "template" in row.values else TEMPLATE
    personas = row.text("positive_persona"), row.text("negative_persona")
    return _by_personas(source, _side(source, row, "suffixes"), *personas, template)


def _by_personas(source: Source, texts: Sequence[str], positive: str, negative: str, template: str) -> ContrastSet:
    return ContrastSet(
        name=source.stem,
        pairs=suffix_pairs(texts, positive, negative, template),
        description=f"Texts of {source.name} as said by someone {positive} and by someone {negative}.".replace(
            "by someone someone", "by someone"
        ),
        positive_label=positive,
        negative_label=negative,
        reading="last-token",
    )


def _two_sided(source: Source, positive: list[str], negative: list[str], first: str, second: str) -> ContrastSet:
    if both := set(positive) & set(negative):
        text = next(text for text in positive if text in both)
        raise ContrastError(f"{text[:60]!r} is on both sides of {source.name}; keep it on one")
    pairs = tuple(zip(positive, negative, strict=False))
    left = abs(len(positive) - len(negative))
    more = f"; {left} without a partner are left out" if left else ""
    return ContrastSet(
        source.stem,
        pairs,
        f"Texts of {source.name}, paired in order{more}.",
        positive_label=first,
        negative_label=second,
    )


def _side(source: Source, row: Row, key: str) -> list[str]:
    values = row.values.get(key)
    if not isinstance(values, list) or not values:
        raise ContrastError(f"{row.where} needs a list of texts under {key!r}; add some")
    return _texts(source, [(f"entry {n} of {key!r} in {source.name}", value) for n, value in enumerate(values, 1)])


def _texts(source: Source, elements: Sequence[tuple[str, object]]) -> list[str]:
    kept: dict[str, str] = {}
    repeated = None
    for where, value in elements:
        if not isinstance(value, str) or not is_text(value):
            raise ContrastError(f"{where} is not a text, unlike the rest of the list; write a text there or remove it")
        if value in kept:
            repeated = repeated or f"{where} repeats {kept[value]}"
        elif value.strip():
            kept[value] = where
    if len(kept) == 1 and repeated:
        raise ContrastError(f"{repeated}, and so does every other entry; write at least two different texts")
    if not kept:
        raise ContrastError(f"{source.name} is a list without texts; write at least two")
    return list(kept)
