"""The sets that ship for instruct models: large enough, harmless to read apart, and as their script writes them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from lrt_explorer.concepts.contrast import (
    ContrastSet,
    load_concept,
    read_contrast,
    real_concepts,
    shipped_concepts,
    write_contrast,
)
from lrt_explorer.concepts.readout import answer_tokens, settle
from lrt_explorer.lm.model import LanguageModel

NAMES = ("concision", "confidence", "formality", "french", "myopia", "sentiment")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make", next(iter(real_concepts().values())).parent / "make.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_they_are_listed_apart_from_those_of_the_demo_family() -> None:
    assert tuple(real_concepts()) == NAMES
    assert not set(real_concepts()) & set(shipped_concepts())


@pytest.mark.parametrize("name", NAMES)
def test_each_has_enough_pairs_and_prompts_and_keeps_them_apart(name: str) -> None:
    contrast = load_concept(name)
    assert contrast.name == name and contrast.description
    assert len(set(contrast.pairs)) == len(contrast.pairs) >= 40
    assert len({prompt.text for prompt in contrast.prompts}) == len(contrast.prompts) >= 60
    texts = [text for pair in contrast.pairs for text in pair]
    assert len(set(texts)) >= len(contrast.pairs) + 14, "both sides vary"
    for prompt in contrast.prompts:
        assert not any(prompt.text in text for text in texts)
        assert not prompt.text.endswith((" ", "\t"))
        firsts = [{answer.split(" ")[-1][:3] for answer in side} for side in (prompt.positive, prompt.negative)]
        assert not firsts[0] & firsts[1], "the sides begin with different letters"


def test_the_files_are_what_the_script_writes(script: ModuleType, tmp_path: Path) -> None:
    for make in script.SETS:
        contrast: ContrastSet = make()
        write_contrast(tmp_path / "set.jsonl", contrast)
        shipped = real_concepts()[contrast.name]
        assert (tmp_path / "set.jsonl").read_bytes() == shipped.read_bytes()
        assert read_contrast(shipped) == contrast
    assert len(script.SETS) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_tokenizer_that_nobody_here_made_tells_the_answers_apart(name: str, stories: LanguageModel) -> None:
    prompts = load_concept(name).prompts
    assert len(answer_tokens(stories, settle(stories, prompts))) == len(prompts)
