"""The schemas of Kubernetes and of the operators whose objects the chart makes, from the sources of their modules."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.deploy.helm.rendering import Manifest, pod_template

KUBERNETES = ("k8s.io/kubernetes", "v1.34.4")
# By API group: the module, and where its CustomResourceDefinitions are.
OPERATORS = {
    "keda.sh": ("github.com/kedacore/keda/v2", "v2.21.0", "config/crd/bases/*.yaml"),
    "monitoring.coreos.com": (
        "github.com/prometheus-operator/prometheus-operator",
        "v0.85.0",
        "example/prometheus-operator-crd/*.yaml",
    ),
    "serving.kserve.io": ("github.com/kserve/kserve", "v0.17.0", "config/crd/full/**/serving.*.yaml"),
}
# Strimzi's definitions are in no module: a real API server with them is asked in the cluster's test.
WITHOUT_SCHEMA = ("kafka.strimzi.io",)


class _Loader(yaml.CSafeLoader):
    """Takes a lone = for the text that it is in these files."""

    def text(self, node: yaml.ScalarNode) -> str:
        return str(self.construct_scalar(node))


_Loader.add_constructor("tag:yaml.org,2002:value", _Loader.text)


def violations(manifest: Manifest) -> Iterator[str]:
    """What Kubernetes would refuse or ignore of an object, a line each."""
    group, _, version = manifest["apiVersion"].rpartition("/")
    if group in WITHOUT_SCHEMA:
        return
    for error in _validator(group, version, manifest["kind"]).iter_errors(manifest):
        yield f"{manifest['kind']} {manifest['metadata']['name']}: {error.json_path}: {error.message[:200]}"
    if found := pod_template(manifest):
        yield from _inconsistencies(manifest, *found)


def _inconsistencies(manifest: Manifest, metadata: Manifest, spec: Manifest) -> Iterator[str]:
    """What the API server checks beyond the schema."""
    name = f"{manifest['kind']} {manifest['metadata']['name']}"
    volumes = [volume["name"] for volume in spec.get("volumes", [])]
    claims = [claim["metadata"]["name"] for claim in manifest["spec"].get("volumeClaimTemplates", [])]
    if len(set(volumes)) != len(volumes):
        yield f"{name}: a volume is there twice"
    for container in [*spec["containers"], *spec.get("initContainers", [])]:
        mounts = [mount["name"] for mount in container.get("volumeMounts", [])]
        if unknown := set(mounts) - {*volumes, *claims}:
            yield f"{name}: mounts {unknown}, which is no volume"
        variables = [variable["name"] for variable in container.get("env", [])]
        if len(set(variables)) != len(variables):
            yield f"{name}: a variable is there twice"
    selector = manifest["spec"].get("selector", {}).get("matchLabels", {})
    if not selector.items() <= metadata["labels"].items():
        yield f"{name}: does not select its own pods"


@cache
def _validator(group: str, version: str, kind: str) -> Draft202012Validator:
    if group in OPERATORS:
        return Draft202012Validator(_of_definition(group, version, kind))
    file = f"apis__{group}__{version}_openapi.json" if group else f"api__{version}_openapi.json"
    folder = go_module(*KUBERNETES) / "api" / "openapi-spec" / "v3"
    schemas = json.loads((folder / file).read_text(encoding="utf-8"))["components"]["schemas"]
    named = {"group": group, "version": version, "kind": kind}
    name = next(name for name, schema in schemas.items() if named in schema.get("x-kubernetes-group-version-kind", []))
    components = {"components": {"schemas": {key: _strict(schema) for key, schema in schemas.items()}}}
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", **components})


def _of_definition(group: str, version: str, kind: str) -> Any:
    module, release, pattern = OPERATORS[group]
    for path in go_module(module, release).glob(pattern):
        text = path.read_text(encoding="utf-8")
        # They are large, and slow to parse.
        definition = yaml.load(text, _Loader) if f"kind: {kind}\n" in text else None
        if definition and definition["spec"]["group"] == group and definition["spec"]["names"]["kind"] == kind:
            served = {item["name"]: item["schema"]["openAPIV3Schema"] for item in definition["spec"]["versions"]}
            schema = _strict(served[version])
            schema["properties"]["metadata"] = {"type": "object"}
            return schema
    raise LookupError(f"{module} has no definition of {group}/{version} {kind}")


def _strict(node: Any) -> Any:
    """An OpenAPI schema as JSON schema, which refuses fields that are not named: a server would silently drop them."""
    if isinstance(node, list):
        return [_strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: _strict(value) for key, value in node.items()}
    if node.get("x-kubernetes-int-or-string") or node.get("format") == "int-or-string":
        return {"type": ["integer", "string"]}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        schema.setdefault("additionalProperties", bool(node.get("x-kubernetes-preserve-unknown-fields")))
    if "Quantity" in str(node.get("description", ""))[:12]:
        return {"type": ["number", "string"]}
    return schema


@cache
def go_module(path: str, version: str) -> Path:
    """The folder of a Go module's source, fetched where it is not there; skips the test where it cannot be had."""
    go = shutil.which("go")
    if go is not None:
        found = subprocess.run(
            [go, "mod", "download", "-json", f"{path}@{version}"], cwd="/", capture_output=True, text=True
        )
        if found.returncode == 0:
            return Path(json.loads(found.stdout)["Dir"])
    reason = f"the Go module {path} cannot be had: " + ("there is no go" if go is None else found.stderr.strip())
    if "SEEP_CHART_TOOLS_REQUIRED" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)
