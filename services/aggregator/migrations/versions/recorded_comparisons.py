"""How many comparisons of each category are recorded, so that a list of runs need not add up their sums."""

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


def upgrade() -> None:
    """Adds the table, and fills it from what is there."""
    op.execute(RECORDED_COMPARISONS)


def downgrade() -> None:
    """Takes it away again."""
    op.execute("DROP TABLE recorded_comparisons")
