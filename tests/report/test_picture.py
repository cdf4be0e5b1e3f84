"""A picture as a page and as a sheet."""

import csv
import json
import re
from io import StringIO

from markupsafe import escape

from lrt_explorer.plots import space_figure
from lrt_explorer.report import picture_page, picture_sheet
from lrt_explorer.report.standalone import POLICY
from lrt_explorer.ui.space_tab import space_caption
from tests.ui.fakes import fake_picture


def test_the_sheet_has_every_point_with_its_coordinates() -> None:
    picture = fake_picture(30, 3)
    rows = list(csv.DictReader(StringIO(picture_sheet(picture))))
    assert len(rows) == 60
    for index in (0, 31, 59):
        row = rows[index]
        assert int(row["point"]) == index and int(row["partner"]) == picture.partner[index]
        assert [float(row[axis]) for axis in "xyz"] == picture.coords[index].tolist()
        assert (row["model"], row["token"], row["sentence"]) == (
            picture.model[index],
            picture.token[index],
            picture.sentence[index],
        )
        assert (float(row["error"]), int(row["position"])) == (picture.error[index], picture.position[index])
        assert (int(row["nearest"]), float(row["distance"])) == (picture.nearest[index, 0], picture.distance[index, 0])
    assert "z" not in next(csv.DictReader(StringIO(picture_sheet(fake_picture(30, 2)))))


def test_the_page_holds_the_figure_the_caption_and_all_that_draws_it() -> None:
    picture = fake_picture(30)
    page = picture_page(space_figure(picture), space_caption(picture), "<a> → b")
    assert "<title>Shared space: &lt;a&gt; → b</title>" in page and str(escape(POLICY)) in page
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', page)
    drawn = json.loads(data)
    assert [trace["name"] for trace in drawn["data"][:2]] == ["large model", "small model, mapped"]
    assert "30 tokens as the large model represents them" in page and "function drawFigure" in page
    assert not re.search(r'(src|href)="http', page[: page.index("<script>")])
