"""Where the commands find the broker: Kafka as configured, unless who runs them hands in another one."""

from collections.abc import Callable

import typer

from seep.kafka.broker import Broker
from seep.kafka.client import KafkaBroker
from seep.settings import Kafka, Settings

OpenBroker = Callable[[Kafka], Broker]


def open_broker(context: typer.Context, settings: Settings) -> Broker:
    """The broker for a command; nothing is connected yet. An OpenBroker may be the context's object."""
    opener: OpenBroker = context.obj or KafkaBroker
    return opener(settings.kafka)
