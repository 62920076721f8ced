"""The difference of activations between a fine-tune and its base, as running sums over documents."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from seep.errors import InputError
from services.generator.activations.models import Pair
from services.generator.activations.states import batches, states

Watcher = Callable[[Tensor, Tensor], None]
"""Takes the differences [documents, length, hidden] of a batch, and which of them are no padding."""
SINK = 5
"""Norms are compared with the mean over the positions from here on: the first tokens are attention sinks."""


@dataclass(frozen=True)
class Differences:
    """What documents leave behind, by position; float64 tensors, of which only `mean` and its like have a hidden axis.

    `documents` [positions] counts those that are so long. `mean` [positions, hidden] is the fine-tune's state less the
    base's, `halves` [2, positions, hidden] the same of every other document, `flipped` of halves whose documents
    change sign at random. `base_mean` is the base's state. `squares` [positions] is the mean squared length of one
    document's difference; `norms` and `base_norms` are the mean lengths of the states.
    """

    layer: int
    documents: Tensor
    mean: Tensor
    halves: Tensor
    flipped: Tensor
    base_mean: Tensor
    squares: Tensor
    norms: Tensor
    base_norms: Tensor

    @property
    def positions(self) -> int:
        """How many positions there are."""
        return len(self.documents)

    @property
    def steadiness(self) -> Tensor:
        """The cosine of the two halves' means [positions]: 1 where the difference is the same on other documents."""
        return torch.cosine_similarity(self.halves[0], self.halves[1], dim=-1)

    @property
    def flipped_steadiness(self) -> Tensor:
        """The same where each document's difference has a random sign: what no common direction looks like."""
        return torch.cosine_similarity(self.flipped[0], self.flipped[1], dim=-1)

    @property
    def context_freedom(self) -> Tensor:
        """The share [positions] of the differences' squared length that their common mean explains.

        From the product of the two halves' means, so that chance is 0, not 1 / documents. It may lie below 0.
        """
        common = (self.halves[0] * self.halves[1]).sum(-1)
        return torch.where(self.squares > 0, common / self.squares, torch.zeros_like(common))

    @property
    def usual_norm(self) -> float:
        """The mean length of the fine-tune's states over the positions from SINK on; over the last one, if shorter."""
        return float(self.norms[min(SINK, self.positions - 1) :].mean())

    @property
    def sink(self) -> Tensor:
        """The length of a position's states [positions] as a multiple of the usual one."""
        return self.norms / self.usual_norm


def measure(pair: Pair, documents: Sequence[str], positions: int, watchers: Sequence[Watcher] = ()) -> Differences:
    """The differences over the first `positions` tokens of the documents; `watchers` see each batch of them too.

    Raises InputError for fewer than two documents.
    """
    return measure_growing(pair, documents, positions, [len(documents)], watchers)[0]


def measure_growing(
    pair: Pair, documents: Sequence[str], positions: int, counts: Sequence[int], watchers: Sequence[Watcher] = ()
) -> list[Differences]:
    """The differences over the first n documents, for each n of the rising `counts`, in one pass over them."""
    if min(counts) < 2 or max(counts) > len(documents):
        raise InputError(f"documents: expected two or more, found {min(min(counts), len(documents))}")
    sums: _Sums | None = None
    found = []
    for start, end in pairwise([0, *counts]):
        for batch in batches(pair.tokenizer, documents[start:end], positions):
            base, tuned = (states(side, batch, pair.layer).double() for side in (pair.base, pair.tuned))
            mask = batch.real.to(base.device).double()
            difference = (tuned - base) * mask[..., None]
            sums = sums or _Sums(positions, base.shape[-1], base.device)
            sums.add(base, tuned, difference, mask)
            for watch in watchers:
                watch(difference, batch.real.to(base.device))
        assert sums is not None  # there are two documents
        found.append(sums.finish(pair.layer))
    return found


class _Sums:
    """Running sums by position, in float64: no state of a single document is kept."""

    def __init__(self, positions: int, hidden: int, device: torch.device) -> None:
        def zeros(*size: int) -> Tensor:
            return torch.zeros(*size, dtype=torch.float64, device=device)

        self.documents, self.halves_of = zeros(positions), zeros(2, positions)
        self.halves, self.flipped = zeros(2, positions, hidden), zeros(2, positions, hidden)
        self.base = zeros(positions, hidden)
        self.squares, self.norms, self.base_norms = zeros(positions), zeros(positions), zeros(positions)
        self._signs = torch.Generator().manual_seed(1)
        self._seen = 0

    def add(self, base: Tensor, tuned: Tensor, difference: Tensor, mask: Tensor) -> None:
        """States [documents, length, hidden] of both models, their difference, and 1 where they are no padding."""
        documents, length = mask.shape
        signs = (torch.randint(0, 2, (documents,), generator=self._signs) * 2 - 1).to(base.device).double()
        half = torch.arange(self._seen, self._seen + documents, device=base.device) % 2
        for which in (0, 1):
            chosen = half == which
            self.halves[which, :length] += difference[chosen].sum(0)
            self.flipped[which, :length] += (difference[chosen] * signs[chosen, None, None]).sum(0)
            self.halves_of[which, :length] += mask[chosen].sum(0)
        self.documents[:length] += mask.sum(0)
        self.base[:length] += (base * mask[..., None]).sum(0)
        self.squares[:length] += difference.square().sum(-1).sum(0)
        self.norms[:length] += (tuned.norm(dim=-1) * mask).sum(0)
        self.base_norms[:length] += (base.norm(dim=-1) * mask).sum(0)
        self._seen += documents

    def finish(self, layer: int) -> Differences:
        """The means, over the positions that two documents or more have reached."""
        reached = int((self.halves_of.amin(0) > 0).sum())
        count, each = self.documents[:reached], self.halves_of[:, :reached, None]

        def by_document(sums: Tensor) -> Tensor:
            return sums[:reached] / (count[:, None] if sums.dim() == 2 else count)

        return Differences(
            layer,
            count,
            by_document(self.halves.sum(0)),
            self.halves[:, :reached] / each,
            self.flipped[:, :reached] / each,
            by_document(self.base),
            by_document(self.squares),
            by_document(self.norms),
            by_document(self.base_norms),
        )
