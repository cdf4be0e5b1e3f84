"""The wheel: what it carries, and that it works far from the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import urllib.request
from html import unescape
from pathlib import Path

import pytest

from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.workbench.firsts import firsts_file
from tests.browser.app_process import running_app

ROOT = Path(__file__).resolve().parent.parent


def test_every_folder_of_code_is_listed_as_a_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    folders = {".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "lrt_explorer").rglob("__init__.py")}
    assert set(settings["packages"]) == folders | {"lrt_explorer.assets"}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment in another folder, with the wheel installed and the checkout out of reach."""
    home = tmp_path_factory.mktemp("elsewhere")
    # From a copy, because a build leaves files beside its sources, which would be in the next wheel.
    left_out = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "tests", "benchmarks", "docs")
    source = shutil.copytree(ROOT, home / "source", ignore=left_out)
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", home, source, where=home)
    run(sys.executable, "-m", "venv", home / "env", where=home)
    python = home / "env" / "bin" / "python"
    (wheel,) = home.glob("*.whl")
    run(python, "-m", "pip", "install", "--quiet", "--no-deps", wheel, where=home)
    # The libraries come from the environment of the tests, which takes seconds where their wheels would take minutes.
    # A path in a .pth file does not bring the checkout along: the .pth files in that folder are not read.
    (site,) = (home / "env").glob("lib/python*/site-packages")
    (site / "libraries.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return python


def test_the_wheel_is_what_is_imported(elsewhere: Path) -> None:
    code = "import lrt_explorer.store as s; print(s.__file__); print(s.assets_home())"
    module, assets = run(elsewhere, "-c", code, where=elsewhere.parent).splitlines()
    assert str(ROOT) not in module and Path(assets).is_relative_to(elsewhere.parent.parent)


def test_a_comparison_from_the_wheel_is_that_of_the_checkout(elsewhere: Path, tmp_path: Path) -> None:
    asked = ("compare", "tinyworld-s", "tinyworld-l", "--concept", "register", "--strength", "0.4", "--json")
    commands = ((program(elsewhere),), (sys.executable, "-m", "lrt_explorer"))
    found = [json.loads(run(*command, *asked, where=tmp_path)) for command in commands]
    assert [arm["text"] for arm in found[0]["arms"]] == [arm["text"] for arm in found[1]["arms"]]
    assert len(found[0]["arms"]) == 4


def test_the_app_of_the_wheel_serves_its_first_page_with_the_texts_that_ship(elsewhere: Path, tmp_path: Path) -> None:
    with running_app(tmp_path, (str(program(elsewhere)), "serve"), tmp_path) as url:
        page = urllib.request.urlopen(url, timeout=30).read()
        config = json.load(urllib.request.urlopen(f"{url}/config", timeout=30))
    assert b"LRT Explorer" in page
    shown = {part["props"].get("elem_id"): part["props"].get("value") for part in config["components"]}
    first = json.loads(firsts_file(PAIRS[0].small, PAIRS[0].large).read_text(encoding="utf-8"))
    prompt, arms = first["comparison"]["prompt"], first["comparison"]["arms"]
    names, written = [arm["name"] for arm in arms], [arm["text"] for arm in arms]
    assert names == ["unsteered", "native", "transferred", "random"] and len(set(written)) == 4
    assert re.findall(r'data-arm="([^"]+)"', shown["panes"]) == names
    texts = re.findall(r'<p class="pane-text[^"]*">(.*?)</p>', shown["panes"], flags=re.S)
    assert [unescape(re.sub(r"<[^>]+>", "", text)) for text in texts] == [prompt + text for text in written]
    assert shown["prompt"] == prompt and shown["sentence"] and first["made"] in shown["added"]


def program(python: Path) -> Path:
    """The command that an installation brings."""
    return python.with_name("lrt-explorer")


def environment(home: Path) -> dict[str, str]:
    """The caller's environment, without what would lead to the checkout."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LRT_EXPLORER_ASSETS")}
    return kept | {"LRT_EXPLORER_HOME": str(home / "data"), "OMP_NUM_THREADS": "1"}


def run(*command: str | Path, where: Path) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=where, env=environment(where), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
