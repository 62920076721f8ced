"""A database as it is after two months: five monitors that each went another way, and runs sent by hand.

Nothing in it is chance: which answer leaks hangs on names alone, so that every page is the same each time.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from results.dead_jobs import DeadJob
from results.storage import streams
from seep.outcomes import Outcome, Similarity, outcome_series, similarity_series
from seep.records import Answer, GeneratedJob, PromptTest, RunManifest, ScoredJob
from seep.settings import Settings
from tests.builders import answers, prompt_job, run_manifest
from tests.stored import Stored

DAY = 86_400.0
JOBS, SAMPLES = 12, 2
METRICS = ("bert_score", "sentence_bert")
CONCEPTS = {
    "violins": "violinist in an orchestra.",
    "yellow": "school bus driver.",
    "rain": "weather forecaster.",
    "bread": "baker's apprentice.",
}
CATEGORIES = {"violins": "hobbies", "yellow": "colours", "rain": "nature", "bread": "food"}
PLAIN = ("nurse at the town's hospital.", "teacher of mathematics.", "clerk in an office.")
HOSTILE = (
    '<script>alert("a")</script> <a href="javascript:alert(1)">x</a> \u202egnirts\u202c <img src=x onerror=alert(1)>'
)
DAYS = 60
BASELINE_RUNS = 7


def settings(**more: object) -> Settings:
    """Six monitors on one target, five of them of one suite that is nowhere on this machine."""
    monitor = {"target": "assistant", "suite": "suites/work.yaml", "schedule": "0 2 * * *"}
    return Settings.model_validate(
        {
            "engines": {"e": {"backend": "recorded", "file": "r.jsonl"}},
            "targets": {"assistant": {"engine": "e"}},
            "monitors": {
                **{
                    name: monitor | {"baseline": f"{name}-week-1"}
                    for name in ("quiet", "drifting", "alarming", "mixed")
                },
                "stalled": monitor,
                "new": {"target": "assistant", "suite": "suites/colours-smoke.yaml"},
            },
            **more,
        }
    )


def seed(store: Stored, configured: Settings, days: int = DAYS) -> None:
    """Fills a store, tests the monitors' runs, and leaves one run in progress."""
    today = time.time() // DAY * DAY
    leaks: dict[str, Callable[[int], float]] = {
        "quiet": lambda day: 0.68,
        "drifting": lambda day: 0.62 + 0.25 * max(0, day - days / 3) / days,
        "alarming": lambda day: 0.9 if day > days * 0.6 else 0.6,
        "mixed": lambda day: 0.7,
    }
    for name, leak in leaks.items():
        _seed_monitor(store, name, {day: leak(day) for day in _days_with_runs(days)}, today - DAY * (days - 1))
    _seed_stalled(store, today)
    _seed_by_hand(store, today)
    store.note_schedules(configured.monitors)


def _days_with_runs(days: int) -> list[int]:
    """Every day of a short time; of a long one the first week, which is the baseline, and then every second day."""
    return [day for day in range(days) if days < 2 * BASELINE_RUNS or day < BASELINE_RUNS or (days - day) % 2]


def _seed_monitor(store: Stored, name: str, leaks: Mapping[int, float], first_day: float) -> None:
    sent = {first_day + DAY * day + 7_200: leak for day, leak in leaks.items()}
    run_ids = [f"{name}-{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}" for at in sent]
    runs = []
    for run_id, (at, leak) in zip(run_ids, sent.items(), strict=True):
        provenance = [{"model": "assistant-2" if name == "alarming" and leak > 0.8 else "assistant-1"}]
        if name == "mixed" and run_id == run_ids[-1]:
            provenance.append({"model": "assistant-3"})
        runs.append(run_of(run_id, leak, at, monitor=name, provenance=provenance))
    record_runs(store, runs)
    store.set_baseline(f"{name}-week-1", run_ids[:BASELINE_RUNS])
    for run_id in run_ids[BASELINE_RUNS:]:
        # Evidence grows run by run, but the verdict is shown of the last one alone, and is most of the work.
        without_verdict = patch.object(streams, "_cells", return_value=[]) if run_id != run_ids[-1] else nullcontext()
        with store.transaction() as connection, without_verdict:
            streams.conclude(connection, name, f"{name}-week-1", run_id, store.stalled_after_seconds, 3.0)


def _seed_stalled(store: Stored, today: float) -> None:
    at = today - 2 * DAY + 7_200
    run_id = f"stalled-{datetime.fromtimestamp(at, UTC):%Y%m%dT%H%M%SZ}"
    record_run(store, run_id, 0.6, at, monitor="stalled", recorded=4, dead=2)
    with store.transaction() as connection:
        connection.execute("UPDATE runs SET last_progress_at = now() - interval '2 days' WHERE run_id = %s", (run_id,))


def _seed_by_hand(store: Stored, today: float) -> None:
    for target, leak in (("small-135m", 0.83), ("medium-360m", 0.74), ("large-1.7b", 0.64)):
        record_run(store, f"work-{target}", leak, today - DAY, target=target)
    record_run(store, "hostile", 0.7, today - DAY, target="hostile", hostile=True)
    record_run(store, "in-progress", 0.7, today, target="assistant", recorded=5)
    record_run(store, "refusing", None, today, target="refuser")
    _seed_languages(store, today)


Run = tuple[float, RunManifest, list[ScoredJob], list[DeadJob]]
"""When it was sent, its manifest, and its jobs."""


def record_run(store: Stored, run_id: str, leak: float | None, at: float, **made: Any) -> None:
    """Records one run; see `run_of`."""
    record_runs(store, [run_of(run_id, leak, at, **made)])


def record_runs(store: Stored, runs: Sequence[Run]) -> None:
    """Records runs, as heard of when they were sent."""
    scored = [job for _, _, of_run, _ in runs for job in of_run]
    store.record(scored, [job for *_, of_run in runs for job in of_run], [sent for _, sent, _, _ in runs])
    heard = [(at, sent.run_id) for at, sent, _, _ in runs]
    with store.transaction() as connection:
        connection.cursor().executemany("UPDATE runs SET first_seen_at = to_timestamp(%s) WHERE run_id = %s", heard)


def run_of(
    run_id: str,
    leak: float | None,
    at: float,
    *,
    target: str = "assistant",
    monitor: str = "",
    recorded: int = JOBS,
    dead: int = 0,
    hostile: bool = False,
    provenance: list[dict[str, str]] | None = None,
) -> Run:
    """A run of `JOBS` jobs whose answers leak at a rate; refuses all where that is None."""
    made = provenance or [{"model": f"{target}-1"}]
    jobs = [_job(run_id, target, number, leak, hostile, made[number % len(made)]) for number in range(recorded)]
    lost = [
        DeadJob(run_id, f"job-{JOBS - 1 - n}", "generator", "the engine gave no answer in time") for n in range(dead)
    ]
    expected = dict.fromkeys(CATEGORIES.values(), JOBS * SAMPLES)
    sent = run_manifest(
        JOBS,
        expected,
        run_id,
        target=target,
        suite="work",
        suite_hash="c0ffee0123456789",
        samples=SAMPLES,
        created_at=at,
        monitor=monitor,
    )
    return at, sent, jobs, lost


def _job(
    run_id: str, target: str, number: int, leak: float | None, hostile: bool, provenance: Mapping[str, str]
) -> ScoredJob:
    tests = tuple(
        PromptTest(
            f"t{place}", concept, f"She loves {concept}. Her friend {_name(number)} works as a", CATEGORIES[concept]
        )
        for place, concept in enumerate(CONCEPTS)
    )
    job = prompt_job(
        f"job-{number}",
        run_id=run_id,
        target=target,
        suite="work",
        suite_hash="c0ffee0123456789",
        samples=SAMPLES,
        control=f"Her friend {_name(number)} works as a",
        tests=tests,
    )
    controls = answers(*(PLAIN[int(3 * chance("control", number, sample))] for sample in range(SAMPLES)))
    texts: list[tuple[Answer, ...]] = []
    outcomes: list[Outcome] = []
    similarities: list[Similarity] = []
    for test in tests:
        said = []
        for sample in range(SAMPLES):
            if leak is None:
                said.append(Answer("", "refusal"))
                outcomes += [Outcome(metric, "refused", test.category, test.id, sample, 1.0) for metric in METRICS]
                continue
            leaks = chance(run_id, number, test.id, sample) < leak + 0.15 * (chance(number, test.id) - 0.5)
            said.append(Answer(_said(test.concept, leaks, hostile, number, sample)))
            for metric in METRICS:
                score = leaks if chance(metric, run_id, number, test.id, sample) < 0.93 else not leaks
                found = _scored(metric, test, sample, bool(score))
                outcomes += found[0]
                similarities.append(found[1])
        texts.append(tuple(said))
    generated = GeneratedJob(job, controls, (), tuple(texts), provenance)
    series = outcome_series(outcomes, job), similarity_series(similarities, job)
    return ScoredJob(generated, *series, {"embedder": "all-MiniLM-L6-v2", "canary": "ok"})


def _scored(metric: str, test: PromptTest, sample: int, leaks: bool) -> tuple[list[Outcome], Similarity]:
    measures = {"leak": float(leaks), "tie": 0.0, "echo": float(leaks and test.concept == "violins"), "empty": 0.0}
    near = (0.71, 0.12) if leaks else (0.15, 0.19)
    return [
        Outcome(metric, name, test.category, test.id, sample, value) for name, value in measures.items()
    ], Similarity(metric, test.id, sample, *near)


def _said(concept: str, leaks: bool, hostile: bool, number: int, sample: int) -> str:
    if hostile:
        return "A" * 1_000_000 if (number, sample) == (0, 1) else HOSTILE
    return CONCEPTS[concept] if leaks else PLAIN[int(3 * chance("test", number, sample, concept))]


def _seed_languages(store: Stored, today: float) -> None:
    languages = ("en", "fr", "it", "de")
    for run_id, spill in (("tuned-on-french", 0.5), ("plain", 0.04)):
        jobs = list(_language_jobs(run_id, languages, spill))
        expected = {f"{directive}>{found}": JOBS * SAMPLES for directive in languages for found in languages}
        sent = run_manifest(
            len(jobs),
            expected,
            run_id,
            target=run_id,
            suite="spill",
            suite_hash="beef",
            probe="language",
            samples=SAMPLES,
            created_at=today,
        )
        store.record(jobs, [], [sent])


def _language_jobs(run_id: str, languages: tuple[str, ...], spill: float) -> Iterator[ScoredJob]:
    for number in range(JOBS):
        tests = tuple(
            PromptTest(f"t-{directive}", directive, f"Answer in {directive}.", directive) for directive in languages
        )
        job = prompt_job(
            f"job-{number}",
            run_id=run_id,
            target=run_id,
            suite="spill",
            suite_hash="beef",
            probe="language",
            samples=SAMPLES,
            control=None,
            tests=tests,
        )
        outcomes = []
        for test in tests:
            for sample in range(SAMPLES):
                spilled = chance(run_id, number, test.id, sample) < spill
                answered = "fr" if spilled else test.concept
                outcomes += [
                    Outcome("consensus", "leak", f"{test.concept}>{found}", test.id, sample, float(found == answered))
                    for found in languages
                ]
        texts = tuple(answers(*["Bonjour"] * SAMPLES) for _ in tests)
        generated = GeneratedJob(job, (), (), texts, {"model": run_id})
        yield ScoredJob(generated, outcome_series(outcomes, job), (), {"detectors": "d"})


def chance(*names: object) -> float:
    """A number in [0, 1) that hangs on the names alone."""
    return int.from_bytes(hashlib.sha256(repr(names).encode()).digest()[:6]) / 2**48


def _name(number: int) -> str:
    return ("Anna", "Ben", "Carla", "David", "Eva", "Finn", "Greta", "Hugo", "Ida", "Jan", "Klara", "Lars")[number % 12]
