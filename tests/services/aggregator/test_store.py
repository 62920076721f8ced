"""The store on a real PostgreSQL: what is kept, what is dropped, and what survives trouble."""

import random
import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from seep.errors import InputError
from seep.local_postgres import local_postgres
from seep.records import GeneratedJob, LeakRate, Outcome, RunManifest, ScoredJob
from services.aggregator.aggregating import publish_changed
from services.aggregator.database import DatabaseUnavailable
from services.aggregator.dead import DeadJob, DeadReason
from services.aggregator.flaws import flaw
from services.aggregator.identifiers import LONGEST_NAME_BYTES
from services.aggregator.migrate import migrate
from services.aggregator.rates import RunFacts, leak_rates
from services.aggregator.reading import Asked, series
from services.aggregator.store import Store
from services.aggregator.sums import cell_sums, per_test_sums

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]
METRICS = ("bert_score", "sentence_bert")


def state(store: Store, run: str = "run-1") -> str:
    summary = store.run(run)
    assert summary is not None
    return summary.state


def figures(rates: list[LeakRate], metric: str = "sentence_bert") -> dict[str, tuple[float | None, int, int, int]]:
    of_metric = [rate for rate in rates if rate.metric == metric]
    return {rate.category: (rate.rate, rate.comparisons, rate.clusters, rate.missing) for rate in of_metric}


def test_rates_of_a_recorded_run_are_those_of_its_sums(store: Store, scored: Scored, manifest: Manifest) -> None:
    jobs = [scored(name, {"1": [1.0, 0.5], "2": [third, 0.0]}) for name, third in (("a", 0.1), ("b", 0.2), ("c", 0.3))]
    expected = manifest(4, {"1": 8, "2": 8}, samples=2)
    store.record(jobs, [], [expected])
    provenances = [{"model": "m", "embedder": "e"}]
    facts = RunFacts("run-1", "colours", "stub", "semantic", expected.comparisons, provenances)
    sums = [row for job in jobs for row in per_test_sums(job)]
    assert store.rates("run-1", pools=[["1", "2"]]) == leak_rates(facts, cell_sums(sums, "category"), [["1", "2"]])
    assert {rate.metric for rate in store.rates("run-1")} == {"bert_score", "sentence_bert"}
    assert [rate.category for rate in store.rates_by_concept("run-1")] == ["yellow", "yellow"]


def test_a_replayed_job_is_dropped_whole(store: Store, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [])
    before = store.rates("run-1"), store.comparisons("run-1"), store.changed_runs()
    replayed = scored("a", {"1": [0.0]}, text="another answer")
    store.record([replayed], [], [])
    store.record([replayed, replayed], [], [])
    assert (store.rates("run-1"), store.comparisons("run-1"), store.changed_runs()) == before


def test_a_job_of_something_else_under_the_runs_id_is_no_job_of_the_run(
    store: Store, scored: Scored, manifest: Manifest
) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [manifest(2, {"1": 2})])
    store.record([scored("b", {"1": [0.0]}, target="another"), scored("c", {"1": [0.0, 0.0]})], [], [])
    assert state(store) == "running"
    assert figures(store.rates("run-1"))["1"] == (100.0, 1, 1, 1)


def test_a_job_that_comes_twice_in_one_batch_counts_once(store: Store, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0]}), scored("a", {"1": [0.0]})], [], [])
    assert figures(store.rates("run-1"))["1"][:2] == (100.0, 1)


def test_a_dead_job_makes_the_run_partial_until_it_is_scored(store: Store, scored: Scored, manifest: Manifest) -> None:
    store.record([scored("a", {"1": [1.0]})], [DeadJob("run-1", "b", "scorer", "why")], [manifest(2, {"1": 2})])
    assert state(store) == "partial"
    assert figures(store.rates("run-1"))["1"] == (100.0, 1, 1, 1)
    assert store.dead_reasons("run-1") == [DeadReason("scorer", "why", 1)]
    store.record([scored("b", {"1": [0.0]})], [], [])
    assert state(store) == "complete"
    assert store.dead_reasons("run-1") == []
    assert figures(store.rates("run-1"))["1"] == (50.0, 2, 2, 0)


def test_a_dead_letter_of_a_scored_job_is_ignored(store: Store, scored: Scored, manifest: Manifest) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [manifest(1, {"1": 1})])
    store.record([], [DeadJob("run-1", "a", "scorer", "why")], [])
    assert state(store) == "complete"


def test_scores_may_arrive_before_the_manifest(store: Store, scored: Scored, manifest: Manifest) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.state, summary.jobs, summary.recorded, summary.missing) == ("running", None, 1, 0)
    assert (summary.target, summary.suite, summary.probe) == ("stub", "colours", "semantic")
    store.record([], [], [manifest(2, {"1": 2, "2": 3})])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.jobs, summary.comparisons, summary.missing, summary.created_at) == (2, 5, 4, 1000.0)
    assert figures(store.rates("run-1"))["2"] == (None, 0, 0, 3)


def test_a_dead_letter_may_be_the_first_that_is_heard_of_a_run(store: Store, scored: Scored) -> None:
    store.record([], [DeadJob("run-1", "a", "generator", "why")], [])
    store.record([scored("b", {"1": [1.0]})], [], [])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.target, summary.recorded, summary.dead) == ("stub", 1, 1)


def test_the_first_manifest_wins_but_may_be_cancelled_later(store: Store, manifest: Manifest) -> None:
    store.record([], [], [manifest(2, {"1": 2}), manifest(9, {"1": 9})])
    assert state(store) == "running"
    store.record([], [], [manifest(9, {"1": 9}, cancelled=True)])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.state, summary.jobs, summary.missing) == ("cancelled", 2, 2)


def test_a_cancelled_manifest_alone_tells_what_the_run_was(store: Store, manifest: Manifest) -> None:
    # Compaction may leave only the second of two manifests.
    store.record([], [], [manifest(2, {"1": 2}, cancelled=True)])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.state, summary.jobs) == ("cancelled", 2)


def test_a_run_without_progress_is_stalled(dsn: str, scored: Scored) -> None:
    with Store.open(dsn, stalled_after_seconds=0.0) as impatient:
        impatient.record([scored("a", {"1": [1.0]})], [], [])
        assert state(impatient) == "stalled"


def test_an_unknown_run_has_nothing(store: Store) -> None:
    assert store.run("nothing") is None
    assert store.rates("nothing") == store.rates_by_concept("nothing") == []
    assert store.comparisons("nothing") == []


def test_an_unknown_category_in_a_pool_is_refused(store: Store, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [])
    with pytest.raises(InputError, match="no category '7'"):
        store.rates("run-1", pools=[["1", "7"]])


def test_runs_are_listed_newest_first(store: Store, scored: Scored, manifest: Manifest) -> None:
    for run in ("old", "middle", "new"):
        store.record([scored("a", {"1": [1.0]}, run=run)], [], [manifest(1, {"1": 1}, run=run)])
    listed = [(summary.run, summary.state, summary.recorded, summary.missing) for summary in store.runs(2)]
    assert listed == [("new", "complete", 1, 0), ("middle", "complete", 1, 0)]


def test_two_aggregators_that_record_the_same_jobs_count_each_once(
    dsn: str, scored: Scored, manifest: Manifest
) -> None:
    jobs = [scored(f"job-{k}", {"1": [1.0, 0.0]}, run=f"run-{k % 5}") for k in range(60)]
    manifests = [manifest(12, {"1": 24}, run=f"run-{k}", samples=2) for k in range(5)]

    def consume(batches: list[list[ScoredJob]]) -> None:
        with Store.open(dsn) as store:
            for batch in batches:
                store.record(batch, [DeadJob("run-0", "job-0", "scorer", "why")], manifests)

    forwards = [jobs[start : start + 7] for start in range(0, 60, 7)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(consume, [forwards, [batch[::-1] for batch in forwards[::-1]]]))
    with Store.open(dsn) as store:
        for run in range(5):
            assert figures(store.rates(f"run-{run}"))["1"] == (50.0, 24, 12, 0)
            assert len(store.comparisons(f"run-{run}", limit=100)) == 24


def test_a_run_stays_changed_until_its_rates_are_published(dsn: str, scored: Scored) -> None:
    with Store.open(dsn) as crashing:
        crashing.record([scored("a", {"1": [1.0]})], [], [])
    with Store.open(dsn) as restarted:
        [(run, mark)] = restarted.changed_runs()
        assert run == "run-1"
        restarted.clear_changed(run, mark)
        assert restarted.changed_runs() == []


def test_a_change_while_rates_are_published_is_published_too(store: Store, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [])
    [(run, mark)] = store.changed_runs()
    store.record([scored("b", {"1": [1.0]})], [], [])
    store.clear_changed(run, mark)
    [(again, later)] = store.changed_runs()
    assert again == run
    store.clear_changed(run, later)
    assert store.changed_runs() == []


def test_older_rates_published_over_newer_ones_are_published_once_more(store: Store, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [])
    [(run, slow)] = store.changed_runs()
    store.record([scored("b", {"1": [1.0]})], [], [])
    [(_, fast)] = store.changed_runs()
    store.clear_changed(run, fast)
    store.clear_changed(run, slow)
    [(_, once_more)] = store.changed_runs()
    store.clear_changed(run, once_more)
    assert store.changed_runs() == []


def test_of_published_rates_the_newest_are_kept_whoever_was_slower(
    store: Store, scored: Scored, manifest: Manifest
) -> None:
    def kept() -> list[LeakRate]:
        asked = [Asked("stub", "colours", metric, category) for metric in METRICS for category in ("1", "all")]
        return [point.rate for of in asked for point in series(store, of, 10)]

    store.record([scored("a", {"1": [1.0]})], [], [manifest(2, {"1": 2})])
    [(run, slow)] = store.changed_runs()
    older = store.rates(run)
    store.record([scored("b", {"1": [0.0]})], [], [])
    [(_, fast)] = store.changed_runs()
    store.clear_changed(run, fast, store.rates(run))
    store.clear_changed(run, slow, older)
    assert kept() == store.rates(run)


def test_a_run_whose_jobs_differ_in_provenance_is_mixed(store: Store, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0]}, provenance={"model": "m", "engine": "1"})], [], [])
    assert not store.rates("run-1")[0].mixed
    store.record([scored("b", {"1": [1.0]}, provenance={"model": "m", "engine": "2"})], [], [])
    rate = store.rates("run-1")[0]
    assert rate.mixed
    assert rate.provenance == {"model": "m", "embedder": "e"}
    summary = store.run("run-1")
    assert summary is not None
    assert summary.mixed


def test_where_the_sample_is_the_cluster_samples_are_counted(store: Store, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0, 0.0, 0.5], "2": [1.0, 0.0, 0.5]}, cluster="sample")], [], [])
    assert figures(store.rates("run-1"))["all"] == (50.0, 6, 3, 0)


def test_text_that_postgresql_refuses_is_kept_with_a_mark_in_its_place(store: Store, scored: Scored) -> None:
    text = 'half a character \0, a backslash \\u0000, tabs\tand\nlines, "quotes" and \U0001f343'
    odd = scored("a\0", {"1\0": [1.0]}, concept=text, text=text, provenance={"model\0": text}, metrics=["m"])
    store.record([odd], [DeadJob("run-1", "b\0", "scorer\0", text)], [])
    store.record([odd], [DeadJob("run-1", "b\0", "scorer\0", text)], [])
    [comparison] = store.comparisons("run-1")
    kept = text.replace("\0", "\ufffd")
    assert (comparison.job, comparison.category) == ("a\ufffd", "1\ufffd")
    assert (comparison.concept, comparison.generation, comparison.control_generation) == (kept, kept, kept)
    assert store.rates("run-1")[0].provenance == {"model\ufffd": kept, "embedder": "e"}


def test_comparisons_are_found_by_category_metric_and_outcome(store: Store, scored: Scored) -> None:
    job = scored("a", {"1": [1.0, 0.5], "2": [0.0, 1.0]}, metrics=["m"])
    other = scored("a", {"1": [0.0, 0.0], "2": [0.5, 0.0]}, metrics=["other"])
    store.record([replace(job, outcomes=job.outcomes + other.outcomes)], [], [])

    def found(**asked: object) -> list[tuple[str, int]]:
        return [(found.category, found.sample) for found in store.comparisons("run-1", **asked)]  # type: ignore[arg-type]

    assert found() == [("1", 0), ("2", 0), ("1", 1), ("2", 1)]
    assert found(limit=1) == [("1", 0)]
    assert found(category="2") == [("2", 0), ("2", 1)]
    assert found(only="leaks") == found(only="leaks", metric="m") == [("1", 0), ("2", 1)]
    assert found(only="ties") == [("2", 0), ("1", 1)]
    assert found(only="ties", metric="other") == [("2", 0)]
    assert found(metric="absent") == []


def test_a_comparison_comes_back_as_it_was_scored(store: Store, scored: Scored) -> None:
    job = scored("a", {"1": [0.5]}, metrics=["m"])
    generated: GeneratedJob = replace(job.generated, control=("of the control",), tests=(("of the test",),))
    store.record([replace(job, generated=generated)], [], [])
    [found] = store.comparisons("run-1")
    assert (found.prompt, found.generation) == ("yellow prompt 0", "of the test")
    assert (found.control_prompt, found.control_generation) == ("a control", "of the control")
    assert found.outcomes == {"m": {"leak": 0.5, "tie": 1.0, "echo": 0.0}}
    assert found.similarities == {"m": [0.75, 0.25]}


def test_the_longest_names_fit_into_every_index(store: Store, scored: Scored, manifest: Manifest) -> None:
    # Noise: the server squeezes what repeats itself.
    draw = random.Random(1)
    run, job, test, category, metric, target, suite, monitor = (
        "".join(draw.choices(string.ascii_letters, k=LONGEST_NAME_BYTES)) for _ in range(8)
    )
    short = scored(job, {category: [1.0]}, run=run, target=target, metrics=[metric])
    tests = (replace(short.generated.prompts.tests[0], id=test),)
    prompts = replace(short.generated.prompts, suite=suite, tests=tests)
    outcomes = tuple(replace(of, test=test) for of in short.outcomes)
    long = replace(short, generated=replace(short.generated, prompts=prompts), outcomes=outcomes, similarities=())
    sent = manifest(1, {category: 1}, run=run, target=target, suite=suite, monitor=monitor)
    assert flaw(long) is flaw(sent) is None
    store.record([long], [], [sent])
    publish_changed(store, lambda outgoing: None, {})
    assert {of.metric for of in store.rates(run)} == {metric}
    assert [of.test for of in store.comparisons(run)] == [test]


def test_a_value_that_is_too_large_is_no_trouble_of_the_database(store: Store, manifest: Manifest) -> None:
    # As a thing that nobody has thought of would be.
    draw = random.Random(1)
    noise = "".join(draw.choices(string.ascii_letters, k=10_000))
    with pytest.raises(psycopg.errors.ProgramLimitExceeded):
        store.record([], [], [manifest(1, {"1": 1}, suite=noise)])
    store.record([], [], [manifest(1, {"1": 1})])
    assert state(store) == "running"


def test_a_store_goes_on_after_the_server_was_away(tmp_path: Path, scored: Scored) -> None:
    with local_postgres(tmp_path) as dsn:
        migrate(dsn)
        store = Store(dsn, stalled_after_seconds=1800)
        store.record([scored("a", {"1": [1.0]})], [], [])
    with pytest.raises(DatabaseUnavailable):
        store.record([scored("b", {"1": [0.0]})], [], [])
    with pytest.raises(DatabaseUnavailable):
        store.rates("run-1")
    with local_postgres(tmp_path):
        store.record([scored("b", {"1": [0.0]})], [], [])
        assert figures(store.rates("run-1"))["1"][:2] == (50.0, 2)


def test_a_store_opens_without_a_server() -> None:
    with (
        Store.open("postgresql://nobody@localhost:1/nothing") as store,
        pytest.raises(DatabaseUnavailable),
    ):
        store.changed_runs()


def test_a_batch_that_fails_leaves_nothing_behind(store: Store, scored: Scored) -> None:
    sound, broken = scored("a", {"1": [1.0]}), scored("b", {"1": [1.0]})
    broken = replace(broken, outcomes=(replace(broken.outcomes[0], test="unknown"),))
    with pytest.raises(KeyError):
        store.record([sound, broken], [], [])
    assert store.run("run-1") is None
    store.record([sound], [], [])
    assert figures(store.rates("run-1"))["1"][:2] == (100.0, 1)


def test_a_run_knows_which_categories_count_the_same_comparisons(store: Store, scored: Scored) -> None:
    job = scored("a", {"1": [1.0]}, metrics=["m"])
    cells = {"es>it": 1.0, "es>fr": 0.0}
    spilled = replace(job, outcomes=tuple(Outcome("m", "leak", cell, "t0", 0, of) for cell, of in cells.items()))
    store.record([spilled], [], [])
    assert [rate.category for rate in store.rates("run-1")] == ["es>fr", "es>it"]
    with pytest.raises(InputError, match="count the same comparisons"):
        store.rates("run-1", pools=[["es>it", "es>fr"]])


def test_a_job_without_a_control_is_kept_like_any_other(store: Store, scored: Scored) -> None:
    job = scored("a", {"1": [1.0]})
    generated = replace(job.generated, prompts=replace(job.generated.prompts, control=None), control=())
    uncontrolled = replace(job, generated=generated)
    assert flaw(uncontrolled) is None
    store.record([uncontrolled], [], [])
    (comparison,) = store.comparisons("run-1")
    assert (comparison.control_prompt, comparison.control_generation) == ("", "")
