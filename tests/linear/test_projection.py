import subprocess
import sys

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness
from torch import Tensor

from lrt_explorer.errors import MapError, SettingsError
from lrt_explorer.linear.projection import UmapSettings, along, pca, umap


def cloud(n: int = 300, d: int = 10, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(d, d, generator=generator, dtype=torch.float64)
    return torch.randn(n, d, generator=generator, dtype=torch.float64) @ mixing + 7.0


def clusters() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    label = torch.arange(60) % 3
    return 20.0 * torch.eye(3, 12)[label] + torch.randn(60, 12, generator=generator), label


@pytest.mark.parametrize(("n", "d", "k"), [(300, 10, 2), (300, 10, 10), (12, 40, 3)])
def test_pca_is_that_of_scikit_learn(n: int, d: int, k: int) -> None:
    points = cloud(n, d)
    picture, theirs = pca(points, k), PCA(n_components=k, svd_solver="full").fit(points.numpy())
    np.testing.assert_allclose(picture.components, theirs.components_, atol=1e-8)
    np.testing.assert_allclose(picture.mean, theirs.mean_, atol=1e-12)
    np.testing.assert_allclose(picture.explained, theirs.explained_variance_ratio_, atol=1e-10)
    np.testing.assert_allclose(picture.coords, theirs.transform(points.numpy()), atol=1e-7)


def test_components_are_orthonormal_and_strongest_first() -> None:
    picture = pca(cloud(), 10)
    torch.testing.assert_close(picture.components @ picture.components.T, torch.eye(10, dtype=torch.float64))
    assert picture.explained.tolist() == sorted(picture.explained.tolist(), reverse=True)
    assert float(picture.explained.sum()) == pytest.approx(1.0)


def test_the_sign_of_a_component_does_not_depend_on_the_order_of_points() -> None:
    points = cloud()
    picture, reversed_picture = pca(points, 3), pca(points.flip(0), 3)
    torch.testing.assert_close(picture.components, reversed_picture.components)
    largest = picture.components.gather(1, picture.components.abs().argmax(1, keepdim=True))
    assert bool((largest > 0).all())
    # Control: the opposite points turn the coordinates and not the axes.
    torch.testing.assert_close(pca(-points, 3).components, picture.components)
    torch.testing.assert_close(pca(-points, 3).coords, -picture.coords)


def test_further_points_have_an_origin_and_directions_have_none() -> None:
    points = cloud()
    picture = pca(points, 3)
    torch.testing.assert_close(picture.points(points), picture.coords)
    a, b = points[0], points[1]
    torch.testing.assert_close(picture.directions(a - b), picture.points(a) - picture.points(b))
    assert not torch.allclose(picture.points(a - b), picture.points(a) - picture.points(b))


def test_a_chosen_direction_comes_first_and_the_others_are_at_right_angles() -> None:
    points = cloud()
    way = torch.arange(1.0, points.shape[1] + 1)
    picture = along(points, -way, 4)
    unit = way.double() / way.double().norm()
    torch.testing.assert_close(picture.components[0], -unit)
    torch.testing.assert_close(picture.components @ picture.components.T, torch.eye(4, dtype=torch.float64))
    torch.testing.assert_close(picture.points(points), picture.coords)
    rest = points.double() - (points.double() @ unit).outer(unit)
    torch.testing.assert_close(picture.components[1:], pca(rest, 3).components)
    centred = points.double() - points.double().mean(0)
    share = float((centred @ unit).square().sum() / centred.square().sum())
    assert float(picture.explained[0]) == pytest.approx(share)
    torch.testing.assert_close(along(points, way, 1).coords[:, 0], -picture.coords[:, 0])


@pytest.mark.parametrize("way", [torch.zeros(10), torch.full((10,), torch.nan)])
def test_a_direction_without_a_length_gives_no_axis(way: Tensor) -> None:
    with pytest.raises(MapError, match="gives no axis"):
        along(cloud(), way, 2)


def test_points_that_are_all_equal_lie_at_the_origin() -> None:
    picture = pca(torch.full((20, 4), 0.1), 2)
    assert float(picture.coords.abs().max()) < 1e-12
    assert bool(torch.isfinite(picture.explained).all())


@pytest.mark.parametrize("k", [0, 4, 11])
def test_pca_with_more_components_than_there_are_is_refused(k: int) -> None:
    with pytest.raises(MapError, match="ask for 1 to 3"):
        pca(cloud(3, 10), k)


@pytest.mark.parametrize("points", [torch.ones(1, 4), torch.ones(4), torch.ones(0, 4)])
def test_pca_of_no_cloud_is_refused(points: Tensor) -> None:
    with pytest.raises(MapError, match="at least 2 points"):
        pca(points, 1)


def test_numbers_that_are_not_finite_are_refused() -> None:
    points = cloud()
    points[3, 3] = float("nan")
    with pytest.raises(MapError, match="not finite"):
        pca(points, 2)
    with pytest.raises(MapError, match="not finite"):
        umap(points, 2, UmapSettings(seed=0))


@pytest.mark.parametrize("k", [2, 3])
def test_umap_is_repeatable_and_keeps_neighbours_together(k: int) -> None:
    points, label = clusters()
    layout = umap(points, k, UmapSettings(seed=1))
    assert layout.shape == (60, k)
    assert layout.dtype == np.float32
    assert np.isfinite(layout).all()
    assert np.array_equal(layout, umap(points, k, UmapSettings(seed=1)))
    assert not np.array_equal(layout, umap(points, k, UmapSettings(seed=2)))
    assert trustworthiness(points.numpy(), layout, n_neighbors=5) > 0.8
    nearest = np.linalg.norm(layout[:, None] - layout[None], axis=-1) + np.eye(60) * 1e9
    assert (label[nearest.argmin(1)] == label).all()


def test_umap_of_points_far_from_the_origin_is_that_of_the_centred_ones() -> None:
    points, label = clusters()
    layout = umap(points.double() + 1e7, 2, UmapSettings(seed=1))
    nearest = np.linalg.norm(layout[:, None] - layout[None], axis=-1) + np.eye(60) * 1e9
    assert (label[nearest.argmin(1)] == label).all()


def test_umap_of_equal_points_is_finite() -> None:
    assert np.isfinite(umap(torch.ones(30, 4), 2, UmapSettings(seed=0))).all()


def test_fewer_neighbours_and_wider_distances_lay_points_out_otherwise() -> None:
    points, _ = clusters()
    usual = umap(points, 2)
    wide = umap(points, 2, UmapSettings(min_dist=0.9))
    near = umap(points, 2, UmapSettings(neighbours=3))
    assert not np.array_equal(usual, near)

    def closest(layout: object) -> float:
        gaps = np.linalg.norm(np.asarray(layout)[:, None] - np.asarray(layout)[None], axis=-1) + np.eye(60) * 1e9
        return float(np.median(gaps.min(1)))

    assert closest(wide) > 2 * closest(usual)


def test_umap_works_from_sixteen_points_and_is_refused_below() -> None:
    points, _ = clusters()
    assert umap(points[:16], 2, UmapSettings(seed=0)).shape == (16, 2)
    with pytest.raises(MapError, match="at least 16 points"):
        umap(points[:15], 2, UmapSettings(seed=0))


def test_umap_with_settings_out_of_range_is_refused() -> None:
    points, _ = clusters()
    for wrong, sentence in (
        ({"seed": -1}, "the seed -1 is out of range"),
        ({"neighbours": 1}, "cannot look at 1 neighbours; choose 2 to 200"),
        ({"min_dist": 1.0}, "a least distance of 1.0 is out of range"),
        ({"min_dist": float("nan")}, "a least distance of nan"),
    ):
        with pytest.raises(SettingsError, match=sentence):
            UmapSettings(**wrong)
    with pytest.raises(SettingsError, match="dimensions"):
        umap(points, 0)


def test_umap_is_imported_only_when_it_is_asked_for() -> None:
    code = "import sys, lrt_explorer.linear.projection; sys.exit('umap' in sys.modules or 'numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
