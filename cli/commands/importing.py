"""The command that makes a suite and a recorded file of a table of prompts, or of published completions."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from cli.rendering.output import counted, echo
from seep.answers import lost
from seep.errors import InputError
from seep.explanations import explained
from seep.job_limits import MOST_SAMPLES
from seep.records import Answer
from seep.suites.inspect_log import read_inspect
from seep.suites.lm_eval_log import read_lm_eval
from seep.suites.loading import suite_text
from seep.suites.logs import Log, asked_as_logged, table_of
from seep.suites.position import PositionSuite
from seep.suites.position_table import holds_questions, questions_columns, read_questions
from seep.suites.question_columns import with_options
from seep.suites.recall import RecallSuite
from seep.suites.recall_table import holds_texts, read_texts, texts_columns
from seep.suites.recorded import RecordedLine, recorded_lines, recorded_text
from seep.suites.schema import AnySuite, Suite
from seep.suites.spill import holds_completions, read_spill
from seep.suites.table import LIKE_NO_VALUE, Table, read_table, suite_name
from seep.suites.workbook import left_out_columns, read_prompts, taken_columns
from seep.suites.writing import write_files


class LogFormat(StrEnum):
    """Whose log a file is."""

    INSPECT = "inspect"
    LM_EVAL = "lm-eval"


LOGS: Mapping[LogFormat, Callable[[Path], Log]] = {LogFormat.INSPECT: read_inspect, LogFormat.LM_EVAL: read_lm_eval}


@dataclass(frozen=True)
class Imported:
    """A suite, its recorded answers (none where the file has none), and what of a table became of it.

    `columns` are those of the table that were taken. `left_out` are rows that belong to no job.
    """

    suite: AnySuite
    lines: Sequence[RecordedLine]
    table: Table | None = None
    columns: Sequence[str] = ()
    left_out: int = 0


def import_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="Prompts in .xlsx, .csv, .tsv or .jsonl, or completions in .jsonl or .json.", metavar="FILE"
        ),
    ],
    suite_out: Annotated[Path, typer.Option(help="Where to write the suite, as YAML.")],
    recorded_out: Annotated[
        Path | None, typer.Option(help="Where to write the generations of the table, as JSON lines.")
    ] = None,
    form: Annotated[
        LogFormat | None,
        typer.Option("--format", help="Another tool's log: inspect_ai's JSON, lm-eval's samples."),
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(help="The workbook's sheet (default: the first that is not hidden).", metavar="NAME")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The suite's name (default: the file's).")] = None,
    samples: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_SAMPLES, help="Answers per prompt (default: as many as the table has)."),
    ] = None,
    system: Annotated[str | None, typer.Option(help='The system message; "" for none.', metavar="TEXT")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
) -> None:
    """Turn prompts or completions as they are published into a suite, and their answers into a recorded file.

    For example: seep import prompts.xlsx --suite-out suite.yaml --recorded-out answers.jsonl
    """
    outputs = [path for path in (suite_out, recorded_out) if path]
    if len({path.resolve() for path in (file, *outputs)}) <= len(outputs):
        raise InputError(f"{file}: expected different files for the import, --suite-out and --recorded-out")
    for path in outputs:
        if path.exists() and not force:
            raise InputError(f"{path}: is there already; --force writes over it")
    if form is not None and sheet is not None:
        raise InputError(f"{file}: expected a workbook (.xlsx) with --sheet")
    imported = read_import(file, sheet, form)
    imported = replace(imported, suite=_with_options(imported, name, samples, system))
    if recorded_out and not imported.lines:
        raise InputError(f"{file}: no columns generation_1 to generation_5: leave --recorded-out away")
    texts = {suite_out: suite_text(imported.suite)}
    if recorded_out:
        texts[recorded_out] = recorded_text(imported.lines)
    write_files(texts)
    for line in _report(imported, suite_out, recorded_out):
        echo(line)


def _with_options(imported: Imported, name: str | None, samples: int | None, system: str | None) -> AnySuite:
    """The suite with what the options say in the place of what was put in; raises InputError for what cannot be."""
    there = min((len(line.generations) for line in imported.lines), default=0)
    if samples is not None and there and samples > there:
        raise InputError(f"--samples {samples}: the file has {there} answers to a prompt")
    content = imported.suite.model_dump()
    given = {"--name": ("name", name), "--samples": ("samples", samples), "--system": ("system", system)}
    places = {"name": content, "samples": content["decoding"], "system": content["format"]}
    for option, (field, value) in given.items():
        if value is not None:
            places[field][field] = value
            try:
                type(imported.suite).model_validate(content)
            except ValidationError as error:
                raise InputError(f"{option}: {explained(error.errors()[0])}") from error
    return type(imported.suite).model_validate(content)


def read_import(file: Path, sheet: str | None = None, form: LogFormat | None = None) -> Imported:
    """What a table, published completions or another tool's log becomes; InputError names the file and the mistake."""
    if form is not None:
        return _of_log(LOGS[form](file))
    if holds_completions(file):
        if sheet is not None:
            raise InputError(f"{file}: expected a workbook (.xlsx) with --sheet")
        suite, directives = read_spill(file)
        labels = {directive.text: directive.labels for directive in directives}
        return Imported(suite, recorded_lines(((each.text, each.completions) for each in directives), labels))
    table = read_table(file, sheet)
    named = table.lower_columns()
    if holds_texts(named):
        texts, lines = read_texts(named)
        return Imported(texts, lines, named, texts_columns(named))
    requested = with_options(named)
    if holds_questions(requested):
        questions, answers = read_questions(requested, suite_name(file))
        return Imported(questions, recorded_lines(answers), requested, questions_columns(requested))
    return _of_prompts(table)


def _of_prompts(table: Table) -> Imported:
    prompts, rows = read_prompts(table)
    ended = {prompt: table.endings(row) for row, (prompt, _) in enumerate(rows)}
    lines = recorded_lines(rows, ended=ended) if table.generation_columns else []
    arms = [arm for job in prompts.jobs for arm in (job.control, job.neutral, *job.tests) if arm is not None]
    return Imported(prompts, lines, table, taken_columns(table), left_out=len(rows) - len(arms))


def _of_log(log: Log) -> Imported:
    imported = _of_prompts(table_of(log))
    suite = imported.suite
    assert isinstance(suite, Suite)
    return replace(imported, suite=asked_as_logged(suite, log))


def _report(imported: Imported, suite_out: Path, recorded_out: Path | None) -> Iterator[str]:
    suite = imported.suite
    if imported.table is not None:
        yield from _taken(imported.table, imported.columns)
    yield _put_in(suite)
    tests = Counter(test.category for job in suite.jobs for test in job.tests)
    categories = ", ".join(f"{category}: {count}" for category, count in tests.items())
    if isinstance(suite, RecallSuite):
        yield f"{suite_out}: {tests.total()} tests of {len(suite.jobs)} texts ({categories})"
    elif isinstance(suite, PositionSuite):
        yield f"{suite_out}: {tests.total()} tests of {len(suite.jobs)} questions ({categories})"
    else:
        neutral = sum(job.neutral is not None for job in suite.jobs)
        controls = sum(job.control is not None for job in suite.jobs)
        yield f"{suite_out}: {counted(tests.total(), 'test')} on {counted(controls, 'control')} ({categories})"
        yield f"{neutral} neutral arms; {imported.left_out} rows belong to no job and were left out of the suite"
    if recorded_out:
        each_has = len(imported.lines[0].generations)
        yield f"{recorded_out}: {len(imported.lines)} prompts with {each_has} generations each"
        answers = (each for line in imported.lines for each in zip(line.generations, line.endings, strict=True))
        reasons = Counter(lost(Answer(text, ended)) or ("" if text.strip() else "empty") for text, ended in answers)
        yield from (f"{reason} answers among them: {n}" for reason, n in reasons.items() if reason)
        texts = (text.strip() for line in imported.lines for text in line.generations)
        if like := Counter(text for text in texts if text.lower() in LIKE_NO_VALUE):
            shown = ", ".join(f"{text} {n}" for text, n in like.most_common())
            yield f"answers that read like a missing value, and are taken as words: {shown}"


def _taken(table: Table, columns: Sequence[str]) -> Iterator[str]:
    """What of a table was taken, and what was not."""
    yield f"{table.place}: {len(table.rows)} rows, {len(columns)} columns taken: {', '.join(columns)}"
    if left_out := left_out_columns(table, columns):
        yield f"columns left out: {', '.join(left_out)}"
    yield from table.notes


def _put_in(suite: AnySuite) -> str:
    """What the suite says of how it is asked, which no table says."""
    decoding = suite.decoding
    system = f"system message {suite.format.system!r}" if suite.format.system else "no system message"
    phrasing = f"template {suite.format.user!r}"
    if isinstance(suite, RecallSuite):
        own = any(text.system for text in suite.texts)
        system = "a system message of each text's own" if own else system
        match = suite.match
        as_written = "" if match.fold else ", case and signs count"
        phrasing = f"instruction {suite.instruction!r}, match {match.kind} by {match.words} words{as_written}"
    each = f"{counted(decoding.max_tokens, 'token')}, {counted(decoding.samples, 'sample')}"
    sampling = f"temperature {decoding.temperature:g}, {each}"
    return f"put in: {system}, {phrasing}, {sampling}; change them in the suite"
