"""No prompt, answer or secret stands in a log, a metric, a header or an error, whatever goes wrong."""

import logging
from collections.abc import Mapping
from typing import Any

import pytest
from prometheus_client import generate_latest

from seep.codec import (
    decode_generated_job,
    decode_prompt_job,
    encode_generated_job,
    encode_prompt_job,
    encode_scored_job,
)
from seep.errors import Unavailable
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import GENERATIONS, RUNS, SCORES, jobs_topic
from seep.provenance import ANSWERED_BY
from seep.records import Failure, GeneratedJob, PromptFormat, PromptTest
from seep.runtime.stage import Stage
from seep.settings import OpenAiEngine, OutputFilter, Target
from services.aggregator.ingest import read_batch
from services.generator.generating import generate_jobs
from services.generator.openai_backend import OpenAiBackend
from services.scorer.mode import exact
from services.scorer.scoring import score_jobs
from tests.builders import prompt_job
from tests.quoting import ANSWER, CANARIES, CONCEPT, PROMPT, REPLIES, SECRET, quoting
from tests.services.generator.server_requests import CREDULOUS

JOBS = [
    prompt_job(
        f"j{number}",
        target="t",
        prompt_format=PromptFormat("chat", f"A system of {PROMPT}.", "{prompt}"),
        control=f"The {PROMPT} is",
        neutral=f"It is late. The {PROMPT} is",
        tests=(PromptTest("t1", CONCEPT, f"{CONCEPT}. The {PROMPT} is", "1"),),
    )
    for number in range(3)
]


def messages(topic: str, values: list[bytes]) -> list[Message]:
    return [Message(topic, 0, at, f"run-1/j{at}".encode(), value) for at, value in enumerate(values)]


def processed(stage: Stage[Any, Any], waiting: list[Message]) -> tuple[list[Outgoing], list[str]]:
    """What a stage sends, and what its errors say."""
    try:
        found = stage.process(waiting, lambda run: False)
    except Unavailable as error:
        return [], [str(error)]
    return found.outgoing, [str(error) for _, error in found.waiting]


def generator(backend: OpenAiBackend, targets: Mapping[str, Target]) -> Stage[Any, Any]:
    def handle(jobs: Any) -> list[GeneratedJob | Failure | Unavailable]:
        return generate_jobs(jobs, backend, targets)

    return Stage("generator", GENERATIONS, decode_prompt_job, handle, encode_generated_job, lambda job: job)


def scorer() -> Stage[Any, Any]:
    def handle(jobs: Any) -> Any:
        return score_jobs(jobs, {}, exact(1e-6), {})

    return Stage("scorer", SCORES, decode_generated_job, handle, encode_scored_job, lambda job: job.job)


def garbled(value: bytes) -> list[bytes]:
    """The same message cut, and with wrong bytes in it."""
    cuts = [value[: len(value) * part // 7] for part in range(1, 7)]
    return [*cuts, value.replace(PROMPT.encode(), b"\xff" + PROMPT.encode()[1:]), value + PROMPT.encode(), b"\xff" * 9]


@pytest.mark.slow
def test_no_canary_is_told_by_success_or_any_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CANARY_KEY", SECRET)
    # The services' own level for libraries, and all that Seep itself may say.
    caplog.set_level(logging.INFO)
    for name in ("seep", "services", "results", "cli"):
        caplog.set_level(logging.DEBUG, name)
    sent: list[Outgoing] = []
    said: list[str] = []
    targets = {"t": Target(engine="e", filter=OutputFilter(refuse=ANSWER, refuse_concept=True, max_regenerations=1))}
    with quoting() as server:
        options = {
            "backend": "openai",
            "model": "m",
            "api_key_env": "CANARY_KEY",
            "timeout_seconds": 20,
            "max_retries": 1,
        }
        url = f"http://127.0.0.1:{server.server_port}/v1"
        engine = OpenAiEngine.model_validate({**options, "base_url": url})
        whole = [encode_prompt_job(job) for job in JOBS]
        for name, reply in REPLIES.items():
            server.reply = reply
            before = server.quoted
            stage = generator(OpenAiBackend(engine, "engines.e", targets, CREDULOUS), targets)
            outgoing, errors = processed(stage, messages(jobs_topic("t"), whole))
            assert server.quoted > before, name
            assert outgoing or errors, name
            sent += outgoing
            said += errors
        sent += processed(stage, messages(jobs_topic("t"), garbled(whole[0])))[0]
    generated = [each.value or b"" for each in sent if each.topic == GENERATIONS]
    assert any(ANSWER.encode() in value for value in generated)
    for values in (generated[:3], garbled(generated[0])):
        outgoing, errors = processed(scorer(), messages(GENERATIONS, values))
        sent += outgoing
        said += errors
    for topic in (SCORES, RUNS):
        sent += read_batch(messages(topic, [*garbled(generated[0]), *generated[:1]])).unusable
    published = {
        "headers": repr([each.headers for each in sent]),
        "errors": "\n".join(said),
        "log": "\n".join([caplog.text, *(str(record.__dict__) for record in caplog.records)]),
        "metrics": generate_latest().decode(),
    }
    assert len(repr(published["headers"])) > 1000
    assert published["log"].count("a request was refused") > 3
    parts = (PROMPT[3:], PROMPT[:6], " ".join(PROMPT), "-".join(CONCEPT))
    words = (*CANARIES, *parts)
    found = {(place, word) for place, text in published.items() for word in words if word in text.casefold()}
    assert found == set()
    answered_by = {decode_generated_job(value).provenance.get(ANSWERED_BY, "") for value in generated}
    assert "m Bearer [...]" in answered_by
    assert not any(SECRET in value for value in answered_by)
