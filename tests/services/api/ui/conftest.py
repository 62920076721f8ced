"""The pages over two months of runs; seeded once for all tests of a file, which only read."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from seep.settings import Settings
from services.api.application import application
from tests import seeded
from tests.databases import database
from tests.stored import Stored

DAYS = 9
RAISE_ALARM = """
UPDATE monitor_runs SET alarm = true, e_value = 44
WHERE place = (SELECT max(place) FROM monitor_runs WHERE monitor = 'alarming')
"""


@pytest.fixture(scope="module")
def configured() -> Settings:
    """The settings with the monitors that are seeded."""
    return seeded.settings()


@pytest.fixture(scope="module")
def days() -> int:
    """Of how many days there are runs; a module of tests may want more."""
    return DAYS


@pytest.fixture(scope="module")
def pages_store(postgres_server: str, migrated: str, configured: Settings, days: int) -> Iterator[Stored]:
    """A store with a few days of each monitor's runs, and the runs that were sent by hand."""
    with database(postgres_server, migrated) as dsn, Stored(dsn) as store:
        seeded.seed(store, configured, days)
        if days == DAYS:
            with store.transaction() as connection:  # as it is after more days than these
                connection.execute(RAISE_ALARM)
        yield store


@pytest.fixture(scope="module")
def client(pages_store: Stored, configured: Settings) -> TestClient:
    """A client of pages that need no log-in."""
    return TestClient(application(pages_store, configured), base_url="http://localhost", follow_redirects=False)
