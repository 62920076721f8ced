"""The command that writes a report of runs into a file."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from cli.database import open_database
from cli.lookups import find_run_id
from seep.errors import InputError
from seep.settings import load_settings

KINDS = (".junit.xml", ".html", ".md", ".json")


def report(
    run_ids: Annotated[list[str], typer.Argument(help="The runs' ids.", metavar="RUN...")],
    out: Annotated[Path, typer.Option(help="The file: FILE.html, .md, .junit.xml or .json.")],
    baseline: Annotated[str | None, typer.Option(help="Compare each run with this baseline.")] = None,
    no_texts: Annotated[
        bool, typer.Option("--no-texts", help="Leave out prompts and answers, for those who must not see them.")
    ] = False,
) -> None:
    """Write a report of runs: verdict first, rates with intervals, the tests that moved most, how it was made.

    For example: seep report tonight --baseline main --out report.html

    The HTML is one file that opens without a network. The Markdown is for a comment on a pull request, the XML for CI.

    Exit code 0 once it is written, whatever it says; `seep compare` has a code for the verdict.
    """
    kind = next((kind for kind in KINDS if out.name.endswith(kind)), None)
    if kind is None:
        raise InputError(f"--out {out}: expected a name that ends in {', '.join(KINDS)}")
    if kind == ".junit.xml" and baseline is None:
        raise InputError("--out: JUnit's cases are verdicts; expected --baseline, too")
    # Not above: what it imports takes a second, and no other command needs it.
    from cli.reports.gathering import gather

    settings = load_settings()
    with open_database(settings) as database, database.snapshot(computing=True) as connection:
        found = gather(connection, settings, [find_run_id(connection, name) for name in run_ids], baseline)
    _write(_writers(not no_texts)[kind](found), out)


def _writers(texts: bool) -> Mapping[str, Callable[..., str]]:
    from cli.reports.html import as_html
    from cli.reports.junit import as_junit
    from cli.reports.markdown import as_markdown

    return {
        ".html": lambda found: as_html(found, texts),
        ".md": lambda found: as_markdown(found, texts),
        ".junit.xml": as_junit,
        ".json": _as_json,
    }


def _as_json(found: object) -> str:
    """What the report rests on; without texts in any case."""
    whole = asdict(found)  # type: ignore[call-overload]  # a Report, whose module is imported late
    for run in whole["runs"]:
        del run["shown"]
    return json.dumps(whole, indent=1, default=dict) + "\n"


def _write(text: str, out: Path) -> None:
    try:
        # Under a name of its own first: nothing half-written, and no link that somebody put there is followed.
        with tempfile.TemporaryDirectory(prefix=".seep-", dir=out.parent) as folder:
            part = Path(folder) / "report"
            part.write_text(text, encoding="utf-8", errors="replace")
            part.replace(out)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written: {error.strerror}") from error
