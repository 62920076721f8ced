"""Nothing is told without the token, apart from whether the process lives."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute

from seep.settings import Settings
from services.api.application import application
from tests.stored import Stored

OPEN = {"/healthz", "/readyz"}


def paths(app: FastAPI) -> Iterator[str]:
    def below(routes: list[BaseRoute]) -> Iterator[str]:
        for route in routes:
            inner = getattr(route, "routes", None)
            if inner:
                yield from below(inner)
            else:
                yield route.path  # type: ignore[attr-defined]

    yield from below(app.routes)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer swordfish2"},
        {"Authorization": "Bearer swordfis"},
        {"Authorization": "Basic swordfish"},
        {"Authorization": "swordfish"},
        {"Authorization": b"Bearer sw\xf6rdfish"},
    ],
)
def test_every_route_but_health_wants_the_token(store: Stored, settings: Settings, headers: dict[str, str]) -> None:
    app = application(store, settings)
    client = TestClient(app)
    guarded = set(app.openapi()["paths"]) | {"/v1/openapi.json"}
    assert len(guarded) == 11
    assert set(paths(app)) <= guarded | OPEN
    for path in guarded:
        answer = client.get(path.replace("{run_id}", "first"), headers=headers)
        assert (path, answer.status_code, answer.headers.get("www-authenticate")) == (path, 401, "Bearer")
        assert answer.json() == {"detail": "expected the API's bearer token"}
    for path in OPEN:
        assert client.get(path, headers=headers).status_code == 200


def test_the_right_token_opens_every_route(client: TestClient) -> None:
    assert client.get("/v1/runs").status_code == 200
    document = client.get("/v1/openapi.json").json()
    assert all("401" in path["get"]["responses"] for path in document["paths"].values())
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"


def test_without_a_configured_token_nothing_is_asked_for(store: Stored) -> None:
    assert TestClient(application(store, Settings())).get("/v1/runs").status_code == 200


def test_readiness_says_no_while_the_database_is_away(settings: Settings) -> None:
    with Stored("postgresql://nobody@localhost:1/nothing") as store:
        client = TestClient(application(store, settings), headers={"Authorization": "Bearer swordfish"})
        assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 503)
        answer = client.get("/v1/runs")
        assert (answer.status_code, answer.json()) == (503, {"detail": "the database does not answer now"})
