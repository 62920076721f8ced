"""The application as a whole: requests that wait for the database hold up no others."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client import REGISTRY

from results.dead_jobs import DeadJob
from services.api import application
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
                assert (path, ask(path, headers).result(timeout=300)) == (path, status)
        assert [request.result(timeout=300) for request in waiting] == [200] * MAX_REQUESTS_AT_ONCE


def test_where_too_many_wait_for_the_database_a_further_one_is_refused_at_once(
    dsn: str, filled: Stored, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(application, "MAX_REQUESTS_WAITING", 3)
    assert isinstance(client.app, FastAPI)
    state = client.app.state
    with client, ThreadPoolExecutor(MAX_REQUESTS_AT_ONCE + 3) as threads, held(dsn, "monitor_runs"):

        def ask() -> int:
            return client.get("/v1/monitors/daily/stream").status_code

        waiting = [threads.submit(ask) for _ in range(MAX_REQUESTS_AT_ONCE + 3)]
        wait_until(lambda: state.threads.statistics().tasks_waiting == 3)
        refused = client.get("/v1/monitors/daily/stream")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json() == {"detail": "too many requests wait for the database now"}
        assert client.get("/v1/runs", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert client.get("/healthz").status_code == 200
    assert [request.result(timeout=300) for request in waiting] == [200] * (MAX_REQUESTS_AT_ONCE + 3)


def test_requests_are_counted_by_route_and_not_by_what_was_asked_for(client: TestClient, filled: Stored) -> None:
    def count(route: str, status: str) -> float:
        labels = {"route": route, "status": status}
        return REGISTRY.get_sample_value("seep_api_request_seconds_count", labels) or 0.0

    cases = {"/v1/runs/first": ("/v1/runs/{run_id}", "200"), "/v1/runs/none": ("/v1/runs/{run_id}", "404")}
    cases |= {"/nowhere/at/all": ("none", "404")}
    before = {path: count(*labels) for path, labels in cases.items()}
    for path in cases:
        client.get(path)
    assert {path: count(*labels) - before[path] for path, labels in cases.items()} == dict.fromkeys(cases, 1.0)
    assert REGISTRY.get_sample_value("seep_api_requests_in_flight") == 0


def test_an_answer_that_has_not_changed_is_not_sent_again(client: TestClient, filled: Stored) -> None:
    for path in ("/v1/runs/first", "/v1/runs/first/rates"):
        first = client.get(path)
        assert first.headers["cache-control"] == "private, no-cache"
        again = client.get(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert "content-length" not in again.headers
    before = client.get("/v1/runs").headers["etag"]
    filled.record([], [DeadJob("first", "another", "scorer", "why")], [])
    changed = client.get("/v1/runs", headers={"If-None-Match": before})
    assert (changed.status_code, changed.headers["etag"] != before) == (200, True)
    wrong = {"If-None-Match": before, "Authorization": "Bearer wrong"}
    assert client.get("/v1/runs", headers=wrong).status_code == 401


def test_runs_are_found_by_the_time_at_which_they_were_sent(client: TestClient, filled: Stored) -> None:
    def found(**bounds: float) -> list[str]:
        return [run["run_id"] for run in client.get("/v1/runs", params=bounds).json()["runs"]]

    assert found(since=1001, until=1002) == ["second"]
    assert found(until=1001) == ["first"]
    assert found(since=1003) == []
