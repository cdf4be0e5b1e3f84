"""Small pieces of HTML that more than one part of the screen shows; pure functions, everything escaped."""

from collections.abc import Callable, Sequence
from html import escape
from typing import TypeVar

from lrt_explorer.study.ground.known import model_label
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.calibrate import Calibration
from lrt_explorer.workbench.cards import ConceptCard, MapBadges
from lrt_explorer.workbench.session import Session

Number = TypeVar("Number", int, float)


def header() -> str:
    """The name and the one line that says what is seen."""
    return (
        '<div class="masthead"><h1>LRT Explorer</h1>'
        "<p>A steering vector found in a small model, mapped, steering a larger one.</p></div>"
    )


def route(session: Session, badges: MapBadges | None) -> str:
    """The way of the vector: small model, map, large model."""
    leg = '<li class="leg" aria-hidden="true"></li>'
    fit = "no map yet" if badges is None else f"R² {figure(badges.r2)} on held-out text"
    if badges is not None and badges.r2_standardised is not None:
        fit += f", standardised {figure(badges.r2_standardised)}"
    small = _stop("small", "vector found in", session.small, session.small_layer, session.small_layers)
    via = f'<li class="stop via"><span>taken across by an</span><b>affine map</b><small>{fit}</small></li>'
    large = _stop("large", "steers", session.large, session.large_layer, session.large_layers)
    return f'<ol class="route" aria-label="the way of the vector">{small}{leg}{via}{leg}{large}</ol>'


def badges_card(session: Session, badges: MapBadges | None, concept: str) -> str:
    """The figures of the map in use, or one sentence that says how to get one."""
    if badges is None:
        layers = f"from layer {session.small_layer} to layer {session.large_layer}"
        return notice(f"There is no map {layers} yet; fit one below.", "hint")
    rows = [("held-out R²", figure(badges.r2), "variance of the large model's states that the map explains")]
    rows.append(("standardised R²", known(badges.r2_standardised, figure), "the same, every dimension counted alike"))
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
        rows.append(("direction cosine", figure(badges.direction_cosine), f"mapped against native {concept} vector"))
    if badges.norm_ratio is not None:
        rows.append(("norm ratio", figure(badges.norm_ratio), f"mapped over native {concept} vector; 1 is as long"))
    inner = "".join(
        f'<div title="{escape(hint)}"><dt>{escape(name)}</dt><dd>{value}</dd><dd class="hint">{escape(hint)}</dd></div>'
        for name, value, hint in rows
    )
    return f'<dl class="badges">{inner}</dl>' + "".join(notice(f"{sentence}.", "hint") for sentence in badges.caveats)


def notice(sentence: str, kind: str = "bad") -> str:
    """One sentence beside the control it is about: "bad" for errors, "good" for success, "hint" for the rest."""
    if not sentence:
        return ""
    role = "alert" if kind == "bad" else "status"
    return f'<p class="notice {kind}" role="{role}">{escape(_begun(sentence))}</p>'


def progress_bar(progress: Progress) -> str:
    """How far a study is, with what it is doing, and how long it still takes where that is known."""
    share = round(progress.share * 100)
    left = "" if progress.left is None else f", {about(progress.left)} left"
    bar = f'role="progressbar" aria-valuemin="0" aria-valuemax="100" aria-valuenow="{share}"'
    return (
        f'<div class="progress" {bar}><i style="width:{share}%"></i></div>'
        f'<p class="progress-text">{escape(_begun(progress.message))}{left} …</p>'
    )


def about(seconds: float) -> str:
    """A time as one says it: "about 25 s", "about 3 min", "about 2 h"."""
    if seconds < 60:
        # In steps, so that the figure does not flicker.
        return f"about {max(1, round(seconds)) if seconds < 10 else round(seconds / 5) * 5} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {round(seconds / 3600)} h"


def chips(examples: Sequence[str]) -> str:
    """Prompts to try, as buttons that carry their text."""
    buttons = "".join(f'<button type="button" data-text="{escape(text)}">{escape(text)}</button>' for text in examples)
    return f'<div class="chips"><span>Try</span>{buttons}</div>' if buttons else ""


def slider_ends(card: ConceptCard) -> str:
    """Which way the slider steers."""
    return (
        f'<div class="slider-ends"><span>← {escape(card.low_label)}</span><span>0: unsteered</span>'
        f"<span>{escape(card.high_label)} →</span></div>"
    )


def slider_marks(calibration: Calibration) -> str:
    """Ticks below the slider where a strength costs so much on neutral text, and what they mean in one line.

    The words are in a line of their own, because ticks may stand closer than any label is wide.
    """
    known = zip(calibration.costs, calibration.strengths, strict=True)
    names = {strength: f"{cost:g} nat" + "s" * (cost != 1) for cost, strength in known}
    names[calibration.breaks] = f"{names.get(calibration.breaks, '')}, where text breaks,".removeprefix(", ")
    ticks = "".join(
        f'<span style="left:{50 + 50 * sign * strength / calibration.limit:.1f}%" '
        f'title="{escape(name.rstrip(","))}: s = {figure(sign * strength)}"></span>'
        for sign in (-1, 1)
        for strength, name in names.items()
    )
    said = " · ".join(f"{escape(name)} at ±{strength:.2g}" for strength, name in names.items())
    return (
        f'<div class="slider-marks" aria-hidden="true">{ticks}</div>'
        f'<p class="slider-costs">Ticks: cost on neutral text, {said}</p>'
    )


def figure(number: float) -> str:
    """A score with two decimals and a true minus."""
    return f"{number:.2f}".replace("-", "−")


def thousands(count: int) -> str:
    """A count with thin spaces between thousands: 12 345."""
    return f"{count:,}".replace(",", "\u2009")


def percent(share: float) -> str:
    """A share in percent without decimals, except that what is not whole never reads as 100 %."""
    return "> 99 %" if 0.995 <= share < 1 else f"{share * 100:.0f} %"


def known(value: Number | None, write: Callable[[Number], str]) -> str:
    """A figure, or a dash where it is not known."""
    return "–" if value is None else write(value)


def _both(values: tuple[Number | None, Number | None], write: Callable[[Number], str]) -> str:
    """A figure of the small and one of the large layer."""
    return " → ".join(known(value, write) for value in values)


def _begun(sentence: str) -> str:
    """The sentence with a capital, unless it begins with a name such as tinyworld-l or map.zip."""
    return sentence[:1].upper() + sentence[1:] if sentence.split(" ", 1)[0].isalpha() else sentence


def _stop(role: str, verb: str, model: str, layer: int, layers: int) -> str:
    name = model_label(model)
    return (
        f'<li class="stop {role}"><span>{verb}</span><b title="{escape(model)}">{escape(name)}</b>'
        f"<small>after layer {layer} of 0 to {layers - 1}</small></li>"
    )
