from lrt_explorer.ui.token_table import ROWS, token_table
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
