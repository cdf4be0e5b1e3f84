"""The tokens of a selection, each in its sentence, as a table of HTML."""

from collections.abc import Sequence
from html import escape

from lrt_explorer.plots import MODEL_STYLES
from lrt_explorer.study.project import MAPPED, SpacePicture

ROWS = 100
EMPTY = '<p class="added">Click a point, or draw around some, to list their tokens here.</p>'


def token_table(picture: SpacePicture, chosen: Sequence[int]) -> str:
    """One row per selected point, those that the map misses most first; points that do not exist are passed over."""
    known = sorted({index for index in chosen if 0 <= index < len(picture.token)}, key=lambda i: -picture.error[i])
    if not known:
        return EMPTY
    rows = "".join(_row(picture, index) for index in known[:ROWS])
    more = f", of which the {ROWS} with the largest error are listed" if len(known) > ROWS else ""
    noun = "point" if len(known) == 1 else "points"
    return (
        f'<p class="added">{len(known)} {noun} selected{more}.</p><div class="scroll"><table class="tokens">'
        f"<thead><tr><th>token in its sentence</th><th>error</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(picture: SpacePicture, index: int) -> str:
    sentence = picture.sentence[index]
    begin, end = (int(place) for place in picture.span[index])
    shown = f"{escape(sentence[:begin])}<mark>{escape(sentence[begin:end])}</mark>{escape(sentence[end:])}"
    model = MODEL_STYLES[picture.model[index]][0]
    label = f", {escape(picture.label[index])}" if picture.label[index] else ""
    kind = "transferred" if picture.model[index] == MAPPED else "native"
    cells = f"<td>{shown}<small>{model}{label}</small></td><td>{picture.error[index]:.2f}</td>"
    return f'<tr class="pane-{kind}" data-tone="{kind}">{cells}</tr>'
