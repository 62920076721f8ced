"""A batch is one call to the engine; every job gets its own answers, or its own failure."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.capabilities import PROBE_NEEDS, TEXT
from seep.errors import Unavailable
from seep.records import AnswerPart, Decoding, Failure, GeneratedJob, PromptJob
from seep.settings import OutputFilter, Target, TargetFormat
from services.generator.backend import Answered, Request, Result
from services.generator.generating import effective_decoding, generate_jobs
from tests import strategies
from tests.builders import answers, prompt_job

TARGETS = {"known": Target(engine="fake")}
JOB = prompt_job(target="known")
UNANSWERABLE = "unanswerable"
AWAY = "away"


class FakeEngine:
    """Answers every prompt with itself and the sample's number; fails at one prompt, and is away at another."""

    provides = TEXT

    def __init__(self) -> None:
        self.calls: list[Sequence[Request]] = []

    def generate(self, requests: Sequence[Request]) -> list[Result]:
        self.calls.append(requests)
        return [self._result(request) for request in requests]

    def _result(self, request: Request) -> Result:
        if request.prompt == UNANSWERABLE:
            return Failure("no answer")
        if request.prompt == AWAY:
            return Unavailable("nobody answers")
        texts = (f"{request.prompt} {sample}" for sample in range(request.samples))
        return Answered(answers(*texts), {"engine": "fake", "engine_version": request.prompt[:1] or "-"})


jobs_of_known_targets = strategies.prompt_jobs.map(lambda job: replace(job, target="known"))


@given(st.lists(jobs_of_known_targets, max_size=4))
def test_every_prompt_is_sent_once_in_one_call_and_answered_in_its_place(jobs: list[PromptJob]) -> None:
    engine = FakeEngine()
    results = generate_jobs(jobs, engine, TARGETS)
    assert len(engine.calls) == 1
    assert len(results) == len(jobs)
    for job, result in zip(jobs, results, strict=True):
        assert isinstance(result, GeneratedJob)
        assert result.job == job
        control = () if job.control is None else [f"{job.control} {sample}" for sample in range(job.samples)]
        assert result.control == answers(*control)
        assert [samples[0].text for samples in result.tests] == [f"{test.prompt} 0" for test in job.tests]
        assert result.neutral[:1] == (() if job.neutral is None else answers(f"{job.neutral} 0"))
    arms = sum((job.control is not None) + (job.neutral is not None) + len(job.tests) for job in jobs)
    assert len(engine.calls[0]) == arms


@given(jobs_of_known_targets, jobs_of_known_targets)
def test_a_prompt_without_an_answer_fails_its_own_job_alone(job: PromptJob, other: PromptJob) -> None:
    failed, done = generate_jobs([replace(job, control=UNANSWERABLE), other], FakeEngine(), TARGETS)
    assert failed == Failure("no answer")
    assert isinstance(done, GeneratedJob)


@given(strategies.prompt_jobs.map(lambda job: replace(job, target="stranger")), jobs_of_known_targets)
def test_an_unknown_target_is_a_failure_and_costs_no_generation(stranger: PromptJob, job: PromptJob) -> None:
    engine = FakeEngine()
    failed, done = generate_jobs([stranger, job], engine, TARGETS)
    assert failed == Failure("target 'stranger' is not one of this engine's targets")
    assert isinstance(done, GeneratedJob)
    assert {request.prompt for request in engine.calls[0]} <= {job.control, job.neutral, *(t.prompt for t in job.tests)}


def test_a_probe_that_needs_more_than_the_backend_provides_fails_its_job_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs = frozenset[AnswerPart]({"text", "reading"})
    monkeypatch.setitem(PROBE_NEEDS, "inner", needs)
    engine = FakeEngine()
    jobs = [replace(JOB, probe="inner"), JOB]
    failed, done = generate_jobs(jobs, engine, TARGETS)
    assert failed == Failure("the inner probe needs reading of an answer, and this engine does not provide it")
    assert isinstance(done, GeneratedJob)

    class GlassEngine(FakeEngine):
        provides = needs

    glass = GlassEngine()
    assert all(isinstance(result, GeneratedJob) for result in generate_jobs(jobs, glass, TARGETS))
    assert {request.wants for request in glass.calls[0]} == {TEXT, needs}


@given(strategies.decodings)
def test_what_a_target_sets_goes_over_the_suites_decoding(decoding: Decoding) -> None:
    assert effective_decoding(decoding, Target(engine="e")) == decoding
    colder = effective_decoding(decoding, Target(engine="e", temperature=0.0, max_tokens=3))
    assert colder == replace(decoding, temperature=0.0, max_tokens=3)


@given(jobs_of_known_targets)
def test_provenance_tells_engine_suite_and_effective_decoding(job: PromptJob) -> None:
    (result,) = generate_jobs([job], FakeEngine(), {"known": Target(engine="fake", temperature=0.25)})
    assert isinstance(result, GeneratedJob)
    assert result.provenance["engine"] == "fake"
    assert result.provenance["suite_hash"] == job.suite_hash
    assert '"temperature": 0.25' in result.provenance["decoding"]


@given(jobs_of_known_targets, jobs_of_known_targets)
def test_a_prompt_that_nobody_answers_now_lets_its_job_alone_wait(job: PromptJob, other: PromptJob) -> None:
    waiting, done = generate_jobs([replace(job, control=AWAY), other], FakeEngine(), TARGETS)
    assert isinstance(waiting, Unavailable)
    assert isinstance(done, GeneratedJob)


@given(jobs_of_known_targets)
def test_a_job_that_fails_for_good_does_not_wait_for_the_rest_of_it(job: PromptJob) -> None:
    (failed,) = generate_jobs([replace(job, control=AWAY, neutral=UNANSWERABLE)], FakeEngine(), TARGETS)
    assert failed == Failure("no answer")


@given(jobs_of_known_targets)
def test_an_engine_that_changes_in_the_middle_of_a_job_shows_with_both_its_values(job: PromptJob) -> None:
    (result,) = generate_jobs([replace(job, control="one", neutral="two", tests=())], FakeEngine(), TARGETS)
    assert isinstance(result, GeneratedJob)
    assert result.provenance["engine_version"] == "o | t"
    assert result.provenance["engine"] == "fake"


@given(jobs_of_known_targets)
def test_provenance_tells_how_the_job_was_put_in_full(job: PromptJob) -> None:
    target = Target(
        engine="fake",
        system="Be brief.",
        format=TargetFormat(kind="plain", user="{system} {prompt}"),
        filter=OutputFilter(refuse="never found"),
    )
    (result,) = generate_jobs([job], FakeEngine(), {"known": target})
    assert isinstance(result, GeneratedJob)
    sent = {"kind": "plain", "system": "", "user": "Be brief. {prompt}"}
    assert json.loads(result.provenance["prompt_format"]) == sent
    assert json.loads(result.provenance["filter"])["refuse"] == "never found"


@given(strategies.prompt_jobs)
def test_a_system_message_that_has_no_place_is_the_jobs_failure(job: PromptJob) -> None:
    plain = replace(job, target="known", prompt_format=replace(job.prompt_format, kind="plain"))
    (failed,) = generate_jobs([plain], FakeEngine(), {"known": Target(engine="fake", system="Be brief.")})
    assert isinstance(failed, Failure)
    assert "system message" in failed.reason
