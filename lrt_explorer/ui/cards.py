"""Small pieces of HTML that more than one part of the screen shows; pure functions."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from markupsafe import Markup

from lrt_explorer.numerals import plain
from lrt_explorer.report.template import HtmlTemplate, joined
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.ui.terms import term
from lrt_explorer.ui.tour import OFFER
from lrt_explorer.workbench.cards import ConceptCard, MapBadges
from lrt_explorer.workbench.session import Session

Number = TypeVar("Number", int, float)

_HEADER = HtmlTemplate("""
    <div class="masthead"><h1>LRT Explorer</h1>
    <p>Find a steering vector in a small model, map it, and steer a larger one.</p>{{ offer }}</div>
""")
_ROUTE = HtmlTemplate("""
    {% macro stop(role, verb, model, layer, layers) %}
    <li class="stop {{ role }}"><span>{{ verb }}</span><b title="{{ model }}">{{ label(model) }}</b>
    <small>after layer {{ layer }} of 0 to {{ layers - 1 }}</small></li>
    {% endmacro %}
    <ol class="route" aria-label="path of the vector">
    {{ stop("small", "vector found in", session.small, session.small_layer, session.small_layers) }}
    <li class="leg" aria-hidden="true"></li>
    <li class="stop via"><span>carried across by an</span><b>affine map</b><small>{{ fit }}</small></li>
    <li class="leg" aria-hidden="true"></li>
    {{ stop("large", "steers", session.large, session.large_layer, session.large_layers) }}
    </ol>
""")
_BADGES = HtmlTemplate("""
    <dl class="badges">
    {% for name, value, hint in rows %}
    <div title="{{ hint }}"><dt>{{ term(name) }}</dt><dd>{{ value }}</dd><dd class="hint">{{ hint }}</dd></div>
    {% endfor %}
    </dl>
""")
_NOTICE = HtmlTemplate('<p class="notice {{ kind }}" role="{{ role }}">{{ sentence }}</p>')
_PROGRESS = HtmlTemplate("""
    <div class="progress" role="progressbar" aria-label="{{ message }}" aria-valuemin="0" aria-valuemax="100"
    aria-valuenow="{{ share }}">
    <i style="width:{{ share }}%"></i></div>
    <p class="progress-text">{{ message }}{{ left }} …</p>
""")
_ADDED = HtmlTemplate('<p class="added">{{ text }}</p>')
_OPENING = HtmlTemplate("""
    <div class="opening{{ kind }}" role="status"><p><b>Opening {{ pair }}.</b>{{ still }}</p>{{ bar }}</div>
""")
_CHIPS = HtmlTemplate("""
    <div class="chips"><span>Try</span>
    {% for text in examples %}<button type="button" data-text="{{ text }}">{{ text }}</button>{% endfor %}
    </div>
""")
_ENDS = HtmlTemplate("""
    <div class="slider-ends"><span>← {{ low }}</span><span>0: unsteered</span><span>{{ high }} →</span></div>
""")
_MARKS = HtmlTemplate("""
    <div class="slider-marks" aria-hidden="true">
    {% for place, title in ticks %}<span style="left:{{ place }}%" title="{{ title }}"></span>{% endfor %}
    </div><p class="slider-costs">Ticks: cost on neutral text, {{ said }}</p>
""")


def header() -> Markup:
    """The name of the app, what it does in one line, and the offer of a tour."""
    return _HEADER(offer=OFFER)


def route(session: Session, badges: MapBadges | None) -> Markup:
    """The path of the vector: small model, map, large model."""
    fit = "no map yet" if badges is None else f"R² {figure(badges.r2)} on held-out text"
    if badges is not None and badges.r2_standardised is not None:
        fit += f", standardised {figure(badges.r2_standardised)}"
    return _ROUTE(session=session, label=model_label, fit=fit)


def map_line(badges: MapBadges) -> str:
    """The two figures by which a map is judged first."""
    cosine = badges.direction_cosine
    return f"held-out R² {figure(badges.r2)}" + ("" if cosine is None else f" · cosine {figure(cosine)}")


def map_notice(session: Session, badges: MapBadges | None) -> Markup:
    """What a reader of the figures must know first, or how to get a map."""
    if badges is None:
        layers = f"from layer {session.small_layer} to layer {session.large_layer}"
        return notice(f"There is no map {layers} yet; fit one below.", "hint")
    return joined([notice(f"{sentence}.", "hint") for sentence in badges.caveats])


def badges_card(badges: MapBadges, concept: str) -> Markup:
    """The figures of the map in use."""
    rows = [("held-out R²", figure(badges.r2), "variance of the large model's states that the map explains")]
    if badges.r2_ends is not None:
        hint = "held-out R², but at the last tokens of readout prompts, where vectors act"
        rows.append(("R² at ends", figure(badges.r2_ends), hint))
    hint = "held-out R² with every dimension in units of its own deviation"
    rows.append(("standardised R²", known(badges.r2_standardised, figure), hint))
    hint = "share of the variance, small → large layer"
    if any(badges.outlier_dimensions):
        counts = _both(badges.outlier_dimensions, str)
        hint += f"; {counts} outlier dimensions hold {_both(badges.outlier_shares, percent)}"
    rows.append(("largest dimension", _both(badges.largest_dimensions, percent), hint))
    rows.append(("tokens", thousands(badges.tokens_used), f"fitted on; {thousands(badges.tokens_left_out)} left out"))
    rows.append(("coverage", percent(badges.coverage), "tokens with a partner in the other tokenizer"))
    if badges.reachable_share is not None:
        hint = f"of the native {concept} vector lies where the map can reach"
        rows.append(("reachable share", percent(badges.reachable_share), hint))
    if badges.direction_cosine is not None:
        hint = f"mapped against native {concept} vector"
        if badges.relabelled_cosine is not None:
            hint += f"; relabelled pairs reach {figure(badges.relabelled_cosine)}"
        rows.append(("direction cosine", figure(badges.direction_cosine), hint))
    if badges.norm_ratio is not None:
        hint = f"length of the mapped over the native {concept} vector"
        rows.append(("norm ratio", figure(badges.norm_ratio), hint))
    return _BADGES(rows=rows, term=term)


def notice(sentence: str, kind: str = "bad") -> Markup:
    """One sentence beside the control it is about: "bad" for errors, "good" for success, "hint" for the rest."""
    if not sentence:
        return Markup("")
    return _NOTICE(kind=kind, role="alert" if kind == "bad" else "status", sentence=capitalised(sentence))


def added(text: str | Markup) -> Markup:
    """A line in small print below what it explains."""
    return _ADDED(text=text)


def progress_bar(progress: Progress) -> Markup:
    """How far a study is, with what it is doing, and how long it still takes where that is known."""
    left = "" if progress.left is None else f", {about(progress.left)} left"
    return _PROGRESS(share=round(progress.share * 100), message=capitalised(progress.message), left=left)


def pair_name(small: str, large: str) -> str:
    """A pair as people write it: both models by the last part of their names."""
    return f"{model_label(small)} → {model_label(large)}"


def opening_banner(small: str, large: str, old: Session | None, step: Progress | None = None) -> Markup:
    """What is being opened and how far it is; meanwhile what is shown below is the old pair's, and is dimmed."""
    return _OPENING(
        kind="" if old is None else " veil",
        pair=pair_name(small, large),
        still="" if old is None else f" Dimmed below: still {pair_name(old.small, old.large)}.",
        bar="" if step is None else progress_bar(step),
    )


def about(seconds: float) -> str:
    """A time as people say it: "about 25 s", "about 3 min", "about 2 h"."""
    if seconds < 60:
        # In steps, so that the figure does not flicker.
        return f"about {max(1, round(seconds)) if seconds < 10 else round(seconds / 5) * 5} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {round(seconds / 3600)} h"


def chips(examples: Sequence[str]) -> Markup:
    """Prompts to try, as buttons that carry their text."""
    return _CHIPS(examples=examples) if examples else Markup("")


def slider_ends(card: ConceptCard) -> Markup:
    """Which way the slider steers."""
    return _ENDS(low=card.low_label, high=card.high_label)


def slider_marks(calibration: Calibration) -> Markup:
    """Ticks below the slider where a strength costs so much on neutral text, and what they mean in one line.

    The words are in a line of their own, because ticks may stand closer than any label is wide.
    """
    known = zip(calibration.costs, calibration.strengths, strict=True)
    names = {strength: f"{cost:g} nat" + "s" * (cost != 1) for cost, strength in known}
    names[calibration.breaks] = f"{names.get(calibration.breaks, '')}, where text breaks,".removeprefix(", ")
    ticks = [
        (
            f"{50 + 50 * sign * strength / calibration.limit:.1f}",
            f"{name.rstrip(',')}: s = {figure(sign * strength)}",
        )
        for sign in (-1, 1)
        for strength, name in names.items()
    ]
    return _MARKS(ticks=ticks, said=" · ".join(f"{name} at ±{strength:.2g}" for strength, name in names.items()))


def figure(number: float) -> str:
    """A score with two decimals and a true minus."""
    return plain(number, 2)


def thousands(count: int) -> str:
    """A count with thin spaces between thousands: 12 345."""
    return f"{count:,}".replace(",", "\u2009")


def percent(share: float) -> str:
    """A share in percent without decimals, except that what is not whole never reads as 100 %."""
    return "> 99 %" if 0.995 <= share < 1 else f"{share * 100:.0f} %"


def known(value: Number | None, write: Callable[[Number], str]) -> str:
    """A figure, or a dash where it is not known."""
    return "–" if value is None else write(value)


def capitalised(sentence: str) -> str:
    """The sentence with a capital, unless it begins with a name such as tinyworld-l or map.zip."""
    return sentence[:1].upper() + sentence[1:] if sentence.split(" ", 1)[0].isalpha() else sentence


def _both(values: tuple[Number | None, Number | None], write: Callable[[Number], str]) -> str:
    """A figure of the small and one of the large layer."""
    return " → ".join(known(value, write) for value in values)
