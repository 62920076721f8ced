"""Rates as Prometheus reads them."""

from dataclasses import replace

from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.registry import Collector

from results.dead_jobs import DeadJobs
from results.drift_test import StreamRun
from results.monitor_status import MonitorStatus, WatchedRate
from results.reach import Reach
from results.runs import StalledRuns
from results.storage.database import DatabaseUnavailable
from seep.records import Estimate, LeakRate
from services.aggregator.gauges import GaugesCollector, MonitorCollector, Operation, OperationCollector, RateCollector
from tests.summaries import SUMMARY


def rate(category: str, value: float | None) -> LeakRate:
    return LeakRate(
        run_id="run-1",
        suite="colours",
        target="stub",
        probe="semantic",
        metric="m",
        category=category,
        rate=value,
        low=None if value is None else value - 5,
        high=None if value is None else value + 5,
        comparisons=0 if value is None else 40,
        clusters=0 if value is None else 4,
        ties=1,
        echoes=2,
        missing=3,
        against="neutral",
    )


def scrape(rates: list[LeakRate]) -> list[str]:
    return exposed(RateCollector(lambda: [WatchedRate("daily", rate, None) for rate in rates]))


def exposed(collector: Collector) -> list[str]:
    registry = CollectorRegistry()
    registry.register(collector)
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_every_figure_of_a_rate_is_a_gauge_with_labels_from_configuration_only() -> None:
    labels = '{category="1",metric="m",monitor="daily",suite="colours",target="stub"}'
    against = '{against="neutral",category="1",metric="m",monitor="daily",suite="colours",target="stub"}'
    assert scrape([rate("1", 62.5)]) == [
        f"seep_leak_rate_ratio{against} 0.625",
        f"seep_leak_rate_ci_lower_ratio{against} 0.575",
        f"seep_leak_rate_ci_upper_ratio{against} 0.675",
        f"seep_comparisons{labels} 40.0",
        f"seep_independent_clusters{labels} 4.0",
        f"seep_missing_comparisons{labels} 3.0",
    ]


def test_the_interval_for_other_concepts_too_has_gauges_where_few_are_asked() -> None:
    wide, untold = Reach(13, 50.0, 75.0), Reach(4, None, None)
    reaches = {"1": wide, "2": untold, "3": None}
    found = [WatchedRate("daily", rate(category, 62.5), reach) for category, reach in reaches.items()]
    lines = exposed(RateCollector(lambda: found))
    against = '{against="neutral",category="1",metric="m",monitor="daily",suite="colours",target="stub"}'
    assert [line for line in lines if "other_concepts" in line] == [
        f"seep_leak_rate_other_concepts_ci_lower_ratio{against} 0.5",
        f"seep_leak_rate_other_concepts_ci_upper_ratio{against} 0.75",
    ]


def test_shares_of_lost_answers_are_gauges_by_reason_of_a_run_without_a_rate_too() -> None:
    shares = {"filtered": Estimate(12.5, 6.25, 25, 40), "refused": Estimate(0, 0, 10, 40), "tie": Estimate(1, 0, 2, 35)}
    lines = scrape([replace(rate("1", None), measures=shares)])
    labels = 'category="1",metric="m",monitor="daily",reason="{}",suite="colours",target="stub"'
    assert [line for line in lines if line.startswith("seep_lost")] == [
        f"seep_lost_comparisons_{name}ratio{{{labels.format(reason)}}} {value}"
        for name, values in (("", (0.0, 0.125)), ("ci_lower_", (0.0, 0.0625)), ("ci_upper_", (0.1, 0.25)))
        for reason, value in zip(("refused", "filtered"), values, strict=True)
    ]


def test_what_is_not_measured_has_no_rate() -> None:
    names = {line.partition("{")[0] for line in scrape([rate("1", None)])}
    assert names == {"seep_comparisons", "seep_independent_clusters", "seep_missing_comparisons"}


def test_two_monitors_of_one_target_and_suite_have_a_series_each() -> None:
    found = [WatchedRate(name, rate("1", value), None) for name, value in (("daily", 62.5), ("hourly", 70.0))]
    lines = [line for line in exposed(RateCollector(lambda: found)) if line.startswith("seep_leak_rate_ratio")]
    labels = 'against="neutral",category="1",metric="m",monitor="{}",suite="colours",target="stub"'
    assert lines == [
        f"seep_leak_rate_ratio{{{labels.format(name)}}} {value}" for name, value in (("daily", 0.625), ("hourly", 0.7))
    ]


def test_a_database_that_is_down_leaves_the_other_metrics_readable() -> None:
    def unreadable() -> list[WatchedRate]:
        raise DatabaseUnavailable("no answer")

    registry = CollectorRegistry(auto_describe=True)
    registry.register(RateCollector(unreadable))
    Counter("other", "Another metric.", registry=registry).inc()
    assert b"other_total 1.0" in generate_latest(registry)


def test_what_cannot_be_read_is_a_gauge_of_its_own_since_its_own_gauges_are_absent() -> None:
    down = True

    def rates() -> list[WatchedRate]:
        if down:
            raise DatabaseUnavailable("no answer")
        return [WatchedRate("daily", rate("1", 62.5), None)]

    registry = CollectorRegistry(auto_describe=True)
    registry.register(GaugesCollector([RateCollector(rates), MonitorCollector(list)]))
    # Of each scrape its own readings, also where only this gauge is asked for.
    for down in (True, False, True):
        for scraped in (registry, registry.restricted_registry(["seep_gauges_read"])):
            lines = [line for line in generate_latest(scraped).decode().splitlines() if not line.startswith("#")]
            assert f'seep_gauges_read{{what="rates"}} {0.0 if down else 1.0}' in lines
            assert 'seep_gauges_read{what="monitors"} 1.0' in lines
            assert any("seep_leak_rate_ratio" in line for line in lines) == (scraped is registry and not down)


def operation() -> Operation:
    finished = replace(SUMMARY, run_id="daily-20261120T060000Z", monitor="daily", created_at=1000.0, progress_at=1234.5)
    scheduled = MonitorStatus("daily", "stub", "colours.yaml", "0 6 * * *", True, finished, finished, None, None, [])
    never_run = MonitorStatus("by-hand", "stub", "colours.yaml", None, None, None, None, None, None, [])
    return Operation([scheduled, never_run], [StalledRuns("stub", 2)], [DeadJobs("stub", "scorer", 3)])


def test_monitors_stalled_runs_and_dead_jobs_are_gauges() -> None:
    assert exposed(OperationCollector(operation, ["other", "stub"], ["generator", "scorer"])) == [
        'seep_monitor_last_completed_timestamp_seconds{monitor="daily",target="stub"} 1234.5',
        'seep_monitor_run_duration_seconds{monitor="daily",target="stub"} 234.5',
        'seep_monitor_evaluated{monitor="daily",target="stub"} 1.0',
        'seep_monitor_overdue{monitor="daily",target="stub"} 1.0',
        'seep_stalled_runs{target="other"} 0.0',
        'seep_stalled_runs{target="stub"} 2.0',
        'seep_dead_jobs{stage="generator",target="other"} 0.0',
        'seep_dead_jobs{stage="scorer",target="other"} 0.0',
        'seep_dead_jobs{stage="generator",target="stub"} 0.0',
        'seep_dead_jobs{stage="scorer",target="stub"} 3.0',
    ]


def test_a_finished_run_that_is_not_evaluated_is_not_measured() -> None:
    of_one, _ = operation().monitors
    status = replace(of_one, unevaluated="nothing of it was scored")
    registry = CollectorRegistry()
    registry.register(OperationCollector(lambda: Operation([status], [], []), [], []))
    labels = {"monitor": "daily", "target": "stub"}
    assert registry.get_sample_value("seep_monitor_evaluated", labels) == 0


def test_a_target_that_is_not_configured_and_a_stage_that_no_service_has_make_no_label() -> None:
    foreign = Operation([], [StalledRuns("free text", 1)], [DeadJobs("stub", "free text", 1)])
    registry = CollectorRegistry()
    registry.register(OperationCollector(lambda: foreign, ["stub"], ["scorer"]))
    assert b"free text" not in generate_latest(registry)


def test_a_database_that_is_down_hides_monitors_but_nothing_else() -> None:
    def unreadable() -> Operation:
        raise DatabaseUnavailable("no answer")

    registry = CollectorRegistry(auto_describe=True)
    registry.register(OperationCollector(unreadable, ["stub"], ["scorer"]))
    Counter("other", "Another metric.", registry=registry).inc()
    assert b"other_total 1.0" in generate_latest(registry)


def test_every_monitor_shows_its_evidence_and_whether_it_alarms() -> None:
    states = [
        StreamRun("calm", "run-1", "first", "tested", None, 0.5, False, 0.1, None, at=0.0),
        StreamRun("loud", "run-2", "first", "tested", None, 40.0, True, 9.0, 0.25, at=0.0),
    ]
    assert exposed(MonitorCollector(lambda: states)) == [
        'seep_monitor_e_value{monitor="calm"} 0.5',
        'seep_monitor_e_value{monitor="loud"} 40.0',
        'seep_monitor_alarm{monitor="calm"} 0.0',
        'seep_monitor_alarm{monitor="loud"} 1.0',
        'seep_monitor_autocorrelation{monitor="loud"} 0.25',
    ]


def test_a_database_that_is_down_shows_no_monitor() -> None:
    def unreadable() -> list[StreamRun]:
        raise DatabaseUnavailable("no answer")

    assert exposed(MonitorCollector(unreadable)) == []
