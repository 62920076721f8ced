"""Which runs were cancelled, so that a service spends nothing more on them."""

from seep.codec import DecodeError, decode_manifest
from seep.kafka.broker import Broker
from seep.kafka.topics import RUNS


class CancelledRuns:
    """Follows seep.runs: refreshed once per batch, then called for every job of it."""

    def __init__(self, broker: Broker) -> None:
        """Raises BrokerUnavailable."""
        self._reader = broker.reader(RUNS)
        self._runs: set[str] = set()

    def refresh(self) -> None:
        """Reads what has come since. Raises BrokerUnavailable."""
        for message in self._reader.new_messages():
            try:
                manifest = decode_manifest(message.value or b"")
            except DecodeError:  # the aggregator, whose matter manifests are, reports it
                continue
            if manifest.cancelled:
                self._runs.add(manifest.run_id)

    def __call__(self, run_id: str) -> bool:
        """Whether the run was cancelled."""
        return run_id in self._runs
