"""A real broker for the tests of its client."""

from collections.abc import Iterator

import pytest

from deploy.local.broker import LocalBroker


@pytest.fixture(scope="session")
def local_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    """A real broker."""
    broker = LocalBroker(tmp_path_factory.mktemp("broker"), 0)
    broker.start()
    yield broker
    broker.stop()
