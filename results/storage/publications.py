"""Which runs are to be published, and who does it: one publisher of a run at a time, without a lock that is held."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from results.storage.database import Connection, records
from results.storage.rates import PAGE
from results.storage.runs import LOCK_RUNS

# Whoever publishes longer than that is taken to be dead.
CLAIM_SECONDS = 60.0

# Of the runs that may be claimed so many are looked at: a batch may change as many.
MOST_AT_ONCE = 64

# A run that others write of now is left to them, or to the next time. A claim that ends later than any that is made now
# was made before the server's clock was set back. The first run is claimed whatever its size, others with it as long as
# all their rates are a page; not those that take their time, which outlasts the claims of the others.
CLAIM: LiteralString = """
WITH free AS (
    SELECT run_id, monitor FROM runs
    WHERE rated > published AND run_id > %(after)s
      AND (publishing_until IS NULL OR publishing_until NOT BETWEEN clock_timestamp() AND
           clock_timestamp() + make_interval(secs => %(seconds)s))
    ORDER BY run_id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED
), sized AS (
    SELECT run_id, row_number() OVER in_order AS place,
           sum(CASE WHEN monitor = ANY(%(slow)s) THEN %(page)s + 1 ELSE size END) OVER in_order AS rates
    FROM free, LATERAL (
        SELECT count(*) AS size
        FROM (SELECT FROM rates WHERE rates.run_id = free.run_id LIMIT %(page)s + 1) AS counted
    ) AS of_run
    WINDOW in_order AS (ORDER BY run_id)
)
UPDATE runs SET publishing_until = clock_timestamp() + make_interval(secs => %(seconds)s)
FROM sized WHERE runs.run_id = sized.run_id AND (place = 1 OR rates <= %(page)s)
RETURNING runs.run_id, publishing_until AS until
"""

RATED: LiteralString = "SELECT run_id, rated FROM runs WHERE run_id = ANY(%s) AND monitor <> ALL(%s)"

RELEASE: LiteralString = """
UPDATE runs SET published = coalesce(mark, published), publishing_until = NULL
FROM unnest(%(run_ids)s::text[], %(untils)s::timestamptz[], %(marks)s::bigint[]) AS claimed (run_id, until, mark)
WHERE runs.run_id = claimed.run_id AND publishing_until = until
RETURNING runs.run_id
"""

PUBLISH_AGAIN: LiteralString = "UPDATE runs SET changes = changes + 1, rated = rated + 1 WHERE run_id = ANY(%s)"


@dataclass(frozen=True)
class Claim:
    """A run that its holder publishes, and until when nobody else does."""

    run_id: str
    until: datetime


def claim_next(
    connection: Connection, after: str = "", slow_monitors: Collection[str] = (), seconds: float = CLAIM_SECONDS
) -> list[Claim]:
    """The next runs with new rates, in the order of their ids, that nobody publishes now; none if there are none.

    Several only if all their rates are a page, and none of them is of the slow monitors.
    """
    given = {"after": after, "slow": list(slow_monitors), "most": MOST_AT_ONCE, "page": PAGE, "seconds": seconds}
    return sorted(records(connection, Claim, CLAIM, given), key=lambda claim: claim.run_id)


def marks(connection: Connection, run_ids: Sequence[str], but_of_monitors: Collection[str] = ()) -> dict[str, int]:
    """By run up to which change its rates are written; without those that have come to be of one of the monitors."""
    found = connection.execute(RATED, (list(run_ids), list(but_of_monitors)))
    return {run_id: int(mark) for run_id, mark in found}


def lock(connection: Connection, run_ids: Sequence[str]) -> None:
    """Keeps the runs as they are until the transaction ends."""
    connection.execute(LOCK_RUNS, (list(run_ids),))


def release(connection: Connection, claims: Sequence[Claim], published: Mapping[str, int]) -> None:
    """Ends claims: what a run was at its mark is published, and nothing is of one that has none.

    If a claim was over, another one has published meanwhile, and perhaps something newer before this one sent. The
    run is then published again, so that the newest rates come last.
    """
    run_ids = [claim.run_id for claim in claims]
    lock(connection, run_ids)
    given = {"untils": [claim.until for claim in claims], "marks": [published.get(run_id) for run_id in run_ids]}
    released = {run_id for (run_id,) in connection.execute(RELEASE, {"run_ids": run_ids, **given})}
    if over := [run_id for run_id in run_ids if run_id not in released]:
        connection.execute(PUBLISH_AGAIN, (over,))
