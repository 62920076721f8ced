"""How many samples and jobs a comparison of two runs needs to find a change of a given size."""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import nctdtr, ndtr, stdtrit

from results.statistics.level import LEVEL
from results.statistics.noise import Noise, changed_noise
from results.statistics.paired import p_below
from seep.shares import rounded

JOB_AUTOCORRELATION = 0.8
"""How much of what makes a job, or a test, special in one run makes it so in the next; the rest does not cancel between
two runs, however many samples are drawn. Usual where it is not known: Hooper and Bourke 2015."""
FEWEST_JOBS = 6
"""With fewer, no sign flip of all jobs has a two-sided probability below 5 %."""
CERTAIN = 30.0
"""Standard errors beyond which an effect is always found; scipy's noncentral t is no number for some from 36 on."""


@dataclass(frozen=True)
class Power:
    """How probably a change is found that goes up, and one that goes down, in [0, 1]; None where the rate would pass 0
    or 100 %, but not both. Towards these scores vary less, and changes show better."""

    up: float | None
    down: float | None

    @property
    def least(self) -> float:
        """The smaller one, which is promised whatever the direction."""
        return min(power for power in (self.up, self.down) if power is not None)


@dataclass(frozen=True)
class PowerAnalysis:
    """What finding the change takes in either direction, each as it would have to be alone: `samples` per prompt with
    these jobs, None where no number of samples is enough, or `jobs` of the same kind with the suite's own samples.

    `power` (p < 0.05) and `drift` (the verdict) are those of the suite as it is; `most_power`, in [0, 1], bounds the
    smaller power for ever more samples.
    """

    samples: int | None
    jobs: int
    power: Power
    drift: Power
    most_power: float


def standard_error(tests_per_job: Sequence[int], samples: float, before: Noise, after: Noise) -> float:
    """Standard error of the difference of two runs' rates, paired by job.

    Source: the variance of a design that asks the same clusters and members again, Feldman and McKinlay 1994, with the
    jobs' own sizes and each run's own variance: what persists of jobs and tests, less what the runs have in common of
    it, and what is drawn again for each sample.
    """
    sizes = np.array(tests_per_job)
    both = before.variance + after.variance
    in_common = 2 * JOB_AUTOCORRELATION * math.sqrt(before.variance * after.variance)
    persisting = (before.job + before.test / sizes) * (both - in_common)
    redrawn = (before.control + before.alone / sizes) / samples * both
    return math.sqrt(float(np.sum(sizes**2 * (persisting + redrawn)))) / int(sizes.sum())


def power(error: float, jobs: int, effect: float, level: float = LEVEL, step: float = 0.0) -> float:
    """Probability that a change of `effect` has p < `level`, by the noncentral t with jobs - 1 degrees of freedom.

    `effect` and its standard error `error` are in [0, 1]. Signs flipped, the difference changes by multiples of `step`,
    and p counts what is just as far from 0: half a step of the effect is lost (Yates 1934, the continuity correction).
    """
    reached, seen = _reached(jobs, level), effect - step / 2
    if reached == 0 or seen <= 0:
        return 0.0
    if seen > CERTAIN * error:
        return 1.0
    return float(1 - nctdtr(jobs - 1, seen / error, stdtrit(jobs - 1, 1 - reached / 2)))


def drift_power(error: float, jobs: int, effect: float, cells: int, delta: float, step: float = 0.0) -> float:
    """Probability that a change of `effect` is called drift: p adjusted over `cells` below 5 %, and `delta` measured.

    As if it were alone: the smallest of many p-values is adjusted by their number. A larger effect has a smaller p, so
    that the rarer of both decides. `step` as in `power`.
    """
    measured = float(effect >= delta) if error == 0 else float(ndtr((effect - delta) / error))
    return min(measured, power(error, jobs, effect, LEVEL / cells, step))


def analyse_power(
    tests_per_job: Sequence[int],
    samples: int,
    noise: Noise,
    effect: float,
    wanted: float,
    cells: int = 1,
    delta: float = 0.0,
) -> PowerAnalysis:
    """What it takes to find `effect`, in (0, 1], with probability `wanted`; `samples` are the suite's own.

    `tests_per_job` has an entry for each job with a test in the category: how many. So many `cells` are tested
    together, and `delta` is the smallest change that matters, in [0, 1]. Raises ValueError where the rate can change by
    so much in neither direction.
    """
    jobs = len(tests_per_job)
    upwards, downwards = changed_noise(noise, effect), changed_noise(noise, -effect)
    if upwards is None and downwards is None:
        raise ValueError(f"a rate of {rounded(100 * noise.rate, 0)} % cannot change by {100 * effect:g} points")

    # One sample more that leaks, in one run instead of the other; ties, which make steps smaller, are not counted on.
    step = 2 / sum(tests_per_job)

    def either(power_with: Callable[[Noise], float]) -> Power:
        return Power(*(None if after is None else power_with(after) for after in (upwards, downwards)))

    def error(after: Noise, count: float = samples) -> float:
        return standard_error(tests_per_job, count, noise, after)

    def with_samples(count: float) -> Power:
        return either(lambda after: power(error(after, count), jobs, effect, step=step / count))

    def with_jobs(count: int) -> Power:
        return either(
            lambda after: power(
                error(after) * math.sqrt(jobs / count), count, effect, step=step / samples * jobs / count
            )
        )

    most_power = with_samples(math.inf).least
    return PowerAnalysis(
        samples=_fewest(1, lambda count: with_samples(count).least >= wanted) if most_power > wanted else None,
        jobs=_fewest(FEWEST_JOBS, lambda count: with_jobs(count).least >= wanted),
        power=with_samples(samples),
        drift=either(lambda after: drift_power(error(after), jobs, effect, cells, delta, step / samples)),
        most_power=most_power,
    )


def _reached(jobs: int, level: float) -> float:
    """The largest p below `level` that flips of so many jobs' signs can have; 0 where there is none."""
    return p_below(level, 2.0 ** min(jobs - 1, 1000))


def _fewest(start: int, enough: Callable[[int], bool]) -> int:
    """The smallest count from `start` on that is enough, where all larger ones are enough too."""
    top = start
    while not enough(top):
        top *= 2
    return bisect_left(range(top), True, lo=start, key=enough)
