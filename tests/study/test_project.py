"""The picture of both models in one space: every point in its place, with its partner, its token and its error."""

import numpy as np
import pytest
import torch

from lrt_explorer.errors import ArtifactError, MapError, SettingsError
from lrt_explorer.linear.affine import AffineMap
from lrt_explorer.store import PairMap
from lrt_explorer.study import project as project_module
from lrt_explorer.study.corpora.paired import read_paired
from lrt_explorer.study.fitting.fit import FittedMap, fit_map
from lrt_explorer.study.fitting.fit_settings import FitSettings
from lrt_explorer.study.ground.pair import Pair
from lrt_explorer.study.ground.progress import finish
from lrt_explorer.study.project import SpacePicture, lay_out, project, read_space
from tests.study.tiny import CONCEPT, large, other, small, texts

N = 150


@pytest.fixture(scope="module")
def own() -> FittedMap:
    return finish(fit_map(Pair(small=small(), large=small()), texts(), (1, 1), FitSettings(tokens=4000)))


@pytest.fixture(scope="module")
def across() -> FittedMap:
    return finish(fit_map(Pair(small=other(), large=large()), texts(), (1, 2), FitSettings(tokens=4000)))


@pytest.fixture(scope="module")
def picture(across: FittedMap) -> SpacePicture:
    study = project(Pair(small=other(), large=large()), across, texts(8), concept=CONCEPT, n_points=N, dims=3)
    return finish(study)


def test_every_pair_is_two_points_that_know_each_other(picture: SpacePicture) -> None:
    assert picture.coords.shape == (2 * N, 3)
    assert picture.model == ("large",) * N + ("mapped",) * N
    assert np.array_equal(picture.partner[picture.partner], np.arange(2 * N))
    for name in ("token", "sentence", "label", "error", "position"):
        values = list(getattr(picture, name))
        assert values[:N] == values[N:]


def test_a_token_is_shown_where_it_stands(picture: SpacePicture) -> None:
    corpus = " ".join([*texts(8), *(text for pair in CONCEPT.pairs for text in pair)])
    for token, sentence, (start, end) in zip(picture.token, picture.sentence, picture.span, strict=True):
        assert token and sentence[start:end].strip() == token.strip()
        assert sentence in corpus


def test_points_of_the_concept_carry_its_labels(picture: SpacePicture) -> None:
    assert set(picture.label) == {"", "happy", "sad"}
    happy = [s for s, label in zip(picture.sentence, picture.label, strict=True) if label == "happy"]
    assert happy and all("laughed" in sentence for sentence in happy)


def test_arrows_are_as_long_as_a_strength_of_1_allows(picture: SpacePicture) -> None:
    assert [arrow.name for arrow in picture.arrows] == ["native", "transferred"]
    assert all(arrow.end.shape == (3,) and np.isfinite(arrow.end).all() for arrow in picture.arrows)


def test_a_token_has_its_number_in_its_text(picture: SpacePicture) -> None:
    ids = {text: large().tokenizer(text)["input_ids"] for pair in CONCEPT.pairs for text in pair}
    shown = 0
    for token, sentence, position in zip(picture.token, picture.sentence, picture.position.tolist(), strict=True):
        for text, read in ids.items():
            if text == sentence:
                assert str(large().tokenizer.decode([read[position]])).strip() == token.strip()
                shown += 1
    assert shown > 5 and picture.position.min() >= 0


def test_neighbours_are_found_in_all_dimensions_and_partners_among_them(across: FittedMap) -> None:
    pair = Pair(small=other(), large=large())
    states = finish(read_space(pair, across, texts(8), concept=CONCEPT, n_points=N))
    picture = lay_out(states, 2)
    y, mapped = states.large.double(), states.mapped.double()
    distances = torch.cdist(mapped, y)
    for index in (0, 17, N - 1):
        assert picture.nearest[N + index, 0] == int(distances[index].argmin())
        assert picture.distance[N + index, 0] * states.spread == pytest.approx(float(distances[index].min()), rel=1e-5)
        assert picture.nearest[index, 0] == N + int(distances[:, index].argmin())
    own = distances.diagonal()
    assert picture.partners_nearest == pytest.approx(float((own <= distances.min(1).values + 1e-6).double().mean()))
    assert 0 < picture.partners_nearest <= 1


def test_a_perfect_map_lays_every_point_on_its_partner(own: FittedMap) -> None:
    picture = finish(project(Pair(small=small(), large=small()), own, texts(8), concept=CONCEPT, n_points=N))
    assert np.allclose(picture.coords[:N], picture.coords[N:], atol=1e-4)
    assert picture.error.max() < 1e-4 and picture.partners_nearest == 1.0
    native, transferred = picture.arrows
    assert np.allclose(native.end, transferred.end, atol=1e-4)


def test_the_mean_squared_error_is_what_the_map_leaves_unexplained(own: FittedMap) -> None:
    exact = finish(project(Pair(small=small(), large=small()), own, texts(8), n_points=10**6))
    n = len(exact.token) // 2
    # A map of every point to the mean explains nothing: R² = 0, so the mean squared error is 1.
    states = read_paired(small(), small(), texts(8), [1], [1]).large[1]
    blind = AffineMap(torch.zeros(16, 16), states.double().mean(0))
    picture = finish(
        project(Pair(small=small(), large=small()), PairMap(map=blind, info=own.info), texts(8), n_points=10**6)
    )
    assert n == len(states)
    assert float((picture.error[:n] ** 2).mean()) == pytest.approx(1.0, abs=1e-4)


def test_the_drawing_is_the_same_for_the_same_seed(across: FittedMap) -> None:
    first, second, third = (
        finish(project(Pair(small=other(), large=large()), across, texts(8), n_points=50, seed=seed))
        for seed in (0, 0, 1)
    )
    assert np.array_equal(first.coords, second.coords)
    assert first.sentence != third.sentence


def test_umap_lays_out_both_models_together_without_arrows(across: FittedMap, monkeypatch: pytest.MonkeyPatch) -> None:
    # The real one compiles for seconds and is tested with the linear algebra.
    monkeypatch.setattr(project_module, "umap", lambda points, k, *_: points[:, :k].numpy().astype(np.float32))
    study = project(Pair(small=other(), large=large()), across, texts(8), concept=CONCEPT, n_points=N, method="umap")
    picture = finish(study)
    assert picture.coords.shape == (2 * N, 2)
    assert picture.arrows == () and picture.explained == ()


def test_the_view_along_a_concept_has_the_native_direction_across(across: FittedMap) -> None:
    pair = Pair(small=other(), large=large())
    states = finish(read_space(pair, across, texts(8), concept=CONCEPT, n_points=N))
    picture = lay_out(states, 3, "concept")
    native, transferred = (states.directions[name].double() for name in ("native", "transferred"))
    way = native / native.norm()
    across_it = states.large.double() @ way
    assert np.allclose(picture.coords[:N, 0] - picture.coords[0, 0], (across_it - across_it[0]).numpy(), atol=1e-6)
    first, second = picture.arrows
    assert np.allclose(first.end, [float(native.norm()), 0, 0], atol=1e-6), "the native arrow lies on its axis"
    assert np.isclose(second.end[0], float(transferred @ way), atol=1e-6)
    assert picture.angle == pytest.approx(np.degrees(np.arccos(float(transferred @ way / transferred.norm()))))
    flat = lay_out(states, 2, "concept")
    assert np.allclose(flat.coords, picture.coords[:, :2])
    assert flat.explained[1] > picture.explained[2]


def test_every_layout_is_made_from_one_reading(across: FittedMap, picture: SpacePicture) -> None:
    pair = Pair(small=other(), large=large())
    states = finish(read_space(pair, across, texts(8), concept=CONCEPT, n_points=N))
    again = lay_out(states, 3, "pca")
    assert np.array_equal(again.coords, picture.coords) and again.token == picture.token
    assert again.angle == picture.angle == lay_out(states, 2, "concept").angle
    assert states.numbers == 2 * N * large().width


def test_what_cannot_be_drawn_is_refused(across: FittedMap) -> None:
    with pytest.raises(SettingsError, match="2 or 3 dimensions"):
        finish(project(Pair(small=other(), large=large()), across, texts(8), dims=4))
    with pytest.raises(SettingsError, match="the view along a concept needs one"):
        finish(project(Pair(small=other(), large=large()), across, texts(8), method="concept"))
    with pytest.raises(MapError, match="no tokens that both models share"):
        finish(project(Pair(small=other(), large=large()), across, []))
    with pytest.raises(ArtifactError):
        finish(project(Pair(small=large(), large=other()), across, texts(8)))
