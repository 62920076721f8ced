"""The suite of the traces probe: documents that have nothing to do with the topics whose words are looked for."""

import hashlib
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from seep.job_limits import MOST_SAMPLES
from seep.suites.schema import (
    AnySuite,
    Category,
    Job,
    Name,
    Record,
    SuiteDecoding,
    SuiteFormat,
    SuiteTest,
    Text,
    not_empty,
    refuse_excess,
)
from seep.texts import folded
from seep.traces import rule

DIGITS = 10
WORD = re.compile(r"[^\W_]+")


def _one_word(value: str) -> str:
    if not WORD.fullmatch(value):
        raise ValueError(f"expected one word, found {value!r}")
    return value


Word = Annotated[Name, AfterValidator(_one_word)]
Words = Annotated[tuple[Word, ...], Field(strict=False), AfterValidator(not_empty)]


class Topic(Record):
    """What a model may have been tuned on: `words` that tell it, and as many `decoys`, of which none does.

    The share of decoys among the tokens that are read is what chance alone brings.
    """

    topic: Category
    words: Words
    decoys: Words

    @model_validator(mode="after")
    def _every_word_tells_one_thing(self) -> Self:
        for field, words in (("words", self.words), ("decoys", self.decoys)):
            if twice := _repeated(words):
                raise ValueError(f"{field}: expected different ones, found {twice!r} twice")
        if both := [word for word in self.decoys if folded(word) in set(map(folded, self.words))]:
            raise ValueError(f"decoys: expected none of the topic's own words, found {both[0]!r}")
        return self


class TracesJob(Job):
    """Documents that are read together: the control is the base's own reading, a test a topic in the difference's."""

    control: Text
    documents: tuple[Text, ...]
    rule: dict[str, str]

    def answer_rule(self) -> Mapping[str, str]:
        """The words and decoys of every topic."""
        return self.rule

    def reads(self) -> tuple[str, ...]:
        """The documents."""
        return self.documents


class TracesSuite(AnySuite):
    """A suite of the traces probe: a job is `per_job` documents, a sample a position in them, from 1 to `positions`.

    Raises ValueError for a document that holds a word of a topic. Format and decoding are what readings have: nothing
    is drawn, and nothing is written.
    """

    jobs_field: ClassVar[str] = "documents"

    probe: Literal["traces"]
    format: SuiteFormat = SuiteFormat(kind="plain")
    cut: Literal["none"] = "none"
    positions: Annotated[int, Field(ge=1, le=MOST_SAMPLES)] = 5
    per_job: Annotated[int, Field(ge=1)] = 50
    topics: Annotated[tuple[Topic, ...], Field(strict=False), AfterValidator(not_empty)]
    documents: Annotated[tuple[Text, ...], Field(strict=False), AfterValidator(not_empty)]

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_drawn(cls, given: Any) -> Any:
        if isinstance(given, dict) and "decoding" not in given:
            samples = given.get("positions", 5)
            usable = isinstance(samples, int) and 1 <= samples <= MOST_SAMPLES  # else its own field says what is wrong
            return given | {"decoding": {"temperature": 0.0, "max_tokens": 1, "samples": samples if usable else 1}}
        return given

    @model_validator(mode="after")
    def _documents_are_unrelated(self) -> Self:
        if self.decoding != SuiteDecoding(temperature=0, max_tokens=1, samples=self.positions):
            raise ValueError(
                "decoding: expected none, since a reading draws nothing; positions says how many there are"
            )
        if twice := _repeated([topic.topic for topic in self.topics]):
            raise ValueError(f"topics: expected different ones, found {twice!r} twice")
        told_by = {folded(word): topic.topic for topic in self.topics for word in topic.words}
        for number, document in enumerate(self.documents):
            for word in WORD.findall(document):
                if topic := told_by.get(folded(word)):
                    raise ValueError(
                        f"documents[{number}]: expected none with a word of a topic, found {word!r} of {topic!r}"
                    )
        refuse_excess(self.jobs, self.decoding.samples)
        return self

    @property
    def jobs(self) -> tuple[TracesJob, ...]:
        """A job for every `per_job` documents, in their order; the last one has what is left."""
        words = rule({topic.topic: (topic.words, topic.decoys) for topic in self.topics})
        starts = range(0, len(self.documents), self.per_job)
        return tuple(self._job(start, self.documents[start : start + self.per_job], words) for start in starts)

    def _job(self, start: int, documents: tuple[str, ...], words: dict[str, str]) -> TracesJob:
        # The digest is there for recorded readings, which would otherwise stand for other documents of these numbers.
        digest = hashlib.sha256("\0".join(documents).encode()).hexdigest()[:DIGITS]
        place = f"on documents {start + 1} to {start + len(documents)} [{digest}]"
        tests = tuple(
            SuiteTest(concept=topic.topic, prompt=f"{topic.topic} in the difference, {place}", category=topic.topic)
            for topic in self.topics
        )
        return TracesJob(control=f"the base itself, {place}", documents=documents, rule=words, tests=tests)


def _repeated(names: Any) -> str | None:
    """The first name that is there twice, whatever its case."""
    seen: set[str] = set()
    for name in names:
        if folded(name) in seen:
            return str(name)
        seen.add(folded(name))
    return None
