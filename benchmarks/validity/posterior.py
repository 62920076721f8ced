"""Would a posterior be narrower than Clopper and Pearson where the jackknife has no answer, and hold as often?

The clusters are beta-binomial, the posterior's mean has Jeffreys' prior and its correlation a flat one. Only repeats in
which Seep takes Clopper and Pearson's interval count for the widths; all count for the coverage.
"""

import argparse
from collections import Counter
from functools import cache
from itertools import product

import numpy as np
from scipy.special import betaln

from benchmarks.validity.coverage import Bounds, Totals, draw_totals, seep

SETS = {"12 x 10": [10] * 12, "10 x 165": [165] * 10, "62 x 20": [20] * 62, "5 x 20": [20] * 5, "3 x 20": [20] * 3}
RATES = (0.002, 0.01, 0.05, 0.1, 0.3)
CORRELATIONS = (0.0, 0.1, 0.3, 0.9)
# The mean is the squared sine of an angle, which Jeffreys' prior makes uniform.
EDGES = np.linspace(0, np.pi / 2, 401)
MEANS = np.sin((EDGES[1:] + EDGES[:-1]) / 2)[:, None] ** 2
CONCENTRATIONS = (1 / ((np.arange(32) + 0.5) / 32) - 1)[None, :]


@cache
def posterior(clusters: frozenset[tuple[tuple[int, int], int]]) -> Bounds:
    """The middle 95 % of the mean; `clusters` are (total, size), with how many are so."""
    leaking, others = MEANS * CONCENTRATIONS, (1 - MEANS) * CONCENTRATIONS
    logarithm = sum(
        count * (betaln(leaking + total, others + size - total) - betaln(leaking, others))
        for (total, size), count in clusters
    )
    weights = np.exp(logarithm - np.max(logarithm)).sum(axis=1)
    low, high = np.interp((0.025, 0.975), np.append(0, np.cumsum(weights)) / weights.sum(), EDGES)
    return float(np.sin(low) ** 2), float(np.sin(high) ** 2)


def with_posterior(totals: Totals, sizes: Totals) -> Bounds:
    """The posterior's bounds; a rate at an end keeps that end."""
    low, high = posterior(frozenset(Counter(zip(totals.tolist(), sizes.tolist(), strict=True)).items()))
    return (0.0 if totals.sum() == 0 else low), (1.0 if totals.sum() == sizes.sum() else high)


def without_answer(totals: Totals, sizes: Totals) -> bool:
    """Whether the jackknife has none: two clusters, or at most one that differs from an end."""
    return len(sizes) < 3 or bool(min(np.sum(totals > 0), np.sum(totals < sizes)) < 2)


def main() -> None:
    """Prints a row per set, correlation and true rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    print("| clusters | correlation | true rate | Seep | with the posterior | of them without a jackknife |")
    print("|---" * 6 + "|")
    for (name, clusters), correlation, rate in product(SETS.items(), CORRELATIONS, RATES):
        draw, sizes = np.random.default_rng(1), np.array(clusters)
        drawn = [draw_totals(sizes, rate, correlation, draw) for _ in range(repeats)]
        chosen = [without_answer(totals, sizes) for totals in drawn]
        ours = np.array([seep(totals, sizes, draw) for totals in drawn])
        theirs = np.array(
            [with_posterior(t, sizes) if none else tuple(own) for t, none, own in zip(drawn, chosen, ours, strict=True)]
        )
        cells = [f"{100 * np.mean((b[:, 0] <= rate) & (rate <= b[:, 1])):.1f}" for b in (ours, theirs)]
        widths = [f" ({100 * np.mean(b[chosen, 1] - b[chosen, 0]):.1f})" if any(chosen) else "" for b in (ours, theirs)]
        row = [name, f"{correlation:g}", f"{100 * rate:g}", *(c + w for c, w in zip(cells, widths, strict=True))]
        print(f"| {' | '.join(row)} | {100 * np.mean(chosen):.0f} % |", flush=True)


if __name__ == "__main__":
    main()
