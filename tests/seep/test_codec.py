"""The codec loses nothing, and refuses what is not a message."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seep import codec
from seep.records import GeneratedJob, LeakRate, PromptJob, RunManifest, ScoredJob
from seep.v1 import jobs_pb2
from tests import strategies
from tests.builders import scored_job

DECODERS = [
    codec.decode_prompt_job,
    codec.decode_generated_job,
    codec.decode_scored_job,
    codec.decode_manifest,
    codec.decode_rate,
]


@given(strategies.prompt_jobs)
def test_a_prompt_job_survives_the_wire(job: PromptJob) -> None:
    assert codec.decode_prompt_job(codec.encode_prompt_job(job)) == job


@given(strategies.generated_jobs())
def test_a_generated_job_survives_the_wire(job: GeneratedJob) -> None:
    assert codec.decode_generated_job(codec.encode_generated_job(job)) == job


@given(strategies.scored_jobs)
def test_a_scored_job_survives_the_wire(job: ScoredJob) -> None:
    assert codec.decode_scored_job(codec.encode_scored_job(job)) == job


@given(strategies.manifests)
def test_a_manifest_survives_the_wire(manifest: RunManifest) -> None:
    assert codec.decode_manifest(codec.encode_manifest(manifest)) == manifest


@given(strategies.rates)
def test_a_rate_survives_the_wire(rate: LeakRate) -> None:
    assert codec.decode_rate(codec.encode_rate(rate)) == rate


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused_in_one_way(decode: Callable[[bytes], Any], data: bytes) -> None:
    with suppress(codec.DecodeError):
        decode(data)


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
@pytest.mark.parametrize("data", [b"", b"\xff\xfe not protobuf", b'{"run": "a"}'], ids=["empty", "garbage", "json"])
def test_what_is_no_message_is_refused(decode: Callable[[bytes], Any], data: bytes) -> None:
    with pytest.raises(codec.DecodeError):
        decode(data)


@given(strategies.generated_jobs().filter(lambda job: job.tests))
def test_answers_for_another_number_of_tests_are_refused(job: GeneratedJob) -> None:
    fewer = GeneratedJob(job.job, job.control, job.neutral, job.tests[1:])
    with pytest.raises(codec.DecodeError, match="lists of generations"):
        codec.decode_generated_job(codec.encode_generated_job(fewer))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"places": [0, 1], "values": [1.0]}, "outcomes: 1 values for 2 places"),
        ({"places": [0], "values": []}, "outcomes: 0 values for 1 places"),
        ({"places": [], "values": [0.5] * 100_000}, "outcomes: 100000 values for 0 places"),
    ],
)
def test_a_series_has_a_value_for_each_place(changes: dict[str, Any], reason: str) -> None:
    message = jobs_pb2.ScoredJob.FromString(codec.encode_scored_job(scored_job("a", {"1": [1.0]})))
    message.outcomes.append(jobs_pb2.OutcomeSeries(metric="m", measure="leak", category="1", **changes))
    with pytest.raises(codec.DecodeError, match=f"^{reason}$"):
        codec.decode_scored_job(message.SerializeToString())


def test_similarities_are_to_an_arm_that_is_known() -> None:
    message = jobs_pb2.ScoredJob.FromString(codec.encode_scored_job(scored_job("a", {"1": [1.0]})))
    message.similarities[0].arm = "placebo"
    with pytest.raises(codec.DecodeError, match=r"similarities\.arm: expected one of test, control, neutral"):
        codec.decode_scored_job(message.SerializeToString())


def test_most_series_of_a_job_share_one_list_of_places() -> None:
    decoded = codec.decode_scored_job(codec.encode_scored_job(scored_job("a", {"1": [1.0, 0.0, 1.0]})))
    places = [*(each.places for each in decoded.outcomes), *(each.places for each in decoded.similarities)]
    assert len(set(map(id, places))) == 1
