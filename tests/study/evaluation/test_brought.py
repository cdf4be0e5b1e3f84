"""Vectors that were brought are measured in place of those of the concept's texts, and said to be."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lrt_explorer.concepts.vectors import SteeringVector
from lrt_explorer.errors import SettingsError, VectorError
from lrt_explorer.linear.scores import cosine
from lrt_explorer.store import PairMap
from lrt_explorer.study.evaluation.case import Controls
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.document_reading import read_evaluation
from lrt_explorer.study.evaluation.evaluate import ConceptResult, Evaluation, evaluate
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.brought import Side
from tests.study.evaluation.suite import ANIMALS, NEUTRAL, SETTINGS, maps
from tests.study.tiny import CONCEPT, large, small


def evaluated(vectors: Mapping[Side, SteeringVector], keep: Path | None = None) -> Evaluation:
    (map, info), controls = maps()
    return finish(
        evaluate(
            Pair(small=small(), large=large()),
            PairMap(map=map, info=info),
            [CONCEPT],
            controls=Controls(controls, (), vectors),
            neutral=NEUTRAL,
            settings=SETTINGS,
            keep=keep,
        )
    )


def result(vectors: Mapping[Side, SteeringVector], keep: Path | None = None) -> ConceptResult:
    (found,) = evaluated(vectors, keep).concepts
    return found


def own(times: float = 1.0) -> SteeringVector:
    vector = known_vectors().get(large(), CONCEPT, 2).vector
    return replace(vector, values=vector.values * times)


def other() -> SteeringVector:
    return known_vectors().get(large(), ANIMALS, 2).vector


def test_the_own_vector_at_any_length_gives_what_the_texts_give() -> None:
    plain, same = result({}), result({"large": own(3.0)})
    for name in ("native", "transferred", "random", "permuted labels, native"):
        ours, theirs = plain.evidence.arm(name), same.evidence.arm(name)
        assert ours.slope is not None and theirs.slope is not None
        assert ours.slope.value == pytest.approx(theirs.slope.value, abs=1e-5)
    assert plain.verdict.word == same.verdict.word
    assert plain.verdict.transfers == pytest.approx(same.verdict.transfers)
    said = "Brought in place of what the texts of this set give: the large model’s own vector: mood ("
    assert same.remarks[0].startswith(said)
    assert not any("Brought" in remark for remark in plain.remarks)


def test_another_vector_is_measured_in_its_place_and_kept_apart(tmp_path: Path) -> None:
    plain = result({}, tmp_path)
    brought = result({"large": other()}, tmp_path)
    assert len(list(tmp_path.glob("mood-*"))) == 2, "neither is taken for the other"
    (map, _), _ = maps()
    carried = map.direction(known_vectors().get(small(), CONCEPT, 1).vector.values)
    assert brought.evidence.direction_cosine == pytest.approx(cosine(carried, other().values))
    assert brought.evidence.direction_cosine != pytest.approx(plain.evidence.direction_cosine)
    assert brought.evidence.arm("native").slope != plain.evidence.arm("native").slope
    assert brought.evidence.arm("transferred").slope == plain.evidence.arm("transferred").slope


def test_the_small_models_vector_goes_through_the_map_and_a_transferred_one_does_not() -> None:
    (map, _), _ = maps()
    source = known_vectors().get(small(), ANIMALS, 1).vector
    through = result({"small": source}).evidence
    carried = SteeringVector(map.direction(source.values), large().name, large().fingerprint, 2, "animals", "", "")
    direct = result({"transferred": carried}).evidence
    ours, theirs = through.arm("transferred").slope, direct.arm("transferred").slope
    assert ours is not None and theirs is not None and ours.value == pytest.approx(theirs.value, abs=1e-4)
    assert through.direction_cosine == pytest.approx(direct.direction_cosine, abs=1e-5)


def test_the_document_says_what_was_brought_and_is_read_back() -> None:
    evaluation = evaluated({"large": other()})
    document = evaluation_document(evaluation)
    (said,) = document["settings"]["brought"]
    assert said.startswith("the large model’s own vector: animals (")
    again = read_evaluation(document, evaluation.map)
    assert again.settings == evaluation.settings and again.concepts[0].remarks == evaluation.concepts[0].remarks
    del document["settings"]["brought"]
    assert read_evaluation(document, evaluation.map).settings.brought == (), "older documents have none"


def test_what_cannot_stand_in_is_refused() -> None:
    with pytest.raises(VectorError, match="choose layer 1"):
        evaluated({"large": replace(own(), layer=1)})
    with pytest.raises(VectorError, match="numbers"):
        evaluated({"small": replace(own(), fingerprint="", values=torch.ones(3))})
    (map, info), controls = maps()
    with pytest.raises(SettingsError, match="evaluate one concept"):
        finish(
            evaluate(
                Pair(small=small(), large=large()),
                PairMap(map=map, info=info),
                [CONCEPT, ANIMALS],
                controls=Controls(controls, (), {"large": own()}),
                neutral=NEUTRAL,
                settings=SETTINGS,
            )
        )
