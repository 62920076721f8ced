"""The shape of differences: which positions point the same way, and how many directions there are."""

from dataclasses import dataclass

import torch
from torch import Tensor

from services.generator.activations.differences import Differences

DIRECTIONS = 10
"""So many of a spectrum's shares are kept."""


@dataclass(frozen=True)
class Spectrum:
    """The principal directions of the differences of single documents at single positions, about their mean.

    `shares` are those of the variance, largest first; `first` [hidden] is the first direction, of length 1. `cosine` is
    that, without its sign, between the first direction and the mean difference.
    """

    shares: tuple[float, ...]
    first: Tensor
    cosine: float


class Spread:
    """Sums of products of the differences' parts, of position 0 and of all others: hidden x hidden, whatever the
    documents. It is a watcher of `measure`."""

    def __init__(self, hidden: int) -> None:
        self._products = torch.zeros(2, hidden, hidden, dtype=torch.float64)
        self._sums = torch.zeros(2, hidden, dtype=torch.float64)
        self._counts = torch.zeros(2, dtype=torch.float64)

    def __call__(self, difference: Tensor, real: Tensor) -> None:
        """Differences [documents, length, hidden], 0 where `real` is false."""
        for which, part in enumerate((slice(0, 1), slice(1, None))):
            rows = difference[:, part].flatten(0, 1)
            self._products[which] += (rows.T @ rows).cpu()
            self._sums[which] += rows.sum(0).cpu()
            self._counts[which] += int(real[:, part].sum())

    def spectrum(self, with_first: bool) -> Spectrum | None:
        """Over all positions, or without the first; None where there is nothing to tell apart."""
        chosen = slice(0 if with_first else 1, 2)
        count = self._counts[chosen].sum()
        mean = self._sums[chosen].sum(0) / count
        covariance = self._products[chosen].sum(0) / count - torch.outer(mean, mean)
        values, vectors = torch.linalg.eigh(covariance)
        values = values.flip(0).clamp(min=0)
        total = float(values.sum())
        if not total > 0:
            return None
        first = vectors[:, -1]
        cosine = abs(float(torch.cosine_similarity(first, mean, dim=0)))
        return Spectrum(tuple((values[:DIRECTIONS] / total).tolist()), first, cosine)


def cosines_of_positions(found: Differences) -> Tensor:
    """The cosine of every position's mean difference with every other's [positions, positions]; 0 where one is 0."""
    directions = torch.nn.functional.normalize(found.mean, dim=-1)
    return directions @ directions.T


def common_direction(found: Differences) -> Tensor:
    """The mean difference [hidden] over all positions but the first; over the first, where there is no other."""
    return found.mean[min(1, found.positions - 1) :].mean(0)
