"""A year of a monitor that runs every day: how often it alarms although nothing changed, and how soon once it did.

The colour set's jobs; the rates of jobs differ, and comparisons of one job and sample, which share a control,
correlate. The baseline's runs are drawn like the others: it is as noisy as they are.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from services.aggregator.statistics.sequential import ALARM, combined, e_values, stream_score

Floats = NDArray[np.float64]

RATE, BETWEEN_JOBS, WITHIN_SAMPLE = 0.7, 0.1, 0.1
SAMPLES = 5
DAYS = 365
TESTS = np.array([33] * 20 + [15, 11, 10, 10, 1, 1, 1])
CATEGORIES = (slice(0, 10), slice(10, 20), slice(20, 27), slice(0, 27))  # the last is all of them
CHANGE = 0.1
FOLLOWED = 60  # days after a change


def job_rates(draw: np.random.Generator) -> Floats:
    """The jobs' own rates."""
    concentration = 1 / BETWEEN_JOBS - 1
    return draw.beta(RATE * concentration, (1 - RATE) * concentration, size=len(TESTS))


def runs(count: int, rates: Floats, draw: np.random.Generator) -> Floats:
    """Measured rates [count, jobs] of so many runs."""
    concentration = 1 / WITHIN_SAMPLE - 1
    mean = np.clip(rates, 0.001, 0.999)[None, :, None]
    shape = (count, len(TESTS), SAMPLES)
    of_samples = draw.beta(mean * concentration * np.ones(shape), (1 - mean) * concentration * np.ones(shape))
    leaking = draw.binomial(TESTS[None, :, None], of_samples).sum(axis=2)
    return np.asarray(leaking / (TESTS * SAMPLES))


def evidence(stream: Floats, baseline: int, draw: np.random.Generator) -> Floats:
    """The monitor's e-value after each run of a stream [runs, jobs] that begins with the baseline's."""
    by_category = []
    for jobs in CATEGORIES:
        places = range(baseline, len(stream))
        scores = [stream_score(stream[place, jobs], stream[:place, jobs], draw) for place in places]
        by_category.append(e_values(scores, baseline))
    return np.array([combined(list(of_run)) for of_run in zip(*by_category, strict=True)])


def false_alarms(monitors: int, baseline: int) -> int:
    """Of so many monitors that ran a year without any change: how many ever alarmed?"""
    draw = np.random.default_rng(1)
    streams = (runs(baseline + DAYS, job_rates(draw), draw) for _ in range(monitors))
    return sum(bool((evidence(stream, baseline, draw) >= ALARM).any()) for stream in streams)


def days_to_alarm(monitors: int, baseline: int, quiet: int) -> Floats:
    """Runs from a change to the alarm, after so many quiet runs; infinite where FOLLOWED runs were not enough."""
    draw = np.random.default_rng(2)
    return np.array([_days_to_alarm(baseline, quiet, draw) for _ in range(monitors)])


def _days_to_alarm(baseline: int, quiet: int, draw: np.random.Generator) -> float:
    rates = job_rates(draw)
    changed = np.clip(rates + CHANGE, 0, 1)
    stream = np.concatenate((runs(baseline + quiet, rates, draw), runs(FOLLOWED, changed, draw)))
    alarms = np.flatnonzero(evidence(stream, baseline, draw)[quiet:] >= ALARM)
    return float(alarms[0] + 1) if len(alarms) else np.inf


def main() -> None:
    """Prints what the module says."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--monitors", type=int, default=1000)
    monitors = parser.parse_args().monitors
    print("runs in the baseline | monitors that alarmed in a year without change")
    for baseline in (1, 3, 7):
        print(f"{baseline} | {false_alarms(monitors, baseline)} of {monitors}", flush=True)
    print("runs in the baseline | quiet runs before +10 points | runs to the alarm: median | 90 % | found in 60 runs")
    for baseline in (1, 3, 7):
        for quiet in (0, 100):
            days = days_to_alarm(monitors // 5, baseline, quiet)
            told = [np.quantile(days, share, method="higher") for share in (0.5, 0.9)]
            found = 100 * np.mean(np.isfinite(days))
            print(f"{baseline} | {quiet} | {told[0]:g} | {told[1]:g} | {found:.0f} %", flush=True)


if __name__ == "__main__":
    main()
