"""Power analyses, as a user asks for them: from what is expected, and from runs that are recorded already."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import psycopg
import pytest
from numpy.typing import NDArray

from cli.lookups import find_suite
from results.statistics.change_power import Design, found_of, plan_change
from results.statistics.noise import noise_of_rate
from results.statistics.power import analyse_power
from seep.outcomes import Outcome, outcome_series
from seep.records import Answer, GeneratedJob, ScoredJob
from seep.suites.jobs import manifest, prompt_jobs
from seep.suites.loading import load_suite
from services.scorer.position import score as score_position
from tests.commands import Command
from tests.stored import Stored

Scores = Sequence[NDArray[np.float64]]
"""Of each job the leak scores, by test and sample."""

ONE_METRIC = "metrics: {bert_score: null}\n"
HEAD = "version: '1'\nformat: {kind: plain}\ndecoding: {temperature: 0.5, max_tokens: 10, samples: %d}\njobs:\n"
NEW_CATEGORY = "  - {control: Hall is, tests: [{concept: red, prompt: Red. Hall is, category: new}]}\n"


def suite(name: str, jobs: int, tests: int, samples: int, categories: Sequence[str] = ("1",)) -> Path:
    """A file with a suite of jobs that have so many tests of each category."""
    cells = [(category, k) for category in categories for k in range(tests)]
    lines = [
        f"  - {{control: Room {job} is, tests: ["
        + ", ".join(
            f"{{concept: red, prompt: 'Red {category}-{k}. Room {job} is', category: '{category}'}}"
            for category, k in cells
        )
        + "]}\n"
        for job in range(jobs)
    ]
    path = Path(f"{name}.yaml")
    path.write_text(f"name: {name}\n{HEAD % samples}{''.join(lines)}", encoding="utf-8")
    return path


def record(dsn: str, path: Path, run_id: str, scores: Scores) -> None:
    """A run of the suite with these leak scores, as far as there are any."""
    loaded = load_suite(path)
    scored = [
        ScoredJob(
            GeneratedJob(
                job, (Answer("is"),) * values.shape[1], (), ((Answer("red"),) * values.shape[1],) * len(values), {}
            ),
            outcome_series(
                (
                    Outcome("m", measure, test.category, test.id, sample, float(value))
                    for test, row in zip(job.tests, values, strict=True)
                    for sample, score in enumerate(row)
                    for measure, value in (("leak", score), ("tie", score == 0.5))
                ),
                job,
            ),
            (),
        )
        for job, values in zip(prompt_jobs(loaded, run_id=run_id, target="stub"), scores, strict=False)
    ]
    with Stored(dsn) as store:
        store.record(scored, [], [manifest(loaded, run_id=run_id, target="stub", created_at=0.0)])
        store.publish()


@pytest.fixture
def dsn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dsn: str) -> str:
    """A database, configured in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEP_DATABASE__DSN", dsn)
    Path("seep.yaml").write_text(ONE_METRIC, encoding="utf-8")
    return dsn


@pytest.fixture
def seep(dsn: str, command: Command) -> Command:
    """The command, on that database."""
    return command


def powers(printed: str) -> list[int]:
    """Between models, of the first category: power down and up, and that of the verdict down and up, in percent."""
    row = next(line.split() for line in printed.splitlines() if line.startswith(" 1 ") and " down " in line)
    return [int(before) for before, percent in pairwise(row) if percent == "%"]


def shared_control(jobs: int, tests: int, samples: int) -> Scores:
    """Scores of which those of one job and sample are mostly alike, and nothing persists."""
    draw = np.random.default_rng(1)
    alike = draw.uniform(size=(jobs, 1, samples)) < 0.7
    own = draw.uniform(size=(jobs, tests, samples)) < 0.7
    return list(np.where(draw.uniform(size=own.shape) < 0.5, alike, own).astype(float))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("rooms.yaml", "power: expected --rate, with --icc or without, or --pilot RUN"),
        ("rooms.yaml --icc 0.1", "power: expected --rate, with --icc or without, or --pilot RUN"),
        ("rooms.yaml --rate 70 --pilot run", "power: expected --rate, with --icc or without, or --pilot RUN"),
        ("rooms.yaml --pilot unfinished", "run unfinished: it is still running"),
        ("others.yaml --pilot unfinished", "run unfinished: it is still running"),
        ("others.yaml --pilot run", "run run: it is a run of suite rooms, not of others"),
        ("rooms.yaml --rate 60 --icc 0 --effect 70", "--effect 70: a rate of 60 % cannot change by 70 points"),
        ("languages --rate 5", "suite languages: expected one of the probes semantic, position, sway, recall that"),
    ],
)
def test_what_cannot_be_asked_is_one_line(seep: Command, dsn: str, arguments: str, line: str) -> None:
    suite("others", 3, 1, 2)
    rooms = suite("rooms", 3, 1, 2)
    record(dsn, rooms, "run", shared_control(3, 1, 2))
    record(dsn, rooms, "unfinished", shared_control(2, 1, 2))
    code, printed, complaint = seep("power", *arguments.split())
    assert code == 2
    assert complaint.startswith(f"seep: {line}")
    assert complaint.count("\n") == 1
    assert printed == ""


@pytest.mark.parametrize(
    ("jobs", "scores", "reason"),
    [
        (
            60,
            [np.array([[float(k % 3 > 0)]]) for k in range(60)],
            "fewer than two of its jobs have several comparisons",
        ),
        (1, [np.array([[1.0, 0.0, 1.0, 1.0, 0.0]])], "fewer than two of its jobs have several comparisons"),
        (60, [np.full((1, 5), 0.5)] * 60, "all its leak scores are alike"),
        (60, [np.ones((1, 5))] * 60, "all its leak scores are alike"),
    ],
)
def test_no_noise_is_made_up_for_a_run_that_shows_none(
    seep: Command, dsn: str, jobs: int, scores: Scores, reason: str
) -> None:
    record(dsn, suite("rooms", jobs, 1, scores[0].shape[1]), "run", scores)
    line = f"seep: run run: {reason}: give --rate instead\n"
    assert seep("power", "rooms.yaml", "--pilot", "run") == (2, "", line)


def test_a_category_that_shows_no_noise_is_named_and_the_others_are_analysed(seep: Command, dsn: str) -> None:
    rooms = suite("rooms", 20, 1, 3, ("1", "2"))
    scores = [np.stack([values[0], np.ones(3)]) for values in shared_control(20, 1, 3)]
    record(dsn, rooms, "run", scores)
    code, printed, _ = seep("power", "rooms.yaml", "--pilot", "run")
    assert code == 0
    assert len(powers(printed)) == 4
    line = "warning: category 2, m: run run: all its leak scores are alike: give --rate instead"
    assert printed.splitlines()[-1] == line
    # A comparison adjusts for it all the same.
    assert "adjusted over 3 tests" in printed


def test_a_control_drawn_anew_in_every_run_is_not_taken_to_cancel(seep: Command, dsn: str) -> None:
    record(dsn, suite("rooms", 30, 20, 2), "run", shared_control(30, 20, 2))
    arguments = ("power", "rooms.yaml", "--pilot", "run", "--effect", "10")
    code, told_apart, _ = seep(*arguments)
    assert code == 0
    assert "published" not in told_apart
    record(dsn, suite("halls", 30, 20, 1), "one", [of_job[:, :1] for of_job in shared_control(30, 20, 2)])
    code, not_seen, _ = seep("power", "halls.yaml", "--pilot", "one", "--effect", "10")
    assert code == 0
    assert "run one has one sample: how much of its noise persists" in not_seen


def test_a_run_whose_texts_are_deleted_says_as_much_as_before(seep: Command, dsn: str) -> None:
    record(dsn, suite("rooms", 30, 4, 2), "run", shared_control(30, 4, 2))
    before = seep("power", "rooms.yaml", "--pilot", "run")
    with psycopg.connect(dsn) as connection:
        connection.execute("DELETE FROM comparisons")
    assert seep("power", "rooms.yaml", "--pilot", "run") == before


def test_an_analysis_from_what_is_expected(seep: Command) -> None:
    suite("rooms", 80, 1, 10)
    code, printed, complaint = seep("power", "rooms.yaml", "--effect", "6", "--rate", "60", "--icc", "0")
    assert (code, complaint) == (0, "")
    # Variance 0.24 + 0.2484 downwards. 80 % of it is over 80 jobs x n samples; 20 % is over 80 jobs, but for what
    # persists. 2.84 standard errors with 79 degrees of freedom.
    samples, jobs, generations = next(line.split()[2:5] for line in printed.splitlines() if "models, samples" in line)
    assert 23 <= int(samples) <= 26
    assert (jobs, generations) == ("80", str(int(samples) * 160))


def test_an_analysis_promises_the_power_of_each_direction_and_of_the_verdict(seep: Command) -> None:
    suite("rooms", 80, 1, 10)
    _, printed, _ = seep("power", "rooms.yaml", "--effect", "5", "--rate", "70", "--icc", "0")
    power_down, power_up, drift_down, drift_up = powers(printed)
    # A change of just the smallest that matters is measured as less half of the time.
    assert drift_down == min(50, power_down)
    assert drift_up == min(50, power_up)
    assert 45 < power_down < power_up < 55
    assert "drift: how surely that is the verdict, which asks for at least 5 points as measured" in printed
    assert "adjusted over 1 test" in printed


def test_the_verdict_is_adjusted_over_the_categories_of_the_mean_of_the_metrics(seep: Command) -> None:
    suite("rooms", 20, 3, 5, ("1", "2", "3"))
    for metrics in (ONE_METRIC, ""):
        Path("seep.yaml").write_text(metrics, encoding="utf-8")
        _, printed, _ = seep("power", "rooms.yaml", "--effect", "12", "--rate", "70", "--icc", "0.1")
        assert "adjusted over 4 tests" in printed
        expected = analyse_power([3] * 20, 5, noise_of_rate(0.7, 0.1), 0.12, 0.8, 4, 0.05).drift
        assert powers(printed)[2:] == [round(100 * (share or 0)) for share in (expected.down, expected.up)]


def test_a_rate_alone_takes_the_usual_correlation_and_says_so(seep: Command) -> None:
    suite("rooms", 20, 3, 5)
    _, alone, _ = seep("power", "rooms.yaml", "--rate", "70")
    _, given, _ = seep("power", "rooms.yaml", "--rate", "70", "--icc", "0.1")
    said = "--icc is not given: a job's comparisons are taken to correlate by 0.1, as in published answers\n"
    assert alone.count(said) == 1
    assert alone.replace(said, "") == given


def test_runs_of_one_target_have_a_promise_for_each_spread_and_for_ok(seep: Command) -> None:
    rooms = suite("rooms", 20, 3, 5)
    _, printed, _ = seep("power", "rooms.yaml", "--rate", "70", "--effect", "10")
    assert printed.startswith(
        "to find a change of 10 points with 80 % power (p < 0.05) between two runs of one target, whose samples change"
    )
    lines = printed.splitlines()
    assert lines[2].split() == ["category", "metric", "jobs", "tests", "alike", "whole", "jobs", "concepts", "ok"]
    jobs = tuple((loaded.concept,) * 3 for job in load_suite(rooms).jobs for loaded in job.tests[:1])
    plan = plan_change(Design(jobs, 5), noise_of_rate(0.7, 0.1), 0.1, 0.8, 1, 0.05)
    shares = [100 * share for found in plan.found.values() for share in (found.p, found.drift)]
    expected = [f"{share:.0f}" for share in (*shares, 100 * plan.ok)]
    assert [word for word in lines[3].split()[3:] if word not in ("/", "%")] == expected
    assert max(len(line.rstrip()) for line in lines[2:] if line.startswith(" ")) <= 100


@pytest.mark.parametrize(
    ("name", "categories", "shared"),
    [
        ("position-smoke", {"pairs@1", "pairs@2"}, False),
        ("sway-smoke", {"opinion", "all"}, True),
        ("warm", {"classic", "unseen", "all"}, False),
    ],
)
def test_suites_of_other_probes_have_a_plan_too(seep: Command, name: str, categories: set[str], shared: bool) -> None:
    recall = find_suite("classics-smoke").read_text(encoding="utf-8")
    Path("warm.yaml").write_text(recall.replace("temperature: 0.0", "temperature: 1.0"), encoding="utf-8")
    path = Path("warm.yaml") if name == "warm" else find_suite(name)
    code, printed, complaint = seep("power", str(path), "--rate", "50", "--effect", "10")
    assert (code, complaint) == (0, "")
    head, _, needed = printed.partition("samples needed for")
    rows = {words[0]: words for line in head.splitlines() if "%" in (words := line.split())}
    assert rows.keys() - {"found,", "to"} == categories
    assert "concepts" not in printed
    assert ("the row of all decides" if "all" in categories else "all rows must be") in needed
    assert "of the semantic probe; a --pilot knows better" in printed
    loaded, cell = load_suite(path), min(categories - {"all"})
    jobs = [tuple(test.concept for test in job.tests if cell in loaded.categories_of(test)) for job in loaded.jobs]
    design = Design(tuple(filter(None, jobs)), loaded.decoding.samples)
    noise = noise_of_rate(0.5, 0.1, shared)
    expected = min(found_of(design, noise, "alike", change, 1, 0.05).p for change in (0.1, -0.1))
    assert rows[cell][1:4] == [str(len(design.jobs)), str(sum(map(len, design.jobs))), f"{100 * expected:.0f}"]


def test_at_temperature_0_recall_is_planned_between_models_alone(seep: Command) -> None:
    code, printed, complaint = seep("power", "classics-smoke", "--rate", "10")
    assert (code, complaint) == (0, "")
    assert "at temperature 0 samples are alike" in printed
    assert "between two models" in printed


def test_a_pilot_of_the_position_probe_is_planned_from_by_place(seep: Command, dsn: str) -> None:
    path = find_suite("position-smoke")
    loaded = load_suite(path)
    answered = [
        GeneratedJob(job, (), (), tuple((Answer("AB"[(k + order) % 3 % 2]),) for order in range(len(job.tests))), {})
        for k, job in enumerate(prompt_jobs(loaded, run_id="pilot", target="stub"))
    ]
    with Stored(dsn) as store:
        scored = [ScoredJob(job, outcome_series(score_position(job), job.job), ()) for job in answered]
        store.record(scored, [], [manifest(loaded, run_id="pilot", target="stub", created_at=0.0)])
        store.publish()
    code, printed, complaint = seep("power", "position-smoke", "--pilot", "pilot", "--effect", "10")
    assert (code, complaint) == (0, "")
    assert {"pairs@1", "pairs@2"} <= set(printed.split())


def test_at_temperature_0_no_samples_are_said_to_change_places(seep: Command) -> None:
    rooms = suite("rooms", 20, 3, 5)
    rooms.write_text(rooms.read_text(encoding="utf-8").replace("temperature: 0.5", "temperature: 0"), encoding="utf-8")
    code, printed, _ = seep("power", "rooms.yaml", "--rate", "70")
    assert code == 0
    assert "at temperature 0 samples are alike, so runs of one target exchange jobs too" in printed
    assert "whole jobs" not in printed


def test_an_analysis_warns_of_what_no_number_of_samples_reaches_and_says_what_all_costs(seep: Command) -> None:
    suite("rooms", 80, 1, 10)
    code, printed, _ = seep("power", "rooms.yaml", "--effect", "2", "--rate", "60", "--icc", "0.3")
    assert code == 0
    assert "not reachable" in printed
    assert "models, samples" not in printed
    jobs = int(printed.split(" jobs would do")[0].split()[-1])
    costs = {
        " ".join(words[:-6]): words[-6:]
        for words in (line.split() for line in printed.splitlines())
        if words[-6:-5] == ["10"]
    }
    assert costs["as the suite is"][:3] == ["10", "80", "1600"]
    assert costs["models, jobs"][:3] == ["10", str(jobs), str(20 * jobs)]
    assert "warning: category 1: between models at most" in printed


def test_a_power_that_falls_just_short_does_not_read_as_what_was_wanted(seep: Command) -> None:
    suite("rooms", 80, 1, 10)
    _, printed, _ = seep("power", "rooms.yaml", *["--effect", "7.6", "--rate", "60", "--icc", "0.3", "--power", "0.99"])
    assert "between models at most 98.8 % power with its 80 jobs" in printed


def test_an_analysis_warns_of_categories_of_which_a_run_says_nothing(seep: Command, dsn: str) -> None:
    rooms = suite("rooms", 20, 1, 5)
    record(dsn, rooms, "run", shared_control(20, 1, 5))
    # A later version of the suite, which has another category.
    rooms.write_text(rooms.read_text(encoding="utf-8") + NEW_CATEGORY, encoding="utf-8")
    code, printed, _ = seep("power", "rooms.yaml", "--pilot", "run")
    assert code == 0
    assert printed.splitlines()[-1] == "warning: category new: run run has nothing measured of it"
