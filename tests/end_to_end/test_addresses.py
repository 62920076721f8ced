"""No job and no answer chooses an address: every connection goes where the configuration says."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from seep.codec import decode_prompt_job, encode_generated_job, encode_prompt_job
from seep.errors import Unavailable
from seep.kafka.messages import Message
from seep.kafka.topics import GENERATIONS, jobs_topic
from seep.records import Failure, GeneratedJob, PromptFormat, PromptJob, PromptTest
from seep.runtime.stage import Stage
from seep.settings import OpenAiEngine, Target
from services.generator.generating import generate_jobs
from services.generator.openai_backend import OpenAiBackend
from services.scorer.mode import exact
from services.scorer.scoring import score_jobs
from tests.builders import prompt_job
from tests.services.generator.server_requests import CREDULOUS

# Each is sent with the sentinel's address in the place of URL.
NAMES = ("run_id", "job_id", "target", "suite", "suite_version", "suite_hash", "probe", "language")
PLACES = (
    "URL",
    "//HOST/",
    "../../URL",
    "t/../URL",
    "t@HOST",
    "t\r\nHost: HOST",
    "file:///etc/passwd",
    "unix:/tmp/socket",
    "http:HOST",
    "http://x@HOST",
    "%68ttp://HOST",
    "gopher://HOST/_",
    "\\\\HOST\\share",
    "t?base_url=URL",
    "t#URL",
    '{"base_url": "URL"}',
    "${jndi:ldap://HOST/a}",
)
TEXTS = (
    "URL",
    "{prompt} URL",
    "${URL}",
    "{{ URL }}",
    "{% include 'URL' %}",
    "<img src='URL'>",
    "![](URL)",
    "{0.__class__}",
)
REPLIES: tuple[tuple[int, dict[str, str], Any], ...] = (
    *((status, {"Location": "URL"}, {}) for status in (300, 301, 302, 303, 307, 308)),
    (201, {"Location": "URL", "Content-Location": "URL"}, {}),
    (
        200,
        {"Refresh": "0; url=URL", "Link": "<URL>; rel=preload", "Alt-Svc": 'h2="HOST"'},
        {"choices": [{"text": "URL"}]},
    ),
    (401, {"WWW-Authenticate": 'Bearer realm="URL"'}, {"error": {"message": "URL"}}),
    (407, {"Proxy-Authenticate": 'Basic realm="URL"'}, {}),
    (426, {"Upgrade": "h2c", "Connection": "Upgrade"}, {}),
    (503, {"Retry-After": "0"}, {"error": {"message": "ask URL"}}),
    (200, {}, {"choices": [{"message": {"content": None, "tool_calls": [{"function": {"name": "URL"}}]}}]}),
    (200, {}, {"choices": [{"message": {"content": [{"type": "image_url", "image_url": {"url": "URL"}}]}}]}),
    (305, {"Location": "URL"}, {}),
    (308, {"Location": "//HOST/v1"}, {}),
    (307, {"Location": "/\\\\HOST"}, {}),
    (429, {"Retry-After": "0", "Location": "URL"}, {}),
    (101, {"Upgrade": "websocket", "Connection": "Upgrade"}, {}),
    (200, {"Content-Type": "text/event-stream"}, "data: URL"),
    (200, {"Location": "URL"}, {"object": "response", "url": "URL", "choices": []}),
    (200, {"Set-Cookie": "a=b; Domain=HOST", "Strict-Transport-Security": "max-age=9"}, {"choices": [{"text": "a"}]}),
    (200, {}, {"choices": [{"message": {"content": [{"type": "input_file", "file_url": "URL"}]}}]}),
    (200, {}, {"choices": [{"message": {"content": "x", "audio": {"url": "URL"}}}]}),
    (200, {}, {"next": "URL", "model": "URL", "choices": [{"text": "http://HOST"}]}),
)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")


class Sentinel(ThreadingHTTPServer):
    """Where nobody is to connect; `reply` is what the configured server answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.connections = 0
        self.reply: tuple[int, dict[str, str], Any] = (200, {}, {"choices": [{"text": "yes"}]})
        self.elsewhere = ""

    def get_request(self) -> tuple[socket.socket, Any]:
        """Counts."""
        self.connections += 1
        return super().get_request()

    def filled(self, text: str) -> str:
        """The text with the other server's address in it."""
        return text.replace("URL", f"http://{self.elsewhere}/").replace("HOST", self.elsewhere)


class _Handler(BaseHTTPRequestHandler):
    server: Sentinel

    def do_GET(self) -> None:
        self._answer(200, {}, {"data": [{"id": self.server.filled("URL"), "root": self.server.filled("URL")}]})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(*self.server.reply)

    def _answer(self, status: int, headers: dict[str, str], body: Any) -> None:
        content = self.server.filled(json.dumps(body)).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, self.server.filled(value))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def serving() -> Iterator[Sentinel]:
    with Sentinel() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def hostile_jobs(server: Sentinel) -> list[PromptJob]:
    usual = prompt_job(target="t")
    places = [server.filled(place) for place in PLACES]
    changes: list[dict[str, Any]] = [{name: place} for name in NAMES for place in places]
    named = [replace(usual, **change) for change in changes]
    texts = [server.filled(text) for text in TEXTS]
    tests = [replace(usual, tests=(PromptTest(text, text, text, text),)) for text in texts]
    formats = [
        replace(usual, control=text, prompt_format=PromptFormat("chat", text, f"{text} {{prompt}}")) for text in texts
    ]
    url = server.filled("URL")
    others = [
        replace(usual, rule={"kind": url, "url": url}),
        replace(usual, documents=(url,)),
        replace(usual, system=url),
        replace(usual, neutral=url),
    ]
    jobs = [*named, *others, *tests, *formats]
    return [replace(job, job_id=f"{number}-{job.job_id}") for number, job in enumerate(jobs)]


def handled(backend: OpenAiBackend, jobs: list[PromptJob]) -> list[GeneratedJob]:
    """The jobs through the generator's stage, as from Kafka; what came of them as it was generated."""
    done: list[GeneratedJob] = []

    def handle(batch: Any) -> list[GeneratedJob | Failure | Unavailable]:
        results = generate_jobs(batch, backend, {"t": Target(engine="e")})
        done.extend(result for result in results if isinstance(result, GeneratedJob))
        return results

    stage = Stage("generator", GENERATIONS, decode_prompt_job, handle, encode_generated_job, lambda job: job)
    topic = jobs_topic("t")
    messages = [Message(topic, 0, at, each.job_id.encode(), encode_prompt_job(each)) for at, each in enumerate(jobs)]
    stage.process(messages, lambda run: False)
    return done


@pytest.mark.slow
def test_every_connection_goes_where_the_configuration_says(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: set[Any] = set()
    resolved: set[Any] = set()
    connect, resolve = socket.socket.connect, socket.getaddrinfo

    def watched_connect(self: socket.socket, address: Any) -> None:
        connected.add(address)
        connect(self, address)

    def watched_resolve(host: Any, *arguments: Any, **how: Any) -> Any:
        resolved.add(host)
        return resolve(host, *arguments, **how)

    with serving() as configured, serving() as elsewhere:
        configured.elsewhere = f"127.0.0.1:{elsewhere.server_port}"
        for name in PROXIES:
            monkeypatch.setenv(name, f"http://{configured.elsewhere}")
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setattr(socket.socket, "connect", watched_connect)
        monkeypatch.setattr(socket, "getaddrinfo", watched_resolve)
        url = f"http://127.0.0.1:{configured.server_port}/v1"
        options = {"backend": "openai", "base_url": url, "model": "m", "timeout_seconds": 20, "max_retries": 0}
        engine = OpenAiEngine.model_validate(options)
        jobs = hostile_jobs(configured)
        generated = handled(OpenAiBackend(engine, "engines.e", {"t": Target(engine="e")}, CREDULOUS), jobs)
        score_jobs(generated, {}, exact(1e-6), {})
        for reply in REPLIES:
            configured.reply = reply
            handled(OpenAiBackend(engine, "engines.e", {"t": Target(engine="e")}, CREDULOUS), jobs[-2:])
        assert len(jobs) + len(REPLIES) + len(PROXIES) > 30
        assert generated
        assert configured.connections
        assert elsewhere.connections == 0
    assert connected == {("127.0.0.1", configured.server_port)}
    assert resolved <= {"127.0.0.1", b"127.0.0.1"}
