"""The application as a whole: requests that wait for the database hold up no others."""

from concurrent.futures import Future, ThreadPoolExecutor

from fastapi.testclient import TestClient

from services.api.application import MAX_REQUESTS_AT_ONCE
from tests.stored import Stored
from tests.waiting import held, sessions, wait_until


def test_while_all_threads_wait_for_the_database_tokens_are_checked_and_readiness_is_told(
    dsn: str, filled: Stored, client: TestClient
) -> None:
    refused = {"Authorization": "Bearer wrong"}
    # Entered, so that all requests are worked on in one loop, as a server does.
    with client, ThreadPoolExecutor(MAX_REQUESTS_AT_ONCE + 1) as threads:

        def ask(path: str, headers: dict[str, str] | None = None) -> Future[int]:
            return threads.submit(lambda: client.get(path, headers=headers).status_code)

        with held(dsn, "monitor_runs"):
            waiting = [ask("/v1/monitors/daily/stream") for _ in range(MAX_REQUESTS_AT_ONCE)]
            wait_until(lambda: len(sessions(dsn, waiting=True)) == MAX_REQUESTS_AT_ONCE)
            for path, headers, status in (("/readyz", None, 200), ("/healthz", None, 200), ("/v1/runs", refused, 401)):
                assert (path, ask(path, headers).result(timeout=60)) == (path, status)
        assert [request.result(timeout=60) for request in waiting] == [200] * MAX_REQUESTS_AT_ONCE
