import re
from dataclasses import replace

import pytest

from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.calibrate import CostCurve, calibration_of
from lrt_explorer.ui.cards import (
    badges_card,
    chips,
    map_line,
    map_notice,
    notice,
    percent,
    progress_bar,
    route,
    slider_ends,
    slider_marks,
    thousands,
)
from lrt_explorer.workbench.cards import MapBadges
from lrt_explorer.workbench.session import Session
from tests.ui.fakes import CONCEPTS

SESSION = Session("org/small", "/folder/of/large", 2, 3, 4, 8, 96, 192)
BADGES = MapBadges(0.8437, 0.9, 200_000, 1_234, 1.0, 0.612, 0.883, "ridge", 0.94)


def test_marks_stand_where_the_slider_says_and_on_both_sides() -> None:
    curve = CostCurve((0.1, 1.0, 10.0), (0.01, 1.0, 100.0), (0.01, 1.0, 100.0))
    html = slider_marks(calibration_of(curve))
    said = html.partition('class="slider-costs">')[2]
    assert said.startswith("Ticks: cost on neutral text, 0.1 nats at ±0.32 · ") and "where text breaks, at ±1" in said
    places = [float(place) for place in re.findall(r"left:([\d.]+)%", html)]
    assert all(0 < place < 100 for place in places)
    assert sorted(places) == pytest.approx([100 - place for place in sorted(places, reverse=True)], abs=0.11)
    assert len(places) == 2 * len(curve.strengths) and 'title="0.1 nats: s = −0.32"' in html


def test_the_route_names_models_layers_and_the_score_of_the_map() -> None:
    html = route(SESSION, BADGES)
    assert html.index(">small<") < html.index("affine map") < html.index(">large<")
    assert "after layer 2 of 0 to 3" in html and "after layer 3 of 0 to 7" in html and "R² 0.84" in html


def test_a_route_without_a_map_says_so() -> None:
    assert "no map yet" in route(SESSION, None)


def test_badges_show_every_figure_with_its_meaning() -> None:
    html = badges_card(BADGES, "mood")
    for shown in ("0.84", "200\u2009000", "1\u2009234 left out", "100 %", "61 %", "0.88", "0.94", "native mood vector"):
        assert shown in html


def test_figures_that_are_not_known_are_left_out() -> None:
    html = badges_card(replace(BADGES, reachable_share=None, direction_cosine=None, norm_ratio=None), "mood")
    assert "reachable share" not in html and "direction cosine" not in html and "norm ratio" not in html


def test_a_map_that_does_not_record_single_dimensions_shows_dashes() -> None:
    html = badges_card(BADGES, "mood")
    assert "standardised R²</a></dt><dd>–</dd>" in html and "largest dimension</a></dt><dd>– → –</dd>" in html
    assert "outlier" not in html and "notice" not in html


def test_dimensions_that_rule_the_scores_are_told_with_what_to_read_instead() -> None:
    told = replace(
        BADGES,
        r2_standardised=0.3149,
        largest_dimensions=(0.051, 0.53),
        outlier_dimensions=(0, 5),
        outlier_shares=(0.0, 0.56),
        caveats=("one dimension holds 53 % of the variance of <large> layer 3; read the standardised R² instead",),
    )
    html = badges_card(told, "mood")
    assert "<dd>0.31</dd>" in html and "<dd>5 % → 53 %</dd>" in html
    assert "0 → 5 outlier dimensions hold 0 % → 56 %" in html
    html = map_notice(SESSION, told)
    assert "One dimension holds 53 % of the variance of &lt;large&gt; layer 3" in html
    assert "R² 0.84 on held-out text, standardised 0.31" in route(SESSION, told)


def test_the_figures_fold_into_one_line() -> None:
    assert map_line(BADGES) == "held-out R² 0.84 · cosine 0.88"
    assert map_line(replace(BADGES, direction_cosine=None)) == "held-out R² 0.84"


def test_without_a_map_the_card_says_what_to_do() -> None:
    assert "no map from layer 2 to layer 3 yet; fit one" in map_notice(SESSION, None)


def test_notices_are_one_escaped_sentence_with_a_role() -> None:
    assert notice("the <model> is gone") == '<p class="notice bad" role="alert">The &lt;model&gt; is gone</p>'
    assert 'role="status"' in notice("done", "good")
    assert notice("") == ""


def test_progress_shows_its_share_and_what_is_done() -> None:
    html = progress_bar(Progress(1, 4, "reading <texts>"))
    assert "width:25%" in html and "Reading &lt;texts&gt; …" in html and 'aria-valuenow="25"' in html


def test_chips_carry_their_text_and_none_leave_nothing() -> None:
    html = chips(('say "hi"', "b"))
    assert 'data-text="say &#34;hi&#34;"' in html and html.count("<button") == 2
    assert chips(()) == ""


def test_the_slider_names_both_ends() -> None:
    html = slider_ends(CONCEPTS[1])
    assert html.index("plain") < html.index("unsteered") < html.index("pirate")


@pytest.mark.parametrize(("share", "shown"), [(1.0, "100 %"), (0.9991, "> 99 %"), (0.994, "99 %"), (0.0, "0 %")])
def test_what_is_not_whole_never_reads_as_a_hundred_percent(share: float, shown: str) -> None:
    assert percent(share) == shown


def test_thousands() -> None:
    assert thousands(1_234_567) == "1\u2009234\u2009567"


def test_r2_at_ends_stands_beside_that_of_whole_documents_once_it_is_known() -> None:
    assert "R² at ends" not in badges_card(BADGES, "mood")
    known = replace(BADGES, r2_ends=0.1234)
    assert "R² at ends" in badges_card(known, "mood") and "0.12" in badges_card(known, "mood")
