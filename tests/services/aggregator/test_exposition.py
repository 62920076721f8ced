"""Rates as Prometheus reads them."""

from prometheus_client import CollectorRegistry, Counter, generate_latest

from seep.records import LeakRate
from services.aggregator.exposition import RateCollector
from services.aggregator.store import DatabaseUnavailable


def rate(category: str, value: float | None) -> LeakRate:
    return LeakRate(
        run="run-1",
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
    )


def scrape(rates: list[LeakRate]) -> list[str]:
    registry = CollectorRegistry()
    registry.register(RateCollector(lambda: rates))
    return [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]


def test_every_figure_of_a_rate_is_a_gauge_with_labels_from_configuration_only() -> None:
    labels = '{category="1",metric="m",suite="colours",target="stub"}'
    assert scrape([rate("1", 62.5)]) == [
        f"seep_leak_rate_percent{labels} 62.5",
        f"seep_leak_rate_low_percent{labels} 57.5",
        f"seep_leak_rate_high_percent{labels} 67.5",
        f"seep_comparisons{labels} 40.0",
        f"seep_clusters{labels} 4.0",
        f"seep_missing_comparisons{labels} 3.0",
    ]


def test_what_is_not_measured_has_no_rate() -> None:
    names = {line.partition("{")[0] for line in scrape([rate("1", None)])}
    assert names == {"seep_comparisons", "seep_clusters", "seep_missing_comparisons"}


def test_a_target_and_suite_that_are_watched_twice_appear_once() -> None:
    assert scrape([rate("1", 62.5), rate("1", 62.5)]) == scrape([rate("1", 62.5)])


def test_a_database_that_is_down_leaves_the_other_metrics_readable() -> None:
    def unreadable() -> list[LeakRate]:
        raise DatabaseUnavailable("no answer")

    registry = CollectorRegistry(auto_describe=True)
    registry.register(RateCollector(unreadable))
    Counter("other", "Another metric.", registry=registry).inc()
    assert b"other_total 1.0" in generate_latest(registry)
