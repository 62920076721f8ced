"""Since when monitors are expected to run, and indexes for what is read of them and of a suite's runs."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Kept, because a process that starts anew must not forget that it has waited.
SCHEDULES = """
CREATE TABLE monitor_schedules (
    monitor text COLLATE "C" PRIMARY KEY,
    schedule text NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
"""

# Not the transaction's beginning: it may have waited for a baseline to be set, and was judged after that.
JUDGED_AT = "ALTER TABLE verdicts ALTER COLUMN judged_at SET DEFAULT clock_timestamp();"

# What a monitor's name and a time make a run's id of; not the id of any other run.
SCHEDULED = """
ALTER TABLE runs ADD COLUMN scheduled text COLLATE "C" GENERATED ALWAYS AS (
    CASE WHEN monitor <> '' AND run = monitor || right(run, 17)
              AND translate(right(run, 17), '123456789', '000000000') = '-00000000T000000Z'
    THEN right(run, 16) END
) STORED;
"""

INDEXES = """
CREATE INDEX runs_of_suite_by_age ON runs (suite, first_seen_at DESC, run DESC);
CREATE INDEX runs_of_target_and_suite_by_age ON runs (target, suite, first_seen_at DESC, run DESC);
CREATE INDEX runs_scheduled ON runs (monitor, scheduled) WHERE scheduled IS NOT NULL;
CREATE INDEX runs_scheduled_and_finished ON runs (monitor, scheduled)
    WHERE scheduled IS NOT NULL AND jobs <= recorded + dead;
CREATE INDEX monitor_runs_in_order ON monitor_runs (monitor, place);
CREATE INDEX monitor_runs_tested ON monitor_runs (monitor, place) WHERE role = 'tested';
"""


def upgrade() -> None:
    """Adds them."""
    for statements in (SCHEDULES, JUDGED_AT, SCHEDULED, INDEXES):
        op.execute(statements)


def downgrade() -> None:
    """Takes them away again."""
    op.execute("DROP INDEX monitor_runs_tested, monitor_runs_in_order, runs_of_target_and_suite_by_age")
    op.execute("DROP INDEX runs_of_suite_by_age")
    op.execute("ALTER TABLE runs DROP COLUMN scheduled")
    op.execute("ALTER TABLE verdicts ALTER COLUMN judged_at SET DEFAULT now()")
    op.execute("DROP TABLE monitor_schedules")
