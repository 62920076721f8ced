"""What an installation prints: what to do next, and what is missing."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import yaml

from tests.deploy.helm.rendering import ALL, CHART, KUBERNETES, LEAST, STRIMZI, overlaid, render, run_helm

MONITORS = {"daily": {"target": "tiny", "suite": "/opt/seep/suites/colours.yaml", "schedule": "0 2 * * *"}}
WAYS_OUT = ("kafka", "database", "endpoints", "modelHub")
# One warning is left: of the alarms, which need an operator that is not there.
CAREFUL = overlaid(
    LEAST,
    {"api": {"existingSecret": "token"}, "config": {"monitors": MONITORS}},
    {"externalDatabase": {"apiExistingSecret": "read-only"}},
    {"networkPolicy": {part: {"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]} for part in WAYS_OUT}},
)


Notes = Callable[..., Any]


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Notes:
    """The notes for values, and what a template has found out for them."""
    # helm shows the notes of an installation alone: here a template of a copy includes them.
    copy = shutil.copytree(CHART, tmp_path_factory.mktemp("chart") / "seep")
    template = """
notes: {{ include (print .Template.BasePath "/NOTES.txt") . | toJson }}
secrets: {{ include "seep.referencedSecrets" . }}
"""
    (copy / "templates" / "notes.yaml").write_text(template, encoding="utf-8")

    def printed(*values: str | Mapping[str, Any], secrets: bool = False, arguments: Sequence[str] = ()) -> Any:
        command = ("template", "seep", str(copy), "--namespace", "watch", "--show-only", "templates/notes.yaml")
        operators = [f"--api-versions={group}/v1" for group in ("kafka.strimzi.io", "keda.sh", "serving.kserve.io")]
        operators.append("--api-versions=monitoring.coreos.com/v1")
        shown = run_helm(*command, "--kube-version", KUBERNETES, *operators, *arguments, values=list(values))
        assert shown.returncode == 0, shown.stderr
        return yaml.safe_load(shown.stdout)["secrets" if secrets else "notes"]

    return printed


def test_what_to_do_next_and_what_is_missing_is_told(notes: Notes) -> None:
    printed = notes("cpu")
    assert "helm test seep --namespace watch" in printed
    assert "port-forward service/seep-api 8000:80" in printed
    assert "WARNING: kafka.enabled" in printed
    assert "WARNING: api.existingSecret is empty" in printed
    idle = {"config": {"engines": {"idle": {"backend": "vllm", "model": "m"}}}}
    assert "config.engines.idle: no target names it" in notes(overlaid(LEAST, idle))
    assert notes(CAREFUL).count("WARNING") == 1


def test_an_api_with_more_rights_than_it_needs_is_told(notes: Notes) -> None:
    warning = "WARNING: externalDatabase.apiExistingSecret is empty: the API has the aggregator's rights"
    assert warning in notes(CAREFUL, {"externalDatabase": {"apiExistingSecret": ""}})
    assert warning not in notes("production")
    assert warning not in notes("cpu")


@pytest.mark.parametrize("part", WAYS_OUT)
def test_a_way_out_to_everyone_is_told(notes: Notes, part: str) -> None:
    nowhere: dict[str, Any] = {"networkPolicy": {part: {"to": []}}}
    assert f"WARNING: networkPolicy.{part}.to is empty" in notes(CAREFUL, nowhere)
    assert f"networkPolicy.{part}" not in notes("production")
    assert f"networkPolicy.{part}" not in notes("cpu")


def test_a_hub_that_is_not_used_is_no_way_out(notes: Notes) -> None:
    nowhere: dict[str, Any] = {"networkPolicy": {"modelHub": {"to": []}}}
    assert "networkPolicy.modelHub" not in notes(CAREFUL, nowhere, {"modelHub": {"enabled": False}})


def test_an_ingress_that_no_policy_lets_in_is_told(notes: Notes) -> None:
    ingress = {"ingress": {"enabled": True, "hostname": "seep.example.com", "tlsSecret": "certificate"}}
    warning = "WARNING: networkPolicy.api.from names nobody of another namespace"
    assert warning in notes(CAREFUL, ingress)
    assert warning not in notes("production")
    assert warning not in notes(CAREFUL, ingress, {"networkPolicy": {"enabled": False}})


SASL = {
    "externalKafka": {
        "securityProtocol": "SASL_SSL",
        "sasl": {"mechanism": "PLAIN", "existingSecret": "sasl"},
        "tls": {"caSecret": "ca", "clientSecret": "client"},
    },
    "externalDatabase": {"apiExistingSecret": "read-only"},
    "modelHub": {"tokenSecret": "hub"},
    "imagePullSecrets": [{"name": "registry"}],
}


@pytest.mark.parametrize("values", [(LEAST, ALL), (LEAST, ALL, SASL), (LEAST, ALL, STRIMZI), ("cpu",), ("production",)])
def test_every_secret_that_something_needs_is_looked_for(notes: Notes, values: Any) -> None:
    release = render(*values)
    made = {*release.objects("Secret"), *release.objects("KafkaUser")}
    assert set(notes(*values, secrets=True)) == set(named(list(release))) - made


def named(node: Any) -> Iterator[str]:
    """The names of secrets in manifests."""
    if isinstance(node, list):
        for item in node:
            yield from named(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "secretName":
                yield value
            elif key == "secretKeyRef":
                yield value["name"]
            elif key == "imagePullSecrets":
                yield from (item["name"] for item in value)
            else:
                yield from named(value)


RESOURCES = [
    {"name": name, "kind": kind, "namespaced": True, "verbs": ["get"]}
    for name, kind in (("secrets", "Secret"), ("serviceaccounts", "ServiceAccount"))
]
# As much of an API server as looking for secrets needs: a namespace with one of them.
ANSWERS = {
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": RESOURCES},
    "/api/v1/namespaces/watch/serviceaccounts/default": {"kind": "ServiceAccount", "apiVersion": "v1"},
    "/api/v1/namespaces/watch/secrets/database": {"kind": "Secret", "apiVersion": "v1"},
}


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        code = 200 if path in ANSWERS else 404
        missing = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(ANSWERS.get(path, missing)).encode())

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_secret_that_is_not_there_is_told(notes: Notes, server: str) -> None:
    printed = notes(CAREFUL, arguments=("--dry-run=server", "--kube-apiserver", server))
    assert "WARNING: there is no secret token" in printed
    assert "secret database" not in printed
    # Where there is no server to ask, nothing is known of secrets.
    assert "no secret" not in notes(CAREFUL)
