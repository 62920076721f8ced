"""Leak rates as they are kept: written once, with what changes a run, and read by all who show them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, LiteralString

from results.rates import POOL_SEPARATOR, RunFacts, common_provenance, leak_rates, leak_rates_by_concept
from results.reach import Reach, reaches
from results.runs import RunSummary
from results.storage import sums
from results.storage.database import Connection, as_dicts
from results.storage.rows import as_json
from results.storage.runs import ONE_RUN
from seep.probes import DEFAULT_PROBE
from seep.records import Estimate, LeakRate

CLEAR_RATES: LiteralString = "DELETE FROM rates WHERE run_id = %s"

COPY_RATES: LiteralString = """
COPY rates (run_id, metric, category, rate, low, high, comparisons, clusters, ties, echoes, missing, mixed, measures,
            kappa, against, above_placebo) FROM STDIN
"""

# What all jobs of a run agree on is kept with the run, once.
RATE_COLUMNS: LiteralString = """
run_id, suite, target, probe, metric, category, rate, low, high, comparisons, clusters, ties, echoes, missing, mixed,
measures, kappa, against, above_placebo,
ARRAY(SELECT provenance FROM provenances WHERE provenances.run_id = runs.run_id ORDER BY provenance) AS provenances
FROM rates JOIN runs USING (run_id)
"""

RATES_OF_RUN: LiteralString = f"SELECT {RATE_COLUMNS} WHERE run_id = %s ORDER BY metric, category = 'all', category"
RATES_OF_RUNS: LiteralString = f"""
SELECT {RATE_COLUMNS} WHERE runs.run_id = ANY(%(runs)s) ORDER BY runs.run_id, metric, category = 'all', category
"""


def write(connection: Connection, run_id: str) -> None:
    """Computes the run's rates from its sums and keeps them; to be called under the run's lock.

    Per metric these are the categories, then `all`; there are none of an unknown run.
    """
    facts = _facts(connection, run_id)
    if facts is None:
        return
    rates = leak_rates(facts, sums.by_category(connection, run_id))
    connection.execute(CLEAR_RATES, (run_id,))
    with connection.cursor().copy(COPY_RATES) as copy:
        for rate in rates:
            copy.write_row(_row(rate))


def of_run(connection: Connection, run_id: str) -> list[LeakRate]:
    """The run's rates as they were written last, in the order of `write`."""
    return [rate_of(row) for row in as_dicts(connection, RATES_OF_RUN, (run_id,))]


def of_runs(connection: Connection, run_ids: Sequence[str]) -> dict[str, list[LeakRate]]:
    """By run its rates, as `of_run` gives them."""
    found: defaultdict[str, list[LeakRate]] = defaultdict(list)
    for row in as_dicts(connection, RATES_OF_RUNS, {"runs": list(run_ids)}):
        found[row["run_id"]].append(rate_of(row))
    return found


def of_pools(connection: Connection, run_id: str, pools: Sequence[Sequence[str]]) -> list[LeakRate]:
    """Rates of categories pooled, from the run's sums; they are named "1+2".

    Raises InputError for a pool with a category that the run does not have.
    """
    facts = _facts(connection, run_id)
    if facts is None or not pools:
        return []
    names = {POOL_SEPARATOR.join(pool) for pool in pools}
    found = leak_rates(facts, sums.by_category(connection, run_id), pools)
    return [rate for rate in found if rate.category in names]


def by_concept(connection: Connection, run_id: str) -> list[LeakRate]:
    """The run's rates per metric and concept, which stands where the category stands, from its sums."""
    facts = _facts(connection, run_id)
    return [] if facts is None else leak_rates_by_concept(facts, sums.by_concept(connection, run_id))


def reaches_of(connection: Connection, run: RunSummary, found: Sequence[LeakRate]) -> list[Reach | None]:
    """What the interval of each of the run's rates speaks of; they are of categories, pools or `all`."""
    if run.probe != DEFAULT_PROBE or run.cluster == "sample":
        return [None] * len(found)
    return reaches(found, sums.concepts_by_cluster(connection, run.run_id))


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


def rate_of(row: Mapping[str, Any]) -> LeakRate:
    """The rate in a row of RATE_COLUMNS."""
    names = {name: value for name, value in row.items() if name not in ("provenances", "measures", "above_placebo")}
    above = row["above_placebo"]
    return LeakRate(
        **names,
        provenance=common_provenance(row["provenances"]),
        measures={name: Estimate(**estimate) for name, estimate in sorted(row["measures"].items())},
        above_placebo=None if above is None else Estimate(**above),
    )


def _row(rate: LeakRate) -> tuple[object, ...]:
    return (
        *(rate.run_id, rate.metric, rate.category, rate.rate, rate.low, rate.high, rate.comparisons, rate.clusters),
        *(rate.ties, rate.echoes, rate.missing, rate.mixed, as_json(rate.measures), as_json(rate.kappa)),
        *(rate.against, None if rate.above_placebo is None else as_json(vars(rate.above_placebo))),
    )


def _facts(connection: Connection, run_id: str) -> RunFacts | None:
    rows = as_dicts(connection, ONE_RUN, (run_id,))
    if not rows:
        return None
    shared = sums.shared_categories(connection, run_id)
    names = ("run_id", "suite", "target", "probe", "expected_comparisons", "provenances")
    return RunFacts(**{name: rows[0][name] for name in names}, shared=shared)
