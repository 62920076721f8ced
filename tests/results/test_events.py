"""What an event says, and that it is the same event whenever the same is said."""

import json
from dataclasses import replace

from results.comparison import CellVerdict, RunVerdict
from results.drift_test import StreamRun
from results.events import (
    MOST_CELLS,
    Event,
    cloud_event,
    monitor_alarm,
    monitor_overdue,
    run_finished,
    run_verdict,
)
from results.monitor_status import MonitorStatus
from seep.records import LeakRate
from tests.summaries import SUMMARY

RUN = replace(SUMMARY, monitor="nightly", labels=("v2",), lost={"refused": 3}, progress_at=1_700_000_000.25)
ALL_RATE = LeakRate(
    "run-1", "colours", "stub", "semantic", "m", "all", 62.5, 51.0, 73.0, 32, 8, 2, 0, 0, against="neutral"
)
CELL = CellVerdict("m", "all", 6.0, 2.0, 10.0, 0.01, 0.02, "jobs", None, None, 8, 8, "drift")
STREAM_RUN = StreamRun("nightly", "run-1", "first", "tested", None, 31.5, True, 6.25, None, 1_700_000_001.0)
STATUS = MonitorStatus("nightly", "stub", "colours.yaml", "0 6 * * *", True, None, RUN, None, None, [])


def verdict(*cells: CellVerdict, reason: str | None = None) -> RunVerdict:
    return RunVerdict("run-1", "first", "drift" if cells else None, 5.0, False, list(cells), reason)


def test_an_event_is_a_cloud_event_of_version_1() -> None:
    said = json.loads(cloud_event(run_finished(RUN, [ALL_RATE]), "seep/prod", "https://seep.example/leaks/"))
    data = said.pop("data")
    assert said == {
        "specversion": "1.0",
        "id": run_finished(RUN, []).event_id,
        "source": "seep/prod",
        "type": "seep.run.finished",
        "subject": "run-1",
        "time": "2023-11-14T22:13:20.250Z",
        "datacontenttype": "application/json",
    }
    assert data["link"] == "https://seep.example/leaks/ui/runs/run-1"
    assert (data["run_id"], data["monitor"], data["target"], data["suite"]) == ("run-1", "nightly", "stub", "colours")
    assert data["comparisons"] == {"expected": 8, "missing": 0, "lost": {"refused": 3}}
    assert data["rates"] == [
        {"metric": "m", "category": "all", "rate": 62.5, "low": 51.0, "high": 73.0, "against": "neutral"}
        | {"comparisons": 32, "clusters": 8, "missing": 0}
    ]


def test_without_an_address_of_the_pages_there_is_no_link() -> None:
    assert "link" not in json.loads(cloud_event(run_finished(RUN, []), "seep", None))["data"]


def test_a_rate_that_was_not_measured_is_null_and_never_a_number() -> None:
    nothing = replace(ALL_RATE, rate=None, low=None, high=None, comparisons=0, missing=32)
    [rate] = json.loads(cloud_event(run_finished(RUN, [nothing]), "seep", None))["data"]["rates"]
    assert (rate["rate"], rate["low"], rate["high"], rate["missing"]) == (None, None, None, 32)
    nan = Event("run.finished", "run-1", "", 0.0, {"rate": float("nan")})
    assert json.loads(cloud_event(nan, "seep", None))["data"] == {"rate": None}


def test_the_same_state_of_a_subject_has_the_same_id_and_another_has_another() -> None:
    first = run_finished(replace(RUN, state="partial", recorded=7, dead=1), [ALL_RATE])
    again = run_finished(replace(RUN, state="partial", recorded=7, dead=1, progress_at=9e9), [])
    replayed = run_finished(RUN, [ALL_RATE])
    assert first.event_id == again.event_id != replayed.event_id
    other = run_finished(replace(RUN, run_id="run-2"), [ALL_RATE])
    assert other.event_id != replayed.event_id
    assert run_verdict(RUN, verdict(CELL), 1.0, None, 5.0).event_id != replayed.event_id


def test_jobs_that_a_cancelled_run_still_had_on_their_way_are_no_news() -> None:
    cancelled = [run_finished(replace(RUN, state="cancelled", recorded=n), []).event_id for n in (3, 4)]
    assert cancelled[0] == cancelled[1]


def test_rates_are_those_of_all_or_of_each_category_where_there_is_no_all() -> None:
    one, two = replace(ALL_RATE, category="1"), replace(ALL_RATE, category="2")
    assert [rate["category"] for rate in run_finished(RUN, [one, two, ALL_RATE]).data["rates"]] == ["all"]
    assert [rate["category"] for rate in run_finished(RUN, [one, two]).data["rates"]] == ["1", "2"]
    many = run_finished(RUN, [replace(one, category=str(n)) for n in range(MOST_CELLS + 7)])
    assert (len(many.data["rates"]), many.data["rates_left_out"]) == (MOST_CELLS, 7)


def test_a_verdict_says_what_drifts_and_counts_the_rest() -> None:
    calm = replace(CELL, category="1", verdict="ok")
    data = run_verdict(RUN, verdict(calm, replace(CELL, category="2"), CELL), 1.0, None, 5.0).data
    assert (data["verdict"], data["baseline"], data["reason"]) == ("drift", "first", None)
    assert data["verdicts"] == {"ok": 1, "drift": 2}
    assert [(cell["category"], cell["effect"], cell["low"]) for cell in data["cells"]] == [
        ("2", 6.0, 2.0),
        ("all", 6.0, 2.0),
    ]


def test_a_run_that_was_not_compared_says_why_and_has_no_verdict() -> None:
    data = run_verdict(RUN, verdict(), 1.0, "its jobs differ in model", 5.0).data
    assert (data["verdict"], data["reason"], data["cells"]) == (None, "its jobs differ in model", [])


def test_a_monitors_events_link_to_its_page_and_share_the_key_of_its_runs() -> None:
    alarm, overdue = monitor_alarm(RUN, STREAM_RUN, 1.0), monitor_overdue(STATUS, 1_700_000_002.0)
    assert (alarm.data["e_value"], alarm.data["difference"], alarm.data["run_id"]) == (31.5, 6.25, "run-1")
    assert (overdue.data["last_finished_run_id"], overdue.data["latest_run_id"]) == ("run-1", None)
    assert {event.key for event in (alarm, overdue, run_finished(RUN, []))} == {"nightly"}
    assert run_finished(replace(RUN, monitor=""), []).key == "run-1"
    said = json.loads(cloud_event(alarm, "seep", "https://seep.example"))
    assert (said["type"], said["data"]["link"]) == ("seep.monitor.alarm", "https://seep.example/ui/monitors/nightly")
