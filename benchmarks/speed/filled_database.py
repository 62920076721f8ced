"""A database with as many runs as asked for, each a copy of one that was recorded; for benchmarks and tests."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

import psycopg

from benchmarks.speed.aggregator import scored_job
from benchmarks.speed.jobs import manifest_of
from results.dead_jobs import DeadJob
from results.storage import baselines, streams
from results.storage.database import Database
from results.storage.recording import record
from seep.languages import spill_categories
from seep.outcomes import Outcome, outcome_series
from seep.records import Answer, GeneratedJob, PromptJob, RunManifest, ScoredJob
from seep.schedule import occurrence_run_id
from seep.settings import Aggregation, Settings
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite
from services.aggregator.publishing import publish_changed

DAY = 86_400.0
LANGUAGES = Path("suites/languages.yaml")
Recorded = Callable[[str, float], tuple[list[ScoredJob], RunManifest]]
"""Makes a finished run of the monitor, from its id and the time when it was sent."""
FIRST_DAY = datetime(2001, 1, 1, 6, tzinfo=UTC)
MONITOR = "daily"
BASELINE = "baseline-0"
# What a run brings into each table, but for the run itself; in the order in which one refers to another.
COPIED: dict[str, LiteralString] = {
    "jobs": "job_id, status, stage, reason, provenance",
    "provenances": "provenance",
    "test_sums": "job_id, cluster, test, concept, category, metric, measures, sizes, totals",
    "cluster_sums": "cluster, category, metric, measures, sizes, totals",
    "sample_sums": "job_id, metric, category, differ, samples, sizes, totals",
    "recorded_comparisons": "metric, category, measure, n",
    "rates": "metric, category, rate, low, high, comparisons, clusters, ties, echoes, missing, mixed, measures, kappa, "
    "against, above_placebo, reach",
    "comparisons": "job_id, test, category, concept, prompt, control_prompt, samples, answers, controls, outcomes, "
    "similarities",
    "shared_answers": "job_id, control_prompt, controls, neutral_prompt, neutrals",
    "verdicts": "baseline, metric, category, effect, low, high, p, adjusted_p, exchanged, within, detectable, pairs, "
    "clusters, verdict",
    "monitor_runs": "monitor, baseline, role, reason, e_value, alarm, difference, autocorrelation",
}


def run_id(day: int) -> str:
    """The monitor's run of that day."""
    return occurrence_run_id(MONITOR, FIRST_DAY + timedelta(days=day))


def monitor_names(count: int) -> list[str]:
    """So many monitors: `daily`, `daily-1`, `daily-2` and so on."""
    return [MONITOR, *(f"{MONITOR}-{number}" for number in range(1, count))]


def of_colours(jobs: int, tests: int, samples: int) -> Recorded:
    """Runs of the semantic probe of this shape, under two metrics."""
    draw = random.Random(11)

    def recorded(run_id: str, created_at: float) -> tuple[list[ScoredJob], RunManifest]:
        scored = [scored_job(run_id, number, tests, samples, draw) for number in range(jobs)]
        prompts = [job.generated.job for job in scored]
        return scored, manifest_of(prompts, created_at=created_at, monitor=MONITOR)

    return recorded


def of_languages() -> Recorded:
    """Runs of the project's own suite of the language probe, each answer in a language drawn at random."""
    draw = random.Random(11)
    suite = load_suite(LANGUAGES)

    def recorded(run_id: str, created_at: float) -> tuple[list[ScoredJob], RunManifest]:
        scored = [_answered(prompts, draw) for prompts in prompt_jobs(suite, run_id=run_id, target="target")]
        return scored, manifest(suite, run_id=run_id, target="target", created_at=created_at, monitor=MONITOR)

    return recorded


def _answered(prompts: PromptJob, draw: random.Random) -> ScoredJob:
    answers = tuple(tuple(Answer(f"answer {draw.random()}") for _ in range(prompts.samples)) for _ in prompts.tests)
    directives = {test.category for test in prompts.tests}
    outcomes = []
    for test in prompts.tests:
        categories = list(spill_categories(test.category, directives).values())
        for sample in range(prompts.samples):
            language = draw.choice(categories)
            outcomes += [
                Outcome("consensus", "leak", category, test.id, sample, float(category == language))
                for category in categories
            ]
    generated = GeneratedJob(prompts, (), (), answers, {"model": "m"})
    return ScoredJob(generated, outcome_series(outcomes, prompts), (), {"detectors": "d"})


def fill(dsn: str, recorded: Recorded, *, runs: int, targets: int, monitors: int = 1) -> None:
    """Records two of the monitor's runs, each with a dead job, the first as the baseline of the other, and copies the
    latter, until there are so many runs, a day apart; see `copy_runs`."""
    with Database(dsn) as database:
        for day in (0, 1):
            scored, sent = recorded(run_id(day), day * DAY)
            dead = [DeadJob(run_id(day), "dead", "generator", "it timed out")]
            with database.transaction() as connection:
                for start in range(0, len(scored), 50):
                    record(connection, scored[start : start + 50], [], [])
                record(connection, [], dead, [sent])
        publish_changed(database, lambda outgoing: None, Settings())
        with database.transaction() as connection:
            baselines.set_baseline(connection, BASELINE, [run_id(0)])
            streams.conclude(connection, MONITOR, BASELINE, run_id(1), Aggregation().stalled_after_seconds, 3.0)
        publish_changed(database, lambda outgoing: None, Settings())
    copy_runs(dsn, 2, runs, targets, monitors)


def copy_runs(dsn: str, start: int, stop: int, targets: int, monitors: int = 1) -> None:
    """Copies the second run as those of the days from `start` to before `stop`, of `target-<day % targets>`.

    They are the monitor's; with several monitors, of each in turn, see `monitor_names`. Each is a baseline of its own,
    `baseline-<day>`.
    """
    days = {"first": run_id(1), "start": start, "last": stop - 1, "begin": FIRST_DAY.replace(tzinfo=None)}
    number: LiteralString = "generate_series(%(start)s::int, %(last)s::int) AS day"
    monitor = f"'{MONITOR}' || coalesce('-' || nullif(day %% {monitors}, 0), '')"
    name = f'{monitor} || to_char(%(begin)s + day * interval \'1 day\', \'"-"YYYYMMDD"T"HH24MISS"Z"\')'
    with psycopg.connect(dsn, autocommit=True) as connection:
        columns = ", ".join(f"copy.{name}" for (name,) in connection.execute(OWN_COLUMNS))
        connection.execute(
            f"""
            INSERT INTO runs ({columns.replace("copy.", "")}) SELECT {columns}
            FROM runs, {number}, jsonb_populate_record(runs, jsonb_build_object(
                'run_id', {name}, 'monitor', {monitor}, 'target', 'target-' || day %% {targets},
                'created_at', day * {DAY}, 'first_seen_at', first_seen_at + day * interval '1 s'
            )) AS copy WHERE runs.run_id = %(first)s
            """.encode(),
            days,
        )
        for table, of_table in COPIED.items():
            copied = of_table.replace("monitor,", f"{monitor},")
            connection.execute(
                f"INSERT INTO {table} (run_id, {of_table}) SELECT {name}, {copied}"
                f" FROM {number}, {table} WHERE run_id = %(first)s ORDER BY day".encode(),
                days,
            )
        connection.execute(f"INSERT INTO baselines SELECT 'baseline-' || day FROM {number}", days)
        connection.execute(f"INSERT INTO baseline_runs SELECT 'baseline-' || day, {name} FROM {number}", days)
        connection.execute("VACUUM ANALYZE")


# A generated column cannot be given.
OWN_COLUMNS: LiteralString = """
SELECT column_name FROM information_schema.columns WHERE table_name = 'runs' AND is_generated = 'NEVER'
"""
