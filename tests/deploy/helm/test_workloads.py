"""What runs: a generator per engine, on a GPU where it loads a model, and jobs that the command itself understands."""

import os
import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.times import parse_past_time
from seep.settings import Settings
from tests.commands import Command
from tests.deploy.helm.rendering import ALL, BUNDLED, LEAST, Manifest, Pod, render

DEFAULTS = "seep-generator-tiny", "seep-generator-gateway", "seep-scorer", "seep-aggregator", "seep-api"


def gpus(pod: Pod) -> int:
    return int(pod.container["resources"]["limits"].get("nvidia.com/gpu", 0))


def test_every_engine_with_a_target_has_a_generator_of_its_own() -> None:
    release = render(LEAST, {"config": {"engines": {"idle": {"backend": "vllm", "model": "m"}}}})
    assert set(release.objects("Deployment")) == set(DEFAULTS)
    assert release.pod("seep-generator-tiny").container["command"] == [
        "python", "-m", "services.generator", "--engine", "tiny"
    ]  # fmt: skip


def test_a_model_has_as_many_gpus_as_its_tensors_are_spread_over() -> None:
    release = render("gpu")
    assert [gpus(release.pod(f"seep-generator-{engine}")) for engine in ("qwen-7b", "qwen-72b")] == [1, 4]
    # Their processes exchange tensors in shared memory, of which a container has 64 MiB.
    several = release.pod("seep-generator-qwen-72b")
    assert "/dev/shm" in {mount["mountPath"] for mount in several.container["volumeMounts"]}


def test_who_has_no_gpu_asks_for_none_and_goes_to_no_gpu_node() -> None:
    release = render(LEAST)
    on_gpu = {pod.name for pod in release.pods() if gpus(pod)}
    assert on_gpu == {"seep-generator-tiny"}
    for pod in release.pods():
        tolerated = {toleration["key"] for toleration in pod.spec.get("tolerations", [])}
        assert tolerated == ({"nvidia.com/gpu"} if pod.name in on_gpu else set())
    assert {gpus(pod) for pod in render("cpu").pods()} == {0}


def test_an_engine_that_reads_activations_is_scheduled_as_one_with_vllm_from_an_image_of_its_own() -> None:
    engines = {
        "glass": {"backend": "activations", "model": "m", "lora_modules": {"live": "/models/live"}},
        "slow": {"backend": "activations", "model": "m", "against": "b", "device": "cpu"},
    }
    targets = {"deployed": {"engine": "glass", "adapter": "live"}, "whole": {"engine": "slow"}}
    release = render(LEAST, {"config": {"engines": engines, "targets": targets}})
    pods = {name: release.pod(f"seep-generator-{name}") for name in engines}
    assert {name: gpus(pod) for name, pod in pods.items()} == {"glass": 1, "slow": 0}
    for pod in pods.values():
        assert pod.container["image"] == "seep/generator-activations:0.1.0"
        assert pod.container["resources"]["requests"]["memory"] == "24Gi"
        assert "/models" in {mount["mountPath"] for mount in pod.container["volumeMounts"]}
    own = {"generator": {"engines": {"glass": {"image": {"repository": "mine/reader"}}}}}
    named = render(LEAST, {"config": {"engines": engines, "targets": targets}}, own).pod("seep-generator-glass")
    assert named.container["image"] == "mine/reader:0.1.0"


def test_a_runtime_class_is_for_pods_with_gpus() -> None:
    release = render(LEAST, {"generator": {"gpu": {"runtimeClassName": "nvidia"}}})
    assert {pod.name for pod in release.pods() if "runtimeClassName" in pod.spec} == {"seep-generator-tiny"}


def test_a_pod_with_a_gpu_is_gone_before_the_next_one_comes() -> None:
    deployments = render(LEAST, ALL, {"aggregator": {"replicaCount": 2}}).objects("Deployment")
    strategies = {name: deployment["spec"]["strategy"]["type"] for name, deployment in deployments.items()}
    assert {name for name, strategy in strategies.items() if strategy == "Recreate"} == {
        "seep-generator-tiny", "seep-scorer"
    }  # fmt: skip


@pytest.mark.parametrize(("mode", "strategy"), [("ReadWriteOnce", "Recreate"), ("ReadWriteMany", "RollingUpdate")])
def test_a_volume_of_one_node_is_let_go_before_the_next_pod_wants_it(mode: str, strategy: str) -> None:
    cache = {"persistence": {"enabled": True, "accessMode": mode}}
    release = render(
        LEAST,
        {"generator": {"gpu": {"enabled": False}, "cache": cache, "autoscaling": {"enabled": True, "maxReplicas": 1}}},
    )
    assert release.objects("Deployment")["seep-generator-tiny"]["spec"]["strategy"]["type"] == strategy
    assert release.objects("Deployment")["seep-generator-gateway"]["spec"]["strategy"]["type"] == "RollingUpdate"


@pytest.mark.parametrize("scheduler", ["cronjob", "deployment"])
def test_there_is_never_a_consumer_more_than_there_may_be_partitions_for(scheduler: str) -> None:
    more = {"scorer": {"gpu": {"enabled": False}}, "aggregator": {"replicaCount": 2}}
    release = render(LEAST, ALL, {"monitors": {"scheduler": scheduler}, **more})
    surges = {
        name: deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
        for name, deployment in release.objects("Deployment").items()
        if deployment["spec"]["strategy"]["type"] == "RollingUpdate"
    }
    consumers = {"seep-generator-gateway", "seep-scorer", "seep-aggregator"}
    assert {name for name, surge in surges.items() if surge == 0} == consumers
    assert surges["seep-api"] == 1


@pytest.mark.parametrize("values", [("cpu",), (LEAST, {"monitors": {"scheduler": "deployment"}})])
def test_helm_waits_for_at_least_one_process_of_each_kind(values: Any) -> None:
    daily = {"target": "tiny", "suite": "/opt/seep/suites/colours.yaml", "schedule": "0 2 * * *"}
    deployments = render(*values, {"config": {"monitors": {"daily": daily}}}).objects("Deployment")
    assert {"seep-scorer", "seep-aggregator"} < deployments.keys()
    for name, deployment in deployments.items():
        # As `helm --wait` counts: the rest may be unavailable, and so may never have started.
        unavailable = deployment["spec"]["strategy"].get("rollingUpdate", {}).get("maxUnavailable", 0)
        assert deployment["spec"]["replicas"] - unavailable >= 1, name


def test_a_pod_is_given_longer_to_stop_than_its_batch() -> None:
    for profile in ("cpu", "gpu", "production"):
        for pod in render(profile).pods():
            if "SEEP_WORKER__GRACE_SECONDS" in pod.environment():
                grace = float(pod.environment()["SEEP_WORKER__GRACE_SECONDS"])
                assert 0 < grace < pod.spec["terminationGracePeriodSeconds"]


def test_services_are_asked_whether_they_live_and_are_ready() -> None:
    for pod in render(LEAST).pods():
        if pod.kind == "Deployment":
            ports = {port["name"]: port["containerPort"] for port in pod.container["ports"]}
            for probe, path in (("startup", "/healthz"), ("liveness", "/healthz"), ("readiness", "/readyz")):
                request = pod.container[f"{probe}Probe"]["httpGet"]
                assert request["path"] == path
                assert request["port"] in ports


def test_a_bundled_server_that_reads_its_logs_is_not_taken_for_dead() -> None:
    for name in ("seep-kafka", "seep-postgresql"):
        probe = render(LEAST, BUNDLED).pod(name).container["startupProbe"]
        assert probe["periodSeconds"] * probe["failureThreshold"] >= 600


def test_where_pods_run_is_said_for_each_part() -> None:
    def where(taint: str) -> Manifest:
        return {"tolerations": [{"key": taint, "operator": "Exists"}], "nodeSelector": {"pool": taint}}

    parts = ("generator", "scorer", "aggregator", "api", "jobs")
    for pod in render(LEAST, ALL, {part: where(part) for part in parts}).pods():
        if pod.component != "predictor":
            part = pod.component if pod.component in parts else "jobs"
            assert pod.spec["nodeSelector"] == {"pool": part}
            assert {"key": part, "operator": "Exists"} in pod.spec["tolerations"]


def test_a_busy_node_is_no_reason_to_kill_what_is_bundled() -> None:
    release = render(LEAST, BUNDLED)
    for name in ("seep-kafka", "seep-postgresql"):
        container = release.pod(name).container
        # Kubernetes' own second is short for a command that a busy node starts.
        assert {container[f"{probe}Probe"]["timeoutSeconds"] for probe in ("startup", "liveness", "readiness")} == {5}


def test_the_predictor_which_wants_no_token_gets_no_public_host() -> None:
    labels = render(LEAST, ALL).objects("InferenceService")["seep-predictor"]["metadata"]["labels"]
    assert labels["networking.kserve.io/visibility"] == "cluster-local"


def test_the_predictor_is_asked_in_kserve_s_words() -> None:
    pod = render(LEAST, ALL).pod("seep-predictor")
    paths = {pod.container[f"{probe}Probe"]["httpGet"]["path"] for probe in ("startup", "liveness", "readiness")}
    assert (pod.container["name"], paths) == ("kserve-container", {"/v2/models/seep-scorer/ready"})
    # One port, as KServe wants it.
    assert [port["containerPort"] for port in pod.container["ports"]] == [Settings().predictor.http_port]


def test_what_is_said_of_an_endpoint_s_memory_leaves_the_rest_as_it_was() -> None:
    values = {"generator": {"engines": {"gateway": {"resources": {"limits": {"memory": "4Gi"}}}}}}
    resources = render(LEAST, values).pod("seep-generator-gateway").container["resources"]
    assert resources == {"requests": {"cpu": "200m", "memory": "512Mi"}, "limits": {"memory": "4Gi"}}


def test_pods_of_one_kind_are_spread_over_nodes_and_zones() -> None:
    for pod in render(LEAST).pods():
        if pod.kind == "Deployment":
            spread = pod.spec["topologySpreadConstraints"]
            assert {item["topologyKey"] for item in spread} == {"kubernetes.io/hostname", "topology.kubernetes.io/zone"}
            assert all(item["labelSelector"]["matchLabels"].items() <= pod.labels.items() for item in spread)


def test_names_that_are_long_stay_apart_and_allowed() -> None:
    engines = {f"{'long-' * 7}{letter}": {"backend": "vllm", "model": "m"} for letter in "ab"}
    monitors = {
        f"{'long-' * 7}{letter}": {"target": name, "suite": "/opt/seep/suites/colours.yaml", "schedule": "0 2 * * *"}
        for letter, name in zip("ab", engines, strict=True)
    }
    values = {
        "config": {"engines": engines, "targets": {name: {"engine": name} for name in engines}, "monitors": monitors}
    }
    release = render(LEAST, values, {"fullnameOverride": "a-long-name-for-a-release"})
    names = [manifest["metadata"]["name"] for manifest in release if manifest["kind"] in ("CronJob", "Deployment")]
    assert len(names) == len(set(names)) == 2 + 2 + 5 + 1
    assert max(map(len, names)) <= 52


def test_the_scheduled_monitors_alone_have_a_job_at_their_time() -> None:
    jobs = render(LEAST, ALL).objects("CronJob")
    assert set(jobs) == {"seep-monitor-daily", "seep-retention"}
    daily = jobs["seep-monitor-daily"]["spec"]
    assert (daily["schedule"], daily["timeZone"], daily["concurrencyPolicy"]) == ("0 2 * * *", "Etc/UTC", "Forbid")
    assert daily["startingDeadlineSeconds"] == 3600


@pytest.mark.parametrize(("scheduling", "seconds"), [({}, 3600), ({"starting_deadline_seconds": 7200}, 7200)])
def test_a_monitor_s_run_is_tried_for_as_long_as_it_may_be_late(scheduling: dict[str, Any], seconds: int) -> None:
    job = render(LEAST, ALL, {"config": {"scheduling": scheduling}}).objects("CronJob")["seep-monitor-daily"]
    assert job["spec"]["startingDeadlineSeconds"] == seconds
    spec = job["spec"]["jobTemplate"]["spec"]
    assert spec["activeDeadlineSeconds"] == seconds
    # Restarts back off to one in five minutes.
    assert spec["backoffLimit"] > seconds / 10


@pytest.fixture
def commands(tmp_path: Path) -> Callable[..., list[str]]:
    """Runs what a pod runs, with `seep` in the place of the command: the arguments of its calls, which fail at first
    as often as given."""

    def run(pod: Pod, failures: int = 0, **environment: str) -> list[str]:
        folder = tmp_path / "bin"
        folder.mkdir()
        calls = tmp_path / "calls"
        script = f'#!/bin/sh\necho "$@" >>{calls}\ntest $(wc -l <{calls}) -gt {failures} && echo a-run\n'
        for name, text in {"seep": script, "sleep": "#!/bin/sh\n"}.items():
            (folder / name).write_text(text, encoding="utf-8")
            (folder / name).chmod(0o755)
        path = f"{folder}:{os.environ['PATH']}"
        subprocess.run(pod.container["command"], env={"PATH": path, **environment}, check=True)
        return calls.read_text(encoding="utf-8").splitlines()

    return run


def test_a_monitor_s_run_is_that_of_the_scheduled_time_however_late_its_pod_is(
    commands: Callable[..., list[str]],
) -> None:
    scheduled = datetime(2025, 1, 31, 2, tzinfo=UTC)
    pod = render(LEAST, ALL).pod("seep-monitor-daily")
    source = pod.environment()["JOB_NAME"]["fieldRef"]["fieldPath"]
    assert source == "metadata.labels['batch.kubernetes.io/job-name']"
    # As the controller names jobs: the minutes since 1970 at the end.
    job = f"seep-monitor-daily-{int(scheduled.timestamp()) // 60}"
    (words,) = [call.split() for call in commands(pod, JOB_NAME=job)]
    assert words[:-1] == ["push", "--monitor", "daily", "--at"]
    assert parse_past_time(words[-1]) == scheduled


@pytest.mark.parametrize("job", ["seep-monitor-daily-by-hand", "again-2", "seep-monitor-daily-29000000-x", "29000000"])
def test_a_job_that_somebody_has_made_by_hand_sends_the_latest_run(
    commands: Callable[..., list[str]], job: str
) -> None:
    assert commands(render(LEAST, ALL).pod("seep-monitor-daily"), JOB_NAME=job) == ["push --monitor daily"]


def test_the_release_s_test_waits_for_broker_and_topics(commands: Callable[..., list[str]]) -> None:
    push = "push /opt/seep/suites/colours-smoke.yaml --target gateway"
    calls = commands(render(LEAST, ALL).pod("seep-test"), failures=2)
    assert calls == [push, push, push, "watch a-run --wait 600 --json"]
    assert render(LEAST, ALL).objects("Pod")["seep-test"]["spec"]["activeDeadlineSeconds"] >= 600


def test_a_process_may_send_the_monitors_runs_instead() -> None:
    release = render(LEAST, ALL, {"monitors": {"scheduler": "deployment"}})
    assert set(release.objects("CronJob")) == {"seep-retention"}
    assert release.pod("seep-schedule").container["command"] == ["seep", "schedule"]
    # Two would send the same runs twice.
    deployment = release.objects("Deployment")["seep-schedule"]["spec"]
    assert deployment["replicas"] == 1


@pytest.mark.parametrize("values", [(LEAST, ALL), (LEAST, ALL, BUNDLED)])
def test_the_command_has_every_option_that_jobs_give_it(
    command: Command, monkeypatch: pytest.MonkeyPatch, values: Any
) -> None:
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    run = [" ".join(pod.container.get("command", [])) for pod in render(*values).pods()]
    # Of scripts the calls, without what the shell puts into them.
    plain = [re.sub(r'"\$\(.*\)"', "TIME", text) for text in run]
    commands = [call.split() for text in plain for call in re.findall(r"\bseep ([a-z][^;\n)]*)", text)]
    assert {arguments[0] for arguments in commands} >= {"push", "watch", "retention", "topics"}
    for arguments in commands:
        options = [argument for argument in arguments if argument.startswith("--")]
        words = arguments[: 1 if options else None]
        code, shown, _ = command(*words, "--help")
        assert code == 0, arguments
        assert all(option in shown for option in options)


def test_images_are_named_by_registry_repository_and_tag() -> None:
    plain = render(LEAST)
    assert plain.pod("seep-scorer").container["image"] == "seep/scorer:0.1.0"
    values = {
        "image": {"registry": "registry.example.com/team", "tag": "1.2", "pullPolicy": "Never"},
        "imagePullSecrets": [{"name": "registry"}],
        "generator": {"engines": {"gateway": {"image": {"tag": "1.2-cpu"}}}},
    }
    release = render(LEAST, values)
    assert release.pod("seep-generator-tiny").container["image"] == "registry.example.com/team/seep/generator:1.2"
    assert (
        release.pod("seep-generator-gateway").container["image"] == "registry.example.com/team/seep/generator:1.2-cpu"
    )
    for pod in release.pods():
        assert pod.container["imagePullPolicy"] == "Never"
        assert pod.spec["imagePullSecrets"] == [{"name": "registry"}]


def test_a_model_cache_is_kept_in_a_claim_that_outlives_the_release() -> None:
    values = {"generator": {"cache": {"persistence": {"enabled": True, "storageClass": "fast"}}}}
    release = render(LEAST, values)
    (claim,) = release.objects("PersistentVolumeClaim").values()
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert claim["spec"]["storageClassName"] == "fast"
    # An endpoint has no model.
    using = [p.name for p in release.pods() if any("persistentVolumeClaim" in v for v in p.spec["volumes"])]
    assert using == ["seep-generator-tiny"]


def test_an_engine_that_is_not_started_has_no_claim() -> None:
    idle = {"config": {"engines": {"idle": {"backend": "vllm", "model": "m"}}}}
    release = render(LEAST, idle, {"generator": {"cache": {"persistence": {"enabled": True}}}})
    assert set(release.objects("PersistentVolumeClaim")) == {"seep-generator-tiny-cache"}


def test_a_claim_that_is_there_is_used_as_it_is() -> None:
    persistence = {"persistence": {"existingClaim": "models"}}
    release = render(LEAST, {"generator": {"cache": persistence}, "scorer": {"cache": persistence}})
    assert not release.objects("PersistentVolumeClaim")
    volumes = [
        volume for name in ("seep-generator-tiny", "seep-scorer") for volume in release.pod(name).spec["volumes"]
    ]
    assert volumes.count({"name": "cache", "persistentVolumeClaim": {"claimName": "models"}}) == 2


def test_models_are_put_there_before_they_are_loaded_and_never_changed_after() -> None:
    pod = render("cpu").pod("seep-generator-tiny")
    (prepare,) = pod.spec["initContainers"]
    assert prepare["command"] == ["python", "-m", "calibration", "/models"]

    def writable(container: Manifest) -> list[bool]:
        return [not mount["readOnly"] for mount in container["volumeMounts"] if mount["mountPath"] == "/models"]

    assert (writable(prepare), writable(pod.container)) == ([True], [False])


def test_the_ingress_leads_to_the_api() -> None:
    release = render(LEAST, ALL)
    (ingress,) = release.objects("Ingress").values()
    (rule,) = ingress["spec"]["rules"]
    service = release.objects("Service")[rule["http"]["paths"][0]["backend"]["service"]["name"]]
    assert service["spec"]["selector"].items() <= release.pod("seep-api").labels.items()
    assert service["spec"]["ports"][0]["targetPort"] in {p["name"] for p in release.pod("seep-api").container["ports"]}
    assert ingress["spec"]["tls"] == [{"hosts": ["seep.example.com"], "secretName": "certificate"}]
