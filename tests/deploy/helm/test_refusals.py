"""Values that make no sense are refused with a sentence that says what to change."""

from typing import Any

import pytest

from seep.schedule import validate_schedule
from tests.deploy.helm.kubernetes import violations
from tests.deploy.helm.rendering import ALL, APIS, BUNDLED, LEAST, STRIMZI, TOKEN, overlaid, refusal, render

KEDA = {"scorer": {"autoscaling": {"enabled": True}}}
MONITOR = {"target": "tiny", "suite": "/opt/seep/suites/colours.yaml"}

# An empty tuple stands for a cluster without operators.
MISUSES: dict[str, tuple[list[Any], str]] = {
    "unknown key": ([{"scorrer": {}}], "additional properties 'scorrer' not allowed"),
    "unknown key within": ([{"scorer": {"replicas": 2}}], "'/scorer': additional properties 'replicas' not allowed"),
    "unknown key of a target": (
        [{"config": {"targets": {"tiny": {"enigne": "tiny"}}}}],
        "'/config/targets/tiny': additional properties 'enigne' not allowed",
    ),
    "unknown key of an engine": (
        [{"config": {"engines": {"tiny": {"tensor_paralel_size": 2}}}}],
        "'/config/engines/tiny': additional properties 'tensor_paralel_size' not allowed",
    ),
    "a section that the chart makes": (
        [{"config": {"kafka": {}}}],
        "'/config': additional properties 'kafka' not allowed",
    ),
    "target that names none": (
        [{"config": {"targets": {"lost": {}}}}],
        "'/config/targets/lost': missing property 'engine'",
    ),
    "values for an unknown engine": (
        [{"generator": {"engines": {"tinny": {"replicaCount": 2}}}}],
        'generator.engines.tinny: no engine named "tinny" under config.engines',
    ),
    "a webhook without a secret": (
        [{"config": {"events": {"webhook": {"url": "https://hooks.example.com"}}}}],
        "aggregator.webhook.existingSecret: config.events.webhook needs a secret that signs events",
    ),
    "a secret for no webhook": (
        [{"aggregator": {"webhook": {"existingSecret": "signing"}}}],
        "aggregator.webhook.existingSecret: nothing is signed without config.events.webhook",
    ),
    "a key for an engine that has none": (
        [{"generator": {"engines": {"tiny": {"apiKey": {"existingSecret": "key"}}}}}],
        "generator.engines.tiny.apiKey: only an engine with the backend openai has one",
    ),
    "credentials for no proxy": (
        [{"generator": {"engines": {"gateway": {"proxyCredentials": {"existingSecret": "login"}}}}}],
        "generator.engines.gateway.proxyCredentials: there is no proxy in config.engines.gateway",
    ),
    "keda without partitions": (
        [KEDA, {"topics": {"partitions": None}}],
        "scorer.autoscaling: KEDA scales up to the number of partitions: set topics.partitions",
    ),
    "keda without keda": ([KEDA, ()], "scorer.autoscaling.type: this cluster knows no keda.sh/*: install KEDA"),
    "more processes than partitions": (
        [KEDA, {"scorer": {"autoscaling": {"maxReplicas": 8}}}],
        "scorer.autoscaling.maxReplicas: 8 processes for the 6 partitions of a topic",
    ),
    "more fixed processes than partitions": (
        [{"generator": {"replicaCount": 7}}],
        "generator.engines.gateway.replicaCount: 7 processes for the 6 partitions",
    ),
    "more aggregators than partitions": (
        [{"aggregator": {"replicaCount": 7}}],
        "aggregator.replicaCount: 7 processes for the 6 partitions",
    ),
    "an hpa to zero": (
        [KEDA, {"scorer": {"autoscaling": {"type": "hpa"}}}],
        "scorer.autoscaling.minReplicas: an HPA does not scale down to zero",
    ),
    "fewest above most": (
        [KEDA, {"scorer": {"autoscaling": {"minReplicas": 5, "maxReplicas": 2}}}],
        "scorer.autoscaling: minReplicas 5 is above maxReplicas 2",
    ),
    "a claim for one node and pods on several": (
        [{"scorer": {"replicaCount": 2, "cache": {"persistence": {"enabled": True}}}}],
        "scorer.cache.persistence.accessMode: 2 processes on several nodes need ReadWriteMany",
    ),
    "an existing claim for one node and pods on several": (
        [{"scorer": {"replicaCount": 2, "cache": {"persistence": {"existingClaim": "models"}}}}],
        "scorer.cache.persistence.accessMode: 2 processes on several nodes need ReadWriteMany",
    ),
    "a monitor of an unknown suite of the images": (
        [{"config": {"monitors": {"daily": MONITOR | {"suite": "/opt/seep/suites/colors.yaml"}}}}],
        "config.monitors.daily.suite: the images have no suite /opt/seep/suites/colors.yaml; theirs are canaries",
    ),
    "a monitor of a suite that is not mounted": (
        [{"config": {"monitors": {"daily": MONITOR | {"suite": "/etc/seep/suites/mine.yaml"}}}}],
        "config.monitors.daily.suite: /etc/seep/suites/mine.yaml will not be there: expected a file of suites.files",
    ),
    "a recording that is not mounted": (
        [{"config": {"engines": {"old": {"backend": "recorded", "file": "/etc/seep/recordings/a.jsonl"}}}}],
        "config.engines.old.file: /etc/seep/recordings/a.jsonl will not be there",
    ),
    "no brokers": (
        [{"externalKafka": {"bootstrapServers": ""}}],
        "externalKafka.bootstrapServers: expected the brokers",
    ),
    "brokers twice": (
        [{"kafka": {"enabled": True}}],
        "kafka.enabled: externalKafka.bootstrapServers names another broker",
    ),
    "a login for the bundled broker": (
        [BUNDLED, {"externalKafka": {"securityProtocol": "SASL_SSL"}}],
        "kafka.enabled: the bundled broker has neither TLS nor passwords",
    ),
    "a certificate for the bundled broker": (
        [BUNDLED, {"externalKafka": {"tls": {"caSecret": "ca"}}}],
        "kafka.enabled: the bundled broker has neither TLS nor passwords",
    ),
    "a reader of the bundled database": (
        [BUNDLED, {"externalDatabase": {"apiExistingSecret": "read-only"}}],
        "postgresql.enabled: externalDatabase.apiExistingSecret names a user of another database",
    ),
    "suites twice": (
        [{"suites": {"files": {"mine.yaml": "name: mine"}, "existingConfigMap": "suites"}}],
        "suites.files: existingConfigMap takes their place: give one of them",
    ),
    "recordings twice": (
        [{"recordings": {"files": {"a.jsonl": "{}"}, "existingConfigMap": "recordings"}}],
        "recordings.files: existingConfigMap takes their place: give one of them",
    ),
    "retention at no time": ([{"retention": {"schedule": "daily"}}], "retention.schedule: a CronJob takes five fields"),
    "a name that services cannot have": (
        [{"fullnameOverride": "seep.watch"}],
        "'/fullnameOverride': 'seep.watch' does not match pattern",
    ),
    "no database": (
        [{"externalDatabase": {"existingSecret": ""}}],
        "externalDatabase.existingSecret: expected the name",
    ),
    "databases twice": (
        [{"postgresql": {"enabled": True}}],
        "postgresql.enabled: externalDatabase.existingSecret names another database",
    ),
    "sasl without a secret": (
        [{"externalKafka": {"securityProtocol": "SASL_SSL", "sasl": {"mechanism": "PLAIN"}}}],
        "externalKafka.sasl.existingSecret: SASL_SSL needs a secret",
    ),
    "sasl without a mechanism": (
        [{"externalKafka": {"securityProtocol": "SASL_SSL"}}],
        "externalKafka.sasl.mechanism: SASL_SSL needs one",
    ),
    "a token that KEDA cannot log in with": (
        [ALL, TOKEN],
        "generator.engines.gateway.autoscaling.type: KEDA cannot log in with a token from a secret",
    ),
    "a password that is not used": (
        [{"externalKafka": {"sasl": {"existingSecret": "sasl"}}}],
        "externalKafka.sasl: PLAINTEXT logs nobody in",
    ),
    "a certificate that is not used": (
        [{"externalKafka": {"tls": {"caSecret": "ca"}}}],
        "externalKafka.tls: PLAINTEXT encrypts nothing",
    ),
    "topics of an unnamed cluster": ([STRIMZI, {"strimzi": {"cluster": ""}}], "strimzi.cluster: expected the name"),
    "strimzi without strimzi": ([STRIMZI, ()], "strimzi: this cluster knows no kafka.strimzi.io/*: install Strimzi"),
    "strimzi's users of another mechanism": (
        [STRIMZI, {"externalKafka": {"sasl": {"mechanism": "PLAIN"}}}],
        "strimzi.createUsers: its users log in with SCRAM-SHA-512",
    ),
    "strimzi for the bundled broker": (
        [BUNDLED, {"topics": {"provisioner": "strimzi"}}],
        "strimzi: the bundled broker is none of Strimzi's",
    ),
    "an ingress to everything without a token": (
        [{"ingress": {"enabled": True, "hostname": "seep.example.com"}}],
        "api.existingSecret: ingress.enabled exposes all prompts and answers: expected a secret with a token",
    ),
    "a node's port to everything without a token": (
        [{"api": {"service": {"type": "NodePort"}}}],
        "api.existingSecret: api.service.type=NodePort exposes all prompts and answers",
    ),
    "a load balancer to everything without a token": (
        [{"api": {"service": {"type": "LoadBalancer"}}}],
        "api.existingSecret: api.service.type=LoadBalancer exposes all prompts and answers",
    ),
    "a certificate that is not mounted": (
        [{"config": {"engines": {"gateway": {"ca_file": "/certificates/ca.crt"}}}}],
        "config.engines.gateway.ca_file: /certificates/ca.crt will not be there: expected /etc/seep/secrets/f",
    ),
    "a secret header that is not mounted": (
        [
            {
                "config": {
                    "engines": {
                        "gateway": {"secret_headers": {"X-Key": {"file": "/etc/seep/secrets/files/gateway/key"}}}
                    }
                }
            }
        ],
        "config.engines.gateway.secret_headers.X-Key.file: /etc/seep/secrets/files/gateway/key will not be there",
    ),
    "files for an engine that has none": (
        [{"generator": {"engines": {"tiny": {"secretFiles": {"existingSecret": "files"}}}}}],
        "generator.engines.tiny.secretFiles: only an engine with the backend openai has such files",
    ),
    "an ingress to nothing": (
        [ALL, {"api": {"enabled": False}}],
        "ingress.enabled: there is nothing to expose without api.enabled",
    ),
    "an ingress without a host": ([{"ingress": {"enabled": True}}], "ingress.hostname: expected the host name"),
    "models from two places": (
        [{"generator": {"models": {"existingClaim": "models", "prepareCommand": ["true"]}}}],
        "models: prepareCommand fills /models, which existingClaim mounts read-only",
    ),
    "a token for no hub": (
        [{"modelHub": {"enabled": False, "tokenSecret": "hub"}}],
        "modelHub.tokenSecret: nothing is fetched without modelHub.enabled",
    ),
    "alarms without their operator": (
        [{"metrics": {"prometheusRule": {"enabled": True}}}, ()],
        "metrics.prometheusRule.enabled: this cluster knows no monitoring.coreos.com/*",
    ),
    "a test of an unknown target": (
        [{"tests": {"suite": "/opt/seep/suites/colours.yaml", "target": "nobody"}}],
        'tests.target: no target named "nobody" under config.targets',
    ),
    "a setting past the values": (
        [{"scorer": {"extraEnv": [{"name": "SEEP_API__TOKEN"}]}}],
        "'/scorer/extraEnv/0/name'",
    ),
    "a name that kubernetes cannot have": (
        [{"config": {"engines": {"tiny-": {"backend": "vllm", "model": "m"}}}}],
        "'/config/engines': additional properties 'tiny-' not allowed",
    ),
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_misuse_is_refused_with_a_sentence_that_helps(misuse: str) -> None:
    values, sentence = MISUSES[misuse]
    apis = () if () in values else APIS
    assert sentence in refusal(LEAST, *(given for given in values if given != ()), apis=apis)


def test_who_says_so_exposes_everything_without_a_token() -> None:
    for service in ("NodePort", "LoadBalancer"):
        render(LEAST, {"api": {"allowAnonymous": True, "service": {"type": service}}})
    render(LEAST, {"api": {"allowAnonymous": True}, "ingress": {"enabled": True, "hostname": "seep.example.com"}})


# Each would end a line, or begin a key, where it stands in a manifest.
INJECTION = "x\nhostNetwork: true"
TEXTS = (
    "image.registry", "image.tag", "scorer.image.repository", "scorer.image.tag", "ingress.className",
    "ingress.hostname", "ingress.path", "ingress.tlsSecret", "scorer.priorityClassName",
    "scorer.gpu.runtimeClassName", "scorer.gpu.resourceName", "scorer.cache.persistence.storageClass",
    "scorer.cache.size", "api.existingSecret", "api.existingSecretKey", "externalKafka.sasl.usernameKey",
    "externalKafka.sasl.passwordKey", "externalKafka.sasl.tokenKey", "externalKafka.tls.caKey",
    "externalDatabase.existingSecretKey", "modelHub.tokenKey", "strimzi.cluster",
    "metrics.prometheusRule.runbookUrl", "scorer.resources.requests.cpu",
    "generator.gpu.shmSize",
)  # fmt: skip


@pytest.mark.parametrize("place", TEXTS)
def test_a_text_that_would_be_more_than_a_text_is_refused(place: str) -> None:
    value: Any = INJECTION
    for key in reversed(place.split(".")):
        value = {key: value}
    assert f"'/{place.replace('.', '/')}'" in refusal(LEAST, value)


def test_names_that_yaml_would_take_for_numbers_stay_names() -> None:
    values = {
        "image": {"tag": "1.10"},
        "imagePullSecrets": [{"name": "0"}],
        "externalDatabase": {"existingSecret": "1", "existingSecretKey": "2", "apiExistingSecret": "3"},
        "externalKafka": {
            "securityProtocol": "SASL_SSL",
            "sasl": {"mechanism": "PLAIN", "existingSecret": "4", "usernameKey": "5", "passwordKey": "6"},
            "tls": {"caSecret": "7", "caKey": "8", "clientSecret": "9"},
        },
        "api": {"existingSecret": "10", "existingSecretKey": "11", "priorityClassName": "12"},
        "ingress": {"enabled": True, "className": "13", "hostname": "14", "tlsSecret": "15"},
        "scorer": {
            "gpu": {"enabled": True, "runtimeClassName": "16"},
            "cache": {"persistence": {"existingClaim": "17", "accessMode": "ReadWriteMany"}},
        },
        "generator": {
            "cache": {"persistence": {"enabled": True, "storageClass": "18", "accessMode": "ReadWriteMany"}},
            "engines": {"gateway": {"apiKey": {"existingSecret": "19", "key": "20"}}},
        },
        "modelHub": {"tokenSecret": "21", "tokenKey": "22"},
        "suites": {"existingConfigMap": "23"},
    }
    release = render(overlaid(LEAST, ALL, values))
    assert [violation for manifest in release for violation in violations(manifest)] == []
    assert {pod.container["image"] for pod in release.pods()} == {
        f"seep/{name}:1.10" for name in ("generator", "scorer", "aggregator")
    }


def test_nothing_at_all_is_refused_with_what_is_needed_first() -> None:
    assert "externalKafka.bootstrapServers: expected the brokers" in refusal({})


def scheduled(schedule: str, scheduler: str) -> dict[str, Any]:
    monitor = {"daily": MONITOR | {"schedule": schedule}}
    return overlaid(LEAST, {"config": {"monitors": monitor}, "monitors": {"scheduler": scheduler}})


@pytest.mark.parametrize("schedule", ["0 6 * * *", "*/10 0-6,22 1,15 jan-MAR mon-fri", "5/15 * * * 0", " 0  2 * * SUN"])
def test_a_schedule_that_both_schedulers_know_is_taken(schedule: str) -> None:
    validate_schedule(schedule)
    for scheduler in ("cronjob", "deployment"):
        render(scheduled(schedule, scheduler))


@pytest.mark.parametrize(
    "schedule", ["0 6 L * *", "0 6 LW * *", "0 6 * * 5L", "0 6 * * 1#2", "0 6 * * 7", "0 0 6 * * *"]
)
def test_a_schedule_that_kubernetes_does_not_know_is_for_the_other_scheduler(schedule: str) -> None:
    validate_schedule(schedule)
    render(scheduled(schedule, "deployment"))
    said = refusal(scheduled(schedule, "cronjob"))
    assert "config.monitors.daily.schedule: a CronJob takes five fields" in said
    assert "monitors.scheduler=deployment takes them" in said


@pytest.mark.parametrize("schedule", ["0 6 * *", "daily", "@daily", "60 * * * *", "0 6 * * *; true", "0 6 ? * *"])
def test_what_is_no_schedule_is_refused(schedule: str) -> None:
    assert "config.monitors.daily.schedule: a CronJob takes five fields" in refusal(scheduled(schedule, "cronjob"))
