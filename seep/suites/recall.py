"""The suites of the recall probe: texts of which a model is given the beginning, to see whether it goes on in them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from seep.job_limits import MOST_CHARACTERS, MOST_TESTS
from seep.languages import written_without_blanks
from seep.recall import MOST_WORDS, Match, MatchKind, expected_excess
from seep.suites.schema import (
    AnySuite,
    Category,
    Job,
    Record,
    SuiteTest,
    Text,
    not_empty,
    refuse_excess,
    refuse_system,
)

PREFIX_PLACE = "{prefix}"
SOURCE_PLACE = "{source}"
LONGEST_CONCEPT = 120


def _instruction(value: str) -> str:
    if value.count(PREFIX_PLACE) != 1:
        raise ValueError(f"expected {PREFIX_PLACE} exactly once, found {value.count(PREFIX_PLACE)} of it")
    return value


Instruction = Annotated[Text, AfterValidator(_instruction)]
Words = Annotated[int, Field(ge=1, le=MOST_WORDS)]


class SuiteMatch(Record):
    """When an answer gives an expected text back; `words` and `near` count words of the expected text."""

    kind: MatchKind = "start"
    words: Words = 50
    near: float = Field(default=0.8, gt=0, le=1)
    fold: bool = True

    def record(self) -> Match:
        """The same, as the scorer has it."""
        return Match(self.kind, self.words, self.near, self.fold)


class Part(Record):
    """A piece of a text, and how the text goes on behind it."""

    prefix: Text
    expected: Text


class Window(Record):
    """How a document is cut into parts, in words between blanks; in characters, where a language has none.

    Each part begins `step` words after the one before. What is left at the end, too short for a part, is not asked for.
    """

    prefix: Words
    expected: Words
    step: Words


class RecallText(Record):
    """One document: parts of it, or all of it, to be cut by the suite's window. It is a job, and its parts the tests.

    `source` names it to the model where the instruction has a place for it. `system` is a system message of its own.
    """

    category: Category
    source: Text | None = None
    system: Text | None = None
    parts: Annotated[tuple[Part, ...], Field(strict=False)] = ()
    document: Text | None = None

    @model_validator(mode="after")
    def _has_parts_or_is_whole(self) -> Self:
        if bool(self.parts) == (self.document is not None):
            raise ValueError("expected either parts or a document")
        return self


class RecallTest(SuiteTest):
    """A test that compares its answer with an expected text; `unguided` asks for it without the source's name."""

    expected: Text
    unguided: Text | None = None

    @property
    def control(self) -> str | None:
        """The prompt without the source's name."""
        return self.unguided


class RecallJob(Job):
    """The parts of one document, read by one rule."""

    rule: dict[str, str]
    tests: Annotated[tuple[RecallTest, ...], Field(strict=False), AfterValidator(not_empty)]

    def answer_rule(self) -> Mapping[str, str]:
        """The rule."""
        return self.rule

    @property
    def subject(self) -> str:
        """The text that is asked for, and where: several may be asked for in the same words."""
        first = self.tests[0]
        return "\0".join((self.system or "", first.prompt, first.expected))


class RecallSuite(AnySuite):
    """A suite of the recall probe: `instruction` asks to go on with a text by its source, `control` without naming it.

    Raises ValueError for an instruction that names a source where a text has none, for a document without a window or
    shorter than it, and for an expected text without a word, or with more than `MOST_WORDS`.
    """

    jobs_field: ClassVar[str] = "texts"

    probe: Literal["recall"]
    cut: Literal["none"] = "none"
    match: SuiteMatch = SuiteMatch()
    window: Window | None = None
    instruction: Instruction = PREFIX_PLACE
    control: Instruction | None = None
    texts: Annotated[tuple[RecallText, ...], Field(strict=False), AfterValidator(not_empty)]

    @model_validator(mode="after")
    def _texts_can_be_asked_for(self) -> Self:
        if self.control is not None and SOURCE_PLACE in self.control:
            raise ValueError(f"control: expected no {SOURCE_PLACE}, since it asks without naming the source")
        for number, text in enumerate(self.texts):
            if problem := self._problem(text):
                raise ValueError(f"texts[{number}]: {problem}")
        refuse_excess(self.jobs, self.decoding.samples)
        refuse_system(self.jobs, self.format, self.jobs_field)
        return self

    def _problem(self, text: RecallText) -> str | None:
        if text.source is None and SOURCE_PLACE in self.instruction:
            return f"source: expected one, since the instruction has {SOURCE_PLACE}"
        if text.document is not None and self.window is None:
            return "document: expected a window in the suite, by which it is cut"
        if text.document is not None and self.window and (problem := _cut_excess(text.document, self)):
            return f"document: {problem}"
        parts = self.parts(text)
        if not parts:
            return "document: expected at least as many words as the window has"
        for number, part in enumerate(parts):
            if problem := expected_excess(part.expected, fold=self.match.fold, language=self.language):
                return f"parts[{number}].expected: {problem}"
        return None

    def parts(self, text: RecallText) -> tuple[Part, ...]:
        """The parts of a text, cut by the window where it is a document."""
        if text.document is None or self.window is None:
            return text.parts
        return tuple(_cut(text.document, self.window, self.language))

    @property
    def jobs(self) -> tuple[RecallJob, ...]:
        """A job per text."""
        rule = self.match.record().rule()
        return tuple(
            RecallJob(system=text.system, rule=rule, tests=tuple(self.test(text, part) for part in self.parts(text)))
            for text in self.texts
        )

    def test(self, text: RecallText, part: Part) -> RecallTest:
        """What is asked of one part of a text."""
        return RecallTest(
            concept=_short(part.expected),
            prompt=_filled(self.instruction, part.prefix, text.source),
            category=text.category,
            expected=part.expected,
            unguided=None if self.control is None else _filled(self.control, part.prefix, None),
        )


def _filled(instruction: str, prefix: str, source: str | None) -> str:
    """The instruction with its places filled; what stands in their place is text, whatever it looks like."""
    texts = {PREFIX_PLACE: prefix, SOURCE_PLACE: source or ""}
    return re.sub(r"\{prefix\}|\{source\}", lambda place: texts[place[0]], instruction)


def _cut_excess(document: str, suite: RecallSuite) -> str | None:
    """What is wrong with the parts that a window would cut a document into, before any is cut; None where nothing is.

    A small document and a small step make many long parts.
    """
    assert suite.window is not None
    pieces, between = _pieces(document, suite.language)
    parts, each = len(_starts(pieces, suite.window)), suite.window.prefix + suite.window.expected
    if parts > MOST_TESTS:
        return f"expected a window that cuts it into at most {MOST_TESTS} parts, found {parts}"
    if parts * each * (1 + len(between)) > MOST_CHARACTERS:
        found = f"found {parts} parts of {each} words"
        return f"expected a window whose parts have at most {MOST_CHARACTERS} characters together, {found}"
    return None


def _pieces(document: str, language: str) -> tuple[Sequence[str], str]:
    """What a window counts of a document, and what stands between."""
    words = document.split()
    return (list("".join(words)), "") if written_without_blanks(language) else (words, " ")


def _starts(pieces: Sequence[str], window: Window) -> range:
    return range(0, len(pieces) - window.prefix - window.expected + 1, window.step)


def _cut(document: str, window: Window, language: str) -> Iterator[Part]:
    pieces, between = _pieces(document, language)
    for start in _starts(pieces, window):
        middle = start + window.prefix
        expected = between.join(pieces[middle : middle + window.expected])
        yield Part(prefix=between.join(pieces[start:middle]), expected=expected)


def _short(expected: str) -> str:
    """The expected text on one line, cut where it is long: what stands where a concept stands."""
    line = " ".join("".join(char if char.isprintable() else " " for char in expected).split())
    return line if len(line) <= LONGEST_CONCEPT else f"{line[: LONGEST_CONCEPT - 1]}…"
