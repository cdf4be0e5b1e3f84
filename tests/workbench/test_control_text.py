"""Control maps read the text of the map beside them; a first map is the same, whatever was asked for first."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lrt_explorer.concepts.contrast import write_contrast
from lrt_explorer.defaults import CONTROL_TOKENS
from lrt_explorer.errors import SettingsError
from lrt_explorer.store import MapInfo, load_map
from lrt_explorer.study.corpora.batches import BATCH_TOKENS
from lrt_explorer.study.corpora.hub import HUB
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings
from lrt_explorer.study.fitting.controls import SEEDS
from lrt_explorer.study.fitting.rivals import rivals
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.arms import ANCHORS, EMBEDDINGS, UNTRAINED, VOCABULARY
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench import evidence, starting_points
from lrt_explorer.workbench.evidence import EvidenceSpec, control_tokens
from lrt_explorer.workbench.fitting import FitSpec
from lrt_explorer.workbench.maps import find_map
from lrt_explorer.workbench.pair import Pair
from lrt_explorer.workbench.requests import Models, compare_models, evaluate_models, fit_models
from lrt_explorer.workbench.starting_points import corpus_name, corpus_named
from tests.study.tiny import CONCEPT, large, small, texts

LAYERS = (1, 2)
SETTINGS = EvaluationSettings(strengths=(-0.5, 0.5), prompts=3, random_seeds=1, neutral_prompts=2)


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "assets"
    write_contrast(home / "concepts-real" / "mood.jsonl", CONCEPT)
    (home / "corpus").mkdir()
    (home / "corpus" / "everyday.txt").write_text("\n".join(texts(200)), encoding="utf-8")
    (home / "corpus" / "demo.txt").write_text("\n".join(texts(200)), encoding="utf-8")
    monkeypatch.setenv("LRT_EXPLORER_ASSETS", str(home))
    # Tiny models need few.
    monkeypatch.setattr(starting_points, "FIRST_FIT_TOKENS", 4_000)
    return home


def models() -> Models:
    return Models(small=small(), large=large(), small_layer=LAYERS[0], large_layer=LAYERS[1])


def evaluated(tmp_path: Path, spec: EvidenceSpec) -> tuple[MapInfo, list[MapInfo]]:
    """The map under test, and its control maps."""
    folder = tmp_path / "evidence"
    finish(evaluate_models(models(), replace(spec, settings=SETTINGS, folder=folder)))
    saved = find_map(Pair(small=small(), large=large()), LAYERS)
    assert saved is not None
    return saved.info, [load_map(file.parent)[1] for file in folder.glob("controls/*/*/artifact.json")]


def test_a_first_map_is_the_same_whether_compared_or_evaluated_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, controls = evaluated(tmp_path, EvidenceSpec())
    assert (first.corpus, first.tokens_used) == ("everyday", 4_000)
    assert len(controls) == len(SEEDS) == 8, "three would give an interval that holds 0 almost always"
    assert {(one.corpus, one.tokens_used) for one in controls} == {("everyday", 4_000 + BATCH_TOKENS)}
    monkeypatch.setenv("LRT_EXPLORER_HOME", str(tmp_path / "another home"))
    finish(compare_models(models(), SteerSpec(concept="mood", strength=0.4, max_new_tokens=2)))
    saved = find_map(Pair(small=small(), large=large()), LAYERS)
    assert saved is not None and replace(saved.info, created=first.created) == first


def test_control_maps_read_the_text_of_the_map(tmp_path: Path) -> None:
    finish(fit_models(models(), FitSpec(corpus="demo", tokens=3_000, concepts=())))
    tested, controls = evaluated(tmp_path, EvidenceSpec())
    assert (tested.corpus, tested.tokens_used) == ("demo", 3_000)
    assert {(one.corpus, one.tokens_used) for one in controls} == {("demo", 3_000 + BATCH_TOKENS)}


def test_control_maps_read_what_suits_the_pair_where_the_text_is_gone(tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("\n".join(texts(200)), encoding="utf-8")
    finish(fit_models(models(), FitSpec(corpus=str(own), tokens=3_000, concepts=())))
    tested, controls = evaluated(tmp_path, EvidenceSpec())
    assert tested.corpus.startswith("own.txt (")
    assert {(one.corpus, one.tokens_used) for one in controls} == {("everyday", 3_000 + BATCH_TOKENS)}


def test_what_is_chosen_for_control_maps_holds(tmp_path: Path) -> None:
    finish(fit_models(models(), FitSpec(tokens=3_000, concepts=())))
    _, controls = evaluated(tmp_path, EvidenceSpec(corpus="demo", tokens=3_500))
    assert {(one.corpus, one.tokens_used) for one in controls} == {("demo", 3_500)}


def test_control_maps_have_as_many_tokens_as_the_map_within_a_limit() -> None:
    finish(fit_models(models(), FitSpec(tokens=3_000, concepts=())))
    saved = find_map(Pair(small=small(), large=large()), LAYERS)
    assert saved is not None
    larger = replace(saved, info=replace(saved.info, tokens_used=150_000))
    assert (control_tokens(saved), control_tokens(larger)) == (3_000 + BATCH_TOKENS, CONTROL_TOKENS)


def test_the_untrained_model_reads_as_much_as_the_map_and_the_others_as_control_maps_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, int] = {}

    def noted(*places: Any, **named: Any) -> Any:
        asked.update(dict.fromkeys(named["arms"], named["tokens"]))
        return rivals(*places, **named)

    finish(fit_models(models(), FitSpec(corpus="demo", tokens=9_000, concepts=())))
    monkeypatch.setattr(evidence, "rivals", noted)
    monkeypatch.setattr(evidence, "CONTROL_TOKENS", 3_000)
    evaluated(tmp_path, EvidenceSpec())
    assert asked.pop(UNTRAINED) == 9_000
    assert set(asked) == {EMBEDDINGS, VOCABULARY, ANCHORS} and set(asked.values()) == {3_000}


@pytest.mark.parametrize("name", ["everyday", "demo", "tinyworld", "tinyworld-broken-off", "self", "everyday+self"])
def test_a_corpus_is_found_by_the_name_that_maps_bear(name: str) -> None:
    found = corpus_named(corpus_name(name))
    assert found is not None and found.name == name


@pytest.mark.parametrize("name", ["", "own.txt (0123456789ab)", "3 texts (0123456789ab)", "everyday+own.txt (0123)"])
def test_of_other_texts_only_the_name_is_left(name: str) -> None:
    assert corpus_named(name) is None


def test_a_hub_that_does_not_answer_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert corpus_named(f"{HUB}no-such/data") is None


def test_whole_texts_of_brought_vectors_are_refused_before_control_maps_are_fitted(tmp_path: Path) -> None:
    finish(fit_models(models(), FitSpec(tokens=3_000, concepts=())))
    own = known_vectors().get(large(), CONCEPT, LAYERS[1]).vector
    settings = replace(SETTINGS, whole_texts=True)
    spec = EvidenceSpec(concepts=("mood",), settings=settings, vectors={"large": own}, folder=tmp_path / "evidence")
    with pytest.raises(SettingsError, match="brought vectors have no halves"):
        finish(evaluate_models(models(), spec))
    assert not list(tmp_path.glob("evidence/controls/*"))
