"""The published Sentence-BERT rates, to the last digit, in one process and through Kafka."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.end_to_end.published import MODELS, SETS, cells, expected, figures, import_workbook
from tests.stack import run_seep, stack_in


def pool_of(prompts: str) -> list[str]:
    """The published "colors" cell averages categories 1 and 2 alone."""
    return ["--pool", "1,2"] if prompts == "colors" else []


def test_there_are_ten_published_cells(shared_data: Path) -> None:
    assert len(cells(shared_data)) == 10


Folder = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def run_folder(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """The folder in which the answers of a model to a set of prompts were scored, once, as the run "published"."""

    @cache
    def scored(prompts: str, model: str) -> Path:
        folder = tmp_path_factory.mktemp(prompts)
        suite, recorded = import_workbook(shared_data, folder, prompts, model)
        options = ("--mode", "published", "--metrics", "sentence_bert", "--run-id", "published")
        done = run_seep("run", str(suite), "--recorded", str(recorded), *options, folder=folder)
        assert done.returncode == 0, done.stderr
        return folder

    return scored


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("prompts", SETS)
def test_in_one_process(shared_data: Path, run_folder: Folder, prompts: str, model: str) -> None:
    printed = run_seep("rates", "published", "--json", *pool_of(prompts), folder=run_folder(prompts, model))
    assert expected(shared_data, prompts, model).items() <= figures(printed.stdout).items()


def test_through_kafka_with_three_services(shared_data: Path, tmp_path: Path) -> None:
    keys = [(prompts, model) for prompts in SETS for model in MODELS]
    imported = {key: import_workbook(shared_data, tmp_path, *key) for key in keys}
    names = {(prompts, model): f"{prompts}-{model.replace('.', '-')}" for prompts, model in keys}
    configuration = {
        "engines": {names[key]: {"backend": "recorded", "file": str(imported[key][1])} for key in keys},
        "targets": {name: {"engine": name} for name in names.values()},
        "metrics": {"sentence_bert": {"model": "all-MiniLM-L6-v2"}, "bert_score": None},
        "scoring": {"mode": "published"},
    }
    with stack_in(tmp_path, configuration) as stack:
        stack.start()
        runs = {key: stack.push(imported[key][0], names[key]) for key in keys}
        for (prompts, model), run in runs.items():
            stack.wait_for_state(run, "complete")
            printed = stack.seep("rates", run, "--json", *pool_of(prompts))
            assert expected(shared_data, prompts, model).items() <= figures(printed.stdout).items()


@pytest.mark.parametrize(
    ("prompts", "model", "category", "interval"),
    [("initial", "0.5b", "all", (77.52, 64.26, 86.87, 31)), ("colors", "1.5b", "2", (66.36, 53.10, 77.47, 10))],
)
def test_intervals(run_folder: Folder, prompts: str, model: str, category: str, interval: tuple[float, ...]) -> None:
    rates = json.loads(run_seep("rates", "published", "--json", folder=run_folder(prompts, model)).stdout)
    (rate,) = [rate for rate in rates if rate["category"] == category]
    printed = (round(rate["rate"], 2), round(rate["low"], 2), round(rate["high"], 2), rate["clusters"])
    assert printed == interval
