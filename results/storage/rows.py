"""From records to the rows that are written; knows what PostgreSQL's types take, and not how it is spoken to."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

import orjson

from results.dead_jobs import DeadJob, prompt_characters
from results.identifiers import NUL, without_nul
from results.job_texts import AnsweredTest, SharedAnswers
from results.sums import ANY_LOST, LEAK, SampleSums, SumsPerCluster, SumsPerTest
from seep.checksums import job_checksum
from seep.records import PromptJob, RunManifest, ScoredJob

Row = tuple[Any, ...]


def storable(value: Any) -> Any:
    """The value with U+FFFD for U+0000, which models do write and PostgreSQL's text and jsonb refuse."""
    if isinstance(value, str):
        return without_nul(value)
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    return list(map(storable, value)) if isinstance(value, list | tuple) else value


def as_json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """The value as PostgreSQL's json and jsonb take it."""
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


def sum_rows(sums: Iterable[SumsPerTest]) -> Iterator[Row]:
    """Columns of test_sums."""
    for *names, measures, sizes, totals in sums:
        yield (*_without_nul(tuple(names)), _texts(tuple(measures)), _known_numbers(tuple(sizes)), _numbers(totals))


def cluster_rows(sums: Iterable[tuple[str, Sequence[SumsPerCluster]]]) -> Iterator[Row]:
    """Columns of cluster_sums, from the sums of jobs and their runs' ids."""
    for run_id, of_job in sums:
        for row in of_job:
            *names, measures, sizes, totals = row
            yield (*_without_nul((run_id, *names)), _texts(tuple(measures)), _numbers(sizes), _numbers(totals))


def sample_rows(sums: Iterable[SampleSums]) -> Iterator[Row]:
    """Columns of sample_sums."""
    for *names, samples, sizes, totals in sums:
        arrays = _known_numbers(tuple(samples)), _known_numbers(tuple(sizes)), _numbers(totals)
        yield (*_without_nul(tuple(names)), *arrays)


def comparison_counts(scored: Iterable[ScoredJob]) -> list[Row]:
    """Columns of recorded_comparisons."""
    counts: Counter[tuple[str, ...]] = Counter()
    for job in scored:
        run_id = storable(job.generated.job.run_id)
        for series in job.outcomes:
            if series.measure == LEAK or series.measure in ANY_LOST:
                names = storable(series.metric), storable(series.category), series.measure
                counts[run_id, *names] += len(series.places)
    return [(*names, n) for names, n in sorted(counts.items())]


def shared_rows(shared: Iterable[SharedAnswers]) -> Iterator[Row]:
    """Columns of shared_answers."""
    for row in shared:
        texts = (row.run_id, row.job_id, row.control_prompt, as_json(row.controls))
        yield _without_nul((*texts, row.neutral_prompt, as_json(row.neutrals)))


def comparison_rows(answered: Iterable[AnsweredTest]) -> Iterator[Row]:
    """Columns of comparisons."""
    for row in answered:
        names = row.run_id, row.job_id, row.test, row.category, row.concept, row.prompt, row.control_prompt
        controls = None if row.controls is None else as_json(row.controls)
        found = as_json(row.outcomes), as_json(row.similarities)
        yield (*_without_nul(names), _numbers(row.samples), as_json(row.answers), controls, *found)


def _without_nul(row: Row) -> Row:
    # Looked for first: there is hardly ever one, and these are nearly all the bytes that the aggregator writes.
    for value in row:
        if type(value) is str and NUL in value:
            return tuple(map(storable, row))
    return row


# As PostgreSQL's arrays are written: the client takes longer to find out how than all the rest of a row.
def _numbers(values: Sequence[float]) -> str:
    return f"{{{orjson.dumps(values)[1:-1].decode()}}}"


_known_numbers = lru_cache(_numbers)


@lru_cache
def _texts(values: tuple[str, ...]) -> str:
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in map(without_nul, values))
    return "{" + ",".join(f'"{value}"' for value in quoted) + "}"
