"""Whatever the chart makes is what a real API server takes, and the GPU profile's engines find nodes with GPUs."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import yaml

from tests.cluster.cluster import CHART, NAME, VALUES, Cluster
from tests.deploy.helm.rendering import ALL, LEAST, PROFILES, STRIMZI, render

pytestmark = pytest.mark.timeout(1200)

GPU = "nvidia.com/gpu"
# Custom resources of the charts' options: a server without them cannot check.
GROUPS = ("keda.sh", "monitoring.coreos.com", "kafka.strimzi.io", "serving.kserve.io")
HPA = {"autoscaling": {"enabled": True, "type": "hpa", "minReplicas": 1}}
SETS: Mapping[str, Sequence[str | Mapping[str, Any]]] = {
    **{profile: (profile,) for profile in PROFILES},
    "all": (LEAST, ALL),
    "strimzi": (LEAST, ALL, STRIMZI),
    "hpa": (LEAST, ALL, {"generator": HPA, "scorer": HPA, "monitors": {"scheduler": "deployment"}}),
}


@pytest.mark.parametrize("values", SETS.values(), ids=SETS.keys())
def test_a_server_takes_all_objects(cluster: Cluster, values: Sequence[str | Mapping[str, Any]]) -> None:
    served = cluster.kubectl("api-versions")
    missing = [group for group in GROUPS if group not in served]
    if missing:
        pytest.skip(f"the cluster has no resources of {', '.join(missing)}")
    release = render(*values, apis=tuple(served.split()))
    accounts = list(release.objects("ServiceAccount").values())
    # For real: a server refuses a pod, even in a dry run, whose account is not there.
    cluster.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(accounts))
    cluster.warnings.clear()
    cluster.kubectl("apply", "--dry-run=server", "--filename=-", stdin=yaml.safe_dump_all(release))
    cluster.kubectl("delete", "--filename=-", stdin=yaml.safe_dump_all(accounts))
    assert cluster.warnings == []


@pytest.fixture
def gpu_profile(cluster: Cluster) -> dict[str, Any]:
    """The profile, installed; nothing is waited for, because its broker and database are not there."""
    fake = cluster.kubectl("get", "nodes", "--selector=type=kwok", "--output=name").split()
    if len(fake) < 8:
        pytest.skip("the cluster has no 8 fake nodes of kwok's with GPUs")
    profile = CHART / "values-gpu.yaml"
    cluster.kubectl("create", "secret", "generic", "seep-database", "--from-literal=dsn=postgresql://nobody@nowhere/x")
    cluster.helm("install", NAME, str(CHART), "--values", str(profile), *VALUES, "--no-hooks")
    values: dict[str, Any] = yaml.safe_load(profile.read_text(encoding="utf-8"))
    return values


def test_each_engine_runs_on_nodes_with_gpus_and_scales_to_its_limit(
    cluster: Cluster, gpu_profile: dict[str, Any]
) -> None:
    engines, generator = gpu_profile["config"]["engines"], gpu_profile["generator"]
    assert (len(engines), len(gpu_profile["config"]["targets"])) == (4, 10)
    for name, engine in engines.items():
        own = generator["engines"].get(name, {}).get("autoscaling", {})
        limit = own.get("maxReplicas", generator["autoscaling"]["maxReplicas"])
        scaled = [found for found in cluster.objects("scaledobjects.keda.sh") if name in found["metadata"]["name"]]
        assert [found["spec"]["maxReplicaCount"] for found in scaled] == [limit]
        for replicas in (1, limit):
            # What KEDA's operator would do, which is not in this cluster.
            cluster.kubectl("scale", f"deployment/{NAME}-generator-{name}", f"--replicas={replicas}")
            wait_for_running(cluster, name, replicas)
        for pod in pods(cluster, name):
            assert pod["spec"]["nodeName"].startswith("gpu-")
            limit_of_pod = pod["spec"]["containers"][0]["resources"]["limits"][GPU]
            assert limit_of_pod == str(engine.get("tensor_parallel_size", 1))


def pods(cluster: Cluster, engine: str) -> list[dict[str, Any]]:
    return cluster.objects("pods", f"--selector=seep/engine={engine}")


def wait_for_running(cluster: Cluster, engine: str, replicas: int) -> None:
    def reached() -> bool:
        return [pod["status"]["phase"] for pod in pods(cluster, engine)] == ["Running"] * replicas

    cluster.wait_until(reached, f"{replicas} processes of {engine} to run")
