"""The alarms: each fires and is silent where it must, on metrics that there are, with a section in the runbook."""

import re
import subprocess
from pathlib import Path

import typer
import yaml
from prometheus_client import REGISTRY

import seep.runtime.metrics
import services.aggregator.delivering
import services.scorer.canary
from cli.main import app
from services.aggregator.gauges import GaugesCollector, MonitorCollector, Operation, OperationCollector, RateCollector
from tests.deploy.helm.rendering import ALL, CHART, LEAST, ROOT, Manifest, Release, overlaid, render, tool

ALARMS = CHART / "files" / "alarms.yaml"
TESTS = Path(__file__).with_name("alarms.test.yaml")


def rules() -> list[Manifest]:
    group: dict[str, list[Manifest]]
    (group,) = yaml.safe_load(ALARMS.read_text(encoding="utf-8"))["groups"]
    return group["rules"]


def test_prometheus_takes_the_rules() -> None:
    checked = subprocess.run([tool("promtool"), "check", "rules", str(ALARMS)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alarm_fires_and_is_silent_where_it_must() -> None:
    tested = subprocess.run([tool("promtool"), "test", "rules", str(TESTS)], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_no_alarm_is_without_both_tests() -> None:
    silent: set[str] = set()
    firing: set[str] = set()
    for test in yaml.safe_load(TESTS.read_text(encoding="utf-8"))["tests"]:
        for case in test["alert_rule_test"]:
            (firing if case["exp_alerts"] else silent).add(case["alertname"])
    assert silent == firing == {rule["alert"] for rule in rules()}


def test_every_alarm_has_a_section_in_the_runbook() -> None:
    runbook = (ROOT / "docs" / "operations" / "runbook.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## (\w+)$", runbook, re.MULTILINE)
    assert sections == [rule["alert"] for rule in rules()]
    for rule in rules():
        annotations = rule["annotations"]
        assert annotations["runbook_url"] == f"docs/operations/runbook.md#{rule['alert'].lower()}"
        assert annotations["summary"]
        assert annotations["description"]


def test_the_runbook_names_commands_that_there_are() -> None:
    runbook = (ROOT / "docs" / "operations" / "runbook.md").read_text(encoding="utf-8")
    named = {tuple(command.split()) for command in re.findall(r"seep ([a-z][a-z-]*(?: [a-z][a-z-]*)?)", runbook)}
    commands = getattr(typer.main.get_command(app), "commands", {})
    assert named
    for first, *rest in named:
        assert first in commands
        assert not rest or rest[0] in getattr(commands[first], "commands", {})


def unread() -> Operation:
    raise AssertionError("a description reads nothing")


def test_every_metric_that_an_alarm_looks_at_is_one_that_a_service_has() -> None:
    assert seep.runtime.metrics.LAG is not None
    assert services.scorer.canary.CANARY_OK is not None
    assert services.aggregator.delivering.OLDEST is not None
    known = {family.name for family in REGISTRY.collect()}
    gauges = GaugesCollector([RateCollector(list), MonitorCollector(list), OperationCollector(unread, [], [])])
    known |= {family.name for family in gauges.describe()}
    used = {name for rule in rules() for name in re.findall(r"seep_\w+", rule["expr"])}
    assert used <= known


def test_the_rules_are_installed_as_they_are_tested() -> None:
    release = render(LEAST, ALL)
    (rule,) = release.objects("PrometheusRule").values()
    tested = ALARMS.read_text(encoding="utf-8").replace('namespace="seep"', 'namespace="watch"')
    tested = tested.replace("dashboard_url: /ui", "dashboard_url: https://seep.example.com/ui")
    assert rule["spec"] == yaml.safe_load(tested)
    assert rule["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_another_release_does_not_hide_that_this_one_is_silent() -> None:
    def selected(release: Release) -> list[str]:
        (rule,) = release.objects("PrometheusRule").values()
        return [alarm["expr"] for alarm in rule["spec"]["groups"][0]["rules"] if alarm["alert"] == "SeepMetricsAbsent"]

    assert selected(render(LEAST, ALL)) == ['absent(seep_gauges_read{namespace="watch"})']
    # Without targets nothing is measured, and silence means nothing.
    alarms = {"metrics": {"prometheusRule": {"enabled": True}}}
    assert selected(render(overlaid(LEAST, alarms) | {"config": {}})) == []


def test_labels_may_be_left_out() -> None:
    plain = {"metrics": {kind: {"labels": {"release": None}} for kind in ("podMonitor", "prometheusRule")}}
    release = render(LEAST, ALL, plain)
    for kind in ("PodMonitor", "PrometheusRule"):
        (found,) = release.objects(kind).values()
        assert found["metadata"]["labels"]["app.kubernetes.io/instance"] == "seep"
        assert "release" not in found["metadata"]["labels"]


def test_the_runbook_may_be_elsewhere() -> None:
    values = {"metrics": {"prometheusRule": {"runbookUrl": "https://docs.example.com/seep"}}}
    (rule,) = render(LEAST, ALL, values).objects("PrometheusRule").values()
    urls = [alarm["annotations"]["runbook_url"] for alarm in rule["spec"]["groups"][0]["rules"]]
    assert urls[0] == "https://docs.example.com/seep#seepmonitoralarm"


def test_alarms_lead_to_the_pages_that_the_ingress_serves() -> None:
    ingress = {"enabled": True, "hostname": "seep.example.com", "path": "/seep/", "tlsSecret": "tls"}
    values = {"ingress": ingress, "api": {"allowAnonymous": True}}
    (rule,) = render(LEAST, ALL, values).objects("PrometheusRule").values()
    alarm, *others = rule["spec"]["groups"][0]["rules"]
    pages = "https://seep.example.com/seep/ui"
    assert alarm["annotations"]["dashboard_url"] == f"{pages}/monitors/{{{{ $labels.monitor }}}}"
    troubles = {other["annotations"].get("dashboard_url") for other in others}
    assert troubles == {None, f"{pages}/troubles", f"{pages}/monitors/{{{{ $labels.monitor }}}}"}


def test_whatever_has_metrics_is_scraped() -> None:
    release = render(LEAST, ALL)
    (monitor,) = release.objects("PodMonitor").values()
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    selector = monitor["spec"]["selector"]["matchLabels"]
    scraped = {
        pod.component
        for pod in release.pods()
        if selector.items() <= pod.labels.items()
        and endpoint["port"] in {port["name"] for port in pod.container.get("ports", [])}
    }
    assert scraped == {"generator", "scorer", "aggregator", "api"}
    assert monitor["metadata"]["labels"]["release"] == "kube-prometheus-stack"
