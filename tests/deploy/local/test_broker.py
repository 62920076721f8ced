"""The broker for trying out."""

import socket
from pathlib import Path

import pytest

from deploy.local.broker import LocalBroker


def test_a_stranger_at_the_port_is_not_taken_for_the_broker(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        broker = LocalBroker(tmp_path, stranger.getsockname()[1])
        with pytest.raises(SystemExit, match="the broker ended while starting"):
            broker.start()
