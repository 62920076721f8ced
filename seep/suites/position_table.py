"""Makes a suite of the position probe, and recorded answers, of a table of questions with options.

A row is a question in one order of its options. Without answers one row for each question does. With answers there is
one for each cyclic order: what a model says to one order tells nothing of another.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

from pydantic import ValidationError

from seep.errors import InputError
from seep.explanations import explained
from seep.suites.position import LETTERS, PositionQuestion, PositionSuite, cyclic_orders, shown
from seep.suites.schema import SuiteDecoding, SuiteFormat
from seep.suites.table import Table

QUESTION, ANSWER, CATEGORY = "question", "answer", "category"
OPTION = re.compile(r"option_([1-9][0-9]?)")
UNCATEGORISED = "uncategorised"
FORMAT = SuiteFormat(
    kind="chat", system="Answer with the letter of one option, and nothing else.", user="{prompt}\nAnswer:"
)
TEMPERATURE = 1.0
MAX_TOKENS = 10
SAMPLES = 3

Rows = list[tuple[str, Sequence[str]]]


def holds_questions(table: Table) -> bool:
    """Whether a table is one that `read_questions` reads."""
    return QUESTION in table.columns and "option_1" in table.columns


def questions_columns(table: Table) -> list[str]:
    """The columns that are read."""
    return [
        name for name in (QUESTION, *_option_columns(table), ANSWER, CATEGORY) if name in table.columns
    ] + table.generation_columns


def read_questions(table: Table, name: str) -> tuple[PositionSuite, Rows]:
    """Return the suite of this name, and each prompt with its generations, none where the table has none.

    InputError names the table, row and column of a mistake.
    """
    questions: dict[tuple[str, frozenset[str]], tuple[int, PositionQuestion]] = {}
    answers: defaultdict[tuple[str, frozenset[str]], dict[tuple[str, ...], Sequence[str]]] = defaultdict(dict)
    for row in range(len(table.rows)):
        question = _question(table, row)
        key = question.question, frozenset(question.options)
        _, first = questions.setdefault(key, (row, question))
        _refuse_contradiction(table, row, first, question)
        if question.options in answers[key]:
            raise table.mistake(row, QUESTION, "expected each order of its options once, found this one again")
        answers[key][question.options] = [table.generation(row, column) for column in table.generation_columns]
    if table.generation_columns:
        _refuse_missing_orders(table, questions, answers)
    return _suite(table, name, [question for _, question in questions.values()]), [
        (shown(question, LETTERS, options), generations)
        for (question, _), of_question in answers.items()
        for options, generations in of_question.items()
        if generations
    ]


def _option_columns(table: Table) -> list[str]:
    found = (name for name in table.columns if OPTION.fullmatch(name))
    return sorted(found, key=lambda name: int(name.removeprefix("option_")))


def _question(table: Table, row: int) -> PositionQuestion:
    options = [table.text(row, column).strip() for column in _option_columns(table)]
    while options and not options[-1]:
        options.pop()
    if "" in options:
        raise table.mistake(row, f"option_{options.index('') + 1}", "expected an option, found an empty cell")
    answer = table.text(row, ANSWER).strip() or None
    try:
        return PositionQuestion(
            question=table.text(row, QUESTION).strip(),
            options=tuple(options),
            answer=_option_of(answer, options),
            category=table.text(row, CATEGORY).strip() or UNCATEGORISED,
        )
    except ValidationError as error:
        found = error.errors()[0]
        column = str(found["loc"][0]) if found["loc"] else ANSWER
        raise table.mistake(row, "option_1" if column == "options" else column, explained(found)) from error


def _option_of(answer: str | None, options: Sequence[str]) -> str | None:
    """The right option: given as its text, or as its letter in this row's order."""
    if answer is None or answer in options:
        return answer
    letter = answer.strip(".() ").upper()
    return options[LETTERS.index(letter)] if letter in LETTERS[: len(options)] else answer


def _refuse_contradiction(table: Table, row: int, first: PositionQuestion, question: PositionQuestion) -> None:
    if question.options not in cyclic_orders(first.options):
        orders = "expected a cyclic order of the options as they stand in the question's first row"
        raise table.mistake(row, "option_1", orders)
    for field in (ANSWER, CATEGORY):
        if getattr(question, field) != getattr(first, field):
            raise table.mistake(row, field, f"expected that of the question's first row, {getattr(first, field)!r}")


def _refuse_missing_orders(
    table: Table,
    questions: dict[tuple[str, frozenset[str]], tuple[int, PositionQuestion]],
    answers: dict[tuple[str, frozenset[str]], dict[tuple[str, ...], Sequence[str]]],
) -> None:
    for key, (row, question) in questions.items():
        if len(answers[key]) < len(question.options):
            found = f"found {len(answers[key])}; leave the generations away to ask a model yourself"
            raise table.mistake(
                row, QUESTION, f"expected a row for each of its {len(question.options)} cyclic orders, {found}"
            )


def _suite(table: Table, name: str, questions: Sequence[PositionQuestion]) -> PositionSuite:
    most = max((len(question.options) for question in questions), default=2)
    try:
        return PositionSuite(
            name=name,
            version="1",
            probe="position",
            format=FORMAT,
            decoding=SuiteDecoding(
                temperature=TEMPERATURE, max_tokens=MAX_TOKENS, samples=len(table.generation_columns) or SAMPLES
            ),
            labels=LETTERS[:most],
            questions=tuple(questions),
        )
    except ValidationError as error:
        raise InputError(f"{table.place}: {explained(error.errors()[0])}") from error
