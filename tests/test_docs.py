"""What README and docs name is there: paths, links, commands with their options, variables, names, examples."""

import argparse
import ast
import contextlib
import importlib
import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

from lrt_explorer.cli import build_parser
from lrt_explorer.cli.bundle import PARTS
from lrt_explorer.concepts.contrast import read_contrast
from lrt_explorer.lm.presets import MODELS, PAIRS
from lrt_explorer.study.ground.world import world_of

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
# Short paths are meant from one of these.
BASES = (ROOT, ROOT / "lrt_explorer", ROOT / "assets")
FILES = {".py", ".md", ".txt", ".toml", ".yaml", ".json", ".jsonl", ".css", ".js", ".png", ".safetensors", ".ipynb"}
OWN_FOLDERS = ("assets/", "benchmarks/", "docs/", "examples/", "lrt_explorer/", "tests/")
PLACEHOLDER = re.compile(r"[A-Z][A-Z-]*")


@dataclass(frozen=True)
class Code:
    """Code in a document: a span within a line, or a block with its language ("" if it names none)."""

    text: str
    block: bool
    language: str = ""


def code(markdown: str) -> list[Code]:
    """All code of a document, without its front matter."""
    rest = re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.S)
    fenced = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
    indented = re.compile(r"(?<=\n\n)(?: {4}.*\n|\n(?= {4}))+")
    found = [Code(match[2], True, match[1]) for match in fenced.finditer(rest)]
    rest = fenced.sub("", rest)
    found += [Code(match[0], True) for match in indented.finditer(rest)]
    rest = indented.sub("", rest)
    return found + [Code(" ".join(span.split()), False) for span in re.findall(r"`([^`]+)`", rest)]


def complaints(markdown: str, folder: Path) -> list[str]:
    """What a document in a folder names that is not there, one sentence each."""
    found = [f"the link {link} leads nowhere" for link in links(markdown) if not (folder / link).exists()]
    for part in code(markdown):
        for line in part.text.replace("\\\n", " ").splitlines():
            found += wrong_commands(line, whole=part.block)
            found += [f"there is no {path}" for path in paths(line, span=not part.block) if not exists(path, folder)]
            found += [
                f"nothing reads {name}" for name in re.findall(r"\bLRT_EXPLORER_\w+", line) if name not in words()
            ]
            found += [
                f"make has no {target}" for target in re.findall(r"\bmake (\w+)", line) if target not in targets()
            ]
        if not part.block and (name := identifier(part.text)) and name not in words():
            found.append(f"the code has no {name}")
        if part.language == "python":
            found += missing_imports(part.text)
    return found


def links(markdown: str) -> list[str]:
    """Links into the repository."""
    targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", markdown)
    return [target for target in targets if not target.startswith(("http:", "https:"))]


def paths(line: str, span: bool) -> list[str]:
    """Words that are meant as paths of this repository: in commands and blocks only those below its folders."""
    candidates = [word.rstrip(",;:") for word in line.split()]
    if not span or line.startswith("lrt-explorer"):
        return [word for word in candidates if word.startswith(OWN_FOLDERS)]
    looks = [word for word in candidates if re.fullmatch(r"\.?[\w.-]+(/[\w.-]+)*/?", word)]
    looks = [word for word in looks if "/" in word or Path(word).suffix in FILES]
    return [word for word in looks if not word.startswith(".venv/")]


def exists(path: str, folder: Path) -> bool:
    """Whether a path lies in the repository; or, for what is written only when the program runs, is named in it."""
    if any((base / path).exists() for base in (folder, *BASES)):
        return True
    parts = [part for part in path.strip("/").split("/") if not PLACEHOLDER.fullmatch(part)]
    return not path.endswith(".py") and all(part in literals() for part in parts)


def sources(folder: str) -> str:
    """The code below a folder, without this file, whose planted mistakes would count as names."""
    files = [file for file in (ROOT / folder).rglob("*.py") if file != Path(__file__).resolve()]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@cache
def words() -> frozenset[str]:
    return frozenset(word for place in ("lrt_explorer", "tests") for word in re.findall(r"\w+", sources(place)))


@cache
def literals() -> frozenset[str]:
    return frozenset(re.findall(r'"([^"\n]+)"', sources("lrt_explorer")))


@cache
def targets() -> frozenset[str]:
    return frozenset(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))


def identifier(span: str) -> str | None:
    """The name in a span such as `compare_arms`, `AffineMap.direction` or `known_vectors()`; None for plain words."""
    match = re.fullmatch(r"(?:\w+\.)?([A-Za-z_]\w*)(?:\(\))?", span)
    named = match is not None and re.search(r"[a-z]", match[1]) and re.search(r"_|[a-z][A-Z]", match[1])
    return match[1] if match is not None and named else None


def missing_imports(source: str) -> list[str]:
    """What an example takes from this package that it does not offer."""
    wanted: list[tuple[str, str]] = []
    aliases: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            wanted += [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            aliases |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
            wanted.append((aliases[node.value.id], node.attr))
    return [f"{module} has no {name}" for module, name in wanted if not hasattr(importlib.import_module(module), name)]


def wrong_commands(line: str, whole: bool) -> list[str]:
    """Wrong uses of `lrt-explorer` in a line; a whole command must also be complete."""
    found = []
    for words in invocations(line):
        wrong = unknown_words(build_parser(), words)
        if whole and not wrong:
            wrong = wrong_usage(words)
        found += [f"`lrt-explorer {' '.join(words)}`: {complaint}" for complaint in wrong]
    return found


def invocations(line: str) -> Iterator[list[str]]:
    """The arguments of each call of the program, directly or through make."""
    for options in re.findall(r'SERVE="([^"]*)"', line):
        yield ["serve", *shlex.split(options)]
    for command in re.split(r"&&|\||;", line):
        if re.match(r"\s*(\.venv/bin/)?lrt-explorer\s", command):
            arguments = shlex.split(command, comments=True)[1:]
            if arguments and not PLACEHOLDER.fullmatch(arguments[0]):
                yield arguments


def unknown_words(parser: argparse.ArgumentParser, arguments: list[str]) -> list[str]:
    """Subcommands and options that the program does not have."""
    for word in arguments:
        commands = next((a.choices for a in parser._actions if isinstance(a, argparse._SubParsersAction)), None)
        if word.startswith("--"):
            if word.partition("=")[0] not in parser._option_string_actions:
                return [f"there is no option {word}"]
        elif commands is not None:
            if word not in commands:
                return [f"there is no command {word}"]
            parser = commands[word]
    return []


def wrong_usage(arguments: list[str]) -> list[str]:
    """What is wrong with a complete command, as far as can be told without running it."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            options = vars(build_parser().parse_args(arguments))
    except SystemExit:
        return [said.getvalue().splitlines()[-1]]
    named = [options.get(key) for key in ("small", "large", "model")] + list(options.get("models") or [])
    wrong = [f"there is no preset {name}" for name in named if name and name not in MODELS and "/" not in name]
    concept = options.get("concept")
    pair = [name for name in named if name]
    if concept and concept not in world_of(*pair).concepts() and not concept.endswith(".jsonl"):
        wrong.append(f"there is no concept {concept}")
    if (layer := options.get("layer")) is not None:
        ship = {pair.small_layer for pair in PAIRS if pair.small == options["model"]}
        ship |= {pair.large_layer for pair in PAIRS if pair.large == options["model"]}
        if layer not in ship:
            wrong.append(f"no map ships for layer {layer} of {options['model']}")
    return wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_is_there(document: Path) -> None:
    markdown = document.read_text(encoding="utf-8")
    assert code(markdown), "no code was found, so nothing was checked"
    assert complaints(markdown, document.parent) == []


SOUND = """
See [the Makefile](Makefile), `lm/`, `errors.py`, `artifact.json`, `maps/SMALL--LARGE/`, `known_vectors()`,
`CrossMoments`, `LRT_EXPLORER_HOME`, `lrt-explorer fit --all-layers`, `make test` and `lrt-explorer COMMAND --help`.

    make run SERVE="--port 8000"
    .venv/bin/lrt-explorer compare tinyworld-s tinyworld-l --concept joy.jsonl --strength 0.4  # a comment
    lrt-explorer fit ./one \\
        hub/two

```python
import lrt_explorer as lrt
from lrt_explorer.errors import MapError
lrt.load_concept("mood")
```
"""


def test_a_sound_document_has_no_complaint() -> None:
    assert complaints(SOUND, ROOT) == []


@pytest.mark.parametrize(
    ("planted", "complaint"),
    [
        ("[a](docs/none.md)", "the link docs/none.md leads nowhere"),
        ("![a](none.png)", "the link none.png leads nowhere"),
        ("`lm/none.py`", "there is no lm/none.py"),
        ("`nowhere/`", "there is no nowhere/"),
        ("`notes.json`", "there is no notes.json"),
        ("\n\n    python benchmarks/none.py\n", "there is no benchmarks/none.py"),
        ("`lrt-explorer evaporate`", "there is no command evaporate"),
        ("`lrt-explorer tinyworld evaporate`", "there is no command evaporate"),
        ("`lrt-explorer fit --none`", "there is no option --none"),
        ("`lrt-explorer fit --public`", "there is no option --public"),
        ("\n\n    lrt-explorer fit tinyworld-s\n", "the following arguments are required: LARGE"),
        ("\n\n    lrt-explorer fit tinyworld-s tinyworld-z\n", "there is no preset tinyworld-z"),
        ("\n\n    lrt-explorer vector tinyworld-s --layer 99 --concept a.jsonl\n", "no map ships for layer 99"),
        ("\n\n    lrt-explorer vector tinyworld-s --layer x --concept a.jsonl\n", "invalid int value"),
        ("\n```\nlrt-explorer serve --none\n```\n", "there is no option --none"),
        ('\n\n    make run SERVE="--none"\n', "there is no option --none"),
        ("`make nothing`", "make has no nothing"),
        ("`LRT_EXPLORER_NONE`", "nothing reads LRT_EXPLORER_NONE"),
        ("`no_such_name`", "the code has no no_such_name"),
        ("`NoSuchName`", "the code has no NoSuchName"),
        ("\n```python\nfrom lrt_explorer.errors import NoError\n```\n", "lrt_explorer.errors has no NoError"),
        ("\n```python\nimport lrt_explorer as lrt\nlrt.none()\n```\n", "lrt_explorer has no none"),
    ],
)
def test_a_planted_mistake_is_found(planted: str, complaint: str) -> None:
    found = complaints(SOUND + planted, ROOT)
    assert len(found) == 1
    assert complaint in found[0]


@pytest.mark.parametrize("document", [ROOT / "README.md", ROOT / "docs" / "evidence.md"], ids=lambda path: path.name)
def test_the_examples_in_python_run(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)
    blocks = [part.text for part in code(document.read_text(encoding="utf-8")) if part.language == "python"]
    assert len(blocks) == 1
    exec(compile(blocks[0], document.name, "exec"), {"__name__": "__main__"})
    assert any(folder.iterdir()), "an example writes what it has made"


def test_the_table_of_what_ships_names_all_of_it() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("\n## What ships\n")[2].partition("\n## ")[0]
    ships = [f"{place.name}/" if place.is_dir() else place.name for place in (ROOT / "assets").iterdir()]
    assert len(ships) > 20
    assert [name for name in ships if f"`{name}" not in table] == []
    assert [part for part in PARTS if part != "strengths" and f"`{part}/" not in table] == []


def test_the_quick_start_has_ten_lines_at_most() -> None:
    markdown = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = [part.text for part in code(markdown) if part.language == "python"]
    assert len([line for line in block.splitlines() if line.strip()]) <= 10


def test_the_contrast_set_of_the_readme_can_be_read(tmp_path: Path) -> None:
    blocks = [part.text for part in code((ROOT / "README.md").read_text(encoding="utf-8")) if part.language == "jsonl"]
    assert len(blocks) == 1
    file = tmp_path / "set.jsonl"
    file.write_text(blocks[0], encoding="utf-8")
    contrast = read_contrast(file)
    assert contrast.pairs and contrast.prompts


def test_the_front_matter_is_what_spaces_take() -> None:
    _, front, _ = (ROOT / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    matter = yaml.safe_load(front)
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    colours = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
    assert matter["sdk"] == "docker"
    assert f"EXPOSE {matter['app_port']}\n" in dockerfile
    assert {matter["colorFrom"], matter["colorTo"]} <= colours
    assert matter["license"] == "apache-2.0"
    # The hub refuses longer ones.
    assert 0 < len(matter["short_description"]) <= 60


def test_the_readme_says_of_real_models_what_was_measured() -> None:
    said, found = (" ".join((ROOT / name).read_text().split()) for name in ("README.md", "docs/results-real.md"))
    transfers, kept = re.search(r"settings, (\d+) of \d+ concepts transfer .*? keeps (\d\.\d\d) of", said).groups()  # type: ignore[union-attr]
    assert f"{transfers} *transfer* by the fixed rule" in found
    assert re.search(rf"The median retention is \d\.\d\d, at equal cost {re.escape(kept)}\.", found)
