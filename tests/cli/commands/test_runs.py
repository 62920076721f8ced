"""Runs are listed by what they are of, and named by their id, its beginning, or their place from the newest."""

import json
from pathlib import Path

import pytest

from tests.builders import job_of_concepts, run_manifest, scored_job
from tests.commands import Command
from tests.stored import Stored


@pytest.fixture
def seep(command: Command, dsn: str, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command on a database with four runs, the newest last."""
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    sent = {"first_a": "plain", "first.b": "plain", "first": "tuned", "last": "tuned"}
    with Stored(dsn) as store:
        for run_id, target in sent.items():
            scored = scored_job("job-1", {"1": [1.0]}, run_id, target)
            store.record(
                [scored], [], [run_manifest(1, {"1": 1}, run_id, target=target, labels=(f"of {target}", "all"))]
            )
    return command


@pytest.mark.parametrize(
    ("name", "run_id"),
    [
        ("last", "last"),
        ("la", "last"),
        ("first", "first"),
        ("first_", "first_a"),
        ("latest", "last"),
        ("latest~2", "first.b"),
    ],
)
def test_a_run_has_several_names(seep: Command, name: str, run_id: str) -> None:
    _, printed, error = seep("rates", name, "--json")
    assert (json.loads(printed)[0]["run_id"], error) == (run_id, "")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("fi", "seep: run fi: several runs begin so: first, first.b, first_a\n"),
        ("latest~4", "seep: run latest~4: there are 4 runs; `seep runs` lists them\n"),
        ("%", "seep: run %: there is no such run; `seep runs` lists them\n"),
    ],
)
def test_a_name_of_no_run_or_of_several_is_refused(seep: Command, name: str, line: str) -> None:
    assert seep("rates", name) == (2, "", line)


def test_a_run_is_not_compared_with_itself_by_another_name(seep: Command) -> None:
    assert seep("compare", "latest", "la")[0] == 2


def test_a_run_is_watched_by_the_beginning_of_its_id(seep: Command) -> None:
    assert "last" in seep("watch", "la", "--wait", "0")[1]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--target", "plain"], ["first.b", "first_a"]),
        (["--label", "of tuned"], ["last", "first"]),
        (["--label", "tuned"], []),
        (["--text", "OF TUN"], ["last", "first"]),
        (["--state", "complete", "--text", "st_"], ["first_a"]),
        (["--state", "running"], []),
    ],
    ids=" ".join,
)
def test_runs_are_listed_by_what_they_are_of(seep: Command, filters: list[str], found: list[str]) -> None:
    _, printed, _ = seep("runs", *filters, "--json")
    assert [run["run_id"] for run in json.loads(printed)] == found


def test_where_no_run_is_listed_a_line_says_so_and_where_they_would_be(seep: Command, dsn: str) -> None:
    code, printed, error = seep("runs", "--label", "tuned")
    assert (code, printed) == (0, "")
    assert error.startswith("results: PostgreSQL, ")
    assert error.endswith("no run is like that\n")
    assert seep("runs", "--label", "tuned", "--json") == (0, "[]\n", "")


def test_an_empty_store_is_said_to_be_empty(command: Command, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    assert command("runs")[2].endswith("no runs yet; seep run SUITE --target TARGET makes one\n")
    assert command("rates", "latest")[2] == "seep: run latest: there are no runs yet; `seep runs` lists them\n"
    assert command("baseline", "list") == (0, "", "no baselines\n")


def test_the_list_of_runs_shows_their_labels(seep: Command) -> None:
    assert "of tuned, all" in seep("runs")[1]


def test_no_run_may_be_called_as_the_newest_is(seep: Command) -> None:
    line = "seep: run id 'latest': expected another name, since this one means the newest run\n"
    assert seep("run", "colours-smoke", "--model", "x", "--run-id", "latest") == (2, "", line)


def test_rates_of_few_concepts_have_the_interval_for_other_concepts_too(
    seep: Command, dsn: str, tmp_path: Path
) -> None:
    jobs = [job_of_concepts(f"job-{n}", {f"colour {k}": float((n + k) % 2) for k in range(5)}, "few") for n in range(8)]
    with Stored(dsn) as store:
        store.record(jobs, [], [run_manifest(8, {"1": 40}, "few")])
    status, printed, error = seep("rates", "few")
    assert (status, error) == (0, "")
    assert "hold for prompts like these, of these 5 concepts; for others like them" in " ".join(printed.split())
    for rate in json.loads(seep("rates", "few", "--json")[1]):
        wider = rate["other_concepts"]
        assert wider["concepts"] == 5
        assert wider["low"] <= rate["low"] < rate["high"] <= wider["high"]
    assert "concepts" not in seep("rates", "last")[1]
    assert seep("watch", "few")[1] == printed
    assert seep("report", "few", "--out", str(tmp_path / "few.html"))[0] == 0
    report = (tmp_path / "few.html").read_text()
    assert "of these 5 concepts" in report
    assert "for other concepts too" in report
    assert seep("watch", "few", "--json")[1] == seep("rates", "few", "--json")[1]
