"""A contrast set as HTML: what it is, and its pairs side by side, with differences marked."""

import re
from difflib import SequenceMatcher

from markupsafe import Markup

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.report.template import HtmlTemplate, joined
from lrt_explorer.ui.cards import added, thousands
from lrt_explorer.ui.findings import reading_name

ROWS = 50
SHOWN = 70
"""Characters shown of what both texts of a pair share at their beginning, and at their end."""
WORDS = 150
"""Words shown of what is between."""
_WORD = re.compile(r"\S+\s*|^\s+")


_SET = HtmlTemplate("""
    <p class="added"><b>{{ name }}</b>: {{ about }}.</p>
    <div class="scroll pairs" tabindex="0"><table class="tokens">
    <thead><tr>
    {% for label, side in ends %}
    <th>{% if label == side %}{{ side }}{% else %}{{ label }} <small>{{ side }}</small>{% endif %}</th>
    {% endfor %}
    </tr></thead><tbody>
    {% for positive, negative in rows %}<tr><td>{{ positive }}</td><td>{{ negative }}</td></tr>{% endfor %}
    </tbody></table></div>{{ more }}
""")
_MARK = HtmlTemplate("<mark>{{ text }}</mark>")


def set_card(contrast: ContrastSet) -> Markup:
    """What a set holds, and its first pairs."""
    left = len(contrast.pairs) - ROWS
    return _SET(
        name=contrast.name,
        about=_about(contrast),
        ends=((contrast.positive_label, "with"), (contrast.negative_label, "without")),
        rows=[
            (_marked(positive, negative), _marked(negative, positive)) for positive, negative in contrast.pairs[:ROWS]
        ],
        more=added(f"The first {ROWS} pairs; {thousands(left)} more are not shown.") if left > 0 else "",
    )


def _about(contrast: ContrastSet) -> str:
    prompts = len(contrast.prompts)
    readout = {0: "no readout prompts", 1: "1 readout prompt"}.get(prompts, f"{thousands(prompts)} readout prompts")
    parts = [
        f"{thousands(len(contrast.pairs))} pairs",
        readout,
        *(["generated text is scored"] if contrast.scorer is not None else []),
        f"tokens read: {reading_name(contrast.reading)}, unless you choose others",
    ]
    description = f"{contrast.description.rstrip('.')}. " if contrast.description else ""
    return f"{description}{'; '.join(parts)}"


def _marked(text: str, other: str) -> Markup:
    """A text with the words that the other one does not share inside <mark>."""
    words, others = _WORD.findall(text), _WORD.findall(other)
    begin = _shared(words, others)
    end = _shared(words[begin:][::-1], others[begin:][::-1])
    head, tail = "".join(words[:begin]), "".join(words[len(words) - end :])
    if len(head) > SHOWN:
        head = "… " + head[-SHOWN:].lstrip()
    if len(tail) > SHOWN:
        tail = tail[:SHOWN].rstrip() + " …"
    middle = words[begin : len(words) - end][:WORDS]
    more = "… " if len(words) - end - begin > WORDS else ""
    return joined([head, _runs(middle, others[begin : len(others) - end][:WORDS]), more, tail])


def _runs(words: list[str], others: list[str]) -> Markup:
    """Words, with every run that the others lack inside <mark>."""
    runs: list[str] = []
    bare, bare_others = ([word.rstrip() for word in side] for side in (words, others))
    for kind, start, stop, _, _ in SequenceMatcher(None, bare, bare_others, autojunk=False).get_opcodes():
        run = "".join(words[start:stop])
        shown = run.rstrip()
        runs += [_MARK(text=shown), run[len(shown) :]] if kind != "equal" and shown else [run]
    return joined(runs)


def _shared(words: list[str], others: list[str]) -> int:
    """How many words at the beginning are the same."""
    same = 0
    while same < min(len(words), len(others)) and words[same] == others[same]:
        same += 1
    return same
