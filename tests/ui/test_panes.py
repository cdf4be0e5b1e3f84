import math
import re
from dataclasses import replace

import pytest

from lrt_explorer.lm.token_odds import TokenOdds
from lrt_explorer.study.compare import Arm, Comparison
from lrt_explorer.ui.panes import added_line, coloured_text, columns, marked_text, meter, panes, reads, waiting_panes
from lrt_explorer.workbench.session import Session
from tests.ui.fakes import CONCEPTS

CARD = CONCEPTS[0]
SESSION = Session("small", "large", 2, 3, 4, 8, 96, 192)


def arm(name: str = "native", tokens: tuple[str, ...] = (" a", " b"), changed: tuple[bool, ...] = (False, True)) -> Arm:
    return Arm(name, "".join(tokens), tokens, changed, 0.75, 2.0)


def text_of(html: str, name: str) -> str:
    (pane,) = re.findall(rf'<article class="pane pane-{name}".*?</article>', html)
    (shown,) = re.findall(r'<p class="pane-text[^"]*">(.*?)</p>', pane)
    return str(shown)


def test_only_changed_tokens_are_marked_and_the_space_before_them_is_not() -> None:
    assert marked_text(arm()) == " a <mark>b</mark>"


def test_neighbouring_changed_tokens_share_one_mark() -> None:
    assert marked_text(arm(tokens=(" a", " b", " c"), changed=(True, True, False))) == " <mark>a b</mark> c"


def test_the_unsteered_text_is_never_marked() -> None:
    assert "<mark>" not in marked_text(arm("unsteered"))


def test_text_is_escaped_in_every_arm() -> None:
    evil = arm("unsteered", ("<script>alert(1)</script>",), (False,)), arm(tokens=('"<b>',), changed=(True,))
    html = panes(evil, "<img src=x>", CARD)
    assert "<script>" not in html and "<img" not in html and "<b>&" not in html
    assert "&lt;script&gt;" in html and "&lt;img src=x&gt;" in html and "&#34;&lt;b&gt;" in html


def test_a_text_that_its_tokens_do_not_spell_is_shown_unmarked() -> None:
    assert marked_text(Arm("native", "whole", ("who",), (True,), None, None)) == "whole"


def test_a_settled_unsteered_arm_stands_still_while_the_others_are_written() -> None:
    settled = arm("unsteered", (" long", " settled"), (False, False))
    html = panes((arm("unsteered", (" long",), (False,)), arm()), "Start", CARD, busy=True, settled=settled)
    assert text_of(html, "unsteered").endswith(" long settled")
    assert 'aria-busy="true"' in html


def test_a_text_that_its_length_has_broken_off_says_so_once_it_is_written() -> None:
    whole = arm("unsteered", (" They", " met", "."), (False,) * 3)
    assert panes((whole, arm()), "Start", CARD).count('class="pane-text cut"') == 1
    assert "cut" not in panes((whole, arm()), "Start", CARD, busy=True)
    said = arm(tokens=(" “Yes", "!”"), changed=(True, True))
    assert "cut" not in panes((whole, said), "Start", CARD)


def test_the_prompt_stands_at_the_head_of_every_pane_and_a_long_one_is_cut() -> None:
    html = panes((arm("unsteered"), arm()), "x" * 1000, CARD)
    assert html.count("… " + "x" * 240 + "</span>") == 2


def test_a_broken_text_gets_a_word_and_every_finished_one_its_figures() -> None:
    unsteered = replace(arm("unsteered"), repetition=0.0, perplexity=8.0)
    broken = replace(arm(), repetition=0.5, perplexity=2.5, remark="repeats itself")
    assert "<b>" not in reads(unsteered, unsteered) and "perplexity 8.00</p>" in reads(unsteered, unsteered)
    said = reads(broken, unsteered)
    assert "<summary" in said and "<b>repeats itself</b>" in said
    assert said.count("50% of it repeats what came before; perplexity 2.50, unsteered 8.00") == 2
    assert "<summary" not in reads(arm(), unsteered), "not before it is finished"


@pytest.mark.parametrize(("count", "beside"), [(1, 1), (2, 2), (4, 4), (5, 3), (6, 3), (7, 4), (8, 4), (9, 3)])
def test_panes_stand_in_rows_of_about_the_same_length(count: int, beside: int) -> None:
    assert columns(count) == beside
    assert f"--columns: {beside}" in panes([arm()] * count, "Start", CARD)


def test_the_class_of_a_pane_is_one_word() -> None:
    assert 'class="pane pane-as-in-the-paper" data-arm="as in the paper"' in panes([arm("as in the paper")], "", CARD)


def test_the_meter_shows_the_way_from_the_unsteered_score() -> None:
    unsteered = Arm("unsteered", "", (), (), 0.25, -1.0)
    html = meter(arm(), unsteered, CARD)
    assert "left:25.00%;width:50.00%" in html
    assert "<b>0.75</b>" in html and "<b>+2.0</b>" in html and "<small>+3.0</small>" in html
    assert "score 0.75 on a scale from sad to happy" in html


def test_without_a_score_the_meter_says_so_and_draws_no_way() -> None:
    html = meter(Arm("native", "", (), (), None, None), None, CARD)
    assert "<b>–</b>" in html and 'class="way"' not in html and "readout" not in html


def test_where_nothing_judges_the_texts_the_readout_is_drawn() -> None:
    card = replace(CARD, judged=False)
    unsteered = Arm("unsteered", "", (), (), None, 0.0)
    html = meter(Arm("native", "", (), (), None, math.log(3)), unsteered, card)
    assert "readout, nats" in html and "<b>+1.1</b>" in html and "<small>+1.1</small>" in html
    assert "left:50.00%;width:25.00%" in html and "judge" not in html
    share = replace(card, readout="probability")
    html = meter(Arm("native", "", (), (), None, 0.25), Arm("unsteered", "", (), (), None, 0.75), share)
    assert "readout, probability" in html and "left:25.00%;width:50.00%" in html
    html = meter(Arm("native", "", (), (), None, None), unsteered, card)
    assert "<b>–</b>" in html and 'class="way"' not in html


def test_before_anything_is_written_all_four_frames_stand_with_a_sentence() -> None:
    html = waiting_panes("opening <the> models", "bad")
    assert re.findall(r'data-arm="(\w+)"', html) == ["unsteered", "native", "transferred", "random"]
    assert "Opening &lt;the&gt; models" in html and 'role="alert"' in html


def test_the_raw_coefficient_is_shown() -> None:
    pushed = tuple(Arm(n, "", (), (), None, None, s, 8 * s) for n, s in (("native", -0.5), ("transferred", -0.25)))
    equal = added_line(Comparison("p", -0.5, -4.0, pushed, {}), SESSION, CARD)
    assert "equal cost" in equal and "<b>4</b>" in equal and "<b>2</b>" in equal
    line = added_line(Comparison("p", -0.5, -4.155, (), {}), SESSION, CARD)
    assert "s = −0.50" in line and "<b>4.16</b>" in line and "after layer 3" in line


def test_tokens_are_coloured_by_what_steering_did_to_them() -> None:
    odds = (
        TokenOdds(" Arr", -0.5, -4.5, ((" Arr", 0.6), (" <b>", 0.1))),
        TokenOdds("!", -2.0, -1.0, (("?", 0.5),)),
        TokenOdds(" so", -1.0, None, ()),
    )
    html = coloured_text(replace(arm("native", (" Arr", "!", " so"), (True, True, True)), odds=odds))
    assert '<span class="token up" style="--share:100%" title="−0.5 nats, unsteered −4.5. Likeliest here:' in html
    assert "Arr 60%, &lt;b&gt; 10%" in html and '<span class="token down" style="--share:25%"' in html
    assert 'style="--share:0%" title="−1.0 nats. Likeliest here: "> so</span>' in html
