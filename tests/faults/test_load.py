"""Services under load: more work than is done, and batches longer than Kafka allows between polls."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from cli.sending import job_messages
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import GENERATIONS
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from tests.faults.disturbed_service import Disturbance
from tests.faults.feed import serving
from tests.faults.form import Form, Report
from tests.faults.progress import Memory, members, positions
from tests.faults.questions import Questions, write_questions
from tests.faults.world import STAGES, TARGET
from tests.stack import Stack, scrape

# Between two polls, as the services ask the broker for.
INTERVAL_SECONDS = 30
SLOW_SECONDS = 6.0
LAG = f'seep_lag_messages{{topic="{GENERATIONS}"}}'


@pytest.fixture(scope="module")
def few(folder: Path) -> Questions:
    """A suite of few of the same jobs, whose answers are among those."""
    return write_questions(folder / "few", 16)


def test_more_work_than_the_scorer_does_shows_as_lag_and_takes_no_memory(
    stack: Stack, few: Questions, form: Form, report: Report
) -> None:
    slow = stack.another("scorer", Disturbance(handler_seconds=SLOW_SECONDS))
    running = [stack.services[STAGES[0]], slow, stack.services[STAGES[2]]]
    suite, sender = load_suite(few.suite), KafkaBroker(stack.settings.kafka).sender()
    lags = [0.0]
    before = positions(stack)
    with serving(running), closing(sender):
        memory, over = Memory(running), time.monotonic() + form.seconds_of_pressure
        while time.monotonic() < over:
            # A run each second, so that as much is sent to a slow machine as to a quick one.
            sender.send(list(job_messages(prompt_jobs(suite, run_id=f"pressed-{len(lags)}", target=TARGET))))
            memory.look()
            lags.append(scrape(slow).get(LAG, 0.0))
            time.sleep(1.0)
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
    assert max(memory.growth()) <= form.most_growth


def test_a_batch_twice_as_long_as_the_poll_interval_leaves_the_group_as_it_is(
    few: Questions, stack: Stack, form: Form, report: Report
) -> None:
    options = {} if form.poll_interval_seconds is None else {"max_poll_interval_ms": form.poll_interval_seconds * 1000}
    interval = form.poll_interval_seconds or INTERVAL_SECONDS
    slow = stack.another("scorer", Disturbance((), 2 * interval, options))
    with serving([stack.services[STAGES[0]], slow]):
        stack.push(few.suite, TARGET)
        stack.wait_until(lambda: len(members(stack, "seep-scorer")) == 1, "the scorer to be the only member")
        assigned = members(stack, "seep-scorer")
        before = positions(stack)
        begin = time.monotonic()

        def one_batch_is_done() -> bool:
            assert members(stack, "seep-scorer") == assigned
            now = positions(stack)
            return any(now[place][0] > before[place][0] for place in now if place[1] == GENERATIONS)

        stack.wait_until(one_batch_is_done, "a batch to be committed")
        assert members(stack, "seep-scorer") == assigned
    assert "moved" not in slow.log.read_text()
    report(interval_s=interval, batch_s=2 * interval, committed_after_s=round(time.monotonic() - begin, 1))
