"""Runs are shared out of answered jobs: every job and every answer once in each round."""

import random
from collections import Counter

from benchmarks.validity.known_truths import PARTS, drawn, rates
from seep.recall import Match
from seep.records import Answer, GeneratedJob, PromptTest
from tests.builders import prompt_job

JOBS, SAMPLES, ROUNDS = 6, 2, 3


def answered() -> list[GeneratedJob]:
    """Of each job all answers to its test, numbered; every second one gives the text back."""
    rule = Match("start", 1, 0.8, True).rule()
    jobs = []
    for number in range(JOBS):
        test = PromptTest("t", "word", "go on", f"c{number % 2}", expected="0")
        count = SAMPLES * ROUNDS
        job = prompt_job(f"job-{number}", probe="recall", control=None, samples=count, tests=(test,), rule=rule)
        jobs.append(GeneratedJob(job, (), (), (tuple(Answer(f"{place % 2} {place}") for place in range(count)),)))
    return jobs


def test_each_round_has_every_job_once_with_answers_that_no_other_round_has() -> None:
    runs = list(drawn(answered(), SAMPLES, random.Random(1)))
    assert len(runs) == PARTS * ROUNDS
    assert all(Counter(job.job.tests[0].category for job in run) == {"c0": 1, "c1": 1} for run in runs)
    given = Counter((job.job.job_id, answer.text) for run in runs for job in run for answer in job.tests[0])
    assert set(given.values()) == {1}
    assert len(given) == JOBS * SAMPLES * ROUNDS


def test_a_run_is_scored_as_any_run_is() -> None:
    for run in drawn(answered(), SAMPLES, random.Random(1)):
        found = rates(run)
        assert {category: (rate.rate, rate.comparisons) for category, rate in found.items()} == {
            "c0": (50, 2),
            "c1": (50, 2),
            "all": (50, 4),
        }
