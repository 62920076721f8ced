"""Which runs are to be published, and who does it: one publisher of a run at a time, without a lock that is held."""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from results.storage.database import Connection, one_record
from results.storage.runs import LOCK_RUNS

# Whoever publishes longer than that is taken to be dead.
CLAIM_SECONDS = 60.0

# A run that others write of now is left to them, or to the next time. A claim that ends later than any that is made now
# was made before the server's clock was set back.
CLAIM: LiteralString = """
UPDATE runs SET publishing_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE run_id = (
    SELECT run_id FROM runs
    WHERE rated > published AND run_id > %(after)s
      AND (publishing_until IS NULL OR publishing_until NOT BETWEEN clock_timestamp() AND
           clock_timestamp() + make_interval(secs => %(seconds)s))
    ORDER BY run_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
)
RETURNING run_id, publishing_until AS until
"""

RATED: LiteralString = "SELECT rated FROM runs WHERE run_id = %(run_id)s"

RELEASE: LiteralString = """
UPDATE runs SET published = coalesce(%(mark)s, published), publishing_until = NULL
WHERE run_id = %(run_id)s AND publishing_until = %(until)s
"""

PUBLISH_AGAIN: LiteralString = "UPDATE runs SET changes = changes + 1, rated = rated + 1 WHERE run_id = %(run_id)s"


@dataclass(frozen=True)
class Claim:
    """A run that its holder publishes, and until when nobody else does."""

    run_id: str
    until: datetime


def claim_next(connection: Connection, after: str = "", seconds: float = CLAIM_SECONDS) -> Claim | None:
    """The next run with new rates, in the order of their ids, that nobody publishes now; None if there is none."""
    return one_record(connection, Claim, CLAIM, {"after": after, "seconds": seconds})


def lock(connection: Connection, run_id: str) -> int:
    """The run's mark, which stays until the transaction ends."""
    connection.execute(LOCK_RUNS, ([run_id],))
    [(mark,)] = connection.execute(RATED, {"run_id": run_id}).fetchall()
    return int(mark)


def release(connection: Connection, claim: Claim, mark: int | None) -> None:
    """Ends a claim: what the run was at `mark` is published, or nothing is if it is None.

    If the claim was over, another one has published meanwhile, and perhaps something newer before this one sent. The
    run is then published again, so that the newest rates come last.
    """
    names = {"run_id": claim.run_id, "until": claim.until, "mark": mark}
    if connection.execute(RELEASE, names).rowcount == 0:
        connection.execute(PUBLISH_AGAIN, names)
