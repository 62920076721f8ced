"""What the scorer remembers between batches: texts' token ids and embeddings, pairs' scores; up to so many bytes."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache
from torch import Tensor

from services.scorer.similarity import Pair

Ids = npt.NDArray[np.int32]
"""A text's token ids, (tokens,)."""

Scores = tuple[float, ...]
"""What a model says of a pair of texts."""

# Of an entry beside texts, ids and vectors, as measured: key, tensor object, the two dictionaries' places.
ENTRY_BYTES = 700


@dataclass(frozen=True)
class Embedded:
    """A text as a model sees it: its token ids, and its vector, (dimensions,), or vectors, (tokens, dimensions)."""

    ids: Ids
    vectors: Tensor


Key = str | Pair
Value = Ids | Embedded | Scores


class EmbeddingCache:
    """Token ids by vocabulary and text, embeddings by model and text, scores by model and pair of texts.

    `max_bytes` bounds all of them together; the least recently used leave first. For one thread at a time.
    """

    def __init__(self, max_bytes: int) -> None:
        self._kept: LRUCache[tuple[str, Key], tuple[Key, Value]] = LRUCache(max_bytes, getsizeof=_size)

    def ids(self, vocabulary: str, text: str) -> Ids | None:
        """A text's token ids; None where they are not remembered."""
        kept = self._kept.get((vocabulary, text))
        return kept[1] if kept is not None and isinstance(kept[1], np.ndarray) else None

    def embedded(self, model: str, text: str) -> Embedded | None:
        """A text's embedding by a model, known by name, revision and type; None where it is not remembered."""
        kept = self._kept.get((model, text))
        return kept[1] if kept is not None and isinstance(kept[1], Embedded) else None

    def scores(self, model: str, pair: Pair) -> Scores | None:
        """What a model, known by name, revision and type, said of a pair; None where it is not remembered."""
        kept = self._kept.get((model, pair))
        return kept[1] if kept is not None and isinstance(kept[1], tuple) else None

    def keep(self, key: str, values: Mapping[str, Ids] | Mapping[str, Embedded] | Mapping[Pair, Scores]) -> None:
        """Remembers ids under a vocabulary, the rest under a model; what is larger than the cache is left out."""
        for content, value in values.items():
            entry = (content, value)
            if _size(entry) <= self._kept.maxsize:
                self._kept[key, content] = entry


def _size(entry: tuple[Key, Value]) -> int:
    content, value = entry
    texts = sum(map(sys.getsizeof, content)) if isinstance(content, tuple) else sys.getsizeof(content)
    match value:
        case Embedded(ids, vectors):
            return texts + ids.nbytes + vectors.nbytes + ENTRY_BYTES
        case np.ndarray():
            return texts + value.nbytes + ENTRY_BYTES
        case _:
            return texts + sum(map(sys.getsizeof, value)) + ENTRY_BYTES
