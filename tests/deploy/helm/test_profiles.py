"""The chart as it is given to others: it lints, it is documented, and its profiles are accepted by Kubernetes."""

import json
import re
import tomllib
from typing import Any

import pytest
import yaml

from deploy.helm.schema import SCHEMA, text, up_to_date
from tests.deploy.helm.kubernetes import violations
from tests.deploy.helm.rendering import (
    ALL,
    BUNDLED,
    CHART,
    LEAST,
    PROFILES,
    ROOT,
    STRIMZI,
    render,
    run_helm,
)

EVERYTHING = [*((profile,) for profile in PROFILES), (LEAST, ALL), (LEAST, ALL, BUNDLED), (LEAST, ALL, STRIMZI)]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_lints_without_a_warning(profile: str) -> None:
    linted = run_helm("lint", "--strict", str(CHART), values=[profile])
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "WARNING" not in linted.stdout


@pytest.mark.parametrize("values", EVERYTHING, ids=[*PROFILES, "all", "bundled", "strimzi"])
def test_every_object_is_one_that_kubernetes_and_its_operators_know(values: Any) -> None:
    assert [violation for manifest in render(*values) for violation in violations(manifest)] == []


@pytest.mark.parametrize("values", EVERYTHING, ids=[*PROFILES, "all", "bundled", "strimzi"])
def test_no_two_objects_have_one_name(values: Any) -> None:
    names = [(manifest["kind"], manifest["metadata"]["name"]) for manifest in render(*values)]
    assert len(names) == len(set(names))


def test_a_field_that_kubernetes_does_not_know_is_found() -> None:
    deployment = next(manifest for manifest in render("cpu") if manifest["kind"] == "Deployment")
    spec = deployment["spec"] | {"replica": 1}
    assert any("replica" in violation for violation in violations(deployment | {"spec": spec}))


def test_every_value_has_a_comment() -> None:
    lines = (CHART / "values.yaml").read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for before, line in zip(["", *lines], lines, strict=False)
        if re.match(r"\s*[A-Za-z]+:( .+)?$", line)
        and not before.lstrip().startswith("#")
        # A group is explained by its values; requests and limits by the line above them.
        and not (re.match(r"\s*[A-Za-z]+:$", line) or line.strip().startswith(("requests:", "limits:")))
    ]
    assert bare == []


def test_the_schema_is_that_of_the_settings() -> None:
    written = SCHEMA.read_text(encoding="utf-8")
    assert written == text(up_to_date(json.loads(written))) + "\n", "run python -m deploy.helm.schema"


def test_the_schema_knows_every_value_and_no_other() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    # Helm gives every chart a section of that name.
    assert set(schema["properties"]) - {"global"} == set(values)


def test_the_chart_has_the_version_of_the_project() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert chart["appVersion"] == project["version"]


def test_the_chart_knows_the_suites_of_the_images() -> None:
    listed = (CHART / "files" / "own-suites.txt").read_text(encoding="utf-8").split()
    assert listed == sorted(path.name for path in (ROOT / "suites").glob("*.yaml"))
