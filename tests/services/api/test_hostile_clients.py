"""The API as it is shipped, under what strangers send and hold open."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from services.api.__main__ import CONNECTIONS
from tests.hostile import REQUESTS, exchange, held_open
from tests.services.api.served import served, status
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

MIB = 1 << 20
Served = tuple[subprocess.Popen[bytes], httpx.Client, dict[str, str]]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A process with a token, over a database that is away: nothing here may come as far as that."""
    log = tmp_path_factory.mktemp("api") / "log"
    with served("postgresql://nobody@127.0.0.1:1/nothing", log, {"SEEP_API__TOKEN": "swordfish"}) as process:
        yield process
    text = log.read_text()
    assert "swordfish" not in text
    assert "Traceback" not in text
    assert len(text.splitlines()) < 10, text


@pytest.mark.parametrize("name", REQUESTS)
def test_whatever_is_sent_nothing_is_told_and_others_are_answered(name: str, api: Served) -> None:
    _, client, _ = api
    sent, expected = REQUESTS[name]
    assert client.base_url.port is not None
    answer = exchange(client.base_url.port, sent)
    first, _, rest = answer.partition(b"\r\n")
    assert answer == b"" or int(first.split()[1]) in expected, answer
    assert b"swordfish" not in answer
    assert b"location:" not in rest.lower()
    assert b"server:" not in rest.lower()
    assert status(client, "/healthz") == 200


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /v1/runs HTTP/1.1\r\nHost: a\r\n",
        b"POST /v1/runs HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\nab",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\nGET",
    ],
)
def test_while_strangers_hold_hundreds_of_connections_others_are_answered(sent: bytes, api: Served) -> None:
    running, client, _ = api
    process = psutil.Process(running.pid)
    assert client.base_url.port is not None
    before = process.num_fds()
    with held_open(client.base_url.port, 1000, sent):
        for _ in range(20):
            with httpx.Client(base_url=client.base_url, trust_env=False, timeout=300) as another:
                assert status(another, "/healthz") == 200
                assert status(another, "/v1/runs") == 401
        wait_until(lambda: process.num_fds() <= before + CONNECTIONS)
    wait_until(lambda: process.num_fds() <= before)


def test_endless_headers_take_no_memory_and_hold_nobody_up(api: Served) -> None:
    running, client, _ = api
    process = psutil.Process(running.pid)
    assert client.base_url.port is not None
    before = process.memory_info().rss
    for _ in range(20):
        for name in ("a header without end", "headers without end", "a path without end", "zeros"):
            exchange(client.base_url.port, REQUESTS[name][0] * 5)
    assert status(client, "/healthz") == 200
    assert process.memory_info().rss - before < 32 * MIB


def test_bodies_that_nobody_reads_take_little_memory(api: Served) -> None:
    running, client, _ = api
    process = psutil.Process(running.pid)
    assert client.base_url.port is not None
    before = process.memory_info().rss
    sent = b"POST /v1/runs HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n" + b"a" * 50_000
    with held_open(client.base_url.port, 200, sent):
        assert status(client, "/healthz") == 200
        assert process.memory_info().rss - before < 64 * MIB


def test_it_ends_when_it_is_asked_to_whatever_strangers_hold_open(tmp_path: Path) -> None:
    with served("postgresql://nobody@127.0.0.1:1/nothing", tmp_path / "log") as (running, client, _):
        assert client.base_url.port is not None
        body = b"POST /v1/runs HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\nab"
        with held_open(client.base_url.port, 50, b"GET"), held_open(client.base_url.port, 50, body):
            assert status(client, "/healthz") == 200
            running.send_signal(signal.SIGTERM)
            assert running.wait(timeout=300) == 0
