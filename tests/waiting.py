"""Waiting for what others do; locks that others hold, and who is connected meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg

# To ask fifty times a second what a database or a log says takes a good part of a processor from those waited for.
SHORTEST_PAUSE, LONGEST_PAUSE = 0.02, 0.25
PAUSE_BY_SECOND_WAITED = 0.05


def wait_until(
    condition: Callable[[], bool],
    what: str = "it",
    *,
    seconds: float = 300.0,
    report: Callable[[], object] = str,
    progress: Callable[[], object] = lambda: None,
) -> None:
    """Returns once the condition holds; else fails after so many seconds, with what `report` then tells.

    The time begins anew whenever `progress` tells something else: a busy machine is no standstill.
    """
    started = time.monotonic()
    reached = progress()
    while not condition():
        if (now := progress()) != reached:
            started, reached = time.monotonic(), now
        waited = time.monotonic() - started
        assert waited < seconds, f"waited {seconds:.0f} s in vain for {what} {report()}".rstrip()
        time.sleep(min(max(SHORTEST_PAUSE, PAUSE_BY_SECOND_WAITED * waited), LONGEST_PAUSE))


@contextmanager
def held(dsn: str, tables: str) -> Iterator[None]:
    """Holds tables against readers too, as a migration or VACUUM FULL does, for the length of the block."""
    with psycopg.connect(dsn) as connection:
        connection.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE".encode())
        yield


def sessions(dsn: str, waiting: bool = False) -> list[int]:
    """The process ids of the sessions on a database, or of those that wait for a lock."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend' AND (NOT %s OR wait_event_type = 'Lock')",
            (waiting,),
        )
        return [pid for (pid,) in rows]
