"""Logging in: the form, the cookie, and where it leads."""

from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from seep.settings import Settings
from services.api.ui.session import SECONDS, is_session, new_session
from tests.services.api.applications import made_once
from tests.stored import Stored

TOKEN = "swordfish"


def client_of(store: Stored, settings: Settings, address: str = "10.0.0.1", **api: Any) -> TestClient:
    given = settings.api.model_copy(update={"token": TOKEN, **api})
    app = made_once(store, settings.model_copy(update={"api": given}))
    return TestClient(app, base_url="https://seep.example", follow_redirects=False, client=(address, 1))


@pytest.fixture
def locked(pages_store: Stored, configured: Settings) -> TestClient:
    """A client without a session."""
    return client_of(pages_store, configured)


def test_a_session_holds_until_its_time_and_under_its_token_alone() -> None:
    cookie = new_session(TOKEN, now=1000)
    assert is_session(cookie, TOKEN, now=1000 + SECONDS - 1)
    assert not is_session(cookie, TOKEN, now=1000 + SECONDS)
    assert not is_session(cookie, "another", now=1000)
    later = f"9{cookie}"
    assert not is_session(later, TOKEN, now=1000)
    for nonsense in ("", ".", "1", "\u0661.x", "99999999999."):
        assert not is_session(nonsense, TOKEN, now=1000)


def test_the_form_leads_back_to_the_page_that_was_asked_for(locked: TestClient) -> None:
    answer = locked.get("/ui/runs?state=stalled")
    assert answer.status_code == 303
    form = answer.headers["location"]
    assert form == f"/ui/login?next={quote('/runs?state=stalled', safe='')}"
    assert locked.get(form).status_code == 200
    entered = locked.post(form, data={"token": TOKEN})
    assert (entered.status_code, entered.headers["location"]) == (303, "/ui/runs?state=stalled")
    cookie = entered.headers["set-cookie"]
    for said in ("HttpOnly", "Secure", "SameSite=strict", "Path=/ui", f"Max-Age={SECONDS}"):
        assert said in cookie
    assert TOKEN not in cookie
    assert locked.get("/ui/runs?state=stalled").status_code == 200
    locked.post("/ui/logout")
    assert locked.get("/ui").status_code == 303


def test_a_wrong_token_and_another_sites_form_open_nothing(locked: TestClient) -> None:
    refused = locked.post("/ui/login", data={"token": "wrong"})
    assert (refused.status_code, refused.headers.get("set-cookie")) == (401, None)
    foreign = locked.post("/ui/login", data={"token": TOKEN}, headers={"Origin": "https://evil.example"})
    assert (foreign.status_code, foreign.headers.get("set-cookie")) == (403, None)


@pytest.mark.parametrize("next", ["//evil.example", "https://evil.example", "/\\evil.example", "/x\r\nA: b"])
def test_the_form_leads_to_no_other_site(locked: TestClient, next: str) -> None:
    entered = locked.post(f"/ui/login?next={quote(next, safe='')}", data={"token": TOKEN})
    assert entered.headers["location"] == "/ui"


def test_a_link_from_another_site_is_asked_for_again_before_the_form(locked: TestClient) -> None:
    linked = locked.get("/ui/runs", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})
    assert linked.status_code == 200
    assert 'http-equiv="refresh"' in linked.text
    assert "work" not in linked.text


def test_static_files_need_no_session_and_pages_and_api_do(locked: TestClient) -> None:
    assert locked.get("/ui/static/style.css").status_code == 200
    assert locked.get("/ui/static/nothing.css").status_code == 404
    assert locked.get("/v1/overview").status_code == 401
    assert locked.get("/ui", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200


def test_a_proxys_header_counts_from_trusted_addresses_alone(pages_store: Stored, configured: Settings) -> None:
    from ipaddress import ip_network

    trusting: dict[str, Any] = {"user_header": "X-User", "trusted_proxies": (ip_network("10.0.0.0/8"),)}
    header = {"X-User": "anna"}
    assert client_of(pages_store, configured, **trusting).get("/ui", headers=header).status_code == 200
    assert client_of(pages_store, configured, **trusting).get("/ui").status_code == 303
    strange = client_of(pages_store, configured, "192.0.2.1", **trusting)
    assert strange.get("/ui", headers=header).status_code == 303
