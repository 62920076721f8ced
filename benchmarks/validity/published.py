"""Two published models compared on their recorded generations: which of the differences are beyond noise."""

import argparse
import tempfile
from itertools import product
from pathlib import Path

from cli.in_process import open_pipeline, run_jobs
from results.comparison import CellVerdict, compare
from results.statistics.verdicts import DELTA_POINTS
from results.storage import rates, sums
from results.storage.database import Database
from results.storage.migrate import migrate
from seep.local_postgres import local_postgres
from seep.settings import RecordedEngine, Scoring, Settings, Target, load_settings
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.recorded import write_recorded
from seep.suites.workbook import read_workbook

WORKBOOKS = Path(__file__).parents[3] / "shared" / "data" / "leakage"
SETS = ("initial", "colors")
SMALL, LARGE = MODELS = ("qwen2.5-0.5b", "qwen2.5-1.5b")


def record(database: Database, settings: Settings, workbook: Path, run_id: str, folder: Path) -> dict[str, int]:
    """Runs a workbook's generations through the pipeline into the database; expected comparisons by category."""
    suite, rows = read_workbook(workbook)
    answers = folder / f"{run_id}.jsonl"
    write_recorded(answers, rows)
    engine = RecordedEngine(backend="recorded", file=answers)
    changed = {"engines": {"recorded": engine}, "targets": {"recorded": Target(engine="recorded")}}
    settings = settings.model_copy(update=changed | {"scoring": Scoring(mode="published")})
    expected = manifest(suite, run_id=run_id, target="recorded", created_at=0.0)
    jobs = prompt_jobs(suite, run_id=run_id, target="recorded")
    run_jobs(jobs, expected, open_pipeline(settings, "recorded", None), database, settings.worker.batch_size)
    return dict(expected.expected_comparisons)


def row(prompts: str, found: dict[tuple[str, str, str], float], cell: CellVerdict) -> str:
    """A line of the table."""
    small, large = (found[model, cell.metric, cell.category] for model in MODELS)
    effect = f"{cell.effect:+.2f} [{cell.low:+.2f}, {cell.high:+.2f}]"
    figures = f"{small:.2f} | {large:.2f} | {effect} | {cell.adjusted_p:.4f} | {cell.detectable:.1f} | {cell.verdict}"
    return f"| {prompts} | {cell.category} | {cell.metric} | {figures} |"


def main() -> None:
    """Prints a row per set, category and metric: the larger model against the smaller one, in the published mode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workbooks", type=Path, default=WORKBOOKS, help="the folder with the published workbooks")
    workbooks = parser.parse_args().workbooks
    settings = load_settings()
    with tempfile.TemporaryDirectory() as name, local_postgres(Path(name) / "postgres") as dsn:
        migrate(dsn)
        with Database(dsn) as database:
            expected = {}
            for prompts, model in product(SETS, MODELS):
                run = f"{prompts}-{model}"
                expected[prompts] = record(database, settings, workbooks / f"{prompts}_{model}.xlsx", run, Path(name))
            print("| set | category | metric | 0.5B | 1.5B | effect | adjusted p | detectable | verdict |")
            print("|---" * 9 + "|")
            for prompts in SETS:
                print_rows(database, prompts, expected[prompts])


def print_rows(database: Database, prompts: str, expected: dict[str, int]) -> None:
    """The rows of one set."""
    with database.snapshot() as connection:
        found = {
            (model, rate.metric, rate.category): rate.rate or 0.0
            for model in MODELS
            for rate in rates.of_run(connection, f"{prompts}-{model}")
        }
        large, small = (sums.leak_sums(connection, f"{prompts}-{model}") for model in (LARGE, SMALL))
    for cell in compare(large, [small], expected, DELTA_POINTS):
        print(row(prompts, found, cell))


if __name__ == "__main__":
    main()
