"""The library's functions on tiny models: loaded or named, results that can be used further, bad arguments at once."""

import json
from pathlib import Path
from types import GeneratorType
from typing import Any

import pytest

import lrt_explorer as lrt
from lrt_explorer.store import has_artifact
from lrt_explorer.study.corpora.texts import given_texts
from lrt_explorer.workbench.maps import own_map_folder
from tests.study.tiny import CONCEPT, large, small, texts

LAYERS = (1, 2)
TEXTS = texts(60)
FIT: dict[str, Any] = {"layers": LAYERS, "corpus": TEXTS, "tokens": 3000, "concepts": ()}


@pytest.fixture(scope="module")
def fitted() -> lrt.FittedMap:
    return lrt.fit_map(small(), large(), **FIT)


def test_a_map_is_kept_saved_and_loaded(tmp_path: Path) -> None:
    fitted = lrt.fit_map(small(), large(), **FIT)
    assert fitted.folder == own_map_folder(small().name, large().name, *LAYERS)
    assert has_artifact(fitted.folder)
    again = lrt.load_map(fitted.save(tmp_path / "copy"))
    assert again.info == fitted.info
    assert (again.map.weight == fitted.map.weight).all()
    assert "R²" in repr(fitted) and "tensor" not in repr(fitted)


def test_a_fit_compares_the_concepts_asked_for() -> None:
    asked = {**FIT, "concepts": [CONCEPT]}
    scores = lrt.fit_map(small(), large(), **asked).scores
    assert scores is not None and scores.direction_cosine is not None


def test_texts_in_memory_are_a_corpus_named_by_their_content(fitted: lrt.FittedMap) -> None:
    assert fitted.info.corpus == given_texts(TEXTS).name
    assert given_texts(TEXTS).name != given_texts(TEXTS[1:]).name != given_texts([*TEXTS[2:], "x"]).name
    assert list(given_texts(iter(TEXTS))) == list(given_texts(TEXTS)) == list(TEXTS)


def test_a_comparison_takes_a_map_as_object_or_folder(fitted: lrt.FittedMap) -> None:
    asked: dict[str, Any] = {"strength": 0.4, "max_new_tokens": 6}
    one = lrt.compare(small(), large(), CONCEPT, map=fitted, **asked)
    two = lrt.compare(small(), large(), CONCEPT, map=str(fitted.folder), **asked)
    assert one.document() == two.document()
    json.dumps(one.document(), allow_nan=False)
    assert list(one.to_frame()["name"]) == [arm.name for arm in one.arms]
    assert list(one.to_frame()["text"]) == [arm.text for arm in one.arms]


def test_the_map_given_counts_even_where_another_was_kept_since() -> None:
    fitted = lrt.fit_map(small(), large(), **FIT)
    asked: dict[str, Any] = {"strength": 0.4, "max_new_tokens": 4}
    before = lrt.compare(small(), large(), CONCEPT, map=fitted, **asked)
    other = lrt.fit_map(small(), large(), **{**FIT, "corpus": TEXTS[20:]})
    assert other.folder == fitted.folder
    readouts = {
        name: [arm.readout for arm in lrt.compare(small(), large(), CONCEPT, map=map, **asked).arms]
        for name, map in (("old", fitted), ("new", other))
    }
    assert readouts["old"] == [arm.readout for arm in before.arms] != readouts["new"]


def test_vectors_of_ones_own_steer(fitted: lrt.FittedMap) -> None:
    own = lrt.find_vector(small(), CONCEPT, LAYERS[0])
    asked: dict[str, Any] = {"map": fitted, "strength": 0.4, "max_new_tokens": 4}
    plain = lrt.compare(small(), large(), CONCEPT, **asked)
    same = lrt.compare(small(), large(), CONCEPT, vectors={"small": own}, **asked)
    turned = lrt.compare(small(), large(), CONCEPT, vectors={"small": -own}, **asked)
    assert [arm.text for arm in same.arms] == [arm.text for arm in plain.arms]
    changed = [a.readout != b.readout for a, b in zip(plain.arms, turned.arms, strict=True)]
    assert changed == [False, False, True, False]
    assert (fitted.transfer(-own).values == -fitted.transfer(own).values).all()
    with pytest.raises(lrt.SettingsError, match="'big' is not a vector of a pair"):
        lrt.compare(small(), large(), CONCEPT, vectors={"big": own}, **asked)  # type: ignore[dict-item]


def test_layers_are_scored_suggested_and_solved_from_what_is_cached() -> None:
    with pytest.raises(lrt.ArtifactError, match="no moments of layers 1 → 2"):
        lrt.solve_pair(small(), large(), layers=LAYERS, corpus=TEXTS)
    grid = lrt.layer_grid(small(), large(), corpus=TEXTS, tokens=2000, concepts=())
    frame = grid.to_frame()
    assert len(frame) == small().layers * large().layers
    assert frame["r2"].tolist() == [cell.r2 for cell in grid.cells]
    assert grid.plot("cka", marked=LAYERS).layout.shapes and not grid.plot().layout.shapes
    with pytest.raises(lrt.SettingsError, match="'r3' is not a score"):
        grid.plot("r3")  # type: ignore[arg-type]
    solved = lrt.solve_pair(small(), large(), layers=LAYERS, corpus=TEXTS, method="procrustes")
    assert solved.info.method == "procrustes"
    found = lrt.suggest_layers(small(), large(), [CONCEPT], corpus=TEXTS, tokens=3000, seconds=10)
    assert (found.small_layer, found.large_layer) in {(c.small_layer, c.large_layer) for c in found.candidates}


def test_the_rest_of_the_studies_answer() -> None:
    fitted = lrt.fit_map(small(), large(), **FIT)
    picture = lrt.project(small(), large(), CONCEPT, map=fitted, points=40, dims=3)
    assert list(picture.to_frame().columns[:3]) == ["x", "y", "z"] and len(picture.to_frame()) == 80
    assert picture.plot("error").data
    assert lrt.calibrate(small(), large(), CONCEPT, layers=LAYERS).first > 0
    assert lrt.check(small(), large(), CONCEPT, layers=(0, 0)).mapped is None
    assert lrt.check(small(), large(), CONCEPT, layers=LAYERS).mapped is not None
    assert lrt.check(small(), large(), CONCEPT, map=fitted).small.layer == LAYERS[0]
    shared = lrt.basis(small(), large(), layers=LAYERS, corpus=TEXTS, directions=1, tokens=3000)
    assert len(shared.directions) == 1
    control, *_ = lrt.control_maps(small(), large(), layers=LAYERS, corpus=TEXTS, tokens=3000, seeds=(1,))
    assert control.weight.shape == fitted.map.weight.shape and (control.weight != fitted.map.weight).any()


S, L = "tinyworld-xs", "tinyworld-s"


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: lrt.steps.compare(S, L, "no-concept"), lrt.ContrastError, "there is no concept"),
        (lambda: lrt.steps.compare(S, L, "mood", reading="first"), lrt.SettingsError, "first"),
        (lambda: lrt.steps.compare(S, L, "mood", map="nowhere"), lrt.ArtifactError, "nowhere"),
        (lambda: lrt.steps.compare(S, L, "mood", sead=1), TypeError, "did you mean 'seed'"),  # type: ignore[call-arg]
        (lambda: lrt.steps.compare(small(), L, "mood", layers=(9, 0)), lrt.SettingsError, "layer 9 is not in"),
        (lambda: lrt.steps.compare(S, L, "mood", layers=(9,)), lrt.SettingsError, "give two numbers"),  # type: ignore[arg-type]
        (lambda: lrt.steps.fit_map(S, L, corpus="nothing.txt"), lrt.SettingsError, "there is no corpus"),
        (lambda: lrt.steps.fit_map(S, L, corpus=[]), lrt.SettingsError, "a list of texts"),
        (lambda: lrt.steps.fit_map(S, L, corpus=[1, 2]), lrt.SettingsError, "a list of texts"),  # type: ignore[list-item]
        (lambda: lrt.steps.fit_map(S, L, method="magic"), lrt.SettingsError, "there is no estimator"),
        (lambda: lrt.steps.fit_map(S, L, concepts=["no-concept"]), lrt.ContrastError, "there is no concept"),
        (lambda: lrt.steps.layer_grid(S, L, method="sgd"), lrt.SettingsError, "reads the texts for each layer pair"),
        (lambda: lrt.steps.evaluate(S, L, prompts=1), lrt.SettingsError, "ask for at least 2"),
        (lambda: lrt.steps.evaluate(S, L, ["mood", "no-concept"]), lrt.ContrastError, "there is no concept"),
        (lambda: lrt.steps.project(S, L, method="tsne"), lrt.SettingsError, "'tsne' is not a layout"),
        (lambda: lrt.steps.project(S, L, dims=4), lrt.SettingsError, "2 or 3 dimensions"),
        (lambda: lrt.steps.calibrate(S, L, "mood", method="magic"), lrt.SettingsError, "is not a way to find vectors"),
        (lambda: lrt.steps.check(S, L, "mood", vectors=""), TypeError, "no keyword 'vectors'"),
        (lambda: lrt.steps.solve_pair(S, L, method="sgd"), lrt.SettingsError, "no closed-form estimator"),
        (lambda: lrt.steps.suggest_layers(S, L, "no-concept"), lrt.ContrastError, "there is no concept"),
        (lambda: lrt.steps.basis(S, L, corpus="nothing.txt"), lrt.SettingsError, "there is no corpus"),
        (lambda: lrt.steps.control_maps(S, L, corpus="nothing.txt"), lrt.SettingsError, "there is no corpus"),
        (
            lambda: lrt.steps.find_vector(S, "mood", 1, method="magic"),
            lrt.SettingsError,
            "is not a way to find vectors",
        ),
    ],
)
def test_bad_arguments_raise_at_the_call_and_not_at_the_first_step(
    call: Any, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as refusal:
        call()
    assert "\n" not in str(refusal.value)


def test_a_call_with_good_arguments_does_nothing_until_its_first_step() -> None:
    assert isinstance(lrt.steps.compare("no-such-model", L, "sentiment"), GeneratorType)
    with pytest.raises(lrt.ModelError):
        lrt.compare("no-such-model", L, "sentiment")


def test_steps_give_the_texts_as_they_are_written(fitted: lrt.FittedMap) -> None:
    study = lrt.steps.compare(small(), large(), CONCEPT, map=fitted, strength=0.4, max_new_tokens=3)
    written = [step.arms[0].text for step in study if not isinstance(step, lrt.Progress)]
    assert len(written) == 3 and written[2].startswith(written[0])


def test_a_loaded_and_a_named_model_may_be_mixed() -> None:
    loaded = lrt.load("tinyworld-s")
    asked: dict[str, Any] = {"strength": 0.4, "max_new_tokens": 3}
    named, mixed = (lrt.compare(one, "tinyworld-l", "mood", **asked) for one in ("tinyworld-s", loaded))
    assert named.document() == mixed.document()
