"""A broker that can be killed, that clients reach by way of a proxy, and whose settings a test changes."""

import time
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from deploy.local.broker import LocalBroker
from tests.faults.proxy import Proxy

# A member that was killed is missed after its session; Kafka's least is 6 s.
SHORT_SESSIONS = {"group.min.session.timeout.ms": "1000"}


class FaultyBroker(LocalBroker):
    """A local broker with other settings, which may be killed."""

    def __init__(self, folder: Path, changes: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, 0)
        self.changes = SHORT_SESSIONS | dict(changes or {})

    def launch(self) -> None:
        """Starts it without waiting until it takes connections."""
        with patch.object(self, "_wait_until_started"):
            self.start()

    def wait_until_started(self) -> None:
        """Returns when it is there for the first time."""
        self._wait_until_started(0)

    def stop(self) -> None:
        """Kills it: an orderly end takes seconds, and nobody uses its data afterwards."""
        self.kill()

    def kill(self) -> None:
        """kill -9; it may be started again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _properties(self) -> str:
        # Of two lines about one setting the last counts.
        return super()._properties() + "".join(f"{name}={value}\n" for name, value in self.changes.items())


class ProxiedBroker(FaultyBroker):
    """A broker that tells clients to come by way of a proxy."""

    def __init__(self, folder: Path, changes: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, changes)
        self.proxy = Proxy(self.port)
        self.changes["advertised.listeners"] = f"PLAINTEXT://127.0.0.1:{self.proxy.port}"

    @property
    def bootstrap_servers(self) -> str:
        """The proxy."""
        return f"127.0.0.1:{self.proxy.port}"

    def away(self, seconds: float) -> None:
        """Kills it, and starts it again after so many seconds."""
        self.kill()
        time.sleep(seconds)
        self.start()
