"""Ever new runs and prompts: the series on /metrics and the memory of each process stay as they are."""

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cli.sending import job_messages
from seep.kafka.client import KafkaBroker
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from tests.faults.feed import serving
from tests.faults.form import Form, Report
from tests.faults.progress import Memory, recorded
from tests.faults.questions import Questions, write_questions
from tests.faults.world import STAGES, TARGET
from tests.stack import Stack, scrape

SENT_AT_ONCE = 500


@pytest.fixture(scope="module")
def questions(folder: Path, form: Form) -> Questions:
    return write_questions(folder, form.distinct_runs)


def test_distinct_runs_and_prompts_leave_series_and_memory_as_they_are(
    stack: Stack, questions: Questions, form: Form, report: Report
) -> None:
    running = [stack.services[name] for name in STAGES]
    jobs = prompt_jobs(load_suite(questions.suite), run_id="distinct", target=TARGET)
    sender, series = KafkaBroker(stack.settings.kafka).sender(), []
    with serving(running), closing(sender):
        memory = Memory(running)
        for start in range(0, len(jobs), SENT_AT_ONCE):
            some = [replace(job, run_id=f"distinct-{job.job_id}") for job in jobs[start : start + SENT_AT_ONCE]]
            sender.send(list(job_messages(some)))
            while recorded(stack) < start + len(some):
                memory.look()
                series.append([len(scrape(service)) for service in running])
                time.sleep(1)
    report(
        runs=len(jobs),
        series=dict(zip(STAGES, series[-1], strict=True)),
        mebibytes=dict(zip(STAGES, map(round, memory.samples[-1]), strict=True)),
        growth=[round(each, 2) for each in memory.growth()],
    )
    # A label comes with its first use.
    assert series[len(series) // 2] == series[-1]
    assert max(memory.growth()) <= form.most_growth
