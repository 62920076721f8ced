"""What makes a message impossible to record, so that it goes to the dead letters and not into a rate."""

import math
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import islice
from operator import lt

from results.identifiers import is_identifier, is_name
from results.rates import ALL
from results.sums import LEAK, PLACEBO, PUBLISHED
from seep.answers import LOST, lost
from seep.job_limits import MOST_LABELS, MOST_SAMPLES
from seep.provenance import AGAINST
from seep.records import Answer, Failure, OutcomeSeries, PromptJob, RunManifest, RunWait, ScoredJob
from seep.runtime.waits import LONGEST_REASON
from seep.settings.metrics import STRETCHED, is_provenance_of_a_metric

# It travels with each rate, in messages of a megabyte at most.
LONGEST_PROVENANCE = 256 * 1024
# Of one job. What it measures travels with each rate too, and each category has a rate of its own with every metric.
MOST_METRICS = 32
MOST_MEASURES = 64
MOST_CATEGORIES = 4096
# Of outcomes: as many as two metrics with twelve measures have in so many categories. A hundred thousand take seconds.
# Each pair of metrics has two more in each category, of how they agree.
MOST_SERIES = 100_000
# A similarity is a cosine or a mean of cosines, computed in 16 bits at worst. Stretched from a baseline one of
# unrelated texts lies far below, but 1 stays 1.
LARGEST_SIMILARITY = 1.01
LEAST_STRETCHED = -1000.0
# Rates carry what is missing of all categories together in a uint32.
MOST_COMPARISONS = 2**32 - 1
# Seconds; whoever sends milliseconds is far beyond it, and is told.
LATEST_CREATED_AT = 1e11
WAITING_STAGES = ("generator", "scorer")


def validate(message: ScoredJob | RunManifest | RunWait) -> Failure | None:
    """Why a message can never be recorded, whatever is retried; None where it can."""
    if isinstance(message, RunManifest):
        reason = _manifest_problem(message)
    else:
        reason = _wait_problem(message) if isinstance(message, RunWait) else _job_problem(message)
    return Failure(reason) if reason else None


def _manifest_problem(manifest: RunManifest) -> str | None:
    if not is_identifier(manifest.run_id):
        return "the run's id is empty or too long"
    if not is_name(manifest.monitor):
        return "the monitor's name is too long"
    if not 0 <= manifest.created_at <= LATEST_CREATED_AT:
        return f"created_at is not a Unix time in seconds from 0 to {LATEST_CREATED_AT:.0f}"
    if len(manifest.labels) > MOST_LABELS:
        return f"it has more than {MOST_LABELS} labels"
    if not all(map(is_identifier, manifest.labels)):
        return "it has a label that is empty or too long"
    if manifest.samples > MOST_SAMPLES:
        return f"it asks for more than {MOST_SAMPLES} samples"
    if sum(manifest.expected_comparisons.values()) > MOST_COMPARISONS:
        return f"it expects more than {MOST_COMPARISONS} comparisons"
    if len(manifest.job_checksums) not in (0, manifest.job_count):
        return f"it lists {len(manifest.job_checksums)} jobs, and counts {manifest.job_count}"
    return _run_problem(manifest) or _categories_problem(manifest.expected_comparisons)


def _wait_problem(wait: RunWait) -> str | None:
    if not is_identifier(wait.run_id):
        return "the run's id is empty or too long"
    if wait.stage not in WAITING_STAGES:
        return f"its stage is none of {', '.join(WAITING_STAGES)}"
    return "its reason is too long" if len(wait.reason) > LONGEST_REASON else None


def _job_problem(scored: ScoredJob) -> str | None:
    prompts = scored.generated.job
    if not (is_identifier(prompts.run_id) and is_identifier(prompts.job_id)):
        return "the run's or the job's id is empty or too long"
    if not all(is_identifier(test.id) for test in prompts.tests):
        return "a test's id is empty or too long"
    return (
        _run_problem(prompts)
        or _categories_problem({test.category for test in prompts.tests})
        or _provenance_problem(scored)
        or _answers_problem(scored)
        or _outcomes_problem(scored)
        or _loss_problem(scored)
    )


def _run_problem(run: PromptJob | RunManifest) -> str | None:
    for field in ("target", "suite", "suite_version", "suite_hash", "probe"):
        if not is_name(getattr(run, field)):
            return f"{field} is too long"
    return None


def _categories_problem(categories: Collection[str]) -> str | None:
    if len(categories) > MOST_CATEGORIES:
        return f"it has more than {MOST_CATEGORIES} categories"
    for category in categories:
        if not is_name(category):
            return "a category is too long"
        if category == ALL:
            return f"a category is called {ALL!r}, as all of them together are"
    return None


def _provenance_problem(scored: ScoredJob) -> str | None:
    found = (scored.generated.provenance, scored.provenance)
    length = sum(len(name.encode()) + len(value.encode()) for each in found for name, value in each.items())
    return f"its provenance is longer than {LONGEST_PROVENANCE} bytes" if length > LONGEST_PROVENANCE else None


def _answers_problem(scored: ScoredJob) -> str | None:
    generated = scored.generated
    if len(generated.tests) != len(generated.job.tests):
        return f"{len(generated.job.tests)} tests, but answers to {len(generated.tests)}"
    control = () if generated.job.control is None else (generated.control,)
    neutral = () if generated.job.neutral is None else (generated.neutral,)
    own_controls = filter(None, generated.test_controls)
    samples = {len(answers) for answers in (*control, *neutral, *generated.tests, *own_controls)}
    if samples != {generated.job.samples}:
        return f"expected {generated.job.samples} answers to every prompt, found {sorted(samples)}"
    return None


def _outcomes_problem(scored: ScoredJob) -> str | None:
    prompts = scored.generated.job
    if len({test.id for test in prompts.tests}) != len(prompts.tests):
        return "two tests of the job have one id"
    if len(scored.outcomes) > MOST_SERIES:
        return f"it has more than {MOST_SERIES} series of outcomes"
    if problem := _places_problem(scored):
        return problem
    if not all(map(_in_unit, scored.outcomes)):
        return "an outcome's value is outside 0 to 1"
    if problem := _similarities_problem(scored):
        return problem
    missing = {arm for arm, prompt in (("control", prompts.control), ("neutral", prompts.neutral)) if prompt is None}
    if not missing.isdisjoint(near.arm for near in scored.similarities):
        return "a similarity to an answer that the job does not ask for"
    names = {(series.metric, series.measure, series.category) for series in scored.outcomes}
    of_similarities = {(series.metric, series.arm) for series in scored.similarities}
    if len(names) + len(of_similarities) < len(scored.outcomes) + len(scored.similarities):
        return "a series of outcomes or similarities is there twice"
    metrics, measures = {metric for metric, *_ in names}, {measure for _, measure, _ in names}
    if not all(map(is_name, metrics | measures)):
        return "a metric's or a measure's name is too long"
    if len(metrics) > MOST_METRICS:
        return f"it has more than {MOST_METRICS} metrics"
    if len(measures) > MOST_MEASURES:
        return f"it has more than {MOST_MEASURES} measures"
    if len(names) + _agreements(names) > MOST_SERIES:
        return f"it has more than {MOST_SERIES} series of outcomes and of how its metrics agree"
    return _categories_problem({category for *_, category in names})


def _agreements(names: Collection[tuple[str, str, str]]) -> int:
    """How many series say how metrics agree: one for each of a category with each other."""
    leaks = Counter(category for _, measure, category in names if measure == LEAK)
    return sum(metrics * (metrics - 1) for metrics in leaks.values())


def _in_unit(series: OutcomeSeries) -> bool:
    values = series.values
    # Of most measures all values are 0. NaN is in no order: the least and the largest of values say nothing of it.
    return not any(values) or (min(values) >= 0 and max(values) <= 1 and all(map(math.isfinite, values)))


def _similarities_problem(scored: ScoredJob) -> str | None:
    found = [series.values for series in scored.similarities]
    if not all(all(map(math.isfinite, values)) for values in found):
        return "a similarity is not a finite number"
    stretched = any(is_provenance_of_a_metric(name) and STRETCHED in says for name, says in scored.provenance.items())
    least = LEAST_STRETCHED if stretched else -LARGEST_SIMILARITY
    if any(min(values) < least or max(values) > LARGEST_SIMILARITY for values in found):
        return f"a similarity is outside {least:g} to {LARGEST_SIMILARITY:g}"
    return None


def _places_problem(scored: ScoredJob) -> str | None:
    prompts = scored.generated.job
    end = len(prompts.tests) * prompts.samples
    of_outcomes, of_similarities = ({each.places for each in found} for found in (scored.outcomes, scored.similarities))
    for places in of_outcomes | of_similarities:
        if not places:
            return "a series of outcomes or similarities is empty"
        if max(places) >= end:
            return f"an outcome names a place outside 0 to {end - 1}: {len(prompts.tests)} tests of {prompts.samples}"
        if not all(map(lt, places, islice(places, 1, None))):
            return "the places of a series do not ascend"
    return None


def _loss_problem(scored: ScoredJob) -> str | None:
    """Nothing but its loss may be said of an answer that was lost: no number may come from what is no answer."""
    generated, samples = scored.generated, scored.generated.job.samples
    starts = range(0, len(generated.tests) * samples, samples)
    of_references = (_lost_samples(answers) for answers in (generated.control, generated.neutral))
    no_control, no_neutral = ({start + sample for start in starts for sample in lost} for lost in of_references)
    no_test = {
        start + sample
        for start, answers in zip(starts, generated.tests, strict=True)
        for sample, answer in enumerate(answers)
        if answer.ended != "stop" and lost(answer)
    }
    if not (no_control or no_neutral or no_test):
        return None
    gone = no_test | (no_neutral if scored.provenance.get(AGAINST) == "neutral" else no_control)
    lacking_one = no_test | no_control | no_neutral
    for series in scored.outcomes:
        without = lacking_one if series.measure in (PUBLISHED, PLACEBO) else gone
        if series.measure not in LOST and not without.isdisjoint(series.places):
            return f"an outcome {series.measure} of a comparison whose answer was lost"
    by_arm = {"test": no_test, "control": no_control, "neutral": no_neutral}
    if not all(by_arm[near.arm].isdisjoint(near.places) for near in scored.similarities):
        return "a similarity to an answer that was lost"
    return None


def _lost_samples(answers: Sequence[Answer]) -> set[int]:
    return {sample for sample, answer in enumerate(answers) if lost(answer)}
