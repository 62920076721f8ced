"""The noise that a plan is made with: what the user expects, or what a run had."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from cli.commands.results import known_run
from cli.database import open_store
from results.comparison import LeakSum, refuse_unjudgeable
from results.monitor_status import OF_LANGUAGES, metric_names
from results.rates import ALL
from results.statistics.noise import JobSums, Noise, Sum, added, noise_of_rate, noise_of_run, told_apart
from results.storage.judgements import Judgements, SampleSum
from seep.errors import InputError
from seep.settings import load_settings

Cell = tuple[str, str]
"""A metric ("" for any) and a category."""


@dataclass(frozen=True)
class Expected:
    """The noise of each cell; of how many metrics; what the noise of other cells cannot be taken from, and whether that
    of some had to be divided as published."""

    noises: dict[Cell, Noise]
    metrics: int
    unshown: dict[Cell, str]
    as_published: bool = False


def expected_noise(
    suite: str, tests: dict[str, list[int]], rate: float | None, icc: float | None, from_run: str | None
) -> Expected:
    """From the options of the command; `tests` is by category. Raises InputError for wrong ones, and where a run
    shows no noise."""
    if from_run is not None and (rate, icc) == (None, None):
        return _expected_from(from_run, suite, tests)
    if from_run is None and rate is not None and icc is not None:
        metrics = metric_names(load_settings().metrics).difference(OF_LANGUAGES)
        return Expected(
            {("", category): noise_of_rate(rate / 100, icc) for category in tests}, max(1, len(metrics)), {}
        )
    raise InputError("plan: expected --rate and --icc, or --from RUN")


def _expected_from(run_id: str, suite: str, tests: dict[str, list[int]]) -> Expected:
    with open_store(load_settings()) as store:
        summary = known_run(store, run_id)
        refuse_unjudgeable(summary)
        if summary.suite != suite:
            raise InputError(f"run {run_id}: it is a run of suite {summary.suite}, not of {suite}")
        judgements = Judgements(store)
        jobs = {
            cell: of
            for cell, of in _jobs(judgements.leak_sums([run_id]), judgements.sample_sums(run_id)).items()
            if cell[1] in tests
        }
        ties = {(rate.metric, rate.category): rate.measures.get("tie") for rate in store.rates(run_id)}
    if not jobs:
        raise InputError(f"run {run_id}: it has nothing measured of the categories of suite {suite}")
    noises: dict[Cell, Noise] = {}
    unshown: dict[Cell, str] = {}
    for cell, of in sorted(jobs.items(), key=lambda item: (item[0][0], item[0][1] == ALL, item[0][1])):
        tie = ties.get(cell)
        try:
            noises[cell] = noise_of_run(of, tie.share / 100 if tie else 0.0)
        except ValueError as error:
            unshown[cell] = str(error)
    if not noises:
        raise InputError(instead(run_id, next(reversed(unshown.values()))))
    as_published = any(not told_apart(jobs[cell]) for cell in noises)
    return Expected(noises, len({metric for metric, _ in jobs}), unshown, as_published)


def _jobs(tests: Iterable[LeakSum], samples: Iterable[SampleSum]) -> dict[Cell, list[JobSums]]:
    """By cell its jobs, with their samples where all of these are still there."""
    of_tests: defaultdict[Cell, defaultdict[str, list[Sum]]] = defaultdict(lambda: defaultdict(list))
    of_samples: defaultdict[tuple[Cell, str], defaultdict[int, list[Sum]]] = defaultdict(lambda: defaultdict(list))
    for test in tests:
        for category in (test.category, ALL):
            of_tests[test.metric, category][test.job_id].append((test.total, test.n))
    for sample in samples:
        for category in (sample.category, ALL):
            of_samples[(sample.metric, category), sample.job_id][sample.sample].append((sample.total, sample.n))
    found = {
        cell: [JobSums(of, [added(sums) for sums in of_samples[cell, job].values()]) for job, of in jobs.items()]
        for cell, jobs in of_tests.items()
    }
    return {
        cell: jobs if all(_complete(job) for job in jobs) else [replace(job, samples=[]) for job in jobs]
        for cell, jobs in found.items()
    }


def _complete(job: JobSums) -> bool:
    """Whether none of the job's comparisons was deleted with its texts."""
    return added(job.tests)[1] == added(job.samples)[1]


def instead(run_id: str | None, reason: str) -> str:
    """Says why a run does not show the noise, and what does."""
    return f"run {run_id}: {reason}: give --rate and --icc instead"
