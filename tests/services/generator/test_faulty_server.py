"""Of a server that fails in every way, each job ends once: generated whole, or as a dead letter with its reason."""

import random
import socket
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psutil
import pytest

from deploy.local.scripted_server import scripted_server
from seep.codec import decode_generated_job, decode_prompt_job, encode_generated_job, encode_prompt_job
from seep.errors import Unavailable
from seep.kafka.dead_letters import read_dead_letter
from seep.kafka.messages import Message, Outgoing
from seep.kafka.topics import DEAD_LETTERS, GENERATIONS, jobs_topic
from seep.records import Failure, GeneratedJob, PromptFormat, PromptJob, PromptTest
from seep.runtime.stage import Stage
from seep.settings import Target
from services.generator.backend import Backend
from services.generator.generating import generate_jobs
from tests.builders import prompt_job
from tests.services.generator.server_requests import CHAT, DECODING, FAULTS, QUICK, backend_for, poisoned

SAMPLES = 3


def job(number: int, word: str = "likes") -> PromptJob:
    """A control, a neutral prompt and two tests; `word` is in one of them alone."""
    return prompt_job(
        f"j{number}",
        target="t",
        prompt_format=CHAT,
        decoding=DECODING,
        samples=SAMPLES,
        control=f"Guest {number} ordered",
        neutral=f"It is late. Guest {number} ordered",
        tests=(
            PromptTest("a", "yellow", f"It is yellow. Guest {number} ordered", "1"),
            PromptTest("b", "blue", f"He {word} blue. Guest {number} ordered", "1"),
        ),
    )


def stage_of(backend: Backend) -> Stage[PromptJob, GeneratedJob]:
    def handle(jobs: Sequence[PromptJob]) -> list[GeneratedJob | Failure | Unavailable]:
        return generate_jobs(jobs, backend, {"t": Target(engine="e")})

    return Stage("generator", GENERATIONS, decode_prompt_job, handle, encode_generated_job, lambda job: job)


def messages(jobs: Sequence[PromptJob]) -> list[Message]:
    topic = jobs_topic("t")
    return [Message(topic, 0, at, each.job_id.encode(), encode_prompt_job(each)) for at, each in enumerate(jobs)]


def ended(stage: Stage[PromptJob, GeneratedJob], waiting: list[Message]) -> list[Outgoing]:
    """What comes of messages that are handled again for as long as they wait."""
    outgoing: list[Outgoing] = []
    while waiting:
        processed = stage.process(waiting, lambda run: False)
        outgoing += processed.outgoing
        waiting = [message for message, _ in processed.waiting]
    return outgoing


def is_whole(generated: GeneratedJob) -> bool:
    answers = (generated.control, generated.neutral, *generated.tests)
    return len(answers) == 4 and all(len(texts) == SAMPLES for texts in answers)


@pytest.mark.slow
def test_a_faulty_server_leaves_no_job_half_done_and_is_the_only_one_that_gets_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = random.Random(5)
    connected: set[Any] = set()
    real = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> None:
        connected.add(address)
        real(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    # Each fault on one request in ten.
    with scripted_server(lambda number: draw.choice((*FAULTS, "answer", "answer"))) as server:
        backend = backend_for(server, max_concurrency=8, timeout_seconds=0.5, max_response_bytes=1024 * 1024)
        before = psutil.Process().memory_info().rss
        stranger = replace(job(15), prompt_format=PromptFormat("plain"), target="stranger")
        outgoing = ended(stage_of(backend), messages([*map(job, range(15)), stranger]))
        grown = psutil.Process().memory_info().rss - before
        address = ("127.0.0.1", server.server_port)
    generated = [decode_generated_job(each.value or b"") for each in outgoing if each.topic == GENERATIONS]
    dead = [each for each in outgoing if each.topic == DEAD_LETTERS]
    ids = [each.job.job_id for each in generated] + [(each.key or b"").decode() for each in dead]
    assert sorted(ids) == sorted(f"j{number}" for number in range(16))
    assert all(map(is_whole, generated))
    assert connected == {address}
    assert grown < 64 * 1024 * 1024


@pytest.mark.parametrize("fault", ["HTTP 400", "HTTP 500"])
def test_a_job_with_a_poisonous_prompt_among_good_ones_dies_whole_and_alone(fault: str) -> None:
    with scripted_server() as server:
        poisoned(server, fault, "hates")
        stage = stage_of(backend_for(server, max_retries=2))
        processed = stage.process(messages([job(0), job(1, "hates"), job(2)]), lambda run: False)
    assert processed.waiting == []
    first, dead, last = processed.outgoing
    assert is_whole(decode_generated_job(first.value or b""))
    assert is_whole(decode_generated_job(last.value or b""))
    assert dead.topic == DEAD_LETTERS
    letter = read_dead_letter(Message(dead.topic, 0, 0, dead.key, dead.value, dead.headers))
    place = f"engines.e, {server.base_url}/chat/completions"
    assert letter.reason == f"the server answers other prompts, and not one of the job's: {place}: {fault}: scripted"


def test_a_server_that_refuses_everything_from_the_first_ends_every_job_with_its_words() -> None:
    pauses = replace(QUICK, refused_seconds=0.1)
    with scripted_server(lambda number: "HTTP 401 saying bad key for Guest 1 ordered") as server:
        backend = backend_for(server, pauses=pauses, max_concurrency=8)
        outgoing = ended(stage_of(backend), messages([*map(job, range(20))]))
    assert {each.topic for each in outgoing} == {DEAD_LETTERS}
    assert sorted((each.key or b"").decode() for each in outgoing) == sorted(f"j{number}" for number in range(20))
    [reason] = {read_dead_letter(Message("", 0, 0, each.key, each.value, each.headers)).reason for each in outgoing}
    place = f"engines.e, {server.base_url}/chat/completions"
    assert reason.startswith(f"the server refuses every request of the kind: {place}: HTTP 401: bad key")
    assert "Guest" not in reason
