"""Baselines, comparisons and plans, as a user asks for them, on runs that are recorded already."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import main
from seep.records import GeneratedJob, Outcome, ScoredJob
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite
from services.aggregator.migrate import migrate
from services.aggregator.store import Store

Seep = Callable[..., tuple[int, str, str]]
ROOMS = 80  # so many that two runs alike in all of them differ by less than 5 points
SUITE = "name: rooms\nversion: '1'\nformat: {kind: plain}\n" + (
    "decoding: {temperature: 0.5, max_tokens: 10, samples: 10}\njobs:\n"
    + "".join(
        f"  - {{control: Room {k} is, tests: [{{concept: red, prompt: Red. Room {k} is, category: '1'}}]}}\n"
        for k in range(ROOMS)
    )
)


@pytest.fixture
def seep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres_dsn: str
) -> Seep:
    """The command in a folder with a suite: exit code, and what it printed on both streams."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", postgres_dsn)
    Path("rooms.yaml").write_text(SUITE, encoding="utf-8")
    migrate(postgres_dsn)
    with Store.open(postgres_dsn) as store:
        record(store, "before", leaking=4)
        record(store, "same", leaking=4)
        record(store, "more", leaking=9)
        record(store, "hotter", leaking=4, temperature="0.9")
        record(store, "unfinished", leaking=4, jobs=ROOMS - 1)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seep", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return run


def record(store: Store, run: str, leaking: int, temperature: str = "0.5", jobs: int = ROOMS) -> None:
    """A run whose every job leaks in so many of its ten samples."""
    suite = load_suite(Path("rooms.yaml"))
    scored = [
        ScoredJob(
            GeneratedJob(job, ("is",) * 10, (), (("red",) * 10,), {"decoding": temperature, "model": run}),
            tuple(Outcome("m", "leak", "1", job.tests[0].id, k, float(k < leaking)) for k in range(10)),
            (),
        )
        for job in prompt_jobs(suite, run=run, target="stub")
    ]
    store.record(scored[:jobs], [], [manifest(suite, run=run, target="stub", created_at=0.0)])


@pytest.mark.parametrize(("run", "code", "verdict"), [("same", 0, "ok"), ("more", 1, "drift")])
def test_the_exit_code_is_the_verdict(seep: Seep, run: str, code: int, verdict: str) -> None:
    ended, printed, _ = seep("compare", run, "before")
    assert ended == code
    assert f"{run} against before: {verdict}" in printed
    assert "model       before     " in printed


def test_a_difference_that_matters_less_is_no_drift(seep: Seep) -> None:
    assert seep("compare", "more", "before", "--delta", "60")[0] == 0


def test_as_json(seep: Seep) -> None:
    ended, printed, _ = seep("compare", "more", "before", "--json")
    told = json.loads(printed)
    assert (ended, told["verdict"], told["differences"]["model"]) == (1, "drift", ["before", "more"])
    assert {(of["category"], of["effect"]) for of in told["judgements"]} == {("1", 50.0), ("all", 50.0)}


def test_against_a_baseline_of_several_runs(seep: Seep) -> None:
    assert seep("baseline", "set", "before", "hotter", "--name", "first")[0] == 2
    assert seep("baseline", "set", "before", "--name", "first")[:2] == (0, "first: 1 run\n")
    assert "first" in seep("baseline", "list")[1]
    assert "run before: rooms on stub, complete" in seep("baseline", "show", "first")[1]
    assert seep("compare", "more", "--baseline", "first")[0] == 1
    assert seep("baseline", "remove", "first")[0] == 0
    assert json.loads(seep("baseline", "list", "--json")[1]) == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("compare more", "compare: expected OTHER_RUN or --baseline N"),
        ("compare more before --baseline first", "compare: expected OTHER_RUN or --baseline N"),
        ("compare more nowhere", "run nowhere: there is no such run"),
        ("compare more --baseline nowhere", "baseline nowhere: there is no such baseline"),
        ("compare hotter before", "runs before and hotter differ in decoding: 0.5 -> 0.9; --across"),
        ("compare unfinished before", "run unfinished: it is still running"),
        ("baseline set unfinished --name first", "run unfinished: it is still running"),
        ("baseline set before same --name first", "run same: it differs from before in model"),
        ("baseline set before --name First", "--name First: expected 1 to 40"),
        ("baseline remove nowhere", "baseline nowhere: there is no such baseline"),
        ("plan rooms.yaml", "plan: expected --rate and --icc, or --from RUN"),
        ("plan rooms.yaml --rate 70", "plan: expected --rate and --icc, or --from RUN"),
        ("plan rooms.yaml --from unfinished", "run unfinished: it is still running"),
    ],
)
def test_what_cannot_be_asked_is_one_line(seep: Seep, arguments: str, told: str) -> None:
    code, printed, complaint = seep(*arguments.split())
    assert code == 2
    assert complaint.startswith(f"seep: {told}")
    assert complaint.count("\n") == 1
    assert printed == ""


def test_across_compares_what_differs(seep: Seep) -> None:
    code, printed, _ = seep("compare", "hotter", "before", "--across")
    assert code == 0
    assert "decoding    0.5        0.9" in printed


def test_a_plan_from_what_is_expected_and_from_a_run(seep: Seep) -> None:
    code, printed, _ = seep("plan", "rooms.yaml", "--detect", "3", "--rate", "60", "--icc", "0")
    assert code == 0
    # Variance 2 x 0.24 / (80 jobs x n samples), and 2.84 standard errors with 79 degrees of freedom.
    samples = int(printed.split("one run of ")[1].split()[0])
    assert 52 <= samples <= 56
    assert f"80 jobs, {samples * 160} generations" in printed
    assert "samples needed" in seep("plan", "rooms.yaml", "--from", "before")[1]


def test_a_plan_warns_of_what_no_number_of_samples_reaches(seep: Seep) -> None:
    code, printed, _ = seep("plan", "rooms.yaml", "--detect", "2", "--rate", "60", "--icc", "0.3")
    assert code == 0
    assert "not reachable" in printed
    assert "warning: category 1: at most" in printed
