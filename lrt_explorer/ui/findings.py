"""What a check found and which vectors there are, as HTML: pure functions."""

from markupsafe import Markup

from lrt_explorer.concepts.methods import METHODS
from lrt_explorer.concepts.sets.readings import READINGS
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.study.check import ConceptCheck, MappedCheck
from lrt_explorer.study.ground.known import model_label
from lrt_explorer.ui.cards import figure, percent, thousands
from lrt_explorer.workbench.cards import VectorCard, VectorCards

WHOSE = {
    "small": "the small model’s own",
    "large": "the large model’s own (native)",
    "transferred": "the small model’s, mapped (transferred)",
}
_FINDINGS = HtmlTemplate("""
    <p class="added"><b>{{ check.concept }}</b>, by {{ how }}; {{ part }} read.</p>
    <div class="findings">
    {% for role, seen in (("small", check.small), ("large", check.large)) %}
    <section class="finding {{ role }}"><h3>{{ label(seen.model) }}, layer {{ seen.layer }}</h3>
    <p>{{ seen.diagnosis.verdict }}</p><p>{{ seen.stability.verdict }}</p></section>
    {% endfor %}
    <section class="finding"><h3>Through the map</h3>
    {% if check.mapped %}
    <p>The mapped and the native vector have a cosine of <b>{{ cosine }}</b>, {{ against }}:
    19 in 20 random directions, mapped, stay below {{ chance }}. With the labels of half of the pairs swapped in both
    models, 19 in 20 vectors stay below {{ relabelled }}{{ alike }}.</p>
    <p>{{ reachable }} of the native vector lies where the map can reach.</p>
    {% else %}
    <p>There is no map between these layers yet. Fit one under Map to see how it carries the vector.</p>
    {% endif %}
    </section></div>
    <p class="added">
    <b>Agreement</b> is the mean cosine between the differences of two pairs; at 0 they have nothing in common.
    {{- " " }}<b>Separation</b> is how often the vector of one half of the pairs ranks a text with the behaviour
    above one without it in the other half; 0.5 is chance.
    {{- " " }}<b>Cosine</b> over pairs compares the vector of n pairs with that of n other pairs.
    Large points are the layers in use.
    Dotted lines mark where agreement and separation suffice for a vector, and where two vectors count as the same.</p>
""")
_VECTORS = HtmlTemplate("""
    <div class="scroll vectors" tabindex="0"><table class="tokens">
    <thead><tr><th>vector</th><th>how it was found</th><th>norm</th></tr></thead><tbody>
    {% for row in rows %}
    <tr><td>{{ row.concept }}<small>{{ row.place }}</small></td>
    <td>{{ row.method }}<small>{{ row.reading }}</small></td><td>{{ row.norm }}</td></tr>
    {% endfor %}
    </tbody></table></div>
    {% if cosine %}
    <p class="added">The transferred and the native vector have a cosine of <b>{{ cosine }}</b>.</p>
    {% endif %}
""")


def findings(check: ConceptCheck) -> Markup:
    """What the check found in each model, and how the map carries the vector."""
    how = [METHODS.label(check.method), *(["whitened"] if check.whitened else []), reading_name(check.reading)]
    part = f"{check.pairs_read} of {thousands(check.pairs)} pairs" if check.pairs_read < check.pairs else "all pairs"
    mapped = check.mapped
    return _FINDINGS(
        check=check,
        how=", ".join(how),
        part=part,
        label=model_label,
        against="" if mapped is None else _against_chance(mapped),
        cosine="" if mapped is None else figure(mapped.cosine),
        chance="" if mapped is None else figure(mapped.chance),
        relabelled="" if mapped is None else figure(mapped.relabelled),
        alike=""
        if mapped is None or mapped.cosine > mapped.relabelled
        else ": the map carries any vector of these texts",
        reachable="" if mapped is None else percent(mapped.reachable_share),
    )


def vector_table(shown: VectorCards) -> Markup:
    """The vectors of a choice, one row each."""
    return _VECTORS(
        rows=[_row(card) for card in shown.cards], cosine="" if shown.cosine is None else figure(shown.cosine)
    )


def reading_name(reading: str) -> str:
    """A reading as people write it: "all tokens"."""
    return READINGS.label(reading) if reading in READINGS else reading


def _row(card: VectorCard) -> dict[str, str]:
    place = f"{WHOSE[card.whose]}; {model_label(card.model)}, layer {card.layer}, {thousands(card.width)} numbers"
    return {
        "concept": card.concept,
        "place": place,
        "method": card.method,
        "reading": reading_name(card.reading),
        "norm": f"{card.norm:.3g}",
    }


def _against_chance(mapped: MappedCheck) -> str:
    if abs(mapped.cosine) <= mapped.chance:
        return "no more than chance gives"
    return "more than chance gives" if mapped.cosine > 0 else "not what it should be: it points the other way"
