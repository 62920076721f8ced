"""What the scorer remembers, and that it stays within its bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from services.scorer.cache import ENTRY_BYTES, SLAB_BYTES, EmbeddingCache, Key
from services.scorer.rows import Rows, join, of_lengths, one_each

pytestmark = pytest.mark.slow


def texts_of_lengths(*lengths: int) -> Rows:
    """Entries of so many rows, all different."""
    return of_lengths(np.array(lengths, np.int64), torch.arange(float(sum(lengths))))


def found(cache: EmbeddingCache, name: str, keys: Sequence[Key]) -> dict[Key, Any]:
    """What is remembered, by key."""
    return {
        key: rows.columns[0][rows.starts[at] : rows.starts[at + 1]].tolist()
        for keys_of_slab, rows in cache.find(name, keys)
        for at, key in enumerate(keys_of_slab)
    }


def test_every_text_is_found_with_its_own_rows_in_any_order_and_over_slabs() -> None:
    cache = EmbeddingCache(1 << 20)
    cache.keep("model", ["a", "bb", "ccc"], texts_of_lengths(1, 2, 3))
    cache.keep("model", ["dd"], texts_of_lengths(2))
    assert found(cache, "model", ["dd", "ccc", "a", "?"]) == {"dd": [0, 1], "ccc": [3, 4, 5], "a": [0]}
    assert found(cache, "model", ["a", "bb", "ccc"]) == {"a": [0], "bb": [1, 2], "ccc": [3, 4, 5]}


def test_what_is_remembered_is_told_apart_by_name_and_a_pair_by_its_order() -> None:
    cache = EmbeddingCache(1 << 20)
    cache.keep("model", ["bus"], texts_of_lengths(2))
    cache.keep("scores", [("yellow", "bus")], one_each(torch.tensor([[0.5, 0.25, 1.0]])))
    assert found(cache, "another model", ["bus"]) == {}
    assert found(cache, "scores", [("bus", "yellow")]) == {}
    assert found(cache, "scores", [("yellow", "bus")]) == {("yellow", "bus"): [[0.5, 0.25, 1.0]]}


def test_the_slab_that_was_used_longest_ago_leaves_first() -> None:
    cache = EmbeddingCache(3 * (SLAB_BYTES + ENTRY_BYTES + 100))
    for text in ("a", "b", "c"):
        cache.keep("model", [text], texts_of_lengths(3))
    cache.find("model", ["a"])
    cache.keep("model", ["d"], texts_of_lengths(3))
    assert sorted(found(cache, "model", ["a", "b", "c", "d"])) == ["a", "c", "d"]


def test_a_text_that_was_kept_again_outlives_its_first_slab() -> None:
    cache = EmbeddingCache(2 * (SLAB_BYTES + 2 * ENTRY_BYTES + 200))
    cache.keep("model", ["a", "b"], texts_of_lengths(1, 1))
    cache.keep("model", ["a", "c"], texts_of_lengths(2, 2))
    cache.keep("model", ["d", "e"], texts_of_lengths(1, 1))
    assert found(cache, "model", ["a", "b", "c"]) == {"a": [0, 1], "c": [2, 3]}


def test_a_batch_that_is_larger_than_the_cache_is_left_out_and_drives_nothing_out() -> None:
    cache = EmbeddingCache(4000)
    cache.keep("model", ["a"], texts_of_lengths(1))
    cache.keep("model", ["b"], texts_of_lengths(5000))
    assert sorted(found(cache, "model", ["a", "b"])) == ["a"]


@given(
    max_bytes=st.integers(0, 20_000),
    batches=st.lists(st.lists(st.tuples(st.text(max_size=200), st.integers(0, 500)), max_size=5), max_size=20),
)
def test_what_is_remembered_never_takes_more_than_its_bytes(
    max_bytes: int, batches: list[list[tuple[str, int]]]
) -> None:
    cache = EmbeddingCache(max_bytes)
    for batch in batches:
        lengths = dict(batch)
        cache.keep("model", list(lengths), texts_of_lengths(*lengths.values()))
        assert cache.nbytes <= max_bytes
    parts = cache.find("model", {text for batch in batches for text, _ in batch})
    assert sum(rows.nbytes + sum(map(len, keys)) for keys, rows in parts) <= max(cache.nbytes, 0)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), st.data())
def test_taking_and_joining_keeps_every_entrys_rows(lengths: list[int], data: st.DataObject) -> None:
    rows = texts_of_lengths(*lengths)
    chosen = data.draw(st.lists(st.integers(0, len(lengths) - 1), max_size=8))
    taken = join([rows.take(np.array([at], np.int64)) for at in chosen] or [rows.take(np.array([], np.int64))])
    whole = [rows.columns[0][rows.starts[at] : rows.starts[at + 1]].tolist() for at in range(len(rows))]
    together = rows.take(np.array(chosen, np.int64))
    for made in (taken, together):
        assert [made.columns[0][made.starts[at] : made.starts[at + 1]].tolist() for at in range(len(made))] == [
            whole[at] for at in chosen
        ]
