"""A port answers whoever asks, whatever others send to it or hold open."""

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest
import uvicorn

from seep.runtime import http_server
from tests.hostile import REQUESTS, SECONDS, exchange, held_open
from tests.waiting import wait_until

# Real servers, which are waited for.
pytestmark = pytest.mark.slow

LARGE = 20_000_000
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
released = threading.Event()
LAST = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """By path: an answer, a large one, one after the body was read or after `released`, or none."""
    assert scope["type"] == "http"
    path = scope["path"]
    while path == "/slow" and not released.is_set():
        await asyncio.sleep(0.01)
    while path in ("/read", "/never"):
        message = await receive()
        if message["type"] == "http.disconnect" or (path == "/read" and not message["more_body"]):
            break
    known = scope["method"] in ("GET", "POST", "HEAD")
    await send({"type": "http.response.start", "status": 200 if known else 405, "headers": []})
    await send({"type": "http.response.body", "body": b"a" * LARGE if path == "/large" else b"well"})


@contextmanager
def served(connections: int = 64) -> Iterator[tuple[uvicorn.Server, int]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = http_server.http_server(application, connections=connections)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_until(lambda: server.started)
        try:
            yield server, listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(SECONDS)
            assert not thread.is_alive()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "REQUEST_SECONDS", 0.3)
    monkeypatch.setattr(http_server, "ANSWER_SECONDS", 0.3)


@pytest.fixture
def accepted(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.Transport]:
    """All connections that are taken, those included that are lost before anybody looks."""
    taken: list[asyncio.Transport] = []
    begin = http_server.LimitedProtocol.connection_made

    def note(protocol: http_server.LimitedProtocol, transport: asyncio.Transport) -> None:
        begin(protocol, transport)
        taken.append(transport)

    monkeypatch.setattr(http_server.LimitedProtocol, "connection_made", note)
    return taken


@pytest.mark.parametrize("sent", [b"", b"G", b"GET /healthz HTTP/1.1\r\nX: ", b"POST /read HTTP/1.1\r\nHost: a\r\n"])
def test_half_requests_by_the_hundred_keep_nobody_else_out(sent: bytes) -> None:
    with served(connections=64) as (server, port), held_open(port, 300, sent):
        for _ in range(20):
            assert b"well" in exchange(port, LAST)
        assert len(server.server_state.connections) <= 64


def test_no_answers_body_waits_until_the_client_has_its_head(accepted: list[asyncio.Transport]) -> None:
    with served() as (_, port), held_open(port, 1, b"GET"):
        wait_until(lambda: bool(accepted))
        found = accepted[0].get_extra_info("socket")
        assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_descriptors_are_given_back() -> None:
    with served(connections=64) as (server, port):
        before = descriptors_at(port)
        with held_open(port, 300, b"GET"):
            wait_until(lambda: descriptors_at(port) <= before + 300 + 64)
        wait_until(lambda: descriptors_at(port) == before)
        assert not server.server_state.connections


def descriptors_at(port: int) -> int:
    """This process's sockets at a port, from either side; others of its descriptors come and go."""
    connections = psutil.Process().connections("tcp")
    return sum(port in (end.port for end in (each.laddr, each.raddr) if end) for each in connections)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost",
        b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
        b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
        b"POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
        HEALTH,
        HEALTH + b"GET",
        HEALTH + b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab",
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_request_that_is_not_whole_in_time_loses_its_connection(
    sent: bytes, accepted: list[asyncio.Transport]
) -> None:
    with served() as (server, port), held_open(port, 1, sent):
        wait_until(lambda: len(accepted) == 1)
        wait_until(lambda: server.server_state.connections == set())


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\nX: ",
        b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n",
        b"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n",
        HEALTH + b"GET /healthz HTTP/1.1\r\nX: ",
    ],
)
@pytest.mark.usefixtures("impatient")
def test_a_request_that_comes_in_drops_gains_no_time(sent: bytes) -> None:
    with served() as (_, port), held_open(port, 1, sent) as [connection]:

        def lost() -> bool:
            try:
                connection.sendall(b"a")
            except OSError:
                return True
            return False

        wait_until(lost)


@pytest.mark.usefixtures("impatient")
def test_an_answer_that_is_not_read_in_time_loses_its_connection(accepted: list[asyncio.Transport]) -> None:
    with served() as (server, port), held_open(port, 2, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n"):
        wait_until(lambda: len(accepted) == 2)
        wait_until(lambda: server.server_state.connections == set())
        assert not server.server_state.tasks


def test_a_large_answer_reaches_who_reads_it() -> None:
    with served() as (_, port):
        assert exchange(port, b"GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").count(b"a") > LARGE


def test_requests_in_a_row_are_answered_in_their_order_on_one_connection() -> None:
    body = b"POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    with served() as (_, port):
        assert exchange(port, HEALTH + body + HEALTH + LAST).count(b"well") == 4


def test_what_comes_behind_a_request_that_is_worked_on_is_not_read_without_end() -> None:
    released.clear()
    with served() as (server, port), held_open(port, 1, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n") as [connection]:
        wait_until(lambda: len(server.server_state.tasks) == 1)
        [protocol] = server.server_state.connections
        assert isinstance(protocol, http_server.LimitedProtocol)
        connection.settimeout(1)
        try:
            with pytest.raises(TimeoutError):
                connection.sendall(HEALTH * 1_000_000)
            assert len(protocol.conn.trailing_data[0]) <= 2 * http_server.LARGEST_READ
        finally:
            released.set()


def test_only_where_all_connections_are_worked_on_a_further_one_is_refused() -> None:
    never = b"POST /never HTTP/1.1\r\nHost: a\r\n\r\n"
    with served(connections=4) as (server, port), held_open(port, 3, never):
        wait_until(lambda: len(server.server_state.tasks) == 3)
        assert b"well" in exchange(port, LAST)
        with held_open(port, 1, never):
            wait_until(lambda: len(server.server_state.connections) == 4)
            assert exchange(port, LAST).startswith(b"HTTP/1.1 503")


@pytest.fixture(scope="module")
def server_and_port() -> Iterator[tuple[uvicorn.Server, int]]:
    with served() as both:
        yield both


@pytest.mark.parametrize("name", REQUESTS)
def test_whatever_is_sent_the_server_answers_others_and_writes_nothing(
    name: str, caplog: pytest.LogCaptureFixture, server_and_port: tuple[uvicorn.Server, int]
) -> None:
    caplog.set_level(logging.INFO)
    server, port = server_and_port
    sent, _ = REQUESTS[name]
    answer = exchange(port, sent)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 40"))
    assert b"well" in exchange(port, LAST)
    wait_until(lambda: not server.server_state.tasks)
    assert caplog.records == []


def test_the_parser_is_not_left_to_what_is_installed() -> None:
    config = http_server.http_server(application, connections=4).config
    config.load()
    assert config.http_protocol_class is http_server.LimitedProtocol
    assert config.ws_protocol_class is None
    assert config.loop == "asyncio"
