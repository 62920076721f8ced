"""Compares a run with a reference, test by test, and says what the difference means."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, cast

from results.rates import ALL
from results.runs import FINISHED, RunSummary
from results.sample_exchange import sample_differences
from results.statistics.family import Differences, Known, adjusted_ps, sample_ps
from results.statistics.paired import Cluster, paired_effect
from results.statistics.verdicts import Verdict, verdict, worst
from results.sums import SampleSums
from seep.errors import InputError
from seep.provenance import AGAINST
from seep.settings.metrics import MEAN
from seep.shares import rounded

Cell = tuple[str, str]
"""A metric and a category."""
Scores = Mapping[Cell, Mapping[str, Mapping[str, float]]]
"""Mean leak score by metric and category, then by cluster, then by test."""

Exchanged = Literal["jobs", "samples"]
"""What changes places between the runs. Jobs: does the run leak otherwise than the other, over prompts like these?
Samples: has anything changed at all, on these prompts?"""

DECODING = "decoding"
# In percent. So many could hide as large a change as is called drift.
MOST_MISSING = 5.0


class LeakSum(NamedTuple):
    """`total` of the `n` leak scores of one test, over all runs of one side of a comparison.

    A tuple, because there are thousands: to make a frozen dataclass of a row takes five times as long.
    """

    job_id: str
    cluster: str
    test: str
    metric: str
    category: str
    n: int
    total: float


@dataclass(frozen=True)
class CellVerdict:
    """The verdict of one metric and category; effect, interval, `within` and `detectable` in points.

    `adjusted_p` is adjusted over the metric's categories, and `all` of them; `exchanged` says which null it is of. The
    effect is smaller than `within`, with 5 % to be wrong.
    """

    metric: str
    category: str
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    adjusted_p: float | None
    exchanged: Exchanged
    within: float | None
    detectable: float | None
    pairs: int
    clusters: int
    verdict: Verdict


@dataclass(frozen=True)
class RunVerdict:
    """A run's comparison with a baseline: `verdict` is what its cells decide, or inconclusive for a `reason`.

    The rates are `against` "neutral" or "control", as a rate says. `compared_at` is Unix time in seconds; it is `stale`
    if the baseline was set again or removed since then. A run that was not compared with the baseline has no cells.
    """

    run_id: str
    baseline: str
    verdict: Verdict | None
    compared_at: float | None
    stale: bool
    cells: list[CellVerdict]
    reason: str | None = None
    against: str = ""


def compare(
    run: Iterable[LeakSum],
    reference: Sequence[Iterable[LeakSum]],
    categories: Iterable[str],
    delta: float,
    samples: Sequence[Sequence[SampleSums]] | None = None,
) -> list[CellVerdict]:
    """The run against the mean of the reference's runs, per metric of either and category, and for `all` of them
    together; there is no `all` where a comparison counts in several categories.

    What the reference lacks, or the run, does not pair. Where the sides have several metrics in common, `mean` is one
    more: `decide` goes by it. `samples`, the run's and those of each run of the reference, are given where they may
    change places: p is then of these, not of jobs.
    """
    sides = [list(run), *(list(of_run) for of_run in reference)]
    metrics = sorted({row.metric for rows in sides for row in rows})
    common = [metric for metric in metrics if all(any(row.metric == metric for row in rows) for rows in sides)]
    ours, *theirs = [_means(rows, common) for rows in sides]
    found = sorted({row.category for rows in sides for row in rows}.union(categories))
    listed = found if any(share_comparisons(rows) for rows in sides) else [*found, ALL]
    clusters = _clusters(ours, theirs)
    sampled = None if samples is None else sample_differences(clusters, _in_one_order(samples), common)
    known: Known = {}
    return [
        cell
        for metric in [*metrics, *([MEAN] if len(common) > 1 else [])]
        for cell in _cell_verdicts([(metric, category) for category in listed], clusters, sampled, known, delta)
    ]


def _in_one_order(samples: Sequence[Sequence[SampleSums]]) -> Sequence[Sequence[SampleSums]]:
    """Of two runs always the same one first: which is compared with which cannot change a random exchange, and p."""
    if len(samples) != 2:
        return samples
    return sorted(samples, key=lambda rows: sorted((row.job_id, tuple(row.totals)) for row in rows))


def decide(cells: Sequence[CellVerdict]) -> Verdict:
    """The verdict of a comparison: drift where any cell drifts; ok where all categories together are.

    The cells are those of the metrics' mean, where there is one. A category that nothing was measured of leaves it
    open, and where there is no `all`, each category must be ok.
    """
    deciding = [cell for cell in cells if cell.metric == MEAN] or cells
    of_all = worst(cell.verdict for cell in deciding)
    if of_all in ("drift", "not measured"):
        return of_all
    overall = [cell for cell in deciding if cell.category == ALL] or deciding
    return worst(cell.verdict for cell in overall)


def decide_with(cells: Sequence[CellVerdict], reason: str | None) -> Verdict:
    """The verdict of a comparison of which a `reason`, where there is one, leaves open what was measured."""
    verdict = decide(cells)
    return "inconclusive" if reason and verdict != "not measured" else verdict


def too_much_missing(summaries: Iterable[RunSummary]) -> str | None:
    """Why what is known of these runs is too little for a verdict; None where it is not.

    What is missing need not be like what pairs: a filter, for instance, takes away just the answers that leak.
    """
    for summary in summaries:
        share = 100 * summary.missing / summary.comparisons if summary.comparisons else 0.0
        if share > MOST_MISSING:
            return f"{rounded(share, 1)} % of the comparisons of run {summary.run_id} are missing"
    return None


def share_comparisons(sums: Iterable[LeakSum]) -> bool:
    """Whether a comparison of the run counts in several categories: over all of them, all runs are then alike."""
    categories: dict[tuple[str, str, str], str] = {}
    return any(categories.setdefault(row[:3], row.category) != row.category for row in sums)


def differences(run: RunSummary, reference: RunSummary) -> dict[str, tuple[str, str]]:
    """What the two runs differ in, by name: the reference's and the run's; sample counts included."""
    ours, theirs = _facts(run), _facts(reference)
    names = sorted(ours.keys() | theirs.keys())
    return {
        name: (theirs.get(name, ""), ours.get(name, "")) for name in names if ours.get(name, "") != theirs.get(name, "")
    }


def known_differences(run: RunSummary, reference: RunSummary) -> dict[str, tuple[str, str]]:
    """The same, without what is unknown: a run without jobs does not say how it was made."""
    if run.provenance and reference.provenance:
        return differences(run, reference)
    return differences(replace(run, provenance={}), replace(reference, provenance={}))


def refuse_incomparable(run: RunSummary) -> None:
    """Raises InputError for a run that is not finished or whose jobs differ in how they were made."""
    if run.state == "running":
        raise InputError(f"run {run.run_id}: it is still running; `seep watch {run.run_id}` waits for its end")
    if run.state not in FINISHED:
        raise InputError(
            f"run {run.run_id}: it stalls with jobs left, and may go on; `seep cancel {run.run_id}` ends it"
        )
    if run.mixed:
        raise InputError(
            f"run {run.run_id}: its jobs differ in model, engine, decoding or scorer; it is never compared"
        )


def incomparable(run: RunSummary, reference: RunSummary) -> list[str]:
    """What must be the same for two runs to be compared, and is not."""
    return [name for name in ("suite_hash", DECODING, AGAINST) if name in known_differences(run, reference)]


def _facts(run: RunSummary) -> dict[str, str]:
    samples = "" if run.samples is None else str(run.samples)
    named = {"target": run.target, "suite": run.suite, "suite_version": run.suite_version, "samples": samples}
    return {**run.provenance, **named, "suite_hash": run.suite_hash}


def _means(sums: Iterable[LeakSum], common: Sequence[str]) -> Scores:
    found: defaultdict[Cell, defaultdict[str, dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for _, cluster, test, metric, category, n, total in sums:
        if n:
            # Over all categories a test pairs with itself in whichever it was.
            found[metric, category][cluster][test] = found[metric, ALL][cluster][test] = total / n
    if len(common) > 1:
        for category in [category for metric, category in found if metric == common[0]]:
            of_metrics = [found[metric, category] for metric in common if (metric, category) in found]
            if len(of_metrics) == len(common):
                found[MEAN, category] = _mean_of_metrics(of_metrics)
    return found


def _mean_of_metrics(of_metrics: Sequence[Mapping[str, Mapping[str, float]]]) -> defaultdict[str, dict[str, float]]:
    """By cluster and test the mean over metrics, of the tests that all metrics have."""
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for cluster, tests in of_metrics[0].items():
        of_cluster = [map(each.get(cluster, {}).get, tests) for each in of_metrics]
        for test, *scores in zip(tests, *of_cluster, strict=True):
            if None not in scores:
                found[cluster][test] = math.fsum(scores) / len(scores)
    return found


def _clusters(ours: Scores, theirs: Sequence[Scores]) -> Mapping[Cell, Mapping[str, Cluster]]:
    """By cell and name: the clusters that the run and at least one run of the reference have, with the tests that all
    these have."""
    clusters: defaultdict[Cell, dict[str, Cluster]] = defaultdict(dict)
    for cell, of_cell in ours.items():
        of_runs = [scores.get(cell, {}) for scores in theirs]
        for name in sorted(of_cell):
            paired = _paired(of_cell[name], [of_run.get(name, {}) for of_run in of_runs])
            if len(paired) > 1:
                clusters[cell][name] = Cluster.from_scores(paired)
    return clusters


def _paired(run: Mapping[str, float], reference: Sequence[Mapping[str, float]]) -> Sequence[Sequence[float]]:
    """The scores of the run's tests, in the run and in those of the reference that have any, of those that all these
    have."""
    of_runs = [list(map(of_run.get, run)) for of_run in reference]
    having: list[Sequence[float | None]] = [list(run.values())]
    having += [of_run for of_run in of_runs if of_run.count(None) < len(run)]
    if not any(None in of_run for of_run in having):  # as nearly all are
        return cast(list[Sequence[float]], having)
    return list(zip(*(row for row in zip(*having, strict=True) if None not in row), strict=True))


def _cell_verdicts(
    cells: Sequence[Cell],
    clusters: Mapping[Cell, Mapping[str, Cluster]],
    sampled: Mapping[Cell, Differences] | None,
    known: Known,
    delta: float,
) -> Iterator[CellVerdict]:
    """Of one metric, by category."""
    ps: Sequence[tuple[float | None, float]]
    if sampled is None:
        of_jobs = [{name: each.differences for name, each in clusters.get(cell, {}).items()} for cell in cells]
        ps = [(None, p) for p in adjusted_ps(of_jobs)]
    else:
        ps = sample_ps([sampled.get(cell, {}) for cell in cells], known)
    for cell, (p, of_all) in zip(cells, ps, strict=True):
        effect = paired_effect(list(clusters.get(cell, {}).values()), p)
        # Adjusted by fewer exchanges than p is counted over: chance alone could put it below.
        adjusted = max(of_all, effect.p or 0.0)
        yield CellVerdict(
            *cell,
            effect=effect.effect,
            low=effect.low,
            high=effect.high,
            p=effect.p,
            adjusted_p=None if effect.p is None else adjusted,
            exchanged="jobs" if sampled is None else "samples",
            within=effect.within,
            detectable=effect.detectable,
            pairs=effect.pairs,
            clusters=effect.clusters,
            verdict=verdict(effect, adjusted, delta),
        )
