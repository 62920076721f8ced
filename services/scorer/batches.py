"""Token ids to batches for a model: texts of equal length on a processor, of a few widths on a GPU."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from services.scorer.rows import Numbers, Rows, of_lengths, one_each

# Tokens encoded at once; on processors more would be memory that each layer releases and faults in again.
TOKEN_BUDGET = {"cpu": 1024, "cuda": 65536}

# A GPU waits for its next batch, not for its products: there, texts are padded to few widths, and masked.
WIDTHS = np.array([8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512])


@dataclass(frozen=True, eq=False)
class Batch:
    """Texts' token ids, (texts, width), their `lengths`, (texts,), on the host, and 1 for every token in `mask`.

    The mask is None where all are as long as the batch is wide.
    """

    ids: Tensor
    mask: Tensor | None
    lengths: Numbers

    def packed(self, values: Tensor) -> Tensor:
        """(texts, width, ...) without what was padded: (tokens, ...)."""
        flat = values.flatten(0, 1)
        if self.mask is None:
            return flat
        inside = np.flatnonzero(np.arange(values.shape[1]) < self.lengths[:, None])
        return flat[torch.from_numpy(inside).to(flat.device)]

    def rows(self, values: Tensor) -> Rows:
        """Of (texts, dimensions), one row a text; of (texts, width, dimensions), one a token, with its id beside it."""
        if values.ndim == 2:
            return one_each(values)
        return of_lengths(self.lengths, self.packed(values), self.packed(self.ids).int())


def is_padded(device: torch.device) -> bool:
    """Whether texts are padded to few widths rather than kept with their equals."""
    return device.type != "cpu"


def batches(tokens: Rows, limit: int, device: torch.device) -> Iterator[tuple[Numbers, Batch]]:
    """All texts in batches of the device's budget, each with its texts' places in `tokens`, whose column is the ids.

    None is wider than `limit`, at which texts were cut.
    """
    widths = _padded(tokens.lengths, limit) if is_padded(device) else tokens.lengths
    order = np.argsort(widths, kind="stable")
    changes = np.flatnonzero(np.diff(widths[order])) + 1
    for same in np.split(order, changes):
        width = int(widths[same[0]]) if len(same) else 0
        size = max(1, TOKEN_BUDGET[device.type] // max(width, 1))
        for start in range(0, len(same), size):
            places = same[start : start + size]
            yield places, _batch(tokens, places, width, device)


def _padded(lengths: Numbers, limit: int) -> Numbers:
    """The next of the widths; one short of the limit are those that no model with this limit has cut."""
    widths = np.unique([*WIDTHS[limit - 1 > WIDTHS], limit - 1, limit, *lengths[lengths > limit]])
    return widths[np.searchsorted(widths, lengths)]


def _batch(tokens: Rows, places: Numbers, width: int, device: torch.device) -> Batch:
    lengths = tokens.lengths[places]
    inside = np.arange(width) < lengths[:, None]
    ids = np.zeros(inside.shape, np.int64)
    ids[inside] = tokens.take(places).columns[0].numpy()
    mask = None if inside.all() else torch.from_numpy(inside.astype(np.int64)).to(device)
    return Batch(torch.from_numpy(ids).to(device), mask, lengths)
