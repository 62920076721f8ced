"""The noise of each cell of a run, from the sums of its tests and samples."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from results.comparison import Cell, LeakSum
from results.rates import ALL
from results.statistics.noise import JobSums, Noise, Sum, added, noise_of_run, told_apart
from results.sums import SampleSums


@dataclass(frozen=True)
class CellNoise:
    """The noise of each cell that shows it, and why the others do not; a cell is a metric ("" for any) and a category.

    `as_published` says whether the noise of some cell had to be divided as published.
    """

    noises: Mapping[Cell, Noise]
    without_noise: Mapping[Cell, str]
    as_published: bool = False


def noise_of_cells(
    jobs: Mapping[Cell, Sequence[JobSums]], tie_shares: Mapping[Cell, float], shared: bool = True
) -> CellNoise:
    """From the jobs of each cell, and its tie share in [0, 1] where that is known; by metric, `all` last.

    `shared` says whether the comparisons of a job and sample share an answer.
    """
    noises: dict[Cell, Noise] = {}
    without: dict[Cell, str] = {}
    for cell, of_cell in sorted(jobs.items(), key=lambda item: (item[0][0], item[0][1] == ALL, item[0][1])):
        try:
            noises[cell] = noise_of_run(of_cell, tie_shares.get(cell, 0.0), shared)
        except ValueError as error:
            without[cell] = str(error)
    as_published = any(not told_apart(jobs[cell]) for cell in noises)
    return CellNoise(noises, without, as_published)


def jobs_of_cells(tests: Iterable[LeakSum], samples: Iterable[SampleSums]) -> dict[Cell, list[JobSums]]:
    """By cell its jobs, with their samples."""
    of_tests: defaultdict[Cell, defaultdict[str, list[Sum]]] = defaultdict(lambda: defaultdict(list))
    of_samples: defaultdict[tuple[Cell, str], defaultdict[int, list[Sum]]] = defaultdict(lambda: defaultdict(list))
    for test in tests:
        for category in (test.category, ALL):
            of_tests[test.metric, category][test.job_id].append((test.total, test.n))
    for of_job in samples:
        for category in (of_job.category, ALL):
            known = of_samples[(of_job.metric, category), of_job.job_id]
            for sample, n, total in zip(of_job.samples, of_job.sizes, of_job.totals, strict=True):
                known[sample].append((total, n))
    return {
        cell: [JobSums(sums, [added(parts) for parts in of_samples[cell, job].values()]) for job, sums in jobs.items()]
        for cell, jobs in of_tests.items()
    }
