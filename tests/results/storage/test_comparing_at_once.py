"""Runs compared while another process compares them, or sets their baseline: two connections to one PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg

from tests.builders import SendRun
from tests.stored import Stored
from tests.waiting import sessions, wait_until


@contextmanager
def held(dsn: str, run_id: str) -> Iterator[None]:
    """Whoever would write of the run waits while the block lasts."""
    with psycopg.connect(dsn) as holding, holding.transaction():
        holding.execute("SELECT FROM runs WHERE run_id = %s FOR UPDATE", (run_id,))
        yield


def wait_for_waiting(dsn: str, count: int) -> None:
    wait_until(lambda: len(sessions(dsn, waiting=True)) == count, f"{count} to wait for a lock")


def test_a_baseline_set_while_a_run_is_compared_begins_the_test_again(
    dsn: str, store: Stored, send_run: SendRun
) -> None:
    for run in ("base", "new-base"):
        send_run(run, 0.5, monitor="")
    store.set_baseline("first", ["base"])
    send_run("a", 0.5)
    send_run("b", 0.5, monitor="")
    with ThreadPoolExecutor(2) as threads:
        with held(dsn, "b"):
            comparing = threads.submit(store.conclude, "watch", "first", "b")
            wait_for_waiting(dsn, 1)
            setting = threads.submit(store.set_baseline, "first", ["new-base"])
            wait_for_waiting(dsn, 2)
        comparing.result()
        setting.result()
    assert store.stream("watch", limit=9) == []
    assert store.verdict("b", "first").stale
    send_run("c", 0.5)
    tested, of_baseline = store.stream("watch", limit=9)
    assert (of_baseline.run_id, of_baseline.role) == ("new-base", "baseline")
    assert (tested.run_id, tested.role) == ("c", "tested")
    assert store.verdict("c", "first").verdict is not None


def test_two_aggregators_may_compare_a_run_at_once(dsn: str, store: Stored, send_run: SendRun) -> None:
    send_run("base", 0.5, monitor="")
    store.set_baseline("first", ["base"])
    send_run("a", 0.5)
    with Stored(dsn) as other, ThreadPoolExecutor(2) as threads:
        with held(dsn, "a"):
            both: list[Future[None]] = [threads.submit(one.conclude, "watch", "first", "a") for one in (store, other)]
            wait_for_waiting(dsn, 2)
        for one in both:
            one.result()
    assert [(run.run_id, run.role) for run in store.stream("watch", limit=9)] == [
        ("a", "tested"),
        ("base", "baseline"),
    ]
    assert [cell.category for cell in store.verdict("a", "first").cells] == ["1", "all"]
