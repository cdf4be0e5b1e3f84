"""What other sites read of the page is ours, whatever address it was asked under."""

from pathlib import Path

import pytest

from lrt_explorer.ui.head import DESCRIPTION, PICTURE, TITLE, with_our_head
from tests.ui.fakes import FakeEngine
from tests.ui.served import served

GRADIOS = """<html><head><meta charset="utf-8" /><meta
    property="og:image"
    content="https://elsewhere/x.jpg"
/><meta name="twitter:title" content="Gradio" /><meta name="viewport" content="w" /></head><body></body></html>"""


def test_the_words_of_gradio_go_and_what_is_put_in_is_escaped() -> None:
    page = with_our_head(GRADIOS, 'http://h/?a="><script>', "http://h/")
    assert "elsewhere" not in page and 'content="Gradio"' not in page and "viewport" in page
    assert "<script>" not in page and f'<meta property="og:title" content="{TITLE}" />' in page


def test_the_page_carries_them_and_the_picture_is_there(tmp_path: Path) -> None:
    with served(FakeEngine(tmp_path)) as server:
        page = server.ask("")
        assert page.status == 200 and page.text.count('property="og:title"') == 1
        assert DESCRIPTION.split(":")[0] in page.text
        assert f'property="og:image" content="{server.url}{PICTURE}"' in page.text
        assert int(page.headers.get("content-length", len(page.text.encode()))) == len(page.text.encode())
        assert "window.gradio_config" in page.text and "</html>" in page.text
        request = server.ask("?concept=mood&prompt=%22%3E%3Cscript%3E")
        assert '"><script>' not in request.text.partition("<style>")[0]


def test_a_package_without_pictures_promises_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path))
    assert "og:image" not in with_our_head(GRADIOS, "http://h/", "http://h/")
