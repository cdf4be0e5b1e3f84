"""The tables of what can be chosen: whole, light, written of, and the same on every face."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from lrt_explorer.errors import RegistryError, SettingsError
from lrt_explorer.registry import Entry, Table
from lrt_explorer.study.fitting.estimators import closed_forms
from lrt_explorer.study.tables import TABLES, choices
from lrt_explorer.ui.screen import create_app
from tests.ui.fakes import FakeEngine

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = [(kind, name) for kind, table in TABLES.items() for name, entry in table.items() if not entry.origin]


def entry(name: str, function: Any = len) -> Entry[Callable[..., Any]]:
    return Entry(name=name, label=name, unit="", help="for a test", function=function)


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_what_an_entry_names_is_there(kind: str, name: str) -> None:
    found = TABLES[kind][name]
    assert callable(found.load())
    assert getattr(found, "choice_type", None) is None or isinstance(found.choice_type, type)
    assert len(found.label.split()) <= 3 and len(found.help) <= 80


@pytest.mark.parametrize(("kind", "name"), ENTRIES)
def test_the_documents_write_of_every_entry(kind: str, name: str) -> None:
    # The others name what was measured or where it is, but do not say what it is.
    files = (ROOT / "docs" / f"{name}.md" for name in ("method", "evidence", "formats"))
    texts = " ".join(file.read_text(encoding="utf-8") for file in files)
    assert name.replace("-", " ") in texts.replace("-", " ").lower()


def test_help_and_tables_load_no_heavy_library() -> None:
    code = (
        "import sys; from lrt_explorer.cli import build_parser; from lrt_explorer.study.tables import choices\n"
        "build_parser(); choices(); print([m for m in ('torch', 'transformers', 'gradio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_choice_of_the_screen_is_that_of_its_table(tmp_path: Path) -> None:
    app = create_app(FakeEngine(tmp_path))
    labelled = {block.label: block for block in app.blocks.values() if isinstance(block, gr.Dropdown | gr.Radio)}
    for label, kind in (("Readout", "readouts"), ("Vector", "methods"), ("Tokens read", "readings")):
        offered = [choice for choice in labelled[label].choices if choice[1]]
        assert offered == TABLES[kind].choices(), label
    at_once = [choice for choice in TABLES["estimators"].choices() if choice[1] in closed_forms()]
    assert labelled["Estimator"].choices == at_once


def test_choices_say_everything_of_an_entry() -> None:
    told = choices()
    assert list(told) == list(TABLES)
    assert told["readouts"][0] == {
        "name": "log-odds",
        "label": "Log-odds",
        "unit": "nats",
        "help": "log-probability of the concept’s answers minus that of their opposites",
        "origin": "",
    }


def test_the_first_entry_is_the_default_and_an_unknown_name_names_all() -> None:
    table = Table([entry("one"), entry("two")])
    assert (table.default, list(table), len(table)) == ("one", ["one", "two"], 2)
    assert (table.label("never-seen"), table.unit("never-seen")) == ("Never seen", "never-seen")
    with pytest.raises(SettingsError, match="there is no entry 'three'; choose one of one, two"):
        table.find("three")


def test_only_entries_of_its_kind_are_taken() -> None:
    with pytest.raises(RegistryError, match="Entry is not an entry of this table; make a ReadoutKind"):
        TABLES["readouts"].add(entry("new"))


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("name", "a:b", "needs another name"),
        ("name", "", "needs another name"),
        ("label", " ", "needs a label of one line"),
        ("help", "two\nlines", "needs a help of one line"),
        ("unit", 3, "needs a unit"),
        ("function", "no reference", "needs a function"),
    ],
)
def test_a_malformed_part_is_refused(part: str, value: Any, said: str) -> None:
    parts: dict[str, Any] = {"name": "new", "label": "New", "unit": "", "help": "new", "function": len}
    with pytest.raises(RegistryError, match=said):
        Entry(**parts | {part: value})


@pytest.mark.parametrize("reference", ["no_such_module:fit", "lrt_explorer.registry:no_such_function"])
def test_a_function_that_is_not_where_the_entry_says_is_one_sentence(reference: str) -> None:
    with pytest.raises(RegistryError, match=f"the entry 'lost' names {reference}, which cannot be imported"):
        entry("lost", reference).load()
