"""About names the hypothesis, its paper, and what the demo family is not; its picture is of the numbers that ship."""

import math
import re
from pathlib import Path

import gradio as gr
import pytest

from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.store import assets_home
from lrt_explorer.ui.about import SOURCES, add_about
from lrt_explorer.ui.about_picture import AT_REST
from lrt_explorer.workbench.concepts import concept_cards
from lrt_explorer.workbench.shipped import evidence_of
from lrt_explorer.workbench.two_clouds import TwoClouds, opening_clouds

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


def clouds() -> TwoClouds:
    found = opening_clouds()
    assert found is not None, "run lrt-explorer bundle --only clouds"
    return found


def test_the_picture_says_of_what_it_is_in_the_numbers_that_ship() -> None:
    text, known = shown(), clouds()
    pair = PAIRS[0]
    assert (known.small, known.large) == (pair.small, pair.large)
    assert known.layers == (pair.small_layer, pair.large_layer)
    assert known.concept == concept_cards(pair.small, pair.large)[0].name
    where = f"{known.small} → {known.large}, layer {known.layers[0]} → {known.layers[1]}."
    assert where in text and f"“{known.concept}”" in text
    assert f"filled: {known.negative_label}, hollow: {known.positive_label}" in text
    evidence = evidence_of(known.small, known.large)
    assert evidence is not None
    (found,) = (one.evidence for one in evidence.evaluation.concepts if one.evidence.name == known.concept)
    assert known.cosine == pytest.approx(found.direction_cosine, abs=1e-3)
    assert known.r2 == pytest.approx(evidence.evaluation.map.r2, abs=1e-3)
    assert f"<b>{known.cosine:.2f}</b>" in text and f"<b>{known.r2:.2f}</b>" in text
    assert f"an angle of {math.degrees(math.acos(known.cosine)):.0f}°" in text
    kept = found.retention
    assert kept is not None and f"<b>{kept.value:.2f} ({kept.low:.2f} … {kept.high:.2f})</b>" in text


def test_its_marks_are_the_texts_that_ship_and_move_by_both_vectors() -> None:
    text, known = shown(), clouds()
    paths = re.findall(r'<path class="(of-\w+) (with|without)" d="([^"]+)"(?: data-push="([^"]+)")?', text)
    assert [(kind, side) for kind, side, *_ in paths] == [
        (kind, side) for kind in ("of-small", "of-large", "of-small") for side in ("with", "without")
    ]
    drawn_of = [cloud for cloud in (known.of_small, known.of_large, known.mapped) for _ in ("with", "without")]
    for (kind, side, drawn, push), cloud in zip(paths, drawn_of, strict=True):
        assert drawn.count("M") == len(cloud.positive if side == "with" else cloud.negative)
        assert bool(push) == (side == "without"), kind
    (own, native, mapped) = ([float(step) for step in push.split()] for *_, push in paths if push)
    assert native[0] > 0 and native[1] == pytest.approx(0, abs=0.01), "the view is along the native vector"
    assert own[0] > 0 and own[1] == pytest.approx(0, abs=0.01)
    # Both lie in one view, so they compare as the numbers do; up is smaller on a page.
    assert mapped[0] / native[0] == pytest.approx(known.mapped.push[0] / known.of_large.push[0], rel=1e-2)
    assert mapped[1] / native[0] == pytest.approx(-known.mapped.push[1] / known.of_large.push[0], abs=1e-3)
    assert mapped[0] / native[0] == pytest.approx(known.cosine, abs=1e-2), "what is left of it along the native one"


def test_its_slider_has_a_label_and_says_how_far_each_vector_goes() -> None:
    text, known = shown(), clouds()
    assert '<label for="clouds-strength">Strength</label>' in text and 'id="clouds-strength" min="0"' in text
    assert 'value="0"' in text and f'aria-valuetext="{AT_REST}"' in text and text.count('role="img" aria-label="') == 2
    native, transferred = (
        float(found) for name in ("native", "transferred") for found in re.findall(f'data-{name}="([^"]+)"', text)
    )
    starts, ends = (sum(x for x, _ in side) / len(side) for side in (known.of_large.negative, known.of_large.positive))
    assert native == pytest.approx(known.of_large.push[0] / (ends - starts), rel=1e-3)
    assert transferred == pytest.approx(known.mapped.push[0] / (ends - starts), rel=1e-3)
    (most,) = re.findall(r'id="clouds-strength" min="0" max="([^"]+)"', text)
    assert float(most) >= known.strength and float(most) * native > 1, "it reaches Steer's first strength, and the end"


def test_nothing_in_it_moves_by_itself() -> None:
    style = (assets_home() / "style.css").read_text(encoding="utf-8")
    rules = [rule for rule in style.split("}") if ".cloud" in rule.split("{")[0]]
    assert rules and not [rule for rule in rules if "transition" in rule or "animation" in rule]
    script = (assets_home() / "about.js").read_text(encoding="utf-8")
    assert not re.search("requestAnimationFrame|setInterval|setTimeout|animate", script)


def test_without_what_ships_it_is_prose_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path))
    text = shown()
    assert "affine map" in text and "<svg" not in text and "clouds-strength" not in text
