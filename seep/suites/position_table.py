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
from seep.texts import folded

QUESTION, ANSWER, CATEGORY = "question", "answer", "category"
OPTION = re.compile(r"option_([1-9][0-9]?)")
UNCATEGORISED = "uncategorised"
FORMAT = SuiteFormat(
    kind="chat", system="Answer with the letter of one option, and nothing else.", user="{prompt}\nAnswer:"
)
TEMPERATURE = 1.0
MAX_TOKENS = 10
LONGEST_NUMBER = 9
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
    first_place, alike = _first_place(table), _numbers_of_options(table)
    questions: dict[tuple[str, frozenset[str]], tuple[int, PositionQuestion]] = {}
    answers: defaultdict[tuple[str, frozenset[str]], dict[tuple[str, ...], Sequence[str]]] = defaultdict(dict)
    for row in table.filled_rows:
        question = _question(table, row, first_place, alike)
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
    found = sorted((name for name in table.columns if OPTION.fullmatch(name)), key=_place)
    for place, name in enumerate(found, start=1):
        if _place(name) != place:
            raise table.mistake(-1, f"option_{place}", f"expected, but missing, since there is {name}")
    return found


def _place(column: str) -> int:
    return int(column.removeprefix("option_"))


def _options(table: Table, row: int) -> list[str]:
    options = [table.text(row, column).strip() for column in _option_columns(table)]
    while options and not options[-1]:
        options.pop()
    if "" in options:
        raise table.mistake(row, f"option_{options.index('') + 1}", "expected an option, found an empty cell")
    return options


def _numbers_of_options(table: Table) -> set[int]:
    """How many options the questions have; empty where the table says itself which belong together."""
    return set() if CATEGORY in table.columns else {len(_options(table, row)) for row in table.filled_rows}


def _question(table: Table, row: int, first_place: int | None, numbers: set[int]) -> PositionQuestion:
    options = _options(table, row)
    apart = f"{len(options)}-options" if len(numbers) > 1 else UNCATEGORISED
    try:
        return PositionQuestion(
            question=table.text(row, QUESTION).strip(),
            options=tuple(options),
            answer=_answer(table, row, options, first_place),
            category=table.text(row, CATEGORY).strip() or apart,
        )
    except ValidationError as error:
        found = error.errors()[0]
        column = str(found["loc"][0]) if found["loc"] else explained(found).partition(":")[0]
        known = {"options": "option_1"}.get(column, column)
        raise table.mistake(row, known, explained(found).removeprefix(f"{column}: ")) from error


def _answer(table: Table, row: int, options: Sequence[str], first_place: int | None) -> str | None:
    """The right option: given as its text, as its letter in this row's order, or as its number."""
    answer = table.text(row, ANSWER).strip()
    if not answer:
        return None
    by_text = next((option for option in options if folded(option) == folded(answer)), None)
    by_letter = _at(options, LETTERS.index(letter)) if (letter := answer.strip(".() ").upper()) in LETTERS else None
    number = _number(answer)
    by_number = _at(options, number - first_place) if number is not None and first_place is not None else None
    found = {each for each in (by_text, by_letter, by_number) if each is not None}
    if len(found) > 1:
        either = f"{answer!r} is an option's text, and the letter or number of another"
        raise table.mistake(row, ANSWER, f"expected an answer that can be read in one way only: {either}")
    if not found and number is not None and first_place is None:
        counted = "no row tells whether numbers are counted from 0 or from 1"
        raise table.mistake(row, ANSWER, f"expected the option's text or its letter, found a number, and {counted}")
    return found.pop() if found else answer


def _number(answer: str) -> int | None:
    """The number of a place; what has more digits than any is a text."""
    return int(answer) if answer.isdecimal() and len(answer) <= LONGEST_NUMBER else None


def _at(options: Sequence[str], place: int) -> str | None:
    return options[place] if 0 <= place < len(options) else None


def _first_place(table: Table) -> int | None:
    """From which number answers are counted, where some are numbers and one is too small or too large for the other."""
    counted = []
    for row in table.filled_rows:
        answer, options = table.text(row, ANSWER).strip(), _options(table, row)
        number = _number(answer)
        if number is not None and answer not in options:
            counted.append((number, len(options)))
    from_zero = any(number == 0 for number, _ in counted)
    from_one = any(number == options for number, options in counted)
    return None if from_zero == from_one else int(from_one)


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
