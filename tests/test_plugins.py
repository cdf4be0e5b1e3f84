"""What another package brings by entry points is offered everywhere; what it forgets is said in one sentence."""

import configparser
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from lrt_explorer.concepts.contrast import read_contrast
from lrt_explorer.concepts.readout import answer_tokens
from lrt_explorer.concepts.vectors import find_vectors
from lrt_explorer.errors import RegistryError
from lrt_explorer.study.fitting.estimators import ESTIMATORS, Estimator
from lrt_explorer.study.ground.world import world_of
from lrt_explorer.workbench.session import Session
from tests.study import tiny
from tests.workbench.tiny_house import build_assets

ROOT = Path(__file__).resolve().parent.parent
UNSOUND = {"estimators": {"forgetful": "lrt_forgetful:FORGETFUL", "broken": "lrt_broken:BROKEN"}}
FORGETFUL = """
from lrt_explorer.study.fitting.estimators import Estimator

FORGETFUL = Estimator(name="forgetful", label="Forgetful", help="forgets its unit", function="lrt_forgetful:fit")
"""
BROKEN = "import no_such_library\n"
MEDIAN = """
from lrt_explorer.concepts.methods import VectorMethod

MEDIAN = VectorMethod(name="median", label="median", unit="units", help="median of each", function="lrt_median:median")


def median(differences):
    return differences.median(0).values
"""


def recipes(language: str) -> list[str]:
    """The blocks of docs/extending.md in this language."""
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.S | re.M)


def files() -> dict[str, str]:
    """Its Python files by name; a block names its file in the first line."""
    return {match[1]: block for block in recipes("python") if (match := re.match(r"# (\S+\.py)\n", block))}


# In an interpreter of its own, which finds the packages as it would find installed ones. Prints one JSON object.
EVERYWHERE = """
import contextlib, io, json, sys
from pathlib import Path

import lrt_explorer as lrt
from lrt_explorer.cli import main
from lrt_explorer.ui.screen import create_app
from lrt_explorer.workbench.hosting import Hosting
from tests.ui.served import served
from tests.workbench.tiny_house import TinyEngine

small, large, out = sys.argv[1:]

def said(*arguments):
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        assert main(list(arguments)) == 0
    return text.getvalue()

pair = (small, large, "--small-layer", "1", "--large-layer", "2", "--tokens", "8000", "--json")
config = create_app(TinyEngine()).get_config_file()["components"]
shown = {c["props"].get("elem_id"): c["props"]["choices"] for c in config if c["props"].get("choices")}
with served(TinyEngine(), Hosting(mcp=True)) as server:
    described = {
        "info": server.ask("gradio_api/info").document["named_endpoints"],
        "tools": {tool["name"]: tool for tool in server.ask("gradio_api/mcp/schema").document},
        "llms": server.ask("llms.txt").text,
    }
fitted = json.loads(said("fit", *pair, "--method", "halved", "--out", f"{out}/map"))
how = ("--map", f"{out}/map", "--prompts", "3", "--seeds", "2", "--strengths", "-0.5", "0.5", "--out", f"{out}/found")
found = said("evaluate", *pair, *how, "--readout", "bits", "--report", f"{out}/page.html")
usual = said("evaluate", *pair, *how)
compared = said("compare", *pair[:6], "--json", "--map", f"{out}/map", "--concept", f"{out}/set.jsonl",
                "--max-new-tokens", "2", "--scorer", "length:2")
report = {
    "fit": said("fit", "--help"),
    "evaluate": said("evaluate", "--help"),
    "shown": shown,
    "choices": lrt.choices(),
    "described": described,
    "fitted": fitted,
    "found": json.loads(found),
    "usual": json.loads(usual),
    "compared": json.loads(compared),
    "page": Path(f"{out}/page.html").read_text(encoding="utf-8"),
}
print(json.dumps(report))
"""


def install(folder: Path) -> Path:
    """What pip leaves of the packages of docs/extending.md, and of two that are unsound: files, and entry points."""
    (project,) = (tomllib.loads(block)["project"] for block in recipes("toml"))
    groups = {group.removeprefix("lrt_explorer."): points for group, points in project["entry-points"].items()}
    package(folder, project["name"], groups, {name: text for name, text in files().items() if "/" not in name})
    package(folder, "unsound", UNSOUND, {"lrt_forgetful.py": FORGETFUL, "lrt_broken.py": BROKEN})
    package(folder, "medians", {"methods": {"median": "lrt_median:MEDIAN"}}, {"lrt_median.py": MEDIAN})
    return folder


def package(folder: Path, name: str, groups: dict[str, dict[str, str]], sources: dict[str, str]) -> None:
    info = folder / f"{name}-1.2.dist-info"
    info.mkdir(parents=True)
    points = configparser.ConfigParser()
    points.read_dict({f"lrt_explorer.{group}": entries for group, entries in groups.items()})
    with (info / "entry_points.txt").open("w", encoding="utf-8") as file:
        points.write(file)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
    for source, text in sources.items():
        (folder / source).write_text(text, encoding="utf-8")


def python(packages: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(packages), str(ROOT)))
    environment = os.environ | {"PYTHONPATH": path} | more
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def everywhere(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("plugins")
    places = {"small": home / "small", "large": home / "large"}
    for name, lm in (("small", tiny.small()), ("large", tiny.large())):
        lm.model.save_pretrained(places[name])
        lm.tokenizer.save_pretrained(places[name])
    prompt = tiny.PROMPTS[0]
    lines: list[dict[str, Any]] = [
        {"kind": "lrt-contrast-set", "version": 1, "name": "mood in bits", "readout": "bits"}
    ]
    lines += [{"with": high, "without": low} for high, low in tiny.CONCEPT.pairs]
    lines += [{"prompt": prompt.text, "positive": prompt.positive, "negative": prompt.negative}]
    (home / "set.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    packages = install(home / "site")
    assets = build_assets(home / "assets")
    done = python(
        packages, "-c", EVERYWHERE, *map(str, places.values()), str(home),
        LRT_EXPLORER_ASSETS=str(assets), LRT_EXPLORER_HOME=str(home / "data"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report | {"warnings": done.stderr.splitlines()}


def test_a_new_estimator_is_offered_everywhere(everywhere: dict[str, Any]) -> None:
    assert "distilled,halved}" in "".join(everywhere["fit"].split())
    assert "half of the ridge map" in " ".join(everywhere["fit"].split())
    assert ["Halved ridge", "halved"] in everywhere["shown"]["method"]
    (entry,) = [one for one in everywhere["choices"]["estimators"] if one["name"] == "halved"]
    assert (entry["unit"], entry["origin"]) == ("of ridge", "lrt-examples 1.2")


def test_its_map_and_setting_are_in_the_evidence(everywhere: dict[str, Any]) -> None:
    assert everywhere["fitted"]["method"] == "halved"
    used = everywhere["found"]["map"]
    assert (used["method"], used["setting"], used["setting_unit"]) == ("halved", "share", "of ridge")
    assert used["setting_value"] in (0.5, 1) and used["lambda"] is None


def test_a_new_readout_is_offered_everywhere_and_the_evidence_is_in_its_unit(everywhere: dict[str, Any]) -> None:
    assert "{log-odds,probability,bits}" in "".join(everywhere["evaluate"].split())
    assert ["Log-odds in bits", "bits"] in everywhere["shown"]["evidence-readout"]
    assert [one["unit"] for one in everywhere["choices"]["readouts"]] == ["nats", "probability", "bits"]
    (found,), (usual,) = everywhere["found"]["concepts"], everywhere["usual"]["concepts"]
    assert (found["readout"], found["readout_unit"]) == ("bits", "bits")
    assert (usual["readout"], usual["readout_unit"]) == ("log-odds", "nats")
    assert found["unsteered"] == pytest.approx([nats / 0.6931472 for nats in usual["unsteered"]], rel=1e-4)
    page = everywhere["page"]
    assert "slope, bits per deviation" in page and "readout, bits" in page and "slope, nats per deviation" not in page


def test_a_set_asks_for_the_readout_and_a_scorer_takes_its_argument(everywhere: dict[str, Any]) -> None:
    compared = everywhere["compared"]
    assert (compared["readout_kind"], compared["readout_unit"]) == ("bits", "bits")
    for arm in compared["arms"]:
        words = len(arm["text"].split())
        assert arm["score"] == (min(1.0, words / 2) if words else None)
    assert "length:WORDS (whether a text is as long as so many words)" in " ".join(everywhere["evaluate"].split())


@pytest.mark.parametrize(
    ("endpoint", "argument", "name"),
    [
        ("fit", "method", "halved"),
        ("transfer", "estimator", "halved"),
        ("evaluate", "readout", "bits"),
        ("compare", "scorer", "length:WORDS"),
        ("evaluate", "scorer", "length:WORDS"),
        ("vector", "method", "median"),
        ("compare", "method", "median"),
    ],
)
def test_what_packages_add_is_named_wherever_endpoints_are_described(
    everywhere: dict[str, Any], endpoint: str, argument: str, name: str
) -> None:
    described = everywhere["described"]
    shown = described["info"][f"/{endpoint}"]["parameters"]
    (words,) = [one["python_type"]["description"] for one in shown if one["parameter_name"] == argument]
    assert name in words
    assert described["tools"][endpoint]["inputSchema"]["properties"][argument]["description"] == words
    section = described["llms"].partition(f"\n### /{endpoint}\n")[2].partition("\n### ")[0]
    assert re.search(rf"^- `{argument}` \(.*\): {re.escape(words)}$", section, flags=re.M)


def test_an_unsound_package_costs_one_sentence_and_nothing_else(everywhere: dict[str, Any]) -> None:
    names = [one["name"] for one in everywhere["choices"]["estimators"]]
    assert "forgetful" not in names and "broken" not in names
    said = [line for line in everywhere["warnings"] if "left out" in line]
    assert said == [
        "The estimator 'broken' of unsound 1.2 is left out: ModuleNotFoundError: No module named 'no_such_library'",
        "The estimator 'forgetful' of unsound 1.2 is left out: the estimator 'forgetful' has no unit; give every "
        "part of the entry",
    ]


def test_a_forgotten_part_is_said_when_its_file_is_imported(tmp_path: Path) -> None:
    done = python(install(tmp_path), "-c", "import lrt_forgetful")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.endswith("RegistryError: the estimator 'forgetful' has no unit; give every part of the entry")


@pytest.mark.parametrize("part", ["name", "label", "unit", "help", "function"])
def test_every_part_is_needed(part: str) -> None:
    parts: dict[str, Any] = {"name": "new", "label": "New", "unit": "", "help": "new", "function": "some.module:new"}
    assert Estimator(**parts).name == "new"
    del parts[part]
    with pytest.raises(RegistryError, match=f"has no {part}; give every part"):
        Estimator(**parts)


def test_a_name_is_given_once() -> None:
    with pytest.raises(RegistryError, match="the estimator 'ridge' already exists; choose another name"):
        ESTIMATORS.add(ESTIMATORS["ridge"])


def test_the_concept_ships_once_it_lies_among_the_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assets = build_assets(tmp_path / "assets")
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(assets))
    (block,) = recipes("jsonl")
    file = assets / "concepts-real" / "haste.jsonl"
    file.write_text(block, encoding="utf-8")
    assert "haste" in world_of("one/model", "another/model").concepts()
    contrast = read_contrast(file)
    assert len(contrast.prompts) >= 2
    found = find_vectors(tiny.small(), contrast, [1])
    assert float(found[1].vector.values.norm()) > 0 and len(answer_tokens(tiny.small(), contrast.prompts)) == 2


def test_the_blocks_of_a_model_are_named() -> None:
    (block,) = (block for block in recipes("python") if "wrap_model" in block)
    names: dict[str, Any] = {"model": tiny.small().model, "tokenizer": tiny.small().tokenizer}
    exec(block, names)
    assert list(names["lm"].blocks) == list(tiny.small().blocks) and names["lm"].name == "my-model"


def test_the_tab_follows_the_pair_and_an_error_is_one_sentence() -> None:
    names: dict[str, Any] = {}
    exec(files()["ui/sizes_tab.py"], names)
    with gr.Blocks() as app:
        session = gr.State(None)
        with gr.Tab("Sizes", id=names["TAB"]):
            tab = names["SizesTab"](session)
    assert [fn.name for fn in app.fns.values()] == ["on_pair_opened"]
    (shown,) = tab.on_pair_opened(Session("one", "another", 0, 0, 4, 8, 96, 192))
    assert "4 × 96 → 8 × 192" in shown[tab.status]
    (refused,) = tab.on_pair_opened(None)
    assert "not open yet" in refused[tab.status] and refused[tab.status].startswith("<p class")
