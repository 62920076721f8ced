"""Who may talk to whom. This reads the policies' meaning; a cluster's network may not enforce them."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from tests.deploy.helm.rendering import ALL, BUNDLED, LEAST, Manifest, Release, overlaid, render

MONITORING = {"kubernetes.io/metadata.name": "monitoring"}
KEDA = {"kubernetes.io/metadata.name": "keda"}
DNS = {"kubernetes.io/metadata.name": "kube-system"}
OUTSIDE = "outside"


def matches(selector: Manifest, labels: Mapping[str, str]) -> bool:
    assert set(selector) <= {"matchLabels"}, "this test reads matchLabels alone"
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


def peers_hold(
    peers: list[Manifest] | None, pod_labels: Mapping[str, str], namespace_labels: Mapping[str, str] | None
) -> bool:
    """Whether a rule's peers hold a pod of a namespace; None for this one; an absent list holds everyone."""
    if not peers:
        return True
    for peer in peers:
        if "ipBlock" in peer:
            # Of what is outside the cluster this test knows no address; the one of addresses does.
            if namespace_labels is not None and OUTSIDE in namespace_labels and peer["ipBlock"]["cidr"] == "0.0.0.0/0":
                return True
            continue
        here = namespace_labels is None
        of_namespace = (
            matches(peer["namespaceSelector"], namespace_labels or {}) if "namespaceSelector" in peer else here
        )
        if of_namespace and matches(peer.get("podSelector", {}), pod_labels):
            return True
    return False


class Network:
    """The traffic that a release's policies allow."""

    def __init__(self, release: Release) -> None:
        self.policies = list(release.objects("NetworkPolicy").values())
        self.labels = {}
        for pod in release.pods():
            own = pod.labels.get("seep/engine", pod.component)
            # Two jobs are a component.
            self.labels[next((job for job in ("topics", "migrations") if job in pod.name), own)] = pod.labels

    def _allows(
        self,
        direction: str,
        own: Mapping[str, str],
        port: int,
        other: Mapping[str, str],
        namespace: Mapping[str, str] | None,
    ) -> bool:
        applying = [p["spec"] for p in self.policies if matches(p["spec"]["podSelector"], own)]
        applying = [spec for spec in applying if direction.capitalize() in spec["policyTypes"]]
        assert applying, "a pod that no policy applies to may do everything"
        return any(
            any(rule_port["port"] == port for rule_port in rule["ports"])
            and peers_hold(rule.get("to" if direction == "egress" else "from"), other, namespace)
            for spec in applying
            for rule in spec.get(direction, [])
        )

    def inside(self, source: str, target: str, port: int) -> bool:
        """Whether a pod may open a connection to another of the release: both sides must allow it."""
        one, other = self.labels[source], self.labels[target]
        return self._allows("egress", one, port, other, None) and self._allows("ingress", other, port, one, None)

    def out(self, source: str, port: int, namespace: Mapping[str, str] | None = None) -> bool:
        """Whether a pod may open a connection to something that is no pod of this cluster's, or of a namespace."""
        return self._allows("egress", self.labels[source], port, {}, namespace or {OUTSIDE: ""})

    def into(self, target: str, port: int, namespace: Mapping[str, str] | None) -> bool:
        """Whether a pod of another namespace may open a connection to one of the release."""
        return self._allows("ingress", self.labels[target], port, {}, namespace)


@pytest.fixture(scope="module")
def bundled() -> Network:
    return Network(render(LEAST, ALL, BUNDLED))


@pytest.fixture(scope="module")
def external() -> Network:
    return Network(render(LEAST, ALL))


def test_the_bundled_broker_is_for_those_who_use_kafka(bundled: Network) -> None:
    users = {source for source in bundled.labels if source != "kafka" and bundled.inside(source, "kafka", 9092)}
    assert users == {"tiny", "gateway", "scorer", "aggregator", "schedule", "topics", "test"}


def test_the_bundled_database_is_for_those_who_use_it(bundled: Network) -> None:
    users = {s for s in bundled.labels if s != "postgresql" and bundled.inside(s, "postgresql", 5432)}
    assert users == {"aggregator", "api", "retention", "migrations", "test"}


def test_nobody_else_reaches_broker_and_database(bundled: Network) -> None:
    assert not bundled.into("kafka", 9092, {"name": "other"})
    assert not bundled.into("postgresql", 5432, {"name": "other"})
    assert bundled.into("kafka", 9092, KEDA)
    assert not bundled.into("postgresql", 5432, KEDA)


def test_services_do_not_talk_to_each_other(external: Network) -> None:
    services = ["tiny", "gateway", "scorer", "aggregator"]
    for source in services:
        for target in [*services, "api"]:
            for port in (9100, 8000, 8080):
                assert not (source != target and external.inside(source, target, port)), (source, target, port)


def test_everyone_asks_name_servers(external: Network) -> None:
    assert all(external.out(source, 53, DNS) for source in external.labels)
    assert not any(external.out(source, 53) for source in external.labels)


def test_only_those_go_out_who_must(external: Network) -> None:
    def goes(port: int) -> set[str]:
        return {source for source in external.labels if external.out(source, port)}

    assert goes(9092) == {"tiny", "gateway", "scorer", "aggregator", "schedule", "topics", "test"}
    assert goes(5432) == {"aggregator", "api", "retention", "migrations", "test"}
    # The endpoint, and the hub that models come from.
    assert goes(443) == {"gateway", "tiny", "scorer", "predictor"}
    assert goes(80) == goes(22) == set()


def test_without_a_hub_only_endpoints_are_outside() -> None:
    network = Network(render(LEAST, ALL, {"modelHub": {"enabled": False}}))
    assert {source for source in network.labels if network.out(source, 443)} == {"gateway"}


@pytest.mark.parametrize(
    ("engine", "port"),
    [
        ({"base_url": "http://vllm.models.svc:8000/v1"}, 8000),
        ({"base_url": "http://vllm.models.svc/v1"}, 80),
        ({"base_url": "https://vendor.example.com/v1", "proxy": "http://proxy.example.com:3128"}, 3128),
    ],
)
def test_an_endpoint_is_reached_at_its_own_port(engine: dict[str, Any], port: int) -> None:
    values = overlaid(LEAST, {"config": {"engines": {"gateway": engine}}, "modelHub": {"enabled": False}})
    network = Network(render(values))
    assert {p for p in (80, 443, 3128, 8000) if network.out("gateway", p)} == {port}


def test_a_presets_own_address_is_reached_by_https() -> None:
    values = overlaid(LEAST, {"modelHub": {"enabled": False}})
    values["config"]["engines"]["gateway"] = {"backend": "openai", "preset": "openrouter", "model": "m"}
    network = Network(render(values))
    assert {port for port in (80, 443, 8000) if network.out("gateway", port)} == {443}


def test_an_endpoint_s_pods_may_listen_on_another_port_than_its_service() -> None:
    values = {"networkPolicy": {"endpoints": {"extraPorts": [8000, 443]}}, "modelHub": {"enabled": False}}
    network = Network(render(LEAST, values))
    assert {port for port in (80, 443, 8000, 8080) if network.out("gateway", port)} == {443, 8000}
    assert not network.out("tiny", 8000)


def test_a_webhook_is_reached_by_the_aggregator_alone_at_its_own_port() -> None:
    webhook = {"config": {"events": {"webhook": {"url": "https://hooks.example.com:8443/seep"}}}}
    secret = {"aggregator": {"webhook": {"existingSecret": "signing"}}, "modelHub": {"enabled": False}}
    network = Network(render(LEAST, webhook, secret))
    assert {source for source in network.labels if network.out(source, 8443)} == {"aggregator"}
    assert not network.out("aggregator", 443)


def test_ports_of_brokers_are_those_of_the_bootstrap_servers_and_what_is_added() -> None:
    values = {
        "externalKafka": {"bootstrapServers": "a:9093,b:9094"},
        "networkPolicy": {"kafka": {"extraPorts": [9095]}},
    }
    network = Network(render(LEAST, values))
    assert {port for port in range(9090, 9100) if network.out("scorer", port)} == {9093, 9094, 9095}


def test_addresses_that_are_named_are_the_only_ones() -> None:
    policy = {"kafka": {"to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}]}}
    release = render(LEAST, {"networkPolicy": policy})
    assert not Network(release).out("scorer", 9092)
    assert release.objects("NetworkPolicy")["seep-to-kafka"]["spec"]["egress"] == [
        {"ports": [{"port": 9092, "protocol": "TCP"}], "to": policy["kafka"]["to"]}
    ]


def test_metrics_are_for_monitoring(external: Network) -> None:
    for service in ("tiny", "gateway", "scorer", "aggregator", "api"):
        assert external.into(service, 9100, MONITORING)
        assert not external.into(service, 9100, {"name": "other"})
    assert not external.into("predictor", 9100, MONITORING)


def test_an_empty_list_of_sources_lets_nobody_in() -> None:
    empty: dict[str, Any] = {part: {"from": []} for part in ("metrics", "api", "predictor")}
    nobody = {"networkPolicy": empty, "predictor": {"enabled": True}}
    network = Network(render(LEAST, nobody))
    for target, port in (("scorer", 9100), ("api", 8000), ("predictor", 8080)):
        assert not network.into(target, port, MONITORING)
        assert not network.into(target, port, None)


@pytest.mark.parametrize(("part", "port"), [("api", 8000), ("predictor", 8080), ("predictor", 8081)])
def test_api_and_predictor_are_for_the_release_until_others_are_named_for_each(part: str, port: int) -> None:
    release = render(LEAST, ALL)
    network = Network(release)
    own = network.labels["test"]
    assert network._allows("ingress", network.labels[part], port, own, None)
    for namespace in (None, {"name": "ingress"}):
        assert not network.into(part, port, namespace)
    named = {"networkPolicy": {part: {"from": [{"namespaceSelector": {"matchLabels": {"name": "ingress"}}}]}}}
    network = Network(render(LEAST, ALL, named))
    allowed = {
        other: network.into(other, number, {"name": "ingress"})
        for other, number in (("api", 8000), ("predictor", 8080))
    }
    assert allowed == {other: other == part for other in allowed}


# Where a machine of a cloud is told its credentials: by most clouds, by Alibaba's, Azure's, and AWS's in IPv6.
METADATA = ("169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "fe80::1")


def reached(release: Release, address: str) -> set[str]:
    """The policies that let pods connect to an address outside the cluster."""
    ip = ip_address(address)
    return {
        name
        for name, policy in release.objects("NetworkPolicy").items()
        for rule in policy["spec"].get("egress", [])
        for peer in rule.get("to", [{"ipBlock": {"cidr": f"{ip}/{ip.max_prefixlen}"}}])
        if "ipBlock" in peer
        and ip in ip_network(peer["ipBlock"]["cidr"])
        and not any(ip in ip_network(excepted) for excepted in peer["ipBlock"].get("except", []))
    }


def test_everywhere_is_nowhere_that_tells_a_machine_s_credentials() -> None:
    for values in ((LEAST, ALL), (LEAST, ALL, BUNDLED), ("gpu",)):
        release = render(*values, {"networkPolicy": {"dns": {"to": []}}})
        assert {address: reached(release, address) for address in METADATA} == {address: set() for address in METADATA}
        for address in ("203.0.113.7", "10.1.2.3", "2001:db8::7"):
            assert {"seep-dns", "seep-scorer-egress"} <= reached(release, address)


def test_policies_can_be_left_to_others() -> None:
    assert not render(LEAST, {"networkPolicy": {"enabled": False}}).objects("NetworkPolicy")


def test_a_hook_may_reach_what_the_new_values_name_before_the_policies_are_the_new_ones() -> None:
    release = render(LEAST)
    early = [
        p for p in release.objects("NetworkPolicy").values() if "helm.sh/hook" in p["metadata"].get("annotations", {})
    ]
    network = Network(release)
    network.policies = early
    assert [port for port in (53, 5432, 9092) if network.out("topics", port, DNS)] == [53, 9092]
    assert [port for port in (53, 5432, 9092) if network.out("migrations", port, DNS)] == [53, 5432]
    assert len(early) == 2
