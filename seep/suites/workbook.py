"""Makes a suite and recorded answers of a table of prompts, with the columns of the published workbooks."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from seep.answers import BY_ENDING
from seep.errors import InputError
from seep.explanations import explained
from seep.job_limits import MOST_SAMPLES
from seep.suites.schema import Suite, SuiteDecoding, SuiteFormat, SuiteJob, SuiteTest
from seep.suites.table import LIKE_NO_VALUE, Table, read_table, suite_name

REQUIRED_COLUMNS = ("prompt", "n_control", "concept")
OPTIONAL_COLUMNS = ("category", "template_id")
# What columns of answers are often called.
LIKE_A_GENERATION = re.compile(r"(?:gen|generation|answer|response|completion|output|sample)s?[ _-]?([0-9]{1,6})")
LONGEST_SHOWN, MOST_SHOWN = 40, 20
UNCATEGORISED = "uncategorised"

# The protocol of arXiv 2501.06638. Its "{your_answer}" is text, not a place to fill.
FORMAT = SuiteFormat(
    kind="chat",
    system="You must complete the sentence with no more than five words.",
    user="{prompt} {your_answer}\nYour answer:",
)
TEMPERATURE = 0.5
MAX_TOKENS = 10
SAMPLES = 5


def read_workbook(path: Path) -> tuple[Suite, list[tuple[str, Sequence[str]]]]:
    """Return what `read_prompts` makes of the table in a file, of a workbook's first sheet that is not hidden."""
    return read_prompts(read_table(path))


def read_prompts(table: Table) -> tuple[Suite, list[tuple[str, Sequence[str]]]]:
    """Return a table's suite, and each row's prompt with its generations (empty where the table has none).

    A row that other rows' `n_control` names is the control of a job, a row with an
    `n_control` is one of its tests; any other row is the neutral arm of its template's control where the template has
    just one control, and else is in no job. InputError names the table, row and column of a mistake.
    """
    _check_columns(table)
    rows: list[tuple[str, Sequence[str]]] = [
        (_prompt(table, row), _generations(table, row)) for row in range(len(table.rows))
    ]
    _refuse_repeated_prompts(table, rows)
    return _suite(table), rows


def taken_columns(table: Table) -> list[str]:
    """The columns that are read."""
    return [name for name in (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS) if name in table.columns] + [
        *table.generation_columns,
        *table.ended_columns,
    ]


def left_out_columns(table: Table, taken: Sequence[str]) -> list[str]:
    """The columns that are not among those taken, each with the one that may be meant."""
    left_out = dict.fromkeys(name for name in table.columns if name and name not in taken)
    meant = {name: _meant(name, taken) for name in left_out}
    return [f"{name[:LONGEST_SHOWN]}{f' (is {meant[name]} meant?)' if meant[name] else ''}" for name in left_out]


def _meant(name: str, taken: Sequence[str]) -> str | None:
    if found := LIKE_A_GENERATION.fullmatch(name.lower()):
        return f"generation_{int(found[1])}"
    close = get_close_matches(name.lower(), (*REQUIRED_COLUMNS, *OPTIONAL_COLUMNS), n=1, cutoff=0.75)
    return close[0] if close and close[0] not in taken else None


def _check_columns(table: Table) -> None:
    for column in REQUIRED_COLUMNS:
        if column not in table.columns:
            names = left_out_columns(table, taken_columns(table)) + taken_columns(table)
            more = [f"and {len(names) - MOST_SHOWN} more"] if len(names) > MOST_SHOWN else []
            found = ", ".join([*names[:MOST_SHOWN], *more]) or "none"
            # The sheet that was meant may be another.
            known = "; ".join([f"the columns are {found}", *table.notes])
            raise table.mistake(-1, column, f"expected, but missing; {known}")
    for column in table.columns:
        if column and table.columns.count(column) > 1:
            raise table.mistake(-1, column, "expected once, found again")


def _prompt(table: Table, row: int) -> str:
    prompt = table.text(row, "prompt")
    if not prompt.strip():
        raise table.mistake(row, "prompt", "expected a prompt, found an empty cell")
    return prompt


def _generations(table: Table, row: int) -> list[str]:
    columns = table.generation_columns
    texts = [table.generation(row, column) for column in columns]
    if columns and not any(text.strip() for text in texts) and not any(map(BY_ENDING.get, table.endings(row))):
        raise table.mistake(row, columns[0], f"expected text in at least one of {', '.join(columns)}")
    return texts


def _refuse_repeated_prompts(table: Table, rows: list[tuple[str, Sequence[str]]]) -> None:
    """Recorded answers are looked up by their prompt, so that one prompt cannot have two sets of them."""
    first: dict[str, int] = {}
    for row, (prompt, generations) in enumerate(rows):
        earlier = first.setdefault(prompt, row)
        if (rows[earlier][1], table.endings(earlier)) != (generations, table.endings(row)):
            raise table.mistake(
                row, "prompt", f"the prompt of row {earlier + table.first_row} again, with other generations"
            )


def _suite(table: Table) -> Suite:
    control_rows = _control_rows(table)
    tests: dict[int, list[SuiteTest]] = defaultdict(list)
    for row, control in control_rows.items():
        tests[control].append(_test(table, row))
    if not tests:
        raise InputError(f"{table.place}, column n_control: expected the row of a control in some row, found none")
    neutral = dict(_neutral_rows(table, set(tests), set(control_rows)))
    answers = table.generation_columns
    if len(answers) > MOST_SAMPLES:
        raise table.mistake(-1, answers[MOST_SAMPLES], f"expected {MOST_SAMPLES} answers at most, found {len(answers)}")
    return Suite(
        name=suite_name(table.path),
        version="1",
        format=FORMAT,
        decoding=SuiteDecoding(temperature=TEMPERATURE, max_tokens=MAX_TOKENS, samples=len(answers) or SAMPLES),
        jobs=tuple(
            SuiteJob(
                control=_prompt(table, control),
                neutral=_prompt(table, neutral[control]) if control in neutral else None,
                tests=tuple(tests[control]),
            )
            for control in sorted(tests)
        ),
    )


def _control_rows(table: Table) -> dict[int, int]:
    """Return the row of its control for every row that is a test."""
    found = {row: _n_control(table, row) for row in range(len(table.rows))}
    controls = {row: control for row, control in found.items() if control is not None}
    for row, control in controls.items():
        if control == row:
            raise table.mistake(row, "n_control", f"expected the row of a control, found the test's own, {row}")
        if control >= len(table.rows):
            last = len(table.rows) - 1
            raise table.mistake(row, "n_control", f"expected a data row, 0 to {last}, found {control}")
        if control in controls:
            raise table.mistake(row, "n_control", f"expected the row of a control, but {control} is itself a test")
    return controls


def _n_control(table: Table, row: int) -> int | None:
    text = table.text(row, "n_control").strip()
    if text.lower() in ("", "none"):
        return None
    if not (found := re.fullmatch(r"([0-9]{1,9})(\.0)?", text)):  # a column with empty cells may hold 35.0
        shown = text[:LONGEST_SHOWN]
        raise table.mistake(row, "n_control", f"expected the whole number of a data row or none, found {shown}")
    return int(found[1])


def _test(table: Table, row: int) -> SuiteTest:
    concept = table.text(row, "concept")
    if concept.strip().lower() in LIKE_NO_VALUE | {""}:
        raise table.mistake(row, "concept", f"expected the concept of a test, found {concept.strip() or 'none'}")
    category = table.text(row, "category").strip()
    category = UNCATEGORISED if category.lower() in LIKE_NO_VALUE | {""} else category
    try:
        return SuiteTest(concept=concept, prompt=_prompt(table, row), category=category)
    except ValidationError as error:
        found = error.errors()[0]
        raise table.mistake(row, str(found["loc"][0]), explained(found)) from error


def _neutral_rows(table: Table, controls: set[int], tests: set[int]) -> Iterator[tuple[int, int]]:
    """Yield control and neutral row of each template that has one control and a row that is in no pair."""
    templates = [table.text(row, "template_id").strip() for row in range(len(table.rows))]
    for row, template in enumerate(templates):
        if row in controls or row in tests or not template:
            continue
        candidates = [control for control in controls if templates[control] == template]
        if len(candidates) == 1:
            yield candidates[0], row
