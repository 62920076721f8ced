"""The sums that rates, comparisons and plans are made of."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, repeat
from typing import LiteralString

from results.comparison import LeakSum
from results.one_target import samples_may_change_places
from results.runs import RunSummary
from results.storage.database import Connection, records
from results.sums import LEAK, CellSums, ConceptSum, SampleSums
from seep.answers import LOST

# Run by run: the planner is to look at each by the index, whatever it believes of how many there are.
_RUNS: LiteralString = "unnest(%s::text[]) AS wanted (run_id)"

Columns = tuple[Sequence[str], Sequence[int], Sequence[float]]
"""Clusters, sizes and totals."""

# One row for all clusters that have the same measures: to fetch a row for each takes longer than all that is done with
# them, and to sort a row for each measure of each took PostgreSQL five times as long.
SUMS_BY_CATEGORY: LiteralString = f"""
SELECT wanted.run_id, of_run.* FROM {_RUNS}, LATERAL (
    SELECT category, metric, measures, array_agg(cluster), array_agg(sizes), array_agg(totals)
    FROM cluster_sums WHERE run_id = wanted.run_id GROUP BY category, metric, measures
) AS of_run
"""

# Added as decimals (of 15 digits each), which is exact: no order of the rows changes the last digit. Sums without a
# test belong to a whole job, and so to no concept.
SUMS_BY_CONCEPT: LiteralString = """
SELECT concept AS cell, metric, measure, array_agg(cluster) AS clusters, array_agg(n) AS sizes,
       array_agg(total) AS totals
FROM (
    SELECT cluster, concept, metric, measure, sum(n)::bigint AS n, sum(total::numeric)::float8 AS total
    FROM test_sums, unnest(measures, sizes, totals) AS sums (measure, n, total)
    WHERE run_id = %s AND test <> '' GROUP BY cluster, concept, metric, measure
) AS by_cluster
GROUP BY concept, metric, measure
"""

NUMBERS: LiteralString = """
SELECT run_id, sum(cardinality(measures)) FROM cluster_sums WHERE run_id = ANY(%s) GROUP BY run_id
"""

# As decimals, for the same reason; in columns, since to fetch a row for each takes longer than all the rest.
CONCEPTS_BY_CLUSTER: LiteralString = f"""
SELECT wanted.run_id, of_run.* FROM {_RUNS}, LATERAL (
    SELECT metric, category, array_agg(cluster), array_agg(concept), array_agg(n), array_agg(total) FROM (
        SELECT metric, category, cluster, concept, sum(sizes[place])::bigint AS n,
               sum(totals[place]::numeric)::float8 AS total
        FROM test_sums, LATERAL (SELECT array_position(measures, 'leak') AS place) AS of_leak
        WHERE run_id = wanted.run_id AND place IS NOT NULL AND test <> '' GROUP BY metric, category, cluster, concept
    ) AS of_concept
    GROUP BY metric, category
) AS of_run
"""

# Of nearly all runs it is none, and this says so in half of the time that the sets of categories take.
WITH_TESTS_IN_SEVERAL: LiteralString = f"""
SELECT wanted.run_id FROM {_RUNS} WHERE EXISTS (
    SELECT FROM test_sums WHERE run_id = wanted.run_id AND test <> ''
    GROUP BY job_id, test HAVING min(category COLLATE "C") <> max(category COLLATE "C")
)
"""

# The sets of categories that share comparisons, where there are any; every comparison has a leak score, or was lost.
SHARED_CATEGORIES: LiteralString = f"""
SELECT wanted.run_id, of_run.categories FROM {_RUNS}, LATERAL (
    SELECT DISTINCT array_agg(category ORDER BY category) AS categories FROM (
        SELECT DISTINCT job_id, test, category FROM test_sums
        WHERE run_id = wanted.run_id AND measures && %s::text[]
    ) AS counted
    GROUP BY job_id, test HAVING count(*) > 1
) AS of_run
"""

# Of a test in a category a run has one row. In one order, so that tests that moved alike are shown in it.
LEAK_SUMS: LiteralString = """
SELECT job_id, cluster, test, metric, category, sizes[place] AS n, totals[place] AS total
FROM test_sums, LATERAL (SELECT array_position(measures, 'leak') AS place) AS of_leak
WHERE run_id = %s AND place IS NOT NULL ORDER BY job_id, cluster, test, metric, category
"""

SAMPLE_SUMS: LiteralString = """
SELECT run_id, job_id, metric, category, differ, samples, sizes, totals
FROM sample_sums WHERE run_id = %s ORDER BY job_id, metric, category
"""


def by_category(connection: Connection, run_ids: Sequence[str]) -> dict[str, list[CellSums]]:
    """By run its sums by category, metric and measure."""
    parts: defaultdict[tuple[str, str, str, str], list[Columns]] = defaultdict(list)
    rows = connection.execute(SUMS_BY_CATEGORY, (list(run_ids),), binary=True)
    for run_id, category, metric, measures, clusters, *sums in rows:
        # In one order, so that those of several cells are added up in columns.
        in_order = sorted(range(len(clusters)), key=clusters.__getitem__)
        ordered = [clusters[place] for place in in_order]
        by_measure = (zip(*(of_clusters[place] for place in in_order), strict=True) for of_clusters in sums)
        for measure, sizes, totals in zip(measures, *by_measure, strict=True):
            parts[run_id, category, metric, measure].append((ordered, sizes, totals))
    found: dict[str, list[CellSums]] = {run_id: [] for run_id in run_ids}
    for (run_id, category, metric, measure), of_cell in parts.items():
        found[run_id].append(CellSums(category, metric, measure, *_joined(of_cell)))
    return found


def _joined(parts: Sequence[Columns]) -> Columns:
    """Columns of several tables one after the other."""
    if len(parts) == 1:
        return parts[0]
    clusters, sizes, totals = (list(chain.from_iterable(column)) for column in zip(*parts, strict=True))
    return clusters, sizes, totals


def by_concept(connection: Connection, run_id: str) -> list[CellSums]:
    """The run's sums by concept, metric and measure."""
    return records(connection, CellSums, SUMS_BY_CONCEPT, (run_id,))


def numbers(connection: Connection, run_ids: Sequence[str]) -> dict[str, int]:
    """By run how many sums `by_category` reads."""
    found: dict[str, int] = dict.fromkeys(run_ids, 0)
    found.update(connection.execute(NUMBERS, (list(run_ids),)).fetchall())
    return found


def concepts_by_cluster(connection: Connection, run_ids: Sequence[str]) -> dict[str, list[ConceptSum]]:
    """By run its leak scores by cluster and concept, metric and category."""
    found: dict[str, list[ConceptSum]] = {run_id: [] for run_id in run_ids}
    rows = connection.execute(CONCEPTS_BY_CLUSTER, (list(run_ids),), binary=True) if run_ids else ()
    for run_id, metric, category, *columns in rows:
        found[run_id] += map(ConceptSum, repeat(metric), repeat(category), *columns)
    return found


def shared_categories(connection: Connection, run_ids: Sequence[str]) -> dict[str, list[frozenset[str]]]:
    """By run the sets of categories that one comparison of it counts in, where it is more than one."""
    found: dict[str, list[frozenset[str]]] = {run_id: [] for run_id in run_ids}
    several = [run_id for (run_id,) in connection.execute(WITH_TESTS_IN_SEVERAL, (list(run_ids),))]
    for run_id, categories in connection.execute(SHARED_CATEGORIES, (several, [LEAK, *LOST])) if several else ():
        found[run_id].append(frozenset(categories))
    return found


def leak_sums(connection: Connection, run_id: str) -> list[LeakSum]:
    """The leak scores of each test of the run."""
    # By position, in binary and all at once: there are thousands of them.
    return [LeakSum._make(row) for row in connection.execute(LEAK_SUMS, (run_id,), binary=True).fetchall()]


def sample_sums(connection: Connection, run_id: str) -> list[SampleSums]:
    """The leak scores of each job by sample; none where each sample is a cluster of its own."""
    return [SampleSums(*row) for row in connection.execute(SAMPLE_SUMS, (run_id,), binary=True).fetchall()]


def exchangeable_samples(
    connection: Connection, run: RunSummary, references: Sequence[RunSummary]
) -> list[list[SampleSums]] | None:
    """The leak scores by sample of the run, then of each of the references; None if they may not change places."""
    found = [sample_sums(connection, each.run_id) for each in (run, *references)]
    return found if samples_may_change_places(run, references, found) else None
