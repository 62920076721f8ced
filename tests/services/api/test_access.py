"""Nothing is told without the token, apart from whether the process lives."""

import hmac
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute

from seep.settings import Settings
from services.api import access
from services.api.application import application
from tests.builders import TOKEN
from tests.services.api.applications import made_once
from tests.stored import Stored

OPEN = {"/healthz", "/readyz"}


@pytest.fixture(scope="module")
def away() -> Iterator[Stored]:
    """A store whose database does not answer."""
    with Stored("postgresql://nobody@localhost:1/nothing") as store:
        yield store


def paths(app: FastAPI) -> Iterator[str]:
    def below(routes: list[BaseRoute]) -> Iterator[str]:
        for route in routes:
            inner = getattr(route, "routes", None)
            if inner:
                yield from below(inner)
            else:
                yield route.path  # type: ignore[attr-defined]

    yield from below(app.routes)


WRONG: list[dict[str, str | bytes]] = [
    {},
    {"Authorization": "Bearer wrong"},
    {"Authorization": "Bearer swordfish2"},
    {"Authorization": "Bearer swordfis"},
    {"Authorization": "Basic swordfish"},
    {"Authorization": "swordfish"},
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer "},
    {"Authorization": "Bearer swordfish swordfish"},
    {"Authorization": "Bearer swordfish, Bearer swordfish"},
    {"Authorization": 'Bearer "swordfish"'},
    {"Authorization": "Bearer SWORDFISH"},
    {"Authorization": b"Bearer sw\xf6rdfish"},
    {"Cookie": "token=swordfish"},
]


def test_every_route_but_health_wants_the_token(store: Stored, settings: Settings) -> None:
    app = made_once(store, settings)
    client = TestClient(app)
    guarded = set(app.openapi()["paths"]) | {"/v1/openapi.json"}
    assert len(guarded) == 22
    # Pages ask for a log-in instead; tests/services/api/ui has their tests.
    assert {path for path in paths(app) if path != "/" and not path.startswith("/ui")} <= guarded | OPEN
    for headers in WRONG:
        for path in guarded:
            answer = client.get(path.replace("{run_id}", "first"), headers=headers)  # type: ignore[arg-type]
            seen = (headers, path, answer.status_code, answer.headers.get("www-authenticate"))
            assert seen == (headers, path, 401, "Bearer")
            assert answer.json() == {"detail": "expected the API's bearer token"}
    for path in OPEN:
        assert client.get(path).status_code == 200


def test_the_right_token_opens_every_route(client: TestClient) -> None:
    assert client.get("/v1/runs").status_code == 200
    document = client.get("/v1/openapi.json").json()
    assert all("401" in path["get"]["responses"] for path in document["paths"].values())
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


def test_without_a_configured_token_nothing_is_asked_for(store: Stored) -> None:
    for name in ("localhost", "127.0.0.1:8000", "[::1]:8000", "192.168.0.1"):
        client = TestClient(made_once(store, Settings()), base_url=f"http://{name}")
        assert (name, client.get("/v1/runs").status_code) == (name, 200)


@pytest.fixture(scope="module")
def unguarded(away: Stored) -> TestClient:
    """A client of the API without a token."""
    return TestClient(application(away, Settings()))  # its own, as it outlives a test


@pytest.mark.parametrize("path", ["/v1/runs", "/healthz", "/nowhere"])
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example#127.0.0.1",
        "localhost@evil.example",
        "2130706433",
        "[::1",
        "",
    ],
)
def test_without_a_token_a_page_whose_own_name_leads_here_reads_nothing(
    unguarded: TestClient, host: str, path: str
) -> None:
    answer = unguarded.get(path, headers={"Host": host})
    assert (answer.status_code, answer.json()) == (
        421,
        {"detail": "Host: expected localhost or an IP address; under other names the API needs api.token"},
    )


def test_with_a_token_or_where_all_may_reach_it_the_api_has_any_name(
    away: Stored,
) -> None:
    for api in ({"token": TOKEN}, {"host": "0.0.0.0"}, {"host": "seep.example"}):
        settings = Settings.model_validate({"api": api})
        client = TestClient(made_once(away, settings), headers={"Authorization": f"Bearer {TOKEN}"})
        assert (api, client.get("/healthz").status_code) == (api, 200)
        assert (api, client.get("/v1/runs").status_code) == (api, 503)


def test_refusals_and_health_are_kept_nowhere_and_taken_for_nothing_else(client: TestClient) -> None:
    for path in ("/v1/runs/nowhere", "/nowhere", "/healthz", "/readyz"):
        for headers in ({}, {"Authorization": "Bearer wrong"}):
            received = client.get(path, headers=headers).headers
            assert (path, received["cache-control"], received["x-content-type-options"]) == (
                path,
                "no-store",
                "nosniff",
            )


def test_the_token_is_compared_in_constant_time(
    away: Stored, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def watched(given: bytes, expected: bytes) -> bool:
        compared.append((given, expected))
        return hmac.compare_digest(given, expected)

    monkeypatch.setattr(access, "compare_digest", watched)
    client = TestClient(made_once(away, settings))
    for given in ("s", "swordfish", "x" * 5000):
        client.get("/v1/runs", headers={"Authorization": f"Bearer {given}"})
    assert compared == [(given.encode(), b"swordfish") for given in ("s", "swordfish", "x" * 5000)]


def test_readiness_says_no_while_the_database_is_away(away: Stored, settings: Settings) -> None:
    client = TestClient(made_once(away, settings), headers={"Authorization": "Bearer swordfish"})
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 503)
    answer = client.get("/v1/runs")
    assert (answer.status_code, answer.json()) == (503, {"detail": "the database does not answer now"})
