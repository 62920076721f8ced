"""What a stranger may send to a port: raw requests, and connections that are held open."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

SECONDS = 300.0


def exchange(port: int, sent: bytes) -> bytes:
    """All that the server answers until it closes; what is sent may be cut off by then."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        received = bytearray()
        try:
            connection.sendall(sent)
            while block := connection.recv(65536):
                received += block
        except (ConnectionResetError, BrokenPipeError):
            pass
        return bytes(received)


@contextmanager
def held_open(port: int, number: int, sent: bytes) -> Iterator[list[socket.socket]]:
    """So many connections that have sent this much and no more."""
    with ExitStack() as stack:
        connections = []
        for _ in range(number):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))
            connection.sendall(sent)
            connections.append(connection)
        yield connections


def head(line: str, *headers: str, host: str | None = "127.0.0.1") -> bytes:
    """A request without a body, after which the server is to close."""
    lines = [line, *([f"Host: {host}"] if host is not None else []), "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def runs(*headers: str, body: bytes = b"", method: str = "GET") -> bytes:
    """A request for the runs, with these headers."""
    return head(f"{method} /v1/runs HTTP/1.1", *headers) + body


CHUNKED = "Transfer-Encoding: chunked"

# By what is wrong: the bytes, and the statuses that are an answer to them.
REQUESTS: dict[str, tuple[bytes, set[int]]] = {
    # What is no HTTP
    "blank lines": (b"\r\n\r\n", {400}),
    "a banner": (b"SSH-2.0-OpenSSH_9.9\r\n\r\n", {400}),
    "a TLS greeting": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)) + b"\r\n\r\n", {400}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404}),
    "zeros": (bytes(30_000), {400}),
    "every byte": (bytes(range(256)) * 100 + b"\r\n\r\n", {400}),
    # Request lines
    "a method alone": (b"GET\r\n\r\n", {400}),
    "no version": (b"GET /v1/runs\r\n\r\n", {400}),
    "a version to come": (head("GET /v1/runs HTTP/9.9"), {400, 401}),
    "a version of letters": (head("GET /v1/runs HTTP/x.y"), {400}),
    "two blanks": (head("GET  /v1/runs HTTP/1.1"), {400}),
    "tabs": (head("GET\t/v1/runs\tHTTP/1.1"), {400}),
    "a small method": (head("get /v1/runs HTTP/1.1"), {405}),
    "a long method": (head("G" * 10_000 + " /v1/runs HTTP/1.1"), {405}),
    "a method with marks": (head("G@T /v1/runs HTTP/1.1"), {400}),
    "a path without end": (b"GET /" + b"a" * 100_000, {400}),
    "zero in the path": (head("GET /v1/runs\x00 HTTP/1.1"), {400}),
    "letters of no ASCII in the path": (head("GET /v1/r\xfcns HTTP/1.1"), {400}),
    "no slash": (head("GET v1/runs HTTP/1.1"), {404}),
    "another server's address": (head("GET http://evil.example/v1/runs HTTP/1.1"), {404}),
    "a tunnel": (head("CONNECT evil.example:443 HTTP/1.1"), {404, 405}),
    "the server itself": (head("OPTIONS * HTTP/1.1"), {404, 405}),
    # Paths
    "two slashes": (head("GET //v1/runs HTTP/1.1"), {404}),
    "a slash at the end": (head("GET /v1/runs/ HTTP/1.1"), {404}),
    "dots": (head("GET /healthz/../v1/runs HTTP/1.1"), {404}),
    "hidden dots": (head("GET /healthz/%2e%2e/v1/runs HTTP/1.1"), {404}),
    "a hidden slash": (head("GET /v1%2fruns HTTP/1.1"), {401}),
    "a hidden zero": (head("GET /v1/runs%00 HTTP/1.1"), {404}),
    "half a character": (head("GET /v1/runs/%ff HTTP/1.1"), {401, 404}),
    "a hidden line": (head("GET /v1/runs%0d%0aX:%20y HTTP/1.1"), {404}),
    "a semicolon": (head("GET /v1/runs;/healthz HTTP/1.1"), {404}),
    "health below": (head("GET /healthz/v1/runs HTTP/1.1"), {404}),
    "documents": (head("GET /docs HTTP/1.1"), {404}),
    "other documents": (head("GET /redoc HTTP/1.1"), {404}),
    "the open document": (head("GET /openapi.json HTTP/1.1"), {404}),
    "the guarded document": (head("GET /v1/openapi.json HTTP/1.1"), {401}),
    "a thousand parameters": (head("GET /v1/runs?" + "a=b&" * 1000 + " HTTP/1.1"), {401}),
    "the token as a parameter": (head("GET /v1/runs?token=swordfish&access_token=swordfish HTTP/1.1"), {401}),
    # Methods
    "HEAD": (runs(method="HEAD"), {405}),
    "TRACE": (runs(method="TRACE"), {405}),
    "POST": (runs("Content-Length: 2", body=b"{}", method="POST"), {405}),
    "DELETE": (runs(method="DELETE"), {405}),
    "another method in a header": (runs("X-HTTP-Method-Override: DELETE"), {401}),
    # Headers
    "a header without end": (b"GET /healthz HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000, {400}),
    "headers without end": (b"GET /healthz HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 50_000, {400}),
    "no colon": (runs("X"), {400}),
    "a blank before the colon": (runs("X : y"), {400}),
    "no name": (runs(": y"), {400}),
    "a folded first line": (b"GET /healthz HTTP/1.1\r\n Host: a\r\n\r\n", {400}),
    "a name of no ASCII": (runs("\xdcber: y"), {400}),
    "zero in a value": (runs("X: a\x00b"), {400}),
    "a bare return in a value": (runs("X: a\rY: b"), {400}),
    "no host": (head("GET /v1/runs HTTP/1.1", host=None), {400}),
    "two hosts": (runs("Host: evil.example"), {400}),
    "who is forwarded": (runs("X-Forwarded-For: 127.0.0.1", "X-Original-URL: /healthz", "Forwarded: for=::1"), {401}),
    "a range": (runs("Range: bytes=0-,0-,0-"), {401}),
    # Bodies
    "a negative length": (runs("Content-Length: -1"), {400}),
    "a length in letters": (runs("Content-Length: abc"), {400}),
    "a length of many digits": (runs("Content-Length: " + "9" * 5000), {400}),
    "two lengths": (runs("Content-Length: 1", "Content-Length: 2", body=b"ab"), {400}),
    "a length of 100 GB": (runs("Content-Length: 100000000000", body=b"a"), {401, 413}),
    "a length and chunks": (runs("Content-Length: 5", CHUNKED, body=b"0\r\n\r\nG"), {400, 401}),
    "a coding that is none": (runs("Transfer-Encoding: xchunked"), {400, 501}),
    "two codings": (runs("Transfer-Encoding: gzip, chunked"), {400, 501}),
    "a chunk without end": (runs(CHUNKED, body=b"f" * 100_000), {400, 401}),
    "a negative chunk": (runs(CHUNKED, body=b"-1\r\n"), {400, 401}),
    "a chunk of a size beyond all": (runs(CHUNKED, body=b"f" * 40 + b"\r\n"), {400, 401}),
    "a million small chunks": (runs(CHUNKED, body=b"1\r\na\r\n" * 200_000), {401, 413}),
    "a trailer without end": (runs(CHUNKED, body=b"0\r\n" + b"X: y\r\n" * 50_000), {400, 401}),
    "a body of 200 kB": (runs("Content-Length: 200000", body=b"a" * 200_000), {401, 413}),
    "a wait for leave": (runs("Content-Length: 3", "Expect: 100-continue", body=b"abc"), {401}),
    "a wait for the moon": (runs("Expect: the-moon"), {401}),
    # Other protocols on the way
    "a web socket": (
        head(
            "GET /v1/runs?name=swordfish HTTP/1.1",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ),
        {401},
    ),
    "HTTP/2 in the clear": (
        runs("Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABk"),
        {401},
    ),
    # Tokens
    "no token": (runs(), {401}),
    "a scheme alone": (runs("Authorization: Bearer"), {401}),
    "an empty token": (runs("Authorization: Bearer "), {401}),
    "the token without a scheme": (runs("Authorization: swordfish"), {401}),
    "the token as a password": (runs("Authorization: Basic OnN3b3JkZmlzaA=="), {401}),
    "two tokens": (runs("Authorization: Bearer swordfish swordfish"), {401}),
    "two tokens with a comma": (runs("Authorization: Bearer swordfish, Bearer swordfish"), {401}),
    "a quoted token": (runs('Authorization: Bearer "swordfish"'), {401}),
    "the token in capitals": (runs("Authorization: Bearer SWORDFISH"), {401}),
    "a token of no ASCII": (runs("Authorization: Bearer sw\xf6rdfish"), {401}),
    "a long token": (runs("Authorization: Bearer " + "a" * 8000), {401}),
    "the token in a cookie": (runs("Cookie: token=swordfish; Authorization=swordfish"), {401}),
}
