"""Intervals of all categories together: as one sample of jobs, and with the categories as strata."""

import argparse

import numpy as np

from benchmarks.validity.coverage import draw_totals
from results.statistics.intervals import Interval, rate_with_interval

# Per category the comparisons of each job.
SUITES: dict[str, list[list[int]]] = {
    "concepts": [[15] * 13] * 8,
    "colours": [[20] * 62, [20] * 61, [15] * 68],
    "published, 1 and 2": [[165] * 10] * 2,
    "published, all": [[165] * 10, [165] * 10, [75, 55, 50, 50, 5, 5, 5]],
    "calibration": [[60] * 10] * 4,
    "2 categories of 5": [[20] * 5] * 2,
}
# The mean rate, how far the categories reach to both sides of it, and the correlation within a job.
TRUTHS = (
    (0.65, 0.0, 0.1),
    (0.65, 0.12, 0.1),
    (0.8, 0.15, 0.2),
    (0.95, 0.04, 0.2),
    (0.05, 0.04, 0.1),
    (0.6, 0.25, 0.03),
)


def main() -> None:
    """Prints a row per suite: percent that hold the true rate (mean width in points), one sample / strata."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    print("| suite | " + " | ".join(f"{100 * mean:g} % +-{100 * spread:g}" for mean, spread, _ in TRUTHS) + " |")
    print("|---" * (1 + len(TRUTHS)) + "|")
    for name, sizes in SUITES.items():
        cells = [" / ".join(both(sizes, *truth, repeats)) for truth in TRUTHS]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def both(sizes: list[list[int]], mean: float, spread: float, correlation: float, repeats: int) -> list[str]:
    """Coverage and width without strata, then with them."""
    draw = np.random.default_rng(5)
    rates = np.clip(mean + spread * np.linspace(-1, 1, len(sizes)), 0.005, 0.995)
    whole = np.array([sum(of_category) for of_category in sizes])
    truth = 100 * float(whole @ rates / whole.sum())
    found: tuple[list[Interval], list[Interval]] = ([], [])
    for _ in range(repeats):
        totals = [draw_totals(np.array(n), rate, correlation, draw) for n, rate in zip(sizes, rates, strict=True)]
        strata = [list(zip(t.tolist(), n, strict=True)) for t, n in zip(totals, sizes, strict=True)]
        found[0].append(rate_with_interval([cluster for clusters in strata for cluster in clusters]))
        found[1].append(rate_with_interval(*strata))
    return [coverage(intervals, truth) for intervals in found]


def coverage(intervals: list[Interval], truth: float) -> str:
    """How many hold the truth, and how wide they are."""
    bounds = np.array([(interval.low, interval.high) for interval in intervals], dtype=np.float64)
    held = 100 * np.mean((bounds[:, 0] <= truth) & (truth <= bounds[:, 1]))
    return f"{held:.1f} ({np.mean(bounds[:, 1] - bounds[:, 0]):.1f})"


if __name__ == "__main__":
    main()
