"""HTML from templates: whatever is put in is escaped, unless it came out of a template itself."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup


class HtmlTemplate:
    """A piece of HTML with places for values, in the language of Jinja2.

    A line break in the source, with the indentation around it, is a space between words and nothing beside a tag or a
    brace, so that templates can be written like code.
    """

    def __init__(self, *sources: str) -> None:
        """Keep the sources, macros before what uses them; they are compiled when the template is first filled in."""
        spaced = re.sub(r"(?<![>}\s])\s*\n\s*(?![<{\s])", " ", "".join(sources).strip())
        self._source = re.sub(r"\s*\n\s*", "", spaced)

    def __call__(self, **values: Any) -> Markup:
        """The HTML with these values, every one of them escaped unless it is HTML from a template.

        Raises:
            jinja2.UndefinedError: if a value is missing.
        """
        return Markup(_compiled(self._source).render(values))


def joined(pieces: Sequence[str]) -> Markup:
    """Pieces after each other, every one escaped unless it is HTML from a template."""
    return Markup("").join(pieces)


@cache
def _compiled(source: str) -> Template:
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(source)
