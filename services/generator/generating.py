"""From prompt jobs to generated jobs: all requests of a batch in one call to the engine."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice

from seep.records import Decoding, Failure, GeneratedJob, PromptJob
from seep.settings import Target
from services.generator.backend import Backend, Request, Texts


def generate_jobs(
    jobs: Sequence[PromptJob], backend: Backend, targets: Mapping[str, Target]
) -> list[GeneratedJob | Failure]:
    """By position; a job whose target is not among `targets`, or one of whose prompts has no answer, is a Failure."""
    prepared = [_requests(job, targets) for job in jobs]
    answers = iter(backend.generate([request for requests in prepared for request in requests]))
    results: list[GeneratedJob | Failure] = []
    for job, requests in zip(jobs, prepared, strict=True):
        if job.target not in targets:
            results.append(Failure(f"target {job.target!r} is not one of this engine's targets"))
            continue
        decoding = effective_decoding(job.decoding, targets[job.target])
        results.append(_generated(job, decoding, list(islice(answers, len(requests))), backend.provenance()))
    return results


def effective_decoding(decoding: Decoding, target: Target) -> Decoding:
    """The suite's decoding with what the target sets put over it."""
    return replace(
        decoding,
        temperature=decoding.temperature if target.temperature is None else target.temperature,
        top_p=decoding.top_p if target.top_p is None else target.top_p,
        max_tokens=decoding.max_tokens if target.max_tokens is None else target.max_tokens,
    )


def _requests(job: PromptJob, targets: Mapping[str, Target]) -> list[Request]:
    """Control and neutral arm where there are any, then the tests; none for an unknown target."""
    if job.target not in targets:
        return []
    decoding = effective_decoding(job.decoding, targets[job.target])
    arms = [arm for arm in (job.control, job.neutral) if arm is not None]
    prompts = [*arms, *(test.prompt for test in job.tests)]
    return [Request(prompt, job.prompt_format, decoding, job.samples) for prompt in prompts]


def _generated(
    job: PromptJob, decoding: Decoding, answers: Iterable[Texts | Failure], engine: Mapping[str, str]
) -> GeneratedJob | Failure:
    texts: list[Texts] = []
    for answer in answers:
        if isinstance(answer, Failure):
            return answer
        texts.append(answer)
    control = () if job.control is None else texts.pop(0)
    neutral = () if job.neutral is None else texts.pop(0)
    provenance = {
        **engine,
        "suite_hash": job.suite_hash,
        "decoding": json.dumps(asdict(decoding), sort_keys=True),
    }
    return GeneratedJob(job, control, neutral, tuple(texts), provenance)
