"""Tests on the cluster that KUBECONFIG names; `make test-cluster` runs them, plain pytest does not collect them."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import LABELS, Cluster

# Whose KUBECONFIG is set need not want releases installed by every run of the tests.
collect_ignore_glob = [] if os.environ.get("SEEP_TEST_CLUSTER") else ["test_*.py"]

FIGURES: dict[str, str] = {}


@pytest.fixture(scope="session")
def figures() -> dict[str, str]:
    """What was measured on the way, printed at the end."""
    return FIGURES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the figures."""
    for name, value in FIGURES.items():
        terminalreporter.write_line(f"{name}: {value}")


@pytest.fixture(scope="module")
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A new namespace under the restricted Pod Security Standard; it stays where a test has failed."""
    for tool in ("kubectl", "helm"):
        if shutil.which(tool) is None:
            pytest.fail(f"{tool} is not on the PATH")
    cluster = Cluster(f"seep-test-{secrets.token_hex(3)}")
    cluster.kubectl("create", "namespace", cluster.namespace)
    cluster.kubectl("label", "namespace", cluster.namespace, *(f"{key}={value}" for key, value in LABELS.items()))
    failed_before = request.session.testsfailed
    yield cluster
    if request.session.testsfailed == failed_before:
        subprocess.run(["kubectl", "delete", "namespace", cluster.namespace, "--wait=false"], check=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for this module's files."""
    return tmp_path_factory.mktemp("cluster")
