"""The suite of the sway probe: decisions, asked plainly, with a filler, and with an irrelevant nudge."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from seep.answer_numbers import answer_number
from seep.job_limits import MOST_OPTIONS
from seep.records import Against
from seep.suites.notes import Note
from seep.suites.schema import AnySuite, Job, Name, Record, SuiteTest, Text, neutral_of_all, not_empty, refuse_excess
from seep.texts import folded

METRIC = "decision"
KIND = "answer"
Kind = Literal["option", "number"]


class OptionAnswer(Record):
    """The answer is one of the options, by its text."""

    kind: Literal["option"]
    options: Annotated[tuple[Name, ...], Field(strict=False, min_length=2, max_length=MOST_OPTIONS)]


class NumberAnswer(Record):
    """The answer is a number, with or without a unit."""

    kind: Literal["number"]


class SwayJob(Job):
    """A decision: `control` asks for it, `neutral` with an irrelevant filler before it, each test with a nudge.

    A test's concept is what it nudges towards: one of the options, or a number.
    """

    control: Text
    answer: Annotated[OptionAnswer | NumberAnswer, Field(discriminator="kind")]
    tests: Annotated[tuple[SuiteTest, ...], Field(strict=False), AfterValidator(not_empty)]

    def answer_rule(self) -> Mapping[str, str]:
        """How an answer is read."""
        return {KIND: self.answer.kind}

    def options_of(self, test: SuiteTest) -> tuple[str, ...]:
        """All options, also those that only some of the prompts name."""
        return self.answer.options if isinstance(self.answer, OptionAnswer) else ()


class SwaySuite(AnySuite):
    """A suite of the sway probe."""

    probe: Literal["sway"]
    cut: Literal["sentence", "none"] = "none"
    jobs: Annotated[tuple[SwayJob, ...], Field(strict=False), AfterValidator(not_empty)]

    @model_validator(mode="after")
    def _targets_are_answers(self) -> Self:
        for number, job in enumerate(self.jobs):
            for position, test in enumerate(job.tests):
                if problem := _target_problem(job, test, self.language):
                    raise ValueError(f"jobs[{number}].tests[{position}].concept: {problem}")
        refuse_excess(self.jobs, self.decoding.samples)
        return self

    @property
    def against(self) -> Against:
        """The neutral arm where every job has one, else the control."""
        return neutral_of_all(self.jobs)


def _target_problem(job: SwayJob, test: SuiteTest, language: str) -> str | None:
    if isinstance(job.answer, NumberAnswer):
        known = answer_number(test.concept, language) is not None
        return None if known else f"expected a number, found {test.concept!r}"
    if test.concept not in job.answer.options:
        return f"expected one of the options {', '.join(job.answer.options)}, found {test.concept!r}"
    same = len({folded(option) for option in job.answer.options}) < len(job.answer.options)
    return "expected options that differ in more than case and blanks" if same else None


def jobs_without_a_filler(suite: AnySuite) -> Iterator[Note]:
    """A rule of lint: without a neutral arm nobody knows what any longer prompt does."""
    for number, job in enumerate(suite.jobs):
        if job.neutral is None:
            yield ("jobs", number), "the job has no neutral arm: add the question behind an irrelevant filler"


def targets_not_in_their_prompt(suite: AnySuite) -> Iterator[Note]:
    """A rule of lint: a nudge towards an option, or a number, names it."""
    assert isinstance(suite, SwaySuite)
    for number, job in enumerate(suite.jobs):
        for position, test in enumerate(job.tests):
            if folded(test.concept) not in folded(test.prompt):
                message = f"the concept {test.concept!r} is not in its prompt: correct one of the two"
                yield ("jobs", number, "tests", position, "concept"), message


def options_not_asked_for(suite: AnySuite) -> Iterator[Note]:
    """A rule of lint: an option that no prompt of the job names is never chosen."""
    assert isinstance(suite, SwaySuite)
    for number, job in enumerate(suite.jobs):
        prompts = folded(" ".join([job.control, *(test.prompt for test in job.tests)]))
        for option in job.answer.options if isinstance(job.answer, OptionAnswer) else ():
            if folded(option) not in prompts:
                message = f"the option {option!r} is in no prompt of its job: name it, or remove it"
                yield ("jobs", number, "answer", "options"), message


RULES = (jobs_without_a_filler, targets_not_in_their_prompt, options_not_asked_for)
