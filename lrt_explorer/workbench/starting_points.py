"""What to start from where nothing is chosen: the tokens of a first map, the name of a text."""

import hashlib
from os.path import isfile
from pathlib import Path

from lrt_explorer.defaults import FIRST_FIT_TOKENS
from lrt_explorer.errors import LRTError
from lrt_explorer.study.corpora.hub import HUB, PUBLIC
from lrt_explorer.study.corpora.texts import (
    BROKEN_OFF,
    SELF,
    SHIPPED,
    TINYWORLD,
    Corpus,
    Source,
    read_texts,
)
from lrt_explorer.study.fitting.solve import least_tokens

NAMED = (SELF, *SHIPPED, TINYWORLD, BROKEN_OFF)
"""Corpora that are never files, even if the working folder holds a file of that name."""


def first_fit_tokens(small_width: int) -> int:
    """Pairs of tokens for the first map of a pair whose small model is so wide."""
    return max(FIRST_FIT_TOKENS, least_tokens(small_width))


def corpus_name(source: Source) -> str:
    """The name that maps and moments of a corpus bear: of a file its own, with a mark of its content.

    Another text in a file of the same name is another corpus.

    Args:
        source: as `read_texts` takes it.
    """
    if isinstance(source, Corpus):
        return source.name
    if source in NAMED or source.startswith(HUB):
        return source
    if isfile(source):
        with Path(source).open("rb") as content:
            return f"{Path(source).name} ({hashlib.file_digest(content, 'sha256').hexdigest()[:12]})"
    parts = source.split("+")
    return source if len(parts) == 1 else "+".join(corpus_name(part.strip()) for part in parts)


def corpus_named(name: str) -> Corpus | None:
    """The corpus that bears this name, the reverse of `corpus_name`; None if it cannot be read here.

    Of a file or of texts in memory only the name is left.

    Args:
        name: as maps and moments bear it.
    """
    parts = [part.strip() for part in name.split("+")]
    if not all(part in (*NAMED, *PUBLIC) or part.startswith(HUB) for part in parts):
        return None
    try:
        texts = read_texts(name)
        # Whether the hub answers is seen at the first document; what a model writes has none without the model.
        if not texts.to_write:
            next(iter(texts), None)
    except LRTError:
        return None
    return texts
