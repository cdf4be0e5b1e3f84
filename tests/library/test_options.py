"""Keywords are those of the settings they become, by name and by type, and a wrong one says which was meant."""

from dataclasses import fields
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from lrt_explorer.concepts.sets.scoring import scorer_from_text
from lrt_explorer.library.options import (
    CompareOptions,
    EvaluateOptions,
    FitOptions,
    SpaceOptions,
    VectorOptions,
    settings_of,
)
from lrt_explorer.study.evaluation.evaluate import EvaluationSettings
from lrt_explorer.study.steering.steer_spec import SteerSpec
from lrt_explorer.workbench.evidence import EvidenceSpec
from lrt_explorer.workbench.fitting import FitSpec
from lrt_explorer.workbench.session import SpaceSettings


@pytest.mark.parametrize(
    ("options", "settings", "arguments"),
    [
        (CompareOptions, [SteerSpec], {"concept"}),
        (FitOptions, [FitSpec], {"corpus", "all_layers"}),
        (EvaluateOptions, [EvaluationSettings, EvidenceSpec], {"concepts", "settings", "corpus", "brought"}),
        (SpaceOptions, [SpaceSettings], {"concept"}),
    ],
)
def test_keywords_are_the_settings(options: type, settings: list[type], arguments: set[str]) -> None:
    meant: dict[str, Any] = {}
    for kind in settings:
        meant |= {field.name: get_type_hints(kind)[field.name] for field in fields(kind)}
    assert get_type_hints(options) == {name: kind for name, kind in meant.items() if name not in arguments}


def test_how_vectors_are_found_is_a_part_of_what_a_comparison_is_asked_for() -> None:
    hints = get_type_hints(CompareOptions)
    assert get_type_hints(VectorOptions).items() <= hints.items()


KNOWN = frozenset(CompareOptions.__annotations__)


def test_a_keyword_that_there_is_not_is_refused_with_the_one_meant() -> None:
    with pytest.raises(TypeError, match=r"compare\(\) has no keyword 'sead'; did you mean 'seed'\?"):
        settings_of(SteerSpec, "compare", {"sead": 1}, KNOWN, concept="mood")
    with pytest.raises(TypeError, match="choose from also, arms, as_in_paper, ask, equal_cost"):
        settings_of(SteerSpec, "compare", {"xyz": 1}, KNOWN, concept="mood")


def test_words_and_lists_become_what_the_settings_hold() -> None:
    spec = settings_of(SteerSpec, "compare", {"scorer": "words:sea/sad"}, KNOWN, concept="mood")
    assert spec.scorer == scorer_from_text("words:sea/sad")
    fit = settings_of(FitSpec, "fit_map", {"folder": "here", "concepts": ["mood"]}, {"folder", "concepts"})
    assert (fit.folder, fit.concepts) == (Path("here"), ("mood",))
