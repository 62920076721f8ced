"""The command that says what is here and what is missing."""

import shutil
import textwrap

import typer

from cli import exit_codes
from cli.rendering.output import echo
from seep.characters import visible

WIDEST = 120
INDENT = " " * 8


def doctor() -> None:
    """Show what this machine has for Seep, what is missing, and what to do about it.

    It looks at Python, libraries, GPU, memory and disk; then at the models, broker and database of the configuration.
    It loads no model and changes nothing.

    Exit code 0: nothing is missing; 2: something is.
    """
    # Not above: other commands do without their libraries.
    from cli.doctor.configuration import read_configuration
    from cli.doctor.findings import run_checks
    from cli.doctor.machine import machine_checks
    from cli.doctor.models import model_checks
    from cli.doctor.servers import server_checks

    settings, configuration = read_configuration()
    checks = {**machine_checks(settings), **model_checks(settings), **server_checks(settings)}
    found = [configuration, *run_checks(checks)]
    missing = 0
    for finding in found:
        missing += finding.state == "missing"
        _print(finding.subject, finding.state, finding.text, finding.advice)
    echo(f"missing: {missing}" if missing else "nothing is missing")
    raise typer.Exit(exit_codes.REFUSED if missing else exit_codes.OK)


def _print(subject: str, state: str, text: str, advice: str) -> None:
    for line in [f"{state:<8}{subject}: {text}", *([f"{INDENT}-> {advice}"] if advice else [])]:
        for part in _wrapped(visible(line)):
            echo(part)


def _wrapped(line: str) -> list[str]:
    width = min(shutil.get_terminal_size().columns, WIDEST)
    return textwrap.wrap(line, width, subsequent_indent=INDENT, break_long_words=False, break_on_hyphens=False)
