"""The aggregator, killed by SIGKILL once it has committed a batch and before it publishes the rates of it."""

import os
import signal

from services.aggregator import __main__ as aggregator

_record = aggregator.record


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _record_once(*arguments: object) -> None:
    _record(*arguments)  # type: ignore[arg-type]
    aggregator.publish_changed = _die


if __name__ == "__main__":
    aggregator.record = _record_once
    aggregator.run_service(aggregator.main, aggregator.service_arguments(""))
