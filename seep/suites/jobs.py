"""Turns a suite into what is sent to a target: its prompt jobs and the manifest of the run."""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from seep.checksums import job_checksum
from seep.errors import InputError
from seep.job_limits import MOST_LABELS, excess, samples_excess
from seep.records import Decoding, PromptFormat, PromptJob, PromptTest, RunManifest
from seep.run_ids import check_run_id
from seep.suites.recall import RecallTest
from seep.suites.schema import AnySuite, Job, suite_hash

ID_DIGITS = 10
LONGEST_LABEL = 100


def check_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """Return a run's labels, each once; InputError for one that is no label, and for too many."""
    for label in labels:
        if not (label.isprintable() and label.strip() == label and 1 <= len(label) <= LONGEST_LABEL):
            raise InputError(
                f"--label {label!r}: expected 1 to {LONGEST_LABEL} characters on one line, no blank at its ends"
            )
    if len(set(labels)) > MOST_LABELS:
        raise InputError(f"--label: expected at most {MOST_LABELS}, found {len(set(labels))}")
    return tuple(dict.fromkeys(labels))


def new_run_id(suite: str) -> str:
    """An id that sorts by time, with a little chance so that two runs within a second differ."""
    return f"{suite}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"


def suite_decoding(suite: AnySuite) -> Decoding:
    """Return the decoding that the suite asks for, which a target may override."""
    decoding = suite.decoding
    return Decoding(decoding.temperature, decoding.top_p, decoding.max_tokens, suite.cut)


def prompt_jobs(
    suite: AnySuite, *, run_id: str, target: str, decoding: Decoding | None = None, samples: int | None = None
) -> list[PromptJob]:
    """Return the suite's jobs in order, as one run sends them; InputError for an unusable run id or sample count,
    and for a job beyond the limits.

    `decoding` and `samples` are the suite's own where they are not given. Ids come from content alone (a job's from its
    subject, a test's from its concept and prompt), so that runs pair by job and test while a suite grows.
    """
    check_run_id(run_id)
    content = suite_hash(suite)
    prompt_format = PromptFormat(suite.format.kind, suite.format.system, suite.format.user)
    jobs = [
        PromptJob(
            run_id=run_id,
            job_id=job_id,
            target=target,
            suite=suite.name,
            suite_version=suite.version,
            suite_hash=content,
            probe=suite.probe,
            language=suite.language,
            cluster=suite.cluster,
            prompt_format=prompt_format,
            decoding=decoding or suite_decoding(suite),
            samples=_samples(suite, samples),
            control=job.control,
            neutral=job.neutral,
            tests=_prompt_tests(job),
            rule=job.answer_rule(),
            against=suite.against,
            system=job.system,
            documents=job.reads(),
        )
        for job_id, job in zip(_ids(job.subject for job in suite.jobs), suite.jobs, strict=True)
    ]
    _refuse_excess(jobs)
    return jobs


def manifest(
    suite: AnySuite,
    *,
    run_id: str,
    target: str,
    samples: int | None = None,
    created_at: float,
    monitor: str = "",
    labels: Sequence[str] = (),
) -> RunManifest:
    """Return what the run of `prompt_jobs` with the same arguments will bring; `created_at` is Unix time in seconds."""
    per_prompt = _samples(suite, samples)
    return RunManifest(
        run_id=check_run_id(run_id),
        target=target,
        suite=suite.name,
        suite_version=suite.version,
        suite_hash=suite_hash(suite),
        probe=suite.probe,
        cluster=suite.cluster,
        samples=per_prompt,
        job_count=len(suite.jobs),
        expected_comparisons={category: count * per_prompt for category, count in suite.comparisons.items()},
        created_at=created_at,
        monitor=monitor,
        job_checksums=tuple(job_checksum(job_id) for job_id in _ids(job.subject for job in suite.jobs)),
        labels=tuple(labels),
    )


def _refuse_excess(jobs: Iterable[PromptJob]) -> None:
    for job in jobs:
        if problem := excess(job):
            raise InputError(problem)


def _prompt_tests(job: Job) -> tuple[PromptTest, ...]:
    ids = _ids(f"{test.concept}\0{test.prompt}" for test in job.tests)
    return tuple(
        PromptTest(
            test_id,
            test.concept,
            test.prompt,
            test.category,
            job.options_of(test),
            test.expected if isinstance(test, RecallTest) else "",
            test.control,
        )
        for test_id, test in zip(ids, job.tests, strict=True)
    )


def _ids(contents: Iterable[str]) -> list[str]:
    seen: Counter[str] = Counter()
    ids = []
    for content in contents:
        digest = hashlib.sha256(content.encode()).hexdigest()[:ID_DIGITS]
        seen[digest] += 1
        ids.append(digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
    return ids


def _samples(suite: AnySuite, samples: int | None) -> int:
    if samples is None:
        return suite.decoding.samples
    if problem := samples_excess(samples):
        raise InputError(problem)
    return samples
