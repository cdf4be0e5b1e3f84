"""The figures of a check show every layer once, in the colours that mean the same everywhere."""

import json

import pytest

from lrt_explorer.plots import BLUE, ORANGE, agreement_figure, separation_figure, stability_figure
from lrt_explorer.study.steering.recipe import Recipe
from lrt_explorer.workbench.session import Session
from tests.ui.fake_concepts import fake_check

CHECK = fake_check(Session("org/small-one", "large-one", 2, 3, 4, 8, 96, 192, "map"), "mood", Recipe())


@pytest.mark.parametrize("figure", [agreement_figure, separation_figure])
def test_every_layer_is_a_point_and_the_one_in_use_is_larger(figure) -> None:  # type: ignore[no-untyped-def]
    small, large = json.loads(figure(CHECK).to_json())["data"]
    assert (small["name"], large["name"]) == ("small-one", "large-one")
    assert (small["line"]["color"], large["line"]["color"]) == (ORANGE, BLUE)
    assert small["line"]["dash"] != large["line"]["dash"] and small["marker"]["symbol"] != large["marker"]["symbol"]
    assert small["x"] == [0, 1, 2, 3] and large["x"] == list(range(8))
    assert [size for size in small["marker"]["size"] if size > 5] == [small["marker"]["size"][2]]
    assert large["text"][3].startswith("large-one<br>layer 3, in use: ")


def test_what_is_seen_stays_inside() -> None:
    figure = json.loads(agreement_figure(CHECK).to_json())
    low, high = figure["layout"]["yaxis"]["range"]
    assert all(low < value < high for trace in figure["data"] for value in trace["y"])
    assert figure["layout"]["shapes"][0]["y0"] == 0.2


def test_pairs_double_along_the_axis() -> None:
    figure = json.loads(stability_figure(CHECK).to_json())
    assert figure["layout"]["xaxis"]["type"] == "log" and figure["layout"]["xaxis"]["ticktext"] == ["1", "2", "4", "8"]
    assert figure["data"][0]["text"][:2] == [
        "small-one<br>1 pair and 1 other: cosine 0.40",
        "small-one<br>2 pairs and 2 others: cosine 0.60",
    ]
