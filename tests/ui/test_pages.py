"""What the server remembers of pages takes little, and goes whole."""

import gradio as gr
import pytest

from lrt_explorer.ui.pages import Pages


@pytest.fixture
def removed() -> list[str]:
    return []


@pytest.fixture
def pages(removed: list[str]) -> Pages:
    with gr.Blocks() as app:
        gr.State("", delete_callback=removed.append)
        gr.Textbox("shown", label="Text")
    pages = Pages()  # type: ignore[no-untyped-call]
    pages.set_blocks(app)
    pages.capacity = 2
    return pages


def test_states_and_changed_components_are_remembered_and_no_copy_of_the_screen(pages: Pages) -> None:
    state, text = sorted(pages.blocks.blocks)[:2]
    pages["a"][state] = "mine"
    pages["a"][text] = gr.Textbox("other", label="Text", render=False)
    pages["a"]._update_config(text)
    pages["a"]._update_value_in_config(text, "x" * 1000)
    assert pages["a"][state] == "mine" and pages["a"][text].value == "other"
    assert pages["b"][text].value == "shown"
    assert not list(pages["a"].components)


def test_the_longest_unused_page_is_forgotten_with_its_things(pages: Pages, removed: list[str]) -> None:
    state = min(pages.blocks.blocks)
    for page in ("a", "b"):
        pages[page][state] = f"of {page}"
    assert pages["a"][state] == "of a"
    pages["c"]
    assert removed == ["of b"] and list(pages.session_data) == ["a", "c"]
