"""Tables of questions with options become a suite, and their answers recorded ones."""

from pathlib import Path

import pytest

from seep.errors import InputError
from seep.suites.jobs import prompt_jobs
from seep.suites.position import PositionSuite
from seep.suites.position_table import Rows, holds_questions, questions_columns, read_questions
from seep.suites.question_columns import with_options
from seep.suites.table import read_table

HEADER = "question,option_1,option_2,answer,category"


def read(folder: Path, *lines: str) -> tuple[PositionSuite, Rows]:
    file = folder / "q.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = with_options(read_table(file).lower_columns())
    assert holds_questions(table)
    return read_questions(table, "q")


def test_a_row_is_a_question(tmp_path: Path) -> None:
    suite, rows = read(tmp_path, HEADER, "Which is red?,Blood,Snow,Blood,colours", "Which is cold?,Fire,Ice cream,B,")
    assert [question.answer for question in suite.questions] == ["Blood", "Ice cream"]
    assert [question.category for question in suite.questions] == ["colours", "uncategorised"]
    assert (suite.labels, rows) == (("A", "B"), [])


def test_answers_to_all_orders_are_recorded_by_the_prompts_that_the_suite_asks(tmp_path: Path) -> None:
    suite, rows = read(
        tmp_path,
        f"{HEADER},generation_1,generation_2",
        "Which is red?,Blood,Snow,A,c,A,B",
        "Which is red?,Snow,Blood,B,c,B,",
    )
    (job,) = prompt_jobs(suite, run_id="r", target="t")
    assert dict(rows) == {job.tests[0].prompt: ["A", "B"], job.tests[1].prompt: ["B", ""]}
    assert job.samples == 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([f"{HEADER},generation_1", "Q?,Blood,Snow,A,c,A"], "row 2, column question: expected a row for each of its 2"),
        ([HEADER, "Q?,Blood,Snow,Coal,c"], "row 2, column answer: "),
        ([HEADER, "Q?,Blood,Snow,1,c"], "counted from 0 or from 1"),
        ([HEADER, f"Q?,Blood,Snow,{'9' * 5000},c"], "row 2, column answer: "),
        ([HEADER, "Q?,B,A,A,c"], "row 2, column answer: expected an answer that can be read in one way only"),
        ([HEADER, "Q?,Blood,blood,,c"], "row 2, column option_1: expected different ones"),
        (["question,option_1,option_3", "Q?,Blood,Snow"], "row 1, column option_2: expected, but missing"),
        ([HEADER, "Q?,Blood,,Blood,c"], "row 2, column option_1"),
        ([HEADER, "Q?,,Snow,,c"], "row 2, column option_1: expected an option, found an empty cell"),
        ([HEADER, ",Blood,Snow,A,c"], "row 2, column question: "),
        ([HEADER, "Q?,Blood,Snow,A,c", "Q?,Blood,Snow,A,c"], "row 3, column question: expected each order"),
        ([HEADER, "Q?,Blood,Snow,A,c", "Q?,Snow,Blood,A,c"], "row 3, column answer: expected that of the question's"),
    ],
)
def test_a_mistake_is_named_by_row_and_column(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(InputError) as refused:
        read(tmp_path, *lines)
    assert message in str(refused.value)


def test_the_columns_that_are_read(tmp_path: Path) -> None:
    file = tmp_path / "q.csv"
    file.write_text("note,option_2,question,option_1,generation_1\n", encoding="utf-8")
    assert questions_columns(read_table(file)) == ["question", "option_1", "option_2", "generation_1"]


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        (["question,option_1,option_2,answer", "Q?,Blood,Snow,blood", "R?,Fire,Ice,(b)"], ["Blood", "Ice"]),
        (["question,option_1,option_2,answer", "Q?,Blood,Snow,0", "R?,Fire,Ice,1"], ["Blood", "Ice"]),
        (["question,option_1,option_2,answer", "Q?,Blood,Snow,1", "R?,Fire,Ice,2"], ["Blood", "Ice"]),
        (["question,option_1,option_2,answer", "2+2?,3,4,4", "2+1?,3,4,3"], ["4", "3"]),
        (["question,option_1,option_2,answer", "Q?,Blood,Snow,A", ",,,", "R?,Fire,Ice,B"], ["Blood", "Ice"]),
        (["Question,A,B,Answer", "Q?,Blood,Snow,A", "R?,Fire,Ice,B"], ["Blood", "Ice"]),
    ],
    ids=["text or letter", "from 0", "from 1", "numbers that are texts", "empty row", "columns A and B"],
)
def test_an_answer_is_a_text_a_letter_or_a_number(tmp_path: Path, lines: list[str], answers: list[str]) -> None:
    suite, _ = read(tmp_path, *lines)
    assert [question.answer for question in suite.questions] == answers


def test_options_are_read_from_a_list(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"question": "Q?", "choices": ["Blood", "Snow"], "answer": 0}\n', encoding="utf-8")
    suite, _ = read_questions(with_options(read_table(file).lower_columns()), "q")
    assert (suite.questions[0].options, suite.questions[0].answer) == (("Blood", "Snow"), "Blood")


def test_questions_of_different_numbers_of_options_are_categories_of_their_own(tmp_path: Path) -> None:
    suite, _ = read(tmp_path, "question,option_1,option_2,option_3", "Q?,Blood,Snow,", "R?,Fire,Ice,Tea")
    assert [question.category for question in suite.questions] == ["2-options", "3-options"]
