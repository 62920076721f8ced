"""The metrics port answers Prometheus and whoever asks whether the service lives."""

import urllib.error
import urllib.request

import pytest

from seep.errors import InputError
from seep.health import serve_health
from seep.metrics import MESSAGES


def status(port: int, path: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_health_and_readiness_are_told_apart() -> None:
    state = {"healthy": True, "ready": False}
    port = serve_health("127.0.0.1", 0, healthy=lambda: state["healthy"], ready=lambda: state["ready"])
    assert (status(port, "/healthz"), status(port, "/readyz")) == (200, 503)
    state |= {"healthy": False, "ready": True}
    assert (status(port, "/healthz"), status(port, "/readyz")) == (503, 200)
    assert status(port, "/") == 404


def test_metrics_are_served() -> None:
    MESSAGES.labels("test", "done").inc()
    port = serve_health("127.0.0.1", 0, healthy=lambda: True, ready=lambda: True)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as response:
        assert b'seep_messages_total{result="done",stage="test"}' in response.read()


def test_a_port_that_is_taken_is_one_line() -> None:
    port = serve_health("127.0.0.1", 0, healthy=lambda: True, ready=lambda: True)
    with pytest.raises(InputError, match=rf"worker\.metrics_port: cannot listen on 127\.0\.0\.1:{port}"):
        serve_health("127.0.0.1", port, healthy=lambda: True, ready=lambda: True)
