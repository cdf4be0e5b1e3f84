"""What differs in a pair is marked in whole words, and nothing of a visitor's text becomes HTML."""

from lrt_explorer.concepts.contrast import ContrastSet, ReadoutPrompt
from lrt_explorer.ui.pair_table import ROWS, set_card


def card(*pairs: tuple[str, str]) -> str:
    return set_card(ContrastSet("n<i>", (*pairs, ("a", "b")), "d<i>", "h<i>", "l<i>"))


def test_the_words_that_differ_are_marked() -> None:
    html = card(("The boat was lovely today.", "The boat was lonely today."))
    assert "<td>The boat was <mark>lovely</mark> today.</td><td>The boat was <mark>lonely</mark> today.</td>" in html
    assert "<td><mark>one two</mark></td><td><mark>three</mark></td>" in card(("one two", "three"))


def test_shared_words_between_are_not_marked() -> None:
    html = card(("Th' cook of th' town", "The cook of the town"), ("one same two", "three same"))
    assert "<td><mark>Th&#39;</mark> cook of <mark>th&#39;</mark> town</td>" in html
    assert "<td><mark>one</mark> same <mark>two</mark></td>" in html


def test_a_word_that_is_only_there_on_one_side_is_marked_there() -> None:
    html = card(("It is very cold.", "It is cold."))
    assert "It is <mark>very</mark> cold." in html and "<td>It is cold.</td>" in html


def test_long_texts_are_cut_where_they_are_alike() -> None:
    same = "word " * 200
    html = card((f"{same}yes {same}end", f"{same}no {same}end"))
    assert "<mark>yes</mark>" in html and "<td>… word" in html and len(html) < 2000


def test_everything_is_escaped_and_long_sets_are_cut() -> None:
    html = card(("<script>", "x"), *((f"text {n}", f"other {n}") for n in range(ROWS + 9)))
    assert "<script>" not in html and "<i>" not in html and "&lt;script&gt;" in html
    assert html.count("<tr><td>") == ROWS and "11 more are not shown" in html


def test_what_a_set_holds_is_said() -> None:
    pairs = (("a", "b"), ("c", "d"))
    plain = set_card(ContrastSet("n", pairs))
    assert "2 pairs; no readout prompts; tokens read: all tokens" in plain and "scored" not in plain
    rich = set_card(
        ContrastSet("n", pairs, prompts=(ReadoutPrompt("x", (" a",), ()),), scorer="mood", reading="token-2")
    )
    assert "1 readout prompt; generated text is scored; tokens read: token-2" in rich
