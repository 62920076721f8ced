"""The commands about suites: list, show and lint them."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.arguments import SuiteArgument
from cli.lookups import find_suite, suites_folder
from cli.rendering.output import DataTable, counted, echo
from seep.errors import InputError
from seep.suites.lint import lint
from seep.suites.loading import load_suite
from seep.suites.schema import AnySuite, suite_hash

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
    table = DataTable(pad_edge=False)
    for heading in ("name", "version", "jobs", "tests", "categories", "hash"):
        table.add_column(heading, overflow="fold")  # a shortened name could not be copied from the screen
    for path in sorted(folder.glob("*.yaml")):
        suite = load_suite(path)
        tests = _tests_by_category(suite)
        jobs, total = str(len(suite.jobs)), str(tests.total())
        version, categories = suite.version, ", ".join(tests)
        table.add_row(suite.name, version, jobs, total, categories, suite_hash(suite)[:HASH_SHOWN])
    if not table.rows:
        raise InputError(f"{folder}: expected suites in *.yaml files, found none")
    Console(markup=False).print(table)


@suites_app.command()
def show(suite: SuiteArgument) -> None:
    """Show what a suite asks, and a few of its tests."""
    found = load_suite(find_suite(suite))
    for name, value in _summary(found).items():
        echo(f"{name:<12}{value}")
    for category, count in _tests_by_category(found).items():
        jobs = sum(any(test.category == category for test in job.tests) for job in found.jobs)
        echo()
        echo(f"category {category}: {counted(count, 'test')} on {counted(jobs, 'job')}")
        for example in _examples(found, category):
            echo(f"  {example}")


@suites_app.command("lint")
def lint_suites(
    suites: Annotated[list[str], typer.Argument(help="YAML files, or names in suites/.", metavar="SUITE...")],
) -> None:
    """Report mistakes in suites, with file, line and what to do.

    Exit code 2 if a suite cannot run at all.
    """
    findings = [finding for suite in suites for finding in lint(find_suite(suite))]
    for finding in findings:
        echo(f"{finding.path}:{finding.line}: {finding.severity}: {finding.message}")
    if not findings:
        echo("no findings")
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(2)


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
