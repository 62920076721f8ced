"""Messages that can never be recorded are told apart before they reach the database."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from seep.records import RunManifest, ScoredJob
from services.aggregator.flaws import flaw

Scored = Callable[..., ScoredJob]
ANSWERED = {"1": [1.0, 0.5], "2": [0.0, 1.0]}


def with_prompts(job: ScoredJob, /, **changes: object) -> ScoredJob:
    prompts = replace(job.generated.prompts, **changes)  # type: ignore[arg-type]
    return replace(job, generated=replace(job.generated, prompts=prompts))


def with_outcome(job: ScoredJob, /, **changes: object) -> ScoredJob:
    first, *others = job.outcomes
    return replace(job, outcomes=(replace(first, **changes), *others))  # type: ignore[arg-type]


def test_a_sound_job_and_manifest_have_none(scored: Scored, manifest: Callable[..., RunManifest]) -> None:
    assert flaw(scored("a", ANSWERED)) is None
    assert flaw(manifest(1, {"1": 2})) is None


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (lambda job: with_prompts(job, job=""), "id is empty"),
        (lambda job: with_prompts(job, run="r" * 501), "too long"),
        (lambda job: with_prompts(job, tests=job.generated.prompts.tests[:1]), "1 tests, but answers to 2"),
        (lambda job: with_prompts(job, samples=3), "expected 3 answers"),
        (lambda job: with_prompts(job, tests=job.generated.prompts.tests[:1] * 2), "one id"),
        (lambda job: with_outcome(job, test="another"), "names a test"),
        (lambda job: with_outcome(job, sample=2), "names a sample outside 0 to 1"),
        (lambda job: with_outcome(job, value=1.5), "outside 0 to 1"),
        (lambda job: with_outcome(job, value=float("nan")), "outside 0 to 1"),
        (lambda job: replace(job, outcomes=job.outcomes + job.outcomes[:1]), "there twice"),
        (
            lambda job: replace(job, similarities=(replace(job.similarities[0], to_test=float("nan")),)),
            "not a finite number",
        ),
    ],
)
def test_a_flaw_is_named(scored: Scored, broken: Callable[[ScoredJob], ScoredJob], reason: str) -> None:
    found = flaw(broken(scored("a", ANSWERED)))
    assert found is not None
    assert reason in found.reason


def test_a_manifest_without_a_run_is_flawed(manifest: Callable[..., RunManifest]) -> None:
    assert flaw(manifest(1, {"1": 2}, run="")) is not None
