"""Baselines and comparisons, as a user asks for them, on runs that are recorded already."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from results.storage.ad_hoc import ad_hoc
from seep.outcomes import Outcome, outcome_series
from seep.records import Answer, GeneratedJob, ScoredJob
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite
from tests.commands import Command
from tests.databases import database
from tests.stored import STALLED_AFTER_SECONDS, Stored

ROOMS = 80  # so many that two runs alike in all of them differ by less than 5 points
SUITE = "name: rooms\nversion: '1'\nformat: {kind: plain}\n" + (
    "decoding: {temperature: 0.5, max_tokens: 10, samples: 10}\njobs:\n"
    + "".join(
        f"  - {{control: Room {k} is, tests: [{{concept: red, prompt: Red. Room {k} is, category: '1'}}]}}\n"
        for k in range(ROOMS)
    )
)


@pytest.fixture(scope="module")
def with_runs(postgres_server: str, migrated: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database that holds the runs, to be copied."""
    suite = tmp_path_factory.mktemp("rooms") / "rooms.yaml"
    suite.write_text(SUITE, encoding="utf-8")
    with database(postgres_server, migrated) as dsn:
        with Stored(dsn) as store:
            record(store, suite, "before", leaking=4)
            record(store, suite, "same", leaking=4)
            record(store, suite, "more", leaking=9)
            record(store, suite, "hotter", leaking=4, temperature="0.9")
            record(store, suite, "again", leaking=4, model="before")
            muted = ("",) * 5 + ("a room",) * 5
            record(store, suite, "muted", leaking=2, temperature="0.9", answers=muted, echoes=0)
            record(store, suite, "unscored", leaking=4, jobs=0, cancelled=True)
            record(store, suite, "unfinished", leaking=4, jobs=ROOMS - 1)
            record(store, suite, "cancelled", leaking=4, jobs=ROOMS - 1, cancelled=True)
        yield str(conninfo_to_dict(dsn)["dbname"])


@pytest.fixture
def dsn(postgres_server: str, with_runs: str) -> Iterator[str]:
    """The DSN of a database of the test's own that holds the runs."""
    with database(postgres_server, with_runs) as dsn:
        yield dsn


@pytest.fixture
def seep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Command, dsn: str) -> Command:
    """The command in a folder with a suite: exit code, and what it printed on both streams."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    Path("rooms.yaml").write_text(SUITE, encoding="utf-8")
    return command


def record(
    store: Stored,
    path: Path,
    run_id: str,
    leaking: int,
    temperature: str = "0.5",
    jobs: int = ROOMS,
    model: str = "",
    answers: tuple[str, ...] = ("red",) * 10,
    echoes: int = 1,
    cancelled: bool = False,
) -> None:
    """A run whose every job leaks in so many of its ten samples, and echoes in as many as are said."""
    suite = load_suite(path)
    scored = [
        ScoredJob(
            GeneratedJob(
                job,
                tuple(map(Answer, ["is"] * 10)),
                (),
                (tuple(map(Answer, answers)),),
                {"decoding": temperature, "model": model or run_id},
            ),
            outcome_series(
                (
                    Outcome("m", measure, "1", job.tests[0].id, k, float(value))
                    for k, answer in enumerate(answers)
                    for measure, value in (
                        ("leak", k < leaking),
                        ("tie", False),
                        ("echo", k < echoes),
                        ("empty", not answer),
                    )
                ),
                job,
            ),
            (),
        )
        for job in prompt_jobs(suite, run_id=run_id, target="stub")
    ]
    sent = manifest(suite, run_id=run_id, target="stub", created_at=0.0)
    store.record(scored[:jobs], [], [replace(sent, cancelled=cancelled)])
    store.publish()


@pytest.mark.parametrize(("run_id", "code", "verdict"), [("same", 0, "ok"), ("more", 1, "drift")])
def test_the_exit_code_is_the_verdict(seep: Command, run_id: str, code: int, verdict: str) -> None:
    ended, printed, _ = seep("compare", run_id, "before")
    assert ended == code
    assert f"{run_id} against before: {verdict}" in printed
    assert "model       before     " in printed


def test_a_run_that_stalls_is_neither_compared_nor_a_baseline(seep: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEEP_AGGREGATION__STALLED_AFTER_SECONDS", "0.001")
    for arguments in (("compare", "unfinished", "before"), ("baseline", "set", "unfinished", "--name", "first")):
        code, _, complaint = seep(*arguments)
        assert code == 2
        assert "run unfinished: it stalls with jobs left, and may go on; `seep cancel unfinished` ends it" in complaint


def test_a_cancelled_run_is_compared_by_what_there_is_of_it(seep: Command) -> None:
    assert seep("compare", "cancelled", "before")[0] == 0


def test_a_run_of_which_nothing_is_scored_is_not_measured_rather_than_different(seep: Command) -> None:
    for pair in (("before", "unscored"), ("unscored", "before"), ("unscored", "cancelled")):
        code, printed, complaint = seep("compare", *pair)
        assert (code, complaint) == (4, "")
        assert "decoding" not in printed
        assert f"{pair[0]} against {pair[1]}: not measured\nnext: seep rates {pair[0]}: " in printed


def test_a_difference_that_matters_less_is_no_drift(seep: Command) -> None:
    assert seep("compare", "more", "before", "--delta", "60")[0] == 0


def test_intervals_of_samples_say_that_they_hold_for_these_prompts(seep: Command, dsn: str) -> None:
    Path("sampled.yaml").write_text(SUITE + "cluster: sample\n", encoding="utf-8")
    with Stored(dsn) as store:
        for run in ("one", "other"):
            record(store, Path("sampled.yaml"), run, leaking=4)
    said = "the intervals hold for these very prompts"
    assert said in seep("compare", "one", "other")[1]
    assert said not in seep("compare", "same", "before")[1]


def test_as_json(seep: Command) -> None:
    ended, printed, _ = seep("compare", "more", "before", "--json")
    comparison = json.loads(printed)
    assert (ended, comparison["verdict"], comparison["differences"]["model"]) == (1, "drift", ["before", "more"])
    assert {(cell["category"], cell["effect"]) for cell in comparison["cells"]} == {("1", 50.0), ("all", 50.0)}
    rate = comparison["runs"]["more"][0]
    assert (rate["rate"], rate["comparisons"], rate["clusters"]) == (90.0, 10 * ROOMS, ROOMS)
    assert rate["low"] <= 90.0 <= rate["high"]


def test_runs_of_one_target_whose_answers_differ_have_their_samples_exchanged(seep: Command, dsn: str) -> None:
    answers = tuple(f"room {k}" for k in range(10))
    with Stored(dsn) as store:
        for run_id, leaking in (("first", 4), ("second", 9)):
            record(store, Path("rooms.yaml"), run_id, leaking, model="m", answers=answers)
    assert "p: samples exchanged (has anything changed, on these prompts?)\n" in seep("compare", "second", "first")[1]
    # Of another model, and of one that gives the same answer each time.
    for pair in (("more", "before"), ("again", "before")):
        assert (
            "p: jobs exchanged (does the run leak otherwise, over prompts like these?)\n" in seep("compare", *pair)[1]
        )


def test_the_api_and_its_pages_compare_as_the_command_does(seep: Command, dsn: str) -> None:
    answers = tuple(f"room {k}" for k in range(10))
    with Stored(dsn) as store:
        for run_id, leaking in (("first", 4), ("second", 9)):
            record(store, Path("rooms.yaml"), run_id, leaking, model="m", answers=answers)
        with store.snapshot() as connection:
            found = ad_hoc(connection, "second", ["first"], STALLED_AFTER_SECONDS)
    printed = json.loads(seep("compare", "second", "first", "--json")[1])
    assert (printed["verdict"], printed["cells"]) == (found.verdict, [asdict(cell) for cell in found.cells])
    assert {cell.exchanged for cell in found.cells} == {"samples"}


def test_a_window_of_runs_says_that_p_allows_for_how_they_differ(seep: Command, dsn: str) -> None:
    with Stored(dsn) as store:
        for run_id, leaking in (("a", 4), ("b", 6), ("c", 5), ("d", 7)):
            record(store, Path("rooms.yaml"), run_id, leaking, model="m")
    assert seep("baseline", "set", "a", "b", "c", "--name", "window")[0] == 0
    ended, printed, _ = seep("compare", "d", "--baseline", "window", "--json")
    # 20 points from the mean of three runs that are 10 apart: t of 2 degrees is 20 / (10 x sqrt(4 / 3)) = 1.73.
    assert {round(cell["p"], 3) for cell in json.loads(printed)["cells"]} == {0.225}
    assert ended == 3
    assert (
        "p and interval allow for how the 3 runs of the baseline differ"
        in seep("compare", "d", "--baseline", "window")[1]
    )


def test_against_a_baseline_of_several_runs(seep: Command) -> None:
    assert seep("baseline", "set", "before", "hotter", "--name", "first")[0] == 2
    assert seep("baseline", "set", "before", "--name", "first")[:2] == (0, "first: 1 run\n")
    assert "first" in seep("baseline", "list")[1]
    assert "run before: rooms on stub, complete" in seep("baseline", "show", "first")[1]
    assert seep("compare", "more", "--baseline", "first")[0] == 1
    assert seep("compare", "before", "--baseline", "first")[0] == 2
    assert seep("baseline", "remove", "first")[0] == 0
    assert json.loads(seep("baseline", "list", "--json")[1]) == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("compare more", "compare: expected OTHER_RUN or --baseline N"),
        ("compare more before --baseline first", "compare: expected OTHER_RUN or --baseline N"),
        ("compare more nowhere", "run nowhere: there is no such run"),
        ("compare more --baseline nowhere", "baseline nowhere: there is no such baseline"),
        ("compare more more", "run more: expected another run than those that it is compared with"),
        ("compare hotter before", "runs before and hotter differ in decoding: 0.5 -> 0.9; --allow-different"),
        ("compare unfinished before", "run unfinished: it is still running"),
        ("baseline set unfinished --name first", "run unfinished: it is still running"),
        (
            "baseline set cancelled --name first",
            "run cancelled: it was cancelled, and cannot be a baseline",
        ),
        ("baseline set before same --name first", "run same: it differs from before in model"),
        ("baseline set before --name First", "--name First: expected 1 to 40"),
        ("baseline remove nowhere", "baseline nowhere: there is no such baseline"),
    ],
)
def test_what_cannot_be_asked_is_one_line(seep: Command, arguments: str, line: str) -> None:
    code, printed, complaint = seep(*arguments.split())
    assert code == 2
    assert complaint.startswith(f"seep: {line}")
    assert complaint.count("\n") == 1
    assert printed == ""


def test_across_compares_what_differs(seep: Command) -> None:
    code, printed, _ = seep("compare", "hotter", "before", "--allow-different")
    assert code == 0
    assert "decoding    0.5        0.9" in printed


def test_what_a_mitigation_does_beside_the_leak_rate_stands_side_by_side(seep: Command) -> None:
    _, printed, _ = seep("compare", "muted", "before", "--allow-different")
    table = printed.split("side by side, all of each run, in %")[1].splitlines()[1:]
    names = " ".join(table[0].split())
    assert names == "category metric run leak tie echo empty distinct 1 distinct 2"
    rows = {tuple(line.split()[:3]): line.split()[3:] for line in table[1:5]}
    # Ten samples of one prompt: all the same word, and half of them empty, half the same two words.
    assert rows["1", "m", "before"] == ["40.0", "0.0", "10.0", "0.0", "10.0", "-"]
    assert rows["1", "m", "muted"] == ["20.0", "0.0", "0.0", "50.0", "20.0", "20.0"]
    rates = json.loads(seep("compare", "muted", "before", "--allow-different", "--json")[1])["runs"]
    assert rates.keys() == {"before", "muted"}
    one = next(rate for rate in rates["muted"] if rate["category"] == "1")
    assert (one["metric"], one["rate"], one["measures"]["empty"]["share"]) == ("m", 20.0, 50.0)


def test_a_window_stands_beside_a_run_as_its_mean(seep: Command) -> None:
    assert seep("baseline", "set", "before", "again", "--name", "window")[0] == 0
    code, printed, _ = seep("compare", "same", "--baseline", "window")
    assert code == 0
    assert ["1", "m", "window", "40.0"] in [line.split()[:4] for line in printed.splitlines()]
