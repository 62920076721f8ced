"""A run's comparisons with their texts, and how the texts are deleted when their time is over."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, LiteralString

from results.job_texts import NO_ANSWER, Parts
from results.storage.database import Connection, Database, as_dicts, where
from results.sums import Comparison, Place
from seep.answers import LOST

Only = Literal["leaks", "ties", "lost", "echoes", "empty"]
Test = tuple[str, str, str]
"""A job, a test of it and its category."""
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
    "metric": "EXISTS (SELECT FROM json_each(outcomes -> %(metric)s) WHERE value ->> at IS NOT NULL)",
    "concept": "concept = %(concept)s",
    "job": "job_id = %(job)s",
    "sample": "sample = %(sample)s",
    "text": "strpos(lower(concat_ws(E'\n', prompt, answers -> at ->> 0, of_control ->> 0)), lower(%(text)s)) > 0",
    "after": "(sample, job_id, test, category) > "
    "(%(after_sample)s, %(after_job_id)s, %(after_test)s, %(after_category)s)",
    # Of one sample alone, where an index can begin there.
    "after_in_sample": "(job_id, test, category) > (%(after_job_id)s, %(after_test)s, %(after_category)s)",
}
OF_METRIC: LiteralString = """
EXISTS (SELECT FROM unnest(%(measures)s::text[]) AS wanted (measure)
        WHERE (outcomes -> %(metric)s -> wanted.measure ->> at)::float8 = 1)
"""
OF_ANY_METRIC: LiteralString = """
EXISTS (SELECT FROM json_each(outcomes) AS scored (metric, measures), unnest(%(measures)s::text[]) AS wanted (measure)
        WHERE (scored.measures -> wanted.measure ->> at)::float8 = 1)
"""

# A row of comparisons holds several, `at` so many places; this is one of them.
COMPARISONS: LiteralString = """
SELECT run_id, job_id, test, sample, category, concept, prompt, answers -> at AS answer,
       coalesce(comparisons.control_prompt, shared.control_prompt) AS control_prompt, of_control AS control,
       neutral_prompt, neutrals -> sample::int AS neutral, outcomes, similarities, at
FROM comparisons JOIN shared_answers AS shared USING (run_id, job_id)
CROSS JOIN LATERAL (
    SELECT sample, nth::int - 1 AS at, coalesce(comparisons.controls, shared.controls) -> sample::int AS of_control
    FROM unnest(samples) WITH ORDINALITY AS numbered (sample, nth)
) AS numbered
"""
# In the order in which a comparison has them.
SAID = (
    *("generation", "ended", "reasoning", "model"),
    *("control_prompt", "control_generation", "control_ended", "control_reasoning", "control_model"),
    *("neutral_prompt", "neutral_generation", "neutral_ended", "neutral_reasoning", "neutral_model"),
)
SAMPLES: LiteralString = "SELECT samples FROM runs WHERE run_id = %s"

# How much nearer the concept is to the test's answer than to the neutral arm's, else the control's; what has no
# similarities comes last.
BY_MARGIN: LiteralString = """
 ORDER BY (similarities -> %(metric)s -> 0 ->> at)::float8
          - coalesce(similarities -> %(metric)s -> 2 ->> at, similarities -> %(metric)s -> 1 ->> at)::float8
          DESC NULLS LAST, sample, job_id, test, category LIMIT %(limit)s OFFSET %(offset)s
"""
IN_ORDER: LiteralString = " ORDER BY sample, job_id, test, category LIMIT %(limit)s"

# Of each of several tests what `page` finds of it; a statement for each takes longer than all that is read.
OF_TESTS: LiteralString = f"""
SELECT found.*, nth
FROM unnest(%(jobs)s::text[], %(tests)s::text[], %(categories)s::text[])
     WITH ORDINALITY AS wanted (of_job, of_test, of_category, nth)
CROSS JOIN LATERAL (
    {COMPARISONS}
    WHERE run_id = %(run_id)s AND job_id = of_job COLLATE "C" AND test = of_test COLLATE "C" AND category = of_category
      AND {COMPARISON_FILTERS["metric"]}
    {IN_ORDER}
) AS found
ORDER BY nth, sample
"""

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
), shared AS (
    DELETE FROM shared_answers USING expired WHERE shared_answers.run_id = expired.run_id
), deleted AS (
    DELETE FROM comparisons USING expired WHERE comparisons.run_id = expired.run_id RETURNING cardinality(samples) AS n
)
SELECT coalesce(sum(n), 0)::bigint FROM deleted
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
    wanted: dict[str, object] = {"run_id": run_id, "category": category, "metric": metric, "test": test}
    wanted |= {"concept": concept, "job": job, "sample": sample, "text": text, "after": after}
    wanted |= {"measures": list(MEASURES[only]) if only else None, "offset": by_margin_from}
    wanted |= {f"after_{name}": value for name, value in asdict(after).items()} if after else {}
    if by_margin_from is not None or sample is not None or job or test:
        return _read(connection, wanted, limit)
    row = connection.execute(SAMPLES, (run_id,)).fetchone()
    found: list[Comparison] = []
    # An index has the comparisons of one sample in order; to read those of all would be to sort the run for each page.
    for number in range(after.sample if after else 0, (row and row[0]) or 0):
        begins = after is not None and number == after.sample
        of_sample = wanted | {"sample": number, "after": None, "after_in_sample": begins or None}
        found += _read(connection, of_sample, limit - len(found))
        if len(found) == limit:
            break
    return found


def of_tests(
    connection: Connection, run_id: str, metric: str, tests: Sequence[Test], limit: int
) -> list[list[Comparison]]:
    """Of each test that is named, the comparisons that `page` finds of it under the metric, at most `limit`."""
    if not tests:
        return []
    jobs, names, categories = (list(column) for column in zip(*tests, strict=True))
    wanted = {"run_id": run_id, "metric": metric, "jobs": jobs, "tests": names, "categories": categories}
    found: list[list[Comparison]] = [[] for _ in tests]
    for row in as_dicts(connection, OF_TESTS, wanted | {"limit": limit}):
        found[row.pop("nth") - 1].append(_comparison(**row))
    return found


def _read(connection: Connection, wanted: Mapping[str, object], limit: int) -> list[Comparison]:
    conditions = where(COMPARISON_FILTERS, wanted)
    if wanted["measures"] is not None:
        conditions += " AND " + (OF_ANY_METRIC if wanted["metric"] is None else OF_METRIC)
    order = IN_ORDER if wanted["offset"] is None else BY_MARGIN
    # It is a record; the conditions take its parts.
    given = {name: value for name, value in wanted.items() if name != "after"} | {"limit": limit}
    return [_comparison(**row) for row in as_dicts(connection, COMPARISONS + conditions + order, given)]


def _comparison(
    *,
    answer: Parts,
    control_prompt: str,
    control: Parts | None,
    neutral_prompt: str,
    neutral: Parts | None,
    outcomes: Mapping[str, Mapping[str, Sequence[float | None]]],
    similarities: Mapping[str, Sequence[Sequence[float | None] | None]],
    at: int,
    **names: Any,
) -> Comparison:
    measured = {
        metric: {name: value for name, values in measures.items() if (value := values[at]) is not None}
        for metric, measures in outcomes.items()
    }
    near = {metric: [None if arm is None else arm[at] for arm in arms] for metric, arms in similarities.items()}
    said = (*answer, control_prompt, *(control or NO_ANSWER), neutral_prompt, *(neutral or NO_ANSWER))
    return Comparison(
        **names | dict(zip(SAID, said, strict=True)),
        outcomes={metric: measures for metric, measures in measured.items() if measures},
        similarities={metric: arms for metric, arms in near.items() if arms[0] is not None},
    )


def delete_texts(database: Database, days: int) -> Iterator[tuple[str, int]]:
    """Deletes the comparisons, which hold the texts, of runs without progress for so many days.

    Yields each run and how many it had. Each run is a transaction of its own; its sums and its rates stay.
    """
    with database.snapshot() as connection:
        expired = connection.execute(EXPIRED_RUNS, {"days": days}).fetchall()
    for (run_id,) in expired:
        with database.transaction() as connection:
            [(deleted,)] = connection.execute(DELETE_TEXTS, {"run_id": run_id, "days": days}).fetchall()
        yield run_id, deleted
