"""The published Sentence-BERT rates, to the last digit, in one process."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.commands import run_command
from tests.databases import database
from tests.end_to_end.published import (
    MODELS,
    SETS,
    cells,
    expected,
    figures,
    import_workbook,
    name_of,
    pool_of,
)


def test_there_are_ten_published_cells(shared_data: Path) -> None:
    assert len(cells(shared_data)) == 10


@pytest.fixture(scope="module")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], tuple[Path, Path]]:
    """Suite and recorded file by set of prompts and model."""
    folder = tmp_path_factory.mktemp("imported")
    keys = [(prompts, model) for prompts in SETS for model in MODELS]
    return {key: import_workbook(shared_data, folder, *key) for key in keys}


@pytest.fixture(scope="module")
def rates(
    imported: dict[tuple[str, str], tuple[Path, Path]],
    tmp_path_factory: pytest.TempPathFactory,
    models_loaded_once: None,
    postgres_server: str,
    migrated: str,
) -> Iterator[Callable[..., str]]:
    """Prints the rates of a model's answers to a set of prompts, which are scored once, in this process."""
    folder = tmp_path_factory.mktemp("one-process")

    @cache
    def scored(prompts: str, model: str) -> str:
        suite, recorded = imported[prompts, model]
        options = ("--mode", "published", "--metrics", "sentence_bert", "--run-id", name_of(prompts, model))
        code, _, complaint = run_command("run", str(suite), "--recorded", str(recorded), *options, folder=folder)
        assert code == 0, complaint
        return name_of(prompts, model)

    def printed(prompts: str, model: str, *options: str) -> str:
        code, out, complaint = run_command("rates", scored(prompts, model), "--json", *options, folder=folder)
        assert code == 0, complaint
        return out

    # Without it each command would start a server of the folder's own, and stop it again.
    with database(postgres_server, migrated) as dsn, pytest.MonkeyPatch.context() as patched:
        patched.setenv("SEEP_DATABASE__DSN", dsn)
        yield printed


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("prompts", SETS)
def test_in_one_process(shared_data: Path, rates: Callable[..., str], prompts: str, model: str) -> None:
    printed = rates(prompts, model, *pool_of(prompts))
    assert expected(shared_data, prompts, model).items() <= figures(printed).items()


def test_the_guide_shows_the_figures_that_come_out(rates: Callable[..., str]) -> None:
    guide = (Path(__file__).parents[2] / "docs/guides/reproduce-the-paper.md").read_text(encoding="utf-8")
    for rate in json.loads(rates("colors", "1.5b")):
        shown = (
            rf"^ {rate['category']} +sentence_bert +{rate['rate']:.2f} % +\[{rate['low']:.2f}, {rate['high']:.2f}\] "
        )
        assert re.search(shown, guide, re.MULTILINE), shown


@pytest.mark.parametrize(
    ("prompts", "model", "category", "interval"),
    [("initial", "0.5b", "all", (77.52, 63.66, 87.16, 31)), ("colors", "1.5b", "2", (66.36, 53.10, 77.47, 10))],
)
def test_intervals(
    rates: Callable[..., str], prompts: str, model: str, category: str, interval: tuple[float, ...]
) -> None:
    (rate,) = [rate for rate in json.loads(rates(prompts, model)) if rate["category"] == category]
    printed = (round(rate["rate"], 2), round(rate["low"], 2), round(rate["high"], 2), rate["clusters"])
    assert printed == interval
