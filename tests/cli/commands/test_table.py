"""Several runs in one table: each one's rates, and how far it is from the first."""

import json

import pytest

from tests.builders import run_manifest, scored_job
from tests.commands import Command
from tests.side_by_side import record_two_models
from tests.stored import Stored


@pytest.fixture
def seep(command: Command, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command on a database with the runs of two models."""
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    with Stored(dsn) as store:
        record_two_models(store)
    return command


def test_a_run_has_its_difference_from_the_first_test_by_test(seep: Command) -> None:
    code, printed, complaint = seep("table", "base", "tuned", "--pool", "1,2", "--json")
    assert (code, complaint) == (0, "")
    rows = [row for row in json.loads(printed) if row["rate"]["metric"] == "sentence_bert"]
    effects = [row["difference"] and row["difference"]["effect"] for row in rows]
    found = {
        (row["model"], row["rate"]["category"]): (row["rate"]["rate"], effect)
        for row, effect in zip(rows, effects, strict=True)
    }
    assert found == {
        ("base_1", "1"): (0.0, None),
        ("base_1", "2"): (50.0, None),
        ("base_1", "3"): (50.0, None),
        ("base_1", "all"): (pytest.approx(100 / 3), None),
        ("base_1", "1+2"): (25.0, None),
        ("tuned_1", "1"): (100.0, 100.0),
        ("tuned_1", "2"): (50.0, 0.0),
        ("tuned_1", "3"): (50.0, 0.0),
        ("tuned_1", "all"): (pytest.approx(200 / 3), pytest.approx(100 / 3)),
        ("tuned_1", "1+2"): (75.0, 50.0),
    }


def test_the_difference_is_what_a_comparison_of_the_two_says(seep: Command) -> None:
    table = json.loads(seep("table", "base", "tuned", "--json")[1])
    compared = json.loads(seep("compare", "tuned", "base", "--json")[1])
    of_all = [cell for cell in compared["cells"] if cell["category"] == "all" and cell["metric"] == "sentence_bert"]
    [row] = [row for row in table if row["run_id"] == "tuned" and row["difference"] in of_all]
    assert (row["rate"]["category"], row["difference"]["verdict"]) == ("all", "drift")


def test_the_table_says_what_it_means_and_fits_a_terminal(seep: Command) -> None:
    _, printed, _ = seep("table", "base", "tuned", "--pool", "1,2")
    rows = [line.split() for line in printed.splitlines() if line.startswith(("base_1 ", "tuned_1 "))]
    assert ["tuned_1", "75.00"] in [row[:2] for row in rows]
    assert all(len(line) <= 80 for line in printed.splitlines() if line.startswith(("base_1 ", "tuned_1 ", "model")))
    assert "difference: from the first run, in points" in printed
    assert "tuned_1: run tuned, complete" in printed


def test_what_must_not_be_compared_has_its_rates_and_no_difference(seep: Command, dsn: str) -> None:
    with Stored(dsn) as store:
        provenance = {"model": "hot", "decoding": '{"temperature": 2.0}'}
        scored = scored_job("job-1", {"1": [1.0]}, "hot", provenance=provenance)
        store.record([scored], [], [run_manifest(1, {"1": 1}, "hot")])
    code, printed, _ = seep("table", "base", "hot")
    assert (code, "no difference from the first: decoding differs" in printed) == (0, True)
    assert "verdict" not in printed


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["base", "base"], "seep: runs base, base: expected each once\n"),
        (["base", "gone"], "seep: run gone: there is no such run; `seep runs` lists them\n"),
        (["base", "--pool", "1,9"], "seep: pool: run base has no category '9'; it has 1, 2, 3\n"),
    ],
)
def test_bad_arguments_are_refused(seep: Command, arguments: list[str], line: str) -> None:
    assert seep("table", *arguments) == (2, "", line)
