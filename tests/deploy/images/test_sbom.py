"""A list of what an image holds names packages and their hashes, and no address."""

from pathlib import Path

import pytest

from deploy.images.sbom import LOCKS, of_image

HASH = {"alg": "SHA-256", "content": "00" * 32}


def test_a_list_names_the_image_its_packages_and_their_hashes_but_no_address() -> None:
    distribution = {"type": "distribution", "url": "https://index.example.com/simple/a/", "hashes": [HASH]}
    website = {"type": "website", "url": "https://a.example.com"}
    component = {"name": "a", "version": "1", "purl": "pkg:pypi/a@1", "description": "requirements line 1: a==1"}
    bom = {
        "components": [component | {"externalReferences": [distribution, website]}],
        "metadata": {"tools": {"components": [{"externalReferences": [website]}]}},
    }
    made = of_image(bom, "aggregator", "0.1.0")
    assert made["metadata"]["component"]["name"] == "seep/aggregator"
    assert made["metadata"]["component"]["version"] == "0.1.0"
    [package] = made["components"]
    assert (package["name"], package["version"], package["purl"]) == ("a", "1", "pkg:pypi/a@1")
    assert [reference["hashes"] for reference in package["externalReferences"]] == [[HASH]]
    assert "example.com" not in str(made)


@pytest.mark.parametrize("service", ["generator", "scorer", "aggregator"])
def test_a_list_is_of_the_lock_that_the_image_installs(service: str) -> None:
    lock = Path(LOCKS[service])
    assert lock.is_file()
    assert lock.name in (Path("services") / service / "Dockerfile").read_text(encoding="utf-8")
