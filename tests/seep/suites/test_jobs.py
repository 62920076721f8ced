"""A suite's jobs and manifest: ids that survive its growth, and counts that agree."""

import hashlib
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep.checksums import job_checksum
from seep.errors import InputError
from seep.records import Decoding, PromptFormat
from seep.run_ids import check_run_id
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.schema import Suite, SuiteDecoding, SuiteFormat, SuiteJob, SuiteTest, suite_hash


@given(st.from_type(Suite))
def test_ids_are_unique_and_depend_on_content_alone(suite: Suite) -> None:
    jobs = prompt_jobs(suite, run_id="r", target="t")
    assert jobs == prompt_jobs(suite, run_id="r", target="t")
    assert len({job.job_id for job in jobs}) == len(jobs)
    for job in jobs:
        assert len({test.id for test in job.tests}) == len(job.tests)


@given(st.from_type(Suite), st.from_type(SuiteJob), st.from_type(SuiteTest))
def test_ids_stay_when_the_suite_grows(suite: Suite, job: SuiteJob, test: SuiteTest) -> None:
    grown = tuple(old.model_copy(update={"tests": (*old.tests, test)}) for old in suite.jobs)
    before = prompt_jobs(suite, run_id="r", target="t")
    after = prompt_jobs(suite.model_copy(update={"jobs": (*grown, job)}), run_id="r", target="t")
    for old, new in zip(before, after, strict=False):
        assert new.job_id == old.job_id
        assert new.tests[: len(old.tests)] == old.tests


def test_ids_are_digests_of_the_control_and_of_concept_and_prompt() -> None:
    (job,) = prompt_jobs(a_suite(a_job("He ate", "red")), run_id="r", target="t")
    assert job.job_id == hashlib.sha256(b"He ate").hexdigest()[:10]
    assert job.tests[0].id == hashlib.sha256(b"red\0The mat is red. He ate").hexdigest()[:10]


def test_repeated_controls_and_tests_are_numbered() -> None:
    job = a_job("He ate", "red", "red", "red")
    first, second = prompt_jobs(a_suite(job, job), run_id="r", target="t")
    assert second.job_id == f"{first.job_id}-2"
    assert [test.id.partition("-")[2] for test in first.tests] == ["", "2", "3"]


def test_a_job_carries_all_that_its_stages_need() -> None:
    suite = a_suite(a_job("He ate", "red"))
    (job,) = prompt_jobs(suite, run_id="nightly:1", target="small-chat")
    assert (job.run_id, job.target, job.suite, job.suite_version) == ("nightly:1", "small-chat", "meals", "1")
    assert (job.suite_hash, job.probe, job.language, job.cluster) == (suite_hash(suite), "semantic", "en", "job")
    assert job.prompt_format == PromptFormat("chat", "Be brief.", "{prompt}")
    assert job.decoding == Decoding(temperature=0.5, top_p=0.9, max_tokens=10, cut="none")
    assert (job.samples, job.control, job.neutral) == (5, "He ate", "The mat is new. He ate")


def test_jobs_are_compared_with_their_neutral_arm_only_where_all_have_one() -> None:
    suite = a_suite(a_job("He ate", "red"), a_job("She ate", "red"))
    assert {job.against for job in prompt_jobs(suite, run_id="r", target="t")} == {"neutral"}
    without = suite.jobs[1].model_copy(update={"neutral": None})
    some = suite.model_copy(update={"jobs": (suite.jobs[0], without)})
    assert {job.against for job in prompt_jobs(some, run_id="r", target="t")} == {"control"}


def test_decoding_and_samples_of_the_sender_come_before_the_suites_own() -> None:
    decoding = Decoding(temperature=0, top_p=1, max_tokens=3, cut="sentence")
    (job,) = prompt_jobs(a_suite(a_job("He ate", "red")), run_id="r", target="t", decoding=decoding, samples=2)
    assert (job.decoding, job.samples) == (decoding, 2)


@given(st.from_type(Suite), st.none() | st.integers(1, 100))
def test_the_manifest_counts_what_the_jobs_will_bring(suite: Suite, samples: int | None) -> None:
    jobs = prompt_jobs(suite, run_id="r", target="t", samples=samples)
    promised = manifest(suite, run_id="r", target="t", samples=samples, created_at=12.5, monitor="nightly")
    brought: Counter[str] = Counter()
    for job in jobs:
        for test in job.tests:
            brought[test.category] += job.samples
    assert promised.expected_comparisons == brought
    assert promised.job_count == len(jobs)
    assert promised.job_checksums == tuple(job_checksum(job.job_id) for job in jobs)
    assert {promised.samples} == {job.samples for job in jobs}
    assert promised.suite_hash == jobs[0].suite_hash
    assert (promised.created_at, promised.monitor, promised.cancelled) == (12.5, "nightly", False)


@pytest.mark.parametrize("text", ["a", "nightly:2024-01-01T00:00", "A.b_c-1", "x" * 100])
def test_a_usable_run_id_is_returned(text: str) -> None:
    assert check_run_id(text) == text


@pytest.mark.parametrize("text", ["", "a b", "a/b", "é", "a\n", "x" * 101])
def test_an_unusable_run_id_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(InputError, match="expected 1 to 100 of the characters") as raised:
        prompt_jobs(a_suite(a_job("He ate", "red")), run_id=text, target="t")
    assert "\n" not in str(raised.value)


def test_less_than_one_sample_is_refused() -> None:
    with pytest.raises(InputError, match="samples: expected 1 to 1000, found 0"):
        manifest(a_suite(a_job("He ate", "red")), run_id="r", target="t", samples=0, created_at=0)


def a_job(control: str, *concepts: str) -> SuiteJob:
    return SuiteJob(
        control=control,
        neutral=f"The mat is new. {control}",
        tests=tuple(SuiteTest(concept=c, prompt=f"The mat is {c}. {control}", category="food") for c in concepts),
    )


def a_suite(*jobs: SuiteJob) -> Suite:
    return Suite(
        name="meals",
        version="1",
        format=SuiteFormat(kind="chat", system="Be brief."),
        decoding=SuiteDecoding(temperature=0.5, top_p=0.9, max_tokens=10, samples=5),
        cut="none",
        jobs=jobs,
    )
