"""Compares a run with a reference, test by test, and says what the difference means."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from seep.errors import InputError
from services.aggregator.rates import ALL
from services.aggregator.states import RunSummary
from services.aggregator.statistics.paired import Effect, paired_effect
from services.aggregator.statistics.verdicts import Verdict, adjusted, verdict

Cell = tuple[str, str]
"""A metric and a category."""

DECODING = "decoding"


@dataclass(frozen=True)
class LeakSum:
    """`total` of the `n` leak scores of one test, over all runs of one side of a comparison."""

    job: str
    cluster: str
    test: str
    metric: str
    category: str
    n: int
    total: float


@dataclass(frozen=True)
class Judgement:
    """What became of one metric and category; effect, interval and `detectable` in points."""

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


def judge(
    run: Iterable[LeakSum], reference: Iterable[LeakSum], categories: Iterable[str], delta: float
) -> list[Judgement]:
    """The run against the reference, per metric of either and category, and for `all` of them together.

    What the reference lacks, or the run, does not pair. P-values are adjusted over everything that is returned.
    """
    ours, theirs = _means(run), _means(reference)
    metrics = sorted({metric for metric, *_ in (*ours, *theirs)})
    found = sorted({category for _, category, *_ in (*ours, *theirs)}.union(categories))
    by_cluster = _cluster_differences(ours, theirs)
    cells = [(metric, category) for metric in metrics for category in (*found, ALL)]
    effects = [paired_effect(list(by_cluster.get(cell, {}).values())) for cell in cells]
    adjusted_ps = adjusted([effect.p for effect in effects])
    return [
        _judgement(cell, effect, adjusted_p, delta)
        for cell, effect, adjusted_p in zip(cells, effects, adjusted_ps, strict=True)
    ]


def differences(run: RunSummary, reference: RunSummary) -> dict[str, tuple[str, str]]:
    """What the two runs differ in, by name: the reference's and the run's; sample counts included."""
    ours, theirs = _facts(run), _facts(reference)
    names = sorted(ours.keys() | theirs.keys())
    return {
        name: (theirs.get(name, ""), ours.get(name, "")) for name in names if ours.get(name, "") != theirs.get(name, "")
    }


def refuse_unjudgeable(run: RunSummary) -> None:
    """Raises InputError for a run that is still running or whose jobs differ in how they were made."""
    if run.state == "running":
        raise InputError(f"run {run.run}: it is still running; `seep watch {run.run}` waits for its end")
    if run.mixed:
        raise InputError(f"run {run.run}: its jobs differ in model, engine, decoding or scorer; it is never judged")


def incomparable(run: RunSummary, reference: RunSummary) -> list[str]:
    """What must be the same for two runs to be compared, and is not."""
    return [name for name in ("suite_hash", DECODING) if name in differences(run, reference)]


def _facts(run: RunSummary) -> dict[str, str]:
    samples = "" if run.samples is None else str(run.samples)
    named = {"target": run.target, "suite": run.suite, "suite_version": run.suite_version, "samples": samples}
    return {**run.provenance, **named, "suite_hash": run.suite_hash}


def _means(sums: Iterable[LeakSum]) -> dict[tuple[str, str, str, str], float]:
    """Mean leak score by metric, category, cluster and test."""
    return {(row.metric, row.category, row.cluster, row.test): row.total / row.n for row in sums if row.n}


def _cluster_differences(
    ours: Mapping[tuple[str, str, str, str], float], theirs: Mapping[tuple[str, str, str, str], float]
) -> Mapping[Cell, Mapping[str, tuple[float, int]]]:
    """By cell, then by cluster: sum and number of the differences of tests that both sides have."""
    clusters: defaultdict[Cell, dict[str, tuple[float, int]]] = defaultdict(dict)
    for key in sorted(ours.keys() & theirs.keys()):
        metric, category, cluster, _ = key
        for cell in ((metric, category), (metric, ALL)):
            total, n = clusters[cell].get(cluster, (0.0, 0))
            clusters[cell][cluster] = (total + ours[key] - theirs[key], n + 1)
    return clusters


def _judgement(cell: Cell, effect: Effect, adjusted_p: float | None, delta: float) -> Judgement:
    return Judgement(
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
