"""About names the hypothesis, its paper, and what the demo family is not; its sources are those of the documents."""

from pathlib import Path

import gradio as gr

from lrt_explorer.ui.about import SOURCES, add_about

METHOD = Path(__file__).parents[2] / "docs" / "method.md"


def shown() -> str:
    with gr.Blocks():
        (text,) = add_about().children
    assert isinstance(text, gr.HTML)
    return str(text.value)


def test_it_says_what_the_page_claims_and_what_it_does_not() -> None:
    text = shown()
    assert "affine map" in text and "random one of the same length" in text
    assert "What holds for them need not hold for others" in text


def test_every_source_is_one_that_the_method_names_and_a_link() -> None:
    method = METHOD.read_text(encoding="utf-8")
    for number, title, _ in SOURCES:
        assert f"| arXiv {number} | {title}" in method
        assert f'href="https://arxiv.org/abs/{number}"' in shown()
