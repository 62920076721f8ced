"""The metrics port: /metrics for Prometheus, /healthz and /readyz for whoever keeps the service alive."""

import threading
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from seep.errors import InputError

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

Check = Callable[[], bool]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _SilentHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """A line per scrape and probe would drown the service's own lines."""


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
    metrics = make_wsgi_app()
    health = Health()

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            body: Iterable[bytes] = metrics(environ, start_response)
            return body
        if path not in ("/healthz", "/readyz"):
            status, text = "404 Not Found", b"/metrics, /healthz and /readyz are here\n"
        elif health.healthy() if path == "/healthz" else health.ready():
            status, text = "200 OK", b"ok\n"
        else:
            status, text = "503 Service Unavailable", b"no\n"
        start_response(status, [("Content-Type", "text/plain; charset=utf-8")])
        return [text]

    try:
        server = make_server(host, port, answer, server_class=_Server, handler_class=_SilentHandler)
    except OSError as error:
        raise InputError(f"worker.metrics_port: cannot listen on {host}:{port}: {error.strerror}") from error
    threading.Thread(target=server.serve_forever, name="health", daemon=True).start()
    health.port = server.server_port
    return health
