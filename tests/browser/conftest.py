"""The app in a headless Chromium. A browser that is missing is a failure: nobody should believe a screen unseen."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from lrt_explorer.concepts.contrast import ContrastSet, write_contrast
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.ui.kept_pins import STORAGE_KEY
from lrt_explorer.ui.launch import serve
from tests.browser.page import Page, open_browser
from tests.workbench.tiny_house import TinyEngine, build_assets

TOKENS = 4_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # A machine that does other work as well takes its time to draw.
            item.add_marker(pytest.mark.timeout(400))


@pytest.fixture(scope="module")
def more_concepts() -> Sequence[ContrastSet]:
    """Concepts that ship in the tiny house beside its one; a module that needs some has a fixture of this name."""
    return ()


@pytest.fixture(scope="module")
def tiny_url(tmp_path_factory: pytest.TempPathFactory, more_concepts: Sequence[ContrastSet]) -> Iterator[str]:
    """The app over tiny random models, its opening pair with a map, in a house of its own.

    No longer than a module: while it stands, the whole process takes its assets for those that ship.
    """
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("browser-home")
        patch.setenv("LRT_EXPLORER_ASSETS", str(build_assets(home / "assets")))
        for concept in more_concepts:
            write_contrast(home / "assets" / "concepts-real" / f"{concept.name}.jsonl", concept)
        # The fixture that gives every test its own home comes later than this one, so the map goes into the assets.
        engine = TinyEngine()
        patch.setenv("LRT_EXPLORER_HOME", str(home / "data"))
        session = finish(engine.open("tiny-s", "tiny-l"))
        fitted = finish(engine.fit(session, TOKENS, None))
        shutil.copytree(fitted.map_folder, home / "assets" / "maps" / Path(fitted.map_folder).parent.name)
        app = serve(engine, "127.0.0.1", None)
        yield str(app.local_url)
        app.close()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    driver = open_browser(tmp_path_factory.mktemp("profile"), tmp_path_factory.mktemp("downloads"))
    yield driver
    driver.quit()


@pytest.fixture
def open_page(browser: Chrome, tiny_url: str) -> Iterator[Callable[..., Page]]:
    """Open the tiny app at a size and in a theme; after the test its console must hold no error."""
    pages: list[Page] = []

    def opened(width: int = 1440, height: int = 1000, theme: str = "light") -> Page:
        page = Page(browser, tiny_url, width, height, theme)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        assert page.errors() == []
        # Pins outlive a page, and so a test.
        page.js("localStorage.removeItem(arguments[0])", STORAGE_KEY)
    # A page left open goes on drawing and asking, beside all later tests.
    browser.get("about:blank")


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    opened = open_page()
    opened.until_settled()
    return opened
