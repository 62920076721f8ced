"""Nothing is lost and nothing counted twice, whatever is killed, restarted, garbled or away for a while."""

import json
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cli.sending import job_messages, manifest_message
from deploy.local.stack import Service
from seep.codec import decode_rate
from seep.kafka.client import KafkaBroker
from seep.kafka.messages import Outgoing
from seep.kafka.topics import DEAD_LETTERS, RATES
from seep.records import LeakRate
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite
from tests.commands import run_command
from tests.guests import JOBS, SAMPLES, write_recorded, write_suite
from tests.rates import expected, without_names
from tests.stack import Stack, stack_in

GARBLED = 2
MISSED = "will be tried again"
GARBAGE = b"\xff\xfe this is no job"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("resilience")


@pytest.fixture(scope="module")
def suite(folder: Path) -> Path:
    return write_suite(folder / "guests.yaml")


@pytest.fixture(scope="module")
def recorded(suite: Path, folder: Path) -> Path:
    return write_recorded(suite, folder / "guests.jsonl")


@pytest.fixture(scope="module")
def undisturbed(suite: Path, recorded: Path, folder: Path) -> list[dict[str, Any]]:
    """The rates of the same run in one process, without their run's id."""
    options = ("--recorded", str(recorded), "--metrics", "sentence_bert", "--json")
    code, printed, complaint = run_command("run", str(suite), *options, folder=folder)
    assert code == 0, complaint
    return expected(json.loads(printed))


@pytest.fixture(scope="module")
def stack(recorded: Path, folder: Path) -> Iterator[Stack]:
    """Running services, started before their broker; they take few jobs at once, to have a middle to be killed in."""
    configuration = {
        "engines": {"recorded": {"backend": "recorded", "file": str(recorded)}},
        "targets": {"recorded": {"engine": "recorded"}},
        "metrics": {"sentence_bert": {"model": "all-MiniLM-L6-v2"}, "bert_score": None},
        "worker": {"batch_size": 4},
    }
    with stack_in(folder, configuration) as stack:
        stack.broker.stop()
        stack.start()
        for name in ("generator-recorded", "scorer", "aggregator"):
            waiting = partial(says, stack.services[name].log, "no broker answers")
            stack.wait_until(waiting, f"{name} to wait")
        stack.broker.start()
        yield stack


def test_services_that_were_there_before_their_broker_do_their_work(
    stack: Stack, suite: Path, undisturbed: list[dict[str, Any]]
) -> None:
    run = stack.push(suite, "recorded")
    stack.wait_for_state(run, "complete")
    assert_undisturbed(stack, run, undisturbed)


def test_each_service_killed_in_mid_run_changes_nothing(
    stack: Stack, suite: Path, undisturbed: list[dict[str, Any]]
) -> None:
    run = stack.push(suite, "recorded")
    for jobs, name in ((10, "generator-recorded"), (40, "scorer"), (80, "aggregator")):
        stack.wait_for_jobs(run, jobs)
        stack.services[name].kill()
        stack.services[name].start()
    stack.wait_for_state(run, "complete")
    assert_undisturbed(stack, run, undisturbed)


def test_the_aggregator_killed_between_commit_and_publishing_publishes_when_it_is_back(
    stack: Stack, suite: Path, undisturbed: list[dict[str, Any]]
) -> None:
    aggregator = stack.services["aggregator"]
    dies_there = Service(
        ["tests.end_to_end.aggregator_killed_before_publishing", *aggregator.arguments[1:]],
        aggregator.environment,
        aggregator.log,
    )
    aggregator.stop()
    dies_there.start()
    run = stack.push(suite, "recorded")
    stack.wait_until(lambda: dies_there.ended() is not None, "the aggregator to be killed")
    assert dies_there.ended() == -9
    assert stack.store().changed_runs(), "it was to die after a commit and before publishing"
    assert not published(stack, run)
    aggregator.start()
    stack.wait_for_state(run, "complete")
    assert_undisturbed(stack, run, undisturbed)


def test_the_rates_of_the_last_commit_are_published_by_a_restarted_aggregator_without_any_new_message(
    stack: Stack, suite: Path
) -> None:
    loaded = load_suite(suite)
    store = stack.store()
    stack.services["aggregator"].stop()
    store.record([], [], [manifest(loaded, run_id="left-behind", target="recorded", created_at=1.0)])
    assert store.changed_runs()
    stack.services["aggregator"].start()
    stack.wait_until(lambda: not store.changed_runs(), "the mark to be cleared")


def test_garbled_messages_die_with_their_bytes_and_the_mended_run_is_complete(
    stack: Stack, suite: Path, undisturbed: list[dict[str, Any]]
) -> None:
    run = "garbled"
    loaded = load_suite(suite)
    messages = list(job_messages(prompt_jobs(loaded, run_id=run, target="recorded")))
    garbled = random.Random(3).sample(range(JOBS), GARBLED)
    for index in garbled:
        messages[index] = Outgoing(messages[index].topic, messages[index].key, GARBAGE)
    KafkaBroker(stack.settings.kafka).sender().send(
        [manifest_message(manifest(loaded, run_id=run, target="recorded", created_at=1.0)), *messages]
    )
    stack.wait_for_state(run, "partial")

    letters = list(KafkaBroker(stack.settings.kafka).reader(DEAD_LETTERS).new_messages())
    assert sorted((letter.key, letter.value) for letter in letters) == sorted(
        (messages[index].key, GARBAGE) for index in garbled
    )
    watched = stack.seep("watch", run)
    assert watched.returncode == 3
    assert f"comparisons have no rate: {GARBLED * 2 * SAMPLES} not recorded" in watched.stdout
    assert f"failed: {GARBLED} of {JOBS} jobs, in the generator: not a PromptJob message" in watched.stdout
    assert stack.seep("dead-letters", "list", "--run", run).stdout.count("generator") == GARBLED

    replayed = stack.seep("dead-letters", "replay", "--run", run, "--suite", str(suite))
    assert replayed.stdout == f"replayed {GARBLED}\n"
    stack.wait_for_state(run, "complete")
    assert stack.seep("watch", run).returncode == 0
    assert_undisturbed(stack, run, undisturbed)


def test_sending_a_run_twice_is_one_run(stack: Stack, suite: Path, undisturbed: list[dict[str, Any]]) -> None:
    for _ in range(2):
        assert stack.seep("push", str(suite), "--target", "recorded", "--run-id", "twice").returncode == 0
    stack.wait_for_state("twice", "complete")
    assert_undisturbed(stack, "twice", undisturbed)
    other = stack.seep("push", "colours", "--target", "recorded", "--run-id", "twice")
    assert (other.returncode, other.stdout) == (2, "")
    assert "--run-id twice: this run was sent with another suite, target or sample count" in other.stderr


def test_database_and_broker_away_for_a_while(stack: Stack, suite: Path, undisturbed: list[dict[str, Any]]) -> None:
    run = stack.push(suite, "recorded")
    stack.wait_for_jobs(run, 10)
    log = stack.services["aggregator"].log
    missed_before = text_of(log).count(MISSED)
    with stack.database_down():
        stack.wait_until(lambda: text_of(log).count(MISSED) > missed_before, "the aggregator to miss its database")
    stack.wait_for_jobs(run, 40)
    stack.broker.stop()
    stack.broker.start()
    stack.wait_for_state(run, "complete")
    assert all(service.ended() is None for service in stack.services.values())
    assert_undisturbed(stack, run, undisturbed)


def test_a_cancelled_runs_jobs_are_not_generated(stack: Stack, suite: Path) -> None:
    for service in stack.services.values():
        service.stop()
    run = stack.push(suite, "recorded")
    assert stack.seep("cancel", run).returncode == 0
    again = stack.seep("push", str(suite), "--target", "recorded", "--run-id", run)
    assert "this run was cancelled" in again.stderr
    stack.start()
    stack.wait_for_state(run, "cancelled")
    other = stack.push(suite, "recorded")
    stack.wait_for_state(other, "complete")
    summary = stack.store().run(run)
    assert summary is not None
    assert (summary.state, summary.recorded) == ("cancelled", 0)
    assert stack.seep("watch", run).returncode == 4


def test_sigterm_ends_every_service_within_its_grace_time_with_status_0(stack: Stack, suite: Path) -> None:
    run = stack.push(suite, "recorded")
    stack.wait_for_jobs(run, 10)
    assert {name: service.stop() for name, service in stack.services.items()} == dict.fromkeys(stack.services, 0)
    stack.start()
    stack.wait_for_state(run, "complete")


def assert_undisturbed(stack: Stack, run_id: str, undisturbed: list[dict[str, Any]]) -> None:
    """The rates of the run, in the database and on seep.rates, are to the last digit those of an undisturbed one."""
    printed = stack.seep("rates", run_id, "--json")
    assert without_names(json.loads(printed.stdout)) == undisturbed
    store = stack.store()
    assert len(store.comparisons(run_id, limit=10_000)) == JOBS * 2 * SAMPLES
    stack.wait_until(lambda: not store.changed_runs(), "the rates to be published")
    assert published(stack, run_id) == {(rate.metric, rate.category): rate for rate in store.written_rates(run_id)}


def published(stack: Stack, run_id: str) -> dict[tuple[str, str], LeakRate]:
    """The living values on seep.rates."""
    messages = KafkaBroker(stack.settings.kafka).reader(RATES).new_messages()
    rates = [decode_rate(message.value or b"") for message in messages]
    return {(rate.metric, rate.category): rate for rate in rates if rate.run_id == run_id}


def says(log: Path, text: str) -> bool:
    return text in text_of(log)


def text_of(log: Path) -> str:
    return log.read_text(encoding="utf-8") if log.is_file() else ""
