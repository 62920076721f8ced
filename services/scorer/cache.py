"""What the scorer remembers of texts between batches: token ids and embeddings, up to so many bytes."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache
from torch import Tensor

Ids = npt.NDArray[np.int32]
"""A text's token ids, (tokens,)."""

# Of an entry beside text, ids and vectors, as measured: key, tensor object, the two dictionaries' places.
ENTRY_BYTES = 700


@dataclass(frozen=True)
class Embedded:
    """A text as a model sees it: its token ids, and its vector, (dimensions,), or vectors, (tokens, dimensions)."""

    ids: Ids
    vectors: Tensor


class EmbeddingCache:
    """Token ids by vocabulary and text, embeddings by model and text; the least recently used leave first.

    `max_bytes` bounds texts, ids and vectors together. For one thread at a time.
    """

    def __init__(self, max_bytes: int) -> None:
        self._kept: LRUCache[tuple[str, str], tuple[str, Ids | Embedded]] = LRUCache(max_bytes, getsizeof=_size)

    def ids(self, vocabulary: str, text: str) -> Ids | None:
        """A text's token ids; None where they are not remembered."""
        kept = self._kept.get((vocabulary, text))
        return kept[1] if kept is not None and isinstance(kept[1], np.ndarray) else None

    def embedded(self, model: str, text: str) -> Embedded | None:
        """A text's embedding by a model, told by name, revision and type; None where it is not remembered."""
        kept = self._kept.get((model, text))
        return kept[1] if kept is not None and isinstance(kept[1], Embedded) else None

    def keep(self, key: str, values: Mapping[str, Ids] | Mapping[str, Embedded]) -> None:
        """Remembers ids under a vocabulary, embeddings under a model; what is larger than the cache is left out."""
        for text, value in values.items():
            entry = (text, value)
            if _size(entry) <= self._kept.maxsize:
                self._kept[key, text] = entry


def _size(entry: tuple[str, Ids | Embedded]) -> int:
    text, value = entry
    ids, vectors = (value.ids, value.vectors.nbytes) if isinstance(value, Embedded) else (value, 0)
    return sys.getsizeof(text) + ids.nbytes + vectors + ENTRY_BYTES
