from pathlib import Path

from tests.browser.page import Page

CONTRAST = """{"kind": "lrt-contrast-set", "version": 1, "name": "noise", "positive_label": "loud"}
{"with": "Tom shouted on the beach", "without": "Tom whispered on the beach"}
{"with": "Anna shouted at the cow", "without": "Anna whispered at the cow"}
"""


def move(page: Page, strength: float) -> None:
    page.write("#strength input[type=range]", str(strength))


def test_the_page_opens_with_four_filled_panes_and_no_click(page: Page) -> None:
    assert list(page.panes()) == ["unsteered", "native", "transferred", "random"]
    assert "affine map" in page.text("#route") and "R²" in page.text("#route")
    assert "held-out R²" in page.text("#map-figures") and "coverage" in page.figures()
    slider = "return document.querySelector('#strength input[type=range]')"
    first, limit = (float(page.js(f"{slider}.{place}")) for place in ("value", "max"))
    assert 0 < first < limit and "text breaks" in page.text("#marks")
    assert page.text("#added").startswith(f"s = +{first:.2f}" if first >= 0.1 else f"s = +{first:.3f}")


def test_the_slider_changes_the_steered_panes_and_never_the_unsteered_one(page: Page) -> None:
    before = page.panes()
    page.js(
        """window.seen = new Set();
        const note = () => {
            const pane = document.querySelector('.pane-unsteered .pane-text');
            if (pane) window.seen.add(pane.textContent);
        };
        note();
        new MutationObserver(note).observe(document.querySelector('#panes'), {subtree: true, childList: true});"""
    )
    move(page, -0.9)
    page.until_text("#added", "s = −0.90")
    after = page.until_settled()
    assert after["unsteered"] == before["unsteered"]
    assert all(after[arm] != before[arm] for arm in ("native", "transferred", "random"))
    assert page.js("return window.seen.size") == 1, "the unsteered pane flickered"


def test_at_strength_0_all_arms_agree(page: Page) -> None:
    move(page, 0)
    page.until_text("#added", "s = +0.00")
    assert len(set(page.until_settled().values())) == 1
    assert page.js("return document.querySelectorAll('.pane mark').length") == 0


def test_only_changed_words_are_marked(page: Page) -> None:
    move(page, 1)
    page.until_text("#added", "s = +1.00")
    page.until_settled()
    marked = "return document.querySelectorAll(`.pane-${arguments[0]} mark`).length"
    assert page.js(marked, "unsteered") == 0 and page.js(marked, "native") > 0


def test_an_example_becomes_the_prompt_and_runs(page: Page) -> None:
    before = page.panes()
    chips = page.js("return [...document.querySelectorAll('#examples button')].map((chip) => chip.innerText)")
    page.press(chips[1], "#examples button")
    page.until(lambda: page.panes()["unsteered"] != before["unsteered"], "another text")
    assert page.js("return document.querySelector('#prompt textarea').value") == chips[1]
    page.until_settled()


def test_an_own_contrast_set_steers(page: Page, tmp_path: Path) -> None:
    page.press("More settings")
    (tmp_path / "noise.jsonl").write_text(CONTRAST)
    before = page.panes()
    page.upload("#contrast", tmp_path / "noise.jsonl")
    page.until_text("#contrast-status", "noise.jsonl is in use")
    page.until_text("#ends", "loud →")
    page.until(lambda: page.panes()["native"] != before["native"], "another native text")
    page.until_settled()


def test_stop_ends_the_writing_and_the_slider_goes_on(page: Page) -> None:
    # Tiny models write faster than a press of the mouse comes.
    page.js(
        """document.querySelector('#run').click();
        const watch = setInterval(() => {
            const stop = document.querySelector('#stop');
            if (!stop.disabled) { clearInterval(watch); stop.click(); }
        }, 5);"""
    )
    page.until_text("#added", "Stopped")
    move(page, 0.3)
    page.until_text("#added", "s = +0.30")
    page.until_settled()
