"""Processes follow what waits in Kafka: KEDA's objects name the very topics and groups that the services read."""

from typing import Any

import pytest

from seep.kafka.topics import GENERATIONS, jobs_topic
from services.generator.__main__ import group_of
from services.scorer.__main__ import GROUP as SCORER_GROUP
from tests.deploy.helm.rendering import ALL, BUNDLED, LEAST, STRIMZI, Manifest, render

SCALED = {"generator": {"autoscaling": {"enabled": True}}, "scorer": {"autoscaling": {"enabled": True}}}
HPA = {"autoscaling": {"enabled": True, "type": "hpa", "minReplicas": 1}}


def triggers(scaled: Manifest) -> Any:
    return [trigger["metadata"] for trigger in scaled["spec"]["triggers"]]


def test_a_generator_has_a_trigger_for_each_of_its_targets() -> None:
    release = render("gpu")
    targets = release.settings()["targets"]
    for engine in ("qwen-7b", "qwen-72b", "llama-8b", "mistral-7b"):
        own = [name for name, target in targets.items() if target["engine"] == engine]
        scaled = release.objects("ScaledObject")[f"seep-generator-{engine}"]
        assert [trigger["topic"] for trigger in triggers(scaled)] == [jobs_topic(target) for target in sorted(own)]
        assert {trigger["consumerGroup"] for trigger in triggers(scaled)} == {f"seep-generator-{engine}"}
    assert len(targets) == 10


def test_the_groups_are_those_of_the_services() -> None:
    scaled = render("gpu").objects("ScaledObject")
    (trigger,) = triggers(scaled["seep-scorer"])
    assert (trigger["consumerGroup"], trigger["topic"]) == (SCORER_GROUP, GENERATIONS)
    assert {trigger["consumerGroup"] for trigger in triggers(scaled["seep-generator-qwen-7b"])} == {group_of("qwen-7b")}


def test_a_trigger_reads_as_the_services_do() -> None:
    for scaled in render("gpu").objects("ScaledObject").values():
        for trigger in triggers(scaled):
            assert trigger["offsetResetPolicy"] == "earliest"
            assert trigger["activationLagThreshold"] == "0"
            assert int(trigger["lagThreshold"]) > 0
            assert trigger["bootstrapServers"] == "kafka.kafka.svc:9092"


def test_who_is_scaled_has_no_fixed_number() -> None:
    release = render(LEAST, SCALED)
    for name, scaled in release.objects("ScaledObject").items():
        deployment = release.objects("Deployment")[scaled["spec"]["scaleTargetRef"]["name"]]
        assert deployment["metadata"]["name"] == name
        assert "replicas" not in deployment["spec"]
    assert release.objects("Deployment")["seep-aggregator"]["spec"]["replicas"] == 1
    fixed = render(LEAST, {"generator": {"replicaCount": 3}})
    assert fixed.objects("Deployment")["seep-generator-tiny"]["spec"]["replicas"] == 3
    assert not fixed.objects("ScaledObject")


def test_generators_and_scorer_go_down_to_zero_and_up_to_the_partitions_at_most() -> None:
    for profile in ("gpu", "production"):
        release = render(profile)
        for scaled in release.objects("ScaledObject").values():
            assert scaled["spec"]["minReplicaCount"] == 0
            assert 1 <= scaled["spec"]["maxReplicaCount"] <= release.settings()["kafka"]["topics"]["partitions"]


def test_what_is_said_of_an_engine_goes_over_what_is_said_of_all_even_where_it_is_no_or_zero() -> None:
    values = {
        "generator": {
            "autoscaling": {"enabled": True, "minReplicas": 1},
            "engines": {"tiny": {"autoscaling": {"minReplicas": 0}}, "gateway": {"autoscaling": {"enabled": False}}},
        }
    }
    release = render(LEAST, values)
    assert release.objects("ScaledObject")["seep-generator-tiny"]["spec"]["minReplicaCount"] == 0
    assert "seep-generator-gateway" not in release.objects("ScaledObject")
    assert release.objects("Deployment")["seep-generator-gateway"]["spec"]["replicas"] == 1


def test_an_hpa_takes_keda_s_place() -> None:
    release = render(LEAST, {"generator": HPA, "scorer": HPA}, apis=())
    assert not release.objects("ScaledObject")
    scaled = release.objects("HorizontalPodAutoscaler")["seep-scorer"]["spec"]
    assert scaled["scaleTargetRef"]["name"] == "seep-scorer"
    assert scaled["metrics"][0]["resource"]["target"]["averageUtilization"] == 80
    assert "replicas" not in release.objects("Deployment")["seep-scorer"]["spec"]


SASL = {
    "externalKafka": {
        "securityProtocol": "SASL_SSL",
        "sasl": {"mechanism": "SCRAM-SHA-256", "existingSecret": "sasl", "usernameKey": "user"},
        "tls": {"caSecret": "ca", "clientSecret": "client"},
    }
}


def test_keda_logs_in_with_the_secrets_of_the_services() -> None:
    release = render(LEAST, SCALED, SASL)
    scaled = release.objects("ScaledObject")["seep-scorer"]["spec"]["triggers"][0]
    assert (scaled["metadata"]["sasl"], scaled["metadata"]["tls"]) == ("scram_sha256", "enable")
    given = release.objects("TriggerAuthentication")[scaled["authenticationRef"]["name"]]["spec"]["secretTargetRef"]
    assert {(item["parameter"], item["name"], item["key"]) for item in given} == {
        ("username", "sasl", "user"), ("password", "sasl", "password"),
        ("ca", "ca", "ca.crt"), ("cert", "client", "tls.crt"), ("key", "client", "tls.key"),
    }  # fmt: skip


def test_keda_takes_the_name_of_a_strimzi_user_from_the_pod() -> None:
    release = render(LEAST, SCALED, STRIMZI)
    for name in ("seep-generator-tiny", "seep-scorer"):
        spec = release.objects("TriggerAuthentication")[name]["spec"]
        assert {"parameter": "password", "name": name, "key": "password"} in spec["secretTargetRef"]
        (variable,) = spec["env"]
        container = release.pod(name).container
        assert (variable["parameter"], variable["containerName"]) == ("username", container["name"])
        assert release.pod(name).environment()[variable["name"]] == name


@pytest.mark.parametrize("values", [(LEAST, SCALED), (LEAST, SCALED, BUNDLED)])
def test_without_passwords_there_is_nothing_to_log_in_with(values: Any) -> None:
    release = render(*values)
    assert not release.objects("TriggerAuthentication")
    assert all(
        "authenticationRef" not in t for s in release.objects("ScaledObject").values() for t in s["spec"]["triggers"]
    )


def test_every_scaled_pod_may_be_evicted_one_at_a_time() -> None:
    release = render(LEAST, ALL)
    budgets = release.objects("PodDisruptionBudget")
    for name in release.objects("Deployment"):
        selector = budgets[name]["spec"]["selector"]["matchLabels"]
        selected = [pod.name for pod in release.pods() if selector.items() <= pod.labels.items()]
        assert selected == [name]
        assert budgets[name]["spec"]["maxUnavailable"] == 1
    assert not render(LEAST, {"podDisruptionBudget": {"enabled": False}}).objects("PodDisruptionBudget")
