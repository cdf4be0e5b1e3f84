"""The tokens of a selection, each in its sentence, as a table of HTML."""

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from lrt_explorer.plots import MODEL_STYLES
from lrt_explorer.report.template import HtmlTemplate
from lrt_explorer.study.project import MAPPED, SpacePicture
from lrt_explorer.ui.cards import added

ROWS = 100
EMPTY = '<p class="added">Click a point, or draw around some, to list their tokens here.</p>'
_TABLE = HtmlTemplate("""
    {{ said }}<div class="scroll" tabindex="0"><table class="tokens">
    <thead><tr><th>token in its sentence</th><th>error</th></tr></thead><tbody>
    {% for row in rows %}
    <tr class="pane-{{ row.kind }}" data-tone="{{ row.kind }}">
    <td>{{ row.before }}<mark>{{ row.token }}</mark>{{ row.after }}<small>{{ row.model }}</small></td>
    <td>{{ row.error }}</td></tr>
    {% endfor %}
    </tbody></table></div>
""")


def token_table(picture: SpacePicture, chosen: Sequence[int]) -> str | Markup:
    """One row per selected point, those that the map misses most first; points that do not exist are passed over."""
    known = sorted({index for index in chosen if 0 <= index < len(picture.token)}, key=lambda i: -picture.error[i])
    if not known:
        return EMPTY
    more = f", of which the {ROWS} with the largest error are listed" if len(known) > ROWS else ""
    noun = "point" if len(known) == 1 else "points"
    rows = [_row(picture, index) for index in known[:ROWS]]
    return _TABLE(said=added(f"{len(known)} {noun} selected{more}."), rows=rows)


def _row(picture: SpacePicture, index: int) -> dict[str, Any]:
    sentence = picture.sentence[index]
    begin, end = (int(place) for place in picture.span[index])
    label = f", {picture.label[index]}" if picture.label[index] else ""
    return {
        "kind": "transferred" if picture.model[index] == MAPPED else "native",
        "before": sentence[:begin],
        "token": sentence[begin:end],
        "after": sentence[end:],
        "model": f"{MODEL_STYLES[picture.model[index]][0]}{label}",
        "error": f"{picture.error[index]:.2f}",
    }
