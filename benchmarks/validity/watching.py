"""A year of a monitor that runs every day: how often it alarms although nothing changed, and how soon once it did.

The colour set's jobs, under two metrics that agree; the rates of jobs differ, comparisons of one job and sample, which
share a control, correlate, and all jobs of a run share an effect of the day. The baseline's runs are drawn like the
others: it is as noisy as they are. The alarm is as it is: with the profile, and only where the last five runs differ by
three points.
"""

import argparse
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.validity.alarms import MONITORS_IN_MEMORY, Stream, alarms

Floats = NDArray[np.float64]

RATE, BETWEEN_JOBS, WITHIN_SAMPLE = 0.7, 0.1, 0.1
SAMPLES = 5
DAYS = 365
TESTS = np.array([33] * 20 + [15, 11, 10, 10, 1, 1, 1])
CATEGORIES = (slice(0, 10), slice(10, 20), slice(20, 27))
ALL = slice(0, 27)
CHANGE = 0.1
FOLLOWED = 60  # days after a change
RUN_EFFECTS = (0.0, 0.01, 0.02, 0.03)  # standard deviations of what all jobs of a run have in common
BASELINES = (1, 3, 7)


def job_rates(draw: np.random.Generator) -> Floats:
    """The jobs' own rates."""
    concentration = 1 / BETWEEN_JOBS - 1
    return draw.beta(RATE * concentration, (1 - RATE) * concentration, size=len(TESTS))


def runs(count: int, rates: Floats, run_effect: float, draw: np.random.Generator) -> Floats:
    """Sums of leak scores [count, jobs] of so many runs."""
    concentration = 1 / WITHIN_SAMPLE - 1
    of_runs = rates + run_effect * draw.standard_normal((count, 1))
    mean = np.clip(of_runs, 0.001, 0.999)[:, :, None]
    shape = (count, len(TESTS), SAMPLES)
    of_samples = draw.beta(mean * concentration * np.ones(shape), (1 - mean) * concentration * np.ones(shape))
    return np.asarray(draw.binomial(TESTS[None, :, None], of_samples).sum(axis=2), dtype=np.float64)


def stream_of(jobs: Floats) -> Stream:
    """What the tests see of sums of leak scores [monitors, runs, jobs]; in points."""
    points = 100 * jobs / SAMPLES
    cells = [points[:, :, cell].sum(axis=2) / TESTS[cell].sum() for cell in (*CATEGORIES, ALL)]
    return Stream(np.stack(cells, axis=2), points, TESTS.astype(float))


def false_alarms(monitors: int, baseline: int, run_effect: float) -> int:
    """Of so many monitors that ran a year without any change: how many ever alarmed?"""
    return int(np.isfinite(_alarmed(monitors, baseline, 0, DAYS, run_effect, None, seed=1)).sum())


def days_to_alarm(monitors: int, baseline: int, quiet: int, run_effect: float, changed: slice = ALL) -> Floats:
    """Runs from a change to the alarm, after so many quiet runs; infinite where FOLLOWED runs were not enough, and
    where it came before the change."""
    days = _alarmed(monitors, baseline, quiet, FOLLOWED, run_effect, changed, seed=2) - quiet
    return np.where(days > 0, days, np.inf)


def _alarmed(
    monitors: int, baseline: int, quiet: int, followed: int, run_effect: float, changed: slice | None, seed: int
) -> Floats:
    """After how many runs behind the baseline each monitor first alarms; after the quiet ones the rate may change."""
    draw = np.random.default_rng(seed)
    found = []
    for start in range(0, monitors, MONITORS_IN_MEMORY):
        streams = [
            _stream(baseline + quiet, followed, run_effect, changed, draw)
            for _ in range(min(MONITORS_IN_MEMORY, monitors - start))
        ]
        found.append(alarms(stream_of(np.array(streams)), baseline, draw).new)
    return np.concatenate(found)


def _stream(before: int, after: int, run_effect: float, changed: slice | None, draw: np.random.Generator) -> Floats:
    rates = job_rates(draw)
    then = rates.copy()
    if changed is not None:
        then[changed] += CHANGE
    return np.concatenate((runs(before, rates, run_effect, draw), runs(after, then, run_effect, draw)))


def main() -> None:
    """Prints what the module says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--monitors", type=int, default=1000)
    monitors = parser.parse_args().monitors
    print("runs in the baseline | points of the run effect | monitors that alarmed in a year without change")
    for baseline, effect in product(BASELINES, RUN_EFFECTS):
        alarmed = false_alarms(monitors, baseline, effect)
        print(f"{baseline} | {100 * effect:g} | {alarmed} of {monitors}", flush=True)
    print("changed by 10 points | baseline | quiet runs | run effect | runs to the alarm: median | 90 % | found")
    for what, changed in {"all": ALL, "category 1": CATEGORIES[0]}.items():
        for baseline, quiet, effect in product(BASELINES, (0, 100), RUN_EFFECTS):
            days = days_to_alarm(monitors // 5, baseline, quiet, effect, changed)
            quantiles = [np.quantile(days, share, method="higher") for share in (0.5, 0.9)]
            names = f"{what} | {baseline} | {quiet} | {100 * effect:g}"
            print(
                f"{names} | {quantiles[0]:g} | {quantiles[1]:g} | {100 * np.mean(np.isfinite(days)):.0f} %", flush=True
            )


if __name__ == "__main__":
    main()
