"""A server that answers with what it was sent, the key included, in every way that a server may; and the canaries."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

PROMPT, ANSWER, SECRET, CONCEPT = "xylophonequux", "marimbafrobnicate", "sk-9f8e7d6c5b4a3210", "glockenzeug"
CANARIES = (PROMPT, ANSWER, SECRET, CONCEPT)
USUAL = {"choices": [{"index": 0, "text": ANSWER, "message": {"content": ANSWER}, "finish_reason": "stop"}]}
Reply = tuple[int, Mapping[str, str], bytes]


def quoting_in_json(status: int) -> Callable[[str, str], Reply]:
    def reply(sent: str, key: str) -> Reply:
        error = {"message": f"bad: {sent} {key}", "code": PROMPT, "param": PROMPT}
        return status, {"Retry-After": "0"}, json.dumps({"error": error}).encode()

    return reply


def _error(message: str) -> bytes:
    return json.dumps({"error": {"message": message}}).encode()


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
    "an ending nobody knows": lambda sent, key: (
        200,
        {},
        json.dumps({"choices": [{"text": ANSWER, "finish_reason": f"{PROMPT}-{ANSWER}"}]}).encode(),
    ),
    "names of who answers": lambda sent, key: (
        200,
        {},
        json.dumps({**USUAL, "model": f"m {key}", "system_fingerprint": key, "usage": {PROMPT: ANSWER}}).encode(),
    ),
    "quotes over two lines": lambda sent, key: (400, {}, _error(f"bad {PROMPT[:6]}\n{PROMPT[6:]}")),
    "quotes with joiners": lambda sent, key: (400, {}, _error("bad " + "\u200b".join(PROMPT))),
    "quotes in colours": lambda sent, key: (400, {}, _error("bad " + "\x1b[0m".join(PROMPT))),
    "spells": lambda sent, key: (400, {}, _error(f"bad {' '.join(PROMPT)} {'-'.join(CONCEPT)}")),
    "quotes tokens": lambda sent, key: (400, {}, _error(f"bad tokens {[PROMPT[:3], PROMPT[3:]]}")),
    "quotes in capitals": lambda sent, key: (400, {}, _error(f"BAD: {sent.upper()} {key.upper()}")),
    "quotes bytes": lambda sent, key: (400, {}, b"\xff" + PROMPT.encode() + b"\xfe" + SECRET.encode()),
    "not gzip": lambda sent, key: (200, {"Content-Encoding": "gzip"}, f"{sent} {key}".encode()),
    "no HTTP": lambda sent, key: (0, {}, f"{sent} {key}".encode()),
}


class Quoting(ThreadingHTTPServer):
    """Replies to each completion as `reply` says."""

    daemon_threads = True
    # Of connections beyond the usual five at once, each would come only when it is tried again, a second later.
    request_queue_size = 256

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
def quoting(server: Quoting | None = None) -> Iterator[Quoting]:
    """A server, one of the plain kind if none is given, that runs while the block lasts."""
    with server or Quoting() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()
