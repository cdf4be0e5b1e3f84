import re
from dataclasses import replace

from lrt_explorer.ui.token_table import ROWS, found_table, token_table
from tests.ui.fakes import fake_picture

PICTURE = fake_picture(80)


def test_rows_show_the_token_in_its_escaped_sentence() -> None:
    html = token_table(PICTURE, range(80))
    assert html.count("<mark>") == 80
    assert "&lt;b&gt;the" in html and "<b>" not in html


def test_the_largest_errors_come_first() -> None:
    html = token_table(PICTURE, range(80))
    shown = [float(cell.split("</td>")[0]) for cell in html.split("<td>")[2::2]]
    assert len(shown) == 80 and shown == sorted(shown, reverse=True)


def test_a_large_selection_is_cut_and_says_so() -> None:
    html = token_table(PICTURE, range(160))
    assert "160 points selected" in html and f"the {ROWS} with the largest error" in html
    assert html.count("<tr class") == ROWS


def test_points_that_do_not_exist_are_passed_over() -> None:
    assert "Click a point" in token_table(PICTURE, [-1, 160, 10**9])


def points(html: str) -> list[int]:
    return [int(number) for number in re.findall(r'data-point="(\d+)"', html)]


def marked(html: str) -> list[list[int]]:
    return [[int(n) for n in found.split(",") if n.strip()] for found in re.findall(r'data-points="\[(.*?)\]"', html)]


def test_a_single_point_is_shown_with_what_lies_nearest_in_the_other_model() -> None:
    html = token_table(PICTURE, [7])
    assert "1 point selected" in html and f"token {PICTURE.position[7]} of its text" in html
    assert points(html) == [7, *PICTURE.nearest[7].tolist()]
    assert marked(html) == [[7, 87], []], "it is ringed with its partner"
    assert "Nearest to it among the points of the small model, mapped" in html
    assert html.count(", its own") == 1 and "0.30" in html
    assert "among the points of the large model" in token_table(PICTURE, [87])


def test_a_word_is_found_as_a_token_in_any_case_and_else_in_its_sentence() -> None:
    word = PICTURE.token[3].strip()
    held = [i for i, token in enumerate(PICTURE.token) if token.strip().lower() == word.lower()]
    html = found_table(PICTURE, f" {word.upper()} ")
    assert sorted(points(html)) == held[:ROWS] and sorted(*marked(html)) == held
    assert f"{len(held)} points with the token" in html
    phrase = " ".join(PICTURE.sentence[3].split()[:2])
    within = found_table(PICTURE, phrase)
    assert len(*marked(within)) == sum(phrase in sentence for sentence in PICTURE.sentence)
    assert "in a sentence with" in within


def test_what_is_not_there_is_said_and_its_markup_is_text() -> None:
    html = found_table(PICTURE, "<b>zebra")
    assert "No point of this picture has “&lt;b&gt;zebra”" in html and not points(html)


def test_many_finds_are_all_ringed_and_the_worst_are_listed() -> None:
    picture = replace(PICTURE, token=("sea",) * 160)
    html = found_table(picture, "sea")
    assert len(points(html)) == ROWS and len(*marked(html)) == 160
