"""How many requests the API answers, and how fast, for Prometheus."""

import time

from prometheus_client import Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = Histogram(
    "seep_api_request_seconds",
    "Time from an API request to the end of its answer.",
    ["route", "status"],
    buckets=(0.005, 0.01, 0.03, 0.1, 0.3, 1, 3, 10),
)
IN_FLIGHT = Gauge("seep_api_requests_in_flight", "API requests that are being answered.")
UNANSWERED = 500


def measured(app: ASGIApp) -> ASGIApp:
    """Observes each request under its route's path, in which names are braces: no label comes from a request."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        status = UNANSWERED

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        start = time.perf_counter()
        with IN_FLIGHT.track_inprogress():
            try:
                await app(scope, receive, note)
            finally:
                route = getattr(scope.get("route"), "path", "none")
                SECONDS.labels(route, str(status)).observe(time.perf_counter() - start)

    return answer
