"""Rivals of the map: each crosses in its own way, is kept, and stands beside the others in an evaluation."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lrt_explorer.errors import ModelError
from lrt_explorer.linear.scores import cosine
from lrt_explorer.lm.model import LanguageModel
from lrt_explorer.study.evaluation.case import Controls
from lrt_explorer.study.fitting import rivals as study
from lrt_explorer.study.fitting.estimators import WITHIN_CONTEXTS
from lrt_explorer.study.fitting.rivals import Rival, rivals
from lrt_explorer.study.ground.known import known_vectors
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.steering.arms import ANCHORS, EMBEDDINGS, UNTRAINED, VOCABULARY
from tests.study.evaluation import suite
from tests.study.tiny import CONCEPT, large, small, texts

TOKENS = 6000
ARMS = [UNTRAINED, EMBEDDINGS, VOCABULARY, ANCHORS]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[tuple[Rival, ...], Path]:
    home = tmp_path_factory.mktemp("rivals")
    pair = Pair(small=small(), large=large())
    return finish(rivals(pair, texts(150), (1, 2), tokens=TOKENS, keep=[home])), home


def test_every_rival_has_a_map_into_the_large_model(found: tuple[tuple[Rival, ...], Path]) -> None:
    made, _ = found
    assert [one.arm for one in made] == ARMS
    assert all(one.map.d_small == one.lm.width and one.map.d_large == large().width for one in made)
    assert len({one.lm.fingerprint for one in made}) == 3, "the last two take the small model's own vector"
    assert made[-1].lm is small()


def test_rivals_are_kept_and_not_made_again(found: tuple[tuple[Rival, ...], Path]) -> None:
    made, home = found
    pair = Pair(small=small(), large=large())
    again = finish(rivals(pair, iter(()), (1, 2), tokens=TOKENS, keep=[home]))
    assert [one.arm for one in again] == ARMS
    assert all(torch.equal(one.map.weight, other.map.weight) for one, other in zip(made, again, strict=True))
    # Other layers are other maps, and no text is left to make them of.
    assert [one.arm for one in finish(rivals(pair, iter(()), (0, 2), tokens=TOKENS, keep=[home]))] == [VOCABULARY]


def test_a_model_crosses_to_itself_by_its_vocabulary_and_by_anchors() -> None:
    lm = large()
    made = finish(rivals(Pair(small=lm, large=lm), texts(150), (2, 2), tokens=TOKENS))
    own = known_vectors().get(lm, CONCEPT, 2).vector.values
    by = {one.arm: cosine(one.map.direction(own), own) for one in made if one.lm is lm}
    assert set(by) == {VOCABULARY, ANCHORS} and min(by.values()) > 0.9


def test_what_a_pair_cannot_have_is_left_out_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(lm: LanguageModel, seed: int) -> LanguageModel:
        raise ModelError("there is no room")

    monkeypatch.setattr(study, "untrained", no_room)
    monkeypatch.setattr(study, "shared_unembeddings", lambda *_: None)
    made = finish(rivals(Pair(small=small(), large=large()), texts(150), (1, 2), tokens=TOKENS))
    assert [one.arm for one in made] == [EMBEDDINGS, ANCHORS]


def test_within_contexts_only_what_changes_there_is_fitted_so() -> None:
    made = finish(rivals(Pair(small=small(), large=large()), texts(150), (1, 2), tokens=TOKENS, method=WITHIN_CONTEXTS))
    # Embeddings do not change within a context, and yet they have a map.
    assert [one.arm for one in made] == ARMS


def test_rivals_are_arms_of_an_evaluation(found: tuple[tuple[Rival, ...], Path]) -> None:
    _, maps = suite.maps()
    settings = replace(suite.SETTINGS, prompts=4)
    ran = finish(suite.study(concepts=[CONCEPT], controls=Controls(maps, found[0]), settings=settings))
    arms = {arm.name: arm for arm in ran.concepts[0].evidence.arms}
    assert set(ARMS) <= set(arms)
    plain = finish(suite.study(concepts=[CONCEPT], controls=Controls(maps), settings=settings))
    assert not set(ARMS) & {arm.name for arm in plain.concepts[0].evidence.arms}
    # Whether rivals stand beside it changes nothing of the map's own numbers.
    assert ran.concepts[0].evidence.arm("transferred").slope == plain.concepts[0].evidence.arm("transferred").slope
