"""What helm makes of values, as the tests look at it."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
CHART = ROOT / "deploy" / "helm" / "seep"
PROFILES = ("cpu", "gpu", "production")
KUBERNETES = "1.34"
APIS = ("keda.sh/v1alpha1", "monitoring.coreos.com/v1", "kafka.strimzi.io/v1", "serving.kserve.io/v1beta1")

# The least that the chart takes: everything outside is there already.
LEAST: Mapping[str, Any] = {
    "config": {
        "engines": {
            "tiny": {"backend": "vllm", "model": "/models/tiny"},
            "gateway": {"backend": "openai", "base_url": "https://gateway.example.com/v1", "model": "qwen"},
        },
        "targets": {"tiny": {"engine": "tiny"}, "gateway": {"engine": "gateway"}},
    },
    "externalKafka": {"bootstrapServers": "kafka.example.com:9092"},
    "externalDatabase": {"existingSecret": "database"},
}
# Everything that can be switched on, over LEAST.
ALL: Mapping[str, Any] = {
    "config": {
        "monitors": {
            "daily": {"target": "tiny", "suite": "/opt/seep/suites/colours.yaml", "schedule": "0 2 * * *"},
            "by-hand": {"target": "gateway", "suite": "/opt/seep/suites/concepts.yaml"},
        }
    },
    "generator": {
        "autoscaling": {"enabled": True},
        "engines": {"gateway": {"apiKey": {"existingSecret": "gateway-key"}}},
    },
    "scorer": {"autoscaling": {"enabled": True}, "gpu": {"enabled": True}},
    "api": {"existingSecret": "token"},
    "ingress": {"enabled": True, "hostname": "seep.example.com", "tlsSecret": "certificate"},
    "metrics": {"podMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}},
    "predictor": {"enabled": True},
    "tests": {"suite": "/opt/seep/suites/colours-smoke.yaml", "target": "gateway"},
}
BUNDLED: Mapping[str, Any] = {
    "externalKafka": {"bootstrapServers": ""},
    "externalDatabase": {"existingSecret": ""},
    "kafka": {"enabled": True},
    "postgresql": {"enabled": True},
}
STRIMZI: Mapping[str, Any] = {
    "externalKafka": {
        "securityProtocol": "SASL_SSL",
        "sasl": {"mechanism": "SCRAM-SHA-512"},
        "tls": {"caSecret": "kafka-cluster-ca-cert"},
    },
    "topics": {"provisioner": "strimzi"},
    "strimzi": {"cluster": "kafka", "createUsers": True},
}
TOKEN: Mapping[str, Any] = {
    "externalKafka": {"securityProtocol": "SASL_SSL", "sasl": {"mechanism": "OAUTHBEARER", "existingSecret": "login"}}
}

Manifest = dict[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod as some object makes it."""

    name: str
    kind: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    spec: Manifest

    @property
    def component(self) -> str:
        """What it is of the whole."""
        return self.labels["app.kubernetes.io/component"]

    @property
    def container(self) -> Manifest:
        """The container that does the work."""
        container: Manifest = self.spec["containers"][0]
        return container

    def environment(self) -> dict[str, Any]:
        """Variables by name: values, or where they come from."""
        return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in self.container.get("env", [])}


class Release(list[Manifest]):
    """The objects of a release."""

    def objects(self, kind: str) -> dict[str, Manifest]:
        """The objects of a kind, by name."""
        return {manifest["metadata"]["name"]: manifest for manifest in self if manifest["kind"] == kind}

    def pods(self) -> Iterator[Pod]:
        """All pods that the objects make."""
        for manifest in self:
            if (found := pod_template(manifest)) is not None:
                metadata, spec = found
                name, annotations = manifest["metadata"]["name"], metadata.get("annotations", {})
                yield Pod(name, manifest["kind"], metadata["labels"], annotations, spec)

    def pod(self, name: str) -> Pod:
        """The pod of the object with this name."""
        return next(pod for pod in self.pods() if pod.name == name)

    def settings(self) -> Manifest:
        """seep.yaml."""
        text = self.objects("ConfigMap")["seep-configuration"]["data"]["seep.yaml"]
        loaded: Manifest = yaml.safe_load(text)
        return loaded


def pod_template(manifest: Manifest) -> tuple[Manifest, Manifest] | None:
    """Metadata and spec of the pods that an object makes; None where it makes none."""
    spec = manifest.get("spec", {})
    match manifest["kind"]:
        case "Deployment" | "StatefulSet" | "Job":
            template = spec["template"]
        case "CronJob":
            template = spec["jobTemplate"]["spec"]["template"]
        case "Pod":
            return manifest["metadata"], spec
        case "InferenceService":
            return spec["predictor"], spec["predictor"]
        case _:
            return None
    return template["metadata"], template["spec"]


def tool(name: str) -> str:
    """A program that `make test-chart` puts into .seep/bin, or that is on the PATH; skips the test where it is not."""
    found = shutil.which(str(ROOT / ".seep" / "bin" / name)) or shutil.which(name)
    if found is None:
        if "SEEP_CHART_TOOLS_REQUIRED" in os.environ:
            pytest.fail(f"{name} is neither in .seep/bin nor on the PATH")
        pytest.skip(f"{name} is not installed: make test-chart fetches it")
    return found


def overlaid(values: Mapping[str, Any], *others: Mapping[str, Any]) -> dict[str, Any]:
    """Values with others over them, key by key."""
    result = dict(values)
    for other in others:
        for key, value in other.items():
            both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
            result[key] = overlaid(result[key], value) if both else value
    return result


def render(*values: str | Mapping[str, Any], apis: tuple[str, ...] = APIS) -> Release:
    """The objects that helm makes of profiles, by name, and values, the later over the earlier."""
    done = _template(json.dumps(values), apis)
    assert done.returncode == 0, done.stderr
    return Release(manifest for manifest in yaml.load_all(done.stdout, yaml.CSafeLoader) if manifest)


def refusal(*values: str | Mapping[str, Any], apis: tuple[str, ...] = APIS) -> str:
    """What helm says where it refuses values."""
    done = _template(json.dumps(values), apis)
    assert done.returncode != 0, "the values were taken"
    return done.stderr


@lru_cache
def _template(values: str, apis: tuple[str, ...]) -> "subprocess.CompletedProcess[str]":
    named = [argument for api in apis for argument in ("--api-versions", api)]
    arguments = ("seep", str(CHART), "--namespace", "watch", "--kube-version", KUBERNETES)
    return run_helm("template", *arguments, *named, values=json.loads(values))


def run_helm(*arguments: str, values: list[str | Mapping[str, Any]]) -> "subprocess.CompletedProcess[str]":
    """A helm command with profiles and values."""
    files = []
    with tempfile.TemporaryDirectory() as folder:
        for number, given in enumerate(values):
            path = CHART / f"values-{given}.yaml" if isinstance(given, str) else Path(folder) / f"{number}.json"
            if not isinstance(given, str):
                path.write_text(json.dumps(given), encoding="utf-8")
            files += ["--values", str(path)]
        command = [tool("helm"), *arguments, *files]
        return subprocess.run(command, capture_output=True, text=True, check=False)
