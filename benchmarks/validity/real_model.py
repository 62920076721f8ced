"""A small real model on the project's own suites: what each suite finds, and what its answers were.

    python -m benchmarks.validity.real_model measure FILE SUITE:WAY[:SAMPLES] ...
    python -m benchmarks.validity.real_model table FILE

The first adds a line of JSON to the file for each run. A way is a target of mitigations.yaml, and one loaded model
answers all of them. The second prints the lines as a table.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cli.database import open_database
from cli.in_process import Pipeline, run_jobs
from cli.lookups import find_suite
from results.rates import ALL
from results.storage.database import Database
from seep.answers import LOST
from seep.errors import Unavailable
from seep.records import Estimate, Failure, GeneratedJob, LeakRate, PromptJob
from seep.settings import Settings, load_settings
from seep.suites.jobs import manifest, new_run_id, prompt_jobs
from seep.suites.loading import load_suite
from services.generator.engines import open_backend
from services.generator.generating import generate_jobs
from services.scorer.loading import load_metrics
from services.scorer.mode import configured_mode
from services.scorer.scoring import score_jobs

CONFIGURATION = Path(__file__).with_name("mitigations.yaml")
ENGINE = "smollm2"
BATCH = 32
MOST_CATEGORIES = 4
# What is shown beside a rate, where it was measured.
BESIDE = (
    *("published", "echo", "echo_free_leak", "placebo", "tie", "empty", "truncated", "near", "overlap"),
    *("moved", "right", "distinct_1", "distinct_2"),
)
COLUMNS = ("suite", "probe", "asked", "jobs, samples", "category", "rate", "beside it", "no answer", "s")


@dataclass(frozen=True)
class Measured:
    """One run of a suite: how it was asked, how long it took on this machine, and its rates."""

    suite: str
    way: str
    probe: str
    jobs: int
    samples: int
    seconds: float
    rates: tuple[LeakRate, ...]


def measure(file: Path, plan: Sequence[str]) -> None:
    """Does the runs "suite:way" or "suite:way:samples" one after the other, and adds a line to the file after each."""
    settings = load_settings(CONFIGURATION)
    pipeline = _pipeline(settings)
    with open_database(settings) as database:
        for item in plan:
            suite, way, *samples = item.split(":")
            found = _run(database, pipeline, suite, way, int(samples[0]) if samples else None)
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(asdict(found)) + "\n")


def table(lines: Sequence[str]) -> Iterator[str]:
    """The rows of RESULTS.md, of each suite and way the last run; a run of many categories has its whole alone."""
    yield f"| {' | '.join(COLUMNS)} |"
    yield "|---" * len(COLUMNS) + "|"
    found = [_measured(json.loads(line)) for line in lines]
    for run in {(run.suite, run.way): run for run in found}.values():
        for rate in _shown(run):
            cells = (run.suite, run.probe, run.way, f"{run.jobs}, {run.samples}", rate.category, _with_interval(rate))
            yield f"| {' | '.join(cells)} | {_shares(rate, BESIDE)} | {_shares(rate, LOST)} | {run.seconds:.0f} |"


def _pipeline(settings: Settings) -> Pipeline:
    backend = open_backend(settings.engines[ENGINE], f"engines.{ENGINE}", settings.targets)
    metrics, provenance = load_metrics(settings.metrics, settings.scoring)
    mode = configured_mode(settings.scoring)

    def generate(jobs: Sequence[PromptJob]) -> list[GeneratedJob | Failure]:
        results = generate_jobs(jobs, backend, settings.targets)
        # A model in this process is always there.
        return [each for each in results if not isinstance(each, Unavailable)]

    return Pipeline(metrics, generate, lambda jobs: [*score_jobs(jobs, metrics, mode, provenance)])


def _run(database: Database, pipeline: Pipeline, name: str, way: str, samples: int | None) -> Measured:
    suite, run_id = load_suite(find_suite(name)), new_run_id(name)
    jobs = prompt_jobs(suite, run_id=run_id, target=way, samples=samples)
    expected = manifest(suite, run_id=run_id, target=way, samples=samples, created_at=time.time())
    started = time.monotonic()
    rates = run_jobs(jobs, expected, pipeline, database, BATCH)
    return Measured(name, way, suite.probe, len(jobs), jobs[0].samples, time.monotonic() - started, tuple(rates))


def _measured(line: Mapping[str, Any]) -> Measured:
    rates = (
        replace(
            LeakRate(**rate | {"above_placebo": None}),
            measures={name: Estimate(**share) for name, share in rate["measures"].items()},
        )
        for rate in line["rates"]
    )
    return Measured(**{name: line[name] for name in Measured.__dataclass_fields__} | {"rates": tuple(rates)})


def _shown(run: Measured) -> list[LeakRate]:
    """Few categories one by one; of many all together, or of a language the answers in that which was asked for."""
    whole = [rate for rate in run.rates if rate.category == ALL]
    parts = [rate for rate in run.rates if rate.category != ALL]
    if len(parts) <= MOST_CATEGORIES:
        return [*parts, *whole] if len(parts) > 1 else parts or whole
    return whole or [rate for rate in parts if len(set(rate.category.split(">"))) == 1] or parts


def _with_interval(rate: LeakRate) -> str:
    return "not measured" if rate.rate is None else f"{rate.rate:.1f} [{rate.low:.1f}, {rate.high:.1f}]"


def _shares(rate: LeakRate, names: Sequence[str]) -> str:
    found = ((name, rate.measures[name].share) for name in names if name in rate.measures)
    return ", ".join(f"{name.replace('_', ' ')} {share:.1f}" for name, share in found if share or name not in LOST)


if __name__ == "__main__":
    _, command, path, *wanted = sys.argv
    if command == "measure":
        measure(Path(path), wanted)
    else:
        print("\n".join(table(Path(path).read_text(encoding="utf-8").splitlines())))
