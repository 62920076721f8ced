"""Compares a run with a reference, test by test, and says what the difference means."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from results.rates import ALL
from results.runs import FINISHED, RunSummary
from results.statistics.paired import Cluster, Effect, paired_effect
from results.statistics.verdicts import Verdict, adjusted, verdict
from seep.errors import InputError

Cell = tuple[str, str]
"""A metric and a category."""
Scores = Mapping[tuple[str, str, str, str], float]
"""Mean leak score by metric, category, cluster and test."""

DECODING = "decoding"


@dataclass(frozen=True)
class LeakSum:
    """`total` of the `n` leak scores of one test, over all runs of one side of a comparison."""

    job_id: str
    cluster: str
    test: str
    metric: str
    category: str
    n: int
    total: float


@dataclass(frozen=True)
class SampleSum:
    """`total` of the `n` leak scores of one job's tests in one sample, which share a control."""

    job_id: str
    sample: int
    metric: str
    category: str
    n: int
    total: float


@dataclass(frozen=True)
class CellVerdict:
    """The verdict of one metric and category; effect, interval and `detectable` in points."""

    metric: str
    category: str
    effect: float | None
    low: float | None
    high: float | None
    p: float | None
    adjusted_p: float | None
    detectable: float | None
    pairs: int
    clusters: int
    verdict: Verdict


@dataclass(frozen=True)
class RunVerdict:
    """A run's comparison with a baseline: `verdict` is the worst of its cells.

    `compared_at` is Unix time in seconds; it is `stale` if the baseline was set again or removed since then. A run that
    was not compared with the baseline has no cells.
    """

    run_id: str
    baseline: str
    verdict: Verdict | None
    compared_at: float | None
    stale: bool
    cells: list[CellVerdict]


def compare(
    run: Iterable[LeakSum], reference: Sequence[Iterable[LeakSum]], categories: Iterable[str], delta: float
) -> list[CellVerdict]:
    """The run against the mean of the reference's runs, per metric of either and category, and for `all` of them
    together; there is no `all` where a comparison counts in several categories.

    What the reference lacks, or the run, does not pair. P-values are adjusted over everything that is returned
    and in which a difference could be found.
    """
    sides = [list(run), *(list(of_run) for of_run in reference)]
    ours, *theirs = [_means(rows) for rows in sides]
    metrics = sorted({row.metric for rows in sides for row in rows})
    found = sorted({row.category for rows in sides for row in rows}.union(categories))
    listed = found if any(share_comparisons(rows) for rows in sides) else [*found, ALL]
    clusters = _clusters(ours, theirs)
    cells = [(metric, category) for metric in metrics for category in listed]
    effects = [paired_effect(clusters.get(cell, ())) for cell in cells]
    adjusted_ps = adjusted(effects)
    return [
        _cell_verdict(cell, effect, adjusted_p, delta)
        for cell, effect, adjusted_p in zip(cells, effects, adjusted_ps, strict=True)
    ]


def share_comparisons(sums: Iterable[LeakSum]) -> bool:
    """Whether a comparison of the run counts in several categories: over all of them, all runs are then alike."""
    categories: dict[tuple[str, str, str], str] = {}
    return any(categories.setdefault((row.job_id, row.cluster, row.test), row.category) != row.category for row in sums)


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
    return [name for name in ("suite_hash", DECODING) if name in known_differences(run, reference)]


def _facts(run: RunSummary) -> dict[str, str]:
    samples = "" if run.samples is None else str(run.samples)
    named = {"target": run.target, "suite": run.suite, "suite_version": run.suite_version, "samples": samples}
    return {**run.provenance, **named, "suite_hash": run.suite_hash}


def _means(sums: Iterable[LeakSum]) -> Scores:
    found = {(row.metric, row.category, row.cluster, row.test): row.total / row.n for row in sums if row.n}
    # Over all categories a test pairs with itself in whichever it was.
    return found | {(metric, ALL, cluster, test): mean for (metric, _, cluster, test), mean in found.items()}


def _clusters(ours: Scores, theirs: Sequence[Scores]) -> Mapping[Cell, list[Cluster]]:
    """By cell: the clusters that the run and at least one run of the reference have, with the tests that all these
    have."""
    tests: defaultdict[tuple[Cell, str], list[tuple[str, str, str, str]]] = defaultdict(list)
    for key in sorted(ours):
        metric, category, cluster, _ = key
        tests[(metric, category), cluster].append(key)
    clusters: defaultdict[Cell, list[Cluster]] = defaultdict(list)
    for (cell, _), keys in tests.items():
        having = [scores for scores in theirs if any(key in scores for key in keys)]
        paired = [key for key in keys if all(key in scores for scores in having)]
        if having and paired:
            clusters[cell].append(Cluster.from_scores([[scores[key] for key in paired] for scores in (ours, *having)]))
    return clusters


def _cell_verdict(cell: Cell, effect: Effect, adjusted_p: float | None, delta: float) -> CellVerdict:
    return CellVerdict(
        metric=cell[0],
        category=cell[1],
        effect=effect.effect,
        low=effect.low,
        high=effect.high,
        p=effect.p,
        adjusted_p=adjusted_p,
        detectable=effect.detectable,
        pairs=effect.pairs,
        clusters=effect.clusters,
        verdict=verdict(effect, adjusted_p, delta),
    )
