"""From records to the rows that are written; knows what PostgreSQL's types take, and not how it is spoken to."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import orjson

from results.dead_jobs import DeadJob, prompt_characters
from results.identifiers import NUL, without_nul
from results.sums import LEAK, CategorySum, Comparison, PerTestSum, SampleSums, sums_per_cluster
from seep.answers import LOST
from seep.checksums import job_checksum
from seep.records import PromptJob, RunManifest, ScoredJob

Row = tuple[Any, ...]


def storable(value: Any) -> Any:
    """The value with U+FFFD for U+0000, which models do write and PostgreSQL's text and jsonb refuse."""
    if isinstance(value, str):
        return without_nul(value)
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    return value


def as_json(value: Mapping[str, Any]) -> str:
    """The mapping as PostgreSQL's jsonb takes it."""
    text = orjson.dumps(value)
    # An escaped backslash before "u0000" is found as well, and only costs the second look.
    return (orjson.dumps(storable(value)) if b"\\u0000" in text else text).decode()


def manifest_row(manifest: RunManifest) -> dict[str, Any]:
    """A manifest's fields by name."""
    row = {name: storable(value) for name, value in asdict(manifest).items()}
    listed = list(manifest.job_checksums) or None
    labels = [storable(label) for label in manifest.labels]
    expected = as_json(manifest.expected_comparisons)
    return row | {"expected_comparisons": expected, "job_checksums": listed, "labels": labels}


def run_row(prompts: PromptJob) -> dict[str, Any]:
    """What a job says of its run, by name."""
    named = ("run_id", "target", "suite", "suite_version", "suite_hash", "probe", "cluster", "samples")
    return {name: storable(getattr(prompts, name)) for name in named}


def job_row(scored: ScoredJob) -> dict[str, Any]:
    """A scored job with what must be its run's."""
    prompts = scored.generated.job
    named = ("run_id", "job_id", "target", "suite_hash", "samples")
    provenance = as_json({**scored.generated.provenance, **scored.provenance})
    added = {"provenance": provenance, "prompt_characters": prompt_characters(prompts)}
    return {name: storable(getattr(prompts, name)) for name in named} | added


def dead_row(dead: DeadJob) -> dict[str, Any]:
    """A dead-lettered job with what must be its run's; None for what its message does not say."""
    named = ("run_id", "job_id", "stage", "reason")
    of_run = {name: storable(getattr(dead.job, name, None)) for name in ("target", "suite_hash", "samples")}
    added = {"checksum": job_checksum(dead.job_id), "prompt_characters": dead.job and prompt_characters(dead.job)}
    return {name: storable(getattr(dead, name)) for name in named} | of_run | added


def sum_rows(sums: Iterable[PerTestSum]) -> Iterator[Row]:
    """Columns of test_sums."""
    return map(_columns, sums)


def cluster_rows(run_id: str, sums: Iterable[PerTestSum]) -> Iterator[Row]:
    """Columns of cluster_sums, from all sums of a job of this run."""
    return ((storable(run_id), *_columns(row)) for row in sums_per_cluster(sums))


def sample_rows(sums: Iterable[SampleSums]) -> Iterator[Row]:
    """Columns of sample_sums."""
    return map(_columns, sums)


def comparison_counts(sums: Iterable[PerTestSum]) -> list[Row]:
    """Columns of recorded_comparisons."""
    counts: Counter[tuple[str, ...]] = Counter()
    for row in sums:
        if row.measure == LEAK or row.measure in LOST:
            counts[storable(row.run_id), storable(row.metric), storable(row.category), row.measure] += row.n
    return [(*names, n) for names, n in sorted(counts.items())]


def comparison_rows(comparisons: Iterable[Comparison]) -> Iterator[Row]:
    """Columns of comparisons."""
    for comparison in comparisons:
        *texts, outcomes, similarities = vars(comparison).values()
        yield (*_without_nul(tuple(texts)), as_json(outcomes), as_json(similarities))


def _columns(record: PerTestSum | CategorySum | SampleSums) -> Row:
    # dataclasses.astuple copies deeply, which takes longer than all the rest of a transaction.
    return _without_nul(tuple(vars(record).values()))


def _without_nul(row: Row) -> Row:
    # Looked for first: there is hardly ever one, and these are nearly all the bytes that the aggregator writes.
    for value in row:
        if type(value) is str and NUL in value:
            return tuple(map(storable, row))
    return row
