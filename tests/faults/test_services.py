"""What happens to runs beside faults: services before their broker, garbled messages, runs sent twice or cancelled."""

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from cli.sending import job_messages, manifest_message
from seep.kafka.client import KafkaBroker
from seep.kafka.messages import Outgoing
from seep.kafka.topics import DEAD_LETTERS
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite
from tests.faults.questions import Questions
from tests.faults.verifier import Rows, assert_exact
from tests.faults.world import STAGES, faulty_stack
from tests.stack import Stack

GARBLED = 2
# Of a job: in each of two directives one in each of four categories.
OUTCOMES = 8
GARBAGE = b"\xff\xfe this is no job"


@pytest.fixture(scope="module")
def stack(questions: Questions, folder: Path) -> Iterator[Stack]:
    """Running services, started before their broker."""
    with faulty_stack(folder, questions) as stack:
        stack.broker.stop()
        stack.start()
        for name in STAGES:
            waiting = partial(says, stack.services[name].log, "no broker answers")
            stack.wait_until(waiting, f"{name} to wait")
        stack.broker.start()
        yield stack


def test_services_that_were_there_before_their_broker_do_their_work(
    stack: Stack, questions: Questions, expected: Rows
) -> None:
    run = stack.push(questions.suite, "recorded")
    stack.wait_for_state(run, "complete")
    assert_exact(stack, run, expected)


def test_the_rates_of_the_last_commit_are_published_by_a_restarted_aggregator_without_any_new_message(
    stack: Stack, questions: Questions
) -> None:
    loaded = load_suite(questions.suite)
    store = stack.store()
    stack.services["aggregator"].stop()
    store.record([], [], [manifest(loaded, run_id="left-behind", target="recorded", created_at=1.0)])
    assert store.changed_runs()
    stack.services["aggregator"].start()
    stack.wait_until(lambda: not store.changed_runs(), "the mark to be cleared")


def test_garbled_messages_die_with_their_bytes_and_the_mended_run_is_complete(
    stack: Stack, questions: Questions, expected: Rows
) -> None:
    run = "garbled"
    loaded = load_suite(questions.suite)
    messages = list(job_messages(prompt_jobs(loaded, run_id=run, target="recorded")))
    garbled = random.Random(3).sample(range(questions.jobs), GARBLED)
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
    assert f"comparisons have no score: {GARBLED * OUTCOMES} not recorded" in watched.stdout
    assert f"failed: {GARBLED} of {questions.jobs} jobs, in the generator: not a PromptJob message" in watched.stdout
    assert stack.seep("dead-letters", "list", "--run", run).stdout.count("generator") == GARBLED

    replayed = stack.seep("dead-letters", "replay", "--run", run, "--suite", str(questions.suite))
    assert replayed.stdout == f"replayed {GARBLED}\n"
    stack.wait_for_state(run, "complete")
    assert stack.seep("watch", run).returncode == 0
    assert_exact(stack, run, expected)


def test_sending_a_run_twice_is_one_run(stack: Stack, questions: Questions, expected: Rows) -> None:
    for _ in range(2):
        assert stack.seep("push", str(questions.suite), "--target", "recorded", "--run-id", "twice").returncode == 0
    stack.wait_for_state("twice", "complete")
    assert_exact(stack, "twice", expected)
    other = stack.seep("push", "colours", "--target", "recorded", "--run-id", "twice")
    assert (other.returncode, other.stdout) == (2, "")
    assert "--run-id twice: this run was sent with another suite, target or sample count" in other.stderr


def test_a_cancelled_runs_jobs_are_not_generated(stack: Stack, questions: Questions) -> None:
    stack.stop()
    run = stack.push(questions.suite, "recorded")
    assert stack.seep("cancel", run).returncode == 0
    again = stack.seep("push", str(questions.suite), "--target", "recorded", "--run-id", run)
    assert "this run was cancelled" in again.stderr
    stack.start()
    stack.wait_for_state(run, "cancelled")
    other = stack.push(questions.suite, "recorded")
    stack.wait_for_state(other, "complete")
    summary = stack.store().run(run)
    assert summary is not None
    assert (summary.state, summary.recorded) == ("cancelled", 0)
    assert stack.seep("watch", run).returncode == 4


def says(log: Path, text: str) -> bool:
    return log.is_file() and text in log.read_text(encoding="utf-8")
