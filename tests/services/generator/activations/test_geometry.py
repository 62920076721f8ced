import pytest
import torch
from torch import Tensor

from services.generator.activations.differences import Differences
from services.generator.activations.geometry import Spread, common_direction, cosines_of_positions

pytestmark = pytest.mark.slow  # models in torch

HIDDEN = 6
DRAW = torch.Generator().manual_seed(1)


def _differences(mean: Tensor) -> Differences:
    ones = torch.ones(len(mean), dtype=torch.float64)
    halves = torch.stack([mean, mean])
    return Differences(0, ones, mean, halves, halves, mean, ones, ones, ones)


def _batches() -> list[tuple[Tensor, Tensor]]:
    """Two batches, one of them padded; padding is 0."""
    real = torch.ones(8, 4, dtype=torch.bool)
    real[3:, 2:] = False
    batches = []
    for _ in range(2):
        difference = torch.randn(8, 4, HIDDEN, generator=DRAW).double()
        batches.append((difference * real[..., None], real))
    return batches


@pytest.mark.parametrize("with_first", [True, False])
def test_a_spectrum_from_sums_is_that_of_all_differences_together(with_first: bool) -> None:
    spread, rows = Spread(HIDDEN), []
    for difference, real in _batches():
        spread(difference, real)
        start = 0 if with_first else 1
        rows.append(difference[:, start:][real[:, start:]])
    found = spread.spectrum(with_first)
    assert found is not None
    together = torch.cat(rows)
    _, values, directions = torch.linalg.svd(together - together.mean(0), full_matrices=False)
    assert found.shares == pytest.approx((values.square() / values.square().sum()).tolist())
    assert abs(float(found.first @ directions[0])) == pytest.approx(1.0)
    cosine = torch.cosine_similarity(directions[0], together.mean(0), dim=0)
    assert found.cosine == pytest.approx(abs(float(cosine)))


def test_differences_along_one_line_have_one_direction() -> None:
    spread = Spread(HIDDEN)
    line = torch.randn(HIDDEN, generator=DRAW).double()
    spread(torch.rand(20, 3, 1, generator=DRAW).double() * line, torch.ones(20, 3, dtype=torch.bool))
    found = spread.spectrum(with_first=False)
    assert found is not None
    assert found.shares[0] == pytest.approx(1.0)
    assert found.cosine == pytest.approx(1.0)


def test_where_nothing_differs_there_is_no_spectrum() -> None:
    spread = Spread(HIDDEN)
    spread(torch.zeros(4, 3, HIDDEN, dtype=torch.float64), torch.ones(4, 3, dtype=torch.bool))
    assert spread.spectrum(with_first=True) is None


def test_cosines_of_positions_are_those_of_their_means() -> None:
    mean = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.0, 5.0], [0.0, 0.0]], dtype=torch.float64)
    found = cosines_of_positions(_differences(mean))
    assert found.tolist() == [[1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]


def test_the_common_direction_leaves_the_first_position_out() -> None:
    mean = torch.tensor([[100.0, 0.0], [0.0, 2.0], [0.0, 4.0]], dtype=torch.float64)
    assert common_direction(_differences(mean)).tolist() == [0, 3]
