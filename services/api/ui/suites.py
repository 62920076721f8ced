"""What was asked: the versions of suites that runs had, and the configured ones with what lint finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from results.overview import COUNTED_RUNS
from results.storage.overview import suite_uses
from seep.errors import InputError
from seep.settings import Settings
from seep.suites.lint import lint
from seep.suites.loading import load_suite
from seep.suites.schema import suite_hash
from services.api.parameters import Configured, Results
from services.api.ui.rendering import page

router = APIRouter()

MOST_VERSIONS = 200
MOST_FINDINGS = 20
MOST_PROMPTS, LONGEST_PROMPT = 5, 400


@dataclass(frozen=True)
class ConfiguredSuite:
    """A suite of monitors as its file is now, and a few of its prompts; `failure` says why it cannot be read."""

    monitors: Sequence[str]
    file: str
    name: str
    probe: str
    hash: str
    comparisons: int
    findings: Sequence[str]
    prompts: Sequence[str]
    failure: str


@router.get("/suites")
def suites(request: Request, database: Results, settings: Configured) -> HTMLResponse:
    """All of them, with their runs."""
    with database.snapshot() as connection:
        found = suite_uses(connection, MOST_VERSIONS)
    names = list(dict.fromkeys(use.suite for use in found))
    by_name = {name: [use for use in found if use.suite == name] for name in names}
    return page(request, "suites.html", suites=by_name, configured=_configured(settings), counted=COUNTED_RUNS)


def _configured(settings: Settings) -> list[ConfiguredSuite]:
    by_file: dict[str, list[str]] = {}
    for name, monitor in sorted(settings.monitors.items()):
        by_file.setdefault(str(monitor.suite), []).append(name)
    return [_read(tuple(names), file) for file, names in by_file.items()]


def _read(monitors: tuple[str, ...], file: str) -> ConfiguredSuite:
    path = Path(file)
    try:
        return _read_as_it_is(monitors, path, path.stat().st_mtime_ns)
    except (InputError, OSError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        return ConfiguredSuite(monitors, file, path.stem, "", "", 0, (), (), said or "it cannot be read")


@lru_cache(maxsize=64)
def _read_as_it_is(monitors: tuple[str, ...], path: Path, _changed_at: int) -> ConfiguredSuite:
    """Read once per change of the file: a long suite takes seconds."""
    suite = load_suite(path)
    found = lint(path)
    findings = [f"line {each.line}: {each.message}" for each in found[:MOST_FINDINGS]]
    if len(found) > MOST_FINDINGS:
        findings.append(f"{len(found) - MOST_FINDINGS} more: `seep suites lint {path}`")
    comparisons = suite.comparisons.total()
    # One of each of the first jobs: the tests of a job differ in little.
    prompts = [job.tests[0].prompt[:LONGEST_PROMPT] for job in suite.jobs[:MOST_PROMPTS]]
    return ConfiguredSuite(
        monitors, str(path), suite.name, suite.probe, suite_hash(suite), comparisons, findings, prompts, ""
    )
