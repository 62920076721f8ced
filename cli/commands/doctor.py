"""The command that says what is here and what is missing."""

import shutil
import textwrap

import typer

from cli import exit_codes
from seep.errors import InputError
from seep.settings import Settings, configuration_file, load_settings

WIDEST = 120


def doctor() -> None:
    """Show what this machine has for Seep, what is missing, and what to do about it.

    It looks at Python, libraries, GPU, memory and disk; then at the models, broker and database of the configuration.
    It loads no model and changes nothing.

    Exit code 0: nothing is missing; 2: something is.
    """
    # Not above: other commands do without its libraries.
    from cli.doctor.findings import Finding, run_checks
    from cli.doctor.machine import machine_checks
    from cli.doctor.models import model_checks
    from cli.doctor.servers import server_checks

    settings, configuration = _configuration()
    checks = {**machine_checks(settings), **model_checks(settings), **server_checks(settings)}
    found = [Finding("configuration", *configuration), *run_checks(checks)]
    missing = 0
    for finding in found:
        missing += finding.state == "missing"
        _print(finding.subject, finding.state, finding.text, finding.advice)
    typer.echo(f"missing: {missing}" if missing else "nothing is missing")
    raise typer.Exit(exit_codes.REFUSED if missing else exit_codes.OK)


def _configuration() -> tuple[Settings, tuple[str, str, str]]:
    """The settings, or the defaults where they cannot be read, and what is found of the file."""
    file = configuration_file()
    try:
        settings = load_settings()
    except InputError as error:
        return Settings.model_construct(), ("missing", str(error), "mend it: what follows is of the defaults")
    named = f"{file}: {len(settings.targets)} targets, {len(settings.monitors)} monitors"
    return settings, ("ok", named if file.is_file() else f"no {file}: the defaults stand", "")


def _print(subject: str, state: str, text: str, advice: str) -> None:
    width = min(shutil.get_terminal_size().columns, WIDEST)
    indent = " " * 8
    options = {"width": width, "break_long_words": False, "break_on_hyphens": False, "subsequent_indent": indent}
    typer.echo(textwrap.fill(f"{state:<8}{subject}: {text}", **options))
    if advice:
        typer.echo(textwrap.fill(f"{indent}-> {advice}", **options))
