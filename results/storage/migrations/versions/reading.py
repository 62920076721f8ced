"""What makes reading fast: counts per run, sums per cluster, published rates, and an index for every query."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Counts are kept with the jobs they count, in one transaction, under the run's lock.
COUNTS = """
ALTER TABLE runs
    ADD COLUMN recorded bigint NOT NULL DEFAULT 0,
    ADD COLUMN dead bigint NOT NULL DEFAULT 0,
    ADD COLUMN texts_deleted_at timestamptz;
UPDATE runs
SET recorded = counted.recorded, dead = counted.dead, changes = changes + 1
FROM (
    SELECT run, count(*) FILTER (WHERE status = 'scored') AS recorded, count(*) FILTER (WHERE status = 'dead') AS dead
    FROM jobs GROUP BY run
) AS counted
WHERE counted.run = runs.run;
"""

# A provenance can be too long for an index entry: its digest tells it from others.
PROVENANCES = """
CREATE TABLE provenances (
    run text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    provenance jsonb NOT NULL
);
CREATE UNIQUE INDEX provenances_by_run ON provenances (run, md5(provenance::text));
INSERT INTO provenances SELECT DISTINCT run, provenance FROM jobs WHERE status = 'scored';
"""

# A cluster is a job's own, so its sums are written once, with the job. Rates are made of these alone.
CLUSTER_SUMS = """
CREATE TABLE cluster_sums (
    run text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    cluster text COLLATE "C" NOT NULL,
    category text NOT NULL,
    metric text NOT NULL,
    measure text NOT NULL,
    n bigint NOT NULL,
    total double precision NOT NULL
);
INSERT INTO cluster_sums
SELECT run, cluster, category, metric, measure, sum(n)::bigint, sum(total ORDER BY job, test)
FROM test_sums GROUP BY run, cluster, category, metric, measure;
CREATE INDEX cluster_sums_by_run ON cluster_sums (run);
"""

# The rates as they were published last, in the bytes of the wire: a year of runs is read without computing anything.
RATES = """
CREATE TABLE rates (
    run text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    metric text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    rate bytea NOT NULL,
    PRIMARY KEY (run, metric, category)
);
"""

INDEXES = """
DROP INDEX comparisons_by_run, comparisons_by_age, runs_by_target_and_suite, runs_by_age;
CREATE INDEX comparisons_in_order ON comparisons (run, sample, job, test, category);
CREATE INDEX comparisons_by_test ON comparisons (run, test);
CREATE INDEX runs_by_age ON runs (first_seen_at DESC, run DESC);
CREATE INDEX runs_of_target_by_age ON runs (target, first_seen_at DESC, run DESC);
CREATE INDEX runs_of_monitor_by_age ON runs (monitor, first_seen_at DESC, run DESC) WHERE monitor <> '';
CREATE INDEX runs_in_series ON runs (target, suite, created_at DESC, run DESC);
CREATE INDEX runs_unfinished ON runs (last_progress_at)
    WHERE NOT cancelled AND (jobs IS NULL OR recorded + dead < jobs);
CREATE INDEX jobs_dead ON jobs (run) WHERE status = 'dead';
"""


def upgrade() -> None:
    """Adds them, and fills them from what is there; every run's rates are then published anew."""
    for statements in (COUNTS, PROVENANCES, CLUSTER_SUMS, RATES, INDEXES):
        op.execute(statements)


def downgrade() -> None:
    """Takes them away again."""
    op.execute("DROP INDEX comparisons_in_order, comparisons_by_test, jobs_dead, runs_unfinished, runs_in_series")
    op.execute("DROP INDEX runs_of_monitor_by_age, runs_of_target_by_age, runs_by_age")
    op.execute("DROP TABLE rates, cluster_sums, provenances")
    op.execute("ALTER TABLE runs DROP COLUMN recorded, DROP COLUMN dead, DROP COLUMN texts_deleted_at")
    op.execute("CREATE INDEX runs_by_age ON runs (first_seen_at DESC)")
    op.execute("CREATE INDEX runs_by_target_and_suite ON runs (target, suite, created_at DESC)")
    op.execute("CREATE INDEX comparisons_by_run ON comparisons (run)")
    op.execute("CREATE INDEX comparisons_by_age ON comparisons USING brin (recorded_at)")
