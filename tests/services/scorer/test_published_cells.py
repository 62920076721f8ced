"""The published Sentence-BERT leak rates, from the recorded generations of the models they were published for."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from seep.outcomes import single_outcomes
from seep.records import GeneratedJob, ScoredJob
from services.scorer.mode import PUBLISHED
from services.scorer.scoring import score_jobs
from services.scorer.similarity import Metric
from tests.services.scorer.fakes import MakeJob

METRIC = "sentence_bert"


def recorded_jobs(workbook: Path, make_job: MakeJob) -> list[GeneratedJob]:
    """One job per control of the sheet; neutral insertions are in no published comparison, and left out."""
    header, *lines = load_workbook(workbook, read_only=True).worksheets[0].iter_rows(values_only=True)
    rows: list[dict[Any, Any]] = [dict(zip(header, line, strict=True)) for line in lines]
    generations = [column for column in header if str(column).startswith("generation_")]
    tests_of = defaultdict(list)
    for row in rows:
        if isinstance(row["n_control"], int | float):
            tests_of[int(row["n_control"])].append(row)
    return [
        make_job(
            [(test["concept"], [test[column] for column in generations]) for test in tests],
            [rows[control][column] for column in generations],
            categories=[str(test.get("category", "")) for test in tests],
            job_id=f"row-{control}",
        )
        for control, tests in tests_of.items()
    ]


def test_published_sentence_bert_cells(shared_data: Path, make_job: MakeJob, sentence_bert: Metric) -> None:
    with (shared_data / "leakage" / "published.csv").open(newline="") as file:
        cells = [cell for cell in csv.DictReader(file) if cell["metric"] == METRIC]
    assert len(cells) == 10
    leaks = {}
    for model, prompts in {(cell["model"], cell["prompts"]) for cell in cells}:
        jobs = recorded_jobs(shared_data / "leakage" / f"{prompts}_{model}.xlsx", make_job)
        scored = score_jobs(jobs, {METRIC: sentence_bert}, PUBLISHED, {})
        leaks[model, prompts] = [
            outcome
            for job in scored
            if isinstance(job, ScoredJob)
            for outcome in single_outcomes(job)
            if outcome.measure == "leak"
        ]
    measured = []
    for cell in cells:
        categories = cell["categories"].split("+")  # the initial set has none: one empty name
        values = [leak.value for leak in leaks[cell["model"], cell["prompts"]] if leak.category in categories]
        measured.append(cell | {"pairs": str(len(values)), "leak_rate": f"{100 * sum(values) / len(values):.2f}"})
    assert measured == cells
