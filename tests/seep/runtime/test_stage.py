"""A stage answers every message: with its result, a dead letter, or silence for a cancelled run."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from seep.codec import decode_prompt_job, encode_prompt_job
from seep.errors import Unavailable
from seep.kafka.dead_letters import read_dead_letter, replayed
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import DEAD_LETTERS, job_key, split_job_key
from seep.records import Failure, PromptJob
from seep.runtime.stage import LARGEST_MESSAGE, Processed, Stage
from tests import strategies

GARBAGE = b"\xff\xfe garbage"


def echo_stage(
    handle: Callable[[Sequence[PromptJob]], Sequence[PromptJob | Failure | Unavailable]],
) -> Stage[PromptJob, PromptJob]:
    return Stage("echo", "out", decode_prompt_job, handle, encode_prompt_job, lambda job: job)


def never(run_id: str) -> bool:
    return False


def message(job: PromptJob, offset: int = 7) -> Message:
    key = job_key(job.run_id, job.job_id)
    return Message("seep.jobs.t", 3, offset, key, encode_prompt_job(job), (("trace", b"1"),))


def as_consumed(outgoing: Outgoing) -> Message:
    return Message(outgoing.topic, 0, 0, outgoing.key, outgoing.value, outgoing.headers)


@given(st.lists(strategies.prompt_jobs, max_size=4))
def test_every_job_goes_on_under_its_own_key(jobs: list[PromptJob]) -> None:
    outgoing = echo_stage(list).process([message(job) for job in jobs], never).outgoing
    assert outgoing == [Outgoing("out", job_key(job.run_id, job.job_id), encode_prompt_job(job)) for job in jobs]


@given(strategies.prompt_jobs)
def test_an_undecodable_message_dies_with_its_bytes_and_the_rest_goes_on(job: PromptJob) -> None:
    broken = Message("in", 1, 42, b"run/job", GARBAGE, (("trace", b"2"),))
    dead, done = echo_stage(list).process([broken, message(job)], never).outgoing
    assert (dead.topic, dead.key, dead.value) == (DEAD_LETTERS, b"run/job", GARBAGE)
    assert ("trace", b"2") in dead.headers
    letter = read_dead_letter(as_consumed(dead))
    assert (letter.topic, letter.partition, letter.offset, letter.stage) == ("in", "1", "42", "echo")
    assert letter.class_name == "DecodeError"
    assert done.topic == "out"


@given(strategies.prompt_jobs)
def test_a_replayed_dead_letter_is_the_message_it_was(job: PromptJob) -> None:
    def refuse(jobs: Sequence[PromptJob]) -> list[PromptJob | Failure]:
        return [Failure("unknown target")]

    original = message(job)
    (dead,) = echo_stage(refuse).process([original], never).outgoing
    assert read_dead_letter(as_consumed(dead)).reason == "unknown target"
    assert replayed(as_consumed(dead)) == Outgoing("seep.jobs.t", original.key, original.value, original.headers)


@given(strategies.prompt_jobs)
def test_a_cancelled_runs_jobs_end_here_and_are_not_handled(job: PromptJob) -> None:
    def fail(jobs: Sequence[PromptJob]) -> list[PromptJob | Failure]:
        raise AssertionError("a cancelled run was handled")

    assert echo_stage(fail).process([message(job)], lambda run: run == job.run_id) == Processed([], [])


@given(strategies.prompt_jobs)
def test_a_result_that_cannot_be_sent_dies_alone(job: PromptJob) -> None:
    lone_surrogate = replace(job, control="\ud800")
    too_large = replace(job, control="x" * (LARGEST_MESSAGE + 1))
    results = [lone_surrogate, too_large, job]
    outgoing = echo_stage(lambda jobs: results).process([message(job, offset) for offset in range(3)], never).outgoing
    assert [sent.topic for sent in outgoing] == [DEAD_LETTERS, DEAD_LETTERS, "out"]
    assert [sent.value for sent in outgoing[:2]] == [encode_prompt_job(job)] * 2


@given(st.none() | st.binary(max_size=20))
def test_any_key_is_a_jobs_key_or_none(key: bytes | None) -> None:
    place = split_job_key(key)
    assert place is None or job_key(*place) == key


def test_a_message_with_neither_key_nor_value_can_be_a_dead_letter() -> None:
    (dead,) = echo_stage(list).process([Message("in", 0, 0, None, None)], never).outgoing
    assert (dead.key, dead.value) == (None, b"")


@given(strategies.prompt_jobs)
def test_a_job_that_must_wait_waits_alone(job: PromptJob) -> None:
    failure = Unavailable("the server does not answer")
    first, second = message(job, 1), message(job, 2)
    processed = echo_stage(lambda jobs: [failure, jobs[1]]).process([first, second], never)
    assert processed.waiting == [(first, failure)]
    assert [sent.topic for sent in processed.outgoing] == ["out"]
