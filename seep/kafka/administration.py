"""The topics of the real broker: which there are, and making them as configured."""

import logging
import time
from collections.abc import Mapping
from contextlib import suppress

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource
from kafka.errors import (
    CoordinatorNotAvailableError,
    GroupIdNotFoundError,
    InvalidPartitionsError,
    KafkaError,
    TopicAlreadyExistsError,
)

from seep.kafka.broker import BrokerUnavailable
from seep.kafka.connection import broker_errors, open_admin
from seep.kafka.topics import TopicConfig
from seep.settings import Kafka

log = logging.getLogger(__name__)

COORDINATOR_SECONDS = 30.0
COORDINATOR_PAUSE_SECONDS = 0.2


def existing_topics(kafka: Kafka) -> set[str]:
    """The names of the broker's topics. Raises BrokerUnavailable."""
    admin = open_admin(kafka)
    try:
        with broker_errors("topics were not listed"):
            return set(admin.list_topics())
    finally:
        admin.close()


def members(kafka: Kafka, group: str) -> int:
    """How many members a consumer group has now; 0 if there is no such group. Raises BrokerUnavailable."""
    admin = open_admin(kafka)
    try:
        with broker_errors("the consumer group was not described"):
            return _members(admin, group, time.monotonic() + COORDINATOR_SECONDS)
    finally:
        admin.close()


def _members(admin: KafkaAdminClient, group: str, deadline: float) -> int:
    while True:
        try:
            return len(admin.describe_groups([group])[group]["members"])
        except GroupIdNotFoundError:
            return 0
        except CoordinatorNotAvailableError:
            # The first question about any group has the broker make a topic of its own.
            if time.monotonic() > deadline:
                raise
            time.sleep(COORDINATOR_PAUSE_SECONDS)


def create_topics(kafka: Kafka, configs: Mapping[str, TopicConfig]) -> list[str]:
    """Creates missing topics and returns their names; the others get missing partitions and changed options.

    Raises BrokerUnavailable.
    """
    admin = open_admin(kafka)
    try:
        existing = set(admin.list_topics())
        missing = sorted(set(configs) - existing)
        if missing:
            _create(admin, {name: configs[name] for name in missing})
        older = {name: config for name, config in configs.items() if name in existing}
        if older:
            _add_partitions(admin, older)
            _update_options(admin, older)
        return missing
    except KafkaError as error:
        raise BrokerUnavailable(f"topics were not made as configured: {type(error).__name__}: {error}") from error
    finally:
        admin.close()


def _create(admin: KafkaAdminClient, configs: Mapping[str, TopicConfig]) -> None:
    wanted = {
        name: {
            "num_partitions": config.partitions,
            "replication_factor": config.replication_factor,
            "configs": dict(config.options),
        }
        for name, config in configs.items()
    }
    with suppress(TopicAlreadyExistsError):  # another process was faster with one of them
        admin.create_topics(wanted)
    admin.wait_for_topics(sorted(wanted))


def _add_partitions(admin: KafkaAdminClient, configs: Mapping[str, TopicConfig]) -> None:
    found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(list(configs))}
    wanted = {name: configs[name].partitions for name, count in found.items() if count < configs[name].partitions}
    if wanted:
        with suppress(InvalidPartitionsError):  # another process was faster
            admin.create_partitions(wanted)
        for name, partitions in sorted(wanted.items()):
            log.warning("%s: %d partitions from now on", name, partitions)


def _update_options(admin: KafkaAdminClient, configs: Mapping[str, TopicConfig]) -> None:
    resources = [ConfigResource("topic", name, dict(config.options)) for name, config in configs.items()]
    found = admin.describe_configs(resources, config_filter="all").get("topic", {})
    changes = {
        # Nothing is found if this user may not look: it keeps to what it may do, which is to create.
        name: {
            key: value
            for key, value in configs[name].options.items()
            if key in options and options[key]["value"] != value
        }
        for name, options in found.items()
    }
    changed = [ConfigResource("topic", name, change) for name, change in changes.items() if change]
    if not changed:
        return
    for name, result in admin.alter_configs(changed, raise_on_unknown=False)["topic"].items():
        if result != "OK":
            raise BrokerUnavailable(f"topic {name} was not given its configuration: {result}")
        log.warning("%s: %s from now on", name, changes[name])
