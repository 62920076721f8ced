"""Seeds of one condition pooled: how often the interval holds the true spill, with each run as a cluster and with each
answer as one; and how often spill without any order seems to go with family distance."""

import argparse
import math
import random
from collections.abc import Sequence

from results.pooled_runs import pooled_rates
from results.statistics.intervals import rate_with_interval
from results.statistics.rank_order import rank_order
from seep.records import LeakRate

ANSWERS = 200  # per run: 40 prompts of 5 samples
SPILL = 0.3
# Of the logit of a fine-tune's own spill: its seeds differ by about as many times.
SPREADS = (0.3, 0.6)
SEEDS = (2, 3, 5, 10)
# Family distances of third languages to Italian: those of the suite `languages`, and five as in the published matrix.
DISTANCES = {"published": (2, 3, 2, 3, 4), "languages": (4, 3, 3, 2, 3, 4, 4, 3, 2, 3, 4, 4, 2)}


def main() -> None:
    """Prints coverage in percent by number of seeds and their spread, and the level of p."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=2000)
    repeats = parser.parse_args().repeats
    for spread in SPREADS:
        truth = true_spill(spread)
        for seeds in SEEDS:
            draw = random.Random(seeds)
            found = [intervals(draw, seeds, spread) for _ in range(repeats)]
            shares = [
                100 * sum(low <= truth <= high for low, high in each) / repeats for each in zip(*found, strict=True)
            ]
            widths = [sum(high - low for low, high in each) / repeats for each in zip(*found, strict=True)]
            ways = zip(("runs", "answers"), shares, widths, strict=True)
            cells = (f"{name} {share:.1f} ({width:.1f})" for name, share, width in ways)
            print(f"spread {spread}, {seeds} seeds: {', '.join(cells)}")
    for name, distances in DISTANCES.items():
        print(f"{name}: p < 0.05 in {100 * level(distances, min(repeats, 400)):.1f} % without an order")


def true_spill(spread: float) -> float:
    """The mean spill of all seeds that there could be, in percent."""
    draw = random.Random(0)
    return 100 * sum(of_seed(draw, spread) for _ in range(200_000)) / 200_000


def of_seed(draw: random.Random, spread: float) -> float:
    """One fine-tune's own share of answers that spill."""
    odds = SPILL / (1 - SPILL) * math.exp(draw.gauss(0, spread))
    return odds / (1 + odds)


def intervals(draw: random.Random, seeds: int, spread: float) -> list[tuple[float, float]]:
    """The interval with each run as a cluster, and the one with each answer as a cluster, both in percent."""
    counts = [
        sum(draw.random() < share for _ in range(ANSWERS)) for share in [of_seed(draw, spread) for _ in range(seeds)]
    ]
    (pooled,) = pooled_rates([[_rate(str(run), 100 * count / ANSWERS)] for run, count in enumerate(counts)])
    whole = sum(counts)
    answers = rate_with_interval([(1.0, 1)] * whole + [(0.0, 1)] * (seeds * ANSWERS - whole))
    return [(each.low or 0.0, 100.0 if each.high is None else each.high) for each in (pooled, answers)]


def level(distances: Sequence[int], repeats: int) -> float:
    """How often p is below 5 % where spill has nothing to do with distance."""
    draw = random.Random(1)
    orders = [rank_order(distances, [round(draw.random(), 2) for _ in distances]) for _ in range(repeats)]
    return sum(order is not None and order.p < 0.05 for order in orders) / repeats


def _rate(run: str, share: float) -> LeakRate:
    return LeakRate(run, "s", "t", "language", "m", "es>it", share, share, share, ANSWERS, 40, 0, 0, 0)


if __name__ == "__main__":
    main()
