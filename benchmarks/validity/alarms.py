"""When can a monitor's alarm be trusted? Streams that break the test's assumption, with the alarm as it was (old: the
evidence alone) beside the alarm as it is (new: with the profile, and only where the last five runs differ too).

191 jobs in three categories of two metrics that agree. Of five samples a job, a category's rate varies from run to run
by one point, that of all by .6; what all jobs of a day share comes on top. Everything is in points.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from results.statistics.sequential import ALARM, add_rank, lag_one_autocorrelation, no_evidence, shares_of_level
from results.trust import BEYOND_CHANCE, HIGH, LAST_RUNS

Floats = NDArray[np.float64]

CATEGORIES = (slice(0, 62), slice(62, 123), slice(123, 191))
ALL = slice(0, 191)
JOBS = 191
OF_JOB = 7.9  # makes one point for a category
METRICS = 2
POINTS = 3.0
MONITORS_IN_MEMORY = 50  # monitors whose jobs are in memory together
RUNS = 180

Days = Callable[[np.random.Generator, int, int], Floats]
"""Draws what all jobs of a day share: [monitors, runs]."""


class Stream(NamedTuple):
    """What the tests see of so many monitors: per run the rates of the categories and of all [monitors, runs, 4], the
    jobs' sums [monitors, runs, jobs], and how many tests each job has."""

    rates: Floats
    jobs: Floats
    tests: Floats


@dataclass(frozen=True)
class Alarms:
    """The runs after the baseline at which each monitor first alarmed, infinite if never: as it was, with the profile,
    with the profile and the five runs."""

    old: Floats
    profile: Floats
    new: Floats


def draw_stream(
    days: Floats, draw: np.random.Generator, change: Floats | None = None, changed_at: int = 0, times: float = 1.0
) -> Stream:
    """Jobs of monitors whose days are given [monitors, runs]; from a run on, `change` [jobs] is added. The noise may be
    so many times as large."""
    jobs = days[:, :, None] + times * OF_JOB * draw.standard_normal((*days.shape, JOBS))
    if change is not None:
        jobs[:, changed_at:] += change
    return Stream(np.stack([jobs[:, :, cell].mean(axis=2) for cell in (*CATEGORIES, ALL)], axis=2), jobs, np.ones(JOBS))


def alarms(stream: Stream, baseline: int, draw: np.random.Generator, level: float = ALARM) -> Alarms:
    """When each monitor alarms whose stream begins with so many runs of the baseline."""
    e_values = list(_e_values(stream, baseline, draw))
    gates = [_differ(stream, baseline, run) for run in range(baseline, stream.rates.shape[1])]
    with_profile, without = (shares_of_level(METRICS * len(CATEGORIES), True, profile) for profile in (True, False))

    def first(shares: tuple[float, float, float], gated: bool) -> Floats:
        weights = np.array([*[shares[0]] * len(CATEGORIES), shares[1], shares[2]])
        found = np.array(
            [
                ((e * weights >= level) & (gate if gated else True)).any(axis=1)
                for e, gate in zip(e_values, gates, strict=True)
            ]
        )
        return np.where(found.any(axis=0), found.argmax(axis=0) + 1.0, np.inf)

    return Alarms(first(without, False), first(with_profile, False), first(with_profile, True))


def _e_values(stream: Stream, baseline: int, draw: np.random.Generator) -> Iterator[Floats]:
    """The evidence after each run [monitors, categories, all and profile]."""
    monitors, runs, cells = stream.rates.shape
    products = np.cumsum(stream.jobs @ stream.jobs.transpose(0, 2, 1), axis=2)  # with the sum of all runs so far
    squares = (stream.jobs**2).sum(axis=2)
    of_cells = no_evidence(baseline, 2, (monitors, cells))
    of_profile = no_evidence(baseline, 1, (monitors,))
    for run in range(baseline, runs):
        below = (stream.rates[:, :run] < stream.rates[:, run, None]).sum(axis=1)
        of_cells = add_rank(of_cells, (below + draw.uniform(size=(monitors, 1))) / (run + 1))
        # The squared distances from the mean, but for what all runs have in common.
        distances = squares[:, : run + 1] - 2 * products[:, : run + 1, run] / (run + 1)
        below = (distances < distances[:, -1, None]).sum(axis=1)
        of_profile = add_rank(of_profile, (below + draw.uniform(size=monitors)) / (run + 1))
        yield np.concatenate((of_cells.e_values, of_profile.e_values[:, None]), axis=1)


def _differ(stream: Stream, baseline: int, run: int) -> NDArray[np.bool_]:
    """Whether the last five runs differ by so many points [monitors, categories, all and profile]."""
    last = slice(max(baseline, run + 1 - LAST_RUNS), run + 1)
    of_rates = np.abs(stream.rates[:, last].mean(axis=1) - stream.rates[:, :baseline].mean(axis=1)) >= POINTS
    ours, theirs = (stream.jobs[:, runs] / stream.tests for runs in (last, slice(baseline)))
    # As results.trust has it, where no job is missing.
    sides = [(side.shape[1], side.var(axis=1) * side.shape[1]) for side in (ours, theirs)]
    pooled = sum(squares for _, squares in sides) / max(1, sum(runs for runs, _ in sides) - 2)
    by_chance = sum((squares / (runs - 1) if runs > 1 else pooled) / runs for runs, squares in sides)
    weights = stream.tests / stream.tests.sum()
    squares = ((ours.mean(axis=1) - theirs.mean(axis=1)) ** 2 - by_chance) @ weights
    error = np.sqrt(2 * ((by_chance * weights) ** 2).sum(axis=1))
    enough = (squares >= POINTS**2) & (squares > BEYOND_CHANCE * error)
    return np.concatenate((of_rates, enough[:, None]), axis=1)


def independent(sd: float) -> Days:
    """Days that have nothing to do with each other."""
    return lambda draw, monitors, runs: sd * draw.standard_normal((monitors, runs))


def autoregressive(sd: float, phi: float) -> Days:
    """Days each of which is like the day before."""

    def days(draw: np.random.Generator, monitors: int, runs: int) -> Floats:
        found = sd * draw.standard_normal((monitors, runs))
        for before, now in pairwise(range(runs)):
            found[:, now] = phi * found[:, before] + np.sqrt(1 - phi**2) * found[:, now]
        return found

    return days


def burst(sd: float, baseline: int) -> Days:
    """Days whose first one holds all the baseline's runs."""

    def days(draw: np.random.Generator, monitors: int, runs: int) -> Floats:
        found = sd * draw.standard_normal((monitors, runs))
        found[:, :baseline] = found[:, :1]
        return found

    return days


def in_chunks(
    monitors: int, runs: int, days: Days, seed: int, times: float = 1.0
) -> Iterator[tuple[Stream, np.random.Generator]]:
    """Unchanged streams of so many monitors, a few at a time."""
    draw = np.random.default_rng(seed)
    for start in range(0, monitors, MONITORS_IN_MEMORY):
        count = min(MONITORS_IN_MEMORY, monitors - start)
        yield draw_stream(days(draw, count, runs), draw, times=times), draw


def shares(found: list[Alarms]) -> str:
    """How many percent ever alarmed: old, with the profile, new."""
    return " | ".join(
        f"{100 * np.mean(np.isfinite(np.concatenate([getattr(part, name) for part in found]))):.1f}"
        for name in ("old", "profile", "new")
    )


def false_alarms(monitors: int) -> None:
    """Prints how often an alarm comes although nothing changed."""
    print("stream | baseline | alarm in 180 runs, %: old | with profile | new")
    kinds: list[tuple[str, int, Days]] = [
        (f"iid, days sd {sd:g}", baseline, independent(sd)) for sd in (1.0, 2.0) for baseline in (7, 14)
    ]
    kinds += [(f"one burst, sd {sd:g}", baseline, burst(sd, baseline)) for sd in (0.5, 1, 2) for baseline in (3, 7, 14)]
    kinds += [
        (f"AR(1) {phi}, sd {sd:g}", 7, autoregressive(sd, phi)) for sd in (1, 2) for phi in (0.2, 0.3, 0.5, 0.7, 0.9)
    ]
    for name, baseline, days in kinds:
        found = [alarms(stream, baseline, draw) for stream, draw in in_chunks(monitors, baseline + RUNS, days, 1)]
        print(f"{name} | {baseline} | {shares(found)}", flush=True)


def chosen_baselines(monitors: int) -> None:
    """Prints how often a baseline that was chosen among the last thirty runs alarms within the next thirty."""
    print("baseline of 7 of the last 30 runs | alarm in 30 runs, %: old | with profile | new")
    orders: dict[str, Callable[[Floats], Floats]] = {
        "the newest": lambda rates: -np.arange(30) * np.ones_like(rates),
        "nearest the median": lambda rates: np.abs(rates - np.median(rates, axis=1, keepdims=True)),
        "the lowest": lambda rates: rates,
    }
    for name, order in orders.items():
        found = []
        for stream, draw in in_chunks(monitors, 60, independent(1), 3):
            chosen = np.argsort(order(stream.rates[:, :30, -1]), axis=1)[:, :7]
            kept = np.concatenate((chosen, np.broadcast_to(np.arange(30, 60), (len(chosen), 30))), axis=1)
            rows = np.arange(len(chosen))[:, None]
            found.append(alarms(stream._replace(rates=stream.rates[rows, kept], jobs=stream.jobs[rows, kept]), 7, draw))
        print(f"{name} | {shares(found)}", flush=True)


def set_again(monitors: int) -> None:
    """Prints how often a year with a new baseline every thirty runs alarms: at level 20 each, and spent.

    A suite of a sixteenth of the jobs has four times the noise: three points are then nothing special.
    """
    print("a baseline of 7 every 30 runs, a year | noise | ever an alarm, %: old | with profile | new")
    for (name, spent), times in product((("20 for each", False), ("20 k (k + 1) for the k-th", True)), (1.0, 4.0)):
        found = [_year(stream, draw, spent) for stream, draw in in_chunks(monitors, 360, independent(1), 4, times)]
        print(f"{name} | x {times:g} | {shares(found)}", flush=True)
    print("the k-th baseline of 7, all +5 right after it | runs to the alarm, median (90 %)")
    for k in (1, 2, 4, 8, 12):
        print(f"{k} | {delays(200, 7, 0, np.full(JOBS, 5.0), _spent(k))[2]}", flush=True)


def _year(stream: Stream, draw: np.random.Generator, spent: bool) -> Alarms:
    parts = [
        stream._replace(rates=stream.rates[:, first : first + 30], jobs=stream.jobs[:, first : first + 30])
        for first in range(0, 360, 30)
    ]
    found = [alarms(part, 7, draw, _spent(k) if spent else ALARM) for k, part in enumerate(parts, 1)]
    return Alarms(*(np.min([getattr(part, name) for part in found], axis=0) for name in ("old", "profile", "new")))


def _spent(k: int) -> float:
    """The level of the k-th baseline where all baselines of a monitor share one."""
    return ALARM * k * (k + 1)


CHANGES = {
    "all +10": (ALL, 10.0),
    "all +5": (ALL, 5.0),
    "one category +10": (CATEGORIES[0], 10.0),
    "one category +5": (CATEGORIES[0], 5.0),
    "41 jobs +10": (slice(0, 41), 10.0),
    "4 jobs +50": (slice(0, 4), 50.0),
    "4 jobs +20": (slice(0, 4), 20.0),
}


def delays(monitors: int, baseline: int, quiet: int, change: Floats, level: float = ALARM) -> list[str]:
    """Runs from a change to the alarm, median (90 %): old, with the profile, new; days of sd 1, 40 runs followed."""
    found: dict[str, list[Floats]] = {"old": [], "profile": [], "new": []}
    draw = np.random.default_rng(2)
    for start in range(0, monitors, MONITORS_IN_MEMORY):
        days = draw.standard_normal((min(MONITORS_IN_MEMORY, monitors - start), baseline + quiet + 40))
        stream = draw_stream(days, draw, change, baseline + quiet)
        alarmed = alarms(stream, baseline, draw, level)
        for name, runs in found.items():
            runs.append(np.asarray(getattr(alarmed, name) - quiet))
    return [_median_and_90(np.concatenate(runs)) for runs in found.values()]


def _median_and_90(runs: Floats) -> str:
    later = np.where(runs > 0, runs, np.nan)  # an alarm before the change is none for it
    known = later[~np.isnan(later)]
    middle, most = (np.quantile(known, share, method="higher") for share in (0.5, 0.9))
    return " ".join(
        "never" if np.isinf(value) else shown for value, shown in ((middle, f"{middle:g}"), (most, f"({most:g})"))
    )


def all_delays(monitors: int) -> None:
    """Prints how soon changes are found."""
    print("change | baseline + quiet runs | runs to the alarm, median (90 %): old | with profile | new")
    for name, (jobs, points) in CHANGES.items():
        change = np.zeros(JOBS)
        change[jobs] = points
        for baseline, quiet in ((7, 0), (14, 0), (7, 60)):
            print(f"{name} | {baseline}+{quiet} | {' | '.join(delays(monitors, baseline, quiet, change))}", flush=True)


def autocorrelations(monitors: int) -> None:
    """Prints what the lag-1 autocorrelation of the rates shows."""
    print("days of sd 1, phi | runs | autocorrelation of the runs, median | high, % of monitors")
    for phi in (0.0, 0.3, 0.5, 0.7, 0.9):
        for stream, _ in in_chunks(min(monitors, MONITORS_IN_MEMORY), 300, autoregressive(1, phi), 5):
            for runs in (20, 40, 100, 300):
                found = [lag_one_autocorrelation(rates[:runs]) or 0.0 for rates in stream.rates[:, :, -1]]
                print(
                    f"{phi:g} | {runs} | {np.median(found):.2f} | {100 * np.mean(np.array(found) >= HIGH):.0f}",
                    flush=True,
                )


def main() -> None:
    """Prints the tables that are asked for."""
    tables = {
        "false": false_alarms,
        "chosen": chosen_baselines,
        "again": set_again,
        "delays": all_delays,
        "autocorrelation": autocorrelations,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=tables, nargs="+")
    parser.add_argument("--monitors", type=int, default=1000)
    arguments = parser.parse_args()
    for table in arguments.table:
        tables[table](arguments.monitors)


if __name__ == "__main__":
    main()
