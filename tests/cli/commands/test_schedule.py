"""Monitors' runs on a real broker: sent at their times, once, whole, and under one id whoever sends them."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli.commands.schedule import last_sent, send_due
from cli.main import app
from cli.sending import all_manifests, send_occurrence
from deploy.local.broker import LocalBroker, free_port
from seep.kafka.client import TopicReader, create_topics
from seep.kafka.topics import jobs_topic, topic_configs
from seep.records import RunManifest
from seep.schedule import occurrence_before
from seep.settings import Settings, load_settings

SUITE = """
name: tiny
version: "1"
format: {kind: plain, user: "{prompt}"}
decoding: {temperature: 1.0, max_tokens: 5, samples: 2}
jobs:
  - {control: A, tests: [{concept: red, prompt: red A, category: "1"}]}
  - {control: B, tests: [{concept: red, prompt: red B, category: "1"}]}
"""
HOURLY = "0 * * * *"
SEEP = Path(sys.executable).with_name("seep")


@pytest.fixture(scope="module")
def bootstrap_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    broker = LocalBroker(tmp_path_factory.mktemp("broker"), 0)
    broker.start()
    yield broker.bootstrap_servers
    broker.stop()


def configured(folder: Path, bootstrap_servers: str, **monitors: dict[str, object]) -> Path:
    """A configuration with a target of this test's own, named as its folder."""
    (folder / "suite.yaml").write_text(SUITE)
    target = folder.name.replace("_", "-")[:40]
    text = {
        "kafka": {"bootstrap_servers": bootstrap_servers},
        "engines": {"e": {"backend": "recorded", "file": "none"}},
        "targets": {target: {"engine": "e"}},
        "monitors": {
            name: {"target": target, "suite": str(folder / "suite.yaml")} | monitor
            for name, monitor in monitors.items()
        },
        "scheduling": {"starting_deadline_seconds": 7200},
    }
    config = folder / "seep.yaml"
    config.write_text(yaml.safe_dump(text))
    settings = load_settings(config)
    create_topics(settings.kafka, topic_configs(settings.targets, settings.kafka.topics))
    return config


def sent(settings: Settings, monitor: str) -> list[RunManifest]:
    return [manifest for manifest in all_manifests(settings.kafka) if manifest.monitor == monitor]


def jobs_on(settings: Settings) -> int:
    [target] = settings.targets
    return len(list(TopicReader(settings.kafka, jobs_topic(target)).new_messages()))


def test_what_was_missed_is_made_up_for_once_even_by_a_schedule_that_starts_anew(
    tmp_path: Path, bootstrap_servers: str
) -> None:
    settings = load_settings(configured(tmp_path, bootstrap_servers, missed={"schedule": HOURLY, "samples": 3}))
    for _ in range(3):
        last = last_sent(["missed"], all_manifests(settings.kafka))
        for _ in range(2):
            send_due(settings, {"missed": HOURLY}, last)
    [manifest] = sent(settings, "missed")
    at = occurrence_before(HOURLY, datetime.now(UTC))
    assert manifest.run_id == f"missed-{at:%Y%m%dT%H}0000Z"
    assert (manifest.samples, manifest.job_count, jobs_on(settings)) == (3, 2, 2)
    assert last_sent(["missed"], [manifest]) == {"missed": at}


def test_a_spoiled_suite_leaves_its_monitor_out_and_the_others_go_on(
    tmp_path: Path, bootstrap_servers: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sound: dict[str, object] = {"schedule": HOURLY}
    spoiled = sound | {"suite": str(tmp_path / "gone.yaml")}
    settings = load_settings(configured(tmp_path, bootstrap_servers, gone=spoiled, sound=sound))
    last: dict[str, datetime] = {}
    for _ in range(2):
        send_due(settings, {"gone": HOURLY, "sound": HOURLY}, last)
    assert capsys.readouterr().err.count("seep: gone: ") == 1
    assert (len(sent(settings, "gone")), len(sent(settings, "sound"))) == (0, 1)


def test_a_broker_that_is_away_leaves_the_run_due(tmp_path: Path, bootstrap_servers: str) -> None:
    settings = load_settings(configured(tmp_path, bootstrap_servers, later={"schedule": HOURLY}))
    nowhere = settings.kafka.model_copy(update={"bootstrap_servers": f"127.0.0.1:{free_port()}"})
    last: dict[str, datetime] = {}
    send_due(settings.model_copy(update={"kafka": nowhere}), {"later": HOURLY}, last)
    assert last == {}
    send_due(settings, {"later": HOURLY}, last)
    assert len(sent(settings, "later")) == 1


def test_pushing_a_monitor_by_hand_is_the_run_that_the_schedule_sends(
    tmp_path: Path, bootstrap_servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configured(tmp_path, bootstrap_servers, daily={"schedule": "0 6 * * *"}, free={})
    settings = load_settings(config)

    monkeypatch.setenv("SEEP_CONFIG", str(config))

    def push(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["push", "--monitor", *arguments])
        assert done.exit_code == 0, done.output
        return done.output.strip()

    assert push("daily", "--at", "2026-03-01T05:59Z") == "daily-20260228T060000Z"
    assert push("daily", "--at", "2026-03-01T08:30+02:00") == "daily-20260301T060000Z"
    assert push("free", "--at", "2026-03-01T08:30:01") == "free-20260301T083001Z"
    assert send_occurrence(settings, "daily", datetime(2026, 3, 1, 6, tzinfo=UTC)) == "daily-20260301T060000Z"
    same = [manifest for manifest in sent(settings, "daily") if manifest.run_id == "daily-20260301T060000Z"]
    assert {(manifest.suite, manifest.job_count) for manifest in same} == {("tiny", 2)}


def test_a_run_that_broke_off_before_its_manifest_is_sent_again_whole(
    tmp_path: Path, bootstrap_servers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings(configured(tmp_path, bootstrap_servers, broken={"schedule": HOURLY}))
    last: dict[str, datetime] = {}
    with monkeypatch.context() as patched:
        patched.setattr("cli.sending.manifest_message", _interrupted)
        with pytest.raises(KeyboardInterrupt):
            send_due(settings, {"broken": HOURLY}, last)
    assert (sent(settings, "broken"), jobs_on(settings)) == ([], 2)
    send_due(settings, {"broken": HOURLY}, last_sent(["broken"], all_manifests(settings.kafka)))
    assert len(sent(settings, "broken")) == 1


def _interrupted(_: RunManifest) -> None:
    raise KeyboardInterrupt


def test_the_command_waits_for_a_broker_that_is_away_at_its_start(tmp_path: Path, bootstrap_servers: str) -> None:
    port = free_port()
    config = configured(tmp_path, bootstrap_servers, often={"schedule": "*/2 * * * * *"})
    config.write_text(config.read_text().replace(bootstrap_servers, f"127.0.0.1:{port}"))
    settings = load_settings(config)
    command = [SEEP, "--config", config, "schedule"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        told = running.stderr.readline()
        broker = LocalBroker(tmp_path / "broker", port)
        try:
            broker.start()
            create_topics(settings.kafka, topic_configs(settings.targets, settings.kafka.topics))
            assert running.stdout.readline().startswith("often-")
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=30)
        finally:
            running.kill()
            broker.stop()
    assert running.returncode == 0
    assert told == f"seep: kafka.bootstrap_servers: no broker answers at 127.0.0.1:{port}; waiting\n"


def test_the_command_sends_each_time_once_until_it_is_stopped(tmp_path: Path, bootstrap_servers: str) -> None:
    config = configured(tmp_path, bootstrap_servers, often={"schedule": "*/2 * * * * *"})
    settings = load_settings(config)
    command = [SEEP, "--config", config, "schedule"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline().strip() for _ in range(3)]
        running.send_signal(signal.SIGTERM)
        rest, trouble = running.communicate(timeout=30)
    assert (running.returncode, trouble) == (0, "")
    printed = [*lines, *rest.split()]
    assert printed == sorted(set(printed))
    assert {manifest.run_id for manifest in sent(settings, "often")} == set(printed)
