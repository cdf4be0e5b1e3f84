"""An evaluation that is written and read is the same evaluation."""

import json
from typing import Any

import pytest

from lrt_explorer.errors import ArtifactError
from lrt_explorer.study.evaluation.document import evaluation_document
from lrt_explorer.study.evaluation.document_reading import read_evaluation
from tests.ui.fake_evidence import fake_evaluation


@pytest.mark.parametrize("texts", [False, True])
def test_a_document_is_read_back_to_the_last_number(texts: bool) -> None:
    evaluation = fake_evaluation(texts=texts)
    document = json.loads(json.dumps(evaluation_document(evaluation)))
    again = read_evaluation(document, evaluation.map)
    assert json.loads(json.dumps(evaluation_document(again))) == document
    assert [one.verdict for one in again.concepts] == [one.verdict for one in evaluation.concepts]
    assert [one.evidence.retention for one in again.ranked()] == [one.evidence.retention for one in evaluation.ranked()]


@pytest.mark.parametrize(
    "damage", [{"kind": "map"}, {"version": 1}, {"concepts": [{}]}, {"settings": {}}, {"small_layer": None}]
)
def test_what_is_no_such_document_gets_one_sentence(damage: dict[str, Any]) -> None:
    evaluation = fake_evaluation(("mood",))
    with pytest.raises(ArtifactError, match="evaluate again"):
        read_evaluation(evaluation_document(evaluation) | damage, evaluation.map)
