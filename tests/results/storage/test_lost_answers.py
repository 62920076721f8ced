"""What is lost is counted in the store by its reason, and takes no part in anything that is measured."""

from collections.abc import Callable
from dataclasses import replace

from seep.languages import spill_categories
from seep.outcomes import Outcome
from seep.records import Answer, RunManifest, ScoredJob
from tests.builders import MONITORS, SendRun, with_outcomes
from tests.stored import Stored

Scored = Callable[..., ScoredJob]
Manifest = Callable[..., RunManifest]


def language_job(scored: Scored, job_id: str, detected: str) -> ScoredJob:
    """One answer to a directive for Spanish, in a language or lost."""
    categories = spill_categories("es", ["es", "it"])
    reason = "refused" if detected == "refused" else None
    job = scored(job_id, {"es": [reason or 1.0]}, metrics=[], cluster="sample")
    outcomes = [
        Outcome("consensus", reason or "leak", category, "t0", 0, 1.0 if reason else float(language == detected))
        for language, category in categories.items()
    ]
    prompts = replace(job.generated.job, probe="language", control=None)
    return with_outcomes(replace(job, generated=replace(job.generated, job=prompts, control=())), outcomes)


def language_run(store: Stored, scored: Scored, manifest: Manifest, *detected: str) -> None:
    jobs = [language_job(scored, f"j{k}", language) for k, language in enumerate(detected)]
    expected = dict.fromkeys(spill_categories("es", ["es", "it"]).values(), len(jobs))
    store.record(jobs, [], [manifest(len(jobs), expected, probe="language", cluster="sample")])


def test_a_lost_answer_is_in_no_cell_of_the_matrix(store: Stored, scored: Scored, manifest: Manifest) -> None:
    language_run(store, scored, manifest, "es", "it", "refused", "refused")
    rates = {rate.category: rate for rate in store.rates("run-1")}
    assert {category: rate.rate for category, rate in rates.items()} == {
        "es>es": 50.0,
        "es>it": 50.0,
        "es>other": 0.0,
        "es>unknown": 0.0,
    }
    assert {(rate.measures["refused"].share, rate.comparisons, rate.missing) for rate in rates.values()} == {
        (50.0, 2, 2)
    }
    [first, second] = store.comparisons("run-1", only="lost")
    assert (first.ended, first.category, second.category) == ("refusal", "es>es", "es>es")


def test_a_language_run_without_an_answer_has_no_rate_of_all_either(
    store: Stored, scored: Scored, manifest: Manifest
) -> None:
    language_run(store, scored, manifest, "refused", "refused")
    rates = store.rates("run-1")
    assert {rate.category for rate in rates} == {"es>es", "es>it", "es>other", "es>unknown"}
    assert {rate.rate for rate in rates} == {None}
    run = store.run("run-1")
    assert run is not None
    assert (run.measured, run.missing, run.comparisons, run.lost) == (False, 8, 8, {"refused": 8})


def test_a_late_score_adds_to_what_was_lost(store: Stored, scored: Scored, manifest: Manifest) -> None:
    store.record([scored("a", {"1": ["filtered", 1.0]})], [], [manifest(2, {"1": 4}, samples=2)])
    store.record([scored("b", {"1": ["filtered", "unfinished"]})], [], [])
    run = store.run("run-1")
    assert run is not None
    assert (run.missing, run.lost, run.measured) == (3, {"filtered": 2, "unfinished": 1}, True)


def test_runs_that_lose_answers_without_leaking_otherwise_raise_no_alarm(
    store: Stored, send_run: SendRun, scored: Scored, manifest: Manifest
) -> None:
    window = [f"base-{number}" for number in range(7)]
    for run in window:
        send_run(run, 0.5, monitor="")
    store.set_baseline("first", window)
    for number in range(8):
        jobs = [
            scored(f"j{k}", {"1": ["refused"] * 4 + [float((k + s + number) % 2) for s in range(6)]}, **of_run)
            for of_run in [{"run_id": f"shy-{number}", "metrics": ["m"]}]
            for k in range(10)
        ]
        facts = {"run_id": f"shy-{number}", "samples": 10, "monitor": "watch", "created_at": 1.0}
        store.record(jobs, [], [manifest(10, {"1": 100}, **facts)])
        store.publish(MONITORS)
    newest = store.stream("watch", limit=1)[0]
    assert (newest.role, newest.alarm) == ("tested", False)


def test_texts_of_lost_answers_end_with_the_others(store: Stored, scored: Scored, manifest: Manifest) -> None:
    job = scored("a", {"1": ["filtered"]})
    partial = replace(job.generated, tests=((Answer("a half", "filtered"),),))
    store.record([replace(job, generated=partial)], [], [manifest(1, {"1": 1})])
    assert [found.generation for found in store.comparisons("run-1")] == ["a half"]
    assert dict(store.delete_texts(0)) == {"run-1": 1}
    assert store.rates("run-1")[0].measures["filtered"].share == 100.0
