"""From prompt jobs to generated jobs: all requests of a batch in one call to the engine."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, replace
from itertools import islice

from seep.capabilities import parts_needed
from seep.errors import Unavailable
from seep.provenance import ANSWERED_BY, MIXED, bounded
from seep.records import Answer, Decoding, Failure, GeneratedJob, PromptFormat, PromptJob
from seep.settings import Reasoning, Target
from services.generator.backend import AS_USUAL, Answered, Backend, Request, Result
from services.generator.filtering import generate_filtered
from services.generator.formatting import described_format, job_format

BETWEEN_VALUES = " | "
# Of one name in the provenance of a job: a server may say something else with every answer.
MOST_VALUES = 10


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
    target = targets[job.target]
    prompt_format = job_format(job, target)
    if isinstance(prompt_format, PromptFormat) and prompt_format.kind == "plain" and _needs_template(target):
        return Failure("the target sets something for a chat template, and a plain format goes through none")
    return prompt_format


def _needs_template(target: Target) -> bool:
    return bool(target.chat_template_kwargs or (target.reasoning and target.reasoning.effort))


def _requests(job: PromptJob, prompt_format: PromptFormat, target: Target) -> list[Request]:
    """Control and neutral arm where there are any, then the tests, then the controls that are a test's own."""
    decoding = effective_decoding(job.decoding, target)
    without = [(prompt, None) for prompt in (job.control, job.neutral) if prompt is not None]
    prompts = [*without, *((test.prompt, test.concept) for test in job.tests)]
    prompts += [(test.control, None) for test in job.tests if test.control is not None]
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
            reasoning=target.reasoning or AS_USUAL,
            template_kwargs=target.chat_template_kwargs or {},
            system=job.system,
            documents=job.documents,
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
    # The filter may have drawn some of a request's answers later than others.
    models = {answer.model for each in answered for answer in each.answers if answer.model}
    sources = [*(each.provenance for each in answered), *({ANSWERED_BY: model} for model in models)]
    others = [each.answers for each in answered]
    control = () if job.control is None else others.pop(0)
    neutral = () if job.neutral is None else others.pop(0)
    tests, test_controls = others[: len(job.tests)], others[len(job.tests) :]
    described = described_format(job, prompt_format, target)
    wanted = _request_provenance(described, effective_decoding(job.decoding, target), target)
    joined = _joined(sources)
    # A backend that asks in another way says so.
    decoding = json.loads(wanted["decoding"]) | json.loads(joined.get("decoding", "{}"))
    provenance = {
        **wanted,
        **joined,
        "decoding": json.dumps(decoding, sort_keys=True, ensure_ascii=False),
        "suite_hash": job.suite_hash,
    }
    own_controls = _by_test(job, iter(test_controls))
    return GeneratedJob(job, control, neutral, tuple(tests), bounded(provenance), own_controls)


def _by_test(job: PromptJob, test_controls: Iterator[tuple[Answer, ...]]) -> tuple[tuple[Answer, ...], ...]:
    """The answers to each test's own control; none at all where no test has one."""
    if all(test.control is None for test in job.tests):
        return ()
    return tuple(() if test.control is None else next(test_controls) for test in job.tests)


def _waits(failed: Failure | Unavailable) -> bool:
    return isinstance(failed, Unavailable)


def _joined(sources: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """What answered a job; a server that changed in its middle shows with both its values, and is said to be mixed."""
    values: dict[str, set[str]] = {}
    for source in sources:
        for name, value in source.items():
            # The samples of one request may have had several.
            found = value.split(BETWEEN_VALUES) if name == "engine_version" else [value]
            values.setdefault(name, set()).update(found)
    joined = {name: _written_together(found) for name, found in values.items()}
    mixed = sorted(name for name, found in values.items() if len(found) > 1)
    return joined | ({MIXED: ", ".join(mixed)} if mixed else {})


def _written_together(found: Set[str]) -> str:
    shown = sorted(found)[:MOST_VALUES]
    more = [f"and {len(found) - len(shown)} more"] if len(found) > len(shown) else []
    return BETWEEN_VALUES.join([*shown, *more])


def _request_provenance(prompt_format: PromptFormat, decoding: Decoding, target: Target) -> dict[str, str]:
    """How the job was put, in full: with the suite, all that is needed to send the same again."""
    template = {"chat_template_kwargs": target.chat_template_kwargs} if target.chat_template_kwargs else {}
    reasoning = _reasoning_provenance(target.reasoning)
    settings = {
        "decoding": json.dumps(asdict(decoding) | reasoning, sort_keys=True, ensure_ascii=False),
        "prompt_format": json.dumps(asdict(prompt_format) | template, sort_keys=True, ensure_ascii=False),
    }
    return settings | ({"filter": target.filter.model_dump_json()} if target.filter else {})


def _reasoning_provenance(reasoning: Reasoning | None) -> dict[str, object]:
    """What of it bears on the texts that are scored; whether thoughts are kept beside them does not."""
    facts = reasoning.model_dump(mode="json", exclude_defaults=True) if reasoning else {}
    if facts.get("keep") is False:
        del facts["keep"]
    return {"reasoning": facts} if facts else {}
