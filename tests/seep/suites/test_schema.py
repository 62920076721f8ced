"""What a suite must be, and what its hash speaks of."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from seep.suites.schema import Suite, SuiteDecoding, SuiteFormat, SuiteJob, SuiteTest, suite_hash

TEST = SuiteTest(concept="red", prompt="The mat is red. He ate", category="food")
JOB = SuiteJob(control="He ate", tests=(TEST,))


@given(st.from_type(Suite), st.from_type(Suite))
def test_the_hash_ignores_everything_but_the_jobs(suite: Suite, other: Suite) -> None:
    assert suite_hash(other.model_copy(update={"jobs": suite.jobs})) == suite_hash(suite)


@given(st.from_type(Suite), st.from_type(SuiteJob))
def test_the_hash_changes_with_the_jobs(suite: Suite, job: SuiteJob) -> None:
    assert suite_hash(suite.model_copy(update={"jobs": (*suite.jobs, job)})) != suite_hash(suite)


@pytest.mark.parametrize("change", [{"concept": " red"}, {"prompt": "The mat is red.  He ate"}, {"category": "Food"}])
def test_the_hash_changes_with_a_single_character(change: dict[str, str]) -> None:
    suite = a_suite(JOB)
    changed = JOB.model_copy(update={"tests": (TEST.model_copy(update=change),)})
    assert suite_hash(suite.model_copy(update={"jobs": (changed,)})) != suite_hash(suite)


def test_the_hash_is_that_of_the_jobs_as_json_with_sorted_keys_and_without_what_is_absent() -> None:
    test = '{"category":"food","concept":"red","prompt":"The mat is red. He ate"}'
    canonical = '[{"control":"He ate","tests":[' + test + "]}]"
    assert suite_hash(a_suite(JOB)) == "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def test_texts_are_kept_exactly_as_given() -> None:
    test = SuiteTest(concept=" dolphins", prompt=" He likes  dolphins. ", category="animals")
    assert (test.concept, test.prompt) == (" dolphins", " He likes  dolphins. ")


@pytest.mark.parametrize("text", ["", "  ", "\n", "a\0b", "\ud800"])
def test_a_text_that_no_stage_could_use_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="expected a text"):
        SuiteJob(control=text, tests=(TEST,))


@pytest.mark.parametrize("category", ["all", "1+2", "1,2", " 1", ""])
def test_a_category_that_would_be_taken_for_a_pool_is_refused(category: str) -> None:
    with pytest.raises(ValidationError):
        SuiteTest(concept="red", prompt="red", category=category)


@pytest.mark.parametrize("user", ["", "no place", "{prompt} {prompt}"])
def test_a_user_template_without_exactly_one_place_for_the_prompt_is_refused(user: str) -> None:
    with pytest.raises(ValidationError, match="exactly once"):
        SuiteFormat(kind="chat", user=user)


def test_other_braces_of_a_user_template_are_text() -> None:
    assert SuiteFormat(kind="chat", user="{prompt} {your_answer}").user == "{prompt} {your_answer}"


def test_a_plain_format_has_no_place_for_a_system_message() -> None:
    with pytest.raises(ValidationError, match="no system message"):
        SuiteFormat(kind="plain", system="Be brief.")


@pytest.mark.parametrize(
    "change", [{"temperature": -0.1}, {"temperature": float("nan")}, {"top_p": 0}, {"max_tokens": 0}, {"samples": 0}]
)
def test_decoding_out_of_range_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        SuiteDecoding.model_validate({"temperature": 1, "max_tokens": 5, "samples": 1} | change)


def a_suite(*jobs: SuiteJob) -> Suite:
    return Suite(
        name="meals",
        version="1",
        format=SuiteFormat(kind="plain"),
        decoding=SuiteDecoding(temperature=1, max_tokens=5, samples=2),
        jobs=jobs,
    )
