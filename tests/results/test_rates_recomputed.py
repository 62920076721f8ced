"""Rates and intervals of drawn runs, computed once more from the formulas alone, in numpy and scipy."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from results.rates import RunFacts, leak_rates
from tests.summaries import CategorySum, by_cell

Jobs = Sequence[tuple[float, int]]


def bell_mccaffrey(sizes: NDArray[np.float64]) -> float:
    """With matrices, as the paper has it."""
    whole = sizes.sum()
    a = np.diag((1 - sizes / whole) ** -0.5)
    p = a @ (np.diag(sizes) - np.outer(sizes, sizes) / whole) @ a
    return float(np.trace(p) ** 2 / np.sum(p**2))


def exact(successes: float, jobs: int) -> tuple[float, float]:
    low = stats.beta.ppf(0.025, successes, jobs - successes + 1) if successes > 1e-9 else 0.0
    high = stats.beta.ppf(0.975, successes + 1, jobs - successes) if successes < jobs - 1e-9 else 1.0
    return float(low), float(high)


def jackknife(strata: Sequence[Jobs], rate: float) -> tuple[float, float] | None:
    whole = sum(n for jobs in strata for _, n in jobs)
    variances, degrees = [], []
    for jobs in strata:
        totals, sizes = (np.array(column, dtype=np.float64) for column in zip(*jobs, strict=True))
        if len(jobs) < 3:
            return None
        mean = totals.sum() / sizes.sum()
        left = rate + sizes.sum() / whole * ((totals.sum() - totals) / (sizes.sum() - sizes) - mean)
        if min(rate, 1 - rate, left.min(), 1 - left.max()) < 1e-12:
            return None
        logits = np.log(left / (1 - left))
        variances.append((len(jobs) - 1) / len(jobs) * np.sum((logits - logits.mean()) ** 2))
        degrees.append(bell_mccaffrey(sizes))
    variance = sum(variances)
    if variance < 1e-20:
        return None
    together = variance**2 / sum(v**2 / d for v, d in zip(variances, degrees, strict=True))
    half = stats.t.ppf(0.975, together) * np.sqrt(variance)
    low, high = 1 / (1 + np.exp(half * np.array([1, -1]) - np.log(rate / (1 - rate))))
    return float(low), float(high)


def room(jobs: Jobs) -> tuple[float, float]:
    """What few jobs that differ from the others' median leave open."""
    totals, sizes = (np.array(column, dtype=np.float64) for column in zip(*jobs, strict=True))
    median = np.median(totals / sizes)
    apart = (totals - median * sizes)[abs(totals / sizes - median) > 1e-12]
    few = len(apart)
    if few == 0 or few >= 10 or 2 * few >= len(jobs):
        return 0.0, 0.0
    low, high = exact(few, len(jobs))
    added = np.sqrt(np.mean(apart**2)) * len(jobs) / sizes.sum()
    less, more = (few / len(jobs) - low) * added, (high - few / len(jobs)) * added
    if apart.max() < 0:
        return more, less
    return (less, more) if apart.min() > 0 else (max(less, more), max(less, more))


def expected(strata: Sequence[Jobs]) -> tuple[float, float, float]:
    together = [job for jobs in strata for job in jobs]
    rate = sum(total for total, _ in together) / sum(n for _, n in together)
    taken = strata if min(map(len, strata)) >= 5 else [together]
    low, high = jackknife(taken, rate) or exact(rate * len(together), len(together))
    down, up = room(together)
    return 100 * rate, 100 * max(0.0, min(low, rate - down)), 100 * min(1.0, max(high, rate + up))


def drawn(seed: int) -> dict[str, list[tuple[float, int]]]:
    """By category its jobs' sums: many or few, of one size or unequal ones, all equal, mostly ties, or mixed."""
    draw = np.random.default_rng(seed)
    scores = [[0.5], [1.0], [0.0, 0.5, 1.0], [0.5] * 12 + [1.0], [0.0, 1.0], [0.0] * 30 + [1.0]][seed % 6]
    found: defaultdict[str, list[tuple[float, int]]] = defaultdict(list)
    for _ in range(draw.choice([1, 2, 4, 9, 30])):
        size = int(draw.choice([1, 3, 3, 4, 1 if seed % 2 else 200]))
        found[f"c{draw.integers(1 + seed % 3)}"].append((float(draw.choice(scores, size).sum()), size))
    return found


@pytest.mark.parametrize("seed", range(48))
def test_rates_and_intervals_are_what_the_formulas_give(seed: int) -> None:
    categories = drawn(seed)
    rows = [
        CategorySum(f"{category}-{job}", category, "m", "leak", n, total)
        for category, jobs in categories.items()
        for job, (total, n) in enumerate(jobs)
    ]
    found = {
        rate.category: (rate.rate, rate.low, rate.high)
        for rate in leak_rates(RunFacts("run-1", "colours", "stub", "semantic"), by_cell(rows))
    }
    wanted = {category: expected([jobs]) for category, jobs in categories.items()}
    wanted["all"] = expected(list(categories.values()))
    assert found.keys() == wanted.keys()
    assert all(found[name] == pytest.approx(figures, abs=1e-6) for name, figures in wanted.items())
