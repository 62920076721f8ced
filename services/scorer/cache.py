"""What the scorer remembers between batches: texts' token ids and embeddings, pairs' scores; up to so many bytes."""

import sys
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from services.scorer.rows import Rows
from services.scorer.similarity import Pair

Key = str | Pair
"""A text, or a pair of texts."""

Part = tuple[list[Key], Rows]
"""Entries by position, and their rows."""

# Beside texts and numbers, as measured: an entry's places in index and slab, and a slab's own objects.
ENTRY_BYTES = 300
SLAB_BYTES = 2000


@dataclass(frozen=True, eq=False)
class Slab:
    """What one batch made, remembered and forgotten together."""

    name: str
    keys: Sequence[Key]
    rows: Rows
    nbytes: int


class EmbeddingCache:
    """An arena of slabs: token ids by vocabulary and text, embeddings by model and text, scores by model and pair.

    `max_bytes` bounds all slabs together; the one that was used longest ago leaves first. For one thread at a time.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._slabs: OrderedDict[int, Slab] = OrderedDict()
        self._places: defaultdict[str, dict[Key, tuple[int, int]]] = defaultdict(dict)
        self._made = 0

    @property
    def nbytes(self) -> int:
        """The bytes of all slabs, as they count against the bound."""
        return self._bytes

    def find(self, name: str, keys: Iterable[Key]) -> list[Part]:
        """What is remembered under a name of distinct keys: a part for each slab that holds some of them."""
        places = self._places[name]
        found: defaultdict[int, tuple[list[Key], list[int]]] = defaultdict(lambda: ([], []))
        for key in keys:
            if (place := places.get(key)) is not None:
                of_slab = found[place[0]]
                of_slab[0].append(key)
                of_slab[1].append(place[1])
        for number in found:
            self._slabs.move_to_end(number)
        return [(keys, self._slabs[number].rows.take(np.array(at))) for number, (keys, at) in found.items()]

    def keep(self, name: str, keys: Sequence[Key], rows: Rows) -> None:
        """Remembers a batch under a vocabulary or model; one that is larger than the cache is left out.

        The columns must own their memory: a view would keep more of it than is counted.
        """
        slab = Slab(name, keys, rows, _size(keys, rows))
        if not keys or slab.nbytes > self._max_bytes:
            return
        while self._bytes + slab.nbytes > self._max_bytes:
            self._forget()
        self._made += 1
        self._slabs[self._made] = slab
        self._bytes += slab.nbytes
        self._places[name].update((key, (self._made, at)) for at, key in enumerate(keys))

    def _forget(self) -> None:
        number, slab = self._slabs.popitem(last=False)
        self._bytes -= slab.nbytes
        places = self._places[slab.name]
        for key in slab.keys:
            # A later slab may hold the same text again.
            if places[key][0] == number:
                del places[key]


def _size(keys: Sequence[Key], rows: Rows) -> int:
    texts = sum(sys.getsizeof(key) if isinstance(key, str) else sum(map(sys.getsizeof, key)) for key in keys)
    return SLAB_BYTES + texts + len(keys) * ENTRY_BYTES + rows.nbytes
