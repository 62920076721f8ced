"""Runs that lost answers, as every command tells of them: never a rate from what is no answer, never a drift."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from seep.answers import Lost
from tests.builders import run_manifest, scored_job
from tests.commands import Command
from tests.stored import Stored

JOBS = 12
SUITE = "name: colours\nversion: '1'\nformat: {kind: plain}\n" + (
    "decoding: {temperature: 0.5, max_tokens: 10, samples: 2}\njobs:\n"
    + "".join(
        f"  - {{control: Room {k} is, tests: [{{concept: red, prompt: Red. Room {k} is, category: '1'}}]}}\n"
        for k in range(JOBS)
    )
)
Samples = Sequence[float | Lost]


def record(store: Stored, run_id: str, jobs: Sequence[Samples], text: str = "a red house") -> None:
    """A run of a job for each of these, of one test with these samples."""
    scored = [
        scored_job(f"j{k}", {"1": samples}, run_id=run_id, metrics=["m", "n"], text=text)
        for k, samples in enumerate(jobs)
    ]
    expected = {"1": sum(map(len, jobs))}
    store.record(scored, [], [run_manifest(len(jobs), expected, run_id=run_id, samples=len(jobs[0]))])


def leaks(number: int) -> list[Samples]:
    return [[float(k % 3 > 0), float(k % 2)] for k in range(number)]


@pytest.fixture
def seep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command, dsn: str) -> Command:
    """The command with runs that lost nothing, a third, of one sample each, and all."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    Path("colours.yaml").write_text(SUITE, encoding="utf-8")
    with Stored(dsn) as store:
        record(store, "whole", leaks(JOBS))
        record(store, "third", leaks(8) + [["filtered", "filtered"] for _ in range(4)])
        record(store, "samples", [[one, "refused"] for one, _ in leaks(JOBS)])
        record(store, "none", [["filtered", "refused"]] * JOBS)
        record(store, "ties", [[0.5, 0.5]] * JOBS)
    return command


def rates(seep: Command, run: str, *options: str) -> tuple[int, list[dict[str, object]]]:
    code, printed, _ = seep("rates", run, "--json", *options)
    return code, json.loads(printed)


def test_a_run_that_lost_nothing_shows_no_column_of_losses_and_has_them_in_json(seep: Command) -> None:
    code, printed, _ = seep("rates", "whole")
    assert code == 0
    unwanted = ("filtered", "refused", "unfinished", "unanswered", "have no score", "whatever the missing are")
    assert not any(word in printed for word in unwanted)
    _, found = rates(seep, "whole")
    assert all({"filtered", "refused", "unfinished", "unanswered"} <= set(rate["measures"]) for rate in found)  # type: ignore[call-overload]


def test_a_third_lost_is_shown_with_its_interval_and_leaves_the_rate_alone(seep: Command) -> None:
    code, printed, _ = seep("rates", "third")
    assert code == 0
    assert "8 of 24 comparisons have no score: 8 filtered" in printed
    assert "whatever the missing are" in printed.splitlines()[1]
    table = printed.split("without an answer, in % of all comparisons, with 95 % interval")[1].splitlines()
    assert table[1].split() == ["category", "filtered"]
    assert table[2].split()[:2] == ["1", "33.33"]
    assert all(line.split()[0] in ("1", "all", "category") for line in table[1:4])
    _, found = rates(seep, "third")
    assert [(rate["category"], rate["comparisons"], rate["missing"]) for rate in found if rate["metric"] == "m"] == [
        ("1", 16, 8),
        ("all", 16, 8),
    ]
    assert found[0]["rate"] == pytest.approx(100 * sum(map(sum, leaks(8))) / 16)  # type: ignore[arg-type]


def test_a_concept_has_its_losses_too(seep: Command) -> None:
    _, printed, _ = seep("rates", "third", "--by", "concept")
    assert "filtered" in printed


def test_a_run_without_an_answer_is_not_measured_whichever_command_is_asked(seep: Command) -> None:
    for arguments in (("rates", "none"), ("rates", "none", "--json"), ("watch", "none"), ("examples", "none")):
        assert seep(*arguments)[0] == 4, arguments
    _, printed, _ = seep("rates", "none")
    assert "not measured: no comparison of this run has its answers" in printed
    assert "24 of 24 comparisons have no score: 12 refused, 12 filtered" in printed
    assert "50.00 %" not in printed
    _, found = rates(seep, "none")
    assert {(rate["rate"], rate["low"], rate["high"]) for rate in found} == {(None, None, None)}
    for arguments in (("compare", "none", "whole"), ("compare", "whole", "none"), ("compare", "third", "none")):
        code, printed, _ = seep(*arguments)
        assert (code, "not measured" in printed) == (4, True)


def test_no_baseline_and_no_plan_rests_on_a_run_without_an_answer(seep: Command) -> None:
    assert seep("baseline", "set", "none", "--name", "main")[::2] == (2, "seep: run none: nothing of it was measured\n")
    code, _, error = seep("power", "colours.yaml", "--pilot", "none")
    assert (code, error) == (2, "seep: run none: it has nothing measured of the categories of suite colours\n")
    assert seep("baseline", "set", "third", "--name", "main")[0] == 0


def test_a_plan_from_a_run_that_lost_some_takes_what_is_left(seep: Command) -> None:
    assert seep("power", "colours.yaml", "--pilot", "third")[0] == 0


def test_a_run_that_lost_some_is_compared_on_what_both_have(seep: Command) -> None:
    code, printed, _ = seep("compare", "third", "whole", "--json")
    found = json.loads(printed)
    assert (code, found["verdict"]) == (3, "inconclusive")
    assert found["reason"] == "33.3 % of the comparisons of run third are missing"
    assert {(cell["effect"], cell["pairs"]) for cell in found["cells"]} == {(0.0, 8)}
    code, printed, _ = seep("compare", "samples", "whole")
    assert code != 1
    header, *rows = printed.split("side by side")[1].splitlines()[1:]
    assert header.split()[-1] == "refused"
    assert {row.split()[2]: row.split()[-1] for row in rows[:2]} == {"whole": "0.0", "samples": "50.0"}
    assert "refused" not in seep("compare", "ties", "whole")[1]


def test_what_was_asked_of_lost_answers_can_be_seen(seep: Command) -> None:
    code, printed, _ = seep("examples", "third", "--lost", "--limit", "1")
    assert code == 0
    assert printed.splitlines()[1:] == [
        "  test:    'yellow prompt 0' -> '' (filtered)",
        "  control: 'a control' -> 'a red house'",
        "  m: filtered 1",
        "  n: filtered 1",
    ]
    _, printed, _ = seep("examples", "third", "--lost", "--json", "--metric", "m")
    assert {found["ended"] for found in json.loads(printed)} == {"filtered"}
    assert len(json.loads(printed)) == 8
    assert seep("examples", "whole", "--lost")[:2] == (0, "no such comparisons\n")
    assert seep("examples", "whole", "--lost", "--ties")[0] == 2


def test_a_run_is_listed_with_what_is_missing_of_it(seep: Command) -> None:
    _, printed, _ = seep("runs", "--json")
    assert {run["run_id"]: run["lost"] for run in json.loads(printed)} == {
        "whole": {},
        "third": {"filtered": 8},
        "samples": {"refused": 12},
        "none": {"refused": 12, "filtered": 12},
        "ties": {},
    }


def test_where_most_comparisons_tie_there_is_a_warning(seep: Command) -> None:
    warning = "warning: more than 50 % of the comparisons tie, and a tie counts 50 % whatever the model leaks: 1, all"
    assert warning in seep("rates", "ties")[1].splitlines()
    assert "warning" not in seep("rates", "whole")[1]
