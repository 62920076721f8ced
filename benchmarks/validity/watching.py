"""A year of a monitor that runs every day: how often it alarms although nothing changed, and how soon once it did.

The colour set's jobs, under two metrics that agree; the rates of jobs differ, comparisons of one job and sample, which
share a control, correlate, and all jobs of a run share an effect of the day. The baseline's runs are drawn like the
others: it is as noisy as they are.
"""

import argparse
from itertools import product

import numpy as np
from numpy.typing import NDArray

from results.statistics.sequential import (
    ALARM,
    add_rank,
    conformal_p,
    conformity_scores,
    no_evidence,
    shares_of_level,
    slot_of_newest,
)

Floats = NDArray[np.float64]

RATE, BETWEEN_JOBS, WITHIN_SAMPLE = 0.7, 0.1, 0.1
SAMPLES, METRICS = 5, 2
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


def evidence(stream: Floats, baseline: int, draw: np.random.Generator) -> Floats:
    """The monitor's e-value after each run of a stream [runs, jobs] that begins with the baseline's."""
    each, of_all, _ = shares_of_level(METRICS * len(CATEGORIES), overall=True, profile=False)
    ties, kept = draw.uniform(size=(2, len(stream)))
    weighted = [share * _of_cell(stream[:, jobs], baseline, ties, kept) for jobs, share in _cells(each, of_all)]
    return np.asarray(np.max(weighted, axis=0))


def _cells(each: float, of_all: float) -> list[tuple[slice, float]]:
    return [(ALL, of_all), *((category, each) for category in CATEGORIES)]


def _of_cell(jobs: Floats, baseline: int, ties: Floats, kept: Floats) -> Floats:
    # No job is missing: then which runs are kept changes all scores alike, and no rank.
    scores = conformity_scores(jobs)
    test, references, found = no_evidence(baseline), list[int](), []
    for run in range(len(jobs)):
        if run >= baseline:
            test = add_rank(test, conformal_p(scores[[*references, run]], ties[run]))
            found.append(float(test.e_values))
        slot = slot_of_newest(run, kept[run])
        if slot is not None:
            references[slot : slot + 1] = [run]
    return np.array(found)


def false_alarms(monitors: int, baseline: int, run_effect: float) -> int:
    """Of so many monitors that ran a year without any change: how many ever alarmed?"""
    draw = np.random.default_rng(1)
    streams = (runs(baseline + DAYS, job_rates(draw), run_effect, draw) for _ in range(monitors))
    return sum(bool((evidence(stream, baseline, draw) >= ALARM).any()) for stream in streams)


def days_to_alarm(monitors: int, baseline: int, quiet: int, run_effect: float, changed: slice = ALL) -> Floats:
    """Runs from a change to the alarm, after so many quiet runs; infinite where FOLLOWED runs were not enough."""
    draw = np.random.default_rng(2)
    return np.array([_days_to_alarm(baseline, quiet, run_effect, changed, draw) for _ in range(monitors)])


def _days_to_alarm(baseline: int, quiet: int, run_effect: float, changed: slice, draw: np.random.Generator) -> float:
    rates = job_rates(draw)
    after = rates.copy()
    after[changed] += CHANGE
    before = runs(baseline + quiet, rates, run_effect, draw)
    stream = np.concatenate((before, runs(FOLLOWED, after, run_effect, draw)))
    alarms = np.flatnonzero(evidence(stream, baseline, draw)[quiet:] >= ALARM)
    return float(alarms[0] + 1) if len(alarms) else np.inf


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
