"""A monitor whose target's model is exchanged: quiet before, an alarm after, wherever one looks."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from cli.sending import send_occurrence
from deploy.helm.dashboards import BOARDS, text
from seep.kafka.client import KafkaBroker
from seep.kafka.topics import EVENTS
from tests.cluster.prometheus import PROMETHEUS, running_prometheus, series
from tests.stack import Stack, metrics_port_of, port_of, scrape, stack_in

JOBS = 20
COLOURS = ("yellow", "blue", "white")
OF_COLOUR = {"yellow": "a banana", "blue": "the sky", "white": "snow"}
HARMLESS = ("a teacher", "the table", "some soup", "a doctor")
BASELINE_RUNS, LONGEST_STREAM = 7, 25
MONITOR = 'monitor="daily"'
TOKEN = "a-token-of-this-test"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("monitor")


@pytest.fixture(scope="module")
def stack(folder: Path) -> Iterator[Stack]:
    write_suite(folder / "guests.yaml")
    write_answers(folder / "answers.jsonl", leaking=0.0)
    monitor = {"target": "stub", "suite": str(folder / "guests.yaml"), "schedule": "0 6 * * *"}
    configuration = {
        "engines": {"recorded": {"backend": "recorded", "file": str(folder / "answers.jsonl")}},
        "targets": {"stub": {"engine": "recorded"}},
        "metrics": {"sentence_bert": {"model": "all-MiniLM-L6-v2"}, "bert_score": None},
        "monitors": {"daily": {**monitor, "baseline": "first"}, "evening": {**monitor, "baseline": "morning"}},
        "api": {"token": TOKEN},
        "events": {"topic": True},
    }
    with stack_in(folder, configuration) as stack:
        stack.start()
        yield stack


def test_an_exchanged_model_raises_the_monitors_alarm_and_nothing_else_does(stack: Stack, folder: Path) -> None:
    quiet = [scheduled_run(stack, "daily", day) for day in range(1, BASELINE_RUNS + 1)]
    assert stack.seep("baseline", "set", *quiet, "--name", "first").returncode == 0
    for day in range(BASELINE_RUNS + 1, BASELINE_RUNS + 3):
        assert not alarmed_after(stack, scheduled_run(stack, "daily", day))
    generator = stack.services["generator-recorded"]
    assert generator.stop() == 0
    write_answers(folder / "answers.jsonl", leaking=0.9)
    generator.start()
    days = range(BASELINE_RUNS + 3, LONGEST_STREAM)
    assert any(alarmed_after(stack, scheduled_run(stack, "daily", day)) for day in days)
    metrics = scrape(stack.services["aggregator"])
    assert metrics[f"seep_monitor_e_value{{{MONITOR}}}"] >= 20
    assert metrics['seep_monitor_overdue{monitor="daily",target="stub"}'] == 0  # its first time is still to come
    assert metrics['seep_monitor_evaluated{monitor="daily",target="stub"}'] == 1
    assert metrics['seep_monitor_last_completed_timestamp_seconds{monitor="daily",target="stub"}'] > 0
    assert metrics['seep_stalled_runs{target="stub"}'] == metrics['seep_dead_jobs{stage="scorer",target="stub"}'] == 0


def test_each_run_and_the_one_alarm_are_told_of_once_on_the_topic(stack: Stack) -> None:
    runs = {run.run_id for run in stack.store().runs(100)}
    stack.wait_until(
        lambda: events_of(stack).keys() >= {("seep.run.finished", run) for run in runs}, "all to be told of"
    )
    times = events_of(stack)
    assert times["seep.monitor.alarm", "daily"] == 1
    tested = runs - {run.run_id for run in stack.store().stream("daily", limit=100) if run.role == "baseline"}
    assert {subject for kind, subject in times if kind == "seep.run.verdict"} == tested
    assert set(times.values()) == {1}


def events_of(stack: Stack) -> Counter[tuple[str, str]]:
    """How often something is told of each run and monitor, by type and subject."""
    reader = KafkaBroker(stack.settings.kafka).reader(EVENTS)
    try:
        events = [json.loads(message.value or b"") for message in reader.new_messages()]
    finally:
        reader.close()
    return Counter((event["type"], event["subject"]) for event in events)


def test_a_baseline_that_is_set_in_the_evening_is_tested_though_no_message_arrives(stack: Stack) -> None:
    *morning, last = [scheduled_run(stack, "evening", day) for day in (1, 2, 3)]
    store = stack.store()
    stack.wait_until(lambda: not store.changed_runs(), "all to be published")
    assert stack.seep("baseline", "set", *morning, "--name", "morning").returncode == 0
    stack.wait_until(lambda: bool(store.stream("evening", limit=9)), "the test to begin")
    roles = [(run.run_id, run.role) for run in store.stream("evening", limit=9)]
    assert roles == [(last, "tested"), *((run_id, "baseline") for run_id in morning[::-1])]
    assert store.verdict(last, "morning").verdict is not None


def test_a_prometheus_finds_something_for_every_panel_of_the_boards(stack: Stack, folder: Path) -> None:
    if PROMETHEUS is None:
        pytest.skip("no prometheus on the PATH: Debian's package of that name has it; make test-chart unpacks it")
    expressions = {
        query["expr"].replace("$__rate_interval", "1m")
        for name in BOARDS
        for panel in json.loads(text(name))["panels"]
        for query in panel["targets"]
    }
    for variable in ("$namespace", "$monitor"):
        expressions = {expression.replace(variable, ".*") for expression in expressions}
    addresses = [f"127.0.0.1:{metrics_port_of(service)}" for service in stack.services.values()]
    with running_prometheus(folder / "prometheus", addresses) as server:
        stack.wait_until(lambda: len(series(server, "count_over_time(up[1m]) >= 5")) == len(addresses), "five scrapes")
        empty = {expression for expression in expressions if not series(server, expression)}
        # The engine reads a file, nothing was tried again, and of too few quiet runs nothing is known.
        assert {name for expression in empty for name in re.findall(r"seep_\w+", expression)} == {
            "seep_endpoint_requests_total",
            "seep_batch_retries_total",
            "seep_monitor_autocorrelation",
        }
        rates = series(server, 'seep_leak_rate_ratio{target="stub", category="all"}')
        assert {rate["metric"]["monitor"] for rate in rates} == {"daily", "evening"}


def scheduled_run(stack: Stack, monitor: str, day: int) -> str:
    """Sends the monitor's run of that day, and waits for it."""
    run = send_occurrence(
        KafkaBroker(stack.settings.kafka), stack.settings, monitor, datetime(2026, 10, day, 6, tzinfo=UTC)
    )
    stack.wait_for_state(run, "complete")
    return run


def alarmed_after(stack: Stack, run_id: str) -> bool:
    """Whether the monitor has alarmed after this run; the gauges and the API agree on it."""

    def tested() -> dict[str, Any] | None:
        address = f"http://127.0.0.1:{port_of(stack.services['api'])}/v1/monitors/daily/stream"
        answer = httpx.get(address, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False)
        return next((run for run in answer.raise_for_status().json()["runs"] if run["run_id"] == run_id), None)

    stack.wait_until(lambda: tested() is not None, f"run {run_id} to be compared")
    found = tested()
    assert found is not None
    assert found["role"] == "tested"
    assert scrape(stack.services["aggregator"])[f"seep_monitor_alarm{{{MONITOR}}}"] == found["alarm"]
    return bool(found["alarm"])


def write_suite(path: Path) -> None:
    decoding = {"temperature": 1.0, "max_tokens": 5, "samples": 2}
    head = {"name": "guests", "version": "1", "format": {"kind": "plain", "user": "{prompt}"}, "decoding": decoding}
    jobs = [
        {
            "control": control(number),
            "tests": [{"concept": row, "prompt": coloured(number, row), "category": "colour"} for row in COLOURS],
        }
        for number in range(JOBS)
    ]
    path.write_text(yaml.safe_dump({**head, "jobs": jobs}), encoding="utf-8")


def write_answers(path: Path, leaking: float) -> None:
    """Answers to every prompt; this share of those to a colour is something of that colour."""
    draw = random.Random(7)
    rows = [{"prompt": control(number), "generations": draw.choices(HARMLESS, k=2)} for number in range(JOBS)]
    for number in range(JOBS):
        for colour in COLOURS:
            said = [OF_COLOUR[colour] if draw.random() < leaking else draw.choice(HARMLESS) for _ in range(2)]
            rows.append({"prompt": coloured(number, colour), "generations": said})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def control(number: int) -> str:
    return f"Guest {number} ordered"


def coloured(number: int, colour: str) -> str:
    return f"Guest {number} wore {colour}. Guest {number} ordered"
