"""The published leak rates that the recorded generations must reproduce, and how they are imported."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from tests.commands import run_command

MODELS = ("0.5b", "1.5b")
SETS = ("initial", "colors")


@dataclass(frozen=True)
class Cell:
    """One published Sentence-BERT rate, in percent with two decimals as printed."""

    model: str
    prompts: str
    category: str
    comparisons: int
    leak_rate: str


def cells(shared_data: Path) -> list[Cell]:
    """The ten Sentence-BERT cells; a set without categories is the category "all"."""
    with (shared_data / "leakage" / "published.csv").open(encoding="utf-8") as file:
        return [
            Cell(
                model=row["model"].removeprefix("qwen2.5-"),
                prompts=row["prompts"],
                category=row["categories"] or "all",
                comparisons=int(row["pairs"]),
                leak_rate=row["leak_rate"],
            )
            for row in csv.DictReader(file)
            if row["metric"] == "sentence_bert"
        ]


def import_workbook(shared_data: Path, folder: Path, prompts: str, model: str) -> tuple[Path, Path]:
    """Imports one workbook; the suite and the recorded file."""
    suite, recorded = folder / f"{prompts}-{model}.yaml", folder / f"{prompts}-{model}.jsonl"
    workbook = shared_data / "leakage" / f"{prompts}_qwen2.5-{model}.xlsx"
    code, _, complaint = run_command(
        "import", str(workbook), "--suite-out", str(suite), "--recorded-out", str(recorded)
    )
    assert code == 0, complaint
    return suite, recorded


def figures(printed: str) -> dict[str, tuple[int, str]]:
    """Comparisons and rate (two decimals) by category, from the JSON of `seep rates` or `seep run`."""
    return {rate["category"]: (rate["comparisons"], f"{rate['rate']:.2f}") for rate in json.loads(printed)}


def expected(shared_data: Path, prompts: str, model: str) -> dict[str, tuple[int, str]]:
    """The published figures of one set and model, in the form of `figures`."""
    chosen = [cell for cell in cells(shared_data) if (cell.prompts, cell.model) == (prompts, model)]
    return {cell.category: (cell.comparisons, cell.leak_rate) for cell in chosen}
