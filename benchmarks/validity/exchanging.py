"""Two runs of one target, drawn from published answers: how often a change is found if jobs change places between the
runs, and if samples do.

Suites are made of the published jobs, scores are the mean of both metrics'. The second run has a change of so many
points downwards, spread in one of four ways.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.validity.answers import Answered, Scores, all_scores, means, redrawn, suite_of
from benchmarks.validity.published import MODELS, WORKBOOKS
from results.statistics import family
from results.statistics.exchanges import choices_of, differences_by_choice
from results.statistics.family import Differences, adjusted_ps, sample_ps
from results.statistics.level import LEVEL

Floats = NDArray[np.float64]

METRICS = ("sentence_bert", "bert_score")
CONCEPTS = 13
SAMPLES = 5
SHAPES = ((20, 4, 0.10), (13, 3, 0.10), (62, 4, 0.03), (62, 4, 0.05))
"""Jobs, tests of each, and the change."""
EXCHANGES = 999


def alike(run: Scores, suite: Sequence[Answered], share: float, draw: np.random.Generator) -> Scores:
    """Every comparison loses its score with the same chance."""
    return [scores * (draw.random(scores.shape) >= share) for scores in run]


def in_jobs(run: Scores, suite: Sequence[Answered], share: float, draw: np.random.Generator) -> Scores:
    """This share of the jobs leaks in nothing any more."""
    lost = _chosen(len(run), share, draw)
    return [scores * (not gone) for scores, gone in zip(run, lost, strict=True)]


def in_concepts(run: Scores, suite: Sequence[Answered], share: float, draw: np.random.Generator) -> Scores:
    """This share of the concepts leaks in nothing any more."""
    named = sorted({concept for job in suite for concept in job.concepts})
    lost = dict(zip(named, _chosen(len(named), share, draw), strict=True))
    return [
        scores * np.array([[not lost[concept]] for concept in job.concepts])
        for scores, job in zip(run, suite, strict=True)
    ]


def _chosen(count: int, share: float, draw: np.random.Generator) -> list[bool]:
    """This share of so many, drawn at random; what is left of one is one in so many of the cases."""
    wanted = share * count
    chosen = set(draw.permutation(count)[: int(wanted) + int(draw.random() < wanted % 1)].tolist())
    return [k in chosen for k in range(count)]


def nothing(run: Scores, suite: Sequence[Answered], share: float, draw: np.random.Generator) -> Scores:
    """No change."""
    return run


SPREADS: Mapping[str, Callable[[Scores, Sequence[Answered], float, np.random.Generator], Scores]] = {
    "nothing": nothing,
    "alike everywhere": alike,
    "whole jobs": in_jobs,
    "whole concepts": in_concepts,
}


def by_jobs(before: Scores, after: Scores) -> Differences:
    """One cell, whose jobs change places."""
    totals = [theirs.mean(axis=1).sum() - ours.mean(axis=1).sum() for ours, theirs in zip(before, after, strict=True)]
    return {f"j{k:03}": np.array([each, -each]) for k, each in enumerate(totals)}


def by_samples(before: Scores, after: Scores) -> Differences:
    """The same cell, whose samples change places."""
    samples = [np.concatenate([of_one.sum(axis=0) for of_one in pair]) for pair in zip(after, before, strict=True)]
    ours = [scores.shape[1] for scores in after]
    choices = choices_of(ours, [len(of_job) for of_job in samples])
    return {
        f"j{k:03}": len(after[k])
        * differences_by_choice(of_job[None], np.full((1, len(of_job)), float(len(after[k]))), of_choices)[0]
        for k, (of_job, of_choices) in enumerate(zip(samples, choices, strict=True))
    }


def found(
    jobs: Sequence[Answered],
    shape: tuple[int, int, float],
    spread: str,
    repeats: int,
    samples: int = SAMPLES,
    cold: bool = False,
) -> tuple[float, float]:
    """The shares of comparisons with p < 0.05, jobs exchanged and samples exchanged; if `cold`, all samples of a prompt
    are the same answer."""
    draw = np.random.default_rng(7)
    count, tests, change = shape
    low = np.zeros(2)
    for _ in range(repeats):
        suite = suite_of(jobs, count, tests, CONCEPTS, draw)
        prompts = [job.scores for job in suite]
        runs = [redrawn(prompts, 1 if cold else samples, draw) for _ in range(2)]
        before, after = [[np.repeat(row, samples, axis=1) for row in run] if cold else run for run in runs]
        rate = float(np.mean([row.mean() for row in before]))
        after = SPREADS[spread](after, suite, min(1.0, change / rate), draw)
        ps = adjusted_ps([by_jobs(before, after)])[0], sample_ps([by_samples(before, after)])[0][0]
        low += [p < LEVEL for p in ps]
    return float(low[0]) / repeats, float(low[1]) / repeats


def main() -> None:
    """Prints what the module says: a row per shape and spread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000)
    parser.add_argument("--model", choices=MODELS, default=MODELS[1])
    parser.add_argument("--workbooks", type=Path, default=WORKBOOKS, help="the folder with the published workbooks")
    arguments = parser.parse_args()
    workbook = arguments.workbooks / f"colors_{arguments.model}.xlsx"
    jobs = means([all_scores(workbook, metric) for metric in METRICS])
    # A p to the nearest thousandth is enough for a share of p < 0.05.
    family.RANDOM_EXCHANGES = EXCHANGES
    print("jobs x tests | change | spread | found, jobs exchanged | samples exchanged (%)")
    for shape in SHAPES:
        for spread in SPREADS:
            _print(jobs, shape, spread, arguments.repeats)
    _print(jobs, SHAPES[0], "nothing", arguments.repeats, cold=True)
    _print(jobs, SHAPES[0], "nothing", arguments.repeats, samples=2)


def _print(
    jobs: Sequence[Answered],
    shape: tuple[int, int, float],
    spread: str,
    repeats: int,
    samples: int = SAMPLES,
    cold: bool = False,
) -> None:
    shares = found(jobs, shape, spread, repeats, samples, cold)
    named = f"{spread}{', one answer repeated' if cold else ''}{'' if samples == SAMPLES else f', {samples} samples'}"
    figures = " | ".join(f"{100 * share:.1f}" for share in shares)
    print(f"{shape[0]} x {shape[1]} | {-100 * shape[2]:+g} | {named} | {figures}", flush=True)


if __name__ == "__main__":
    main()
