"""Monitors' runs: sent at their times, once, whole, and under one id whoever sends them."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from cli.commands.schedule import last_sent, send_due, wait_for_manifests
from cli.sending import all_manifests, send_occurrence
from deploy.local.broker import LocalBroker, free_port
from seep.codec import decode_manifest
from seep.kafka.broker import Broker
from seep.kafka.client import KafkaBroker
from seep.kafka.in_memory import InMemoryBroker, InMemorySender
from seep.kafka.messages import Outgoing
from seep.kafka.topics import RUNS, configured_topics, jobs_topic
from seep.records import RunManifest
from seep.settings import Settings, load_settings
from tests.commands import Command

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


NOW = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC)


def configured(folder: Path, bootstrap_servers: str = "127.0.0.1:1", **monitors: dict[str, object]) -> Path:
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
    return config


def with_topics(broker: InMemoryBroker, settings: Settings) -> InMemoryBroker:
    broker.create_topics(configured_topics(settings))
    return broker


def sent(broker: Broker, monitor: str) -> list[RunManifest]:
    return [each for each in all_manifests(broker) if each.monitor == monitor and not each.sending]


def jobs_on(broker: Broker, settings: Settings) -> int:
    [target] = settings.targets
    return len(list(broker.reader(jobs_topic(target)).new_messages()))


def test_what_was_missed_is_sent_once_even_by_a_schedule_that_starts_again(tmp_path: Path) -> None:
    settings = load_settings(configured(tmp_path, missed={"schedule": HOURLY, "samples": 3}))
    broker = with_topics(InMemoryBroker(), settings)
    for _ in range(3):
        last = last_sent(["missed"], all_manifests(broker), NOW)
        for _ in range(2):
            send_due(broker, settings, {"missed": HOURLY}, last, NOW)
    [manifest] = sent(broker, "missed")
    assert manifest.run_id == "missed-20260301T120000Z"
    assert (manifest.samples, manifest.job_count, jobs_on(broker, settings)) == (3, 2, 2)
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert last_sent(["missed"], [manifest], NOW) == {"missed": at}
    # A clock that was ahead has sent it: it is no reason to send nothing until then.
    assert last_sent(["missed"], [manifest], at - timedelta(seconds=1)) == {}


def test_each_time_is_sent_once_it_has_come_and_none_after_its_deadline(tmp_path: Path) -> None:
    settings = load_settings(configured(tmp_path, daily={"schedule": "0 6 * * *"}))
    broker = with_topics(InMemoryBroker(), settings)
    last: dict[str, datetime] = {}
    # Two hours is the deadline: the first day's time is over, the second day's is sent at once.
    for now in (NOW, NOW + timedelta(hours=17), NOW + timedelta(hours=18)):
        send_due(broker, settings, {"daily": "0 6 * * *"}, last, now)
    assert [manifest.run_id for manifest in sent(broker, "daily")] == ["daily-20260302T060000Z"]


def test_a_spoiled_suite_leaves_its_monitor_out_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound: dict[str, object] = {"schedule": HOURLY}
    spoiled = sound | {"suite": str(tmp_path / "gone.yaml")}
    settings = load_settings(configured(tmp_path, gone=spoiled, sound=sound))
    broker = with_topics(InMemoryBroker(), settings)
    last: dict[str, datetime] = {}
    for _ in range(2):
        send_due(broker, settings, {"gone": HOURLY, "sound": HOURLY}, last, NOW)
    assert capsys.readouterr().err.count("seep: gone: ") == 1
    assert (len(sent(broker, "gone")), len(sent(broker, "sound"))) == (0, 1)


def test_a_broker_that_is_away_leaves_the_run_due(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = load_settings(configured(tmp_path, later={"schedule": HOURLY}))
    broker = with_topics(InMemoryBroker(), settings)
    last: dict[str, datetime] = {}
    broker.stop()
    send_due(broker, settings, {"later": HOURLY}, last, NOW)
    assert capsys.readouterr().err == "seep: later: the in-memory broker is stopped; will be tried again\n"
    assert last == {}
    broker.start()
    send_due(broker, settings, {"later": HOURLY}, last, NOW)
    assert len(sent(broker, "later")) == 1


def test_what_was_sent_is_read_once_the_broker_answers_and_its_absence_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(configured(tmp_path, daily={}))
    broker = with_topics(InMemoryBroker(), settings)
    send_occurrence(broker, settings, "daily", NOW)
    broker.stop()
    threading.Timer(0.2, broker.start).start()
    manifests = wait_for_manifests(broker, threading.Event(), pause_seconds=0.01)
    assert [(each.monitor, each.sending) for each in manifests] == [("daily", True), ("daily", False)]
    assert capsys.readouterr().err == "seep: the in-memory broker is stopped; waiting\n"


def test_pushing_a_monitor_by_hand_is_the_run_that_the_schedule_sends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command
) -> None:
    config = configured(tmp_path, daily={"schedule": "0 6 * * *"}, free={})
    settings = load_settings(config)
    broker = with_topics(InMemoryBroker(), settings)
    monkeypatch.setenv("SEEP_CONFIG", str(config))

    def push(*arguments: str) -> str:
        code, printed, complaint = command("push", "--monitor", *arguments, broker=broker)
        assert code == 0, complaint
        return printed.strip()

    assert push("daily", "--at", "2026-03-01T05:59Z") == "daily-20260228T060000Z"
    assert push("daily", "--at", "2026-03-01T08:30+02:00") == "daily-20260301T060000Z"
    assert push("free", "--at", "2026-03-01T08:30:01") == "free-20260301T083001Z"
    scheduled = datetime(2026, 3, 1, 6, tzinfo=UTC)
    assert send_occurrence(broker, settings, "daily", scheduled) == "daily-20260301T060000Z"
    same = [manifest for manifest in sent(broker, "daily") if manifest.run_id == "daily-20260301T060000Z"]
    assert {(manifest.suite, manifest.job_count) for manifest in same} == {("tiny", 2)}


class InterruptedBroker(InMemoryBroker):
    """Somebody presses Ctrl-C before the last manifest is sent."""

    interrupted = False

    def sender(self) -> "InterruptedSender":
        return InterruptedSender(self)


class InterruptedSender(InMemorySender):
    """A sender of an interrupted broker."""

    def __init__(self, broker: InterruptedBroker) -> None:
        super().__init__(broker)
        self._interrupted = broker

    def send(self, outgoing: Sequence[Outgoing]) -> None:
        last = any(each.topic == RUNS and not decode_manifest(each.value or b"").sending for each in outgoing)
        if not self._interrupted.interrupted and last:
            self._interrupted.interrupted = True
            raise KeyboardInterrupt
        super().send(outgoing)


def test_a_run_that_broke_off_before_its_last_manifest_is_sent_again_whole(tmp_path: Path) -> None:
    settings = load_settings(configured(tmp_path, broken={"schedule": HOURLY}))
    broker = with_topics(InterruptedBroker(), settings)
    last: dict[str, datetime] = {}
    with pytest.raises(KeyboardInterrupt):
        send_due(broker, settings, {"broken": HOURLY}, last, NOW)
    assert (sent(broker, "broken"), jobs_on(broker, settings)) == ([], 2)
    send_due(broker, settings, {"broken": HOURLY}, last_sent(["broken"], all_manifests(broker), NOW), NOW)
    assert len(sent(broker, "broken")) == 1


@pytest.fixture(scope="module")
def bootstrap_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real broker, for the command as a process of its own."""
    broker = LocalBroker(tmp_path_factory.mktemp("broker"), 0)
    broker.start()
    yield broker.bootstrap_servers
    broker.stop()


def test_the_command_waits_for_a_broker_that_is_away_at_its_start(tmp_path: Path, bootstrap_servers: str) -> None:
    port = free_port()
    config = configured(tmp_path, bootstrap_servers, often={"schedule": "*/2 * * * * *"})
    config.write_text(config.read_text().replace(bootstrap_servers, f"127.0.0.1:{port}"))
    settings = load_settings(config)
    command = [str(SEEP), "--config", str(config), "schedule"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        printed_line = running.stderr.readline()
        broker = LocalBroker(tmp_path / "broker", port)
        try:
            broker.start()
            KafkaBroker(settings.kafka).create_topics(configured_topics(settings))
            assert running.stdout.readline().startswith("often-")
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=300)
        finally:
            running.kill()
            broker.stop()
    assert running.returncode == 0
    assert printed_line == f"seep: kafka.bootstrap_servers: no broker answers at 127.0.0.1:{port}; waiting\n"


def test_the_command_sends_each_time_once_until_it_is_stopped(tmp_path: Path, bootstrap_servers: str) -> None:
    config = configured(tmp_path, bootstrap_servers, often={"schedule": "*/2 * * * * *"})
    settings = load_settings(config)
    broker = KafkaBroker(settings.kafka)
    broker.create_topics(configured_topics(settings))
    command = [str(SEEP), "--config", str(config), "schedule"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline().strip() for _ in range(3)]
        running.send_signal(signal.SIGTERM)
        rest, complaint = running.communicate(timeout=300)
    assert (running.returncode, complaint) == (0, "")
    printed = [*lines, *rest.split()]
    assert printed == sorted(set(printed))
    assert {manifest.run_id for manifest in sent(broker, "often")} == set(printed)
