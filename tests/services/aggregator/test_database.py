"""What becomes of a transaction when PostgreSQL is away, or refuses what it is given."""

import random
import string
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from seep.local_postgres import local_postgres
from seep.records import RunManifest, ScoredJob
from services.aggregator.database import DatabaseUnavailable
from services.aggregator.migrate import migrate
from services.aggregator.store import Store
from tests.services.aggregator.summaries import figures, state

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]


def test_a_value_that_is_too_large_is_no_trouble_of_the_database(store: Store, manifest: Manifest) -> None:
    # As a thing that nobody has thought of would be.
    draw = random.Random(1)
    noise = "".join(draw.choices(string.ascii_letters, k=10_000))
    with pytest.raises(psycopg.errors.ProgramLimitExceeded):
        store.record([], [], [manifest(1, {"1": 1}, suite=noise)])
    store.record([], [], [manifest(1, {"1": 1})])
    assert state(store) == "running"


def test_a_store_goes_on_after_the_server_was_away(tmp_path: Path, scored: Scored) -> None:
    with local_postgres(tmp_path) as dsn:
        migrate(dsn)
        store = Store(dsn, stalled_after_seconds=1800)
        store.record([scored("a", {"1": [1.0]})], [], [])
    with pytest.raises(DatabaseUnavailable):
        store.record([scored("b", {"1": [0.0]})], [], [])
    with pytest.raises(DatabaseUnavailable):
        store.rates("run-1")
    with local_postgres(tmp_path):
        store.record([scored("b", {"1": [0.0]})], [], [])
        assert figures(store.rates("run-1"))["1"][:2] == (50.0, 2)


def test_a_store_opens_without_a_server() -> None:
    with (
        Store.open("postgresql://nobody@localhost:1/nothing") as store,
        pytest.raises(DatabaseUnavailable),
    ):
        store.changed_runs()
