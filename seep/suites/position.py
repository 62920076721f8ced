"""The suite of the position probe: questions with options, each asked in every cyclic order of its options."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from string import ascii_uppercase
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from seep.job_limits import MOST_OPTIONS, options_excess
from seep.suites.notes import Note
from seep.suites.schema import (
    AnySuite,
    Category,
    ChoiceTest,
    Name,
    Record,
    RuledJob,
    SuiteTest,
    Text,
    not_empty,
    refuse_excess,
)
from seep.texts import folded

PLACE = "@"
LETTERS = tuple(ascii_uppercase)
FEWEST_QUESTIONS = 30  # with fewer a share's interval is wider than most biases

METRIC = "option"
LABELS = "labels"
ANSWER = "answer"


class PositionQuestion(Record):
    """A question with its options; `answer` is the right one, where there is one."""

    question: Text
    options: Annotated[tuple[Name, ...], Field(strict=False, min_length=2, max_length=MOST_OPTIONS)]
    answer: Name | None = None
    category: Category

    @model_validator(mode="after")
    def _the_answer_is_an_option(self) -> Self:
        if self.answer is not None and self.answer not in self.options:
            raise ValueError(f"answer: expected one of the options, found {self.answer!r}")
        if PLACE in self.category:
            raise ValueError(f"category: expected a name without {PLACE}, which stands before the place")
        same = [option for option, count in Counter(map(folded, self.options)).items() if count > 1]
        if same:
            raise ValueError(f"options: expected different ones, found {same[0]!r} twice")
        return self


class PositionSuite(AnySuite):
    """A suite of the position probe: a job is a question, and its tests are the cyclic orders of its options.

    So each option stands once at each place, and without bias each place is chosen in exactly 1/n of the answers.
    """

    jobs_field: ClassVar[str] = "questions"

    probe: Literal["position"]
    cut: Literal["sentence", "none"] = "none"
    labels: Annotated[tuple[Name, ...], Field(strict=False, min_length=2)] = LETTERS
    questions: Annotated[tuple[PositionQuestion, ...], Field(strict=False), AfterValidator(not_empty)]

    @model_validator(mode="after")
    def _every_category_has_one_number_of_options(self) -> Self:
        if len(set(map(folded, self.labels))) < len(self.labels):
            raise ValueError("labels: expected different ones")
        counts: dict[str, int] = {}
        for number, question in enumerate(self.questions):
            found = len(question.options)
            expected = counts.setdefault(question.category, found)
            if found != expected:
                raise ValueError(
                    f"questions[{number}].options: expected {expected}, as many as in all of category "
                    f"{question.category!r}, found {found}"
                )
            if problem := options_excess(found):
                raise ValueError(f"questions[{number}].{problem}")
            if found > len(self.labels):
                raise ValueError(f"labels: expected one for each of the {found} options of questions[{number}]")
        refuse_excess(self.jobs, self.decoding.samples)
        return self

    @property
    def jobs(self) -> tuple[RuledJob, ...]:
        """A job per question, with all cyclic orders of its options."""
        return tuple(_job(question, self.labels) for question in self.questions)

    def categories_of(self, test: SuiteTest) -> Sequence[str]:
        """One for each place."""
        assert isinstance(test, ChoiceTest)
        return place_categories(test.category, len(test.options))


def place_categories(category: str, options: int) -> list[str]:
    """The categories `<category>@1` to `<category>@n`, by place."""
    return [f"{category}{PLACE}{place}" for place in range(1, options + 1)]


def shown(question: str, labels: tuple[str, ...], options: tuple[str, ...]) -> str:
    """A question with its options, one a line, each behind its label."""
    return "\n".join([question, *(f"{label}. {option}" for label, option in zip(labels, options, strict=False))])


def cyclic_orders(options: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All orders that turning the options round gives, the given one first."""
    return [options[turn:] + options[:turn] for turn in range(len(options))]


def _job(question: PositionQuestion, labels: tuple[str, ...]) -> RuledJob:
    answer = question.answer
    tests = tuple(
        ChoiceTest(
            concept=answer or question.category,
            prompt=shown(question.question, labels, options),
            category=question.category,
            options=options,
        )
        for options in cyclic_orders(question.options)
    )
    rule = {LABELS: "\n".join(labels[: len(question.options)])} | ({} if answer is None else {ANSWER: answer})
    return RuledJob(rule=rule, tests=tests)


def few_questions(suite: AnySuite) -> Iterator[Note]:
    """A rule of lint: a share of so few questions has an interval that says nothing."""
    assert isinstance(suite, PositionSuite)
    places: defaultdict[str, list[int]] = defaultdict(list)
    for number, question in enumerate(suite.questions):
        places[question.category].append(number)
    for category, numbers in places.items():
        if len(numbers) < FEWEST_QUESTIONS:
            found = f"category {category!r} has {len(numbers)} of the {FEWEST_QUESTIONS} questions that a share needs"
            yield ("questions", numbers[0], "category"), f"{found}: add questions"


def labels_in_options(suite: AnySuite) -> Iterator[Note]:
    """A rule of lint: an answer that is a label and an option could be either."""
    assert isinstance(suite, PositionSuite)
    for number, question in enumerate(suite.questions):
        used = {folded(label) for label in suite.labels[: len(question.options)]}
        for place, option in enumerate(question.options):
            if used & {folded(word.strip(".,:;()")) for word in option.split() if word == option or word.isupper()}:
                yield (
                    ("questions", number, "options", place),
                    f"the option {option!r} holds a label: write it otherwise",
                )


def options_within_options(suite: AnySuite) -> Iterator[Note]:
    """A rule of lint: an answer in words that holds two options tells neither."""
    assert isinstance(suite, PositionSuite)
    for number, question in enumerate(suite.questions):
        words = [f" {' '.join(folded(option).split())} " for option in question.options]
        for place, option in enumerate(words):
            longer = [other for other in words if option in other and other != option]
            if longer:
                found = f"the option {option.strip()!r} stands in the option {longer[0].strip()!r}"
                yield ("questions", number, "options", place), f"{found}: write one of them otherwise"


def repeated_questions(suite: AnySuite) -> Iterator[Note]:
    """A rule of lint: a question that is there twice counts twice."""
    assert isinstance(suite, PositionSuite)
    first: dict[str, int] = {}
    for number, question in enumerate(suite.questions):
        earlier = first.setdefault(folded(question.question), number)
        if earlier != number:
            yield (
                ("questions", number, "question"),
                f"the question is that of questions[{earlier}]: reword or remove it",
            )


RULES = (few_questions, labels_in_options, options_within_options, repeated_questions)
