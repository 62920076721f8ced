"""The metrics port: /metrics for Prometheus, /healthz and /readyz for whoever keeps the service alive."""

import socket
import threading
from collections.abc import Callable
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.exposition import choose_encoder

from seep.errors import InputError
from seep.runtime.http_server import http_server

Check = Callable[[], bool]

# Of Prometheus and the kubelet; whoever holds more open loses the first of them.
CONNECTIONS = 64
TEXT = "text/plain; charset=utf-8"


class Health:
    """What the port answers: alive and not ready, until the service sets both checks.

    A model that loads for minutes and a broker that is away are no reason to start the process anew.
    """

    def __init__(self) -> None:
        self.port = 0
        self.healthy: Check = lambda: True
        self.ready: Check = lambda: False


def serve_health(host: str, port: int) -> Health:
    """Serves in a thread of its own, at a free port for port 0; raises InputError if it is taken."""
    health = Health()
    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise InputError(f"worker.metrics_port: cannot listen on {host}:{port}: {error.strerror}") from error
    health.port = listener.getsockname()[1]
    server = http_server(_application(health), connections=CONNECTIONS)
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="health", daemon=True).start()
    return health


def _application(health: Health) -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        status, kind, body = _answer(health, scope)
        headers = [(b"content-type", kind.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


def _answer(health: Health, scope: Any) -> tuple[int, str, bytes]:
    path, method = scope["path"], scope["method"]
    if path not in ("/metrics", "/healthz", "/readyz"):
        return 404, TEXT, b"/metrics, /healthz and /readyz are here\n"
    if method not in ("GET", "HEAD"):
        return 405, TEXT, b"expected GET or HEAD\n"
    if path == "/metrics":
        encode, kind = choose_encoder(_accepted(scope))
        return 200, kind, encode(REGISTRY)
    if health.healthy() if path == "/healthz" else health.ready():
        return 200, TEXT, b"ok\n"
    return 503, TEXT, b"no\n"


def _accepted(scope: Any) -> str:
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")
