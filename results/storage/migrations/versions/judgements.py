"""Baselines, verdicts, and the streams of runs that monitors test."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A run that a baseline rests on cannot be deleted: the baseline would become another one.
BASELINES = """
CREATE TABLE baselines (
    name text COLLATE "C" PRIMARY KEY,
    set_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE baseline_runs (
    baseline text COLLATE "C" NOT NULL REFERENCES baselines ON DELETE CASCADE,
    run text COLLATE "C" NOT NULL REFERENCES runs,
    PRIMARY KEY (baseline, run)
);
"""

# `baseline` is the name at that time; a verdict outlives it.
VERDICTS = """
CREATE TABLE verdicts (
    run text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    baseline text COLLATE "C" NOT NULL,
    metric text NOT NULL,
    category text NOT NULL,
    effect double precision,
    low double precision,
    high double precision,
    p double precision,
    adjusted_p double precision,
    detectable double precision,
    pairs bigint NOT NULL,
    clusters bigint NOT NULL,
    verdict text NOT NULL,
    judged_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run, baseline, metric, category)
);
"""

# A stream is the baseline's runs, then the monitor's in the order in which they finished.
MONITORS = """
CREATE TABLE monitor_runs (
    monitor text COLLATE "C" NOT NULL,
    run text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    place bigint GENERATED ALWAYS AS IDENTITY,
    baseline text COLLATE "C" NOT NULL,
    role text NOT NULL CHECK (role IN ('baseline', 'tested', 'skipped')),
    reason text,
    e_value double precision,
    alarm boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (monitor, run)
);
CREATE TABLE monitor_scores (
    monitor text COLLATE "C" NOT NULL,
    run text COLLATE "C" NOT NULL,
    metric text NOT NULL,
    category text NOT NULL,
    jobs jsonb NOT NULL,
    score double precision,
    e_value double precision,
    PRIMARY KEY (monitor, run, metric, category),
    FOREIGN KEY (monitor, run) REFERENCES monitor_runs ON DELETE CASCADE
);
"""


def upgrade() -> None:
    """Creates the five tables."""
    for statements in (BASELINES, VERDICTS, MONITORS):
        op.execute(statements)


def downgrade() -> None:
    """Drops them with all they hold."""
    op.execute("DROP TABLE monitor_scores, monitor_runs, verdicts, baseline_runs, baselines")
