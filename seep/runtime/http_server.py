"""HTTP for whoever reaches a port: one parser, and limits of time, size and number on what strangers may hold open."""

import asyncio
import logging
import socket
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

# From a connection's beginning, or the first byte of a further request, to the end of the request's body.
REQUEST_SECONDS = 10.0
# How long the rest of an answer may wait for a client that does not read.
ANSWER_SECONDS = 60.0
# What a stopping server leaves to the requests that it has begun.
STOP_SECONDS = 20
# Connections that are taken at once, before any of them can make room.
BACKLOG = 128
# In bytes: of a request line and its headers, and of what is read from a connection before others have their turn.
LARGEST_HEAD = LARGEST_READ = 16 * 1024


class LimitedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which by itself waits for ever, with an end to its waiting.

    A request that is not whole in time loses its connection, and so does a client that does not read its answer. Where
    there are too many connections, the one that has waited longest for its request makes room for the new one: whoever
    holds many open shuts out nobody but themselves.
    """

    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _begun = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        # asyncio does so for its own listeners alone. Else a body waits 40 ms, for the client to acknowledge the head.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.set_write_buffer_limits(high=0)  # so that a pause means unread bytes, however few
        transport.max_size = LARGEST_READ  # type: ignore[attr-defined]  # of asyncio's own transports
        self._make_room()
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect_nothing()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._begun:
            self._begun = True
            self._expect_request()
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        self._begun = False
        self._expect_request()
        super().on_response_complete()  # which also begins with a request that came meanwhile
        self._look()

    def send_400_response(self, msg: str) -> None:
        # Of what follows a head that is worked on already, the application is not to hear.
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        super().resume_writing()

    def _look(self) -> None:
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._expect_nothing()
        elif self._deadline is None:
            self._expect_request()

    def _expect_request(self) -> None:
        self._expect_nothing()
        if not self.transport.is_closing():
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _make_room(self) -> None:
        if self.limit_concurrency is None or len(self.connections) < self.limit_concurrency:
            return
        waiting = {
            other: other._deadline.when()
            for other in self.connections
            if isinstance(other, LimitedProtocol) and other._deadline is not None
        }
        if waiting:
            longest = min(waiting, key=waiting.__getitem__)
            longest.transport.abort()
            self.connections.discard(longest)  # now, as the next connection may come before it is gone


def http_server(app: Any, *, connections: int) -> uvicorn.Server:
    """A server of an ASGI application, with so many connections at most; it logs nothing of what is asked for."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            # Neither is left to what happens to be installed: the other parser has no limit of headers.
            http=LimitedProtocol,
            loop="asyncio",
            ws="none",
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            # Its warnings are a line for whatever a stranger sends.
            log_level=logging.ERROR,
            limit_concurrency=connections + 1,  # as uvicorn counts, from which on there is no answer
            backlog=BACKLOG,
            timeout_graceful_shutdown=STOP_SECONDS,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
    )
