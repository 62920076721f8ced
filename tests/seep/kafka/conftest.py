"""A real broker for the tests of its client."""

from collections.abc import Iterator

import pytest

from deploy.local.broker import LocalBroker


@pytest.fixture(scope="module")
def local_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalBroker]:
    """A real broker. One that stays until the session ends takes five times the processor time, by waiting."""
    broker = LocalBroker(tmp_path_factory.mktemp("broker"), 0)
    broker.start()
    yield broker
    broker.stop()
