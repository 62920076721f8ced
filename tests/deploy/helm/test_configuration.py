"""seep.yaml as the chart makes it: what the services' own settings take, and all of them the same."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from results.monitor_status import watched
from seep.capabilities import check_monitors
from seep.records import GeneratedJob
from seep.settings import OpenAiEngine, RecordedEngine, Settings, VllmEngine, load_settings
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from services.generator.generating import generate_jobs
from services.generator.recorded_backend import RecordedBackend
from tests.deploy.helm.rendering import (
    ALL,
    BUNDLED,
    LEAST,
    PROFILES,
    STRIMZI,
    TOKEN,
    Manifest,
    Release,
    overlaid,
    render,
)


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Release], Settings]:
    """Reads a release's seep.yaml as a service does, with the files that it names in a folder of the test's."""
    monkeypatch.delenv("SEEP_CONFIG", raising=False)

    def load(release: Release) -> Settings:
        text = release.objects("ConfigMap")["seep-configuration"]["data"]["seep.yaml"]
        for kind in ("suites", "recordings"):
            for name, content in release.objects("ConfigMap").get(f"seep-{kind}", {"data": {}})["data"].items():
                (tmp_path / kind).mkdir(exist_ok=True)
                (tmp_path / kind / name).write_text(content, encoding="utf-8")
        for pod in release.pods():
            for mount in pod.container["volumeMounts"]:
                if mount["mountPath"].startswith("/etc/seep/secrets/"):
                    folder = tmp_path / mount["mountPath"].removeprefix("/etc/seep/")
                    folder.mkdir(parents=True, exist_ok=True)
                    volume = next(v for v in pod.spec["volumes"] if v["name"] == mount["name"])
                    for item in volume["secret"]["items"]:
                        (folder / item["path"]).write_text("secret", encoding="utf-8")
        file = tmp_path / "seep.yaml"
        file.write_text(text.replace("/etc/seep", str(tmp_path)), encoding="utf-8")
        return load_settings(file)

    return load


def endpoint(settings: Settings) -> OpenAiEngine:
    engine = settings.engines["gateway"]
    assert isinstance(engine, OpenAiEngine)
    return engine


def text_of(path: Path | None) -> str:
    assert path is not None
    return path.read_text()


@pytest.mark.parametrize("profile", PROFILES)
def test_the_services_take_what_a_profile_says(load: Callable[[Release], Settings], profile: str) -> None:
    settings = load(render(profile))
    assert set(settings.targets) == set(render(profile).settings()["targets"])
    assert settings.engines
    assert settings.database.dsn_file is not None


@pytest.mark.parametrize("values", [(LEAST, ALL), (LEAST, ALL, BUNDLED), (LEAST, ALL, STRIMZI)])
def test_the_services_take_whatever_can_be_switched_on(load: Callable[[Release], Settings], values: Any) -> None:
    settings = load(render(*values))
    assert settings.api.resolved_token() == "secret"
    assert settings.database.resolved_dsn() == "secret"
    assert text_of(endpoint(settings).api_key_file) == "secret"


def test_a_proxys_credentials_are_mounted_where_the_generator_looks(load: Callable[[Release], Settings]) -> None:
    values = {
        "config": {"engines": {"gateway": {"proxy": "http://proxy.example.com:3128"}}},
        "generator": {"engines": {"gateway": {"proxyCredentials": {"existingSecret": "login"}}}},
    }
    release = render(LEAST, ALL, values)
    assert text_of(endpoint(load(release)).proxy_credentials_file) == "secret"
    assert "login" in json.dumps(release.pod("seep-generator-gateway").spec)
    assert "login" not in json.dumps(release.pod("seep-generator-tiny").spec)


def test_the_secret_that_signs_events_is_mounted_for_the_aggregator_alone(load: Callable[[Release], Settings]) -> None:
    values = {
        "config": {"events": {"webhook": {"url": "https://hooks.example.com"}}},
        "aggregator": {"webhook": {"existingSecret": "signing"}},
    }
    release = render(LEAST, ALL, values)
    webhook = load(release).events.webhook
    assert webhook is not None
    assert text_of(webhook.secret_file) == "secret"
    mounting = {name for name in release.objects("Deployment") if "signing" in json.dumps(release.pod(name).spec)}
    assert mounting == {"seep-aggregator"}


def test_the_broker_is_the_one_that_is_named(load: Callable[[Release], Settings]) -> None:
    values = {"externalKafka": {"securityProtocol": "SSL", "tls": {"caSecret": "ca", "clientSecret": "client"}}}
    kafka = load(render(LEAST, values)).kafka
    assert (kafka.bootstrap_servers, kafka.security_protocol) == ("kafka.example.com:9092", "SSL")
    assert all(text_of(path) == "secret" for path in (kafka.ssl_cafile, kafka.ssl_certfile, kafka.ssl_keyfile))
    assert load(render(LEAST, BUNDLED)).kafka.bootstrap_servers == "seep-kafka.watch.svc:9092"


def test_a_token_is_mounted_for_whoever_speaks_to_the_broker_and_named_where_it_is(
    load: Callable[[Release], Settings],
) -> None:
    release = render(LEAST, TOKEN, {"externalKafka": {"sasl": {"tokenKey": "jwt"}}})
    kafka = load(release).kafka
    assert (kafka.sasl_mechanism, kafka.sasl_plain_password_file) == ("OAUTHBEARER", None)
    assert kafka.token() == "secret"
    for pod in release.pods():
        # All of it, so that the kubelet brings a renewed token; and no name of a user, which the secret need not have.
        assert "SEEP_KAFKA__SASL_PLAIN_USERNAME" not in pod.environment()
        login = [volume["secret"] for volume in pod.spec["volumes"] if volume["name"] == "kafka-login"]
        speaks = pod.labels.get("seep/kafka-client") == "true"
        assert [found["items"] for found in login] == [[{"key": "jwt", "path": "token"}]] * speaks
        assert not [
            mount for mount in pod.container["volumeMounts"] if mount["name"] == "kafka-login" and "subPath" in mount
        ]


def test_a_metric_that_is_null_is_left_out(load: Callable[[Release], Settings]) -> None:
    assert load(render(LEAST, {"config": {"metrics": {"bert_score": None}}})).metrics.bert_score is None


def test_a_metric_of_another_name_says_its_kind(load: Callable[[Release], Settings]) -> None:
    second = {"kind": "sentence_bert", "model": "/models/second"}
    metrics = load(render(LEAST, {"config": {"metrics": {"second": second}}})).metrics
    assert list(metrics.names()) == ["sentence_bert", "bert_score", "second"]
    assert metrics.sections()["second"].model == "/models/second"


def test_large_numbers_arrive_as_they_are(load: Callable[[Release], Settings]) -> None:
    values = {"config": {"engines": {"tiny": {"kv_cache_memory_bytes": 68719476736}}}}
    engine = load(render(LEAST, values)).engines["tiny"]
    assert isinstance(engine, VllmEngine)
    assert engine.kv_cache_memory_bytes == 68719476736


def test_the_api_can_be_reached_from_outside_its_pod(load: Callable[[Release], Settings]) -> None:
    release = render(LEAST)
    api = load(release).api
    assert (api.host, api.port) == ("0.0.0.0", release.pod("seep-api").container["ports"][0]["containerPort"])


def test_metrics_and_predictor_can_be_reached_from_outside_their_pods(load: Callable[[Release], Settings]) -> None:
    values = {"config": {"worker": {"batch_size": 5}, "predictor": {"max_pairs": 7}}}
    settings = load(render(LEAST, values))
    assert (settings.worker.metrics_host, settings.worker.batch_size) == ("0.0.0.0", 5)
    assert (settings.predictor.host, settings.predictor.max_pairs) == ("0.0.0.0", 7)


def test_the_recording_of_the_profile_to_try_out_answers_its_suite(load: Callable[[Release], Settings]) -> None:
    settings = load(render("cpu"))
    jobs = prompt_jobs(load_suite(settings.monitors["smoke"].suite), run_id="run", target="recorded")
    engine = settings.engines["recorded"]
    assert isinstance(engine, RecordedEngine)
    answered = generate_jobs(jobs, RecordedBackend(engine), settings.targets)
    assert [type(answer) for answer in answered] == [GeneratedJob] * len(jobs)


@pytest.mark.parametrize(
    ("suite", "category"),
    [("position-smoke", "pairs@2"), ("sway-smoke", "opinion"), ("licences-smoke", "licence")],
    ids=["position", "sway", "recall"],
)
def test_a_monitor_of_a_probe_without_metrics_is_taken_with_all_its_categories(
    load: Callable[[Release], Settings], suite: str, category: str
) -> None:
    text = (Path(__file__).parents[3] / "suites" / f"{suite}.yaml").read_text(encoding="utf-8")
    monitor = {"target": "tiny", "suite": "/etc/seep/suites/mine.yaml"}
    settings = load(
        render(LEAST, {"suites": {"files": {"mine.yaml": text}}, "config": {"monitors": {"daily": monitor}}})
    )
    check_monitors(settings)
    assert category in watched(settings.monitors)["daily"].categories


def test_one_configuration_is_mounted_by_all_services() -> None:
    release = render(LEAST, ALL)
    mounted = {
        volume["configMap"]["name"]
        for pod in release.pods()
        if pod.component != "setup"
        for volume in pod.spec["volumes"]
        if volume["name"] == "configuration"
    }
    assert mounted == {"seep-configuration"}
    assert all(pod.environment()["SEEP_CONFIG"] == "/etc/seep/seep.yaml" for pod in release.pods())


def test_hooks_read_the_same_configuration_before_the_release_has_one() -> None:
    configurations = {
        manifest["data"]["seep.yaml"]
        for manifest in render(LEAST, ALL).objects("ConfigMap").values()
        if "seep.yaml" in manifest["data"]
    }
    assert len(configurations) == 1


def checksums(release: Release) -> dict[str, str]:
    return {
        pod.name: pod.annotations["checksum/configuration"]
        for pod in release.pods()
        if "checksum/configuration" in pod.annotations
    }


def restarted(change: Manifest) -> set[str]:
    before, after = (checksums(render(LEAST, ALL, values)) for values in ({}, change))
    assert before.keys() == after.keys()
    return {name.removeprefix("seep-") for name in before if before[name] != after[name]}


def test_only_those_are_restarted_that_read_what_has_changed() -> None:
    assert restarted({"config": {"monitors": {"daily": {"samples": 3}}}}) == {"aggregator", "api"}
    assert restarted({"config": {"targets": {"tiny": {"temperature": 0.1}}}}) == {"generator-tiny", "aggregator"}
    assert restarted({"config": {"scoring": {"mode": "published"}}}) == {"scorer", "predictor"}
    assert restarted({"externalKafka": {"bootstrapServers": "other:9092"}}) == {
        "generator-tiny", "generator-gateway", "scorer", "aggregator"
    }  # fmt: skip
    assert restarted({"podDisruptionBudget": {"enabled": False}}) == set()


def test_a_suite_that_has_changed_restarts_those_that_read_it() -> None:
    suites = overlaid(LEAST, {"suites": {"files": {"mine.yaml": "name: mine"}}})
    changed = overlaid(suites, {"suites": {"files": {"mine.yaml": "name: other"}}})
    before, after = ({pod.name: dict(pod.annotations) for pod in render(values).pods()} for values in (suites, changed))
    assert {name for name in before if before[name] != after[name]} == {"seep-aggregator", "seep-api"}


def test_yaml_survives_whatever_a_system_message_holds(load: Callable[[Release], Settings]) -> None:
    message = "Say \"no\":\n  # not a comment\t{{ braces }} 'quotes' ü 日本"
    settings = load(render(LEAST, {"config": {"targets": {"tiny": {"system": message}}}}))
    assert settings.targets["tiny"].system == message
