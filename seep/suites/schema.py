"""The shape of a suite: jobs of one probe, how they are put to a model, and how answers are sampled."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from seep.characters import UNSEEN
from seep.job_limits import (
    MOST_SAMPLES,
    MOST_TEMPERATURE,
    MOST_TOKENS,
    answers_excess,
    name_excess,
)
from seep.languages import LANGUAGES, spill_categories
from seep.records import Against

PROMPT_PLACE = "{prompt}"


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("expected a text, found an empty one")
    if re.search("[\0\ud800-\udfff]", value):  # PostgreSQL stores no NUL, UTF-8 has no lone surrogates
        raise ValueError("expected a text without NUL and surrogate characters")
    return value


def _category(value: str) -> str:
    # "all" names the pool of a whole suite, "1+2" a pool of two categories, and "--pool 1,2" asks for one.
    if value == "all" or value != value.strip() or any(mark in value for mark in "+,\n"):
        raise ValueError("expected a category other than 'all', without '+', ',' and blanks around it")
    return value


def not_empty(values: tuple[object, ...]) -> tuple[object, ...]:
    # min_length would also call a list empty of which every item is invalid.
    if not values:
        raise ValueError("expected at least one, found none")
    return values


def _user_template(value: str) -> str:
    if value.count(PROMPT_PLACE) != 1:
        raise ValueError(f"expected {PROMPT_PLACE} exactly once, found {value.count(PROMPT_PLACE)} of it")
    return _text(value)


def _directive_language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError(f"expected one of the languages {', '.join(LANGUAGES)}")
    return value


def _name(value: str) -> str:
    # Blanks and line ends around a concept are as they were given; it is shown without them.
    if UNSEEN.search(value.strip()):
        raise ValueError("expected a text on one line, without control characters")
    if problem := name_excess("", value):
        raise ValueError(problem.removeprefix(": "))
    return value


Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[Text, AfterValidator(_name)]
Category = Annotated[Name, AfterValidator(_category)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


class Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class SuiteFormat(Record):
    """How prompts are put to a model: chat messages, or plain text to be continued.

    `{prompt}` in `user` is replaced; all other braces are text, since published templates hold some.
    """

    kind: Literal["chat", "plain"]
    system: str = ""
    user: Annotated[str, AfterValidator(_user_template)] = PROMPT_PLACE

    @model_validator(mode="after")
    def _plain_text_has_no_system_message(self) -> Self:
        if self.kind == "plain" and self.system:
            raise ValueError("expected no system message in a plain format: plain text has no place for it")
        return self


class SuiteDecoding(Record):
    """How answers are sampled: `max_tokens` new tokens at most, `samples` answers per prompt."""

    temperature: float = Field(ge=0, le=MOST_TEMPERATURE)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(ge=1, le=MOST_TOKENS)
    samples: int = Field(ge=1, le=MOST_SAMPLES)


class SuiteTest(Record):
    """A control's sentence with a concept in it; both texts are kept exactly as they were given."""

    concept: Name
    prompt: Text
    category: Category

    @property
    def control(self) -> str | None:
        """The test's own control prompt, of some probes only."""
        return None


class ChoiceTest(SuiteTest):
    """A test whose answer is one of the options, in the order in which its prompt shows them."""

    options: Annotated[tuple[Text, ...], Field(strict=False)]


class Job(Record):
    """Tests that are asked together; without a control where the probe compares their answers with no other.

    `system` is a system message of its own, in the place of the suite's.
    """

    system: Text | None = None
    control: Text | None = None
    neutral: Text | None = None
    tests: Annotated[tuple[SuiteTest, ...], Field(strict=False), AfterValidator(not_empty)]

    @property
    def subject(self) -> str:
        """What makes the job this one, whatever tests are added at its end."""
        return self.tests[0].prompt if self.control is None else self.control

    def answer_rule(self) -> Mapping[str, str]:
        """How the probe reads the answers, by names that it knows."""
        return {}

    def reads(self) -> tuple[str, ...]:
        """The documents that an engine reads which looks inside its model, of some probes only."""
        return ()

    def options_of(self, test: SuiteTest) -> tuple[str, ...]:
        """Between which options an answer to the test chooses, if it does."""
        return test.options if isinstance(test, ChoiceTest) else ()


class RuledJob(Job):
    """A job whose answers are read as `rule` says."""

    rule: dict[str, str]
    tests: Annotated[tuple[ChoiceTest, ...], Field(strict=False), AfterValidator(not_empty)]

    def answer_rule(self) -> Mapping[str, str]:
        """The rule."""
        return self.rule


class SuiteJob(Job):
    """One control prompt with all the tests that share it, and a neutral insertion in the concept's place."""

    control: Text


def refuse_excess(jobs: Iterable[Job], samples: int) -> None:
    """Raises ValueError for the first job that asks for more answers than a message may."""
    for number, job in enumerate(jobs):
        if problem := answers_excess(samples, job.tests, job.control, job.neutral):
            raise ValueError(f"jobs[{number}]: {problem}")


def neutral_of_all(jobs: Iterable[Job]) -> Against:
    """The neutral arm where every job has one; else the control, for all jobs: one rate has one null."""
    return "control" if any(job.neutral is None for job in jobs) else "neutral"


def refuse_system(jobs: Iterable[Job], suite_format: SuiteFormat, field: str = "jobs") -> None:
    """Raises ValueError for the first job with a system message where the format has no place for one."""
    for number, job in enumerate(jobs):
        if job.system is not None and suite_format.kind == "plain":
            raise ValueError(f"{field}[{number}].system: expected none in a plain format, which has no place for it")


class AnySuite(Record):
    """What the suites of all probes say and have; `language`, in which they ask, is an ISO 639-1 code."""

    jobs_field: ClassVar[str] = "jobs"
    """The field of the file that has an item for each job, for whoever names a line."""

    name: Slug
    version: Name
    probe: str
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    cluster: Literal["job", "sample"] = "job"
    format: SuiteFormat
    decoding: SuiteDecoding
    cut: Literal["sentence", "none"] = "sentence"

    if TYPE_CHECKING:
        # A probe's suite has its jobs as a field, or makes them of other fields.
        @property
        def jobs(self) -> tuple[Job, ...]: ...

    @property
    def against(self) -> Against:
        """Whose answers the tests' are compared with, where the probe compares them."""
        return "control"

    @property
    def comparisons(self) -> Counter[str]:
        """How many outcomes one sample of every test brings, by category."""
        return Counter(category for job in self.jobs for test in job.tests for category in self.categories_of(test))

    def categories_of(self, test: SuiteTest) -> Sequence[str]:
        """The categories in each of which an answer to the test has an outcome."""
        return (test.category,)


class Suite(AnySuite):
    """A versioned set of jobs of the semantic probe, which is the one where a suite names none."""

    probe: Literal["semantic"] = "semantic"
    jobs: Annotated[tuple[SuiteJob, ...], Field(strict=False), AfterValidator(not_empty)]

    @model_validator(mode="after")
    def _jobs_are_bounded(self) -> Self:
        refuse_excess(self.jobs, self.decoding.samples)
        refuse_system(self.jobs, self.format)
        return self

    @property
    def against(self) -> Against:
        """The neutral arm where every job has one, else the control."""
        return neutral_of_all(self.jobs)


class LanguageSuite(AnySuite):
    """A suite of the language probe: directives by the language they ask for, in one or more phrasings each, before
    every user prompt; without user prompts the directives stand alone.

    Languages are ISO 639-1 codes; a test's concept and category are the language that its directive asks for. All
    languages have the same number of phrasings, so that each weighs the same in a run.
    """

    probe: Literal["language"]
    directives: dict[
        Annotated[str, AfterValidator(_directive_language)],
        Annotated[tuple[Text, ...], Field(strict=False), AfterValidator(not_empty)],
    ] = Field(min_length=2)
    prompts: Annotated[tuple[Text, ...], Field(strict=False)] = ()

    @model_validator(mode="after")
    def _phrasings_are_parallel(self) -> Self:
        counts = {language: len(phrasings) for language, phrasings in self.directives.items()}
        if len(set(counts.values())) > 1:
            raise ValueError(f"directives: expected as many phrasings for every language, found {counts}")
        refuse_excess(self.jobs, self.decoding.samples)
        return self

    @property
    def jobs(self) -> tuple[Job, ...]:
        """A job per user prompt, with all directives before it; else one per phrasing, in all languages."""
        phrasings = [
            list(zip(self.directives, texts, strict=True)) for texts in zip(*self.directives.values(), strict=True)
        ]
        if not self.prompts:
            return tuple(_language_job(phrasing) for phrasing in phrasings)
        directives = [directive for phrasing in phrasings for directive in phrasing]
        return tuple(
            _language_job((language, f"{directive} {prompt}") for language, directive in directives)
            for prompt in self.prompts
        )

    def categories_of(self, test: SuiteTest) -> Sequence[str]:
        """One for each language that the answer may be in."""
        return tuple(spill_categories(test.category, self.directives).values())


def _language_job(prompts: Iterable[tuple[str, str]]) -> Job:
    tests = tuple(SuiteTest(concept=language, prompt=text, category=language) for language, text in prompts)
    return Job(tests=tests)


def suite_hash(suite: AnySuite) -> str:
    """Return "sha256:" and the digest of the suite's jobs alone: runs are comparable where it is the same.

    Absent fields are left out, so that an optional field added to the schema leaves earlier hashes as they are.
    """
    jobs = [job.model_dump(exclude_none=True) for job in suite.jobs]
    canonical = json.dumps(jobs, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
