"""A contrast set as HTML: what it is, and its pairs side by side with what differs marked; everything escaped."""

import re
from difflib import SequenceMatcher
from html import escape

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.ui.cards import thousands
from lrt_explorer.ui.findings import reading_name

ROWS = 50
SHOWN = 70
"""Characters that are shown of what both texts of a pair share at their beginning and at their end."""
WORDS = 150
"""Words that are shown of what lies between."""
_WORD = re.compile(r"\S+\s*|^\s+")


def set_card(contrast: ContrastSet) -> str:
    """What a set holds, and its first pairs."""
    return f"{_about(contrast)}{_table(contrast)}"


def _about(contrast: ContrastSet) -> str:
    prompts = len(contrast.prompts)
    readout = {0: "no readout prompts", 1: "1 readout prompt"}.get(prompts, f"{thousands(prompts)} readout prompts")
    parts = [
        f"{thousands(len(contrast.pairs))} pairs",
        readout,
        *(["generated text is scored"] if contrast.scorer is not None else []),
        f"reading: {escape(reading_name(contrast.reading))}, unless you say otherwise",
    ]
    description = f"{contrast.description.rstrip('.')}. " if contrast.description else ""
    return f'<p class="added"><b>{escape(contrast.name)}</b>: {escape(description)}{"; ".join(parts)}.</p>'


def _table(contrast: ContrastSet) -> str:
    rows = "".join(
        f"<tr><td>{_marked(positive, negative)}</td><td>{_marked(negative, positive)}</td></tr>"
        for positive, negative in contrast.pairs[:ROWS]
    )
    left = len(contrast.pairs) - ROWS
    more = f'<p class="added">The first {ROWS}; {thousands(left)} more are not shown.</p>' if left > 0 else ""
    return (
        '<div class="scroll pairs" tabindex="0"><table class="tokens"><thead><tr>'
        f"<th>{_end(contrast.positive_label, 'with')}</th><th>{_end(contrast.negative_label, 'without')}</th>"
        f"</tr></thead><tbody>{rows}</tbody></table></div>{more}"
    )


def _end(label: str, side: str) -> str:
    return side if label == side else f"{escape(label)} <small>{side}</small>"


def _marked(text: str, other: str) -> str:
    """A text with the words that it does not share with the other one in <mark>."""
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
    return f"{escape(head)}{_runs(middle, others[begin : len(others) - end][:WORDS])}{more}{escape(tail)}"


def _runs(words: list[str], others: list[str]) -> str:
    """Words with every run that is not there in the others, in this order, in <mark>."""
    runs = []
    bare, bare_others = ([word.rstrip() for word in side] for side in (words, others))
    for kind, start, stop, _, _ in SequenceMatcher(None, bare, bare_others, autojunk=False).get_opcodes():
        run = "".join(words[start:stop])
        shown = run.rstrip()
        space = run[len(shown) :]
        runs.append(f"<mark>{escape(shown)}</mark>{space}" if kind != "equal" and shown else escape(run))
    return "".join(runs)


def _shared(words: list[str], others: list[str]) -> int:
    """How many words at the beginning are the same."""
    same = 0
    while same < min(len(words), len(others)) and words[same] == others[same]:
        same += 1
    return same
