"""Makes a suite of the recall probe, and recorded answers, of a table of texts and what models made of them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import ValidationError

from seep.errors import InputError
from seep.explanations import explained
from seep.job_limits import MOST_TOKENS
from seep.suites.recall import PREFIX_PLACE, Part, RecallSuite, RecallText, SuiteMatch
from seep.suites.recorded import RecordedLine
from seep.suites.schema import PROMPT_PLACE, SuiteDecoding, SuiteFormat
from seep.suites.table import Table, suite_name

UNCATEGORISED = "uncategorised"
# The names of the columns, and those under which the instances of arXiv 2308.08493 are published.
NAMES = {
    "prefix": ("prefix", "first_piece", "sentence1"),
    "expected": ("expected", "second_piece", "sentence2"),
    "category": ("category",),
    "source": ("source",),
    "system": ("system",),
}
PUBLISHED_ANSWERS = {"generation": "generated_guided_completion", "control_generation": "generated_general_completion"}
INSTRUCTION = "Here is the beginning of a text. Go on with it exactly as the original does.\n\n{prefix}"
INSTRUCTION_WITH_SOURCE = (
    "Here is the beginning of a text from {source}. Go on with it exactly as the original does.\n\n{prefix}"
)
CONTROL = "Here is the beginning of a text. Write how it may go on.\n\n{prefix}"
FEWEST_TOKENS = 32


@dataclass(frozen=True)
class _Row:
    """A row of the table, or several that are alike but for their answers."""

    number: int
    text: RecallText
    generations: tuple[str, ...]
    controls: tuple[str, ...]


def holds_texts(table: Table) -> bool:
    """Whether a table is one of texts and how they go on."""
    has = {name: any(column in table.columns for column in columns) for name, columns in NAMES.items()}
    return "n_control" not in table.columns and (has["expected"] or (has["prefix"] and "prompt" not in table.columns))


def texts_columns(table: Table) -> list[str]:
    """The columns that are read."""
    named = [column for name in NAMES if (column := _column(table, name)) is not None]
    return [*named, *_answer_columns(table, "generation"), *_answer_columns(table, "control_generation")]


def read_texts(table: Table) -> tuple[RecallSuite, list[RecordedLine]]:
    """Return a table's suite, and its recorded answers (none where the table has no generations).

    Rows of the same category, source and system message are parts of one text, where they name a source. Rows that
    differ in nothing but their answers are further samples. InputError names table, row and column of a mistake.
    """
    _check_columns(table)
    rows = _told_apart(table, _joined(table, list(_rows(table))))
    suite = _suite(table, rows)
    return suite, list(_recorded(suite, rows))


def _column(table: Table, name: str) -> str | None:
    return next((column for column in NAMES[name] if column in table.columns), None)


def _answer_columns(table: Table, kind: str) -> list[str]:
    found = [column for column in table.columns if re.fullmatch(rf"{kind}_[0-9]{{1,6}}", column)]
    if not found and PUBLISHED_ANSWERS[kind] in table.columns:
        return [PUBLISHED_ANSWERS[kind]]
    return sorted(found, key=lambda column: int(column.rpartition("_")[2]))


def _check_columns(table: Table) -> None:
    for name in ("prefix", "expected"):
        if _column(table, name) is None:
            known = ", ".join(column for column in table.columns if column) or "none"
            raise table.mistake(-1, name, f"expected, but missing; the columns are {known}")
    for column in table.columns:
        if column and table.columns.count(column) > 1:
            raise table.mistake(-1, column, "expected once, found again")
    answers, controls = (len(_answer_columns(table, kind)) for kind in PUBLISHED_ANSWERS)
    if controls and controls != answers:
        what = f"expected as many columns as generation_1 to generation_{answers}, found {controls}"
        raise table.mistake(-1, "control_generation_1", what)


def _rows(table: Table) -> Iterator[_Row]:
    for number in table.filled_rows:
        part = Part(prefix=_needed(table, number, "prefix"), expected=_needed(table, number, "expected"))
        try:
            text = RecallText(
                category=_optional(table, number, "category") or UNCATEGORISED,
                source=_optional(table, number, "source"),
                system=_optional(table, number, "system"),
                parts=(part,),
            )
        except ValidationError as error:
            found = error.errors()[0]
            column = _column(table, str(found["loc"][0])) if found["loc"] and found["loc"][0] in NAMES else None
            raise table.mistake(number, column or "category", explained(found)) from error
        yield _Row(number, text, _answers(table, number, "generation"), _answers(table, number, "control_generation"))


def _needed(table: Table, row: int, name: str) -> str:
    column = _column(table, name) or name
    text = table.text(row, column)
    if not text.strip():
        raise table.mistake(row, column, "expected a text, found an empty cell")
    return text


def _optional(table: Table, row: int, name: str) -> str | None:
    column = _column(table, name)
    return (table.text(row, column).strip() or None) if column else None


def _answers(table: Table, row: int, kind: str) -> tuple[str, ...]:
    columns = _answer_columns(table, kind)
    texts = tuple(table.generation(row, column) for column in columns)
    if columns and not any(text.strip() for text in texts):
        raise table.mistake(row, columns[0], f"expected text in at least one of {', '.join(columns)}")
    return texts


def _joined(table: Table, rows: Sequence[_Row]) -> list[_Row]:
    """Rows that differ in nothing but their answers as one, with the samples of all."""
    together: dict[RecallText, list[_Row]] = {}
    for row in rows:
        together.setdefault(row.text, []).append(row)
    joined = []
    for text, alike in together.items():
        distinct = alike if alike[0].generations else alike[:1]
        generations = tuple(answer for row in distinct for answer in row.generations)
        joined.append(_Row(alike[0].number, text, generations, tuple(a for row in distinct for a in row.controls)))
    samples = len(joined[0].generations) if joined else 0
    for row in joined:
        if len(row.generations) != samples:
            what = f"expected {samples} answers to each text, as the first has, found {len(row.generations)}"
            raise table.mistake(row.number, _column(table, "prefix") or "prefix", what)
    if not joined:
        raise InputError(f"{table.place}: expected at least one row of texts, found none")
    return joined


def _told_apart(table: Table, rows: Sequence[_Row]) -> list[_Row]:
    """The rows, each with what tells its prompt from the same prompt with other answers, which are looked up by it.

    Where the table has no system messages, the source stands in their place, or else the category: the same question is
    put to several personas, for instance.
    """
    if not (repeated := _repeated(rows)):
        return list(rows)
    if not any(row.text.system for row in rows):
        for name in ("source", "category"):
            named = [replace(row, text=row.text.model_copy(update={"system": getattr(row.text, name)})) for row in rows]
            if not _repeated(named):
                return named
    row, earlier = repeated
    what = f"the prefix of row {earlier.number + table.first_row} again, with other answers: expected another system"
    raise table.mistake(row.number, _column(table, "prefix") or "prefix", what)


def _repeated(rows: Iterable[_Row]) -> tuple[_Row, _Row] | None:
    """A row with the same prompt as an earlier one but other answers, and that one."""
    first: dict[tuple[str, str | None], _Row] = {}
    for row in rows:
        earlier = first.setdefault((row.text.parts[0].prefix, row.text.system), row)
        if (earlier.generations, earlier.controls) != (row.generations, row.controls):
            return row, earlier
    return None


def _suite(table: Table, rows: Sequence[_Row]) -> RecallSuite:
    samples = len(rows[0].generations) or 1
    longest = max(len(row.text.parts[0].expected.split()) for row in rows)
    has_controls, has_sources = bool(rows[0].controls), all(row.text.source for row in rows)
    instruction = (INSTRUCTION_WITH_SOURCE if has_sources else INSTRUCTION) if has_controls else PREFIX_PLACE
    try:
        return RecallSuite(
            name=suite_name(table.path),
            version="1",
            probe="recall",
            format=SuiteFormat(kind="chat", user=PROMPT_PLACE),
            decoding=SuiteDecoding(
                temperature=1.0 if samples > 1 else 0.0,
                max_tokens=min(MOST_TOKENS, max(FEWEST_TOKENS, 2 * longest)),
                samples=samples,
            ),
            match=_match(rows),
            instruction=instruction,
            control=CONTROL if has_controls else None,
            texts=tuple(_texts(rows)),
        )
    except ValidationError as error:
        raise InputError(f"{table.place}: {explained(error.errors()[0])}") from error


def _match(rows: Sequence[_Row]) -> SuiteMatch:
    """A text that is expected behind several prefixes is a mark to be looked for, not how one of them goes on."""
    prefixes: dict[str, set[str]] = {}
    for row in rows:
        part = row.text.parts[0]
        prefixes.setdefault(part.expected, set()).add(part.prefix)
    if all(len(behind) > 1 for behind in prefixes.values()):
        return SuiteMatch(kind="contain", fold=False)
    return SuiteMatch()


def _texts(rows: Iterable[_Row]) -> Iterator[RecallText]:
    documents: dict[object, RecallText] = {}
    for row in rows:
        text = row.text
        key = (text.category, text.source, text.system) if text.source else row.number
        known = documents.get(key)
        documents[key] = text if known is None else text.model_copy(update={"parts": (*known.parts, *text.parts)})
    yield from documents.values()


def _recorded(suite: RecallSuite, rows: Iterable[_Row]) -> Iterator[RecordedLine]:
    by_part = {(row.text.category, row.text.system, row.text.parts[0]): row for row in rows}
    lines: dict[tuple[str | None, str], RecordedLine] = {}
    for text in suite.texts:
        for part in text.parts:
            row, test = by_part[text.category, text.system, part], suite.test(text, part)
            for prompt, answers in ((test.prompt, row.generations), (test.control, row.controls)):
                if prompt is not None and answers:
                    line = RecordedLine(prompt=prompt, generations=answers, system=text.system)
                    lines.setdefault((text.system, prompt), line)
    yield from lines.values()
