"""Rows of many entries in one tensor, one entry after another: a batch of embeddings, token ids or scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Entry i owns rows `starts[i]` to `starts[i + 1]` of every column; `starts` is (entries + 1,), on the host."""

    starts: Numbers
    columns: tuple[Tensor, ...]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> Numbers:
        """How many rows each entry has, (entries,)."""
        return np.diff(self.starts)

    @property
    def nbytes(self) -> int:
        """The bytes that starts and columns take."""
        return self.starts.nbytes + sum(column.nbytes for column in self.columns)

    def take(self, entries: Numbers) -> "Rows":
        """Some entries in this order; the rows themselves, not copied, where these are all of them as they stand."""
        if len(entries) == len(self) and (entries == np.arange(len(self))).all():
            return self
        lengths = self.lengths[entries]
        starts = _starts(lengths)
        places = np.repeat(self.starts[entries] - starts[:-1], lengths) + np.arange(starts[-1])
        return Rows(starts, tuple(column[torch.from_numpy(places).to(column.device)] for column in self.columns))


def one_each(*columns: Tensor) -> Rows:
    """Rows of entries that have one row each."""
    return Rows(np.arange(len(columns[0]) + 1), columns)


def of_lengths(lengths: Numbers, *columns: Tensor) -> Rows:
    """Rows of entries that have so many rows each."""
    return Rows(_starts(lengths), columns)


def join(parts: Sequence[Rows]) -> Rows:
    """All parts' entries, part after part; of no part, rows without entry or column."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return Rows(np.zeros(1, np.int64), ())
    starts = _starts(np.concatenate([part.lengths for part in parts]))
    return Rows(starts, tuple(map(torch.cat, zip(*(part.columns for part in parts), strict=True))))


def _starts(lengths: Numbers) -> Numbers:
    return np.concatenate([[0], np.cumsum(lengths)])
