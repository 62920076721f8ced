"""What comparisons of published answers have in common, and the standard error of a difference that the power analysis
expects of them, beside the one found where both runs are drawn again from each prompt's five recorded answers."""

import argparse
from itertools import pairwise, product
from pathlib import Path

import numpy as np

from benchmarks.validity.answers import all_scores, redrawn
from benchmarks.validity.planted import Scores, job_sums
from benchmarks.validity.published import MODELS, WORKBOOKS
from results.statistics.noise import JobSums, Noise, noise_of_run
from results.statistics.power import standard_error

ALL = "all"
CATEGORIES = ("1", "2", "3", ALL)
PILOTS = 20


def noise_of(run: Scores, known: bool = True) -> Noise:
    """As the power analysis takes it from a run, whose texts are there, or deleted."""
    ties = float(np.mean(np.concatenate([row.ravel() for row in run]) == 0.5))
    sums = job_sums(run)
    return noise_of_run(sums if known else [JobSums(job.tests, ()) for job in sums], ties)


def shares(jobs: Scores) -> tuple[float, float, float]:
    """What all comparisons of a job, those of a test and those of a sample besides have in common: the mean over five
    runs, in each of which a test's answers meet other answers to the control."""
    turned = (
        [np.stack([one_job[:, k, (k + by) % 5] for k in range(5)], axis=1) for one_job in jobs] for by in range(5)
    )
    found = [noise_of(run) for run in turned]
    job, test, control = np.mean([(row.job, row.test, row.control) for row in found], axis=0).tolist()
    return job, test, control


def main() -> None:
    """Prints what the module says: a row per model and category of shares, then one per number of samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=400)
    parser.add_argument("--workbooks", type=Path, default=WORKBOOKS, help="the folder with the published workbooks")
    arguments = parser.parse_args()
    print("model | category | jobs | of a job | of a test | of a sample | control's of both | test's of the rest")
    cells: dict[tuple[str, str], Scores] = {}
    for model in MODELS:
        jobs = all_scores(arguments.workbooks / f"colors_{model}.xlsx")
        for category in CATEGORIES:
            kept = [job.scores[[category in (ALL, of_test) for of_test in job.categories]] for job in jobs]
            cells[model, category] = [scores for scores in kept if len(scores)]
            job, test, control = shares(cells[model, category])
            divided = f"{control / (job + control or np.nan):.2f} | {test / (1 - job - control):.2f}"
            figures = f"{job:.3f} | {test:.3f} | {control:.3f} | {divided}"
            print(f"{model} | {category} | {len(cells[model, category])} | {figures}")
    for model in MODELS:
        initial = all_scores(arguments.workbooks / f"initial_{model}.xlsx")
        first = noise_of([job.scores[:, 0, :1] for job in initial])
        print(f"{model} | initial set, one answer | of job and sample | {first.job + first.control:.3f}")
    print(
        "model | category | samples | texts | found | planned | ratio | planned of what is drawn again | ratio (points)"
    )
    for (cell, of_cell), (samples, known) in product(cells.items(), ((5, True), (5, False), (1, True))):
        _print_errors(*cell, of_cell, samples, known, arguments.repeats)


def _print_errors(model: str, category: str, jobs: Scores, samples: int, known: bool, repeats: int) -> None:
    draw = np.random.default_rng(6)
    runs = [redrawn(jobs, samples, draw) for _ in range(repeats)]
    rates = [np.mean(np.concatenate([row.ravel() for row in run])) for run in runs]
    found = 100 * float(np.std([after - before for before, after in pairwise(rates)]))
    tests = [len(job) for job in jobs]
    noises = [noise_of(run, known) for run in runs[:PILOTS]]
    squares, persisting = (
        np.mean([standard_error(tests, count, noise, noise) ** 2 for noise in noises]) for count in (samples, np.inf)
    )
    planned, fresh = 100 * np.sqrt(squares), 100 * np.sqrt(squares - persisting)
    figures = f"{found:.2f} | {planned:.2f} | {planned / found:.2f} | {fresh:.2f} | {fresh / found:.2f}"
    print(f"{model} | {category} | {samples} | {'there' if known else 'deleted'} | {figures}", flush=True)


if __name__ == "__main__":
    main()
