"""Maps at hand, corpora, and what is chosen for those who choose nothing."""

from dataclasses import replace
from itertools import islice
from pathlib import Path
from shutil import rmtree

import pytest

from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.concepts.examples import default_prompt, example_prompts
from lrt_explorer.defaults import FIRST_FIT_TOKENS
from lrt_explorer.errors import ArtifactError, ContrastError, SettingsError
from lrt_explorer.lm.presets import PAIRS
from lrt_explorer.store import load_map
from lrt_explorer.study.corpora.texts import read_texts, sample_texts
from lrt_explorer.study.fitting.fit import FittedMap, fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.pair import Pair, default_layers
from lrt_explorer.study.ground.progress import Progress, finish
from lrt_explorer.study.ground.world import DEMO
from lrt_explorer.study.steering.judged import judged_score
from lrt_explorer.workbench import maps
from lrt_explorer.workbench.concepts import concept_card
from lrt_explorer.workbench.maps import find_map, keep_map, map_for, needed_map, own_map_folder, shipped_map_folder
from lrt_explorer.workbench.starting_points import (
    first_fit_tokens,
)
from tests.study.tiny import CONCEPT, PROMPTS, large, small, texts


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(tmp_path / "assets"))
    return tmp_path / "assets"


@pytest.fixture(scope="module")
def fitted() -> FittedMap:
    return finish(fit_map(Pair(small=small(), large=large()), texts(), (1, 2), FitSettings(tokens=4000)))


def found_at(small_layer: int, large_layer: int) -> Path | None:
    saved = find_map(Pair(small=small(), large=large()), (small_layer, large_layer))
    return None if saved is None else saved.folder


def test_a_kept_map_is_found_for_its_layers_and_models_alone(fitted: FittedMap) -> None:
    pair = Pair(small=small(), large=large())
    assert find_map(pair, (1, 2)) is None
    folder = keep_map(fitted)
    assert found_at(1, 2) == folder == own_map_folder("tiny-small", "tiny-large-one", 1, 2)
    assert find_map(pair, (1, 3)) is None
    assert find_map(Pair(small=large(), large=small()), (2, 1)) is None
    saved = needed_map(pair, (1, 2))
    assert saved.info == fitted.info and saved.map.d_large == large().width


def test_a_shipped_map_serves_until_an_own_one_is_fitted(fitted: FittedMap) -> None:
    shipped = keep_map(fitted, shipped_map_folder("tiny-small", "tiny-large-one"))
    assert found_at(1, 2) == shipped
    own = keep_map(fitted)
    assert found_at(1, 2) == own != shipped


def test_a_shipped_map_of_other_weights_is_not_used(fitted: FittedMap) -> None:
    stale = replace(fitted, info=replace(fitted.info, large_fingerprint="of older weights"))
    keep_map(stale, shipped_map_folder("tiny-small", "tiny-large-one"))
    assert found_at(1, 2) is None


def test_a_missing_map_is_refused_with_its_layers() -> None:
    said = "no map from tiny-small layer 0 to tiny-large-one layer 2 yet; fit one first"
    with pytest.raises(ArtifactError, match=said):
        needed_map(Pair(small=small(), large=large()), (0, 2))


def test_a_map_is_found_before_one_is_solved_and_solved_before_one_is_fitted(
    assets: Path, fitted: FittedMap, monkeypatch: pytest.MonkeyPatch
) -> None:
    (assets / "corpus").mkdir(parents=True)
    (assets / "corpus" / "everyday.txt").write_text("\n".join(texts(200)), encoding="utf-8")
    steps: list[Progress] = []
    pair = Pair(small=small(), large=large())
    first = finish(map_for(pair, (1, 2), tokens=4000), steps.append).info
    place = own_map_folder("tiny-small", "tiny-large-one", 1, 2)
    assert steps[0].message.startswith("no map from tiny-small layer 1 to tiny-large-one layer 2 yet")
    assert str(place) in steps[0].message and all("fitting a map: " in step.message for step in steps[1:])
    assert (first.corpus, first.tokens_used, load_map(place)[1]) == ("everyday", 4000, first)

    def never(*_: object, **named: object) -> None:
        pytest.fail("a map was fitted")

    monkeypatch.setattr(maps, "fit_one", never)
    assert finish(map_for(pair, (1, 2))).info == first
    rmtree(place)
    solved = finish(map_for(pair, (1, 2))).info
    assert replace(solved, created=first.created) == first
    shipped = keep_map(fitted, shipped_map_folder("tiny-small", "tiny-large-one"))
    assert finish(map_for(pair, (1, 2))).info == load_map(shipped)[1]


def test_a_first_map_has_tokens_enough_for_wide_models() -> None:
    assert first_fit_tokens(576) == FIRST_FIT_TOKENS == 20_000
    assert 0.7 * first_fit_tokens(4096) > 4096


def test_corpora_are_read_lazily_from_the_grammar_and_from_files(tmp_path: Path) -> None:
    assert list(islice(read_texts("tinyworld"), 3)) == list(texts(3))
    plain = tmp_path / "plain.txt"
    plain.write_text("one document\n\nanother\n")
    assert list(read_texts(str(plain))) == ["one document", "another"]
    lines = tmp_path / "lines.jsonl"
    lines.write_text('{"text": "uno\\ndos"}\n{"text": "tres", "more": 1}\n')
    assert list(read_texts(str(lines))) == ["uno\ndos", "tres"]


def test_a_shipped_text_is_a_corpus_by_name(assets: Path) -> None:
    (assets / "corpus").mkdir(parents=True)
    (assets / "corpus" / "everyday.txt").write_text("a\nb\nc\n")
    assert sample_texts(2, "everyday") == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.txt", None, "there is no corpus"),
        ("latin.txt", b"caf\xe9\n", "is not UTF-8"),
        ("bad.jsonl", b'{"text": "a"}\nno\n', "line 2 of bad.jsonl is not JSON"),
        ("other.jsonl", b'{"words": "a"}\n', "line 1 of other.jsonl has neither 'text'"),
        ("half.jsonl", b'{"text": "\\ud800"}\n', "line 1 of half.jsonl has neither 'text'"),
    ],
)
def test_a_corpus_that_cannot_be_read_is_refused(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        list(read_texts(str(tmp_path / name)))


def test_a_missing_corpus_is_refused_before_the_first_document() -> None:
    with pytest.raises(SettingsError, match="there is no corpus 'nowhere'"):
        read_texts("nowhere")


def test_default_layers_are_those_of_the_pair_or_leave_two_blocks_above() -> None:
    pair = PAIRS[0]
    assert default_layers(pair.small, pair.large, 99, 99) == (pair.small_layer, pair.large_layer)
    for layers in range(3, 60):
        small_layer, large_layer = default_layers("a", "b", layers, layers)
        assert 0 <= small_layer < layers and 0 <= large_layer <= layers - 3
    assert default_layers("a", "b", 1, 1) == (0, 0)


def test_the_prompt_and_the_opening(assets: Path) -> None:
    assert default_prompt(CONCEPT) == PROMPTS[0].text
    assert default_prompt(replace(CONCEPT, prompts=())) == "Tom"
    assert default_prompt(replace(CONCEPT, prompts=(), pairs=((" a", " b"),) * 2)) == ""
    with pytest.raises(ContrastError, match="no concepts are installed"):
        DEMO.opening()
    for name in ("tense", "mood"):
        write_contrast(assets / "concepts" / f"{name}.jsonl", CONCEPT)
    assert DEMO.opening() == "mood", "the first by name"
    write_contrast(assets / "concepts" / f"{DEMO.opening_concept}.jsonl", CONCEPT)
    assert (DEMO.opening(), list(DEMO.concepts())) == (DEMO.opening_concept, [DEMO.opening_concept, "mood", "tense"])


def test_prompts_picked_by_hand_come_first_for_every_face(assets: Path) -> None:
    assets.mkdir(exist_ok=True)
    (assets / "examples.json").write_text('{"mood": ["Anna felt", "Tom saw"]}', encoding="utf-8")
    assert example_prompts(CONCEPT) == ("Anna felt", "Tom saw") == concept_card(CONCEPT).examples
    assert default_prompt(CONCEPT) == "Anna felt"
    assert default_prompt(replace(CONCEPT, name="another")) == PROMPTS[0].text


def test_no_shipped_concept_starts_from_a_text_that_shows_it_already(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LRT_EXPLORER_ASSETS")
    pirate = DEMO.concept("register")
    score = judged_score(pirate, "", default_prompt(pirate))
    assert score is None or score < 0.5
    assert (judged_score(pirate, "", pirate.prompts[0].text) or 0) > 0.5
