"""The aggregator, killed by SIGKILL once it has committed a batch and before it publishes the rates of it."""

import os
import signal

from services.aggregator import __main__ as aggregator


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class _StoreThatRecordsOnce(aggregator.Store):
    def record(self, *arguments: object, **named: object) -> None:  # type: ignore[override]
        super().record(*arguments, **named)  # type: ignore[arg-type]
        aggregator.publish_changed = _die


if __name__ == "__main__":
    aggregator.Store = _StoreThatRecordsOnce  # type: ignore[misc]
    aggregator.run_service(aggregator.main, aggregator.service_arguments(""))
