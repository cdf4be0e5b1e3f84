"""HTML comes from templates alone, so that escaping is not a matter of diligence."""

import ast
import json
import re
from dataclasses import fields, is_dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from lrt_explorer.concepts.contrast import ContrastSet
from lrt_explorer.report import arms_table, concept_summary, prompt_cards, report_page, suite_summary, suite_table
from lrt_explorer.report.template import HtmlTemplate, joined
from lrt_explorer.study.compare import Arm
from lrt_explorer.study.ground.progress import Progress
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.ui import cards
from lrt_explorer.ui.findings import findings, vector_table
from lrt_explorer.ui.layers_tab import layers_caption
from lrt_explorer.ui.pair_table import set_card
from lrt_explorer.ui.panes import panes, waiting_panes
from lrt_explorer.ui.token_table import token_table
from lrt_explorer.workbench.cards import LayerScores, MapBadges, Suggestion, VectorCard, VectorCards
from lrt_explorer.workbench.session import Session
from tests.ui.fake_concepts import fake_check
from tests.ui.fake_evidence import fake_evaluation
from tests.ui.fakes import CONCEPTS, fake_grid, fake_picture

PACKAGE = Path(__file__).resolve().parents[2] / "lrt_explorer"
HOSTILE = "<script>alert('1')</script>\"'><b>"

# The template


def test_values_are_escaped_and_html_of_templates_is_not() -> None:
    bold = HtmlTemplate("<b>{{ word }}</b>")
    assert bold(word="<i>'\"") == "<b>&lt;i&gt;&#39;&#34;</b>"
    assert HtmlTemplate("<p>{{ inner }}</p>")(inner=bold(word="<")) == "<p><b>&lt;</b></p>"
    assert joined([bold(word="a"), "<i>"]) == "<b>a</b>&lt;i&gt;"


def test_a_value_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        HtmlTemplate("{{ nothing }}")()


def test_line_breaks_are_spaces_between_words_alone() -> None:
    source = """
        <p>
          one
          two <b>{{ three }}</b>
          {% if three %}
          <i>four</i>
          {% endif %}
        </p>
    """
    assert HtmlTemplate(source)(three="3") == "<p>one two <b>3</b><i>four</i></p>"


# Nothing else makes HTML


def tags(*parts: ast.expr) -> list[str]:
    """The pieces of a text that is put together which hold a tag."""
    texts = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
    return [text for text in texts if re.search("</?[a-z]", text)]


def handmade(source: str) -> list[str]:
    """What makes HTML without a template: `escape`, a tag that is put together, `Markup` around what is not fixed."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.ImportFrom(module="html" | "markupsafe", names=names):
                found += [f"imports {name.name}" for name in names if name.name == "escape"]
            case ast.Import(names=names):
                found += ["imports html" for name in names if name.name == "html"]
            case ast.JoinedStr(values=parts):
                found += [f"puts together {text}" for text in tags(*parts)]
            case ast.BinOp(left=left, right=right):
                found += [f"puts together {text}" for text in tags(left, right)]
            case ast.Call(func=ast.Name("Markup"), args=[argument]):
                match argument:
                    case ast.Constant() | ast.Call(func=ast.Name("glyph" | "marker")):
                        pass
                    case _:
                        found.append(f"trusts {ast.unparse(argument)}")
    return found


TRUSTED = {
    "report/template.py": ["trusts _compiled(self._source).render(values)"],
    "report/standalone.py": ["trusts text"],
}
"""The template itself; scripts, styles and JSON of the report."""


def test_reports_and_screen_put_no_html_together_by_hand() -> None:
    files = [*PACKAGE.glob("report/*.py"), *PACKAGE.glob("ui/*.py")]
    assert len(files) > 30
    found = {str(file.relative_to(PACKAGE)): handmade(file.read_text(encoding="utf-8")) for file in files}
    assert {file: faults for file, faults in found.items() if faults} == TRUSTED


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("from html import escape", "imports escape"),
        ("import html", "imports html"),
        ("from markupsafe import Markup, escape", "imports escape"),
        ("x = f'<p>{y}</p>'", "puts together <p>"),
        ("x = f'{y} and <b>{z}'", "puts together  and <b>"),
        ("x = '<p>' + y", "puts together <p>"),
        ("x = Markup(f'<p>{y}</p>')", "trusts f'<p>{y}</p>'"),
        ("x = Markup(y)", "trusts y"),
        ("x = Markup('<p>%s</p>' % y)", "trusts '<p>%s</p>' % y"),
    ],
)
def test_html_by_hand_is_found(planted: str, found: str) -> None:
    assert found in handmade(planted)


@pytest.mark.parametrize("sound", ["x = Markup('<b>fixed</b>')", "x = Markup(glyph(style))", "x = f'{a} < {b}'"])
def test_what_is_fixed_may_be_html(sound: str) -> None:
    assert handmade(sound) == []


# Hostile names


class Elements(HTMLParser):
    """Which elements a page has, with the names of their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def harmless(value: Any) -> Any:
    """The same value with a plain word wherever a hostile one is."""
    if isinstance(value, str):
        return value.replace(HOSTILE, "word")
    if isinstance(value, tuple | list):
        return type(value)(harmless(part) for part in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{field.name: harmless(getattr(value, field.name)) for field in fields(value) if field.init}
        )
    return value


SESSION = Session(f"a/{HOSTILE}", f"b/{HOSTILE}", 2, 3, 4, 8, 96, 192, "map")
CARD = replace(CONCEPTS[0], name=HOSTILE, description=HOSTILE, low_label=HOSTILE, high_label=HOSTILE)
ARMS = tuple(
    Arm(name, HOSTILE * 2, (HOSTILE,) * 2, (False, True), 0.5, 1.0, 0.5, 2.0) for name in ("unsteered", "native")
)
BADGES = MapBadges(0.8, 0.9, 100, 10, 1.0, 0.6, 0.8, "ridge", 0.9, caveats=(HOSTILE,))
PIECES: dict[str, tuple[Any, ...]] = {
    "route": (cards.route, SESSION, BADGES),
    "badges": (cards.badges_card, BADGES, HOSTILE),
    "notice": (cards.notice, HOSTILE),
    "progress": (cards.progress_bar, Progress(1, 2, HOSTILE)),
    "banner": (cards.opening_banner, f"a/{HOSTILE}", HOSTILE, SESSION, Progress(1, 2, HOSTILE)),
    "chips": (cards.chips, (HOSTILE, HOSTILE)),
    "slider": (cards.slider_ends, CARD),
    "panes": (panes, ARMS, HOSTILE, CARD),
    "waiting": (waiting_panes, HOSTILE),
    "set": (
        set_card,
        ContrastSet(
            HOSTILE, ((HOSTILE, f"a {HOSTILE} c"), ("x", "y")), HOSTILE, f"with {HOSTILE}", f"without {HOSTILE}"
        ),
    ),
    "layers": (layers_caption, SESSION, LayerScores(fake_grid(4, 8), 9, 2, Suggestion(2, 4, HOSTILE)), "cka"),
    "check": (
        lambda session, name: findings(fake_check(session, name, Recipe("mean-difference", "", True))),
        SESSION,
        HOSTILE,
    ),
    "vectors": (
        vector_table,
        VectorCards((VectorCard("small", HOSTILE, 1, HOSTILE, HOSTILE, HOSTILE, 9, 1.0),), 0.5),
    ),
}


@pytest.mark.parametrize("name", PIECES)
def test_a_hostile_name_changes_no_element_of_the_screen(name: str) -> None:
    make, *given = PIECES[name]
    hostile, plain = make(*given), make(*(harmless(value) for value in given))
    assert isinstance(hostile, Markup) and hostile != plain, "the name is not shown, so nothing is tested"
    assert Elements(hostile).found == Elements(plain).found
    assert "<script" not in hostile


def test_a_hostile_sentence_changes_no_element_of_the_tokens() -> None:
    picture = fake_picture(3)
    texts = replace(picture, sentence=(HOSTILE,) * 6, span=picture.span * 0, label=(HOSTILE,) * 6)
    html = token_table(texts, range(6))
    assert "<script" not in html and html.count("<b>") == 0 and html.count("<tr class") == 6


@pytest.mark.parametrize("field", ["name", "description", "positive_label", "negative_label"])
def test_a_hostile_concept_changes_no_element_of_the_report(field: str) -> None:
    found = fake_evaluation(("mood", "register"), texts=True)

    def named(value: str) -> Any:
        first, second = found.concepts
        changed: dict[str, Any] = {field: value}
        return replace(found, concepts=(replace(first, evidence=replace(first.evidence, **changed)), second))

    hostile, plain = named(HOSTILE), named("word")
    assert Elements(report_page(hostile)).found == Elements(report_page(plain)).found
    for make in (suite_table, suite_summary):
        assert Elements(make(hostile)).found == Elements(make(plain)).found
    for show in (arms_table, prompt_cards):
        assert Elements(show(hostile.concepts[0].evidence)).found == Elements(show(plain.concepts[0].evidence)).found
    assert "<script" not in concept_summary(hostile.concepts[0])


def test_hostile_models_texts_and_settings_change_no_element_of_the_report() -> None:
    found = fake_evaluation(("mood",), texts=True)
    (result,) = found.concepts
    passages = tuple(replace(passage, text=HOSTILE) for passage in result.evidence.passages)
    evil = replace(result, evidence=replace(result.evidence, prompts=(HOSTILE,) * 10, passages=passages))
    info = replace(found.map, corpus=HOSTILE)
    hostile = replace(found, small=f"a/{HOSTILE}", neutral=(HOSTILE,) * 2, map=info, concepts=(evil,))
    page = report_page(hostile)
    assert Elements(page).found == Elements(report_page(found)).found
    assert json.dumps(HOSTILE) not in page, "it would end the script that it stands in"
