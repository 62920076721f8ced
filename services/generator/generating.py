"""From prompt jobs to generated jobs: all requests of a batch in one call to the engine."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice

from seep.capabilities import parts_needed
from seep.errors import Unavailable
from seep.records import Decoding, Failure, GeneratedJob, PromptFormat, PromptJob
from seep.settings import Target
from services.generator.backend import Answered, Backend, Request, Result
from services.generator.filtering import generate_filtered
from services.generator.formatting import effective_format


def generate_jobs(
    jobs: Sequence[PromptJob], backend: Backend, targets: Mapping[str, Target]
) -> list[GeneratedJob | Failure | Unavailable]:
    """By position; a Failure is a job whose target is not among `targets`, whose probe needs what the backend does not
    provide, or one of whose prompts has no answer.

    A job is Unavailable as a whole if one of its prompts is: it is generated whole another time.
    """
    formats = [_prompt_format(job, backend, targets) for job in jobs]
    prepared = [
        [] if isinstance(prompt_format, Failure) else _requests(job, prompt_format, targets[job.target])
        for job, prompt_format in zip(jobs, formats, strict=True)
    ]
    requests = [request for each in prepared for request in each]
    filters = {name: target.filter for name, target in targets.items() if target.filter}
    answered = iter(generate_filtered(backend, requests, filters))
    results: list[GeneratedJob | Failure | Unavailable] = []
    for job, prompt_format, each in zip(jobs, formats, prepared, strict=True):
        if isinstance(prompt_format, Failure):
            results.append(prompt_format)
        else:
            results.append(_generated(job, prompt_format, list(islice(answered, len(each))), targets[job.target]))
    return results


def effective_decoding(decoding: Decoding, target: Target) -> Decoding:
    """The suite's decoding with what the target sets put over it."""
    return replace(
        decoding,
        temperature=decoding.temperature if target.temperature is None else target.temperature,
        top_p=decoding.top_p if target.top_p is None else target.top_p,
        max_tokens=decoding.max_tokens if target.max_tokens is None else target.max_tokens,
    )


def _prompt_format(job: PromptJob, backend: Backend, targets: Mapping[str, Target]) -> PromptFormat | Failure:
    if job.target not in targets:
        return Failure(f"target {job.target!r} is not one of this engine's targets")
    if lacking := parts_needed(job.probe) - backend.provides:
        needed = ", ".join(sorted(lacking))
        return Failure(f"the {job.probe} probe needs {needed} of an answer, and this engine does not provide it")
    return effective_format(job.prompt_format, targets[job.target])


def _requests(job: PromptJob, prompt_format: PromptFormat, target: Target) -> list[Request]:
    """Control and neutral arm where there are any, then the tests."""
    decoding = effective_decoding(job.decoding, target)
    without = [(prompt, None) for prompt in (job.control, job.neutral) if prompt is not None]
    prompts = [*without, *((test.prompt, test.concept) for test in job.tests)]
    return [
        Request(
            prompt=prompt,
            prompt_format=prompt_format,
            decoding=decoding,
            samples=job.samples,
            concept=concept,
            language=job.language,
            target=job.target,
            adapter=target.adapter,
            run_id=job.run_id,
            job_id=job.job_id,
            arm=arm,
            wants=parts_needed(job.probe),
        )
        for arm, (prompt, concept) in enumerate(prompts)
    ]


def _generated(
    job: PromptJob, prompt_format: PromptFormat, results: Sequence[Result], target: Target
) -> GeneratedJob | Failure | Unavailable:
    answered = [result for result in results if isinstance(result, Answered)]
    if len(answered) < len(results):
        # A job that fails for good does not wait for the rest of it.
        return min((each for each in results if not isinstance(each, Answered)), key=_waits)
    others = [each.answers for each in answered]
    control = () if job.control is None else others.pop(0)
    neutral = () if job.neutral is None else others.pop(0)
    provenance = {
        **_joined(each.provenance for each in answered),
        **_request_provenance(prompt_format, effective_decoding(job.decoding, target), target),
        "suite_hash": job.suite_hash,
    }
    return GeneratedJob(job, control, neutral, tuple(others), provenance)


def _waits(failed: Failure | Unavailable) -> bool:
    return isinstance(failed, Unavailable)


def _joined(sources: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What answered a job; a server that changed in its middle shows with both its values."""
    values: dict[str, set[str]] = {}
    for source in sources:
        for name, value in source.items():
            values.setdefault(name, set()).add(value)
    return {name: " | ".join(sorted(found)) for name, found in values.items()}


def _request_provenance(prompt_format: PromptFormat, decoding: Decoding, target: Target) -> dict[str, str]:
    """How the job was put, in full: with the suite, all that is needed to send the same again."""
    settings = {
        "decoding": json.dumps(asdict(decoding), sort_keys=True),
        "prompt_format": json.dumps(asdict(prompt_format), sort_keys=True, ensure_ascii=False),
    }
    return settings | ({"filter": target.filter.model_dump_json()} if target.filter else {})
