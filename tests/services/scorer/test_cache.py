"""What the scorer remembers, and that it stays within its bytes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from services.scorer.cache import ENTRY_BYTES, Embedded, EmbeddingCache

pytestmark = pytest.mark.slow

IDS = np.array([101, 5, 102], np.int32)


def test_ids_and_embeddings_are_told_apart_by_vocabulary_and_model() -> None:
    cache = EmbeddingCache(1 << 20)
    embedded = Embedded(IDS, torch.ones(4))
    cache.keep("vocabulary", {"bus": IDS})
    cache.keep("model", {"bus": embedded})
    assert cache.ids("vocabulary", "bus") is IDS
    assert cache.embedded("model", "bus") is embedded
    assert cache.ids("vocabulary", "rose") is None
    assert cache.embedded("another model", "bus") is None


def test_scores_are_of_a_pair_and_told_apart_by_model() -> None:
    cache = EmbeddingCache(1 << 20)
    cache.keep("model", {("yellow", "bus"): (0.1, 0.2, 0.3)})
    assert cache.scores("model", ("yellow", "bus")) == (0.1, 0.2, 0.3)
    assert cache.scores("model", ("bus", "yellow")) is None
    assert cache.scores("another model", ("yellow", "bus")) is None


def test_the_least_recently_used_leave_first() -> None:
    cache = EmbeddingCache(3 * (ENTRY_BYTES + 100))
    for text in ("a", "b", "c"):
        cache.keep("vocabulary", {text: IDS})
    cache.ids("vocabulary", "a")
    cache.keep("vocabulary", {"d": IDS})
    assert [text for text in "abcd" if cache.ids("vocabulary", text) is not None] == ["a", "c", "d"]


@given(
    max_bytes=st.integers(0, 20_000),
    entries=st.lists(st.tuples(st.text(max_size=200), st.integers(0, 2000)), max_size=20),
)
def test_what_is_remembered_never_takes_more_than_its_bytes(max_bytes: int, entries: list[tuple[str, int]]) -> None:
    cache = EmbeddingCache(max_bytes)
    for text, numbers in entries:
        cache.keep("model", {text: Embedded(IDS, torch.zeros(numbers))})
    remembered = [(text, cache.embedded("model", text)) for text in {text for text, _ in entries}]
    sizes = [len(text) + IDS.nbytes + kept.vectors.nbytes for text, kept in remembered if kept]
    assert sum(sizes) <= max_bytes
