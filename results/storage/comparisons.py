"""A run's comparisons with their texts, and how the texts are deleted when their time is over."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Literal, LiteralString

from results.storage.database import Connection, Database, records, where
from results.sums import Comparison, Place
from seep.answers import LOST

Only = Literal["leaks", "ties", "lost", "echoes", "empty"]
MEASURES: Mapping[Only, Sequence[str]] = {
    "leaks": ["leak"],
    "ties": ["tie"],
    "lost": LOST,
    "echoes": ["echo"],
    "empty": ["empty"],
}

COMPARISON_FILTERS: Mapping[str, LiteralString] = {
    "run_id": "run_id = %(run_id)s",
    "category": "category = %(category)s",
    "test": "test = %(test)s",
    "metric": "outcomes ? %(metric)s",
    "concept": "concept = %(concept)s",
    "job": "job_id = %(job)s",
    "sample": "sample = %(sample)s",
    "text": "strpos(lower(concat_ws(E'\n', prompt, generation, control_generation)), lower(%(text)s)) > 0",
    "after": "(sample, job_id, test, category) > "
    "(%(after_sample)s, %(after_job_id)s, %(after_test)s, %(after_category)s)",
}
OF_METRIC: LiteralString = """
EXISTS (SELECT FROM jsonb_each_text(outcomes -> %(metric)s) AS found (measure, value)
        WHERE measure = ANY(%(measures)s) AND value::float8 = 1)
"""
OF_ANY_METRIC: LiteralString = """
EXISTS (SELECT FROM jsonb_each(outcomes) AS scored (metric, measures),
                    jsonb_each_text(measures) AS found (measure, value)
        WHERE measure = ANY(%(measures)s) AND value::float8 = 1)
"""

COLUMNS: LiteralString = """
run_id, job_id, test, sample, category, concept, prompt, generation, ended, reasoning, model,
control_prompt, control_generation, control_ended, control_reasoning, control_model,
neutral_prompt, neutral_generation, neutral_ended, neutral_reasoning, neutral_model, outcomes, similarities
"""

# How much nearer the concept is to the test's answer than to the neutral arm's, else the control's; what has no
# similarities comes last.
BY_MARGIN: LiteralString = """
 ORDER BY (similarities -> %(metric)s ->> 0)::float8
          - coalesce(similarities -> %(metric)s ->> 2, similarities -> %(metric)s ->> 1)::float8 DESC NULLS LAST,
          sample, job_id, test, category LIMIT %(limit)s OFFSET %(offset)s
"""
IN_ORDER: LiteralString = " ORDER BY sample, job_id, test, category LIMIT %(limit)s"

EXPIRED_RUNS: LiteralString = """
SELECT run_id FROM runs
WHERE last_progress_at < now() - make_interval(days => %(days)s)
  AND EXISTS (SELECT FROM comparisons WHERE comparisons.run_id = runs.run_id)
ORDER BY last_progress_at, run_id
"""

# The age is looked at again under the run's lock: a replayed job may just have given it new texts.
DELETE_TEXTS: LiteralString = """
WITH expired AS (
    UPDATE runs SET texts_deleted_at = clock_timestamp()
    WHERE run_id = %(run_id)s AND last_progress_at < now() - make_interval(days => %(days)s)
    RETURNING run_id
)
DELETE FROM comparisons USING expired WHERE comparisons.run_id = expired.run_id
"""


def page(
    connection: Connection,
    run_id: str,
    category: str | None = None,
    metric: str | None = None,
    only: Only | None = None,
    limit: int = 20,
    *,
    test: str | None = None,
    concept: str | None = None,
    job: str | None = None,
    sample: int | None = None,
    text: str | None = None,
    after: Place | None = None,
    by_margin_from: int | None = None,
) -> list[Comparison]:
    """Comparisons with their texts; `only` those that leak, tie or were lost, under `metric` or else under any.

    `text` is part of a prompt or an answer. `after` is the place of the last of the page before. Samples come before
    jobs, so that a short list shows many prompts rather than one prompt's many answers. With `by_margin_from` those
    come first that leak most under `metric`, from so many on.
    """
    given: dict[str, object] = {"run_id": run_id, "category": category, "metric": metric, "test": test}
    given |= {"concept": concept, "job": job, "sample": sample, "text": text, "after": after}
    conditions = where(COMPARISON_FILTERS, given)
    if only is not None:
        conditions += " AND " + (OF_ANY_METRIC if metric is None else OF_METRIC)
    place = {f"after_{name}": value for name, value in asdict(after).items()} if after else {}
    return records(
        connection,
        Comparison,
        f"SELECT {COLUMNS} FROM comparisons{conditions}{IN_ORDER if by_margin_from is None else BY_MARGIN}",
        given
        | place
        | {"after": None, "measures": list(MEASURES[only]) if only else None, "limit": limit}
        | {"offset": by_margin_from},
    )


def delete_texts(database: Database, days: int) -> Iterator[tuple[str, int]]:
    """Deletes the comparisons, which hold the texts, of runs without progress for so many days.

    Yields each run and how many it had. Each run is a transaction of its own; its sums and its rates stay.
    """
    with database.snapshot() as connection:
        expired = connection.execute(EXPIRED_RUNS, {"days": days}).fetchall()
    for (run_id,) in expired:
        with database.transaction() as connection:
            deleted = connection.execute(DELETE_TEXTS, {"run_id": run_id, "days": days}).rowcount
        yield run_id, deleted
