"""The commands about suites: list, show and lint them, and import published workbooks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.arguments import SuiteArgument
from cli.lookups import find_suite, suites_folder
from seep.errors import InputError
from seep.suites.lint import lint
from seep.suites.loading import load_suite, suite_text
from seep.suites.recorded import recorded_text
from seep.suites.schema import AnySuite, suite_hash
from seep.suites.spill import holds_completions, read_spill
from seep.suites.workbook import read_workbook
from seep.suites.writing import write_texts

EXAMPLES = 3  # per category
HASH_SHOWN = len("sha256:") + 12

suites_app = typer.Typer(help="List, show and check prompt suites.", no_args_is_help=True)


@suites_app.command("list")
def list_suites(
    folder: Annotated[
        Path | None,
        typer.Argument(help="The folder to look into (default: suites/, else the suites that Seep brings)."),
    ] = None,
) -> None:
    """List the suites of a folder."""
    folder = folder or suites_folder()
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder with suites")
    table = Table(box=None, pad_edge=False)
    for heading in ("name", "version", "jobs", "tests", "categories", "hash"):
        table.add_column(heading, overflow="fold")  # a shortened name could not be copied from the screen
    for path in sorted(folder.glob("*.yaml")):
        suite = load_suite(path)
        tests = _tests_by_category(suite)
        jobs, total = str(len(suite.jobs)), str(tests.total())
        table.add_row(suite.name, suite.version, jobs, total, ", ".join(tests), suite_hash(suite)[:HASH_SHOWN])
    if not table.rows:
        raise InputError(f"{folder}: expected suites in *.yaml files, found none")
    Console(markup=False).print(table)


@suites_app.command()
def show(suite: SuiteArgument) -> None:
    """Show what a suite asks, and a few of its tests."""
    found = load_suite(find_suite(suite))
    for name, value in _summary(found).items():
        typer.echo(f"{name:<12}{value}")
    for category, count in _tests_by_category(found).items():
        jobs = sum(any(test.category == category for test in job.tests) for job in found.jobs)
        typer.echo(f"\ncategory {category}: {count} tests on {jobs} jobs")
        for example in _examples(found, category):
            typer.echo(f"  {example}")


@suites_app.command("lint")
def lint_suites(
    suites: Annotated[list[str], typer.Argument(help="YAML files, or names in suites/.", metavar="SUITE...")],
) -> None:
    """Report mistakes in suites, with file, line and what to do.

    Exit code 2 if a suite cannot run at all.
    """
    findings = [finding for suite in suites for finding in lint(find_suite(suite))]
    for finding in findings:
        typer.echo(f"{finding.path}:{finding.line}: {finding.severity}: {finding.message}")
    if not findings:
        typer.echo("no findings")
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(2)


def import_file(
    file: Annotated[
        Path,
        typer.Argument(help="Prompts in .xlsx, .csv or .jsonl, or completions in .jsonl or .json.", metavar="FILE"),
    ],
    suite_out: Annotated[Path, typer.Option(help="Where to write the suite, as YAML.")],
    recorded_out: Annotated[
        Path | None, typer.Option(help="Where to write the generations of the workbook, as JSON lines.")
    ] = None,
) -> None:
    """Turn prompts or completions as they are published into a suite, and their answers into a recorded file.

    For example: seep import prompts.xlsx --suite-out suite.yaml --recorded-out answers.jsonl
    """
    outputs = [path for path in (suite_out, recorded_out) if path]
    if len({path.resolve() for path in (file, *outputs)}) <= len(outputs):
        raise InputError(f"{file}: expected different files for the import, --suite-out and --recorded-out")
    suite, rows, labels = _read(file)
    if recorded_out and not any(generations for _, generations in rows):
        raise InputError(f"{file}: no columns generation_1 to generation_5: leave --recorded-out away")
    texts = {suite_out: suite_text(suite)}
    if recorded_out:
        texts[recorded_out] = recorded_text(rows, labels)
    write_texts(texts)
    _report_import(suite, rows, suite_out, recorded_out)


def _read(file: Path) -> tuple[AnySuite, list[tuple[str, Sequence[str]]], Mapping[str, Mapping[str, Sequence[str]]]]:
    """The suite, the prompts with their answers, and the answers' labels by prompt."""
    if not holds_completions(file):
        return *read_workbook(file), {}
    suite, directives = read_spill(file)
    rows: list[tuple[str, Sequence[str]]] = [(directive.text, directive.completions) for directive in directives]
    return suite, rows, {directive.text: directive.labels for directive in directives}


def _report_import(
    suite: AnySuite, rows: list[tuple[str, Sequence[str]]], suite_out: Path, recorded_out: Path | None
) -> None:
    tests = _tests_by_category(suite)
    neutral = sum(job.neutral is not None for job in suite.jobs)
    controls = sum(job.control is not None for job in suite.jobs)
    left_out = len(rows) - controls - neutral - tests.total()
    categories = ", ".join(f"{category}: {count}" for category, count in tests.items())
    typer.echo(f"{suite_out}: {tests.total()} tests on {controls} controls ({categories})")
    typer.echo(f"{neutral} neutral arms; {left_out} rows belong to no job and were left out of the suite")
    if recorded_out:
        typer.echo(f"{recorded_out}: {len(rows)} prompts with {suite.decoding.samples} generations each")
        empty = sum(not text.strip() for _, generations in rows for text in generations)
        if empty:
            typer.echo(f"empty answers among them: {empty}")


def _tests_by_category(suite: AnySuite) -> Counter[str]:
    return Counter(test.category for job in suite.jobs for test in job.tests)


def _summary(suite: AnySuite) -> dict[str, str]:
    decoding = suite.decoding
    sampling = f"temperature {decoding.temperature:g}, top_p {decoding.top_p:g}, at most {decoding.max_tokens} tokens"
    neutral = sum(job.neutral is not None for job in suite.jobs)
    return {
        "name": suite.name,
        "version": suite.version,
        "probe": f"{suite.probe}, language {suite.language}, clustered by {suite.cluster}",
        "format": suite.format.kind,
        "system": repr(suite.format.system),
        "user": repr(suite.format.user),
        "decoding": f"{sampling}, {decoding.samples} samples, cut: {suite.cut}",
        "jobs": f"{len(suite.jobs)}, {neutral} with a neutral arm",
        "tests": str(_tests_by_category(suite).total()),
        "hash": suite_hash(suite),
    }


def _examples(suite: AnySuite, category: str) -> list[str]:
    """The first test of each of the first jobs, so that the examples differ."""
    firsts = [[test for test in job.tests if test.category == category][:1] for job in suite.jobs]
    return [f"{test.concept.strip()}: {test.prompt}" for first in firsts for test in first][:EXAMPLES]
