"""Maps records to the bytes on the wire and back; the one place that knows the protobuf messages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar, cast, get_args

from google.protobuf.message import DecodeError as ProtobufDecodeError
from google.protobuf.message import Message

from seep.job_limits import excess
from seep.records import (
    Against,
    Answer,
    Arm,
    Cluster,
    Cut,
    Decoding,
    Ended,
    Estimate,
    FormatKind,
    GeneratedJob,
    LeakRate,
    OutcomeSeries,
    PromptFormat,
    PromptJob,
    PromptTest,
    Reading,
    RunManifest,
    RunWait,
    ScoredJob,
    SimilaritySeries,
    TokenScores,
)
from seep.v1 import jobs_pb2, runs_pb2

ENDED: Mapping[str, Ended] = {ended: ended for ended in get_args(Ended)}

MessageType = TypeVar("MessageType", bound=Message)
RecordType = TypeVar("RecordType")


class DecodeError(Exception):
    """The bytes are not the expected message; the text names the field, never its content."""


def encode_prompt_job(job: PromptJob) -> bytes:
    """The bytes of a PromptJob; raises ValueError for text that UTF-8 cannot carry."""
    # A map's order is otherwise another one each time, and a job that is sent again another message.
    return _prompt_job_message(job).SerializeToString(deterministic=True)


def decode_prompt_job(data: bytes) -> PromptJob:
    """Raises DecodeError."""
    return _decoded(jobs_pb2.PromptJob(), data, _prompt_job)


def encode_generated_job(job: GeneratedJob) -> bytes:
    """The bytes of a GeneratedJob; raises ValueError for text that UTF-8 cannot carry."""
    return _generated_job_message(job).SerializeToString()


def decode_generated_job(data: bytes) -> GeneratedJob:
    """Raises DecodeError."""
    return _decoded(jobs_pb2.GeneratedJob(), data, _generated_job)


def encode_scored_job(job: ScoredJob) -> bytes:
    """The bytes of a ScoredJob; raises ValueError for text that UTF-8 cannot carry."""
    message = jobs_pb2.ScoredJob(
        generated=_generated_job_message(job.generated),
        outcomes=[jobs_pb2.OutcomeSeries(**vars(series)) for series in job.outcomes],
        similarities=[jobs_pb2.SimilaritySeries(**vars(series)) for series in job.similarities],
        provenance=dict(job.provenance),
    )
    return message.SerializeToString()


def decode_scored_job(data: bytes) -> ScoredJob:
    """Raises DecodeError."""
    return _decoded(jobs_pb2.ScoredJob(), data, _scored_job)


def encode_manifest(manifest: RunManifest) -> bytes:
    """The bytes of a RunManifest."""
    fields = vars(manifest) | {"expected_comparisons": dict(manifest.expected_comparisons)}
    return runs_pb2.RunManifest(**fields).SerializeToString()


def decode_manifest(data: bytes) -> RunManifest:
    """Raises DecodeError."""
    return _decoded(runs_pb2.RunManifest(), data, _manifest)


def encode_wait(wait: RunWait) -> bytes:
    """The bytes of a RunWait; raises ValueError for text that UTF-8 cannot carry."""
    return runs_pb2.RunWait(**vars(wait)).SerializeToString()


def decode_wait(data: bytes) -> RunWait:
    """Raises DecodeError."""
    return _decoded(runs_pb2.RunWait(), data, _wait)


def encode_rate(rate: LeakRate) -> bytes:
    """The bytes of a LeakRate."""
    measures = {name: runs_pb2.Estimate(**vars(estimate)) for name, estimate in rate.measures.items()}
    maps = {"provenance": dict(rate.provenance), "measures": measures, "kappa": dict(rate.kappa)}
    above = rate.above_placebo
    placebo = {"above_placebo": None if above is None else runs_pb2.Estimate(**vars(above))}
    return runs_pb2.LeakRate(**vars(rate) | maps | placebo).SerializeToString()


def decode_rate(data: bytes) -> LeakRate:
    """Raises DecodeError."""
    return _decoded(runs_pb2.LeakRate(), data, _rate)


def _decoded(message: MessageType, data: bytes, record: Callable[[MessageType], RecordType]) -> RecordType:
    try:
        message.ParseFromString(data)
    except ProtobufDecodeError as error:
        raise DecodeError(f"not a {message.DESCRIPTOR.name} message") from error
    return record(message)


def _prompt_job_message(job: PromptJob) -> jobs_pb2.PromptJob:
    fields = vars(job) | {
        "control": job.control or "",  # no control is an empty one on the wire, where the field has no presence
        "prompt_format": jobs_pb2.PromptFormat(**vars(job.prompt_format)),
        "decoding": jobs_pb2.Decoding(**vars(job.decoding)),
        "tests": [jobs_pb2.PromptTest(**vars(test)) for test in job.tests],
    }
    return jobs_pb2.PromptJob(**fields)


def _prompt_job(message: jobs_pb2.PromptJob) -> PromptJob:
    _require(message, ("run_id", "job_id", "target", "suite", "suite_hash", "probe", "samples"))
    prompt_format, decoding = message.prompt_format, message.decoding
    job = PromptJob(
        run_id=message.run_id,
        job_id=message.job_id,
        target=message.target,
        suite=message.suite,
        suite_version=message.suite_version,
        suite_hash=message.suite_hash,
        probe=message.probe,
        language=message.language,
        cluster=cast(Cluster, _one_of("cluster", message.cluster, get_args(Cluster))),
        prompt_format=PromptFormat(
            kind=cast(FormatKind, _one_of("prompt_format.kind", prompt_format.kind, get_args(FormatKind))),
            system=prompt_format.system,
            user=prompt_format.user,
        ),
        decoding=Decoding(
            temperature=decoding.temperature,
            top_p=decoding.top_p,
            max_tokens=decoding.max_tokens,
            cut=cast(Cut, _one_of("decoding.cut", decoding.cut, get_args(Cut))),
        ),
        samples=message.samples,
        control=message.control or None,
        neutral=message.neutral if message.HasField("neutral") else None,
        tests=tuple(map(_prompt_test, message.tests)),
        rule=dict(message.rule),
        against=cast(Against, _one_of("against", message.against or "control", get_args(Against))),
        system=message.system if message.HasField("system") else None,
        documents=tuple(message.documents),
    )
    if problem := excess(job):
        raise DecodeError(problem)
    return job


def _prompt_test(message: jobs_pb2.PromptTest) -> PromptTest:
    control = message.control if message.HasField("control") else None
    options = tuple(message.options)
    return PromptTest(message.id, message.concept, message.prompt, message.category, options, message.expected, control)


def _generated_job_message(job: GeneratedJob) -> jobs_pb2.GeneratedJob:
    return jobs_pb2.GeneratedJob(
        job=_prompt_job_message(job.job),
        control=_generations_message(job.control),
        neutral=_generations_message(job.neutral),
        tests=[_generations_message(answers) for answers in job.tests],
        provenance=dict(job.provenance),
        test_controls=[_generations_message(answers) for answers in job.test_controls],
    )


def _generations_message(answers: Iterable[Answer]) -> jobs_pb2.Generations:
    return jobs_pb2.Generations(answers=[_answer_message(answer) for answer in answers])


def _answer_message(answer: Answer) -> jobs_pb2.Answer:
    message = jobs_pb2.Answer(text=answer.text, ended=answer.ended, reasoning=answer.reasoning, model=answer.model)
    if isinstance(answer.inside, TokenScores):
        message.token_scores.CopyFrom(jobs_pb2.TokenScores(**vars(answer.inside)))
    elif answer.inside is not None:
        message.reading.CopyFrom(jobs_pb2.Reading(**vars(answer.inside) | {"values": dict(answer.inside.values)}))
    return message


def _generated_job(message: jobs_pb2.GeneratedJob) -> GeneratedJob:
    job = _prompt_job(message.job)
    if len(message.tests) != len(job.tests):
        raise DecodeError(f"tests: {len(message.tests)} lists of generations for {len(job.tests)} tests")
    if message.test_controls and len(message.test_controls) != len(job.tests):
        raise DecodeError(
            f"test_controls: {len(message.test_controls)} lists of generations for {len(job.tests)} tests"
        )
    return GeneratedJob(
        job=job,
        control=_answers(message.control),
        neutral=_answers(message.neutral),
        tests=tuple(_answers(generations) for generations in message.tests),
        provenance=dict(message.provenance),
        test_controls=tuple(_answers(generations) for generations in message.test_controls),
    )


def _answers(message: jobs_pb2.Generations) -> tuple[Answer, ...]:
    try:
        # By position and without a call for each: there are more of these than of all but the outcomes.
        return tuple(
            Answer(a.text, ENDED[a.ended], a.reasoning, a.model, _inside(a) if a.WhichOneof("inside") else None)
            for a in message.answers
        )
    except KeyError as error:
        raise DecodeError(f"answer.ended: expected one of {', '.join(ENDED)}") from error


def _inside(message: jobs_pb2.Answer) -> TokenScores | Reading:
    if message.HasField("reading"):
        reading = message.reading
        return Reading(tuple(reading.tokens), tuple(reading.probabilities), dict(reading.values))
    return TokenScores(tuple(message.token_scores.tokens), tuple(message.token_scores.log_probabilities))


def _scored_job(message: jobs_pb2.ScoredJob) -> ScoredJob:
    generated = _generated_job(message.generated)
    same_places: dict[tuple[int, ...], tuple[int, ...]] = {}
    return ScoredJob(
        generated=generated,
        outcomes=tuple(
            OutcomeSeries(each.metric, each.measure, each.category, *_series("outcomes", each, same_places))
            for each in message.outcomes
        ),
        similarities=tuple(
            SimilaritySeries(
                each.metric,
                cast(Arm, _one_of("similarities.arm", each.arm, get_args(Arm))),
                *_series("similarities", each, same_places),
            )
            for each in message.similarities
        ),
        provenance=dict(message.provenance),
    )


def _series(
    field: str,
    message: jobs_pb2.OutcomeSeries | jobs_pb2.SimilaritySeries,
    same_places: dict[tuple[int, ...], tuple[int, ...]],
) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Places and values; equal places are one object, because most series of a job have the same."""
    if len(message.places) != len(message.values):
        raise DecodeError(f"{field}: {len(message.values)} values for {len(message.places)} places")
    places = tuple(message.places[:])
    return same_places.setdefault(places, places), tuple(message.values[:])


def _manifest(message: runs_pb2.RunManifest) -> RunManifest:
    _require(message, ("run_id", "target", "suite", "suite_hash", "probe", "job_count"))
    return RunManifest(
        run_id=message.run_id,
        target=message.target,
        suite=message.suite,
        suite_version=message.suite_version,
        suite_hash=message.suite_hash,
        probe=message.probe,
        cluster=cast(Cluster, _one_of("cluster", message.cluster, get_args(Cluster))),
        samples=message.samples,
        job_count=message.job_count,
        expected_comparisons=dict(message.expected_comparisons),
        created_at=message.created_at,
        monitor=message.monitor,
        cancelled=message.cancelled,
        reason=message.reason,
        sending=message.sending,
        job_checksums=tuple(message.job_checksums),
        labels=tuple(message.labels),
    )


def _wait(message: runs_pb2.RunWait) -> RunWait:
    _require(message, ("run_id", "stage"))
    return RunWait(message.run_id, message.stage, message.reason)


def _rate(message: runs_pb2.LeakRate) -> LeakRate:
    _require(message, ("run_id", "metric", "category"))
    return LeakRate(
        run_id=message.run_id,
        suite=message.suite,
        target=message.target,
        probe=message.probe,
        metric=message.metric,
        category=message.category,
        rate=message.rate if message.HasField("rate") else None,
        low=message.low if message.HasField("low") else None,
        high=message.high if message.HasField("high") else None,
        comparisons=message.comparisons,
        clusters=message.clusters,
        ties=message.ties,
        echoes=message.echoes,
        missing=message.missing,
        provenance=dict(message.provenance),
        mixed=message.mixed,
        measures={name: _estimate(measure) for name, measure in message.measures.items()},
        kappa=dict(message.kappa),
        against=message.against,
        above_placebo=_estimate(message.above_placebo) if message.HasField("above_placebo") else None,
    )


def _estimate(message: runs_pb2.Estimate) -> Estimate:
    return Estimate(message.share, message.low, message.high, message.n)


def _require(message: Message, fields: Sequence[str]) -> None:
    # Protobuf reads many a garbled message without complaint, as one whose fields are all empty.
    for field in fields:
        if not getattr(message, field):
            raise DecodeError(f"{message.DESCRIPTOR.name}.{field} is empty")


def _one_of(field: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise DecodeError(f"{field}: expected one of {', '.join(allowed)}")
    return value
