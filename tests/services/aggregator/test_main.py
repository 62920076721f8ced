"""The gauges of the aggregator as a process, on a real database."""

from concurrent.futures import ThreadPoolExecutor

from prometheus_client import CollectorRegistry, Counter, generate_latest

from results.storage.database import Database
from seep.settings import Settings
from services.aggregator.__main__ import SCRAPED_STATEMENT_SECONDS, expose
from tests.waiting import held, sessions, wait_until

SCRAPES = 20
# Rates, runs and monitors.
READINGS = 3


def registry(database: Database) -> CollectorRegistry:
    """The gauges of a database without runs, and a metric of the process's own."""
    settings = Settings.model_validate(
        {"engines": {"e": {"backend": "recorded", "file": "r.jsonl"}}, "targets": {"stub": {"engine": "e"}}}
    )
    registry = CollectorRegistry()
    expose(registry, database, settings, {})
    Counter("other", "Another metric.", registry=registry).inc()
    return registry


def test_while_the_database_waits_for_a_lock_a_scrape_ends_without_its_gauges(dsn: str) -> None:
    with Database(dsn, SCRAPED_STATEMENT_SECONDS) as database:
        scraped = registry(database)
        with held(dsn, "runs"):
            text = generate_latest(scraped)
        assert b"other_total 1.0" in text
        assert b"seep_stalled_runs{" not in text
        assert b"seep_stalled_runs{" in generate_latest(scraped)


def test_scrapes_that_overlap_share_their_connections(dsn: str) -> None:
    # So that none ends before all are there.
    with Database(dsn, statement_seconds=600) as database, ThreadPoolExecutor(SCRAPES) as threads:
        scraped = registry(database)
        with held(dsn, "runs, monitor_schedules"):
            scrapes = [threads.submit(generate_latest, scraped) for _ in range(SCRAPES)]
            wait_until(lambda: all(scrape.running() for scrape in scrapes) and bool(sessions(dsn, waiting=True)))
            assert len(sessions(dsn)) <= READINGS + 1  # with the one that holds the lock
        assert all(b"seep_stalled_runs{" in scrape.result(timeout=300) for scrape in scrapes)
        wait_until(lambda: len(sessions(dsn)) <= READINGS)
