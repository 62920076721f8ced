"""Every pod keeps to the restricted Pod Security Standard, and to more than it asks."""

import json
import re

import pytest

from tests.deploy.helm.rendering import ALL, BUNDLED, LEAST, STRIMZI, Manifest, Pod, Release, overlaid, render

# What the restricted standard allows.
VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}
SETS = {
    "all": (LEAST, ALL),
    "bundled": (LEAST, ALL, BUNDLED),
    "strimzi": (LEAST, ALL, STRIMZI),
    "schedule": (LEAST, ALL, {"monitors": {"scheduler": "deployment"}}),
    "cpu": ("cpu",),
    "gpu": ("gpu",),
    "production": ("production",),
}


@pytest.fixture(params=SETS, scope="module")
def release(request: pytest.FixtureRequest) -> Release:
    return render(*SETS[request.param])


def containers(pod: Pod) -> list[Manifest]:
    return [*pod.spec["containers"], *pod.spec.get("initContainers", [])]


def test_every_kind_of_pod_is_looked_at() -> None:
    components = {pod.component for values in SETS.values() for pod in render(*values).pods()}
    assert components == {
        "generator", "scorer", "aggregator", "api", "schedule", "retention", "setup", "test", "predictor", "kafka",
        "postgresql",
    }  # fmt: skip


def test_pods_are_restricted(release: Release) -> None:
    for pod in release.pods():
        context = pod.spec["securityContext"]
        assert context["runAsNonRoot"] is True, pod.name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, pod.name
        assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (10001, 10001, 10001)
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.spec.keys(), pod.name
        assert {key for volume in pod.spec["volumes"] for key in volume if key != "name"} <= VOLUMES, pod.name


def test_containers_are_restricted(release: Release) -> None:
    for pod in release.pods():
        for container in containers(pod):
            context = container["securityContext"]
            assert context == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, pod.name
            assert not any("hostPort" in port for port in container.get("ports", []))


def test_what_is_written_is_written_to_a_volume(release: Release) -> None:
    for pod in release.pods():
        writable = {
            volume["name"] for volume in pod.spec["volumes"] if {"emptyDir", "persistentVolumeClaim"} & volume.keys()
        }
        for container in containers(pod):
            folders = [
                mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] in writable | {"data"}
            ]
            assert "/tmp" in folders, pod.name
            for variable in container["env"]:
                if re.search(r"HOME$|_ROOT$|_DIR$|_CACHE|^TMPDIR$|^PGDATA$|LOG_DIRS$", variable["name"]):
                    assert any(variable["value"].startswith(folder) for folder in folders), (pod.name, variable)


@pytest.mark.parametrize(
    "variable",
    ["HOME", "HF_HOME", "VLLM_CACHE_ROOT", "VLLM_CONFIG_ROOT", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR",
     "NUMBA_CACHE_DIR", "XDG_CACHE_HOME"],
)  # fmt: skip
def test_libraries_of_models_are_told_where_to_write(variable: str) -> None:
    release = render(LEAST)
    assert variable in release.pod("seep-generator-tiny").environment()
    assert variable in release.pod("seep-scorer").environment()


def test_every_pod_has_an_account_of_its_own_without_a_token(release: Release) -> None:
    accounts = release.objects("ServiceAccount")
    used: dict[str, set[str]] = {}
    for pod in release.pods():
        assert pod.spec["automountServiceAccountToken"] is False, pod.name
        account = accounts[pod.spec["serviceAccountName"]]
        assert account["automountServiceAccountToken"] is False
        used.setdefault(account["metadata"]["name"], set()).add(pod.component)
    assert all(len(components) == 1 for components in used.values()), used


def test_variables_of_services_are_never_taken_for_settings(release: Release) -> None:
    assert all(pod.spec["enableServiceLinks"] is False for pod in release.pods())


def test_every_container_says_what_it_needs(release: Release) -> None:
    for pod in release.pods():
        for container in containers(pod):
            resources = container["resources"]
            assert {"cpu", "memory"} <= resources["requests"].keys(), pod.name
            assert "memory" in resources["limits"], pod.name


def test_secrets_are_given_by_reference_alone(release: Release) -> None:
    for pod in release.pods():
        for container in containers(pod):
            for variable in container["env"]:
                # A variable is in /proc for every process of the pod, and handed on to its children.
                if re.search("PASSWORD|TOKEN|KEY|DSN", variable["name"]):
                    assert re.search("_(FILE|PATH)$", variable["name"]), (pod.name, variable["name"])
                    assert variable["value"].startswith(("/etc/seep/secrets/", "/etc/postgres/secret/")), pod.name
    configuration = json.dumps(release.settings())
    assert not re.search(r'password":|"dsn":|"token":|api_key"', configuration)


def test_secrets_reach_only_those_who_use_them() -> None:
    release = render(LEAST, ALL, {"externalKafka": {
        "securityProtocol": "SASL_SSL", "sasl": {"mechanism": "PLAIN", "existingSecret": "sasl"}}})  # fmt: skip
    having: dict[str, set[str]] = {name: set() for name in ("database", "token", "gateway-key", "sasl")}
    for pod in release.pods():
        text = json.dumps(pod.spec)
        for secret in having:
            if f'"secretName": "{secret}"' in text:
                having[secret].add(pod.component)
    assert having["gateway-key"] == {"generator"}
    assert "gateway-key" not in json.dumps(release.pod("seep-generator-tiny").spec)
    assert having["token"] == {"api"}
    assert having["database"] == {"aggregator", "api", "retention", "setup", "test"}
    assert having["sasl"] == {"generator", "scorer", "aggregator", "schedule", "setup", "test"}


def test_the_api_may_have_a_user_of_the_database_who_only_reads() -> None:
    release = render(LEAST, {"externalDatabase": {"apiExistingSecret": "read-only"}})

    def secret(name: str) -> str:
        volumes = release.pod(name).spec["volumes"]
        return str(next(v["secret"]["secretName"] for v in volumes if v["name"] == "database"))

    assert (secret("seep-api"), secret("seep-aggregator")) == ("read-only", "database")


def test_the_api_only_reads_the_bundled_database() -> None:
    release = render(LEAST, BUNDLED)
    keys = {}
    for pod in release.pods():
        for volume in pod.spec["volumes"]:
            if volume["name"] == "database":
                assert volume["secret"]["secretName"] == "seep-postgresql"
                keys[pod.component] = [item["key"] for item in volume["secret"]["items"]]
    assert keys.pop("api") == ["reader-dsn"]
    assert {tuple(key) for key in keys.values()} == {("dsn",)}
    secret = release.objects("Secret")["seep-postgresql"]["stringData"]
    assert secret["reader-dsn"] == (
        f"postgresql://seep_reader:{secret['reader-password']}@seep-postgresql.watch.svc:5432/seep"
    )
    assert secret["reader-password"] != secret["password"]


def test_what_is_written_is_limited(release: Release) -> None:
    for pod in release.pods():
        for volume in pod.spec["volumes"]:
            assert "emptyDir" not in volume or volume["emptyDir"]["sizeLimit"], (pod.name, volume["name"])


def test_files_of_an_endpoint_are_mounted_where_its_settings_name_them() -> None:
    folder = "/etc/seep/secrets/files/gateway"
    engine = {"ca_file": f"{folder}/ca.crt", "secret_headers": {"X-Key": {"file": f"{folder}/x-key"}}}
    release = render(
        LEAST,
        {
            "config": {"engines": {"gateway": engine}},
            "generator": {"engines": {"gateway": {"secretFiles": {"existingSecret": "gateway-files"}}}},
        },
    )
    pod = release.pod("seep-generator-gateway")
    [mount] = [mount for mount in pod.container["volumeMounts"] if mount["mountPath"] == folder]
    [volume] = [volume for volume in pod.spec["volumes"] if volume["name"] == mount["name"]]
    assert volume["secret"] == {"secretName": "gateway-files", "defaultMode": 0o440}
    assert mount["readOnly"] is True
    others = [other for other in release.pods() if other.name != pod.name]
    assert "gateway-files" not in json.dumps([other.spec for other in others])


def test_the_bundled_database_has_a_password_that_nobody_chose() -> None:
    one, other = (
        render(overlaid(LEAST, BUNDLED, {"podAnnotations": {"n": n}})).objects("Secret")["seep-postgresql"][
            "stringData"
        ]
        for n in "12"
    )
    assert len(one["password"]) == 32
    assert one["password"] != other["password"]
    assert one["dsn"] == f"postgresql://seep:{one['password']}@seep-postgresql.watch.svc:5432/seep"
