"""How surely a comparison of two runs of one target finds a change, or says that there is none.

Jobs are drawn with the noise of a run, and the test of exchanged samples (`family.sample_ps`) is done on them with
formulas in the place of exchanges, so that a plan takes seconds.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, ndtr

from results.statistics.degrees_of_freedom import degrees_of_freedom, quantile_of_t
from results.statistics.level import LEVEL
from results.statistics.noise import Noise
from results.statistics.paired import EQUIVALENCE_TAIL, ROUNDING
from results.statistics.power import FEWEST_JOBS
from seep.shares import rounded

Floats = NDArray[np.float64]
Spread = Literal["alike", "jobs", "concepts"]
"""Where a change is. Alike: every comparison has the same chance to change. Jobs, or concepts: as few as can make the
change, in which all comparisons leak no more, or always."""
SPREADS: tuple[Spread, ...] = get_args(Spread)

DRAWS = 500
MOST_SAMPLES = 100
MOST_JOBS = 500
RAREST = 0.025
"""What the rarest of three statistics lies below for a p < 0.05. Two of them are sums of squares, which have most in
common; of two that have nothing in common it is 0.0253."""


@dataclass(frozen=True)
class Design:
    """A category as a suite asks it: of each job the concepts of its tests, and the samples of each prompt."""

    jobs: tuple[tuple[str, ...], ...]
    samples: int

    def with_jobs(self, count: int) -> "Design":
        """So many jobs of the same kind."""
        return replace(self, jobs=tuple(self.jobs[k % len(self.jobs)] for k in range(count)))


@dataclass(frozen=True)
class Found:
    """How probably a change has p < 0.05, and is called drift, each in [0, 1]."""

    p: float
    drift: float


@dataclass(frozen=True)
class Needed:
    """What has the power that is asked: samples of the same jobs, or jobs of the same samples; None beyond reach."""

    samples: int | None
    jobs: int | None


@dataclass(frozen=True)
class ChangePlan:
    """What two runs of one target show, by spread in the direction that shows less; `ok` is how probably an unchanged
    target is called so."""

    found: Mapping[Spread, Found]
    needed: Mapping[Spread, Needed]
    ok: float
    ok_needed: Needed


def plan_change(
    design: Design,
    noise: Noise,
    effect: float,
    wanted: float,
    cells: int,
    delta: float,
    spreads: Sequence[Spread] = SPREADS,
) -> ChangePlan:
    """How surely `effect` is found, and what finds it, or calls an unchanged target ok, with probability `wanted`.

    `effect` and `delta`, the smallest change that matters, are in (0, 1]; p is adjusted over `cells`. Raises ValueError
    where the rate can change by so much in neither direction.
    """
    changes = _possible(noise.rate, effect)

    def of_spread(spread: Spread) -> tuple[Found, Needed]:
        ways = {change: found_of(design, noise, spread, change, cells, delta) for change in changes}
        worse = min(ways, key=lambda change: ways[change].p)
        found = Found(min(way.p for way in ways.values()), min(way.drift for way in ways.values()))
        return found, _needed(design, lambda other: found_of(other, noise, spread, worse, cells, delta).p >= wanted)

    of_spreads = {spread: of_spread(spread) for spread in spreads}
    return ChangePlan(
        {spread: found for spread, (found, _) in of_spreads.items()},
        {spread: needed for spread, (_, needed) in of_spreads.items()},
        ok_of(design, noise, delta),
        _needed(design, lambda other: ok_of(other, noise, delta) >= wanted),
    )


def _possible(rate: float, effect: float) -> list[float]:
    changes = [change for change in (effect, -effect) if 0 <= rate + change <= 1]
    if not changes:
        raise ValueError(f"a rate of {rounded(100 * rate, 0)} % cannot change by {100 * effect:g} points")
    return changes


def found_of(design: Design, noise: Noise, spread: Spread, change: float, cells: int, delta: float) -> Found:
    """How surely a change of the rate, in [-1, 1], is found."""
    drawn = _Drawn(design, noise)
    limit = LEVEL if design.samples == 1 else RAREST
    differences, variances = drawn.changed(spread, change)
    # Samples exchanged, the sum changes by steps; p counts what is just as far, so half a step is lost (Yates 1934).
    rarest = _rarest(differences, variances, design.samples, half_step=1 / design.samples)
    measured = np.abs(differences.sum(axis=1)) >= (delta - ROUNDING) * drawn.sizes.sum()
    return Found(float(np.mean(rarest < limit)), float(np.mean((rarest < limit / cells) & measured)))


def ok_of(design: Design, noise: Noise, delta: float) -> float:
    """How surely an unchanged target is ok: its 90 % interval lies within `delta` on either side."""
    if len(design.jobs) < 2:
        return 0.0
    drawn = _Drawn(design, noise)
    differences, _ = drawn.unchanged
    sizes, jobs = drawn.sizes, len(drawn.sizes)
    effect = differences.sum(axis=1) / sizes.sum()
    apart = ((differences - effect[:, None] * sizes) ** 2).sum(axis=1)
    error = np.sqrt(jobs / (jobs - 1) * apart) / sizes.sum()
    t = quantile_of_t(degrees_of_freedom(tuple(sizes.astype(int).tolist())), 1 - EQUIVALENCE_TAIL)
    return float(np.mean(np.abs(effect) + t * error <= delta))


def _needed(design: Design, enough: Callable[[Design], bool]) -> Needed:
    """The fewest samples, or jobs, from which on there is enough, as far as these are looked at."""
    return Needed(
        _fewest(1, MOST_SAMPLES, lambda count: enough(replace(design, samples=count))),
        _fewest(FEWEST_JOBS, MOST_JOBS, lambda count: enough(design.with_jobs(count))),
    )


def _fewest(start: int, most: int, enough: Callable[[int], bool]) -> int | None:
    top = start
    while not enough(top):
        if top == most:
            return None
        top = min(most, 2 * top)
    return bisect_left(range(top), True, lo=max(start, top // 2), key=enough)


class _Drawn:
    """Jobs of a design drawn many times: rows are draws, columns jobs; differences and variances are of job sums."""

    def __init__(self, design: Design, noise: Noise) -> None:
        self.design = design
        self.noise = noise
        self.sizes = np.array([len(concepts) for concepts in design.jobs], dtype=np.float64)

    @cached_property
    def rates(self) -> Floats:
        """What each job's rate is, in all runs alike."""
        return _rates(self.noise, tuple(self.sizes.tolist()))

    @cached_property
    def unchanged(self) -> tuple[Floats, Floats]:
        """Differences of an unchanged target, and what their variance is over all choices."""
        redrawn = self._redrawn()
        return self._differences(self.rates, redrawn, redrawn)

    def changed(self, spread: Spread, change: float) -> tuple[Floats, Floats]:
        """The same with a change, upwards or downwards, of the whole rate."""
        noise, room = self.noise, self.noise.rate if change < 0 else 1 - self.noise.rate
        share = min(1.0, abs(change) / room)
        end = 0.0 if change < 0 else 1.0
        before = self._redrawn()
        gone = share if spread == "alike" else self._gone(spread, share)
        after = self.rates + (end - self.rates) * gone
        if spread == "alike":
            # A comparison's chance to change makes it vary besides.
            square = (noise.variance + room**2) / room
            chance = share * (1 - share) * np.abs(self.rates - end) * square / self.sizes
            return self._differences(after, before, (1 - share) ** 2 * before + chance)
        return self._differences(after, before, self._redrawn(1 - gone))

    def _redrawn(self, left: Floats | float = 1.0) -> Floats:
        """Variance of a job's mean in one sample, where this share of its tests is left to vary."""
        of_mean = self.noise.control * left**2 + self.noise.alone / self.sizes * left
        apart = self.rates * (1 - self.rates)
        return np.asarray(self.noise.variance * of_mean * apart / max(1e-12, float(apart.mean())))

    def _gone(self, spread: Spread, share: float) -> Floats:
        """Which share of each job's tests changed wholly."""
        draw = np.random.default_rng(2)
        if spread == "jobs":
            return _chosen(len(self.sizes), share, draw)
        names = sorted({concept for job in self.design.jobs for concept in job})
        place = {name: k for k, name in enumerate(names)}
        part = np.zeros((len(names), len(self.sizes)))
        for k, job in enumerate(self.design.jobs):
            for concept in job:
                part[place[concept], k] += 1 / len(job)
        return np.asarray(_chosen(len(names), share, draw) @ part)

    def _differences(self, after: Floats, before_redrawn: Floats, after_redrawn: Floats) -> tuple[Floats, Floats]:
        samples, normal = self.design.samples, _normal(len(self.sizes))
        apart = after - self.rates + np.sqrt((before_redrawn + after_redrawn) / samples) * normal
        # Of both runs' samples together: what they vary by in each, and what the runs differ by.
        within = before_redrawn * _squares(len(self.sizes), samples, 3) + after_redrawn * _squares(
            len(self.sizes), samples, 4
        )
        pooled = (within + samples * apart**2 / 2) / (2 * samples - 1)
        return self.sizes * apart, self.sizes**2 * 2 * pooled / samples


def _rarest(differences: Floats, variances: Floats, samples: int, half_step: float = 0.0) -> Floats:
    """By draw how rare the rarest of the three statistics of `family.sample_ps` is, by normal and gamma formulas."""
    whole = variances.sum(axis=1)
    moving = np.maximum(whole, 1e-12)
    seen = np.maximum(0, np.abs(differences.sum(axis=1)) - half_step)
    of_sum = 2 * ndtr(-seen / np.sqrt(moving))
    if samples == 1:  # a flip of signs leaves squares as they are
        return np.asarray(of_sum)
    vary, safe = variances > 1e-12, np.maximum(variances, 1e-12)
    by_variance = np.where(vary, differences**2 / safe, 0.0)
    of_squares = np.where(vary, _variance_of_squares(by_variance, samples), 0.0)
    shape = moving**2 / np.maximum(1e-24, (of_squares * variances**2).sum(axis=1))
    of_squared = gammaincc(shape, (differences**2).sum(axis=1) * shape / moving)
    count = np.maximum(1, vary.sum(axis=1))
    shape = count**2 / np.maximum(1e-24, of_squares.sum(axis=1))
    of_spread = gammaincc(shape, by_variance.sum(axis=1) * shape / count)
    return np.asarray(np.minimum(np.minimum(of_sum, of_squared), of_spread))


def _variance_of_squares(by_variance: Floats, samples: int) -> Floats:
    """Of a job's squared difference over all choices, in squares of its mean.

    It is linear in the fourth moment of all samples. That is known of normal samples, and of two values, where all the
    variance is between the runs; in between, of samples that are normal within each run.
    """
    count = 2 * samples
    of_normal = 3 * (count - 1) / (count + 1) - 1
    taken = np.arange(samples + 1)
    chance = np.array([math.comb(samples, k) ** 2 for k in taken], dtype=np.float64)
    square = np.average((2 * taken - samples) ** 2, weights=chance)
    of_two_values = np.average((2 * taken - samples) ** 4, weights=chance) / square**2 - 1
    between = np.minimum(1, by_variance / (count - 1))
    within = 1 - between
    # Of samples whose squares add up to 1, `between` of it between the runs' means and the rest within them.
    fourth = (between**2 + 6 * between * within) / count + 6 * (samples - 1) / count**2 * within**2
    fourth_of_normal = 6 * (count - 1) / (2 * count * (count + 1))
    towards_two_values = (fourth - fourth_of_normal) / (1 / count - fourth_of_normal)
    return np.asarray(of_normal + (of_two_values - of_normal) * towards_two_values)


def _chosen(count: int, share: float, draw: np.random.Generator) -> Floats:
    """By draw which of so many are chosen: this share of them, where that is no whole number one more now and then."""
    wanted = share * count
    more = draw.random(DRAWS) < wanted % 1
    places = draw.random((DRAWS, count)).argsort(axis=1).argsort(axis=1)
    return np.asarray(places < (math.floor(wanted) + more)[:, None], dtype=np.float64)


@cache
def _normal(jobs: int) -> Floats:
    return np.random.default_rng(0).standard_normal((DRAWS, jobs))


@cache
def _squares(jobs: int, samples: int, seed: int) -> Floats:
    """How much a run's samples of each job vary: chi-squared, with one degree of freedom less than there are."""
    return np.random.default_rng(seed).chisquare(max(1e-9, samples - 1), (DRAWS, jobs))


@cache
def _rates(noise: Noise, sizes: tuple[float, ...]) -> Floats:
    """Beta rates of jobs whose tests have this noise."""
    share = noise.variance * (noise.job + noise.test / np.array(sizes)) / (noise.rate * (1 - noise.rate))
    if not share.any():
        return np.full((DRAWS, len(sizes)), noise.rate)
    concentration = 1 / np.clip(share, 1e-6, 0.99) - 1
    draw = np.random.default_rng(1)
    found = draw.beta(noise.rate * concentration, (1 - noise.rate) * concentration, (DRAWS, len(sizes)))
    return np.asarray(found)
