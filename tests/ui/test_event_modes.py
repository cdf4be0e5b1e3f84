"""What happens to an event that comes while the former one of its kind is running: none is lost without a reason."""

from lrt_explorer.ui.screen import Screen

ONCE = {
    *("on_fit_clicked", "on_compute_clicked", "on_check_clicked", "on_make_clicked", "on_run_clicked"),
    *("on_keep_clicked", "on_stop_clicked", "on_stop_shown", "on_run_changed"),
    "on_page_closed",
}
"""A second press would do the work twice, and the button cannot be pressed while it is done; a page closes once."""
DATA = {"on_example_picked", "on_points_picked", "on_cell_clicked", "on_row_picked", "on_marker_picked"} | {
    "on_pin_removed"
}
"""They bring data, and Gradio would follow with the data of the first."""


def modes(screen: Screen) -> dict[str, set[str | None]]:
    found: dict[str, set[str | None]] = {}
    for event in screen.app.fns.values():
        if event.fn is not None and event.api_visibility == "private":
            name = str(getattr(event.fn, "func", event.fn).__name__)
            found.setdefault(name, set()).add(event.trigger_mode)
    return found


def test_no_event_is_skipped_but_those_that_may_not_come_twice(screen: Screen) -> None:
    skipped = {name for name, found in modes(screen).items() if "once" in found}
    assert skipped <= ONCE, skipped - ONCE


def test_an_event_that_brings_data_is_never_answered_with_that_of_another(screen: Screen) -> None:
    bringing = {str(event.name) for event in screen.app.fns.values() if event.collects_event_data and event.fn}
    assert {name: modes(screen)[name] for name in bringing} == {name: {"multiple"} for name in DATA}


def test_what_a_control_shows_is_told_before_anything_else_happens(screen: Screen) -> None:
    """The page runs the listeners of one event one after the other, each to its end."""
    first = next(iter(screen.app.fns.values()))
    assert first.fn is None and isinstance(first.js, str) and "shownSettings" in first.js
    assert len(first.targets) == len(screen.shown.controls) + 1
