"""The typical deviation: neither an offset, a loud dimension nor a few loud tokens move it."""

import pytest
import torch
from torch import Tensor

from lrt_explorer.errors import VectorError
from lrt_explorer.linear.deviation import TypicalDeviation, typical_deviation
from lrt_explorer.linear.outliers import outlier_dimensions


def activations(n: int = 2000, d: int = 64) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(0))


def test_it_is_the_median_distance_from_the_mean() -> None:
    x = activations()
    found = typical_deviation(x)
    assert found.value == pytest.approx(float((x - x.mean(0)).norm(dim=1).median()), rel=1e-5)
    assert found.outliers == ()


def test_a_common_offset_does_not_count() -> None:
    x = activations()
    moved = typical_deviation(x + 10 * 8 * torch.nn.functional.normalize(torch.arange(64.0), dim=0))
    assert moved.value == pytest.approx(typical_deviation(x).value, rel=1e-4)
    assert float((x + 80).norm(dim=1).median()) > 50 * moved.value  # the norm would


@pytest.mark.parametrize("share", [0.5, 0.96])
def test_a_dimension_that_holds_most_of_the_variance_does_not_count(share: float) -> None:
    x = activations()
    loud = torch.randn(2000, 1, generator=torch.Generator().manual_seed(1)) * (64 * share / (1 - share)) ** 0.5
    found = typical_deviation(torch.cat([x, loud], dim=1))
    assert found.outliers == (64,)
    assert found.value == pytest.approx(typical_deviation(x).value, rel=1e-6)


def test_a_few_loud_tokens_do_not_count() -> None:
    x = activations()
    x[::50] *= 1000
    found = typical_deviation(x)
    x[::50] = activations()[::50]
    assert found.value == pytest.approx(typical_deviation(x).value, rel=0.01)
    assert found.outliers == ()


def test_dimensions_that_differ_as_they_do_in_ordinary_models_all_count() -> None:
    assert not bool(outlier_dimensions(torch.linspace(0.5, 4.9, 64).square()).any())
    assert outlier_dimensions(torch.tensor([1.0, 1.0, 1.0, 5.1]).square()).tolist() == [False, False, False, True]


def test_what_has_no_deviation_is_refused() -> None:
    for rows in (torch.ones(5, 3), torch.full((4, 3), float("nan")), torch.empty(0, 3)):
        with pytest.raises(VectorError):
            typical_deviation(rows)


def test_lengths_leave_outlier_dimensions_out_alone_and_in_rows() -> None:
    unit = TypicalDeviation(2.0, (0,))
    rows = torch.tensor([[100.0, 3.0, 4.0], [0.0, 0.0, 2.0]])
    assert [unit.length(row) for row in rows] == pytest.approx([5.0, 2.0])
    assert torch.allclose(unit.normalized(rows), rows / torch.tensor([[5.0], [2.0]]))
    assert TypicalDeviation.of(unit) is unit and TypicalDeviation.of(3.0) == TypicalDeviation(3.0)
