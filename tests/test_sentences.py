"""What a user reads names things of the face they look through: errors no options, the command line no keywords."""

import argparse
import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrt_explorer.cli import build_parser

PACKAGE = Path(__file__).resolve().parent.parent / "lrt_explorer"
COMMANDS = {"cli", "tinyworld/commands.py"}
"""Where options are at home."""
STYLES = {"plots", "report", "ui"}
"""Where strings hold markup, so that only those of errors are read."""
OPTION = re.compile(r"(?<![\w-])--[a-z]")
KEYWORD = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b(?!\.)")
OTHER = re.compile(r"`(?!lrt-explorer)[^`]*`|\[[^]]*\]")
"""Commands of other programs, and shapes such as `[d_small]`."""


def is_below(file: Path, places: set[str]) -> bool:
    inside = file.relative_to(PACKAGE).as_posix()
    return any(inside == place or inside.startswith(f"{place}/") for place in places)


def sentences(source: str, *, of_errors_alone: bool = False) -> Iterator[str]:
    """Every string of several words that is no docstring, with what is filled in left out."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    roots = [node for node in ast.walk(tree) if isinstance(node, ast.Raise)] if of_errors_alone else [tree]
    for root in roots:
        for node in ast.walk(root):
            match node:
                case ast.JoinedStr(values=values):
                    text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in values)
                case ast.Constant(value=str(text)) if id(node) not in docs | parts:
                    pass
                case _:
                    continue
            if len(re.findall(r"[A-Za-z]{2,} ", text)) >= 2:
                yield text


def errors_naming(source: str, wrong: re.Pattern[str], *, of_errors_alone: bool = False) -> list[str]:
    found = sentences(source, of_errors_alone=of_errors_alone)
    return [text for text in found if wrong.search(OTHER.sub("", text))]


@pytest.mark.parametrize("wrong", [OPTION, KEYWORD], ids=["options", "keywords"])
def test_no_error_below_the_faces_names_an_option_or_a_keyword(wrong: re.Pattern[str]) -> None:
    read = 0
    for file in sorted(PACKAGE.rglob("*.py")):
        if is_below(file, COMMANDS):
            continue
        # Of the keywords only errors are asked about: a column of a sheet may have an underscore.
        alone = is_below(file, STYLES) or wrong is KEYWORD
        source = file.read_text(encoding="utf-8")
        read += len(list(sentences(source, of_errors_alone=alone)))
        assert errors_naming(source, wrong, of_errors_alone=alone) == [], file
    assert read > 200


def test_no_text_of_the_command_line_names_a_keyword() -> None:
    for file in sorted(PACKAGE.rglob("*.py")):
        if is_below(file, COMMANDS):
            assert errors_naming(file.read_text(encoding="utf-8"), KEYWORD) == [], file
    for parser in all_parsers(build_parser()):
        said = parser.format_help().replace("\n", " ")
        assert KEYWORD.findall(said) == [], parser.prog


def all_parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from all_parsers(inner)


@pytest.mark.parametrize(
    ("planted", "wrong"),
    [
        ('raise SettingsError(f"{name} takes too long; leave out --all-layers")', OPTION),
        ('WHY = "one layer pair needs too much; allow more with --memory-gb"', OPTION),
        ('raise SettingsError("fit one with `lrt-explorer fit a b --small-layer 3` and go on")', OPTION),
        ('raise SettingsError(f"max_new_tokens is {count}, but at least 1 is needed")', KEYWORD),
    ],
)
def test_a_planted_name_is_found(planted: str, wrong: re.Pattern[str]) -> None:
    assert len(errors_naming(planted, wrong)) == 1


@pytest.mark.parametrize(
    "sound",
    [
        'raise ModelError("the file is in parts; join them with `llama-gguf-split --merge` and name the whole")',
        'raise ModelError("the folder lacks adapter_config.json or its weights; put them there")',
        '"""Says what `--scorer` takes on the command line."""',
    ],
)
def test_other_programs_files_and_docstrings_are_left_alone(sound: str) -> None:
    assert errors_naming(sound, OPTION) == errors_naming(sound, KEYWORD) == []
