"""Pushed twice, by two at once, interrupted and resumed; replayed twice; cancelled in the midst: one run, right states.

The pushes are processes of their own on a real broker, and two aggregators record on a real database. In the place of
generator and scorer the test answers and scores each job that is on the topic, as often as it is there.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
import yaml

from cli.sending import SEND_BATCH_SIZE, all_manifests
from deploy.local.stack import Service
from seep.codec import decode_prompt_job, encode_scored_job
from seep.kafka.client import KafkaBroker
from seep.kafka.dead_letters import dead_letter
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import SCORES, job_key, jobs_topic
from seep.outcomes import Outcome, outcome_series
from seep.records import Answer, GeneratedJob, PromptJob, RunManifest, ScoredJob
from tests.stack import Stack, stack_in

JOBS = 1500
TARGET = "stub"
# The command as a process that somebody interrupts once it has sent its manifest and two batches of jobs.
INTERRUPTED = """
import os, signal
from cli.__main__ import main
from seep.kafka.producing import KafkaSender

send, sent = KafkaSender.send, []

def send_and_interrupt(sender, outgoing):
    send(sender, outgoing)
    sent.append(len(outgoing))
    if len(sent) == 3:
        os.kill(os.getpid(), signal.SIGINT)

KafkaSender.send = send_and_interrupt
main()
"""


def write_suite(path: Path, jobs: int, text: int) -> Path:
    """A suite of so many jobs, each with so many characters that no codec makes fewer."""
    draw = Random(1)
    prompts = ["".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=text)) for _ in range(jobs)]
    suite = {
        "name": path.stem,
        "version": "1",
        "format": {"kind": "plain"},
        "decoding": {"temperature": 1.0, "max_tokens": 5, "samples": 1},
        "jobs": [
            {"control": prompt, "tests": [{"concept": "red", "prompt": f"red {prompt}", "category": "1"}]}
            for prompt in prompts
        ],
    }
    path.write_text(yaml.dump(suite, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A broker, a database and two aggregators."""
    folder = tmp_path_factory.mktemp("twice")
    (folder / "answers.jsonl").write_text("")
    engine = {"backend": "recorded", "file": str(folder / "answers.jsonl")}
    configuration = {"engines": {"e": engine}, "targets": {TARGET: {"engine": "e"}}}
    with stack_in(folder, configuration) as stack:
        first = stack.services["aggregator"]
        second = Service(first.arguments, first.environment, first.log.with_name("second.log"))
        for aggregator in (first, second):
            aggregator.start()
        try:
            yield stack
        finally:
            second.kill()


def push(
    stack: Stack, suite: Path, run_id: str, *options: str, program: Sequence[str] = ("-m", "cli")
) -> subprocess.Popen[str]:
    arguments = ["--config", str(stack.config), "push", str(suite), "--target", TARGET, "--run-id", run_id, *options]
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        env={**os.environ, "SEEP_DATABASE__DSN": stack.dsn},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def messages(stack: Stack, topic: str) -> list[Message]:
    with closing(KafkaBroker(stack.settings.kafka).reader(topic)) as reader:
        return list(reader.new_messages())


def jobs_of(stack: Stack, run_id: str) -> list[PromptJob]:
    jobs = (decode_prompt_job(message.value or b"") for message in messages(stack, jobs_topic(TARGET)))
    return [job for job in jobs if job.run_id == run_id]


def manifests_of(stack: Stack, run_id: str) -> list[RunManifest]:
    return [sent for sent in all_manifests(KafkaBroker(stack.settings.kafka)) if sent.run_id == run_id]


def send(stack: Stack, outgoing: Iterable[Outgoing]) -> None:
    all_of_it = list(outgoing)
    with closing(KafkaBroker(stack.settings.kafka).sender()) as sender:
        for start in range(0, len(all_of_it), SEND_BATCH_SIZE):
            sender.send(all_of_it[start : start + SEND_BATCH_SIZE])


def scored(job: PromptJob) -> Outgoing:
    """The job answered and scored, half of all jobs as a leak."""
    # Its long texts are for the push alone.
    tests = tuple(replace(test, prompt="x") for test in job.tests)
    answered = GeneratedJob(
        replace(job, control="x", tests=tests), (Answer("x"),), (), ((Answer("x"),),) * len(job.tests), {"model": "m"}
    )
    leak = float(int(job.job_id[:10], 16) % 2)
    outcomes = outcome_series((Outcome("m", "leak", test.category, test.id, 0, leak) for test in job.tests), job)
    return Outgoing(SCORES, job_key(job.run_id, job.job_id), encode_scored_job(ScoredJob(answered, outcomes, ())))


def assert_one_run(stack: Stack, run_id: str, jobs: Iterable[PromptJob]) -> None:
    """The run is complete, and has each of the jobs once."""
    ids = {job.job_id for job in jobs}
    stack.wait_for_state(run_id, "complete")
    store = stack.store()
    summary = store.run(run_id)
    assert summary is not None
    assert (summary.recorded, summary.dead, summary.job_count, summary.missing) == (len(ids), 0, len(ids), 0)
    leaks = sum(int(job_id[:10], 16) % 2 for job_id in ids)
    [rate] = [rate for rate in store.rates(run_id) if rate.category == "1"]
    assert (rate.comparisons, rate.clusters) == (len(ids), len(ids))
    assert rate.rate == pytest.approx(100 * leaks / len(ids))


def interrupted_push(stack: Stack, suite: Path) -> str:
    """The id of a run whose push was interrupted after some of its jobs, and before the last."""
    run_id = "interrupted"
    assert push(stack, suite, run_id, program=("-c", INTERRUPTED)).wait(timeout=300) == 130
    assert len(jobs_of(stack, run_id)) == 2 * SEND_BATCH_SIZE < JOBS
    return run_id


def test_an_interrupted_push_is_resumed_by_two_at_once_and_refused_to_another_run(stack: Stack, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "large.yaml", JOBS, 1_000)
    run_id = interrupted_push(stack, suite)
    assert [sent.sending for sent in manifests_of(stack, run_id)] == [True]
    first = len(jobs_of(stack, run_id))

    other = push(stack, suite, run_id, "--samples", "3")
    assert "this run was sent with another suite, target or sample count" in other.communicate(timeout=300)[1]
    assert other.returncode == 2
    assert len(jobs_of(stack, run_id)) == first

    both = [push(stack, suite, run_id) for _ in range(2)]
    assert [each.communicate(timeout=300) for each in both] == [(f"{run_id}\n", "")] * 2
    jobs = jobs_of(stack, run_id)
    assert (len(jobs), len({job.job_id for job in jobs})) == (first + 2 * JOBS, JOBS)
    announced, *others = manifests_of(stack, run_id)
    assert {(sent.created_at, sent.sending) for sent in others} == {(announced.created_at, False)}
    send(stack, map(scored, jobs))
    assert_one_run(stack, run_id, jobs)


def test_two_different_runs_pushed_under_one_id_at_once_are_one_of_them(stack: Stack, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "small.yaml", 40, 20)
    both = [push(stack, suite, "rivals", "--samples", samples) for samples in ("1", "2")]
    ended = [each.communicate(timeout=300) for each in both]
    assert sorted(each.returncode for each in both) == [0, 2], ended
    jobs = jobs_of(stack, "rivals")
    [samples] = {job.samples for job in jobs}
    assert {sent.samples for sent in manifests_of(stack, "rivals") if not sent.sending} == {samples}
    assert manifests_of(stack, "rivals")[-1].samples == samples
    assert len(jobs) == 40


def test_dead_letters_that_are_replayed_twice_are_mended_once(stack: Stack, tmp_path: Path) -> None:
    suite = write_suite(tmp_path / "dead.yaml", 20, 20)
    assert push(stack, suite, "dead").wait(timeout=300) == 0
    jobs = jobs_of(stack, "dead")
    sources = [message for message in messages(stack, jobs_topic(TARGET)) if (message.key or b"").startswith(b"dead/")]
    send(stack, map(scored, jobs[2:]))
    send(stack, (dead_letter(each, stage="generator", class_name="Failure", reason="none") for each in sources[:2]))
    stack.wait_for_state("dead", "partial")
    for _ in range(2):
        assert stack.seep("dead-letters", "replay", "--run", "dead").returncode == 0
    again = jobs_of(stack, "dead")
    assert len(again) == 24
    send(stack, map(scored, again[::-1]))
    assert_one_run(stack, "dead", jobs)


def test_a_run_that_is_cancelled_in_mid_batch_stays_cancelled_with_what_was_in_hand(
    stack: Stack, tmp_path: Path
) -> None:
    suite = write_suite(tmp_path / "cancelled.yaml", 30, 20)
    assert push(stack, suite, "cancelled").wait(timeout=300) == 0
    jobs = jobs_of(stack, "cancelled")
    send(stack, map(scored, jobs[:10]))
    stack.wait_for_jobs("cancelled", 10)
    assert stack.seep("cancel", "cancelled").returncode == 0
    stack.wait_for_state("cancelled", "cancelled")
    # What the generator and the scorer had in hand when they were told.
    send(stack, map(scored, jobs[5:20]))
    stack.wait_for_jobs("cancelled", 20)
    stack.wait_for_state("cancelled", "cancelled")
    resumed = push(stack, suite, "cancelled")
    assert "this run was cancelled; give another id" in resumed.communicate(timeout=300)[1]
    assert resumed.returncode == 2
    summary = stack.store().run("cancelled")
    assert summary is not None
    assert (summary.state, summary.recorded, summary.missing) == ("cancelled", 20, 10)
