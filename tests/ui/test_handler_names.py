"""Every handler is named after what the user did: on_pair_chosen, on_fit_clicked; looked for in the text of ui/."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from gradio.events import Events

from lrt_explorer.ui.screen import Screen

UI = Path(__file__).resolve().parents[2] / "lrt_explorer" / "ui"
EVENTS = {name for name in vars(Events) if not name.startswith("_")} | {"pick", "then", "success", "failure"}
"""Methods that wire a handler as their first argument; `pick` is our own event."""
WIRING = {"on": 1, "wire_run": 2}
"""Functions that wire a handler, and at which place they take it."""
WRAPPERS = {"partial", "from_controls", "at_once_from_controls", "with_stop", "noted"}


def wired(call: ast.Call) -> ast.expr | None:
    """The handler that a call wires; None if it wires none."""
    place = None
    match call.func:
        case ast.Attribute(value=ast.Name("gr"), attr="on"):
            place = WIRING["on"]
        case ast.Attribute(attr=name) if name in EVENTS:
            place = 0
        case ast.Name(id=name) if name in WIRING:
            place = WIRING[name]
    if place is None:
        return None
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    named = given.get("fn", given.get("handler"))
    return named or (call.args[place] if len(call.args) > place else None)


def names(handler: ast.expr, local: Mapping[str, ast.expr]) -> Iterator[str]:
    """What a handler is called: through partials, and through a variable that holds one."""
    match handler:
        case ast.Constant(None):
            return
        case ast.Name(id=name) if name in local:
            yield from names(local[name], local)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            yield name
        case ast.Call(func=ast.Name(id=wrapper), args=[inner, *_]) if wrapper in WRAPPERS:
            yield from names(inner, local)
        case _:
            yield ast.unparse(handler)


def misnamed(source: str) -> list[str]:
    """Handlers that are wired in a text under another kind of name."""
    tree = ast.parse(source)
    local = {
        target.id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    handlers = [wired(node) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    found = [name for handler in handlers if handler is not None for name in names(handler, local)]
    # What wires for others takes its handler as an argument.
    return [name for name in found if not name.startswith("on_") and name != "handler"]


def test_handlers_are_named_after_what_the_user_did() -> None:
    assert {file.name: found for file in UI.glob("*.py") if (found := misnamed(file.read_text(encoding="utf-8")))} == {}


def test_what_the_app_wires_is_named_so_too(screen: Screen) -> None:
    handlers = [event for event in screen.app.fns.values() if event.fn and event.api_visibility == "private"]
    assert len(handlers) > 40
    names = [str(getattr(event.fn, "func", event.fn).__name__) for event in handlers if event.fn]
    assert [name for name in names if not name.startswith("on_")] == []


@pytest.mark.parametrize(
    ("planted", "found"),
    [
        ("run.click(self.on_run_clicked, a, b)", []),
        ("run.click(None, js='() => 1')", []),
        ("run.click(self.run_it, a, b)", ["run_it"]),
        ("run.click(fn=run_it)", ["run_it"]),
        ("run.click(lambda: 1, None, b)", ["lambda: 1"]),
        ("app.load(partial(start, engine), a, b)", ["start"]),
        ("gr.on([a.change, b.change], from_controls(self.draw, Kind, 2), a, b)", ["draw"]),
        ("gr.on(triggers, self.on_view_changed, a, b)", []),
        ("plot.pick(listed, a, b)", ["listed"]),
        ("first.then(settle, None, None)", ["settle"]),
        ("make = from_controls(self.make_it, Kind, 4)\nwire_run(run, stop, make, a, b, status, say)", ["make_it"]),
        ("wire_run(run, stop, self.fit, a, b, status, say)", ["fit"]),
        ("tab.select(choose, None, tab)", ["choose"]),
        ("text.upload(take, text, corpus)", ["take"]),
    ],
)
def test_a_planted_handler_of_another_name_is_found(planted: str, found: list[str]) -> None:
    assert misnamed(planted) == found
