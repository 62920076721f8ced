"""Topics and schema are made before what needs them, again and again without harm, and nothing stays behind."""

from collections.abc import Mapping
from typing import Any

from seep.kafka.topics import configured_topics
from seep.settings import Settings
from tests.deploy.helm.rendering import ALL, BUNDLED, LEAST, STRIMZI, Manifest, Pod, Release, render

CHECK = "seep-setup-configuration"


def annotations(manifest: Manifest) -> dict[str, str]:
    found: dict[str, str] = manifest["metadata"].get("annotations", {})
    return found


def hooks(release: Release) -> Any:
    return [manifest for manifest in release if annotations(manifest).get("helm.sh/hook") == "pre-install,pre-upgrade"]


def test_what_is_there_already_is_set_up_before_the_release() -> None:
    release = render(LEAST)
    jobs = {job["metadata"]["name"]: job for job in hooks(release) if job["kind"] == "Job"}
    assert set(jobs) == {"seep-setup-configuration", "seep-setup-topics", "seep-setup-migrations"}
    assert release.pod("seep-setup-topics").container["command"] == ["seep", "topics", "apply"]
    assert release.pod("seep-setup-migrations").container["command"] == ["python", "-m", "services.aggregator.migrate"]


def test_a_hook_uses_nothing_that_comes_after_it() -> None:
    release = render(LEAST, ALL)
    early = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in hooks(release)}
    for pod in release.pods():
        if pod.component == "setup":
            assert ("ServiceAccount", pod.spec["serviceAccountName"]) in early
            for volume in pod.spec["volumes"]:
                assert "configMap" not in volume or ("ConfigMap", volume["configMap"]["name"]) in early


def test_a_hook_comes_after_what_it_uses_and_leaves_nothing_behind() -> None:
    for manifest in hooks(render(LEAST)):
        weight = int(annotations(manifest)["helm.sh/hook-weight"])
        assert (weight < -5) == (manifest["kind"] != "Job")
        assert annotations(manifest)["helm.sh/hook-delete-policy"] == "before-hook-creation,hook-succeeded"


def test_what_comes_with_the_release_is_set_up_beside_it() -> None:
    release = render(LEAST, BUNDLED)
    # Only the configuration is checked before.
    assert {manifest["metadata"]["name"] for manifest in hooks(release)} == {CHECK}
    assert len(release.objects("Job")) == 3


def test_what_nothing_would_make_again_is_tried_for_ever() -> None:
    for name, job in render(LEAST, BUNDLED).objects("Job").items():
        if name == CHECK:
            continue
        assert job["spec"]["backoffLimit"] > 1000
        assert "activeDeadlineSeconds" not in job["spec"]
    for hook in render(LEAST).objects("Job").values():
        # Helm waits for it, and somebody for Helm.
        assert hook["spec"]["activeDeadlineSeconds"] == 900


def test_topics_are_made_after_the_users_who_make_them() -> None:
    release = render(LEAST, STRIMZI, {"topics": {"provisioner": "job"}})
    # Before the release there is no user yet, and so no secret: a hook would wait for it in vain.
    assert {manifest["metadata"]["name"] for manifest in hooks(release)} == {CHECK, "seep-setup-migrations"}
    (topics,) = (pod for pod in release.pods() if "seep-setup-topics" in pod.name)
    assert login(topics) == ("seep-sender", {"key": "password", "path": "password"})
    assert topics.spec["serviceAccountName"] in release.objects("ServiceAccount")
    for operation in ("Create", "Alter", "DescribeConfigs", "AlterConfigs"):
        assert all(may(release, "sender", operation, "topic", topic) for topic in TOPICS)


def names(*values: Mapping[str, Any]) -> Any:
    return set(render(LEAST, BUNDLED, *values).objects("Job")) - {CHECK}


def test_a_job_of_the_release_is_another_one_where_it_would_be_changed() -> None:
    assert names() == names({"scorer": {"replicaCount": 2}})
    assert not names() & names({"image": {"tag": "next"}})
    assert not names() & names({"podAnnotations": {"team": "safety"}})
    assert not names() & names({"config": {"targets": {"more": {"engine": "tiny"}}}})


def test_topics_can_be_left_to_others() -> None:
    assert "seep-setup-topics" not in render(LEAST, {"topics": {"provisioner": "none"}}).objects("Job")


def test_strimzi_makes_the_topics_that_the_command_would() -> None:
    changes = {"topics": {"retentionHours": 24, "partitions": 12, "replicationFactor": 3}}
    release = render(LEAST, STRIMZI, changes, {"config": {"events": {"topic": True}}})
    settings = Settings.model_validate(
        {key: release.settings()[key] for key in ("engines", "targets", "events")}
        | {"kafka": {"topics": release.settings()["kafka"]["topics"]}}
    )
    wanted = configured_topics(settings)
    made = release.objects("KafkaTopic")
    assert {name: {k: str(v) for k, v in topic["spec"]["config"].items()} for name, topic in made.items()} == {
        name: config.options for name, config in wanted.items()
    }
    for name, topic in made.items():
        # A key of a compacted topic must never move to another partition.
        assert topic["spec"]["partitions"] == wanted[name].partitions
        assert topic["spec"]["replicas"] == wanted[name].replication_factor == 3
        assert topic["metadata"]["labels"]["strimzi.io/cluster"] == "kafka"
        assert annotations(topic)["helm.sh/resource-policy"] == "keep"
    assert "seep-setup-topics" not in release.objects("Job")


def test_strimzi_s_older_interface_is_used_where_there_is_no_newer() -> None:
    older = render(LEAST, STRIMZI, apis=("kafka.strimzi.io/v1beta2",))
    assert {manifest["apiVersion"] for manifest in older.objects("KafkaTopic").values()} == {"kafka.strimzi.io/v1beta2"}
    newer = render(LEAST, STRIMZI).objects("KafkaUser").values()
    assert {manifest["apiVersion"] for manifest in newer} == {"kafka.strimzi.io/v1"}


def may(release: Release, user: str, operation: str, kind: str, name: str) -> bool:
    """Whether a KafkaUser has the right to do something with a topic or group."""
    acls = release.objects("KafkaUser")[f"seep-{user}"]["spec"]["authorization"]["acls"]
    return any(
        acl["resource"]["type"] == kind
        and operation in acl["operations"]
        and (name.startswith if acl["resource"]["patternType"] == "prefix" else name.__eq__)(acl["resource"]["name"])
        for acl in acls
    )


def login(pod: Pod) -> tuple[str, dict[str, str]]:
    """The secret that a pod logs in to Kafka with, and what of it is its password's file."""
    [secret] = [volume["secret"] for volume in pod.spec["volumes"] if volume["name"] == "kafka-login"]
    [item] = secret["items"]
    return secret["secretName"], item


TOPICS = (
    "seep.jobs.tiny",
    "seep.jobs.gateway",
    "seep.generations",
    "seep.scores",
    "seep.runs",
    "seep.dead-letters",
    "seep.rates",
    "seep.waits",
)


def test_each_service_may_do_what_it_does_and_nothing_else() -> None:
    release = render(LEAST, STRIMZI)

    def topics(user: str, operation: str) -> set[str]:
        return {topic for topic in TOPICS if may(release, user, operation, "topic", topic)}

    # An engine's generator reads no other engine's prompts.
    for engine in ("tiny", "gateway"):
        assert topics(f"generator-{engine}", "Read") == {f"seep.jobs.{engine}", "seep.runs"}
        assert topics(f"generator-{engine}", "Write") == {"seep.generations", "seep.dead-letters", "seep.waits"}
    assert topics("scorer", "Read") == {"seep.generations", "seep.runs"}
    assert topics("scorer", "Write") == {"seep.scores", "seep.dead-letters", "seep.waits"}
    assert topics("aggregator", "Read") == {"seep.scores", "seep.runs", "seep.dead-letters", "seep.waits"}
    # Operators send runs, and dead letters again, from its pod.
    assert topics("aggregator", "Write") == set(TOPICS) - {"seep.waits"}
    assert topics("sender", "Read") == {"seep.runs"}
    assert topics("sender", "Write") == {"seep.jobs.tiny", "seep.jobs.gateway", "seep.runs"}
    groups = {f"generator-{engine}": f"seep-generator-{engine}" for engine in ("tiny", "gateway")}
    groups |= {"scorer": "seep-scorer", "aggregator": "seep-aggregator"}
    for user in (*groups, "sender"):
        assert {group for group in groups.values() if may(release, user, "Read", "group", group)} == (
            {groups[user]} if user in groups else set()
        )


def test_every_pod_logs_in_as_the_user_that_it_is() -> None:
    release = render(LEAST, ALL, STRIMZI)
    for pod in release.pods():
        name = pod.environment().get("SEEP_KAFKA__SASL_PLAIN_USERNAME")
        if name is not None:
            assert login(pod) == (name, {"key": "password", "path": "password"})
            assert name in release.objects("KafkaUser")
            services = ("generator", "scorer", "aggregator")
            assert name == (pod.name if pod.component in services else "seep-sender")
