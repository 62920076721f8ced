"""The command that makes a suite and a recorded file of a table of prompts, or of published completions."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from cli.rendering.output import echo
from seep.errors import InputError
from seep.suites.loading import suite_text
from seep.suites.recorded import recorded_text
from seep.suites.schema import AnySuite
from seep.suites.spill import holds_completions, read_spill
from seep.suites.table import Table, read_table
from seep.suites.workbook import left_out_columns, read_prompts, taken_columns
from seep.suites.writing import write_files


@dataclass(frozen=True)
class Imported:
    """A suite, its prompts with their answers, the answers' labels by prompt, and the table that they are from."""

    suite: AnySuite
    rows: Sequence[tuple[str, Sequence[str]]]
    labels: Mapping[str, Mapping[str, Sequence[str]]]
    table: Table | None


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
    sheet: Annotated[
        str | None, typer.Option(help="The workbook's sheet (default: the first that is not hidden).", metavar="NAME")
    ] = None,
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
    imported = _imported(file, sheet)
    if recorded_out and not any(generations for _, generations in imported.rows):
        raise InputError(f"{file}: no columns generation_1 to generation_5: leave --recorded-out away")
    texts = {suite_out: suite_text(imported.suite)}
    if recorded_out:
        texts[recorded_out] = recorded_text(imported.rows, imported.labels)
    write_files(texts)
    for line in _report(imported, suite_out, recorded_out):
        echo(line)


def _imported(file: Path, sheet: str | None) -> Imported:
    if holds_completions(file):
        if sheet is not None:
            raise InputError(f"{file}: expected a workbook (.xlsx) with --sheet")
        suite, directives = read_spill(file)
        rows = [(directive.text, directive.completions) for directive in directives]
        return Imported(suite, rows, {directive.text: directive.labels for directive in directives}, None)
    table = read_table(file, sheet)
    return Imported(*read_prompts(table), {}, table)


def _report(imported: Imported, suite_out: Path, recorded_out: Path | None) -> Iterator[str]:
    suite, rows = imported.suite, imported.rows
    if imported.table is not None:
        yield from _taken(imported.table)
    yield _put_in(suite)
    tests = Counter(test.category for job in suite.jobs for test in job.tests)
    neutral = sum(job.neutral is not None for job in suite.jobs)
    controls = sum(job.control is not None for job in suite.jobs)
    categories = ", ".join(f"{category}: {count}" for category, count in tests.items())
    yield f"{suite_out}: {tests.total()} tests on {controls} controls ({categories})"
    left_out = len(rows) - controls - neutral - tests.total()
    yield f"{neutral} neutral arms; {left_out} rows belong to no job and were left out of the suite"
    if recorded_out:
        yield f"{recorded_out}: {len(rows)} prompts with {suite.decoding.samples} generations each"
        empty = sum(not text.strip() for _, generations in rows for text in generations)
        if empty:
            yield f"empty answers among them: {empty}"


def _taken(table: Table) -> Iterator[str]:
    """What of a table was taken, and what was not."""
    columns = taken_columns(table)
    yield f"{table.place}: {len(table.rows)} rows, {len(columns)} columns taken: {', '.join(columns)}"
    if left_out := left_out_columns(table):
        yield f"columns left out: {', '.join(left_out)}"
    yield from table.notes


def _put_in(suite: AnySuite) -> str:
    """What the suite says of how it is asked, which no table says."""
    decoding = suite.decoding
    system = f"system message {suite.format.system!r}" if suite.format.system else "no system message"
    sampling = f"temperature {decoding.temperature:g}, {decoding.max_tokens} tokens, {decoding.samples} samples"
    return f"put in: {system}, template {suite.format.user!r}, {sampling}; change them in the suite"
