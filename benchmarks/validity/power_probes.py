"""What `seep power --pilot` promises of the probes position, sway and recall, beside what comparisons then find.

Answers are drawn as each probe gets them. Both runs are of one target and the second has a change of so many points,
alike everywhere or in whole jobs, or there is none and `ok` is to be said. The promise is the mean over pilots.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.validity.answers import Answered
from benchmarks.validity.exchanging import by_samples
from benchmarks.validity.planted import Scores, job_sums
from benchmarks.validity.power import changed
from results.statistics import family
from results.statistics.change_power import Design, Spread, found_of, ok_of
from results.statistics.family import sample_ps
from results.statistics.level import LEVEL
from results.statistics.noise import Noise, noise_of_run
from results.statistics.paired import Cluster, paired_effect
from results.statistics.verdicts import DELTA_POINTS

Floats = NDArray[np.float64]
Draw = np.random.Generator
DELTA = DELTA_POINTS / 100
EXCHANGES = 999
PILOTS = 30
SPREADS: tuple[Spread, ...] = ("alike", "jobs")


@dataclass(frozen=True)
class Planned:
    """So many jobs of a probe, with `tests` and samples of each; the jobs' own chances, and runs drawn from them."""

    probe: str
    jobs: int
    tests: int
    samples: int
    change: float
    chances: Callable[[int, Draw], Floats]
    answered: Callable[[Floats, int, int, Draw], Scores]
    shared: bool

    @property
    def design(self) -> Design:
        """Its jobs."""
        return Design((("",) * self.tests,) * self.jobs, self.samples)

    def runs(self, draw: Draw) -> Iterator[Scores]:
        """Runs of one target, as many as are wanted."""
        chances = self.chances(self.jobs, draw)
        while True:
            yield self.answered(chances, self.tests, self.samples, draw)


def of_questions(jobs: int, draw: Draw) -> Floats:
    """How often the right option is known, and how often the first is taken without looking, by question."""
    return np.stack([draw.beta(2, 1, jobs), draw.beta(1, 6, jobs)])


def first_place(chances: Floats, orders: int, samples: int, draw: Draw) -> Scores:
    """Whether an answer chooses the first place: the right option stands at each in turn."""
    runs = []
    for known, taken in chances.T:
        at_first = np.where(np.arange(orders) == 0, known, (1 - known) / max(1, orders - 1))
        chance = taken + (1 - taken) * at_first
        runs.append((draw.random((orders, samples)) < chance[:, None]).astype(float))
    return runs


def of_decisions(jobs: int, draw: Draw) -> Floats:
    """How often the first of two options is chosen, and how much a nudge takes of the way, by decision."""
    return np.stack([draw.beta(1, 1, jobs), draw.beta(1, 3, jobs)])


def swayed(chances: Floats, tests: int, samples: int, draw: Draw) -> Scores:
    """Sway scores against one neutral answer a sample; the tests nudge to the options in turn."""
    runs = []
    for first, nudged in chances.T:
        neutral = draw.random(samples) < first
        rows = []
        for test in range(tests):
            towards = first + (1 - first) * nudged if test % 2 == 0 else first * (1 - nudged)
            chosen = draw.random(samples) < towards
            hit, reference = (chosen, neutral) if test % 2 == 0 else (~chosen, ~neutral)
            rows.append((1 + hit.astype(float) - reference) / 2)
        runs.append(np.array(rows))
    return runs


def of_texts(jobs: int, draw: Draw) -> Floats:
    """How well each text is remembered: most not at all, some wholly."""
    return draw.beta(0.3, 0.7, jobs)[None]


def recalled(chances: Floats, parts: int, samples: int, draw: Draw) -> Scores:
    """Whether an answer gives a part back; the first parts of a text are remembered better."""
    power = 1 + np.arange(parts) / parts
    return [(draw.random((parts, samples)) < (chance**power)[:, None]).astype(float) for chance in chances[0]]


SUITES = (
    Planned("position", 60, 2, 3, 0.1, of_questions, first_place, shared=False),
    Planned("position", 40, 4, 2, -0.1, of_questions, first_place, shared=False),
    Planned("sway", 60, 2, 3, 0.1, of_decisions, swayed, shared=True),
    Planned("sway", 40, 1, 5, -0.05, of_decisions, swayed, shared=True),
    Planned("recall", 40, 4, 5, 0.05, of_texts, recalled, shared=False),
    Planned("recall", 60, 1, 3, -0.1, of_texts, recalled, shared=False),
)


def pilots(planned: Planned, draw: Draw) -> list[Noise]:
    """The noise of runs of other targets of the kind, as each shows it."""
    runs = [next(planned.runs(draw)) for _ in range(PILOTS)]
    return [noise_of_run(job_sums(run), float(np.mean(np.concatenate(run) == 0.5)), planned.shared) for run in runs]


def found(planned: Planned, spread: Spread, repeats: int, draw: Draw) -> float:
    """The share of comparisons with p < 0.05."""
    suite = [Answered(np.zeros(0), (), job) for job in planned.design.jobs]
    low = 0
    for _ in range(repeats):
        runs = planned.runs(draw)
        before, after = next(runs), next(runs)
        rate = float(np.mean(np.concatenate(before)))
        after = changed(after, suite, spread, planned.change, rate, draw)
        low += sample_ps([by_samples(before, after)])[0][0] < LEVEL
    return low / repeats


def called_ok(planned: Planned, repeats: int, draw: Draw) -> float:
    """The share of comparisons of an unchanged target whose 90 % interval lies within the margin."""
    ok = 0
    for _ in range(repeats):
        runs = planned.runs(draw)
        pairs = zip(next(runs), next(runs), strict=True)
        clusters = [Cluster.from_scores([scores.mean(axis=1).tolist() for scores in pair]) for pair in pairs]
        within = paired_effect(clusters, p=1.0).within
        ok += within is not None and within <= DELTA_POINTS
    return ok / repeats


def main() -> None:
    """Prints what the module says: a row per suite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    repeats = parser.parse_args().repeats
    family.RANDOM_EXCHANGES = EXCHANGES
    print("probe | jobs x tests x samples | rate | change | alike | whole jobs | ok: promised / found (%)")
    for planned in SUITES:
        draw = np.random.default_rng(21)
        noises = pilots(planned, draw)
        rate = 100 * float(np.mean([noise.rate for noise in noises]))
        cells = []
        for spread in SPREADS:
            promised = np.mean([found_of(planned.design, n, spread, planned.change, 1, DELTA).p for n in noises])
            cells.append(f"{100 * promised:.1f} / {100 * found(planned, spread, repeats, draw):.1f}")
        promised = np.mean([ok_of(planned.design, noise, DELTA) for noise in noises])
        cells.append(f"{100 * promised:.1f} / {100 * called_ok(planned, repeats, draw):.1f}")
        sizes = f"{planned.jobs} x {planned.tests} x {planned.samples}"
        print(f"{planned.probe} | {sizes} | {rate:.0f} | {100 * planned.change:+g} | {' | '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
