"""From generated jobs to scored jobs: a batch in, its results out by position, without a model handle or a broker."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from seep.outcomes import outcome_series, similarity_series
from seep.probes import PROBES
from seep.records import Failure, GeneratedJob, ScoredJob
from services.scorer.mode import Mode
from services.scorer.probes import SCORING
from services.scorer.similarity import Metric, Similarities, ask_metrics, in_language


def score_jobs(
    jobs: Sequence[GeneratedJob], metrics: Mapping[str, Metric], mode: Mode, provenance: Mapping[str, str]
) -> list[ScoredJob | Failure]:
    """Scores a batch; each metric is asked at once for the distinct (concept, text) pairs of all sound jobs, or, where
    that makes a difference, of those of one language.

    A job of an unknown probe, of one that needs what is not there, or whose generations do not match its prompts, is a
    Failure at its position. `provenance` says where the metrics come from; how they are compared is added to it here.
    Raises ValueError for a similarity that is not a number.
    """
    defects = [_defect(job, metrics) for job in jobs]
    by_language = any(metric.in_language for metric in metrics.values())
    together: defaultdict[str, list[int]] = defaultdict(list)
    for position, (job, defect) in enumerate(zip(jobs, defects, strict=True)):
        if defect is None:
            together[job.job.language if by_language else ""].append(position)
    scored: dict[int, ScoredJob] = {}
    for language, positions in together.items():
        of_language = in_language(metrics, language)
        sound = [jobs[position] for position in positions]
        comparisons = (comparison for job in sound for comparison in SCORING[job.job.probe].comparisons(job, mode))
        similarities = ask_metrics(of_language, comparisons, mode)
        for position, job in zip(positions, sound, strict=True):
            scored[position] = _scored(job, similarities, mode, of_language, provenance)
    return [scored[at] if defect is None else Failure(defect) for at, defect in enumerate(defects)]


def _scored(
    job: GeneratedJob,
    similarities: Similarities,
    mode: Mode,
    metrics: Mapping[str, Metric],
    provenance: Mapping[str, str],
) -> ScoredJob:
    probe = SCORING[job.job.probe]
    outcomes, seen = probe.score(job, similarities, mode, metrics)
    return ScoredJob(
        job,
        outcome_series(outcomes, job.job),
        similarity_series(seen, job.job),
        probe.provenance(job.job, provenance, mode),
    )


def _defect(job: GeneratedJob, metrics: Mapping[str, Metric]) -> str | None:
    """Why a job cannot be scored, in words that hold nothing of its prompts or generations; None where it can."""
    prompts = job.job
    if prompts.probe not in SCORING:
        return f"unknown probe {prompts.probe!r}; the scorer knows {', '.join(SCORING)}"
    if PROBES[prompts.probe].needs_control and prompts.control is None:
        return f"the {prompts.probe} probe compares with a control, but the job has none"
    if PROBES[prompts.probe].compares and prompts.against == "neutral" and prompts.neutral is None:
        return "the job is to be compared with its neutral arm, but has none"
    if PROBES[prompts.probe].compares and not metrics:
        return f"the {prompts.probe} probe compares under a metric, but none is configured"
    if problem := SCORING[prompts.probe].defect(prompts):
        return problem
    return _wrong_number(job)


def _wrong_number(job: GeneratedJob) -> str | None:
    """Which arm has more or fewer generations than the job asks for; None where none has."""
    prompts = job.job
    if len(job.tests) != len(prompts.tests):
        return f"generations for {len(job.tests)} tests, but the job has {len(prompts.tests)}"
    expected = {
        "the control": (len(job.control), 0 if prompts.control is None else prompts.samples),
        "the neutral arm": (len(job.neutral), 0 if prompts.neutral is None else prompts.samples),
    } | {
        f"test {test.id!r}": (len(answers), prompts.samples)
        for test, answers in zip(prompts.tests, job.tests, strict=True)
    }
    own_controls = job.test_controls or ((),) * len(prompts.tests)
    if len(own_controls) != len(prompts.tests):
        return f"controls of {len(own_controls)} tests, but the job has {len(prompts.tests)}"
    expected |= {
        f"the control of test {test.id!r}": (len(answers), 0 if test.control is None else prompts.samples)
        for test, answers in zip(prompts.tests, own_controls, strict=True)
    }
    for arm, (given, wanted) in expected.items():
        if given != wanted:
            return f"{given} generations for {arm}, but the job asks for {wanted}"
    return None
