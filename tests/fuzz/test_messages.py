"""A message of the wire with odd content is taken, or refused with a declared error; what is taken stays the same."""

from collections.abc import Callable
from random import Random
from typing import Any

import hypothesis
import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from seep import codec
from seep.v1 import jobs_pb2, runs_pb2
from tests.fuzz.messages import change
from tests.fuzz.parsers import PARSERS

CODECS: dict[str, tuple[type[Message], Callable[[bytes], Any], Callable[[Any], bytes]]] = {
    "prompt job": (jobs_pb2.PromptJob, codec.decode_prompt_job, codec.encode_prompt_job),
    "generated job": (jobs_pb2.GeneratedJob, codec.decode_generated_job, codec.encode_generated_job),
    "scored job": (jobs_pb2.ScoredJob, codec.decode_scored_job, codec.encode_scored_job),
    "manifest": (runs_pb2.RunManifest, codec.decode_manifest, codec.encode_manifest),
    "wait": (runs_pb2.RunWait, codec.decode_wait, codec.encode_wait),
    "rate": (runs_pb2.LeakRate, codec.decode_rate, codec.encode_rate),
}


@pytest.mark.parametrize("name", CODECS)
@hypothesis.settings(suppress_health_check=list(HealthCheck))
@given(random=st.randoms(use_true_random=False), changes=st.integers(1, 4))
def test_an_odd_message_is_refused_as_declared_or_comes_back_as_it_was(name: str, random: Random, changes: int) -> None:
    kind, decode, encode = CODECS[name]
    message = kind.FromString(PARSERS[name].seeds[0])
    for _ in range(changes):
        change(message, random)
    data = message.SerializeToString()
    try:
        PARSERS[name].parse(data)
    except PARSERS[name].declared:
        return
    taken = decode(data)
    # By their text: a number that is none equals nothing. A map has no order.
    assert _text(decode(encode(taken))) == _text(taken)


def _text(record: object) -> str:
    if fields := getattr(record, "__dataclass_fields__", None):
        return repr([_text(getattr(record, name)) for name in fields])
    if isinstance(record, dict):
        return repr(sorted((key, _text(value)) for key, value in record.items()))
    return repr([_text(each) for each in record]) if isinstance(record, list | tuple) else repr(record)
