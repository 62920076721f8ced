"""A stand-in for a server with OpenAI's API, which does to each request what a script says: for tests, benchmarks."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

MODEL = "stand-in"
HUNDRED_MEGABYTES = 100 * 1024 * 1024
METADATA = "http://169.254.169.254/latest/meta-data/"


class ScriptedServer(ThreadingHTTPServer):
    """Counts and keeps the requests that it gets.

    `script` gives the fate of the nth completion, `models_script` of the nth list of models, counted from 0.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, script: Callable[[int], str], prefix: str, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.script = script
        self.models_script: Callable[[int], str] = lambda number: "answer"
        self.models_listed = 0
        self.models = [MODEL]
        self.fingerprint = "fp-1"
        self.prefix = prefix
        self.received: list[tuple[str, dict[str, Any], dict[str, str]]] = []
        self.lock = threading.Lock()
        self.stopped = threading.Event()

    @property
    def base_url(self) -> str:
        """What goes into the configuration."""
        return f"http://127.0.0.1:{self.server_port}{self.prefix}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what the script provokes."""


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else an answer's body waits 40 ms for its head to be acknowledged

    def do_GET(self) -> None:
        with self.server.lock:
            fate = self.server.models_script(self.server.models_listed)
            self.server.models_listed += 1
        if self.path.partition("?")[0] != f"{self.server.prefix}/models":
            self._answer(404, {})
        elif fate.startswith("HTTP "):
            self._refuse(fate)
        else:
            listed = [{"id": model, "owned_by": "nobody", "root": "weights-1"} for model in self.server.models]
            self._answer(200, {"data": listed})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.removeprefix(self.server.prefix)
        with self.server.lock:
            number = len(self.server.received)
            self.server.received.append((path, body, dict(self.headers)))
        fate = self.server.script(number)
        if fate.startswith("HTTP "):
            self._refuse(fate)
        elif fate == "redirect":
            self._answer(307, {}, {"Location": METADATA})
        elif fate == "hang":
            self.server.stopped.wait(30)
            self.close_connection = True
        elif fate == "slow drip":
            self._drip()
        elif fate == "truncated":
            self._head(200, 1000)
            self.wfile.write(b'{"choices": [')
            self.close_connection = True
        elif fate == "100 MB":
            self._large()
        elif fate == "wrong JSON":
            self._answer(200, {"choices": "none"})
        elif fate == "stream":
            self._refuse('HTTP 200 saying data: {"choices": []}')
        else:
            self._complete(path, body, fewer=fate == "fewer")

    def _complete(self, path: str, body: dict[str, Any], fewer: bool) -> None:
        count = max(1, body.get("n", 1) - 1) if fewer else body.get("n", 1)
        texts = [f" answer {number}. And more." for number in range(count)]
        if path.startswith("/chat/completions"):
            choices = [{"index": n, "message": {"role": "assistant", "content": text}} for n, text in enumerate(texts)]
        else:
            choices = [{"index": n, "text": text} for n, text in enumerate(texts)]
        usage = {"total_tokens": 10 * count}
        fingerprint = self.server.fingerprint
        self._answer(200, {"choices": choices[::-1], "usage": usage, "system_fingerprint": fingerprint})

    def _refuse(self, fate: str) -> None:
        fate, _, body = fate.removeprefix("HTTP ").partition(" saying ")
        status, _, retry_after = fate.partition(" after ")
        content = (body or '{"error": "scripted"}').encode()
        self._head(int(status), len(content), {"Retry-After": retry_after} if retry_after else {})
        self.wfile.write(content)

    def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self._head(status, len(content), headers)
        self.wfile.write(content)

    def _head(self, status: int, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(length), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()

    def _drip(self) -> None:
        self._head(200, 1000)
        while not self.server.stopped.is_set():
            self.wfile.write(b" ")
            time.sleep(0.05)

    def _large(self) -> None:
        self._head(200, HUNDRED_MEGABYTES)
        piece = b" " * (1024 * 1024)
        for _ in range(HUNDRED_MEGABYTES // len(piece)):
            self.wfile.write(piece)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def scripted_server(
    script: Callable[[int], str] = lambda number: "answer", prefix: str = "/v1", port: int = 0
) -> Iterator[ScriptedServer]:
    """The server while the block lasts; fates are "answer", "fewer", "HTTP 503 after 1", "HTTP 400 saying no", ..."""
    server = ScriptedServer(script, prefix, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        server.server_close()
