"""Every number that the screen names links to what it means, on a page of the same server."""

import json
import re
from pathlib import Path

import pytest

from lrt_explorer.ui.cards import badges_card
from lrt_explorer.ui.terms import BY_NAME, PATH, TERMS, term, terms_page
from tests.ui.fakes import FakeEngine
from tests.ui.served import served
from tests.ui.test_cards import BADGES

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_served_and_every_term_has_a_place_of_its_own(tmp_path: Path) -> None:
    with served(FakeEngine(tmp_path)) as server:
        page = server.ask(PATH)
    assert page.status == 200 and page.text == terms_page()
    places = re.findall(r'id="([^"]+)"', page.text)
    assert len(places) == len(set(places)) == len(TERMS)


def test_the_figures_of_a_map_link_to_their_terms() -> None:
    html = badges_card(BADGES, "mood")
    linked = re.findall(r'href="terms#([^"]+)"', html)
    assert len(linked) == html.count("<dt>") > 6
    assert set(linked) <= set(re.findall(r'id="([^"]+)"', terms_page()))


def test_each_tab_links_the_words_it_uses(tmp_path: Path) -> None:
    with served(FakeEngine(tmp_path)) as server:
        config = json.loads(server.ask("/config").text)
    lines = [one["props"].get("value") or "" for one in config["components"] if one["type"] == "html"]
    linked = [re.findall(r'href="terms#([^"]+)"', line) for line in lines if "What the words mean" in line]
    assert len(linked) == 4 and all(
        "What the words mean: <a" in line and "</a>, <a" in line for line in lines if "What the words" in line
    )
    assert {one for line in linked for one in line} <= set(re.findall(r'id="([^"]+)"', terms_page()))


def test_a_word_that_is_no_term_is_not_linked() -> None:
    assert term("cost", "costs").endswith(">costs</a>")
    with pytest.raises(KeyError):
        term("charm")


def test_every_number_of_the_readme_is_a_term() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8").partition("| number | meaning | note |")[2]
    named = re.findall(r"^\| ([^|]+) \|", table.partition("\n\n")[0], flags=re.M)[1:]
    assert len(named) > 9
    alone = {"strength *s*": "strength", "standardised R², CKA, cosine": "CKA", "tokens, left out": "tokens"}
    assert {alone.get(name, name) for name in named} <= set(BY_NAME)
