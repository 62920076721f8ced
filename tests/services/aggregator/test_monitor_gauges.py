"""Monitors' tests as Prometheus reads them."""

from prometheus_client import CollectorRegistry, generate_latest

from results.storage.database import DatabaseUnavailable
from results.storage.judgements import StreamRun
from services.aggregator.monitor_gauges import MonitorCollector


def scrape(collector: MonitorCollector) -> list[str]:
    registry = CollectorRegistry()
    registry.register(collector)
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_every_monitor_shows_its_evidence_and_whether_it_alarms() -> None:
    states = [
        StreamRun("calm", "run-1", "first", "tested", None, 0.5, alarm=False, at=0.0),
        StreamRun("loud", "run-2", "first", "tested", None, 40.0, alarm=True, at=0.0),
    ]
    assert scrape(MonitorCollector(lambda: states)) == [
        'seep_monitor_e_value{monitor="calm"} 0.5',
        'seep_monitor_e_value{monitor="loud"} 40.0',
        'seep_monitor_alarm{monitor="calm"} 0.0',
        'seep_monitor_alarm{monitor="loud"} 1.0',
    ]


def test_a_database_that_is_down_shows_nothing() -> None:
    def unreadable() -> list[StreamRun]:
        raise DatabaseUnavailable("no answer")

    assert scrape(MonitorCollector(unreadable)) == []
