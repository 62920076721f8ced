"""Jobs made by hand for benchmarks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from seep.records import Decoding, PromptFormat, PromptJob, PromptTest, RunManifest


def prompt_job(run_id: str, job_id: str, **changes: Any) -> PromptJob:
    """A job of the semantic probe: a control, no neutral prompt and one test, with one sample; `changes` are fields."""
    job = PromptJob(
        run_id=run_id,
        job_id=job_id,
        target="target",
        suite="guests",
        suite_version="1",
        suite_hash="0123456789abcdef",
        probe="semantic",
        language="en",
        cluster="job",
        prompt_format=PromptFormat("chat"),
        decoding=Decoding(temperature=1.0, top_p=1.0, max_tokens=10, cut="sentence"),
        samples=1,
        control="Guest ordered a",
        neutral=None,
        tests=(PromptTest("t", "yellow", "Guest wore yellow. Guest ordered a", "1"),),
    )
    return replace(job, **changes)


def manifest_of(jobs: Sequence[PromptJob], created_at: float = 1.0, monitor: str = "") -> RunManifest:
    """The manifest of a run of exactly these jobs."""
    first = jobs[0]
    tests = Counter(test.category for job in jobs for test in job.tests)
    return RunManifest(
        run_id=first.run_id,
        target=first.target,
        suite=first.suite,
        suite_version=first.suite_version,
        suite_hash=first.suite_hash,
        probe=first.probe,
        cluster=first.cluster,
        samples=first.samples,
        job_count=len(jobs),
        expected_comparisons={category: tests[category] * first.samples for category in sorted(tests)},
        created_at=created_at,
        monitor=monitor,
    )
