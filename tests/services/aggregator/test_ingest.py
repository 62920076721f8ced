"""From messages to what is recorded: which dead letters are believed, and what becomes of jobs of something else."""

import pytest
from prometheus_client import REGISTRY

from seep import codec
from seep.kafka.dead_letters import dead_letter, read_dead_letter
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import DEAD_LETTERS, GENERATIONS, SCORES
from seep.records import GeneratedJob, ScoredJob
from services.aggregator.ingest import not_of_their_run, read_batch
from tests.builders import answers, prompt_job, scored_job

JOB = prompt_job("a")
GENERATED = GeneratedJob(JOB, answers("x"), (), (answers("x"),))
OF_STAGE = [
    ("generator", "seep.jobs.stub", codec.encode_prompt_job(JOB)),
    ("scorer", GENERATIONS, codec.encode_generated_job(GENERATED)),
    ("aggregator", SCORES, codec.encode_scored_job(ScoredJob(GENERATED, (), ()))),
]


def arrived(sent: Outgoing, offset: int = 7) -> Message:
    return Message(sent.topic, 0, offset, sent.key, sent.value, sent.headers)


def letter(topic: str, value: bytes | None, stage: str, key: bytes | None = b"run-1/a") -> Message:
    """The dead letter that a stage makes of a message."""
    return arrived(dead_letter(Message(topic, 0, 1, key, value), stage=stage, class_name="Failure", reason="why"))


def ignored() -> float:
    return REGISTRY.get_sample_value("seep_ignored_dead_letters_total") or 0.0


@pytest.mark.parametrize(("stage", "topic", "value"), OF_STAGE)
def test_a_dead_letter_of_a_stage_says_which_job_is_dead_and_what_it_was(stage: str, topic: str, value: bytes) -> None:
    [dead] = read_batch([letter(topic, value, stage)]).dead
    assert (dead.run_id, dead.job_id, dead.stage, dead.reason, dead.job) == ("run-1", "a", stage, "why", JOB)


@pytest.mark.parametrize(("stage", "topic", "value"), OF_STAGE)
@pytest.mark.parametrize("garbled", [b"\xff\xfe no job", b"", None])
def test_one_whose_bytes_cannot_be_read_is_of_the_job_that_its_key_names(
    stage: str, topic: str, value: bytes, garbled: bytes | None
) -> None:
    [dead] = read_batch([letter(topic, garbled, stage)]).dead
    assert (dead.run_id, dead.job_id, dead.job) == ("run-1", "a", None)


def foreign(key: bytes, value: bytes) -> Message:
    """What somebody who knows the topic's name, and nothing of its headers, puts there."""
    return Message(DEAD_LETTERS, 0, 7, key, value)


@pytest.mark.parametrize(
    "message",
    [
        foreign(b"run-1/zzz", b"anything"),
        foreign(b"run-1/a", codec.encode_prompt_job(JOB)),
        letter("seep.jobs.stub", codec.encode_prompt_job(JOB), "generator", b"run-1/zzz"),
        letter("seep.jobs.stub", codec.encode_prompt_job(JOB), "generator", b"run-2/a"),
        letter("seep.jobs.other", codec.encode_prompt_job(JOB), "generator"),
        letter("seep.jobs.stub", codec.encode_prompt_job(JOB), "scorer"),
        letter("payments", b"anything", "generator"),
        letter(GENERATIONS, b"garbage", "aggregator"),
        letter("seep.runs", b"garbage", "aggregator"),
        letter("seep.jobs.stub", b"garbage", "somebody"),
    ],
)
def test_one_that_is_not_of_the_job_that_its_key_names_kills_none_and_is_counted(
    message: Message, caplog: pytest.LogCaptureFixture
) -> None:
    before = ignored()
    assert read_batch([message]).dead == []
    assert ignored() - before == 1
    assert "dead letter 0:7 is not of the job that its key names; ignored" in caplog.text


@pytest.mark.parametrize("key", [None, b"", b"run-1", b"\xff/job"])
def test_one_whose_key_names_no_job_is_nobodys(key: bytes | None) -> None:
    before = ignored()
    assert read_batch([letter("seep.jobs.stub", b"garbage", "generator", key)]).dead == []
    assert ignored() == before


def test_a_job_that_is_not_of_its_run_becomes_a_dead_letter_with_its_bytes_and_kills_none() -> None:
    def message(job: ScoredJob) -> Message:
        return Message(SCORES, 1, 3, b"run-1/" + job.generated.job.job_id.encode(), codec.encode_scored_job(job))

    garbage = Message(SCORES, 1, 2, b"run-1/c", b"garbage")
    batch = read_batch([garbage, message(scored_job("a", {"1": [1.0]})), message(scored_job("b", {"1": [0.0]}))])
    [sent] = not_of_their_run(batch, [1])
    assert (sent.topic, sent.key, sent.value) == (DEAD_LETTERS, b"run-1/b", batch.sources[1].value)
    died = read_dead_letter(arrived(sent))
    assert (died.topic, died.offset, died.stage) == (SCORES, "3", "aggregator")
    assert died.reason == "not of its run, which was sent with another target, suite or sample count"
    [dead] = read_batch([arrived(sent)]).dead
    assert dead.job == scored_job("b", {"1": [0.0]}).generated.job
