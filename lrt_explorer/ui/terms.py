"""`/terms`: what each word and number of the screen means, with its formula; the screen links there."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from lrt_explorer.report.template import HtmlTemplate

PATH = "/terms"


@dataclass(frozen=True)
class Term:
    """A word of the screen.

    Attributes:
        name: as the screen writes it.
        meaning: one or two sentences.
        formula: how it is computed; "" for what is not.
    """

    name: str
    meaning: str
    formula: str = ""

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return re.sub(r"\W+", "-", self.name.lower().replace("²", "2")).strip("-")


TERMS = (
    Term("layer", "The output of one decoder block, counted from 0."),
    Term("contrast set", "Pairs of texts with and without a behaviour, and prompts that read it out."),
    Term(
        "steering vector",
        "The direction from texts without a behaviour to texts with it, by default the mean difference.",
        "v = mean(a with − a without)",
    ),
    Term(
        "affine map",
        "Fitted on ordinary text; takes a state x of the small model to one of the large model. A vector is a "
        "difference of states, so it does not take the bias.",
        "map(x) = x W + b, and for a vector v W",
    ),
    Term("arm", "One of the ways to steer, or not to, that are compared: unsteered, native, transferred, random, …"),
    Term("native", "The vector found in the large model itself."),
    Term("transferred", "The vector found in the small model and sent through the map."),
    Term("random", "A random direction of the same length: what any push does."),
    Term(
        "relabelled pairs",
        "The same pairs with the labels of half of them swapped at random. Their vectors show what the texts do if the "
        "labels mean nothing.",
    ),
    Term(
        "strength",
        "How far a vector pushes, in typical deviations m: how far ordinary states of that layer lie from their mean.",
        "added at every position: s · m · v / |v|, with m = median |a − mean(a)|",
    ),
    Term(
        "cost",
        "How much a vector changes what the model writes on neutral text, in nats. Text breaks at about 1 nat.",
        "KL(steered ‖ unsteered) of the next token",
    ),
    Term("equal cost", "Every arm has the strength that costs as much as the native vector."),
    Term(
        "readout",
        "How far the next token shows the behaviour, in nats. Compare it with the unsteered one, not with 0.",
        "log P(answers that show it) − log P(the opposite ones)",
    ),
    Term("score", "How far the text shows the concept, from 0 (one end) to 1 (the other); no score without evidence."),
    Term("slope", "How much the readout changes per unit of strength, by least squares over the strengths."),
    Term(
        "retention",
        "The share of the native effect that the transferred vector has. Not measurable where the native vector has no "
        "clear effect. It is not clipped: a transferred vector can do better.",
        "slope(transferred) / slope(native)",
    ),
    Term(
        "Spearman",
        "Rank correlation of the mean readout with the strength: 1 where it only rises, −1 where it only falls.",
    ),
    Term("anti-steerable", "The share of prompts that a vector moves the wrong way."),
    Term(
        "Pearson r",
        "Over prompts, the correlation of the readouts under the native and the transferred vector, the paper’s "
        "measure. It is high for random directions too, since prompts differ without any vector.",
    ),
    Term(
        "off the answers",
        "The correlation of what a vector and the native one do to all words that are no answers: what no vector made "
        "of the answers can fake.",
    ),
    Term(
        "held-out R²",
        "The share of the large model’s variance that the map predicts, on documents it was not fitted on. 1 is "
        "perfect, 0 no better than the mean. A high R² does not guarantee that directions survive.",
        "1 − Σ|y − ŷ|² / Σ|y − ȳ|²",
    ),
    Term(
        "R² at ends",
        "Held-out R², but at the last tokens of readout prompts, where the next word is about to show a concept, and "
        "where vectors act. No map is fitted on them.",
        "1 − Σ|y − ŷ|² / Σ|y − ȳ|² over the ends of the prompts",
    ),
    Term(
        "standardised R²",
        "Held-out R² with every dimension in units of its own deviation. Read it where one dimension holds much of the "
        "variance.",
        "mean over dimensions of 1 − Σ(y − ŷ)² / Σ(y − ȳ)²",
    ),
    Term(
        "CKA",
        "How alike two layers are, whatever the map. From 0 to 1, biased upwards with few tokens.",
        "|Cxy|² / (|Cxx| |Cyy|), in Frobenius norms of the covariances",
    ),
    Term(
        "direction cosine",
        "How closely the transferred vector’s direction matches the native one’s; 1 is the same direction.",
        "⟨v W, n⟩ / (|v W| |n|), with n the native vector",
    ),
    Term(
        "reachable share",
        "The share of the native vector’s squared length that lies where the map can reach: the ceiling for any vector "
        "through it.",
        "|P n|² / |n|², with P the projection onto the image of the map",
    ),
    Term(
        "norm ratio",
        "Length of the transferred vector over that of the native one, before both are scaled to the same strength.",
        "|v W| / |n|",
    ),
    Term(
        "largest dimension",
        "The share of a layer’s variance in its largest dimension. Above a quarter, plain scores are mostly about it. "
        "Outlier dimensions have more than 25 times the variance of the median one.",
    ),
    Term("tokens", "Pairs of tokens in the fit. Special tokens and those of outlying norm are left out."),
    Term(
        "coverage",
        "The share of tokens that have a partner in the other tokenizer: one that ends at the same character. 100 % "
        "where both models share a tokenizer.",
    ),
)
"""In the order in which a reader meets them."""
BY_NAME = {term.name: term for term in TERMS}
_LINK = HtmlTemplate('<a class="term" href="{{ page }}#{{ anchor }}" target="_blank" rel="noopener">{{ text }}</a>')
_LINE = HtmlTemplate("""
    <p class="added words">What the words mean: {% for term in terms %}
    {{ term }}{% if not loop.last %}, {% endif %}
    {% endfor %}</p>
""")
_PAGE = HtmlTemplate("""
    <!DOCTYPE html><html lang="en"><head><meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1"><title>Terms of LRT Explorer</title>
    <style>
    :root { color-scheme: light dark; }
    body { font: 16px/1.55 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
    h1 { font-size: 1.4rem; } dt { font-weight: 650; margin-top: 1.1rem; } dd { margin: .15rem 0 0; }
    dd code { font-size: .95em; } dt:target { outline: 2px solid; outline-offset: 4px; }
    </style></head><body><main><h1>Terms of LRT Explorer</h1><dl>
    {% for term in terms %}
    <dt id="{{ term.anchor }}">{{ term.name }}</dt><dd>{{ term.meaning }}</dd>
    {% if term.formula %}<dd><code>{{ term.formula }}</code></dd>{% endif %}
    {% endfor %}
    </dl></main></body></html>
""")


def term(name: str, text: str = "") -> Markup:
    """A word of the screen as a link to what it means.

    Args:
        name: of the term.
        text: what the screen writes, if not the name.
    """
    # Relative, since a proxy may put a path before it.
    return _LINK(page=PATH.lstrip("/"), anchor=quote(BY_NAME[name].anchor), text=text or name)


def terms_line(*names: str) -> Markup:
    """The words of one part of the screen as links to what they mean."""
    return _LINE(terms=[term(name) for name in names])


def terms_page() -> Markup:
    """The whole page."""
    return _PAGE(terms=TERMS)


def terms_route() -> Route:
    """The page as a route."""

    async def page(_: Request) -> Response:
        return HTMLResponse(terms_page())

    return Route(PATH, page)
