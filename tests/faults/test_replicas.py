"""Replicas that are added, taken away, stopped and terminated, while runs go on."""

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.stack import Service
from tests.faults.feed import Feed, two_of_each
from tests.faults.form import Form, Report
from tests.faults.progress import GROUPS, members, positions, seconds_until_all_move
from tests.faults.questions import Questions
from tests.faults.verifier import Rows
from tests.faults.world import STAGES
from tests.stack import Stack, stop_together

# What is promised of partitions when replicas come or go.
MOVES_ON_SECONDS = 60.0
# The session of a member is 10 s.
PAST_THE_SESSION = 12.0
GRACE_SECONDS = 20.0


@pytest.fixture(scope="module")
def replicas(stack: Stack) -> Iterator[list[Service]]:
    """Made by the first test that asks for them, and left running by each."""
    with two_of_each(stack) as running:
        yield running


@pytest.fixture
def feed(stack: Stack, questions: Questions) -> Feed:
    return Feed(stack, questions)


# Before there are replicas, which would do the work of whoever is terminated.
def test_a_terminated_process_ends_with_0_within_its_grace_time(
    stack: Stack, feed: Feed, expected: Rows, form: Form, report: Report
) -> None:
    draw = random.Random(29)
    took: list[float] = []
    services = [stack.another(name) for name in STAGES]
    try:
        for _ in range(form.terminations):
            for service in services:
                service.start()
            feed.keep_up()
            # Some while they load, some in a batch; none before Python has begun to run them.
            stack.wait_until(lambda: all(hears_sigterm(service.pid) for service in services), "services to begin")
            time.sleep(draw.uniform(0, 8))
            started = time.monotonic()
            statuses = stop_together(services)
            took.append(time.monotonic() - started)
            assert statuses == [0] * len(services), [service.log.read_text()[-2000:] for service in services]
        for service in services:
            service.start()
        feed.assert_all_exact(expected)
    finally:
        for service in services:
            service.kill()
    report(terminations=len(took) * len(services), statuses_other_than_0=0, longest_s=round(max(took), 1))
    assert max(took) < GRACE_SECONDS + 5


def test_every_partition_moves_on_when_replicas_come_and_go(
    stack: Stack, feed: Feed, replicas: list[Service], expected: Rows, form: Form, report: Report
) -> None:
    kept, others = replicas[::2], replicas[1::2]
    more = [stack.another(name) for name in STAGES]
    took = []
    try:
        stop_together(others)
        for number in range(form.scalings):
            for change in ("1 to 3", "3 to 1"):
                feed.runs.append(stack.push(feed.questions.suite, "recorded"))
                before = positions(stack)
                if change == "1 to 3":
                    for service in (*others, *more):
                        service.start()
                else:
                    stop_together([*others, *more])
                took.append(seconds_until_all_move(stack, before))
            # Round by round, so that a test that was ended has told what it measured.
            report(round=number + 1, from_1_to_3_s=round(took[-2], 1), from_3_to_1_s=round(took[-1], 1))
        assert all(service.ended() is None for service in kept)
        feed.assert_all_exact(expected)
        for service in others:
            service.start()
    finally:
        for service in more:
            service.kill()
    report(scalings=len(took), longest_s=round(max(took), 1), jobs=feed.questions.jobs * len(feed.runs))
    assert max(took) < MOVES_ON_SECONDS


def test_a_process_that_slept_past_its_session_counts_nothing_twice(
    stack: Stack, feed: Feed, replicas: list[Service], expected: Rows, form: Form, report: Report
) -> None:
    draw = random.Random(23)
    stack.wait_until(lambda: all(len(members(stack, group)) == 2 for group in GROUPS), "both replicas to be members")
    for number in range(form.session_stops):
        feed.keep_up()
        stack.wait_for_jobs(feed.runs[-1], 10)
        sleepers = [draw.choice(pair) for pair in zip(replicas[::2], replicas[1::2], strict=True)]
        for service in sleepers:
            os.killpg(service.pid, signal.SIGSTOP)
            time.sleep(draw.uniform(0, 0.1))
        time.sleep(PAST_THE_SESSION)
        feed.keep_up()
        for service in sleepers:
            os.killpg(service.pid, signal.SIGCONT)
        report(round=number + 1, runs=len(feed.runs))
    feed.assert_all_exact(expected)
    report(stops=form.session_stops * len(STAGES), jobs=feed.questions.jobs * len(feed.runs))


def hears_sigterm(pid: int) -> bool:
    """Whether the process has a handler for the signal."""
    [caught] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt:")]
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGTERM - 1))
