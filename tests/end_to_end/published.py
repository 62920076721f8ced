"""The published rates that the recorded generations must reproduce, and how they are imported."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

from tests.commands import run_command

MODELS = ("0.5b", "1.5b")
SETS = ("initial", "colors")
DIRECTIVES = ("en", "es", "fr", "it", "pt", "de", "zh")
# Per condition: the language counted, and the percentage of answers in it by directive, as printed.
SPILL = {"fr_it": ("it", (0, 39, 92, 94, 1, 36, 0)), "fr_fr": ("fr", (0, 0, 100, 0, 1, 0, 0))}


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
    return _imported(shared_data / "leakage" / f"{prompts}_qwen2.5-{model}.xlsx", folder, name_of(prompts, model))


def import_completions(shared_data: Path, folder: Path, condition: str) -> tuple[Path, Path]:
    """Imports the completions of a condition of language spill; the suite and the recorded file."""
    return _imported(shared_data / "spill" / f"{condition}.jsonl", folder, condition)


def _imported(file: Path, folder: Path, name: str) -> tuple[Path, Path]:
    suite, recorded = folder / f"{name}.yaml", folder / f"{name}-recorded.jsonl"
    code, _, complaint = run_command("import", str(file), "--suite-out", str(suite), "--recorded-out", str(recorded))
    assert code == 0, complaint
    return suite, recorded


def name_of(prompts: str, model: str) -> str:
    """What a set's answers of a model go by."""
    return f"{prompts}-{model.replace('.', '-')}"


def pool_of(prompts: str) -> list[str]:
    """The published "colors" cell averages categories 1 and 2 alone."""
    return ["--pool", "1,2"] if prompts == "colors" else []


def figures(printed: str) -> dict[str, tuple[int, str]]:
    """Comparisons and rate (two decimals) by category, from the JSON of `seep rates` or `seep run`."""
    return {rate["category"]: (rate["comparisons"], f"{rate['rate']:.2f}") for rate in json.loads(printed)}


def expected(shared_data: Path, prompts: str, model: str) -> dict[str, tuple[int, str]]:
    """The published figures of one set and model, in the form of `figures`."""
    chosen = [cell for cell in cells(shared_data) if (cell.prompts, cell.model) == (prompts, model)]
    return {cell.category: (cell.comparisons, cell.leak_rate) for cell in chosen}


def assert_spill(condition: str, printed: str) -> None:
    """The row of a condition is in the JSON of `seep rates` or `seep run`, every cell with its interval."""
    counted, row = SPILL[condition]
    rates = {rate["category"]: rate for rate in json.loads(printed)}
    cells = [rates[f"{directive}>{counted}"] for directive in DIRECTIVES]
    assert tuple(round(cell["rate"]) for cell in cells) == row
    for cell in cells:
        assert (cell["comparisons"], cell["clusters"], cell["missing"]) == (80, 80, 0)
        assert 0 <= cell["low"] <= cell["rate"] <= cell["high"] <= 100
        assert 4 < cell["high"] - cell["low"] < 23
