"""What the store keeps of what comes to it on a real PostgreSQL, and what it drops."""

import random
import string
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from results.dead_jobs import DeadJob, DeadReason
from seep.checksums import job_checksum
from seep.job_limits import LONGEST_NAME_BYTES
from seep.records import RunManifest, ScoredJob
from services.aggregator.validation import validate
from tests.stored import Stored
from tests.summaries import figures, state

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]


def test_a_replayed_job_is_dropped_whole(store: Stored, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [])
    before = store.rates("run-1"), store.comparisons("run-1"), store.changed_runs()
    replayed = scored("a", {"1": [0.0]}, text="another answer")
    store.record([replayed], [], [])
    store.record([replayed, replayed], [], [])
    assert (store.rates("run-1"), store.comparisons("run-1"), store.changed_runs()) == before


def test_a_job_of_something_else_under_the_runs_id_is_no_job_of_the_run(
    store: Stored, scored: Scored, manifest: Manifest
) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [manifest(2, {"1": 2})])
    store.record([scored("b", {"1": [0.0]}, target="another"), scored("c", {"1": [0.0, 0.0]})], [], [])
    assert state(store) == "running"
    assert figures(store.rates("run-1"))["1"] == (100.0, 1, 1, 1)


def test_jobs_of_something_else_that_came_before_the_manifest_are_not_counted_as_its_own(
    store: Stored, scored: Scored, manifest: Manifest
) -> None:
    of_another = [scored(job, {"1": [1.0]}, target="another", provenance={"model": "another"}) for job in ("a", "b")]
    store.record(of_another, [], [])
    store.publish()
    store.record([scored("c", {"1": [0.0]})], [], [manifest(2, {"1": 2})])
    assert figures(store.rates("run-1"))["1"] == (0.0, 1, 1, 1)
    assert [row.job_id for row in store.comparisons("run-1")] == ["c"]
    assert (found := store.run("run-1")) is not None
    assert (found.state, found.recorded, found.missing, found.mixed) == ("running", 1, 1, False)


def test_a_job_that_comes_twice_in_one_batch_counts_once(store: Stored, scored: Scored) -> None:
    store.record([scored("a", {"1": [1.0]}), scored("a", {"1": [0.0]})], [], [])
    assert figures(store.rates("run-1"))["1"][:2] == (100.0, 1)


def test_a_dead_job_makes_the_run_partial_until_it_is_scored(store: Stored, scored: Scored, manifest: Manifest) -> None:
    store.record([scored("a", {"1": [1.0]})], [DeadJob("run-1", "b", "scorer", "why")], [manifest(2, {"1": 2})])
    assert state(store) == "partial"
    assert figures(store.rates("run-1"))["1"] == (100.0, 1, 1, 1)
    assert store.dead_reasons("run-1") == [DeadReason("scorer", "why", 1)]
    store.record([scored("b", {"1": [0.0]})], [], [])
    assert state(store) == "complete"
    assert store.dead_reasons("run-1") == []
    assert figures(store.rates("run-1"))["1"] == (50.0, 2, 2, 0)


def test_a_dead_letter_of_a_scored_job_is_ignored(store: Stored, scored: Scored, manifest: Manifest) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [manifest(1, {"1": 1})])
    store.record([], [DeadJob("run-1", "a", "scorer", "why")], [])
    assert state(store) == "complete"


def test_jobs_of_something_else_under_the_runs_id_are_told_by_their_place_and_never_hide_its_own(
    store: Stored, scored: Scored, manifest: Manifest
) -> None:
    store.record([], [], [manifest(2, {"1": 2})])
    other_samples, other_target = scored("a", {"1": [0.0, 0.0]}), scored("b", {"1": [0.0]}, target="another")
    own = [scored("a", {"1": [1.0]}), scored("b", {"1": [1.0]})]
    assert store.record([other_samples, own[0], other_target, own[1]], [], []) == [0, 2]
    assert store.record([*own, other_samples], [], []) == [2]
    assert state(store) == "complete"
    assert figures(store.rates("run-1"))["1"][:2] == (100.0, 2)


def test_what_is_dropped_is_told(
    store: Stored, scored: Scored, manifest: Manifest, caplog: pytest.LogCaptureFixture
) -> None:
    store.record([scored("a", {"1": [1.0]}, target="another"), scored("b", {"1": [1.0]}, target="another")], [], [])
    store.record([], [], [manifest(2, {"1": 2})])
    assert "run run-1: 2 jobs came before its manifest and are not of it; dropped" in caplog.text
    assert "later manifest" not in caplog.text
    store.record([], [], [manifest(2, {"1": 2}), manifest(2, {"1": 4}, samples=2)])
    assert caplog.text.count("run run-1: a later manifest of other content changes nothing") == 1


def test_a_dead_letter_that_holds_a_job_of_something_else_kills_none_of_the_run(
    store: Stored, scored: Scored, manifest: Manifest
) -> None:
    other = scored("b", {"1": [1.0, 1.0]}).generated.job
    own = scored("b", {"1": [1.0]}).generated.job
    store.record([scored("a", {"1": [1.0]})], [], [manifest(2, {"1": 2})])
    store.record([], [DeadJob("run-1", "b", "scorer", "why", other)], [])
    assert state(store) == "running"
    store.record([], [DeadJob("run-1", "b", "scorer", "why", own)], [])
    assert state(store) == "partial"


@pytest.mark.parametrize("manifest_first", [True, False])
def test_a_dead_letter_whose_key_names_no_job_of_the_run_kills_none(
    store: Stored, scored: Scored, manifest: Manifest, manifest_first: bool
) -> None:
    listed = manifest(2, {"1": 2}, job_checksums=(job_checksum("a"), job_checksum("b")))
    phantom = DeadJob("run-1", "zzz", "generator", "not a PromptJob message")
    store.record([scored("a", {"1": [1.0]})], [], [listed] if manifest_first else [])
    store.record([], [phantom], [])
    store.record([], [], [listed])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.state, summary.recorded, summary.dead) == ("running", 1, 0)
    store.record([], [phantom, replace(phantom, job_id="b")], [])
    assert state(store) == "partial"


def test_a_run_all_of_whose_jobs_are_scored_has_no_dead_ones(
    store: Stored, scored: Scored, manifest: Manifest, caplog: pytest.LogCaptureFixture
) -> None:
    store.record([scored("a", {"1": [1.0]})], [DeadJob("run-1", "zzz", "scorer", "why")], [manifest(2, {"1": 2})])
    store.record([scored("b", {"1": [1.0]})], [], [])
    for _ in range(2):
        summary = store.run("run-1")
        assert summary is not None
        assert (summary.state, summary.recorded, summary.dead) == ("complete", 2, 0)
        assert store.dead_reasons("run-1") == []
        store.record([], [DeadJob("run-1", "zzz", "scorer", "why")], [])
    assert caplog.text.count("run run-1: all of its jobs are scored; 1 dead letters named none of them") == 3


def test_scores_may_arrive_before_the_manifest(store: Stored, scored: Scored, manifest: Manifest) -> None:
    store.record([scored("a", {"1": [1.0]})], [], [])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.state, summary.job_count, summary.recorded, summary.missing) == ("running", None, 1, 0)
    assert (summary.target, summary.suite, summary.probe) == ("stub", "colours", "semantic")
    store.record([], [], [manifest(2, {"1": 2, "2": 3})])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.job_count, summary.comparisons, summary.missing, summary.created_at) == (2, 5, 4, 1000.0)
    assert figures(store.rates("run-1"))["2"] == (None, 0, 0, 3)


def test_a_dead_letter_may_be_the_first_that_is_heard_of_a_run(store: Stored, scored: Scored) -> None:
    store.record([], [DeadJob("run-1", "a", "generator", "why")], [])
    store.record([scored("b", {"1": [1.0]})], [], [])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.target, summary.recorded, summary.dead) == ("stub", 1, 1)


def test_the_first_manifest_wins_but_may_be_cancelled_later(store: Stored, manifest: Manifest) -> None:
    store.record([], [], [manifest(2, {"1": 2}), manifest(9, {"1": 9})])
    assert state(store) == "running"
    store.record([], [], [manifest(9, {"1": 9}, cancelled=True)])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.state, summary.job_count, summary.missing) == ("cancelled", 2, 2)


def test_why_a_run_was_ended_is_kept_and_the_first_reason_stands(store: Stored, manifest: Manifest) -> None:
    for reason in ("the server answered HTTP 404", "interrupted"):
        store.record([], [], [manifest(2, {"1": 2}, cancelled=True, reason=reason)])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.state, summary.reason) == ("cancelled", "the server answered HTTP 404")


def test_a_cancelled_manifest_alone_tells_what_the_run_was(store: Stored, manifest: Manifest) -> None:
    # Compaction may leave only the second of two manifests.
    store.record([], [], [manifest(2, {"1": 2}, cancelled=True)])
    summary = store.run("run-1")
    assert summary is not None
    assert (summary.state, summary.job_count) == ("cancelled", 2)


def test_two_aggregators_that_record_the_same_jobs_count_each_once(
    dsn: str, scored: Scored, manifest: Manifest
) -> None:
    jobs = [scored(f"job-{k}", {"1": [1.0, 0.0]}, run_id=f"run-{k % 5}") for k in range(60)]
    manifests = [manifest(12, {"1": 24}, run_id=f"run-{k}", samples=2) for k in range(5)]

    def consume(batches: list[list[ScoredJob]]) -> None:
        with Stored(dsn) as store:
            for batch in batches:
                store.record(batch, [DeadJob("run-0", "job-0", "scorer", "why")], manifests)

    forwards = [jobs[start : start + 7] for start in range(0, 60, 7)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(consume, [forwards, [batch[::-1] for batch in forwards[::-1]]]))
    with Stored(dsn) as store:
        for run in range(5):
            assert figures(store.rates(f"run-{run}"))["1"] == (50.0, 24, 12, 0)
            assert len(store.comparisons(f"run-{run}", limit=100)) == 24


def test_text_that_postgresql_refuses_is_kept_with_a_mark_in_its_place(store: Stored, scored: Scored) -> None:
    text = 'half a character \0, a backslash \\u0000, tabs\tand\nlines, "quotes" and \U0001f343'
    odd = scored("a\0", {"1\0": [1.0]}, concept=text, text=text, provenance={"model\0": text}, metrics=["m"])
    store.record([odd], [DeadJob("run-1", "b\0", "scorer\0", text)], [])
    store.record([odd], [DeadJob("run-1", "b\0", "scorer\0", text)], [])
    [comparison] = store.comparisons("run-1")
    kept = text.replace("\0", "\ufffd")
    assert (comparison.job_id, comparison.category) == ("a\ufffd", "1\ufffd")
    assert (comparison.concept, comparison.generation, comparison.control_generation) == (kept, kept, kept)
    assert store.rates("run-1")[0].provenance == {"model\ufffd": kept, "embedder": "e"}


def test_the_longest_names_fit_into_every_index(store: Stored, scored: Scored, manifest: Manifest) -> None:
    # Noise: the server squeezes what repeats itself.
    draw = random.Random(1)
    run, job, test, category, metric, target, suite, monitor = (
        "".join(draw.choices(string.ascii_letters, k=LONGEST_NAME_BYTES)) for _ in range(8)
    )
    short = scored(job, {category: [1.0]}, run_id=run, target=target, metrics=[metric])
    tests = (replace(short.generated.job.tests[0], id=test),)
    prompts = replace(short.generated.job, suite=suite, tests=tests)
    long = replace(short, generated=replace(short.generated, job=prompts), similarities=())
    sent = manifest(1, {category: 1}, run_id=run, target=target, suite=suite, monitor=monitor)
    assert validate(long) is validate(sent) is None
    store.record([long], [], [sent])
    store.publish()
    assert {row.metric for row in store.rates(run)} == {metric}
    assert [row.test for row in store.comparisons(run)] == [test]


def test_a_batch_that_fails_leaves_nothing_behind(store: Stored, scored: Scored) -> None:
    sound, broken = scored("a", {"1": [1.0]}), scored("b", {"1": [1.0]})
    broken = replace(broken, outcomes=(replace(broken.outcomes[0], places=(7,)),))
    with pytest.raises(IndexError):
        store.record([sound, broken], [], [])
    assert store.run("run-1") is None
    store.record([sound], [], [])
    assert figures(store.rates("run-1"))["1"][:2] == (100.0, 1)


def test_a_job_without_a_control_is_kept_like_any_other(store: Stored, scored: Scored) -> None:
    job = scored("a", {"1": [1.0]})
    generated = replace(job.generated, job=replace(job.generated.job, control=None), control=())
    similarities = tuple(series for series in job.similarities if series.arm != "control")
    uncontrolled = replace(job, generated=generated, similarities=similarities)
    assert validate(uncontrolled) is None
    store.record([uncontrolled], [], [])
    (comparison,) = store.comparisons("run-1")
    assert (comparison.control_prompt, comparison.control_generation, comparison.control_ended) == ("", "", "")
