"""How many comparisons of each category are recorded, so that a list of runs need not add up their sums; and rows of
what is recorded are no longer checked one by one."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Counted with the jobs, in one transaction, under the run's lock.
RECORDED_COMPARISONS = """
CREATE TABLE recorded_comparisons (
    run text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    metric text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (run, metric, category)
);
INSERT INTO recorded_comparisons
SELECT run, metric, category, sum(n)::bigint FROM cluster_sums WHERE measure = 'leak' GROUP BY run, metric, category;
"""

# Rows are written with their job, in one transaction, and the job refers to the run: to look the run up once more for
# each of thousands of rows was a fifth of the time.
OF_JOBS = ("test_sums", "cluster_sums", "comparisons")


def upgrade() -> None:
    """Adds the table, and fills it from what is there; drops the references."""
    op.execute(RECORDED_COMPARISONS)
    for table in OF_JOBS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_run_fkey")


def downgrade() -> None:
    """Takes it away again, and refers to runs as before."""
    for table in OF_JOBS:
        op.execute(f"ALTER TABLE {table} ADD FOREIGN KEY (run) REFERENCES runs ON DELETE CASCADE")
    op.execute("DROP TABLE recorded_comparisons")
