"""A broker that dies, is slow, cuts connections, loses offsets and topics: nothing is lost, nothing is there twice."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.structs import TopicPartition

from seep.kafka.client import KafkaBroker
from seep.kafka.connection import connection_options
from seep.kafka.topics import GENERATIONS, SCORES, topic_configs
from tests.faults.brokers import ProxiedBroker
from tests.faults.form import Form, Report
from tests.faults.progress import GROUPS, positions, recorded
from tests.faults.questions import Questions
from tests.faults.verifier import Rows, assert_exact
from tests.faults.world import PARTITIONS, TARGET, faulty_stack
from tests.stack import Stack

LATENCY_SECONDS = 2.0
SECONDS_WITH_LATENCY = 15.0
RESETS, BETWEEN_RESETS = 5, 2.0


@pytest.fixture(scope="module")
def broker(folder: Path) -> ProxiedBroker:
    return ProxiedBroker(folder / "kafka")


@pytest.fixture(scope="module")
def stack(folder: Path, questions: Questions, broker: ProxiedBroker) -> Iterator[Stack]:
    with faulty_stack(folder, questions, broker) as stack, ExitStack() as parts:
        parts.callback(broker.proxy.close)
        stack.start()
        yield stack


@pytest.fixture
def admin(stack: Stack) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(**connection_options(stack.settings.kafka))
    yield admin
    admin.close()


# The first: later there would be the messages of all other runs to handle again.
def test_offsets_that_expired_have_everything_handled_again(
    stack: Stack, admin: KafkaAdminClient, questions: Questions, expected: Rows, report: Report
) -> None:
    run = stack.push(questions.suite, "recorded")
    stack.wait_for_jobs(run, questions.jobs // 10)
    stack.stop()
    admin.delete_groups(list(GROUPS))
    stack.start()
    stack.wait_for_state(run, "complete")
    stack.wait_until(lambda: all(done == end for done, end in positions(stack).values()), "all to be handled again")
    assert_exact(stack, run, expected)
    report(messages_handled_again=sum(end for _, end in positions(stack).values()))


def test_a_broker_killed_in_mid_run(
    stack: Stack, broker: ProxiedBroker, questions: Questions, expected: Rows, form: Form, report: Report
) -> None:
    recoveries = []
    for round_ in range(form.broker_kills):
        run = stack.push(questions.suite, "recorded")
        stack.wait_for_jobs(run, questions.jobs // 10)
        broker.away(form.seconds_away if round_ == 0 else 5.0)
        before, back = recorded(stack), time.monotonic()
        stack.wait_until(partial(more_recorded, stack, before), "the services to go on")
        recoveries.append(time.monotonic() - back)
        stack.wait_for_state(run, "complete")
        assert_exact(stack, run, expected)
    report(kills=form.broker_kills, away_s=form.seconds_away, longest_recovery_s=round(max(recoveries), 1))


def test_a_slow_network_and_connections_that_are_reset(
    stack: Stack, broker: ProxiedBroker, questions: Questions, expected: Rows, report: Report
) -> None:
    run = stack.push(questions.suite, "recorded")
    stack.wait_for_jobs(run, questions.jobs // 10)
    broker.proxy.delay_seconds = LATENCY_SECONDS / 2
    time.sleep(SECONDS_WITH_LATENCY)
    broker.proxy.delay_seconds = 0.0
    second = stack.push(questions.suite, "recorded")
    reset = 0
    for _ in range(RESETS):
        time.sleep(BETWEEN_RESETS)
        reset += broker.proxy.reset_all()
    back = time.monotonic()
    for each in (run, second):
        stack.wait_for_state(each, "complete")
        assert_exact(stack, each, expected)
    report(latency_s=LATENCY_SECONDS, connections_reset=reset, complete_after_s=round(time.monotonic() - back, 1))


def test_partitions_added_under_running_services(
    stack: Stack, questions: Questions, expected: Rows, report: Report
) -> None:
    kafka = stack.settings.kafka
    topics = kafka.topics.model_copy(update={"partitions": PARTITIONS + 2})
    before = stack.push(questions.suite, "recorded")
    KafkaBroker(kafka).create_topics(topic_configs([TARGET], topics))
    after = stack.push(questions.suite, "recorded")
    for run in (before, after):
        stack.wait_for_state(run, "complete")
        assert_exact(stack, run, expected)
    report(partitions=f"{PARTITIONS} to {PARTITIONS + 2}")


def test_messages_that_the_broker_deleted_are_missing_and_later_runs_whole(
    stack: Stack, admin: KafkaAdminClient, questions: Questions, expected: Rows
) -> None:
    """Retention past what was handled: the positions of the groups are no longer there."""
    stack.stop()
    lost = stack.push(questions.suite, "recorded")
    ends = {TopicPartition(topic, p): end for (_, topic, p), (_, end) in positions(stack).items() if "jobs" in topic}
    admin.delete_records(ends)
    stack.start()
    run = stack.push(questions.suite, "recorded")
    stack.wait_for_state(run, "complete")
    assert_exact(stack, run, expected)
    summary = stack.store().run(lost)
    assert summary is not None
    assert (summary.recorded, summary.state) == (0, "running")


def test_topics_deleted_and_made_anew_under_running_services(
    stack: Stack, admin: KafkaAdminClient, questions: Questions, expected: Rows, report: Report
) -> None:
    names = [GENERATIONS, SCORES]
    admin.delete_topics(names)
    stack.wait_until(lambda: not set(names) & KafkaBroker(stack.settings.kafka).existing_topics(), "topics to go")
    KafkaBroker(stack.settings.kafka).create_topics(topic_configs([TARGET], stack.settings.kafka.topics))
    made = time.monotonic()
    run = stack.push(questions.suite, "recorded")
    stack.wait_for_state(run, "complete")
    assert_exact(stack, run, expected)
    report(complete_after_s=round(time.monotonic() - made, 1))


def more_recorded(stack: Stack, before: int) -> bool:
    return recorded(stack) > before
