"""Whether a monitor's evidence may raise an alarm: how far its runs are from the baseline, and how like each other.

The test assumes that the runs are exchangeable. Days that resemble the day before, or a baseline that was sent in one
go, break that, and then evidence comes without a change. But it comes for small differences alone: so an alarm also
needs a difference that somebody would care about.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from results.comparison import Cell, LeakSum, share_comparisons
from results.drift_test import OVERALL, PROFILE
from results.statistics.sequential import lag_one_autocorrelation
from results.statistics.verdicts import is_within

LAST_RUNS = 5
"""So many runs, or as many as were tested, must differ from the baseline together."""
NOT_YET_QUIET = 10
"""The newest runs, which may have changed already, do not count as quiet: an alarm takes no longer as a rule."""
FEWEST_QUIET = 14
HIGH = 0.4
"""Above this autocorrelation of the quiet runs an alarm may be a slow wave."""

BEYOND_CHANCE = 3.0
"""So many standard errors of the jobs' squared differences are no difference of profiles."""

Test = tuple[str, str, str, str]
Means = dict[Test, float]
"""Mean leak score by metric, category, job and test."""
Floats = NDArray[np.float64]


def differences(last: Sequence[Iterable[LeakSum]], baseline: Sequence[Iterable[LeakSum]]) -> dict[Cell, float]:
    """How many points the last runs are above the baseline's in each cell, over the tests that both have.

    The profile's is the root mean square of the jobs' differences, less what their runs' own spread makes of it: as
    large as the others where all jobs change alike, and 0 where chance explains it.
    """
    ours, theirs = [list(map(_means, side)) for side in (last, baseline)]
    by_cell: defaultdict[Cell, list[float]] = defaultdict(list)
    for test, apart in _apart(_mean(ours), _mean(theirs)).items():
        for cell in (test[:2], OVERALL):
            by_cell[cell].append(apart)
    found = {cell: 100 * float(np.mean(of_tests)) for cell, of_tests in by_cell.items()}
    return found | {PROFILE: 100 * _profile_difference(ours, theirs)}


def difference(run: Iterable[LeakSum], baseline: Sequence[Iterable[LeakSum]]) -> float | None:
    """How many points one run is above the baseline's over all tests; None if they have no test in common, or count
    comparisons in several categories, of which all together say nothing."""
    rows = list(run)
    apart = _apart(_means(rows), _mean([_means(sums) for sums in baseline]))
    return None if not apart or share_comparisons(rows) else 100 * float(np.mean(list(apart.values())))


def differ(
    cells: Iterable[Cell],
    last: Sequence[Iterable[LeakSum]],
    baseline: Sequence[Iterable[LeakSum]],
    points: float,
) -> bool:
    """Whether the last runs are at least so many points from the baseline's in any of these cells."""
    apart = differences(last, baseline)
    return any(is_within(points, abs(apart.get(cell, 0.0))) for cell in cells)


def quiet_autocorrelation(from_baseline: Sequence[float]) -> float | None:
    """The lag-1 autocorrelation of a stream before any alarm, whose runs' differences are given in order; None while
    they are too few to tell."""
    quiet = from_baseline[:-NOT_YET_QUIET]
    return lag_one_autocorrelation(quiet) if len(quiet) >= FEWEST_QUIET else None


def _profile_difference(ours: Sequence[Means], theirs: Sequence[Means]) -> float:
    jobs = {(category, job) for means in (*ours, *theirs) for _, category, job, _ in means}
    places = {job: place for place, job in enumerate(sorted(jobs))}
    (last, sizes), (before, _) = _by_job(ours, places), _by_job(theirs, places)
    both = ~(np.isnan(last).all(axis=0) | np.isnan(before).all(axis=0))
    if not both.any():
        return 0.0
    last, before, sizes = last[:, both], before[:, both], sizes[both]
    by_chance = _expected_squares(last, before)
    squares = (np.nanmean(last, axis=0) - np.nanmean(before, axis=0)) ** 2 - by_chance
    found = float(np.average(squares, weights=sizes))
    error = float(np.sqrt(2 * np.sum((sizes * by_chance) ** 2))) / float(sizes.sum())
    return float(np.sqrt(found)) if found > max(0.0, BEYOND_CHANCE * error) else 0.0


def _by_job(runs: Sequence[Means], places: dict[tuple[str, str], int]) -> tuple[Floats, Floats]:
    """The means of each run's jobs [runs, jobs], NaN where it lacks one, and how many tests a job has at most."""
    totals, sizes = np.zeros((2, len(runs), len(places)))
    for run, means in enumerate(runs):
        for (_, category, job, _), mean in means.items():
            totals[run, places[category, job]] += mean
            sizes[run, places[category, job]] += 1
    return np.divide(totals, sizes, out=np.full_like(totals, np.nan), where=sizes > 0), sizes.max(axis=0)


def _expected_squares(last: Floats, before: Floats) -> Floats:
    """How large the squared difference of each job's means is by its runs' spread alone.

    Each side has its own: runs that lost more answers spread more. A job that a side has once has the other's.
    """
    counts = [np.sum(~np.isnan(runs), axis=0) for runs in (last, before)]
    squares = [np.nansum((runs - np.nanmean(runs, axis=0)) ** 2, axis=0) for runs in (last, before)]
    pooled = (squares[0] + squares[1]) / np.maximum(1, counts[0] + counts[1] - 2)
    spreads = [np.where(n > 1, side / np.maximum(1, n - 1), pooled) for side, n in zip(squares, counts, strict=True)]
    return np.asarray(spreads[0] / counts[0] + spreads[1] / counts[1])


def _apart(ours: Means, theirs: Means) -> Means:
    return {test: ours[test] - theirs[test] for test in ours.keys() & theirs.keys()}


def _mean(runs: Sequence[Means]) -> Means:
    """The mean of several runs, of those that have a test."""
    totals, counts = defaultdict[Test, float](float), defaultdict[Test, int](int)
    for means in runs:
        for test, mean in means.items():
            totals[test] += mean
            counts[test] += 1
    return {test: total / counts[test] for test, total in totals.items()}


def _means(sums: Iterable[LeakSum]) -> Means:
    """One run's, whatever its clusters are."""
    totals, counts = defaultdict[Test, float](float), defaultdict[Test, int](int)
    for row in sums:
        test = row.metric, row.category, row.job_id, row.test
        totals[test] += row.total
        counts[test] += row.n
    return {test: total / counts[test] for test, total in totals.items()}
