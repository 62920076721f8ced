"""Services under load: batches longer than Kafka allows between polls, more work than is done, ever new runs."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cli.sending import job_messages
from deploy.local.stack import Service
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import GENERATIONS
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from tests.faults.brokers import FaultyBroker
from tests.faults.disturbed_service import Disturbance
from tests.faults.form import Form, Report
from tests.faults.progress import Memory, members, positions, recorded
from tests.faults.questions import Questions, write_questions
from tests.faults.world import STAGES, TARGET, faulty_stack
from tests.stack import Stack, scrape
from tests.waiting import wait_until

# The interval that the services ask for is 30 s; the short one is asked for in its place by the short form's scorer.
SHORT_INTERVAL_MS, INTERVAL_SECONDS = 8_000, 30.0
MOST_GROWTH = 1.10
SLOW_SECONDS = 4.0
LAG = f'seep_lag_messages{{topic="{GENERATIONS}"}}'
SENT_AT_ONCE = 500


@pytest.fixture(scope="module")
def questions(folder: Path, form: Form) -> Questions:
    return write_questions(folder, max(form.jobs, form.distinct_runs))


@pytest.fixture(scope="module")
def few(folder: Path) -> Questions:
    """A suite of few of the same jobs, whose answers are among those."""
    return write_questions(folder / "few", 24)


@pytest.fixture(scope="module")
def stack(folder: Path, questions: Questions) -> Iterator[Stack]:
    with faulty_stack(folder, questions, FaultyBroker(folder / "kafka")) as stack:
        yield stack


@pytest.fixture
def running(stack: Stack) -> Iterator[list[Service]]:
    """What a test starts; killed after it."""
    services: list[Service] = []
    yield services
    for service in services:
        service.kill()


def started(services: list[Service], more: Sequence[Service]) -> None:
    """Starts services and waits until they serve."""
    services += more
    for service in more:
        service.start()
    wait_until(lambda: all(" serves " in service.log.read_text() for service in more), "services", seconds=120)


def test_distinct_runs_and_prompts_leave_series_and_memory_as_they_are(
    stack: Stack, questions: Questions, running: list[Service], form: Form, report: Report
) -> None:
    started(running, [stack.services[name] for name in STAGES])
    suite = load_suite(questions.suite)
    jobs = prompt_jobs(suite, run_id="distinct", target=TARGET)[: form.distinct_runs]
    sender = KafkaBroker(stack.settings.kafka).sender()
    memory, series = Memory(running), []
    for start in range(0, len(jobs), SENT_AT_ONCE):
        before = recorded(stack)
        some = [replace(job, run_id=f"distinct-{job.job_id}") for job in jobs[start : start + SENT_AT_ONCE]]
        sender.send(list(job_messages(some)))
        while recorded(stack) < before + len(some):
            memory.look()
            series.append([len(scrape(service)) for service in running])
            time.sleep(1)
    sender.close()
    report(
        runs=len(jobs),
        series=dict(zip(STAGES, series[-1], strict=True)),
        mebibytes=dict(zip(STAGES, map(round, memory.samples[-1]), strict=True)),
        growth=[round(each, 2) for each in memory.growth()],
    )
    # Those of a label that is first used come with the first batches.
    middle = len(series) // 2
    assert series[middle] == series[-1]
    assert max(memory.growth()) <= MOST_GROWTH


def test_more_work_than_the_scorer_does_shows_as_lag_and_takes_no_memory(
    stack: Stack, few: Questions, questions: Questions, running: list[Service], form: Form, report: Report
) -> None:
    slow = stack.another("scorer", Disturbance(handler_seconds=SLOW_SECONDS))
    started(running, [stack.services[STAGES[0]], slow, stack.services[STAGES[2]]])
    memory, lags = Memory(running), [0.0]
    before = positions(stack)
    sent, over = 0, time.monotonic() + form.seconds_of_pressure
    while time.monotonic() < over:
        # A run each second, so that as much is sent to a slow machine as to a quick one.
        run = f"pressed-{sent}"
        assert stack.seep("push", str(few.suite), "--target", TARGET, "--run-id", run).returncode == 0
        sent += 1
        memory.look()
        lags.append(scrape(slow).get(LAG, 0.0))
        time.sleep(max(0.0, 1.0 - time.monotonic() % 1))
    done = sum(now - before[place][0] for place, (now, _) in positions(stack).items() if place[1] == GENERATIONS)
    made = sum(end - before[place][1] for place, (_, end) in positions(stack).items() if place[1] == GENERATIONS)
    report(
        generated=made,
        scored=done,
        highest_lag=max(lags),
        mebibytes=dict(zip(STAGES, map(round, memory.samples[-1]), strict=True)),
        growth=[round(each, 2) for each in memory.growth()],
    )
    assert made > 3 * done
    assert max(lags) > made / 4
    assert max(memory.growth()) <= MOST_GROWTH


def test_a_batch_twice_as_long_as_the_poll_interval_leaves_the_group_as_it_is(
    few: Questions, stack: Stack, running: list[Service], form: Form, report: Report
) -> None:
    full = form.seconds_of_pressure > 100
    interval = INTERVAL_SECONDS if full else SHORT_INTERVAL_MS / 1000
    options = {} if full else {"max_poll_interval_ms": SHORT_INTERVAL_MS}
    slow = stack.another("scorer", Disturbance((), 2 * interval, options))
    started(running, [stack.services[STAGES[0]], slow])
    stack.push(few.suite, TARGET)
    stack.wait_until(lambda: len(members(stack, "seep-scorer")) == 1, "the scorer to be the only member")
    assigned = members(stack, "seep-scorer")
    before = positions(stack)
    begin = time.monotonic()

    def one_batch_is_done() -> bool:
        assert members(stack, "seep-scorer") == assigned
        return any(now > before[place][0] for place, (now, _) in positions(stack).items() if place[1] == GENERATIONS)

    stack.wait_until(one_batch_is_done, "a batch to be committed", seconds=6 * interval)
    assert members(stack, "seep-scorer") == assigned
    assert "moved" not in slow.log.read_text()
    report(interval_s=interval, batch_s=2 * interval, committed_after_s=round(time.monotonic() - begin, 1))
