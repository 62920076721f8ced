"""Messages that can never be recorded are told apart before they reach the database."""

from collections.abc import Callable
from dataclasses import replace
from itertools import islice, product
from typing import Any

import pytest

from seep.records import Answer, Failure, RunManifest, ScoredJob
from services.aggregator.validation import validate

Scored = Callable[..., ScoredJob]
ANSWERED = {"1": [1.0, 0.5], "2": [0.0, 1.0]}
LONG = "x" * 501
NAN = float("nan")


def with_prompts(job: ScoredJob, /, **changes: object) -> ScoredJob:
    prompts = replace(job.generated.job, **changes)  # type: ignore[arg-type]
    return replace(job, generated=replace(job.generated, job=prompts))


def with_tests(job: ScoredJob, /, **changes: object) -> ScoredJob:
    first, *others = job.generated.job.tests
    return with_prompts(job, tests=(replace(first, **changes), *others))  # type: ignore[arg-type]


def with_outcome(job: ScoredJob, /, **changes: object) -> ScoredJob:
    first, *others = job.outcomes
    return replace(job, outcomes=(replace(first, **changes), *others))  # type: ignore[arg-type]


def with_similarity(job: ScoredJob, /, **changes: object) -> ScoredJob:
    first, *others = job.similarities
    return replace(job, similarities=(replace(first, **changes), *others))  # type: ignore[arg-type]


def stretched(job: ScoredJob) -> ScoredJob:
    return replace(job, provenance={"metrics.bert_score": "distilbert/layer5/baseline0.8,0.8,0.8"})


def with_own_controls(job: ScoredJob, number: int) -> ScoredJob:
    return replace(job, generated=replace(job.generated, test_controls=((Answer("c"),) * number, ())))


def with_lost_control(job: ScoredJob) -> ScoredJob:
    refused = (Answer("", "refusal"),) * job.generated.job.samples
    return replace(job, generated=replace(job.generated, control=refused))


def test_of_lost_answers_nothing_may_be_said_but_that_they_were(scored: Scored) -> None:
    job = scored("a", {"1": [1.0, "filtered"], "2": ["unfinished", "refused"]})
    assert validate(job) is None
    for broken in (
        with_lost_control(job),
        with_outcome(job, places=(3,), values=(1.0,)),
        with_outcome(job, measure="empty", places=(3,), values=(1.0,)),
    ):
        failure = validate(broken)
        assert failure is not None
        assert failure.reason.endswith("of a comparison whose answer was lost")
    similar = replace(job.similarities[0], places=(0, 1), values=(0.5, 0.5))
    assert validate(replace(job, similarities=(similar,))) == Failure("a similarity to an answer that was lost")


def test_a_sound_job_and_manifest_have_none(scored: Scored, manifest: Callable[..., RunManifest]) -> None:
    assert validate(scored("a", ANSWERED)) is None
    assert validate(manifest(1, {"1": 2})) is None


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (lambda job: with_prompts(job, job_id=""), "id is empty"),
        (lambda job: with_prompts(job, run_id="r" * 501), "too long"),
        # Two bytes each, and a mark of three in the place of each NUL.
        (lambda job: with_prompts(job, run_id="é" * 251), "too long"),
        (lambda job: with_prompts(job, job_id="\0" * 167), "too long"),
        (lambda job: with_prompts(job, target=LONG), "target is too long"),
        (lambda job: with_prompts(job, suite=LONG), "suite is too long"),
        (lambda job: with_prompts(job, suite_hash=LONG), "suite_hash is too long"),
        (lambda job: with_tests(job, id=LONG), "a test's id is empty or too long"),
        (lambda job: with_tests(job, id=""), "a test's id is empty or too long"),
        (lambda job: with_tests(job, category=LONG), "a category is too long"),
        (lambda job: with_tests(job, category="all"), "called 'all'"),
        (lambda job: with_outcome(job, category=LONG), "a category is too long"),
        (lambda job: with_outcome(job, category="all"), "called 'all'"),
        (lambda job: with_outcome(job, metric=LONG), "a metric's or a measure's name is too long"),
        (lambda job: with_outcome(job, measure=LONG), "a metric's or a measure's name is too long"),
        (lambda job: replace(job, provenance={"embedder": "e" * 300_000}), "its provenance is longer than"),
        (lambda job: with_prompts(job, tests=job.generated.job.tests[:1]), "1 tests, but answers to 2"),
        (lambda job: with_prompts(job, samples=3), "expected 3 answers"),
        (lambda job: with_prompts(job, tests=job.generated.job.tests[:1] * 2), "one id"),
        (lambda job: with_outcome(job, places=(0, 4)), "names a place outside 0 to 3: 2 tests of 2"),
        (lambda job: with_outcome(job, places=(0, 2**32 - 1)), "names a place outside 0 to 3"),
        (lambda job: with_outcome(job, places=(0, 0)), "the places of a series do not ascend"),
        (lambda job: with_outcome(job, places=(1, 0)), "the places of a series do not ascend"),
        (lambda job: with_outcome(job, places=(), values=()), "a series of outcomes or similarities is empty"),
        (lambda job: with_outcome(job, values=(1.0, 1.5)), "outside 0 to 1"),
        (lambda job: with_outcome(job, values=(-0.1, 0.5)), "outside 0 to 1"),
        (lambda job: with_outcome(job, values=(NAN, 0.5)), "outside 0 to 1"),
        (lambda job: with_outcome(job, values=(0.5, NAN)), "outside 0 to 1"),
        (lambda job: with_outcome(job, values=(0.5, float("inf"))), "outside 0 to 1"),
        (lambda job: replace(job, outcomes=job.outcomes + job.outcomes[:1]), "similarities is there twice"),
        (lambda job: replace(job, similarities=job.similarities * 2), "similarities is there twice"),
        (lambda job: with_similarity(job, values=(0.5, NAN, 0.5, 0.5)), "not a finite number"),
        (lambda job: with_similarity(job, values=(0.5, 1.02, 0.5, 0.5)), "a similarity is outside -1.01 to 1.01"),
        (lambda job: with_similarity(job, values=(0.5, -1.02, 0.5, 0.5)), "a similarity is outside -1.01 to 1.01"),
        (lambda job: with_similarity(job, values=(0.5, 87.5, 0.5, 0.5)), "a similarity is outside -1.01 to 1.01"),
        (lambda job: stretched(with_similarity(job, values=(0.5, 1.5, 0.5, 0.5))), "outside -1000 to 1.01"),
        (lambda job: stretched(with_similarity(job, values=(0.5, -1e9, 0.5, 0.5))), "outside -1000 to 1.01"),
        (lambda job: with_similarity(job, places=(0, 1, 2, 4)), "names a place outside 0 to 3"),
        (lambda job: with_similarity(job, places=(0, 1, 2, 2)), "do not ascend"),
        (lambda job: with_similarity(job, arm="neutral"), "a similarity to an answer that the job does not ask for"),
        (lambda job: with_own_controls(job, 1), "expected 2 answers"),
        (lambda job: with_own_controls(job, 3), "expected 2 answers"),
    ],
)
def test_what_is_wrong_is_named(scored: Scored, broken: Callable[[ScoredJob], ScoredJob], reason: str) -> None:
    found = validate(broken(scored("a", ANSWERED)))
    assert found is not None
    assert reason in found.reason


def with_names(job: ScoredJob, field: str, number: int) -> ScoredJob:
    """So many outcomes of the first test, each with another name."""
    first = job.outcomes[0]
    return replace(job, outcomes=tuple(replace(first, **{field: f"x{n}"}) for n in range(number)))  # type: ignore[arg-type]


def test_a_cosine_may_be_off_by_rounding_and_a_stretched_score_lie_far_below(scored: Scored) -> None:
    job = scored("a", ANSWERED)
    assert validate(with_similarity(job, values=(1.005, -1.005, 1.0, -1.0))) is None
    assert validate(stretched(with_similarity(job, values=(0.5, -14.2, 1.0, 0.0)))) is None


def test_a_job_brings_a_bounded_number_of_series(scored: Scored) -> None:
    """Of names within their bounds 8 million series are possible, and 400,000 take the aggregator 9 seconds."""
    job = scored("a", {"1": [1.0]})
    names = product(range(30), range(60), range(56))
    series = tuple(
        replace(job.outcomes[0], metric=f"m{metric}", measure=f"x{measure}", category=f"c{category}")
        for metric, measure, category in islice(names, 100_001)
    )
    assert validate(replace(job, outcomes=series[1:])) is None
    assert validate(replace(job, outcomes=series)) == Failure("it has more than 100000 series of outcomes")


def test_how_metrics_agree_counts_among_the_series(scored: Scored) -> None:
    """Of 32 metrics each category has 32 * 32 series: 31 of each say how it agrees with the others."""
    job = scored("a", {"1": [1.0]})
    series = tuple(
        replace(job.outcomes[0], metric=f"m{metric}", category=f"c{category}")
        for category, metric in product(range(98), range(32))
    )
    assert validate(replace(job, outcomes=series[:-32])) is None
    too_many = Failure("it has more than 100000 series of outcomes and of how its metrics agree")
    assert validate(replace(job, outcomes=series)) == too_many


@pytest.mark.parametrize(
    ("field", "most", "reason"),
    [("measure", 64, "more than 64 measures"), ("metric", 32, "more than 32 metrics"), ("category", 4096, "4096")],
)
def test_a_job_brings_a_bounded_number_of_names(scored: Scored, field: str, most: int, reason: str) -> None:
    job = scored("a", {"1": [1.0]})
    assert validate(with_names(job, field, most)) is None
    for number in (most + 1, 45_000):
        found = validate(with_names(job, field, number))
        assert found is not None
        assert reason in found.reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"run_id": ""}, "the run's id is empty"),
        ({"run_id": LONG}, "the run's id is empty or too long"),
        ({"target": LONG}, "target is too long"),
        ({"suite": LONG}, "suite is too long"),
        ({"monitor": LONG}, "the monitor's name is too long"),
        ({"expected_comparisons": {LONG: 1}}, "a category is too long"),
        ({"expected_comparisons": dict.fromkeys(map(str, range(4097)), 1)}, "more than 4096 categories"),
        ({"samples": 1001}, "more than 1000 samples"),
        ({"expected_comparisons": {"all": 1}}, "called 'all'"),
        ({"created_at": float("inf")}, "created_at is not a Unix time"),
        ({"created_at": float("nan")}, "created_at is not a Unix time"),
        ({"created_at": 1.7e12}, "created_at is not a Unix time in seconds"),
        ({"job_checksums": (1, 2)}, "it lists 2 jobs, and counts 1"),
        ({"labels": ("",)}, "a label that is empty or too long"),
        ({"labels": (LONG,)}, "a label that is empty or too long"),
        ({"labels": ("one",) * 21}, "more than 20 labels"),
        ({"created_at": -1.0}, "created_at is not a Unix time"),
        ({"expected_comparisons": {"1": 2**32 - 1, "2": 2**32 - 1}}, "expects more than 4294967295 comparisons"),
    ],
)
def test_what_is_wrong_with_a_manifest_is_named(
    manifest: Callable[..., RunManifest], changes: dict[str, Any], reason: str
) -> None:
    found = validate(replace(manifest(1, {"1": 2}), **changes))
    assert found is not None
    assert reason in found.reason
