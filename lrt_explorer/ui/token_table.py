"""The tokens of a selection, each in its sentence, as a table of HTML whose rows can be picked like points."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import gradio as gr
from markupsafe import Markup

from lrt_explorer.plots import MODEL_STYLES
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.store import assets_home
from lrt_explorer.study.project import MAPPED, SpacePicture
from lrt_explorer.ui.cards import added

ROWS = 100
EMPTY = '<p class="added">Click a point, draw around some, or find a word to list the tokens here.</p>'
_ROW = """
    {% macro sentence(row) %}
    <td><button type="button" data-point="{{ row.index }}">
    {{ row.before }}<mark>{{ row.token }}</mark>{{ row.after }}<small>{{ row.said }}</small></button></td>
    {% endmacro %}
"""
_TABLE = HtmlTemplate(
    _ROW,
    """
    {{ said }}<div class="scroll" tabindex="0" data-points="{{ marked }}"><table class="tokens">
    <thead><tr><th>token in its sentence</th><th>{{ figure }}</th></tr></thead><tbody>
    {% for row in rows %}
    <tr class="pane-{{ row.kind }}" data-tone="{{ row.kind }}">{{ sentence(row) }}<td>{{ row.figure }}</td></tr>
    {% endfor %}
    </tbody></table></div>
""",
)


def token_listing() -> gr.HTML:
    """The place of the table, empty. To be called inside the app's blocks.

    Its event `pick` brings the `points` of a row that is clicked; what it marks is ringed in the picture.
    """
    script = (assets_home() / "tokens.js").read_text(encoding="utf-8")
    return gr.HTML(EMPTY, apply_default_css=False, js_on_load=script, elem_id="space-listing")


def token_table(picture: SpacePicture, chosen: Sequence[int]) -> str | Markup:
    """One row per selected point, those that the map misses most first; points that do not exist are passed over.

    A single point is shown with its partner, and the points of the other model that lie nearest.
    """
    known = sorted({index for index in chosen if 0 <= index < len(picture.token)}, key=lambda i: -picture.error[i])
    if not known:
        return EMPTY
    if len(known) == 1:
        return _single(picture, known[0])
    # What was drawn around is marked in the picture already.
    return _listed(picture, known, "selected", marked=())


def found_table(picture: SpacePicture, text: str) -> str | Markup:
    """The points whose token is this text, or else whose sentence has it at the start of a word, in any case."""
    wanted = " ".join(text.lower().split())
    if not wanted:
        return EMPTY
    found = [index for index, token in enumerate(picture.token) if wanted == token.strip().lower()]
    what = f"with the token “{text.strip()}”"
    if not found:
        begins = re.compile(rf"(?<!\w){re.escape(wanted)}")
        found = [index for index, sentence in enumerate(picture.sentence) if begins.search(sentence.lower())]
        what = f"in a sentence with “{text.strip()}”"
    if not found:
        return added(f"No point of this picture has “{text.strip()}” as its token or in its sentence.")
    found.sort(key=lambda index: -picture.error[index])
    return _listed(picture, found, what, marked=found)


def _listed(picture: SpacePicture, points: Sequence[int], what: str, *, marked: Iterable[int]) -> Markup:
    noun = "point" if len(points) == 1 else "points"
    more = f", of which the {ROWS} with the largest error are listed" if len(points) > ROWS else ""
    rows = [_row(picture, index, f"{picture.error[index]:.2f}") for index in points[:ROWS]]
    return _TABLE(said=added(f"{len(points):,} {noun} {what}{more}."), figure="error", rows=rows, marked=list(marked))


def _single(picture: SpacePicture, index: int) -> Markup:
    partner = int(picture.partner[index])
    row = _row(picture, index, f"{picture.error[index]:.2f}")
    row["said"] += f", token {picture.position[index]} of its text"
    said = _TABLE(said=added("1 point selected."), figure="error", rows=[row], marked=[index, partner])
    rows = []
    for other, far in zip(picture.nearest[index].tolist(), picture.distance[index].tolist(), strict=True):
        found = _row(picture, other, f"{far:.2f}")
        found["said"] += ", its own" if other == partner else ""
        rows.append(found)
    other_model = MODEL_STYLES[picture.model[partner]][0]
    nearest = added(f"Nearest to it among the points of the {other_model}, in all dimensions:")
    return said + _TABLE(said=nearest, figure="distance", rows=rows, marked=[])


def _row(picture: SpacePicture, index: int, figure: str) -> dict[str, Any]:
    sentence = picture.sentence[index]
    begin, end = (int(place) for place in picture.span[index])
    label = f", {picture.label[index]}" if picture.label[index] else ""
    return {
        "index": index,
        "kind": "transferred" if picture.model[index] == MAPPED else "native",
        "before": sentence[:begin],
        "token": sentence[begin:end],
        "after": sentence[end:],
        "said": f"{MODEL_STYLES[picture.model[index]][0]}{label}",
        "figure": figure,
    }
