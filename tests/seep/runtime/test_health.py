"""The metrics port answers Prometheus and whoever asks whether the service lives."""

import threading
import urllib.error
import urllib.request

import pytest

from seep.errors import InputError
from seep.runtime.health import CONNECTIONS, serve_health
from seep.runtime.metrics import MESSAGES
from tests.hostile import REQUESTS, exchange, head, held_open


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=300) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_until_a_service_says_more_it_is_alive_and_not_ready() -> None:
    port = serve_health("127.0.0.1", 0).port
    assert (status(port, "/healthz"), status(port, "/readyz")) == (200, 503)


def test_health_and_readiness_differ() -> None:
    health = serve_health("127.0.0.1", 0)
    health.healthy, health.ready = lambda: True, lambda: False
    assert (status(health.port, "/healthz"), status(health.port, "/readyz")) == (200, 503)
    health.healthy, health.ready = lambda: False, lambda: True
    assert (status(health.port, "/healthz"), status(health.port, "/readyz")) == (503, 200)
    assert status(health.port, "/") == 404


def test_metrics_are_served() -> None:
    MESSAGES.labels("test", "done").inc()
    port = serve_health("127.0.0.1", 0).port
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=300) as response:
        assert b'seep_messages_total{result="done",stage="test"}' in response.read()


def test_a_port_that_is_taken_is_one_line() -> None:
    port = serve_health("127.0.0.1", 0).port
    with pytest.raises(InputError, match=rf"worker\.metrics_port: cannot listen on 127\.0\.0\.1:{port}"):
        serve_health("127.0.0.1", port)


@pytest.mark.parametrize(
    "sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: a\r\n", b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 9000]
)
def test_probes_are_answered_while_hundreds_of_half_requests_are_open(sent: bytes) -> None:
    threads = threading.active_count()
    port = serve_health("127.0.0.1", 0).port
    with held_open(port, 300, sent):
        for _ in range(CONNECTIONS):
            assert (status(port, "/healthz"), status(port, "/readyz"), status(port, "/metrics")) == (200, 503, 200)
        assert threading.active_count() <= threads + 1


@pytest.mark.parametrize(
    ("request_line", "headers", "expected"),
    [
        ("HEAD /healthz HTTP/1.1", (), b"HTTP/1.1 200 OK"),
        ("HEAD /metrics HTTP/1.1", (), b"HTTP/1.1 200 OK"),
        ("HEAD /readyz HTTP/1.1", (), b"HTTP/1.1 503 Service Unavailable"),
        ("POST /metrics HTTP/1.1", ("Content-Length: 2",), b"HTTP/1.1 405 Method Not Allowed"),
        ("DELETE /healthz HTTP/1.1", (), b"HTTP/1.1 405 Method Not Allowed"),
        ("GET /metrics?name[]=%ff&\xff HTTP/1.1", (), b"HTTP/1.1 400 Bad Request"),
        ("GET /metrics?name[]=%ff HTTP/1.1", ("Accept: \xff", "Accept-Encoding: \xff"), b"HTTP/1.1 200 OK"),
        ("GET /metrics/ HTTP/1.1", (), b"HTTP/1.1 404 Not Found"),
        ("GET /healthz HTTP/1.1", ("X: " + "a" * 40_000,), b"HTTP/1.1 400 Bad Request"),
    ],
)
def test_odd_requests(request_line: str, headers: tuple[str, ...], expected: bytes) -> None:
    port = serve_health("127.0.0.1", 0).port
    answer = exchange(port, head(request_line, *headers))
    assert answer.partition(b"\r\n")[0] == expected
    if request_line.startswith("HEAD"):
        assert answer.endswith(b"\r\n\r\n")


def test_whatever_is_sent_probes_are_answered() -> None:
    port = serve_health("127.0.0.1", 0).port
    for name, (sent, _) in REQUESTS.items():
        answer = exchange(port, sent)
        assert answer == b"" or answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 40")), name
        assert (name, status(port, "/healthz")) == (name, 200)
