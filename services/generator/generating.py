"""From prompt jobs to generated jobs: all requests of a batch in one call to the engine."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice

from seep.errors import Unavailable
from seep.records import Decoding, Failure, GeneratedJob, PromptFormat, PromptJob
from seep.settings import Target
from services.generator.backend import Answer, Answered, Backend, Request
from services.generator.filtering import generate_filtered
from services.generator.formatting import effective_format


def generate_jobs(
    jobs: Sequence[PromptJob], backend: Backend, targets: Mapping[str, Target]
) -> list[GeneratedJob | Failure | Unavailable]:
    """By position; a job whose target is not among `targets`, or one of whose prompts has no answer, is a Failure.

    A job is Unavailable as a whole where one of its prompts is: it is generated whole another time.
    """
    formats = [_prompt_format(job, targets) for job in jobs]
    prepared = [
        [] if isinstance(prompt_format, Failure) else _requests(job, prompt_format, targets[job.target])
        for job, prompt_format in zip(jobs, formats, strict=True)
    ]
    requests = [request for each in prepared for request in each]
    filters = {name: target.filter for name, target in targets.items() if target.filter}
    answers = iter(generate_filtered(backend, requests, filters))
    results: list[GeneratedJob | Failure | Unavailable] = []
    for job, prompt_format, each in zip(jobs, formats, prepared, strict=True):
        if isinstance(prompt_format, Failure):
            results.append(prompt_format)
        else:
            results.append(_generated(job, prompt_format, list(islice(answers, len(each))), targets[job.target]))
    return results


def effective_decoding(decoding: Decoding, target: Target) -> Decoding:
    """The suite's decoding with what the target sets put over it."""
    return replace(
        decoding,
        temperature=decoding.temperature if target.temperature is None else target.temperature,
        top_p=decoding.top_p if target.top_p is None else target.top_p,
        max_tokens=decoding.max_tokens if target.max_tokens is None else target.max_tokens,
    )


def _prompt_format(job: PromptJob, targets: Mapping[str, Target]) -> PromptFormat | Failure:
    if job.target not in targets:
        return Failure(f"target {job.target!r} is not one of this engine's targets")
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
        )
        for arm, (prompt, concept) in enumerate(prompts)
    ]


def _generated(
    job: PromptJob, prompt_format: PromptFormat, answers: Sequence[Answered], target: Target
) -> GeneratedJob | Failure | Unavailable:
    good = [answer for answer in answers if isinstance(answer, Answer)]
    if len(good) < len(answers):
        # A job that fails for good does not wait for the rest of it.
        return min((each for each in answers if not isinstance(each, Answer)), key=_waits)
    others = [answer.texts for answer in good]
    control = () if job.control is None else others.pop(0)
    neutral = () if job.neutral is None else others.pop(0)
    provenance = {
        **_joined(answer.provenance for answer in good),
        **_asked(prompt_format, effective_decoding(job.decoding, target), target),
        "suite_hash": job.suite_hash,
    }
    return GeneratedJob(job, control, neutral, tuple(others), provenance)


def _waits(trouble: Failure | Unavailable) -> bool:
    return isinstance(trouble, Unavailable)


def _joined(sources: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What answered a job; a server that changed in its middle shows with both its values."""
    values: dict[str, set[str]] = {}
    for source in sources:
        for name, value in source.items():
            values.setdefault(name, set()).add(value)
    return {name: " | ".join(sorted(found)) for name, found in values.items()}


def _asked(prompt_format: PromptFormat, decoding: Decoding, target: Target) -> dict[str, str]:
    """How the job was put, in full: with the suite, all that is needed to send the same again."""
    asked = {
        "decoding": json.dumps(asdict(decoding), sort_keys=True),
        "prompt_format": json.dumps(asdict(prompt_format), sort_keys=True, ensure_ascii=False),
    }
    return asked | ({"filter": target.filter.model_dump_json()} if target.filter else {})
