"""Runs, jobs, sums per test, comparisons with their texts."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Keys compare by bytes (COLLATE "C"): row locks and sums are then taken in one order, whatever the server's locale.
# created_at is the sender's clock, in Unix seconds, as it was sent; the other times are the database's own.
# A run is to be published while `changes` is ahead of `published`.
RUNS = """
CREATE TABLE runs (
    run text COLLATE "C" PRIMARY KEY,
    target text NOT NULL DEFAULT '',
    suite text NOT NULL DEFAULT '',
    suite_version text NOT NULL DEFAULT '',
    suite_hash text NOT NULL DEFAULT '',
    probe text NOT NULL DEFAULT '',
    monitor text NOT NULL DEFAULT '',
    cluster text,
    samples bigint,
    jobs bigint,
    comparisons jsonb NOT NULL DEFAULT '{}',
    created_at double precision,
    cancelled boolean NOT NULL DEFAULT false,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_progress_at timestamptz NOT NULL DEFAULT now(),
    changes bigint NOT NULL DEFAULT 0,
    published bigint NOT NULL DEFAULT 0
);
CREATE INDEX runs_by_target_and_suite ON runs (target, suite, created_at DESC);
CREATE INDEX runs_by_age ON runs (first_seen_at DESC);
CREATE INDEX runs_to_publish ON runs (run) WHERE changes > published;
"""

JOBS = """
CREATE TABLE jobs (
    run text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    job text COLLATE "C" NOT NULL,
    status text NOT NULL CHECK (status IN ('scored', 'dead')),
    stage text,
    reason text,
    provenance jsonb,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run, job)
);
"""

# Rows of these two are unique because a job's rows are written once, together with the job's own.
TEST_SUMS = """
CREATE TABLE test_sums (
    run text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    job text COLLATE "C" NOT NULL,
    cluster text COLLATE "C" NOT NULL,
    test text COLLATE "C" NOT NULL,
    concept text NOT NULL,
    category text NOT NULL,
    metric text NOT NULL,
    measure text NOT NULL,
    n bigint NOT NULL,
    total double precision NOT NULL
);
CREATE INDEX test_sums_by_run ON test_sums (run);
"""

COMPARISONS = """
CREATE TABLE comparisons (
    run text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    job text COLLATE "C" NOT NULL,
    test text COLLATE "C" NOT NULL,
    sample bigint NOT NULL,
    category text NOT NULL,
    concept text NOT NULL,
    prompt text NOT NULL,
    generation text NOT NULL,
    control_prompt text NOT NULL,
    control_generation text NOT NULL,
    outcomes jsonb NOT NULL,
    similarities jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX comparisons_by_run ON comparisons (run);
CREATE INDEX comparisons_by_age ON comparisons USING brin (recorded_at);
"""


def upgrade() -> None:
    """Creates the four tables."""
    for statements in (RUNS, JOBS, TEST_SUMS, COMPARISONS):
        op.execute(statements)


def downgrade() -> None:
    """Drops them with all they hold."""
    op.execute("DROP TABLE comparisons, test_sums, jobs, runs")
