"""The metrics port answers Prometheus and whoever asks whether the service lives."""

import urllib.error
import urllib.request

import pytest

from seep.errors import InputError
from seep.runtime.health import serve_health
from seep.runtime.metrics import MESSAGES


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
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
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as response:
        assert b'seep_messages_total{result="done",stage="test"}' in response.read()


def test_a_port_that_is_taken_is_one_line() -> None:
    port = serve_health("127.0.0.1", 0).port
    with pytest.raises(InputError, match=rf"worker\.metrics_port: cannot listen on 127\.0\.0\.1:{port}"):
        serve_health("127.0.0.1", port)
