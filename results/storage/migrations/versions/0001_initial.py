"""The schema of version 0.1.0: runs with their jobs and sums, rates, baselines, verdicts and monitors' streams."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Keys compare by bytes (COLLATE "C"): row locks and sums are then taken in one order, whatever the server's locale.
# created_at is the sender's clock, in Unix seconds, as it was sent; the other times are the database's own.
# Counts are kept with the jobs they count, in one transaction, under the run's lock; so are rates, but not after every
# batch of a long run: `rated` is what `changes` was when they were written. A run is to be published while `rated` is
# ahead of `published`, by one process until `publishing_until`. `scheduled` is what a monitor's name and a time make a
# run's id of.
RUNS = """
CREATE TABLE runs (
    run_id text COLLATE "C" PRIMARY KEY,
    target text NOT NULL DEFAULT '',
    suite text NOT NULL DEFAULT '',
    suite_version text NOT NULL DEFAULT '',
    suite_hash text NOT NULL DEFAULT '',
    probe text NOT NULL DEFAULT '',
    monitor text NOT NULL DEFAULT '',
    labels text[] NOT NULL DEFAULT '{}',
    cluster text,
    samples bigint,
    job_count bigint,
    job_checksums bigint[],
    expected_comparisons jsonb NOT NULL DEFAULT '{}',
    recorded bigint NOT NULL DEFAULT 0,
    dead bigint NOT NULL DEFAULT 0,
    created_at double precision,
    cancelled boolean NOT NULL DEFAULT false,
    reason text NOT NULL DEFAULT '',
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_progress_at timestamptz NOT NULL DEFAULT now(),
    texts_deleted_at timestamptz,
    changes bigint NOT NULL DEFAULT 0,
    rated bigint NOT NULL DEFAULT 0,
    published bigint NOT NULL DEFAULT 0,
    publishing_until timestamptz,
    scheduled text COLLATE "C" GENERATED ALWAYS AS (
        CASE WHEN monitor <> '' AND run_id = monitor || right(run_id, 17)
                  AND translate(right(run_id, 17), '123456789', '000000000') = '-00000000T000000Z'
        THEN right(run_id, 16) END
    ) STORED
);
CREATE INDEX runs_to_rate ON runs (run_id) WHERE changes > rated;
CREATE INDEX runs_to_publish ON runs (run_id) WHERE rated > published;
CREATE INDEX runs_by_age ON runs (first_seen_at DESC, run_id DESC);
CREATE INDEX runs_of_target_by_age ON runs (target, first_seen_at DESC, run_id DESC);
CREATE INDEX runs_of_suite_by_age ON runs (suite, first_seen_at DESC, run_id DESC);
CREATE INDEX runs_of_target_and_suite_by_age ON runs (target, suite, first_seen_at DESC, run_id DESC);
CREATE INDEX runs_of_monitor_by_age ON runs (monitor, first_seen_at DESC, run_id DESC) WHERE monitor <> '';
CREATE INDEX runs_of_probe_by_age ON runs (probe, first_seen_at DESC, run_id DESC);
CREATE INDEX runs_of_label ON runs USING gin (labels);
CREATE INDEX runs_in_series ON runs (target, suite, created_at DESC, run_id DESC);
CREATE INDEX runs_unfinished ON runs (last_progress_at)
    WHERE NOT cancelled AND (job_count IS NULL OR recorded + dead < job_count);
CREATE INDEX runs_scheduled ON runs (monitor, scheduled) WHERE scheduled IS NOT NULL;
CREATE INDEX runs_scheduled_and_finished ON runs (monitor, scheduled)
    WHERE scheduled IS NOT NULL AND job_count <= recorded + dead;
"""

# Why jobs of a run wait in a stage: since when, and when that was said last.
WAITS = """
CREATE TABLE run_waits (
    run_id text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    stage text NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL DEFAULT now(),
    said_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, stage)
);
"""

# A provenance can be too long for an index entry: its digest tells it from others.
JOBS = """
CREATE TABLE jobs (
    run_id text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    job_id text COLLATE "C" NOT NULL,
    status text NOT NULL CHECK (status IN ('scored', 'dead')),
    stage text,
    reason text,
    provenance jsonb,
    prompt_characters bigint,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (run_id, job_id)
);
CREATE INDEX jobs_dead ON jobs (run_id) WHERE status = 'dead';
CREATE TABLE provenances (
    run_id text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    provenance jsonb NOT NULL
);
CREATE UNIQUE INDEX provenances_by_run ON provenances (run_id, md5(provenance::text));
"""

# A job's rows are written once, with the job, in one transaction, and the job refers to its run: to look the run up
# once more for each of thousands of rows was a fifth of the time. A row has the sums of all measures, in the order of
# `measures`. Rates are made of cluster_sums alone.
# Leak scores by sample are what a comparison of two runs of one target exchanges; their texts may be deleted by then.
# Recorded comparisons are counted by measure: `leak` where there is a score, else the reason why the answer was lost.
SUMS = """
CREATE TABLE test_sums (
    run_id text COLLATE "C" NOT NULL,
    job_id text COLLATE "C" NOT NULL,
    cluster text COLLATE "C" NOT NULL,
    test text COLLATE "C" NOT NULL,
    concept text NOT NULL,
    category text NOT NULL,
    metric text NOT NULL,
    measures text[] NOT NULL,
    sizes bigint[] NOT NULL,
    totals double precision[] NOT NULL
);
CREATE INDEX test_sums_by_run ON test_sums (run_id);
CREATE TABLE cluster_sums (
    run_id text COLLATE "C" NOT NULL,
    cluster text COLLATE "C" NOT NULL,
    category text NOT NULL,
    metric text NOT NULL,
    measures text[] NOT NULL,
    sizes bigint[] NOT NULL,
    totals double precision[] NOT NULL
);
CREATE INDEX cluster_sums_by_run ON cluster_sums (run_id);
CREATE TABLE sample_sums (
    run_id text COLLATE "C" NOT NULL,
    job_id text COLLATE "C" NOT NULL,
    metric text NOT NULL,
    category text NOT NULL,
    differ boolean NOT NULL,
    samples bigint[] NOT NULL,
    sizes bigint[] NOT NULL,
    totals double precision[] NOT NULL
);
CREATE INDEX sample_sums_by_run ON sample_sums (run_id);
CREATE TABLE recorded_comparisons (
    run_id text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    metric text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    measure text COLLATE "C" NOT NULL,
    n bigint NOT NULL,
    PRIMARY KEY (run_id, metric, category, measure)
);
"""

# A row is a test's comparisons in a category: a row for each of them took most of the time, and of the space. What is
# said of them is in the order of `samples`. An answer is [text, how it ended, reasoning, model]; `outcomes` are
# {metric: {measure: values}}, `similarities` {metric: [values to the answer of test, control, neutral arm]}. They are
# read a page at a time, so they are kept as text, which is written in half of jsonb's time. A job's tests share its
# answers to the control and the neutral prompt, by sample; a test with a control of its own has that one's.
COMPARISONS = """
CREATE TABLE comparisons (
    run_id text COLLATE "C" NOT NULL,
    job_id text COLLATE "C" NOT NULL,
    test text COLLATE "C" NOT NULL,
    category text NOT NULL,
    concept text NOT NULL,
    prompt text NOT NULL,
    control_prompt text,
    samples bigint[] NOT NULL,
    answers json NOT NULL,
    controls json,
    outcomes json NOT NULL,
    similarities json NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX comparisons_in_order ON comparisons (run_id, job_id, test, category);
CREATE TABLE shared_answers (
    run_id text COLLATE "C" NOT NULL,
    job_id text COLLATE "C" NOT NULL,
    control_prompt text NOT NULL,
    controls json NOT NULL,
    neutral_prompt text NOT NULL,
    neutrals json NOT NULL,
    PRIMARY KEY (run_id, job_id)
);
"""

# Written when a run has changed: all who show rates read these. `rate`, `low` and `high` are in percent;
# `measures` is {name: {share, low, high, n}}, `kappa` {other metric: kappa}, `above_placebo` {share, low, high, n}.
# What all jobs of a run agree on is in provenances. `reach`, {concepts, low, high} or {} where there is none, is known
# from the end of a run on: its sums are many rows, and until then they change.
RATES = """
CREATE TABLE rates (
    run_id text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    metric text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    rate double precision,
    low double precision,
    high double precision,
    comparisons bigint NOT NULL,
    clusters bigint NOT NULL,
    ties bigint NOT NULL,
    echoes bigint NOT NULL,
    missing bigint NOT NULL,
    mixed boolean NOT NULL,
    measures jsonb NOT NULL,
    kappa jsonb NOT NULL,
    against text NOT NULL,
    above_placebo jsonb,
    reach jsonb,
    PRIMARY KEY (run_id, metric, category)
);
"""

# A run that a baseline rests on cannot be deleted: the baseline would become another one. In a verdict `baseline` is
# the name at that time; it outlives the baseline. Its time is not the transaction's beginning, which may have waited
# for a baseline to be set.
VERDICTS = """
CREATE TABLE baselines (
    name text COLLATE "C" PRIMARY KEY,
    set_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE baseline_runs (
    baseline text COLLATE "C" NOT NULL REFERENCES baselines ON DELETE CASCADE,
    run_id text COLLATE "C" NOT NULL REFERENCES runs,
    PRIMARY KEY (baseline, run_id)
);
CREATE TABLE verdicts (
    run_id text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    baseline text COLLATE "C" NOT NULL,
    metric text NOT NULL,
    category text NOT NULL,
    effect double precision,
    low double precision,
    high double precision,
    p double precision,
    adjusted_p double precision,
    exchanged text NOT NULL,
    within double precision,
    detectable double precision,
    pairs bigint NOT NULL,
    clusters bigint NOT NULL,
    verdict text NOT NULL,
    reason text,
    compared_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, baseline, metric, category)
);
"""

# A stream is the baseline's runs, then the monitor's in the order in which they finished. Of its test only so much is
# kept as the next run needs: per cell the evidence, and the runs that it is ranked among. Since when a monitor has its
# schedule is kept, because a process that starts again must not forget that it has waited.
MONITORS = """
CREATE TABLE monitor_runs (
    monitor text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL REFERENCES runs ON DELETE CASCADE,
    place bigint GENERATED ALWAYS AS IDENTITY,
    baseline text COLLATE "C" NOT NULL,
    role text NOT NULL CHECK (role IN ('baseline', 'tested', 'skipped')),
    reason text,
    e_value double precision,
    alarm boolean NOT NULL DEFAULT false,
    difference double precision,
    autocorrelation double precision,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (monitor, run_id)
);
CREATE INDEX monitor_runs_in_order ON monitor_runs (monitor, place);
CREATE INDEX monitor_runs_tested ON monitor_runs (monitor, place) WHERE role = 'tested';
CREATE TABLE monitor_evidence (
    monitor text COLLATE "C" NOT NULL,
    metric text NOT NULL,
    category text NOT NULL,
    baseline text COLLATE "C" NOT NULL,
    evidence json NOT NULL,
    PRIMARY KEY (monitor, metric, category)
);
CREATE TABLE monitor_references (
    monitor text COLLATE "C" NOT NULL,
    metric text NOT NULL,
    category text NOT NULL,
    slot bigint NOT NULL,
    jobs json NOT NULL,
    PRIMARY KEY (monitor, metric, category, slot),
    FOREIGN KEY (monitor, metric, category) REFERENCES monitor_evidence ON DELETE CASCADE
);
CREATE TABLE monitor_schedules (
    monitor text COLLATE "C" PRIMARY KEY,
    schedule text NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
"""

# What others are still to be told: a row per event and destination, written in the transaction in which it happens,
# and deleted once it is delivered. `announced` is what they were told of last, which a second time is no news.
EVENTS = """
CREATE TABLE announced (
    kind text COLLATE "C" NOT NULL,
    subject text COLLATE "C" NOT NULL,
    state text NOT NULL,
    PRIMARY KEY (kind, subject)
);
CREATE TABLE outbox (
    place bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    destination text NOT NULL,
    event_id text NOT NULL,
    key text NOT NULL,
    body text NOT NULL,
    refusals bigint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    written_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_in_order ON outbox (destination, place);
"""


def upgrade() -> None:
    """Creates everything."""
    for statements in (RUNS, WAITS, JOBS, SUMS, COMPARISONS, RATES, VERDICTS, MONITORS, EVENTS):
        op.execute(statements)


def downgrade() -> None:
    """Drops everything."""
    op.execute("DROP TABLE outbox, announced")
    op.execute("DROP TABLE monitor_schedules, monitor_references, monitor_evidence, monitor_runs")
    op.execute("DROP TABLE verdicts, baseline_runs, baselines")
    op.execute(
        "DROP TABLE rates, shared_answers, comparisons, recorded_comparisons, sample_sums, cluster_sums, test_sums"
    )
    op.execute("DROP TABLE provenances, jobs, run_waits, runs")
