"""The published language-spill rows, all 14 cells, from the completions alone, in one process and through Kafka."""

import json
from pathlib import Path

import pytest

from tests.commands import run_command
from tests.stack import stack_in

DIRECTIVES = ("en", "es", "fr", "it", "pt", "de", "zh")
# Per condition: the language counted, and the percentage of answers in it by directive, as printed.
PUBLISHED = {"fr_it": ("it", (0, 39, 92, 94, 1, 36, 0)), "fr_fr": ("fr", (0, 0, 100, 0, 1, 0, 0))}


@pytest.fixture(scope="module")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """The suite and the recorded file of each condition."""
    folder = tmp_path_factory.mktemp("imported")
    files = {}
    for condition in PUBLISHED:
        suite, recorded = folder / f"{condition}.yaml", folder / f"{condition}-recorded.jsonl"
        file = shared_data / "spill" / f"{condition}.jsonl"
        out = ("--suite-out", str(suite), "--recorded-out", str(recorded))
        code, _, complaint = run_command("import", str(file), *out)
        assert code == 0, complaint
        files[condition] = suite, recorded
    return files


def assert_published(condition: str, printed: str) -> None:
    """The row of a condition is in the JSON of `seep rates` or `seep run`, every cell with its interval."""
    counted, row = PUBLISHED[condition]
    rates = {rate["category"]: rate for rate in json.loads(printed)}
    cells = [rates[f"{directive}>{counted}"] for directive in DIRECTIVES]
    assert tuple(round(cell["rate"]) for cell in cells) == row
    for cell in cells:
        assert (cell["comparisons"], cell["clusters"], cell["missing"]) == (80, 80, 0)
        assert 0 <= cell["low"] <= cell["rate"] <= cell["high"] <= 100
        assert 4 < cell["high"] - cell["low"] < 23


@pytest.mark.parametrize("condition", PUBLISHED)
def test_in_one_process(
    imported: dict[str, tuple[Path, Path]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    postgres_dsn: str,
    condition: str,
) -> None:
    suite, recorded = imported[condition]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    # Were an embedder loaded, this one would be asked for in vain: the probe compares no texts.
    (tmp_path / "seep.yaml").write_text("metrics: {sentence_bert: {model: nowhere}, bert_score: null}\n")
    code, printed, complaint = run_command(
        "run", str(suite), "--recorded", str(recorded), "--mode", "published", "--json"
    )
    assert code == 0, complaint
    assert_published(condition, printed)


def test_through_kafka_with_three_services(imported: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    names = {condition: condition.replace("_", "-") for condition in PUBLISHED}
    configuration = {
        "engines": {names[row]: {"backend": "recorded", "file": str(imported[row][1])} for row in PUBLISHED},
        "targets": {name: {"engine": name} for name in names.values()},
        "metrics": {"sentence_bert": None, "bert_score": None},
        "scoring": {"mode": "published"},
    }
    with stack_in(tmp_path, configuration) as stack:
        del stack.services["api"]
        stack.start()
        runs = {condition: stack.push(imported[condition][0], names[condition]) for condition in PUBLISHED}
        for condition, run in runs.items():
            stack.wait_for_state(run, "complete")
            assert_published(condition, stack.seep("rates", run, "--json").stdout)
