"""Leak rates as they are kept: written as a run grows, and read by all who show them."""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, LiteralString

from results.rates import POOL_SEPARATOR, RunFacts, common_provenance, leak_rates, leak_rates_by_concept
from results.reach import Reach, reaches
from results.runs import RunSummary
from results.storage import sums
from results.storage.database import Connection, Database, as_dicts
from results.storage.rows import as_json
from results.storage.runs import ONE_RUN, SOME_RUNS
from results.sums import ConceptSum
from seep.characters import visible
from seep.errors import Unavailable
from seep.probes import DEFAULT_PROBE
from seep.records import Estimate, LeakRate
from seep.slices import slices

log = logging.getLogger(__name__)

CLEAR_RATES: LiteralString = "DELETE FROM rates WHERE run_id = ANY(%s)"

WRITTEN: LiteralString = "UPDATE runs SET rated = changes WHERE run_id = ANY(%s)"

# A run whose last progress is still to come was recorded before the server's clock was set back.
BEHIND: LiteralString = """
SELECT run_id FROM runs
WHERE changes > rated AND run_id > %(after)s
  AND last_progress_at NOT BETWEEN clock_timestamp() - make_interval(secs => %(seconds)s) AND clock_timestamp()
ORDER BY run_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""

COPY_RATES: LiteralString = """
COPY rates (run_id, metric, category, rate, low, high, comparisons, clusters, ties, echoes, missing, mixed, measures,
            kappa, against, above_placebo, reach) FROM STDIN
"""

RATE_FIELDS: LiteralString = """
run_id, suite, target, probe, metric, category, rate, low, high, comparisons, clusters, ties, echoes, missing, mixed,
measures, kappa, against, above_placebo
"""

# Rates of runs of so many sums together are computed at once, and of a larger run alone.
SUMS_AT_ONCE = 50_000

# So many at once: a run may have 100,000, and with each goes what is said of all.
PAGE = 200
# In the order of the index; a run of one page has them in the order of `write`.
RATES_PAGE: LiteralString = f"""
SELECT * FROM (
    SELECT {RATE_FIELDS} FROM rates JOIN runs USING (run_id)
    WHERE run_id = %(run_id)s AND (%(from_start)s OR (metric, category) > (%(metric)s, %(category)s))
    ORDER BY metric, category LIMIT %(limit)s
) AS page ORDER BY metric, category = 'all', category
"""

# Without provenance, which is read once for each run: with every rate it took as long as all the rest.
RATES_OF_RUNS: LiteralString = f"""
SELECT {RATE_FIELDS} FROM rates JOIN runs USING (run_id)
WHERE runs.run_id = ANY(%(runs)s) ORDER BY runs.run_id, metric, category = 'all', category
"""
PROVENANCES_OF_RUNS: LiteralString = """
SELECT name, ARRAY(SELECT provenance FROM provenances WHERE run_id = name ORDER BY provenance)
FROM unnest(%s::text[]) AS wanted (name)
"""
NUMBER: LiteralString = "SELECT count(*) FROM (SELECT FROM rates WHERE run_id = ANY(%s) LIMIT %s) AS counted"
REACHES: LiteralString = "SELECT metric, category, reach FROM rates WHERE run_id = %s AND reach IS NOT NULL"


Run = Mapping[str, Any]
"""A run's row, by the names of its columns."""


def write(connection: Connection, run_ids: Sequence[str]) -> None:
    """Computes the runs' rates from their sums and keeps them; to be called under the runs' locks.

    Per metric these are the categories, then `all`; there are none of an unknown run. Those of a run with nothing left
    to come have their reach beside them.
    """
    numbers = sums.numbers(connection, run_ids) if len(run_ids) > 1 else dict.fromkeys(run_ids, 0)
    for some in slices(run_ids, numbers.__getitem__, SUMS_AT_ONCE):
        _write_together(connection, list(as_dicts(connection, SOME_RUNS, (some,))))


def _write_together(connection: Connection, some: Sequence[Run]) -> None:
    """As `write`, of known runs; of many it takes as many statements as of one."""
    run_ids = [run["run_id"] for run in some]
    shared, kept = sums.shared_categories(connection, run_ids), sums.by_category(connection, run_ids)
    found = {run["run_id"]: leak_rates(_facts(run, shared), kept[run["run_id"]]) for run in some}
    concepts = sums.concepts_by_cluster(
        connection, [run["run_id"] for run in some if _is_over(run) and _may_reach(run)]
    )
    connection.execute(CLEAR_RATES, (run_ids,))
    connection.execute(WRITTEN, (run_ids,))
    with connection.cursor().copy(COPY_RATES) as copy:
        for run in some:
            of_run = found[run["run_id"]]
            reach = _reaches_at_the_end(run, of_run, concepts)
            for rate, written in zip(of_run, reach, strict=True):
                copy.write_row((*_row(rate), written))


def write_behind(database: Database, quiet_seconds: float) -> None:
    """Writes the rates of every run that has grown since they were written, but not in the last seconds.

    Each in a transaction of its own. A run that others record now is left to the next time. One at which it fails is
    left behind, and keeps no other waiting. Raises Unavailable.
    """
    done: str | None = ""
    while done is not None:
        done = _write_next_behind(database, quiet_seconds, done)


def _write_next_behind(database: Database, quiet_seconds: float, after: str) -> str | None:
    """The id of the run, the next one in their order; None if there is none."""
    found = None
    try:
        with database.transaction(computing=True) as connection:
            found = connection.execute(BEHIND, {"after": after, "seconds": quiet_seconds}).fetchone()
            if found is not None:
                write(connection, [found[0]])
    except Unavailable:
        raise
    except Exception as error:
        if found is None:
            raise
        # Not its words, which may hold a prompt.
        log.warning("run %s: its rates were not written: %s", visible(found[0]), type(error).__qualname__)
    return None if found is None else str(found[0])


def of_run(connection: Connection, run_id: str) -> list[LeakRate]:
    """The run's rates as they were written last, in the order of `write`."""
    return of_runs(connection, [run_id]).get(run_id, [])


def of_runs(connection: Connection, run_ids: Sequence[str]) -> dict[str, list[LeakRate]]:
    """By run its rates, as `of_run` gives them."""
    found: defaultdict[str, list[LeakRate]] = defaultdict(list)
    for rate in with_provenance(connection, as_dicts(connection, RATES_OF_RUNS, {"runs": list(run_ids)})):
        found[rate.run_id].append(rate)
    return found


def of_all(connection: Connection, run_ids: Sequence[str]) -> list[LeakRate] | None:
    """The rates of all of the runs, one run after the other; None if they are more than a page."""
    [(number,)] = connection.execute(NUMBER, (list(run_ids), PAGE + 1)).fetchall()
    return list(chain.from_iterable(of_runs(connection, run_ids).values())) if number <= PAGE else None


def with_provenance(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[LeakRate]:
    """The rates in rows of RATE_FIELDS, each with what the jobs of its run agree on."""
    kept = connection.execute(PROVENANCES_OF_RUNS, (list({row["run_id"] for row in rows}),))
    common = {run_id: common_provenance(provenances) for run_id, provenances in kept}
    return [_rate(row, common[row["run_id"]]) for row in rows]


def page(connection: Connection, run_id: str, after: tuple[str, str] | None = None) -> list[LeakRate]:
    """A page of the run's rates, those that follow a metric and category; the last one has fewer than PAGE.

    In a page of all rates they have the order of `write`.
    """
    metric, category = after or ("", "")
    given = {"run_id": run_id, "metric": metric, "category": category, "from_start": after is None, "limit": PAGE}
    rows = as_dicts(connection, RATES_PAGE, given)
    return with_provenance(connection, rows)


def one_by_one(connection: Connection, run_id: str) -> Iterator[LeakRate]:
    """The run's rates, of which no more than a page are held."""
    found = page(connection, run_id)
    while found:
        yield from found
        found = page(connection, run_id, last_place(found)) if len(found) == PAGE else []


def last_place(of_page: Iterable[LeakRate]) -> tuple[str, str]:
    """The metric and category that the next page follows."""
    return max((rate.metric, rate.category) for rate in of_page)


def of_pools(connection: Connection, run_id: str, pools: Sequence[Sequence[str]]) -> list[LeakRate]:
    """Rates of categories pooled, from the run's sums; they are named "1+2".

    Raises InputError for a pool with a category that the run does not have.
    """
    run = _row_of(connection, run_id) if pools else None
    if run is None:
        return []
    names = {POOL_SEPARATOR.join(pool) for pool in pools}
    facts = _facts(run, sums.shared_categories(connection, [run_id]))
    found = leak_rates(facts, sums.by_category(connection, [run_id])[run_id], pools)
    return [rate for rate in found if rate.category in names]


def by_concept(connection: Connection, run_id: str) -> list[LeakRate]:
    """The run's rates per metric and concept, which stands where the category stands, from its sums."""
    run = _row_of(connection, run_id)
    if run is None:
        return []
    facts = _facts(run, sums.shared_categories(connection, [run_id]))
    return leak_rates_by_concept(facts, sums.by_concept(connection, run_id))


def reaches_of(connection: Connection, run: RunSummary, found: Sequence[LeakRate]) -> list[Reach | None]:
    """What the interval of each of the run's rates speaks of; they are of categories, pools or `all`.

    As it was written with the rates; of pools, and of a run that is not finished, from the sums.
    """
    if not _has_reaches(run.probe, run.cluster):
        return [None] * len(found)
    rows = connection.execute(REACHES, (run.run_id,))
    kept = {(metric, category): Reach(**reach) if reach else None for metric, category, reach in rows}
    wanted = [(rate.metric, rate.category) for rate in found]
    if kept.keys() >= set(wanted):
        return [kept[cell] for cell in wanted]
    return reaches(found, sums.concepts_by_cluster(connection, [run.run_id])[run.run_id])


class KnownReaches:
    """What `reaches_of` says of each monitor's latest run, read again only where its rates are others."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Sequence[LeakRate], list[Reach | None]]] = {}

    def __call__(self, connection: Connection, run: RunSummary, found: Sequence[LeakRate]) -> list[Reach | None]:
        """The reach of each of these rates of the run."""
        rates, reach = self._known.get(run.monitor, ((), []))
        if rates != found:
            reach = reaches_of(connection, run, found)
            self._known[run.monitor] = found, reach
        return reach


def _rate(row: Mapping[str, Any], provenance: Mapping[str, str]) -> LeakRate:
    above = row["above_placebo"]
    measures = {name: Estimate(**estimate) for name, estimate in sorted(row["measures"].items())}
    estimates = {"measures": measures, "above_placebo": None if above is None else Estimate(**above)}
    return LeakRate(**{**row, **estimates}, provenance=provenance)


def _row(rate: LeakRate) -> tuple[object, ...]:
    return (
        *(rate.run_id, rate.metric, rate.category, rate.rate, rate.low, rate.high, rate.comparisons, rate.clusters),
        *(rate.ties, rate.echoes, rate.missing, rate.mixed, as_json(rate.measures), as_json(rate.kappa)),
        *(rate.against, None if rate.above_placebo is None else as_json(vars(rate.above_placebo))),
    )


def _reaches_at_the_end(
    run: Run, rates: Sequence[LeakRate], concepts: Mapping[str, Sequence[ConceptSum]]
) -> list[str | None]:
    """Of each rate of a run that has nothing left to come, its reach as it is kept; else None of each."""
    if not _is_over(run):
        return [None] * len(rates)
    found: Sequence[Reach | None] = [None] * len(rates)
    if _may_reach(run):
        found = reaches(rates, concepts[run["run_id"]])
    return [as_json(vars(reach) if reach else {}) for reach in found]


def _is_over(run: Run) -> bool:
    return run["job_count"] is not None and run["recorded"] + run["dead"] >= run["job_count"]


def _may_reach(run: Run) -> bool:
    return _has_reaches(run["probe"], run["cluster"])


def _has_reaches(probe: str, cluster: str | None) -> bool:
    return probe == DEFAULT_PROBE and cluster != "sample"


def _row_of(connection: Connection, run_id: str) -> Run | None:
    return next(iter(as_dicts(connection, ONE_RUN, (run_id,))), None)


def _facts(run: Run, shared: Mapping[str, Sequence[frozenset[str]]]) -> RunFacts:
    names = ("run_id", "suite", "target", "probe", "expected_comparisons", "provenances")
    return RunFacts(**{name: run[name] for name in names}, shared=shared[run["run_id"]])
