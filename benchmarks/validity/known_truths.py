"""Recall, position and sway on models whose truths are known, through real vLLM: `python -m
benchmarks.validity.known_truths [PROBE...]`.

One engine answers every prompt of a probe's calibration suite many times. A run takes a third of each category's jobs,
and answers that no other run has. Each job is in one of three runs that follow each other, and they differ in theirs.
"""

import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from benchmarks.validity.decisions import cells, report
from calibration.engine import FOLDER, exact_engine
from calibration.model import KNOWN, ensure_model
from results.rates import RunFacts, leak_rates
from seep.outcomes import single_outcomes
from seep.probes import DEFAULT_PROBE
from seep.records import GeneratedJob, LeakRate, ScoredJob
from seep.settings import Target
from seep.suites.jobs import prompt_jobs
from seep.suites.loading import load_suite
from seep.suites.schema import AnySuite
from services.generator.backend import Backend
from services.generator.generating import generate_jobs
from services.scorer.mode import exact
from services.scorer.scoring import score_jobs

RUNS = 200
PARTS = 3
"""A run has one of so many parts of each category's jobs."""
ROUNDS = -(-RUNS // PARTS)
TARGET = "calibration"
EXACT = exact(1e-6)


def main() -> None:
    """Prints a line for each true rate: how many runs hold it in their interval."""
    from services.generator.vllm_backend import VllmBackend  # seconds, which tests of this file do without

    for probe in sys.argv[1:] or [probe for probe in KNOWN if probe != DEFAULT_PROBE]:
        folder = ensure_model(FOLDER, probe)
        suite = load_suite(folder / "suite.yaml")
        backend = VllmBackend(exact_engine(folder / "model"), "engine")
        answered = pools(suite, backend, ROUNDS)
        runs = [rates(run) for run in drawn(answered, suite.decoding.samples, random.Random(1))][:RUNS]
        for (_, category), truth in KNOWN[probe].truths(folder, {}).items():
            if category in runs[0]:
                report(f"{probe}, {category}", truth, [run[category] for run in runs])


def pools(suite: AnySuite, backend: Backend, rounds: int) -> list[GeneratedJob]:
    """The suite's jobs, each with as many answers as `rounds` runs need of it."""
    samples = suite.decoding.samples * rounds
    jobs = [replace(job, samples=samples) for job in prompt_jobs(suite, run_id="run", target=TARGET)]
    generated = generate_jobs(jobs, backend, {TARGET: Target(engine=TARGET)})
    return [job for job in generated if isinstance(job, GeneratedJob)]


def drawn(answered: Sequence[GeneratedJob], samples: int, draw: random.Random) -> Iterator[list[GeneratedJob]]:
    """Runs of so many samples: in each round the jobs of every category are shared out by chance."""
    by_category: defaultdict[str, list[GeneratedJob]] = defaultdict(list)
    for job in answered:
        by_category[job.job.tests[0].category].append(job)
    for start in range(0, answered[0].job.samples, samples):
        shuffled = [draw.sample(jobs, len(jobs)) for jobs in by_category.values()]
        for part in range(PARTS):
            yield [_taken(job, start, samples) for jobs in shuffled for job in jobs[part::PARTS]]


def _taken(job: GeneratedJob, start: int, samples: int) -> GeneratedJob:
    """The job with some of its answers."""
    end = start + samples
    return replace(
        job,
        job=replace(job.job, samples=samples),
        control=job.control[start:end],
        neutral=job.neutral[start:end],
        tests=tuple(answers[start:end] for answers in job.tests),
    )


def rates(run: Sequence[GeneratedJob]) -> Mapping[str, LeakRate]:
    """The rates of a run by category, scored as any run is."""
    scored = [each for each in score_jobs(run, {}, EXACT, {}) if isinstance(each, ScoredJob)]
    counted: defaultdict[tuple[str, str, int], set[str]] = defaultdict(set)
    for each in scored:
        for outcome in single_outcomes(each):
            counted[each.generated.job.job_id, outcome.test, outcome.sample].add(outcome.category)
    shared = {frozenset(categories) for categories in counted.values() if len(categories) > 1}
    facts = RunFacts("run", "s", TARGET, run[0].job.probe, shared=sorted(shared, key=sorted))
    return {rate.category: rate for rate in leak_rates(facts, list(cells(scored)))}


if __name__ == "__main__":
    main()
