"""What the API answers about runs, rates, comparisons, series, monitors and dead letters."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from results.storage.waits import record_waits
from seep.job_limits import LONGEST_NAME_BYTES
from seep.outcomes import Outcome, single_outcomes
from seep.recall import Match
from seep.records import Answer, GeneratedJob, PromptTest, RunManifest, RunWait, ScoredJob
from services.aggregator.validation import validate
from services.scorer.mode import PUBLISHED
from services.scorer.scoring import score_jobs
from tests.builders import answers, job_of_concepts, prompt_job, run_manifest, with_outcomes
from tests.stored import Stored

pytestmark = pytest.mark.usefixtures("filled")
LAST = "daily-20261120T060000Z"


def test_runs_come_newest_first_and_page_by_page(client: TestClient) -> None:
    page = client.get("/v1/runs", params={"limit": 2}).json()
    assert [run["run_id"] for run in page["runs"]] == [LAST, "second"]
    rest = client.get("/v1/runs", params={"limit": 2, "after": page["next"]}).json()
    assert ([run["run_id"] for run in rest["runs"]], rest["next"]) == (["first"], None)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"target": "stub"}, 3),
        ({"target": "other"}, 0),
        ({"suite": "colours"}, 3),
        ({"suite": "other"}, 0),
        ({"monitor": "daily"}, 1),
    ],
)
def test_runs_are_found_by_target_suite_and_monitor(client: TestClient, filters: dict[str, str], found: int) -> None:
    assert len(client.get("/v1/runs", params=filters).json()["runs"]) == found


def test_a_run_tells_its_state_and_why_jobs_failed(client: TestClient) -> None:
    detail = client.get(f"/v1/runs/{LAST}").json()
    assert (detail["summary"]["state"], detail["summary"]["missing"]) == ("partial", 4)
    assert detail["failures"] == [{"stage": "scorer", "reason": "why", "jobs": 1}]


def test_a_run_tells_why_it_waits(client: TestClient, filled: Stored) -> None:
    filled.record([], [], [run_manifest(2, {"1": 2}, run_id="waiting")])
    refused = "engines.e, http://h/v1: HTTP 401 (code invalid_api_key): no such key"
    with filled.transaction() as connection:
        record_waits(connection, [RunWait("waiting", "generator", refused)])
    [wait] = client.get("/v1/runs/waiting").json()["summary"]["waits"]
    assert (wait["stage"], wait["reason"]) == ("generator", refused)
    assert client.get(f"/v1/runs/{LAST}").json()["summary"]["waits"] == []


def test_rates_are_those_of_the_store(client: TestClient, filled: Stored) -> None:
    rates = client.get("/v1/runs/first/rates", params={"pool": "1,2"}).json()
    assert [(rate["metric"], rate["category"], rate["rate"]) for rate in rates] == [
        (rate.metric, rate.category, rate.rate) for rate in filled.rates("first", [("1", "2")])
    ]
    concepts = client.get("/v1/runs/first/rates", params={"by": "concept"}).json()
    assert {rate["category"] for rate in concepts} == {"yellow"}


def test_a_rate_says_what_its_interval_speaks_of_and_has_the_wider_one_for_other_concepts(
    client: TestClient, filled: Stored
) -> None:
    [first, *_] = client.get("/v1/runs/first/rates").json()
    assert (first["interval_over"], first["other_concepts"]) == ("prompts like these", None)
    jobs = [job_of_concepts(f"job-{n}", {f"colour {k}": float((n + k) % 2) for k in range(5)}, "few") for n in range(8)]
    filled.record(jobs, [], [run_manifest(8, {"1": 40}, "few")])
    page = client.get("/ui/runs/few").text
    assert "of these 5 concepts" in page
    for rate in client.get("/v1/runs/few/rates").json():
        assert rate["interval_over"] == "prompts like these, of these 5 concepts"
        wider = rate["other_concepts"]
        assert wider["concepts"] == 5
        assert wider["low"] <= rate["low"] < rate["high"] <= wider["high"]
        assert f'<td class="num soft">{wider["low"]:.1f} to {wider["high"]:.1f}</td>' in page
    assert "Other concepts" not in client.get("/ui/runs/first").text


def test_recall_has_its_rates_and_shows_the_expected_text_beside_the_answer(client: TestClient, filled: Stored) -> None:
    text = "the grey key hangs behind the seventh door"
    rule = Match("contain", 8, 0.8, True).rule()
    test = PromptTest("t", "the grey key ...", "What?", "own", expected=text, control="Anything?")
    job = prompt_job(run_id="keys", probe="recall", control=None, suite="keys", tests=(test,), rule=rule)
    generated = GeneratedJob(job, (), (), (answers(f"So: {text}."),), {"model": "m"}, (answers("Anything."),))
    [scored] = score_jobs([generated], {}, PUBLISHED, {})
    assert isinstance(scored, ScoredJob)
    filled.record([scored], [], [run_manifest(1, {"own": 1}, "keys", suite="keys", probe="recall")])
    filled.publish()
    [rate, _] = client.get("/v1/runs/keys/rates").json()
    assert (rate["metric"], rate["category"], rate["rate"]) == ("verbatim", "own", 100)
    [comparison] = client.get("/v1/runs/keys/comparisons").json()["comparisons"]
    assert (comparison["concept"], comparison["control_prompt"]) == (text, "Anything?")
    assert comparison["outcomes"]["verbatim"]["leak"] == 1


def test_recall_tells_how_many_texts_one_of_several_samples_gives_back(client: TestClient, filled: Stored) -> None:
    text, rule = "the grey key hangs behind the seventh door", Match("contain", 8, 0.8, True).rule()
    said = [(text, "no", "no"), ("no", "no", "no")]
    scored = []
    for number, samples in enumerate(said):
        test = PromptTest("t", "the grey key ...", "What?", "own", expected=text)
        job = prompt_job(
            f"job-{number}",
            run_id="keys",
            suite="keys",
            probe="recall",
            control=None,
            samples=3,
            tests=(test,),
            rule=rule,
        )
        generated = GeneratedJob(job, (), (), (tuple(map(Answer, samples)),), {"model": "m"})
        scored += [each for each in score_jobs([generated], {}, PUBLISHED, {}) if isinstance(each, ScoredJob)]
    assert not any(map(validate, scored))
    filled.record(scored, [], [run_manifest(2, {"own": 6}, "keys", samples=3, suite="keys", probe="recall")])
    filled.publish()
    [rate, _] = client.get("/v1/runs/keys/rates").json()
    assert rate["rate"] == pytest.approx(100 / 6)
    extracted = rate["measures"]["any_sample"]
    assert (extracted["share"], extracted["n"]) == (50, 2)
    assert extracted["low"] < 50 < extracted["high"]


def test_coreference_stands_beside_the_rate(
    client: TestClient, filled: Stored, scored: Callable[..., ScoredJob]
) -> None:
    job = scored("a", {"1": [1.0, 0.0]}, run_id="paint", metrics=["m"])
    kinds = [Outcome("m", "coreferent", "1", "t0", sample, value) for sample, value in enumerate((1.0, 0.0))]
    filled.record(
        [with_outcomes(job, [*single_outcomes(job), *kinds])], [], [run_manifest(1, {"1": 2}, "paint", samples=2)]
    )
    filled.publish()
    [rate, _] = client.get("/v1/runs/paint/rates").json()
    assert (rate["rate"], rate["measures"]["coreferent"]["share"]) == (50, 50)
    without = rate["measures"]["coreference_free_leak"]
    assert (without["share"], without["n"]) == (0, 1)


def test_runs_of_one_condition_are_pooled_each_a_cluster_of_its_own(
    client: TestClient, filled: Stored, scored: Callable[..., ScoredJob]
) -> None:
    for run, leak in (("seed-1", 1.0), ("seed-2", 0.0), ("seed-3", 0.5)):
        jobs = [scored(job, {"1": [leak, leak]}, run_id=run, metrics=["m"]) for job in ("a", "b")]
        filled.record(jobs, [], [run_manifest(2, {"1": 4}, run, samples=2)])
    filled.publish()
    [rate, _] = client.get("/v1/rates/pooled", params={"run": ["seed-1", "seed-2", "seed-3"]}).json()
    found = [rate[name] for name in ("run_id", "category", "rate", "comparisons", "clusters")]
    assert found == ["seed-1+seed-2+seed-3", "1", 50, 12, 3]
    assert rate["low"] < 25 < 75 < rate["high"]
    refused = client.get("/v1/rates/pooled", params={"run": ["seed-1", "seed-1"]})
    assert (refused.status_code, refused.json()["detail"]) == (400, "runs seed-1, seed-1: expected each once")
    unknown = client.get("/v1/rates/pooled", params={"run": ["seed-1", "seed-9"]})
    assert unknown.status_code == 404


def test_comparisons_page_through_all_of_a_run_in_one_order(client: TestClient, filled: Stored) -> None:
    seen = []
    after = None
    while True:
        parameters = {"limit": 3} | ({"after": after} if after else {})
        page = client.get("/v1/runs/first/comparisons", params=parameters).json()
        seen += page["comparisons"]
        after = page["next"]
        if after is None:
            break
    whole = filled.comparisons("first", limit=100)
    assert [(row["sample"], row["job_id"], row["test"]) for row in seen] == [
        (row.sample, row.job_id, row.test) for row in whole
    ]
    assert len(seen) == 8


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"category": "1"}, 4),
        ({"only": "leaks"}, 4),
        ({"only": "ties"}, 2),
        ({"only": "leaks", "metric": "bert_score", "category": "2"}, 2),
        ({"metric": "another"}, 0),
        ({"test": "t0"}, 4),
    ],
)
def test_comparisons_are_filtered(client: TestClient, filters: dict[str, str], found: int) -> None:
    assert len(client.get("/v1/runs/first/comparisons", params=filters).json()["comparisons"]) == found


def test_a_series_is_what_was_published(client: TestClient, filled: Stored) -> None:
    parameters = {"target": "stub", "suite": "colours", "metric": "bert_score", "category": "1"}
    page = client.get("/v1/series", params=parameters).json()
    assert [(point["rate"]["run_id"], point["created_at"], point["rate"]["rate"]) for point in page["points"]] == [
        (LAST, 1002.0, 50.0),
        ("second", 1001.0, 50.0),
        ("first", 1000.0, 50.0),
    ]
    page = client.get("/v1/series", params=parameters | {"since": 1001.0, "limit": 1}).json()
    assert [point["rate"]["run_id"] for point in page["points"]] == [LAST]
    rest = client.get("/v1/series", params=parameters | {"since": 1001.0, "after": page["next"]}).json()
    assert ([point["rate"]["run_id"] for point in rest["points"]], rest["next"]) == (["second"], None)


def test_monitors_come_with_their_latest_runs(client: TestClient) -> None:
    by_hand, daily = client.get("/v1/monitors").json()
    assert (by_hand["monitor"], by_hand["latest"], by_hand["overdue"]) == ("by-hand", None, None)
    assert (daily["latest"]["run_id"], daily["finished"]["run_id"]) == (LAST, LAST)
    assert (daily["overdue"], daily["unevaluated"]) == (False, None)


def test_dead_letters_are_counted(client: TestClient) -> None:
    assert client.get("/v1/dead-letters").json() == [{"target": "stub", "stage": "scorer", "jobs": 1}]


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/v1/runs/nothing", 404, "run nothing: there is no such run"),
        ("/v1/runs/nothing/rates", 404, "run nothing: there is no such run"),
        ("/v1/runs/nothing/comparisons", 404, "run nothing: there is no such run"),
        ("/v1/runs?after=nothing", 400, "after: there is no run nothing"),
        ("/v1/runs?traget=stub", 400, "traget: there is no such parameter"),
        ("/v1/runs?target=stub&target=other", 400, "target: given 2 times, expected once"),
        ("/v1/runs?limit=0", 422, "limit: expected 1 or more"),
        ("/v1/runs?target=%00", 422, "target: expected text without the character U+0000"),
        ("/v1/runs/first/rates?pool=1,7", 400, "pool: run first has no category '7'"),
        ("/v1/runs/first/rates?by=concept&pool=1", 400, "pool: pools categories"),
        ("/v1/runs/first/comparisons?after=garbage", 400, "after: expected `next` of the page before"),
        ("/v1/monitors/nothing/stream", 404, "monitor nothing: there is no such monitor"),
        ("/v1/monitors/daily/stream?after=nothing", 400, "after: run nothing is not in the stream of daily"),
        ("/v1/runs/nothing/verdicts?baseline=window", 404, "run nothing: there is no such run"),
        (
            "/v1/runs/first/comparisons?only=neither",
            422,
            "only: expected 'leaks', 'ties', 'lost', 'echoes' or 'empty'",
        ),
        ("/v1/series?target=stub", 422, "suite: expected a value, found none"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(client: TestClient, path: str, status: int, detail: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(detail)
    assert answer.json().keys() == {"detail"}


def test_a_body_that_nobody_asked_for_is_refused(client: TestClient) -> None:
    assert client.request("GET", "/v1/runs", content=b"x" * 100_000).status_code == 413


def test_a_verdict_comes_with_its_cells_and_says_when_it_is_stale(client: TestClient, filled: Stored) -> None:
    parameters = {"baseline": "window"}
    answer = client.get(f"/v1/runs/{LAST}/verdicts", params=parameters).json()
    expected = filled.verdict(LAST, "window")
    assert expected.verdict is not None
    assert (answer["run_id"], answer["baseline"], answer["verdict"]) == (LAST, "window", expected.verdict)
    assert (answer["compared_at"], answer["stale"]) == (expected.compared_at, False)
    assert [(cell["metric"], cell["category"], cell["verdict"]) for cell in answer["cells"]] == [
        (cell.metric, cell.category, cell.verdict) for cell in expected.cells
    ]
    filled.set_baseline("window", ["first"])
    assert client.get(f"/v1/runs/{LAST}/verdicts", params=parameters).json() == answer | {"stale": True}


def test_a_run_that_was_not_compared_has_no_verdict(client: TestClient) -> None:
    answer = client.get("/v1/runs/first/verdicts", params={"baseline": "window"}).json()
    assert (answer["verdict"], answer["compared_at"], answer["stale"], answer["cells"]) == (None, None, False, [])


def test_baselines_come_by_name_and_page_by_page(client: TestClient, filled: Stored) -> None:
    filled.set_baseline("alone", ["first"])
    page = client.get("/v1/baselines", params={"limit": 1}).json()
    assert [(baseline["name"], baseline["runs"]) for baseline in page["baselines"]] == [("alone", ["first"])]
    rest = client.get("/v1/baselines", params={"limit": 1, "after": page["next"]}).json()
    assert [(baseline["name"], baseline["runs"]) for baseline in rest["baselines"]] == [("window", ["first", "second"])]
    assert rest["next"] is None


def test_a_stream_comes_newest_first_and_page_by_page(client: TestClient) -> None:
    page = client.get("/v1/monitors/daily/stream", params={"limit": 2}).json()
    assert [(run["run_id"], run["role"]) for run in page["runs"]] == [(LAST, "tested"), ("second", "baseline")]
    rest = client.get("/v1/monitors/daily/stream", params={"limit": 2, "after": page["next"]}).json()
    assert ([(run["run_id"], run["role"]) for run in rest["runs"]], rest["next"]) == ([("first", "baseline")], None)
    assert client.get("/v1/monitors/by-hand/stream").json() == {"runs": [], "next": None}


def test_the_cursor_of_the_longest_names_is_taken(
    client: TestClient, filled: Stored, scored: Callable[..., ScoredJob]
) -> None:
    # Of what may be in a name nothing takes more bytes in a cursor.
    longest = "\x01" * LONGEST_NAME_BYTES
    job = scored(longest, {longest: [1.0, 1.0]}, run_id="long")
    assert validate(job) is None
    filled.record([job], [], [])
    page = client.get("/v1/runs/long/comparisons", params={"limit": 1}).json()
    rest = client.get("/v1/runs/long/comparisons", params={"limit": 1, "after": page["next"]})
    assert [comparison["sample"] for comparison in rest.json()["comparisons"]] == [1]


def test_a_run_that_lost_all_its_answers_says_so_and_shows_no_rate(
    client: TestClient, store: Stored, scored: Callable[..., ScoredJob], manifest: Callable[..., RunManifest]
) -> None:
    store.record(
        [scored("a", {"1": ["refused", "filtered"]}, run_id="gone")],
        [],
        [manifest(1, {"1": 2}, run_id="gone", samples=2)],
    )
    summary = client.get("/v1/runs/gone").json()["summary"]
    assert (summary["state"], summary["missing"], summary["lost"]) == ("complete", 2, {"refused": 1, "filtered": 1})
    rates = client.get("/v1/runs/gone/rates").json()
    assert {(rate["rate"], rate["comparisons"]) for rate in rates} == {(None, 0)}
    assert {rate["measures"]["refused"]["share"] for rate in rates} == {50.0}
    found = client.get("/v1/runs/gone/comparisons", params={"only": "lost"}).json()["comparisons"]
    assert [(each["ended"], each["control_ended"]) for each in found] == [("refusal", "stop"), ("filtered", "stop")]
    assert client.get("/v1/runs/first/comparisons", params={"only": "lost"}).json()["comparisons"] == []
