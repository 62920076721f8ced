"""Runs that are judged while another process judges them, or sets their baseline: two connections to one PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import psycopg

from results.storage.judgements import Judgements
from results.storage.store import Store
from services.aggregator.ingest import judge_finished
from tests.builders import JOBS, MONITORS
from tests.waiting import sessions, wait_until


@contextmanager
def held(dsn: str, run_id: str) -> Iterator[None]:
    """Whoever would write of the run waits while the block lasts."""
    with psycopg.connect(dsn) as holding, holding.transaction():
        holding.execute("SELECT FROM runs WHERE run_id = %s FOR UPDATE", (run_id,))
        yield


def wait_for_waiting(dsn: str, count: int) -> None:
    wait_until(lambda: len(sessions(dsn, waiting=True)) == count, f"{count} to wait for a lock")


def test_a_baseline_that_is_set_while_a_run_is_judged_begins_the_test_anew(
    dsn: str, judgements: Judgements, send_run
) -> None:
    for run in ("base", "new-base"):
        send_run(run, 0.5, monitor="")
    judgements.set_baseline("first", ["base"])
    send_run("a", 0.5)
    send_run("b", 0.5, jobs=JOBS - 1)
    with ThreadPoolExecutor(2) as threads:
        with held(dsn, "b"):
            judging = threads.submit(judgements.conclude, "watch", "first", "b")
            wait_for_waiting(dsn, 1)
            setting = threads.submit(judgements.set_baseline, "first", ["new-base"])
            wait_for_waiting(dsn, 2)
        judging.result()
        setting.result()
    assert judgements.stream("watch", limit=9) == []
    assert judgements.verdict("b", "first").stale
    send_run("c", 0.5)
    tested, of_baseline = judgements.stream("watch", limit=9)
    assert (of_baseline.run_id, of_baseline.role) == ("new-base", "baseline")
    assert (tested.run_id, tested.role) == ("c", "tested")
    assert judgements.verdict("c", "first").verdict is not None


def test_two_aggregators_may_judge_a_run_at_once(dsn: str, judgements: Judgements, store: Store, send_run) -> None:
    send_run("base", 0.5, monitor="")
    judgements.set_baseline("first", ["base"])
    send_run("a", 0.5)
    with Store.open(dsn) as other, ThreadPoolExecutor(2) as threads:
        with held(dsn, "a"):
            both: list[Future[None]] = [threads.submit(judge_finished, of, "a", MONITORS) for of in (store, other)]
            wait_for_waiting(dsn, 2)
        for one in both:
            one.result()
    assert [(of.run_id, of.role) for of in judgements.stream("watch", limit=9)] == [
        ("a", "tested"),
        ("base", "baseline"),
    ]
    assert [of.category for of in judgements.verdict("a", "first").judgements] == ["1", "all"]
