"""What kube-score, a linter of Kubernetes' objects, calls critical: nothing but what is meant, with the reason why."""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.deploy.helm.rendering import ALL, BUNDLED, KUBERNETES, LEAST, PROFILES, STRIMZI, render, tool

CRITICAL = 1
# By check and the beginning of what it says; for the objects named, or for all.
MEANT: Mapping[tuple[str, str], frozenset[str] | None] = {
    # Tags are versions, which never change: to ask the registry at every start is one more thing that can be away.
    ("container-image-pull-policy", "ImagePullPolicy is not set to Always"): None,
    # A limit of CPU slows down who could have had what nobody uses; memory is limited.
    ("container-resources", "CPU limit is not set"): None,
    # The root file system is read-only, and every volume that can be written to has a limit of its own.
    ("container-ephemeral-storage-request-and-limit", "Ephemeral Storage"): None,
    # One broker, or one database, to try out with: what does not answer is not ready, and for long not alive.
    ("pod-probes-identical", "Container has the same"): frozenset({"seep-kafka", "seep-postgresql"}),
    # KServe makes the pods of its InferenceService.
    ("networkpolicy-targets-pod", "The NetworkPolicys"): frozenset({"seep-predictor", "seep-predictor-egress"}),
}
SETS = {
    **{profile: (profile,) for profile in PROFILES},
    "all": (LEAST, ALL),
    "bundled": (LEAST, ALL, BUNDLED),
    "strimzi": (LEAST, ALL, STRIMZI),
}


def findings(manifests: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """What is critical and not meant: object, check, and what it says."""
    command = [tool("kube-score"), "score", "--kubernetes-version", f"v{KUBERNETES}", "--output-format", "json", "-"]
    # Its exit code is 1 wherever it finds anything.
    done = subprocess.run(command, input=yaml.safe_dump_all(manifests), capture_output=True, text=True, check=False)
    return {
        (scored["object_meta"]["name"], check["check"]["id"], comment["summary"])
        for scored in json.loads(done.stdout)
        for check in scored["checks"]
        if check["grade"] == CRITICAL and not check["skipped"]
        for comment in check["comments"] or []
        if not meant(scored["object_meta"]["name"], check["check"]["id"], comment["summary"])
    }


def meant(name: str, check: str, summary: str) -> bool:
    return any(
        check == known and summary.startswith(beginning) and (names is None or name in names)
        for (known, beginning), names in MEANT.items()
    )


@pytest.mark.parametrize("values", SETS.values(), ids=SETS.keys())
def test_nothing_critical_is_found_but_what_is_meant(values: Any) -> None:
    assert findings(render(*values)) == set()


def test_what_is_wrong_is_found() -> None:
    deployments = [manifest for manifest in render("cpu") if manifest["kind"] == "Deployment"]
    for manifest in deployments:
        container = manifest["spec"]["template"]["spec"]["containers"][0]
        container["securityContext"]["readOnlyRootFilesystem"] = False
        container["image"] = "seep/scorer:latest"
    found = {(name, check) for name, check, _ in findings(deployments)}
    for manifest in deployments:
        for check in ("container-security-context-readonlyrootfilesystem", "container-image-tag"):
            assert (manifest["metadata"]["name"], check) in found
