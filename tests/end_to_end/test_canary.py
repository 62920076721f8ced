"""No prompt, answer or secret stands in a log, a metric, a header or an error, whatever goes wrong."""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

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
from seep.records import Failure, GeneratedJob, PromptFormat, PromptTest
from seep.runtime.stage import Stage
from seep.settings import OpenAiEngine, OutputFilter, Target
from services.aggregator.ingest import read_batch
from services.generator.generating import generate_jobs
from services.generator.openai_backend import OpenAiBackend
from services.scorer.mode import exact
from services.scorer.scoring import score_jobs
from tests.builders import prompt_job
from tests.services.generator.server_requests import CREDULOUS

PROMPT, ANSWER, SECRET, CONCEPT = "xylophonequux", "marimbafrobnicate", "sk-9f8e7d6c5b4a3210", "glockenzeug"
CANARIES = (PROMPT, ANSWER, SECRET, CONCEPT)
USUAL = {"choices": [{"index": 0, "text": ANSWER, "message": {"content": ANSWER}, "finish_reason": "stop"}]}
Reply = tuple[int, Mapping[str, str], bytes]


def quoting_in_json(status: int) -> Callable[[str, str], Reply]:
    def reply(sent: str, key: str) -> Reply:
        error = {"message": f"bad: {sent} {key}", "code": PROMPT, "param": PROMPT}
        return status, {"Retry-After": "0"}, json.dumps({"error": error}).encode()

    return reply


# What a server may do with a request whose words it quotes: status, headers, body. An error of its own holds no answer.
REPLIES: Mapping[str, Callable[[str, str], Reply]] = {
    "answers": lambda sent, key: (200, {}, json.dumps(USUAL).encode()),
    **{
        f"{status} quotes in JSON": quoting_in_json(status)
        for status in (400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 529)
    },
    "quotes in a page": lambda sent, key: (500, {}, f"<html><title>{sent} {key}</title>".encode()),
    "quotes in text": lambda sent, key: (400, {}, f"{sent} {key}".encode()),
    "quotes escaped": lambda sent, key: (400, {}, f"{quote(sent)} {quote(key)} {json.dumps(sent)}".encode()),
    "quotes nested": lambda sent, key: (400, {}, json.dumps({"detail": json.dumps({"error": sent})}).encode()),
    "quotes places": lambda sent, key: (
        422,
        {},
        json.dumps({"detail": [{"msg": sent, "loc": [key, PROMPT]}]}).encode(),
    ),
    "redirects": lambda sent, key: (302, {"Location": f"http://127.0.0.1:1/{quote(sent)}"}, b""),
    "headers": lambda sent, key: (500, {"X-Echo": quote(sent), "Set-Cookie": key, "Retry-After": PROMPT}, b""),
    "error in a success": lambda sent, key: (200, {}, json.dumps({"error": {"message": sent, "code": key}}).encode()),
    "no JSON": lambda sent, key: (200, {}, f"{sent} {key} {ANSWER}".encode()),
    "streams": lambda sent, key: (200, {}, f"data: {ANSWER}".encode()),
    "wrong shape": lambda sent, key: (200, {}, json.dumps({"choices": {ANSWER: sent}}).encode()),
    "wrong choice": lambda sent, key: (200, {}, json.dumps({"choices": [{ANSWER: [sent]}]}).encode()),
    "broken off": lambda sent, key: (
        200,
        {},
        json.dumps({"choices": [{"text": ANSWER, "finish_reason": "error", "error": sent}]}).encode(),
    ),
    "refuses": lambda sent, key: (200, {}, json.dumps({"choices": [{"message": {"refusal": ANSWER}}]}).encode()),
    "cut short": lambda sent, key: (200, {"Content-Length": "100000"}, json.dumps({"choices": ANSWER}).encode()),
    "too long": lambda sent, key: (200, {}, ANSWER.encode() * 200_000),
    "halves": lambda sent, key: (200, {}, f'{{"choices": [{{"text": "\\ud83d{ANSWER}"}}]}}'.encode()),
    "no HTTP": lambda sent, key: (0, {}, f"{sent} {key}".encode()),
}


class Quoting(ThreadingHTTPServer):
    """Replies to each completion as `reply` says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.reply = REPLIES["answers"]
        self.quoted = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has left is none."""


class _Handler(BaseHTTPRequestHandler):
    server: Quoting

    def do_GET(self) -> None:
        self._send(200, {}, b'{"data": [{"id": "m"}]}')

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.quoted += PROMPT in sent and SECRET in str(self.headers)
        self._send(*self.server.reply(sent, self.headers.get("Authorization", "")))

    def _send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.close_connection = True
        if not status:
            self.wfile.write(body)
            return
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | dict(headers)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def quoting() -> Iterator[Quoting]:
    with Quoting() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


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
    found = {(place, word) for place, text in published.items() for word in CANARIES if word in text.casefold()}
    assert found == set()
