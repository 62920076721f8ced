"""The API and its pages under a path of a proxy's, stripped or not."""

import re
from ipaddress import ip_network

import pytest
from fastapi.testclient import TestClient

from seep.settings import Settings
from tests.services.api.applications import made_once
from tests.stored import Stored

BARE = Settings.model_validate({"engines": {}, "targets": {}})


def client_of(store: Stored, address: str = "10.0.0.1", **api: object) -> TestClient:
    settings = BARE.model_copy(update={"api": BARE.api.model_copy(update=api)})
    return TestClient(
        made_once(store, settings), base_url="http://localhost", follow_redirects=False, client=(address, 1)
    )


@pytest.mark.parametrize("root_path", ["", "/seep", "/a/b"])
@pytest.mark.parametrize("stripped", [True, False])
@pytest.mark.parametrize("slash", ["", "/"])
def test_links_and_files_are_found_under_every_path(store: Stored, root_path: str, stripped: bool, slash: str) -> None:
    client = client_of(store, root_path=root_path)
    seen_here = "" if stripped else root_path
    page = client.get(f"{seen_here}/ui{slash}")
    assert page.status_code == 200
    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', page.text)
    assert links
    assert all(link.startswith(f"{root_path}/ui") for link in links)
    for link in dict.fromkeys(links):
        assert client.get(seen_here + link.removeprefix(root_path)).status_code == 200
    assert client.get(f"{seen_here}/v1/runs").status_code == 200
    assert client.get(seen_here + (slash or "/")).headers["location"] == f"{root_path}/ui"


def test_a_prefix_is_taken_from_trusted_proxies_alone(store: Stored) -> None:
    trusted = (ip_network("10.0.0.0/8"),)
    header = {"X-Forwarded-Prefix": "/seep"}
    assert 'href="/seep/ui/runs"' in client_of(store, trusted_proxies=trusted).get("/ui", headers=header).text
    assert 'href="/ui/runs"' in client_of(store, "192.0.2.1", trusted_proxies=trusted).get("/ui", headers=header).text
    assert 'href="/ui/runs"' in client_of(store).get("/ui", headers=header).text


@pytest.mark.parametrize("prefix", ['/"><script>', "//evil.example", "javascript:", "/a b"])
def test_a_prefix_that_is_no_path_is_not_heeded(store: Stored, prefix: str) -> None:
    client = client_of(store, trusted_proxies=(ip_network("10.0.0.0/8"),))
    assert 'href="/ui/runs"' in client.get("/ui", headers={"X-Forwarded-Prefix": prefix}).text
