"""What is sent to an endpoint may be as long as the same thing is on the screen, in a link and in Python."""

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from lrt_explorer.limits import LIMITS
from lrt_explorer.ui.answering import in_sentences
from lrt_explorer.ui.steering_endpoints import steering_endpoints
from lrt_explorer.workbench.links import read_view
from tests.ui.fakes import FakeEngine

COMPARED: dict[str, Any] = {
    "small": "tinyworld-s", "large": "tinyworld-l", "concept": "mood", "prompt": "Tom felt", "strength": 0.4,
}  # fmt: skip
LONG = "Tom felt " * 100
TEXTS = {"prompt": LONG, "ask": LONG, "scorer": f"words:{LONG}", "also": f"{'m' * 250}:0.1,{'n' * 250}:0.2"}


@pytest.mark.parametrize(("name", "text"), TEXTS.items(), ids=TEXTS)
def test_what_is_written_out_may_be_as_long_as_a_prompt(tmp_path: Path, name: str, text: str) -> None:
    compare = in_sentences(steering_endpoints(FakeEngine(tmp_path))[0])
    assert len(text) > LIMITS["name"].most
    assert compare(**COMPARED | {name: text})["arms"]
    with pytest.raises(gr.Error, match=f"{name} has .* characters; 20,000 are the most"):
        compare(**COMPARED | {name: text + "x" * int(LIMITS["prompt"].most)})


def test_a_name_may_not(tmp_path: Path) -> None:
    compare = in_sentences(steering_endpoints(FakeEngine(tmp_path))[0])
    refused: tuple[dict[str, Any], ...] = ({"concept": "m" * 301}, {"arms": ["m" * 301]}, {"other_layers": "1" * 301})
    for named in refused:
        with pytest.raises(gr.Error, match=f"{next(iter(named))} has 301 characters; 300 are the most"):
            compare(**COMPARED | named)


def test_a_link_takes_the_same() -> None:
    asked = {name: text for name, text in TEXTS.items() if name != "scorer"}
    view, trouble = read_view(asked, models=(), tabs=())
    assert trouble == [] and (view.prompt, view.ask) == (LONG, LONG) and len(view.also) == 2
