"""A batch is one call to the engine; every job gets its own answers, or its own failure."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.errors import Unavailable
from seep.probes import PROBES, TEXT
from seep.records import Answer, AnswerPart, Decoding, Failure, GeneratedJob, PromptFormat, PromptJob
from seep.settings import OutputFilter, Reasoning, Target, TargetFormat
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


def of_known_target(job: PromptJob) -> PromptJob:
    """Without what only some engines put before a question: formatting's tests are about that."""
    return replace(job, target="known", system=None)


jobs_of_known_targets = strategies.prompt_jobs.map(of_known_target)


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
    arms += sum(test.control is not None for job in jobs for test in job.tests)
    assert len(engine.calls[0]) == arms


@given(jobs_of_known_targets, jobs_of_known_targets)
def test_a_prompt_without_an_answer_fails_its_own_job_alone(job: PromptJob, other: PromptJob) -> None:
    failed, done = generate_jobs([replace(job, control=UNANSWERABLE), other], FakeEngine(), TARGETS)
    assert failed == Failure("no answer")
    assert isinstance(done, GeneratedJob)


@given(jobs_of_known_targets.map(lambda job: replace(job, target="stranger")), jobs_of_known_targets)
def test_an_unknown_target_is_a_failure_and_costs_no_generation(stranger: PromptJob, job: PromptJob) -> None:
    engine = FakeEngine()
    failed, done = generate_jobs([stranger, job], engine, TARGETS)
    assert failed == Failure("target 'stranger' is not one of this engine's targets")
    assert isinstance(done, GeneratedJob)
    of_tests = {prompt for test in job.tests for prompt in (test.prompt, test.control)}
    assert {request.prompt for request in engine.calls[0]} <= {job.control, job.neutral, *of_tests}


def test_a_probe_that_needs_more_than_the_backend_provides_fails_its_job_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs = frozenset[AnswerPart]({"text", "reading"})
    monkeypatch.setitem(PROBES, "inner", replace(PROBES["semantic"], needs=needs))
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
    assert result.provenance["mixed"] == "engine_version"
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


def test_a_long_system_message_makes_no_job_too_large_to_be_recorded() -> None:
    target = Target(engine="fake", system="Be brief. " * 100_000, format=TargetFormat(kind="chat", user="{prompt}"))
    (result,) = generate_jobs([JOB], FakeEngine(), {"known": target})
    assert isinstance(result, GeneratedJob)
    assert sum(map(len, result.provenance.values())) < 2_000
    assert "sha256:" in result.provenance["prompt_format"]


@given(strategies.prompt_jobs)
def test_a_system_message_that_has_no_place_is_the_jobs_failure(job: PromptJob) -> None:
    plain = replace(job, target="known", prompt_format=replace(job.prompt_format, kind="plain"))
    (failed,) = generate_jobs([plain], FakeEngine(), {"known": Target(engine="fake", system="Be brief.")})
    assert isinstance(failed, Failure)
    assert "system message" in failed.reason


class NamedEngine:
    """Answers the control as one model, and all else as the model `other`."""

    provides = TEXT

    def __init__(self, other: str) -> None:
        self._other = other

    def generate(self, requests: Sequence[Request]) -> list[Result]:
        models = ["m-1" if request.prompt == "a control" else self._other for request in requests]
        return [Answered((Answer("a", model=model),) * 2, {"engine": "fake"}) for model in models]


@pytest.mark.parametrize(
    ("other", "provenance"),
    [
        ("m-1", {"answered_by": "m-1"}),
        ("m-2", {"answered_by": "m-1 | m-2", "mixed": "answered_by"}),
        # A server that does not always say who answers has not said that it was another.
        ("", {"answered_by": "m-1"}),
    ],
)
def test_provenance_names_who_answered_and_two_of_them_in_a_job_are_mixed(
    other: str, provenance: dict[str, str]
) -> None:
    (result,) = generate_jobs([replace(JOB, control="a control")], NamedEngine(other), TARGETS)
    assert isinstance(result, GeneratedJob)
    assert {name: result.provenance[name] for name in ("answered_by", "mixed") if name in result.provenance} == (
        provenance
    )


def test_thinking_is_wanted_of_every_prompt_as_the_target_says_and_stands_in_the_provenance() -> None:
    engine = FakeEngine()
    thoughts = Reasoning(max_tokens=100, effort="low", keep=False)
    target = Target(engine="fake", reasoning=thoughts, chat_template_kwargs={"enable_thinking": True})
    chat = replace(JOB, prompt_format=PromptFormat("chat"))
    (result,) = generate_jobs([chat], engine, {"known": target})
    assert isinstance(result, GeneratedJob)
    assert {request.max_new_tokens for request in engine.calls[0]} == {JOB.decoding.max_tokens + 100}
    assert all(request.template_kwargs == {"enable_thinking": True} for request in engine.calls[0])
    # Whether thoughts are kept bears on nothing that is scored.
    assert json.loads(result.provenance["decoding"])["reasoning"] == {"max_tokens": 100, "effort": "low"}
    assert json.loads(result.provenance["prompt_format"])["chat_template_kwargs"] == {"enable_thinking": True}


def test_a_target_of_the_thoughts_alone_is_decoded_otherwise() -> None:
    target = Target.model_validate({"engine": "fake", "reasoning": "only"})
    (result,) = generate_jobs([JOB], FakeEngine(), {"known": target})
    assert isinstance(result, GeneratedJob)
    assert json.loads(result.provenance["decoding"])["reasoning"] == {"keep": "only"}


@pytest.mark.parametrize(
    "settings", [{"chat_template_kwargs": {"enable_thinking": False}}, {"reasoning": {"effort": "low"}}]
)
def test_what_only_a_chat_template_takes_fails_the_jobs_of_a_plain_format(settings: dict[str, Any]) -> None:
    plain = replace(JOB, prompt_format=PromptFormat("plain"))
    target = Target.model_validate({"engine": "fake", **settings})
    (failed,) = generate_jobs([plain], FakeEngine(), {"known": target})
    assert isinstance(failed, Failure)
    assert "chat template" in failed.reason


def test_what_a_backend_leaves_out_and_what_a_target_adds_stand_together_in_the_decoding() -> None:
    class LeavesOut(FakeEngine):
        def _result(self, request: Request) -> Result:
            sent = json.dumps({"temperature": None, "extra_body": {"stop": " | "}})
            return Answered(answers("a"), {"engine": "fake", "decoding": sent})

    target = Target(engine="fake", reasoning=Reasoning(max_tokens=9))
    (result,) = generate_jobs([JOB], LeavesOut(), {"known": target})
    assert isinstance(result, GeneratedJob)
    decoding = json.loads(result.provenance["decoding"])
    assert (decoding["temperature"], decoding["max_tokens"]) == (None, JOB.decoding.max_tokens)
    assert (decoding["extra_body"], decoding["reasoning"]) == ({"stop": " | "}, {"max_tokens": 9})
    assert "mixed" not in result.provenance
