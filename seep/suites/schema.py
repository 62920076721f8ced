"""The shape of a suite: jobs of one probe, how they are put to a model, and how answers are sampled."""

import hashlib
import json
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

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


def _not_empty(values: tuple[object, ...]) -> tuple[object, ...]:
    # min_length would also call a list empty of which every item is invalid.
    if not values:
        raise ValueError("expected at least one, found none")
    return values


def _user_template(value: str) -> str:
    if value.count(PROMPT_PLACE) != 1:
        raise ValueError(f"expected {PROMPT_PLACE} exactly once, found {value.count(PROMPT_PLACE)} of it")
    return _text(value)


Text = Annotated[str, AfterValidator(_text)]
Category = Annotated[Text, AfterValidator(_category)]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class SuiteFormat(_Record):
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


class SuiteDecoding(_Record):
    """How answers are sampled: `max_tokens` new tokens at most, `samples` answers per prompt."""

    temperature: float = Field(ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(ge=1)
    samples: int = Field(ge=1)


class SuiteTest(_Record):
    """A control's sentence with a concept in it; both texts are kept exactly as they were given."""

    concept: Text
    prompt: Text
    category: Category


class SuiteJob(_Record):
    """One control prompt with all the tests that share it, and a neutral insertion in the concept's place."""

    control: Text
    neutral: Text | None = None
    tests: Annotated[tuple[SuiteTest, ...], Field(strict=False), AfterValidator(_not_empty)]


class Suite(_Record):
    """A versioned set of jobs of one probe; `language` is an ISO 639-1 code."""

    name: Slug
    version: Text
    probe: Slug = "semantic"
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    cluster: Literal["job", "sample"] = "job"
    format: SuiteFormat
    decoding: SuiteDecoding
    cut: Literal["sentence", "none"] = "sentence"
    jobs: Annotated[tuple[SuiteJob, ...], Field(strict=False), AfterValidator(_not_empty)]


def suite_hash(suite: Suite) -> str:
    """Return "sha256:" and the digest of the suite's jobs alone: runs are comparable where it is the same.

    Absent fields are left out, so that an optional field added to the schema leaves earlier hashes as they are.
    """
    jobs = [job.model_dump(exclude_none=True) for job in suite.jobs]
    canonical = json.dumps(jobs, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()
