"""What another package brings by entry points is offered everywhere; what it forgets is said in one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.errors import RegistryError
from lrt_explorer.study.estimators import ESTIMATORS, Estimator
from tests.study import tiny
from tests.ui.tiny_house import build_assets

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "tests" / "plugins"
SOUND = {
    "lrt_halved": ("estimators", "halved = lrt_halved:HALVED"),
    "lrt_bits": ("readouts", "bits = lrt_bits:BITS"),
    "lrt_length": ("scorers", "length = lrt_length:LENGTH"),
}
UNSOUND = {
    "lrt_forgetful": ("estimators", "forgetful = lrt_forgetful:FORGETFUL"),
    "lrt_broken": ("estimators", "broken = lrt_broken:BROKEN"),
}

# In an interpreter of its own, which finds the packages as it would find installed ones. Prints one JSON object.
EVERYWHERE = """
import contextlib, io, json, sys
from pathlib import Path

import lrt_explorer as lrt
from lrt_explorer.cli import main
from lrt_explorer.ui.screen import create_app
from tests.ui.tiny_house import TinyEngine

small, large, out = sys.argv[1:]

def said(*arguments):
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.suppress(SystemExit):
        assert main(list(arguments)) == 0
    return text.getvalue()

pair = (small, large, "--small-layer", "1", "--large-layer", "2", "--tokens", "8000", "--json")
config = create_app(TinyEngine()).get_config_file()["components"]
shown = {c["props"].get("elem_id"): c["props"]["choices"] for c in config if c["props"].get("choices")}
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
    "fitted": fitted,
    "found": json.loads(found),
    "usual": json.loads(usual),
    "compared": json.loads(compared),
    "page": Path(f"{out}/page.html").read_text(encoding="utf-8"),
}
print(json.dumps(report))
"""


def install(folder: Path, packages: dict[str, tuple[str, str]]) -> Path:
    """What pip leaves of packages of one file each: the file, and the metadata with its entry points."""
    for name, (group, point) in packages.items():
        info = folder / f"{name}-1.2.dist-info"
        info.mkdir(parents=True)
        (folder / f"{name}.py").write_bytes((SOURCES / f"{name}.py").read_bytes())
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n", encoding="utf-8")
        (info / "entry_points.txt").write_text(f"[lrt_explorer.{group}]\n{point}\n", encoding="utf-8")
    return folder


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
    packages = install(home / "site", SOUND | UNSOUND)
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
    assert (entry["unit"], entry["origin"]) == ("of ridge", "lrt_halved 1.2")


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


def test_an_unsound_package_costs_one_sentence_and_nothing_else(everywhere: dict[str, Any]) -> None:
    names = [one["name"] for one in everywhere["choices"]["estimators"]]
    assert "forgetful" not in names and "broken" not in names
    said = [line for line in everywhere["warnings"] if "left out" in line]
    assert said == [
        "The estimator 'broken' of lrt_broken 1.2 is left out: ModuleNotFoundError: No module named 'no_such_library'",
        "The estimator 'forgetful' of lrt_forgetful 1.2 is left out: the estimator 'forgetful' has no unit; give every "
        "part of the entry",
    ]


def test_a_forgotten_part_is_said_when_its_file_is_imported(tmp_path: Path) -> None:
    done = python(install(tmp_path, UNSOUND), "-c", "import lrt_forgetful")
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
    with pytest.raises(RegistryError, match="the estimator 'ridge' exists already; choose another name"):
        ESTIMATORS.add(ESTIMATORS["ridge"])
