"""Baselines, verdicts and monitors work on every probe with a suite of its own, whichever way its rate goes."""

import json
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Any

import pytest
from pydantic import TypeAdapter

from seep.outcomes import outcome_series
from seep.probes import PROBES
from seep.records import Answer, GeneratedJob, ScoredJob
from seep.suites.jobs import manifest, prompt_jobs
from services.scorer.mode import exact
from services.scorer.probes import SCORING
from tests.builders import MONITORS
from tests.commands import Command
from tests.stored import Stored

NUMBERS = range(10)
OPTIONS = ["London", "Paris"]
HEAD = {"name": "own", "version": "1", "format": {"kind": "chat"}}
DECODING = {"temperature": 1, "max_tokens": 9, "samples": 10}


def recall_suite() -> dict[str, Any]:
    parts = [[{"prefix": f"Text {n}:", "expected": "a grey key"}] for n in NUMBERS]
    return {"match": {"words": 3}, "texts": [{"category": "c", "parts": part} for part in parts]}


def position_suite() -> dict[str, Any]:
    return {"questions": [{"question": f"Which, {n}?", "options": OPTIONS, "category": "c"} for n in NUMBERS]}


def sway_suite() -> dict[str, Any]:
    answer = {"kind": "option", "options": OPTIONS}
    tests = [[{"concept": "Paris", "prompt": f"I say Paris. Which, {n}?", "category": "c"}] for n in NUMBERS]
    return {"jobs": [{"control": f"Which, {n}?", "answer": answer, "tests": tests[n]} for n in NUMBERS]}


SUITES = {
    "recall": (recall_suite, "c", "A grey key.", "I do not know."),
    "position": (position_suite, "c@1", "A", "B"),
    "sway": (sway_suite, "c", "Paris", "London"),
}
"""Of each probe a suite, the category to watch, and an answer that makes its rate rise, and one that makes it fall."""


def send(store: Stored, probe: str, run_id: str, rising: int, monitor: str = "watch") -> None:
    """Records a run in which so many answers of ten are the one that makes the rate rise."""
    build, _, more, less = SUITES[probe]
    suite = TypeAdapter(PROBES[probe].suite).validate_python(HEAD | {"probe": probe, "decoding": DECODING} | build())
    said = answers([more] * rising + [less] * (10 - rising))
    half = answers([more, less])
    jobs = []
    for job in prompt_jobs(suite, run_id=run_id, target="stub"):
        control = half if job.control is not None else ()
        generated = GeneratedJob(job, control, (), (said,) * len(job.tests), {"model": "m"})
        outcomes, _ = SCORING[probe].score(generated, {}, exact(1e-6), {})
        jobs.append(ScoredJob(generated, outcome_series(outcomes, job), ()))
    sent = manifest(suite, run_id=run_id, target="stub", created_at=1.0, monitor=monitor)
    store.record(jobs, [], [sent])
    store.publish(MONITORS)


def answers(texts: Sequence[str]) -> tuple[Answer, ...]:
    return tuple(map(Answer, islice(cycle(texts), 10)))


@pytest.mark.slow
@pytest.mark.parametrize("after", [10, 0], ids=["rises", "falls"])
@pytest.mark.parametrize("probe", SUITES)
def test_a_rate_alarms_whether_it_rises_or_falls(
    store: Stored, command: Command, dsn: str, monkeypatch: pytest.MonkeyPatch, probe: str, after: int
) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    window = [f"base-{number}" for number in range(7)]
    for run in window:
        send(store, probe, run, 5, monitor="")
    store.set_baseline("first", window)
    changed = [f"changed-{number}" for number in range(6)]
    for run in changed:
        send(store, probe, run, after)
    category = SUITES[probe][1]
    [cell] = [cell for cell in store.verdict(changed[0], "first").cells if cell.category == category]
    assert cell.verdict == "drift"
    assert cell.effect is not None
    assert (cell.effect > 0) == (after > 5)
    newest = store.stream("watch", limit=1)[0]
    assert (newest.run_id, newest.alarm) == (changed[-1], True)
    code, printed, complaint = command("compare", changed[0], window[0], "--json")
    assert (code, json.loads(printed)["verdict"]) == (1, "drift"), complaint
