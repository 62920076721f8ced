"""Ever new runs and prompts: the series on /metrics and the memory of each process stay as they are."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cli.sending import job_messages, manifest_message
from seep.checksums import job_checksum
from seep.kafka.client import KafkaBroker
from seep.kafka.messages import Outgoing
from seep.records import PromptJob, RunManifest
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite
from tests.faults.feed import serving
from tests.faults.form import Form, Report
from tests.faults.progress import Memory, recorded
from tests.faults.questions import Questions, write_questions
from tests.faults.world import STAGES, TARGET, faulty_stack
from tests.stack import Stack, scrape

BATCH_SIZE = 256
SENT_AT_ONCE = 500
# So many are on their way at most: no stage is ever without work, and no topic holds them all.
MOST_ON_THEIR_WAY = 2000
REPORTED_EVERY = 5000
DONE = 'seep_messages_total{result="done",stage="aggregator"}'
# A run is its manifest and its job.
MESSAGES_OF_RUN = 2


@pytest.fixture(scope="module")
def questions(folder: Path, form: Form) -> Questions:
    return write_questions(folder, form.distinct_runs)


@pytest.fixture(scope="module")
def stack(folder: Path, questions: Questions) -> Iterator[Stack]:
    """With large batches: in those of 64, as outside of tests, a second has two thirds of the runs."""
    with faulty_stack(folder, questions, batch_size=BATCH_SIZE) as stack:
        yield stack


def test_distinct_runs_and_prompts_leave_series_and_memory_as_they_are(
    stack: Stack, questions: Questions, form: Form, report: Report
) -> None:
    running = [stack.services[name] for name in STAGES]
    suite = load_suite(questions.suite)
    announced = manifest(suite, run_id="distinct", target=TARGET, created_at=time.time())
    jobs = prompt_jobs(suite, run_id="distinct", target=TARGET)
    sender, series, sent, done = KafkaBroker(stack.settings.kafka).sender(), [], 0, 0
    with serving(running), closing(sender):
        memory, started, reported = Memory(running), time.monotonic(), 0
        while done < len(jobs):
            if sent < len(jobs) and sent - done < MOST_ON_THEIR_WAY:
                some = jobs[sent : sent + SENT_AT_ONCE]
                sender.send([message for job in some for message in run_of(job, announced)])
                sent += len(some)
            memory.look()
            samples = [scrape(service) for service in running]
            series.append([len(each) for each in samples])
            done = int(samples[-1].get(DONE, 0)) // MESSAGES_OF_RUN
            if done // REPORTED_EVERY > reported:  # so that a test that was ended has told how far it came
                reported = done // REPORTED_EVERY
                report(**figures(done, started, series[-1], memory))
            time.sleep(1)
    report(**figures(done, started, series[-1], memory), growth=[round(each, 2) for each in memory.growth()])
    assert recorded(stack) == len(jobs)
    # A label comes with its first use.
    assert series[len(series) // 2] == series[-1]
    assert max(memory.growth()) <= form.most_growth


def run_of(job: PromptJob, announced: RunManifest) -> list[Outgoing]:
    """The messages of a run that is this job alone."""
    own = replace(job, run_id=f"distinct-{job.job_id}")
    expected = replace(
        announced,
        run_id=own.run_id,
        job_count=1,
        expected_comparisons={test.category: job.samples for test in job.tests},
        job_checksums=(job_checksum(job.job_id),),
    )
    return [manifest_message(expected), *job_messages([own])]


def figures(done: int, started: float, series: Sequence[int], memory: Memory) -> dict[str, object]:
    """How far it has come, and how the processes are."""
    return {
        "runs": done,
        "a_second": round(done / (time.monotonic() - started), 1),
        "series": dict(zip(STAGES, series, strict=True)),
        "mebibytes": {name: round(size, 1) for name, size in zip(STAGES, memory.samples[-1], strict=True)},
    }
