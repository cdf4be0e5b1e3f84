"""What a check found and which vectors there are, as HTML: pure functions, everything escaped."""

from html import escape

from lrt_explorer.concepts.methods import METHODS
from lrt_explorer.concepts.sets.readings import READINGS
from lrt_explorer.study.check import ConceptCheck, MappedCheck, ModelCheck
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.ui.cards import figure, percent, thousands
from lrt_explorer.workbench.cards import VectorCard, VectorCards

WHOSE = {
    "small": "the small model’s own",
    "large": "the large model’s own (native)",
    "transferred": "the small model’s, mapped (transferred)",
}


def findings(check: ConceptCheck) -> str:
    """What each model makes of the set, and how the map carries its vector."""
    how = [METHODS.label(check.method), *(["whitened"] if check.whitened else []), reading_name(check.reading)]
    part = f"{check.pairs_read} of {thousands(check.pairs)} pairs" if check.pairs_read < check.pairs else "all pairs"
    head = f'<p class="added"><b>{escape(check.concept)}</b>, by {escape(", ".join(how))}; {part} read.</p>'
    cards = _model("small", check.small) + _model("large", check.large) + _mapped(check.mapped)
    return f'{head}<div class="findings">{cards}</div>{LEGEND}'


LEGEND = (
    '<p class="added"><b>Agreement</b> is the mean cosine between the differences of two pairs, 0 where they have '
    "nothing in common. <b>Separation</b> is how often the vector of one half of the pairs ranks a text with the "
    "behaviour above one without it in the other half; 0.5 is chance. <b>Cosine</b> over pairs compares vectors of so "
    "many pairs with those of as many others. Large points are the layers in use; dotted lines are where agreement and "
    "separation speak for a vector, and where two vectors count as the same.</p>"
)


def vector_table(shown: VectorCards) -> str:
    """The vectors of a choice, one row each."""
    rows = "".join(_row(card) for card in shown.cards)
    alike = (
        f'<p class="added">The transferred and the native vector have a cosine of <b>{figure(shown.cosine)}</b>.</p>'
        if shown.cosine is not None
        else ""
    )
    return (
        '<div class="scroll vectors" tabindex="0"><table class="tokens"><thead><tr><th>vector</th><th>how it was found'
        f"</th><th>norm</th></tr></thead><tbody>{rows}</tbody></table></div>{alike}"
    )


def reading_name(reading: str) -> str:
    """A reading as people write it: "all tokens"."""
    return READINGS.label(reading) if reading in READINGS else reading


def _row(card: VectorCard) -> str:
    place = f"{model_label(card.model)}, layer {card.layer}, {thousands(card.width)} numbers"
    return (
        f"<tr><td>{escape(card.concept)}<small>{WHOSE[card.whose]}; {escape(place)}</small></td>"
        f"<td>{escape(card.method)}<small>{escape(reading_name(card.reading))}</small></td><td>{card.norm:.3g}</td></tr>"
    )


def _model(role: str, seen: ModelCheck) -> str:
    return (
        f'<section class="finding {role}"><h3>{escape(model_label(seen.model))}, layer {seen.layer}</h3>'
        f"<p>{escape(seen.diagnosis.verdict)}</p><p>{escape(seen.stability.verdict)}</p></section>"
    )


def _mapped(mapped: MappedCheck | None) -> str:
    if mapped is None:
        said = "There is no map between these layers yet; fit one under Map to see how it carries the vector."
        return f'<section class="finding"><h3>Through the map</h3><p>{said}</p></section>'
    beyond = abs(mapped.cosine) > mapped.chance
    against = (
        "more than chance gives" if mapped.cosine > 0 and beyond else "not what it should be: it points the other way"
    )
    if not beyond:
        against = "no more than chance gives"
    return (
        f'<section class="finding"><h3>Through the map</h3><p>The mapped and the native vector have a cosine of '
        f"<b>{figure(mapped.cosine)}</b>, {against}: 19 in 20 random directions, mapped, stay below "
        f"{figure(mapped.chance)}.</p><p>{percent(mapped.reachable_share)} of the native vector lies where the map can "
        "reach.</p></section>"
    )
